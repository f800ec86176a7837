"""What there is in a database: its tables and views, and their columns, by SQLAlchemy's inspection.

Assumed: the form of the answer; no stored text shows it. A table of another schema than the session's own is named
``schema.table``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.adaptors.sql.database import Database

__all__ = ["read_metadata"]

_HIDDEN = frozenset({"information_schema"})


def read_metadata(database: Database, connection: sa.Connection, order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return ``{name, schema, type}`` of each table, or ``{table, columns: [{name, type, nullable, primaryKey}]}``.

    Raises
    ------
    SourceFailure
        The order names no kind that there is, or a table that is not there.
    """
    unknown = sorted(set(order) - {"type", "tables"})
    if unknown:
        text = f"rdbms.{unknown[0]} is not known; a list of names in rdbms.tables says which tables are meant."
        raise SourceFailure(text, code="invalid_field", field=f"rdbms.{unknown[0]}")
    asked = _asked(order)
    inspector: sa.Inspector = sa.inspect(connection)
    tables = _tables(inspector, database)
    if order.get("type") == "tables":
        return list(tables.values())
    if order.get("type") != "columns":
        text = f"rdbms.type {order.get('type')!r:.40} is no kind of metadata; expected tables or columns."
        raise SourceFailure(text, code="invalid_field", field="rdbms.type")
    names = list(tables) if asked is None else _known(asked, tables)
    return [{"table": name, "columns": _columns(inspector, tables[name], connection.dialect)} for name in names]


def _tables(inspector: sa.Inspector, database: Database) -> dict[str, dict[str, Any]]:
    own = inspector.default_schema_name
    found: dict[str, dict[str, Any]] = {}
    for schema in database.schemas(inspector):
        if schema in _HIDDEN:
            continue
        asked = None if schema == own else schema
        views = set(inspector.get_view_names(asked))
        for name in sorted({*inspector.get_table_names(asked), *views}):
            shown = name if asked is None else f"{schema}.{name}"
            kind = "view" if name in views else "table"
            found[shown] = {"name": shown, **({"schema": schema} if schema else {}), "type": kind}
    return found


def _asked(order: Mapping[str, Any]) -> list[str] | None:
    names = order.get("tables")
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise SourceFailure("rdbms.tables is no list of names.", code="invalid_field", field="rdbms.tables")
    return names


def _known(names: list[str], tables: Mapping[str, Any]) -> list[str]:
    unknown = [name for name in names if name not in tables]
    if unknown:
        text = f"There is no table {unknown[0]!r:.80}; there are {', '.join(list(tables)[:20]) or 'none'}."
        raise SourceFailure(text, code="invalid_field", field=f"rdbms.tables.{names.index(unknown[0])}")
    return list(dict.fromkeys(names))


def _columns(inspector: sa.Inspector, table: Mapping[str, Any], dialect: sa.Dialect) -> list[dict[str, Any]]:
    schema = table.get("schema")
    asked = None if schema == inspector.default_schema_name else schema
    name = str(table["name"]) if asked is None else str(table["name"]).removeprefix(f"{asked}.")
    keys = set(inspector.get_pk_constraint(name, asked)["constrained_columns"]) if table["type"] == "table" else set()
    return [
        {
            "name": column["name"],
            "type": _type_name(column["type"], dialect),
            "nullable": bool(column["nullable"]),
            "primaryKey": column["name"] in keys,
        }
        for column in inspector.get_columns(name, asked)
    ]


def _type_name(kind: Any, dialect: sa.Dialect) -> str:
    """Write a column's type as the database does; empty for one that SQLAlchemy does not know."""
    try:
        return str(kind.compile(dialect=dialect))
    except sa.exc.CompileError:
        return ""
