"""What a notebook calls: clients, connections, pulls, dry runs, pushes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES: dict[str, str] = {
    "Client": "client",
    "Connection": "connection",
    "DryRun": "dry_runs",
    "FrameAccessor": "frame_accessor",
    "ImportResult": "import_result",
    "Pulls": "many",
    "connect": "connecting",
    "dry_run": "dry_runs",
    "export_to_parquet": "parquet",
    "iter_export": "pulling",
    "login": "connecting",
    "logout": "connecting",
    "map_import": "dry_runs",
    "read_export": "pulling",
    "read_exports": "many",
    "to_import": "pushing",
}

__all__ = [
    "Client",
    "Connection",
    "DryRun",
    "FrameAccessor",
    "ImportResult",
    "Pulls",
    "connect",
    "dry_run",
    "export_to_parquet",
    "iter_export",
    "login",
    "logout",
    "map_import",
    "read_export",
    "read_exports",
    "to_import",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
