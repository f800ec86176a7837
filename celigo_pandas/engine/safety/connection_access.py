"""A connection as all see it that use it: masked always, real only on demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from celigo_pandas.engine.safety.masking import Redactor

__all__ = ["ConnectionAccess"]


class ConnectionAccess(Protocol):
    """A connection as an adaptor sees it; saved and virtual connections look the same."""

    id: str
    type: str

    @property
    def version(self) -> int:
        """Changes with every replacement of the document."""

    @property
    def masked(self) -> Mapping[str, Any]:
        """The whole document, secrets masked: the only form that templates and logs may see."""

    def secrets(self) -> dict[str, Any]:
        """The whole document with its real secrets, decrypted now; do not keep it."""

    def store_secrets(self, changes: Mapping[str, Any]) -> None:
        """Store new values at dotted paths (a refreshed token), encrypted; for a virtual connection in memory."""

    def redactor(self) -> Redactor:
        """What masks the connection's secrets by value, with all that :meth:`secrets` gave out; can learn more."""

    def cache(self) -> dict[str, Any]:
        """A dict that lives as long as the engine runs and this document is unchanged (pools, tokens, cookies)."""
