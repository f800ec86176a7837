"""Widget forms: connections, exports and mapping rules edited inline."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES: dict[str, str] = {
    "ConnectionForm": "views.connection_form",
    "Explorer": "views.explorer",
    "ExportForm": "views.export_form",
    "MappingEditor": "views.mapping_editor",
}

__all__ = ["ConnectionForm", "Explorer", "ExportForm", "MappingEditor"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
