"""What the forms take: a wrong argument is named where it was given, not at the first button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.accessors.targets import resolve_connection, server_of
from celigo_pandas.errors import ConfigError, shown

__all__ = ["connection_of", "document_of", "need_client"]

_CONNECTION_HINT = "Use client.connections['name']."
_CLIENT_HINT = "Use celigo.connect() or celigo.local()."


def _is_connection(value: object) -> bool:
    return hasattr(value, "client") and hasattr(value, "type")


def connection_of(form: str, value: object, document: object = None, df: object = None) -> object:
    """Return the connection that was given, or that a name means; see :func:`resolve_connection`."""
    if isinstance(value, str):
        return resolve_connection(value, document, server_of(df))
    if not _is_connection(value):
        raise ConfigError(f"{form} takes a Connection, got {shown(value)}.", hint=_CONNECTION_HINT)
    return value


def need_client(form: str, value: object, *, or_connection: bool = False) -> None:
    """Raise :class:`ConfigError` unless this is a client, or one of its connections where the form takes those."""
    if hasattr(value, "connections") or (or_connection and _is_connection(value)):
        return
    wanted = "a Connection or a Client" if or_connection else "a Client"
    hint = f"{_CONNECTION_HINT} {_CLIENT_HINT}" if or_connection else _CLIENT_HINT
    raise ConfigError(f"{form} takes {wanted}, got {shown(value)}.", hint=hint)


def document_of(form: str, name: str, value: object) -> Mapping[str, Any]:
    """Return the document that was given as such, by a builder or by a saved document."""
    if isinstance(value, Mapping):
        return value
    for method in ("virtual", "to_dict"):
        if not isinstance(value, type) and callable(made := getattr(value, method, None)):
            document = made()
            if isinstance(document, Mapping) and not hasattr(value, "iloc"):
                return document
    raise ConfigError(f"{form}: {name} is {shown(value)}; expected a dict, a builder or a saved document.")
