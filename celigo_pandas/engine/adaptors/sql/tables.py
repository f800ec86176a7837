"""The table of a bulk insert: its columns' types, looked up once a batch, and the statement that fills it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.adaptors.sql.transactions import Session
from celigo_pandas.engine.adaptors.sql.values import from_json

__all__ = ["Table"]


class Table:
    """What ``bulkInsert`` of an import names.

    Attributes
    ----------
    batch_size : int
    keeps_transactions : bool
        Whether rows of a failed statement are surely gone; where they may stay, rows are inserted one by one.

    Raises
    ------
    SourceFailure
        The block names no table, or one that is not there.
    """

    def __init__(self, session: Session, block: Mapping[str, Any]) -> None:
        options = block.get("bulkInsert")
        options = options if isinstance(options, Mapping) else {}
        name = options.get("tableName")
        if not isinstance(name, str) or not name:
            text = "Expected field: tableName to be present."
            raise SourceFailure(text, code="missing_required_field", field="import.rdbms.bulkInsert.tableName")
        size = options.get("batchSize")
        self.batch_size = size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else 100
        schema, _, bare = name.rpartition(".")
        self._quote = session.connection.dialect.identifier_preparer.quote_identifier
        self._name = ".".join(self._quote(part) for part in (schema, bare) if part)
        self._dialect = session.dialect
        types = self._column_types(session, schema, bare)
        if types is None:
            text = f"There is no table {name!r}."
            raise SourceFailure(text, code="table_not_found", field="import.rdbms.bulkInsert.tableName")
        self._types = types
        self._mark = "?" if session.dialect == "sqlite" else "%s"

    def _column_types(self, session: Session, schema: str, bare: str) -> Mapping[str, str] | None:
        self.keeps_transactions = True
        raw = session.raw
        if self._dialect == "postgresql":
            from celigo_pandas.engine.adaptors.sql import postgres_types

            return postgres_types.column_types(raw, self._name.replace("%%", "%"))
        if self._dialect in {"mysql", "mariadb"}:
            from celigo_pandas.engine.adaptors.sql import mysql

            self.keeps_transactions = mysql.keeps_transactions(raw, schema, bare)
            return mysql.column_types(raw, schema, bare)
        try:
            columns = sa.inspect(session.connection).get_columns(bare, schema=schema or None)
        except sa.exc.NoSuchTableError:
            return None
        return {column["name"]: str(column["type"].__visit_name__).lower() for column in columns}

    def insert(self, columns: tuple[str, ...]) -> str:
        """Return the statement for these columns."""
        if not columns:
            nothing = "() values ()" if self._dialect in {"mysql", "mariadb"} else "default values"
            return f"insert into {self._name} {nothing}"
        # The quoting doubles a % where the driver's marks begin with one.
        listed = ", ".join(map(self._quote, columns))
        return f"insert into {self._name} ({listed}) values ({', '.join([self._mark] * len(columns))})"

    def value(self, name: str, value: Any) -> Any:
        """Return what the driver needs for a column; an unknown column keeps the value, the database refuses it."""
        converted = from_json(value, self._types.get(name, ""), self._dialect)
        return int(converted) if self._mark == "?" and isinstance(converted, bool) else converted
