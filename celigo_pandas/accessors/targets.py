"""Which document goes through which connection: the one reading of ``export``, ``import_doc`` and ``con``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.accessors.account.saved import SavedDocument, SavedExport, SavedImport
from celigo_pandas.errors import ConfigError, DocumentError, shown

__all__ = ["resolve_export", "resolve_import"]


def resolve_export(export: Any, con: Connection | None) -> tuple[Connection, dict[str, Any]]:
    """Return the connection and the document of an export.

    Parameters
    ----------
    export : mapping, saved export, or builder
        A mapping is returned member for member as it is; a saved export without its read-only members.
    con : Connection, optional
        A saved export brings its own.

    Raises
    ------
    DocumentError
        `export` is none of these.
    ConfigError
        There is no connection, or `con` is not one.
    """
    connection, doc = _resolved(export, con, SavedExport)
    if connection is None:
        raise ConfigError(
            "No connection was given for this export; expected con=client.connections['…'].",
            hint="A saved export (client.exports['…']) brings its own.",
        )
    return connection, doc


def resolve_import(import_doc: Any, con: Connection | None) -> tuple[Connection | None, dict[str, Any]]:
    """Return the connection, or None, and the document of an import; see :func:`resolve_export`."""
    return _resolved(import_doc, con, SavedImport)


def _resolved(
    document: Any, con: Connection | None, saved_kind: type[SavedDocument]
) -> tuple[Connection | None, dict[str, Any]]:
    if con is not None and not isinstance(con, Connection):
        raise ConfigError(
            f"con= is {shown(con)}; expected a connection.", hint="Take one with client.connections['name or id']."
        )
    if isinstance(document, SavedDocument):
        if not isinstance(document, saved_kind):
            raise DocumentError(f"{document!r} was given; expected a saved {saved_kind.kind}.")
        return con or document.connection, document.virtual()
    if isinstance(document, Mapping):
        return con, dict(document)
    to_dict = getattr(document, "to_dict", None)
    if callable(to_dict) and not isinstance(document, type):
        made = to_dict()
        if isinstance(made, Mapping):
            return con, dict(made)
    raise DocumentError(
        f"The {saved_kind.kind} is {shown(document)}; expected a dict, a saved {saved_kind.kind} or a builder.",
        hint=f"For example celigo.build.sql_{saved_kind.kind}('…').",
    )
