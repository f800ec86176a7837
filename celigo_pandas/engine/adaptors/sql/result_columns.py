"""The columns of a result: their names, and rows as records of JSON values."""

from __future__ import annotations

import base64
from typing import Any

from celigo_pandas.engine.adaptors.sql.database import Database
from celigo_pandas.engine.adaptors.sql.sql_values import UnreadableText, to_json

__all__ = ["RecordMaker", "column_names"]


def column_names(description: Any) -> list[str]:
    """Return the names of a result's columns, a repeated one as ``name_2``: no value may hide another."""
    names: dict[str, None] = {}
    counts: dict[str, int] = {}
    for column in description:
        name = own = str(column[0])
        while name in names:
            counts[own] = counts.get(own, 1) + 1
            name = f"{own}_{counts[own]}"
        names[name] = None
    return list(names)


class RecordMaker:
    """Makes records of a cursor's rows.

    Parameters
    ----------
    raw : object
        The driver's connection; types that only the database knows are looked up with it.
    cursor : object
        Has run its statement.
    database : Database

    Attributes
    ----------
    errors : list of dict
        One for each cell that has no JSON form; the record has null there. Taken by :meth:`take_errors`.
    """

    def __init__(self, raw: Any, cursor: Any, database: Database) -> None:
        self.names = column_names(cursor.description)
        self._readers = database.readers(raw, cursor.description)
        self._database = database
        self._rows = 0
        self._errors: list[dict[str, Any]] = []

    def __call__(self, rows: list[Any]) -> list[Any]:
        """Return the records of the next rows."""
        columns = []
        for position, values in enumerate(zip(*rows, strict=True)):
            kinds = set(map(type, values))
            if UnreadableText in kinds:
                values = tuple(self._told(value, position, row) for row, value in enumerate(values, self._rows + 1))
            columns.append(self._converted(values, kinds, position))
        self._rows += len(rows)
        return [dict(zip(self.names, row, strict=True)) for row in zip(*columns, strict=True)]

    def take_errors(self) -> list[dict[str, Any]]:
        """Return the errors of the rows since the last call."""
        taken, self._errors = self._errors, []
        return taken

    def _converted(self, values: tuple[Any, ...], kinds: set[type], position: int) -> object:
        read = self._readers.get(position)
        if read is not None:
            return [None if value is None else to_json(read(value)) for value in values]
        if kinds <= _PLAIN:
            return values
        return self._database.values_out(values, kinds)

    def _told(self, value: object, position: int, row: int) -> object:
        if type(value) is not UnreadableText:
            return value
        content = base64.b64encode(value.content[:_SHOWN]).decode()
        text = (
            f"Row {row}, column {self.names[position]!r}: the text is not UTF-8; the record has null there. Its bytes "
            f"in base64: {content}{'…' if len(value.content) > _SHOWN else ''}. "
            "cast(column as blob) gives all of them."
        )
        self._errors.append({"code": "invalid_text", "message": text, "source": "application"})
        return None


_PLAIN = frozenset({str, int, bool, type(None)})
_SHOWN = 300
