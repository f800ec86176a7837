"""The table of a bulk insert: its columns' types, looked up once a batch, and the statement that fills it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.adaptors.sql.transactions import Session

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
        self._database = session.database
        types = self._database.column_types(session.connection, schema, bare, self._name)
        if types is None:
            text = f"There is no table {name!r}."
            raise SourceFailure(text, code="table_not_found", field="import.rdbms.bulkInsert.tableName")
        self._types = types
        self.keeps_transactions = self._database.keeps_transactions(session.raw, schema, bare)

    def insert(self, columns: tuple[str, ...]) -> str:
        """Return the statement for these columns."""
        if not columns:
            return f"insert into {self._name} {self._database.empty_row}"
        # The quoting doubles a % where the driver's marks begin with one.
        listed = ", ".join(map(self._quote, columns))
        return f"insert into {self._name} ({listed}) values ({', '.join([self._database.mark] * len(columns))})"

    def value(self, name: str, value: object) -> Any:
        """Return what the driver needs for a column; an unknown column keeps the value, the database refuses it."""
        return self._database.value_in(value, self._types.get(name, ""))
