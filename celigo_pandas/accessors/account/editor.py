"""What opens a connection for editing: the form lies above the accessors, so the package registers it here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from celigo_pandas.errors import CeligoError

__all__ = ["ConnectionEditor", "open_editor", "set_editor"]


class ConnectionEditor(Protocol):
    """What an open form offers; see :class:`~celigo_pandas.ConnectionForm`."""

    def save(self, wait: bool = True) -> None:
        """Send what was changed."""

    def ping(self, wait: bool = True) -> Any:
        """Check what the form holds."""

    def revert(self, wait: bool = True) -> None:
        """Take the changes back."""


_editors: list[Callable[[Any], ConnectionEditor]] = []


def set_editor(make: Callable[[Any], ConnectionEditor]) -> None:
    """Say what makes the editor of a connection."""
    _editors[:] = [make]


def open_editor(connection: object) -> ConnectionEditor:
    """Open the editor of a connection."""
    if not _editors:
        raise CeligoError("No form is registered in this process.", hint="import celigo_pandas registers it.")
    return _editors[0](connection)
