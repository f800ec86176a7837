"""Types of columns settled over a whole pull, and Arrow tables of those types: what a Parquet file needs.

A folder of Parquet parts takes the schema of its first part, and a writer that of its first table; so the types have to
be known before the first row is written.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from celigo_pandas.errors import FrameError, shown
from celigo_pandas.frames.arrays import ARROW_TYPES, chunked
from celigo_pandas.frames.columns import LEVEL_NAMES, URI_NAMES, ColumnSet
from celigo_pandas.frames.ladder import Block
from celigo_pandas.frames.pieces import EXACT_INTEGER, Piece
from celigo_pandas.frames.shape import Shape

__all__ = ["Settler", "TableMaker"]

_JSON = {b"celigo_pandas": b"json"}


class Settler:
    """Sees every block once and keeps nothing but the types."""

    def __init__(self, shape: Shape) -> None:
        self._columns = ColumnSet(shape)
        self._kinds: dict[tuple[str, ...], set[str]] = {}
        self._objects: set[tuple[str, ...]] = set()
        self._large: set[tuple[str, ...]] = set()
        self.has_uris = False
        self.has_groups = False
        self.rows = 0
        self.errors = 0

    def add(self, block: Block) -> None:
        """Take note of one block."""
        self._columns.add(block)
        self._columns.drop(self._columns.rows)  # its rows go, its columns stay known
        self.rows += block.rows
        self.errors += len(block.errors)
        self.has_groups |= block.has_groups
        self.has_uris |= block.data_uris is not None
        for path, piece in block.columns.items():
            self._kinds.setdefault(path, set()).update(piece.kinds)
            if not piece.is_arrow:
                self._objects.add(path)
            elif "int" in piece.kinds and path not in self._large and not _fits_double(piece):
                self._large.add(path)

    def paths(self) -> list[tuple[str, ...]]:
        """Return the columns, in order."""
        return list(self._columns.paths())

    def kind(self, path: tuple[str, ...]) -> str:
        """Return what a column is, as :func:`~celigo_pandas.frames.pieces.column_kind` would for the whole pull."""
        kinds = self._kinds[path]
        if not kinds:
            return "null"
        if path in self._objects:
            return "object"
        if len(kinds) == 1:
            return next(iter(kinds))
        return "float" if kinds == {"int", "float"} and path not in self._large else "object"


def _fits_double(piece: Piece) -> bool:
    limits = pc.min_max(piece.values).as_py()
    return bool(limits["min"] >= -EXACT_INTEGER and limits["max"] <= EXACT_INTEGER)


class TableMaker:
    """Makes Arrow tables of one schema from the column sets of a pull.

    Columns whose values have no type of their own (lists, mixed types, integers beyond 64 bits) hold the JSON text of
    each value; the field's metadata says so: ``celigo_pandas = json``.

    Parameters
    ----------
    shape : Shape
    settler : Settler, optional
        Gives the schema.
    schema : pyarrow.Schema, optional
        Given by the caller in its place.
    """

    def __init__(self, shape: Shape, settler: Settler | None = None, schema: Any = None) -> None:
        self._shape = shape
        self._is_given = schema is not None
        self._levels: tuple[str, ...] = LEVEL_NAMES
        self.schema = schema if settler is None else self._settled(settler)

    def _settled(self, settler: Settler) -> Any:
        fields = []
        for path in settler.paths():
            kind = settler.kind(path)
            is_json = kind == "object"
            arrow_type = pa.large_string() if is_json else ARROW_TYPES[kind]
            fields.append(pa.field(_writable(self._shape.name(path)), arrow_type, metadata=_JSON if is_json else None))
        taken = {member.name for member in fields}
        if settler.has_uris:
            fields.append(pa.field(URI_NAMES[URI_NAMES[0] in taken], pa.large_string()))
        if settler.has_groups:
            self._levels = tuple(f"{name} (level)" if name in taken else name for name in LEVEL_NAMES)
            fields = [*(pa.field(name, pa.int64()) for name in self._levels), *fields]
        if settler.rows and not fields:
            raise FrameError(
                f"{settler.rows:,} records came without any field: a Parquet file has no rows without columns."
            )
        return pa.schema(fields)

    def _has_levels(self, columns: ColumnSet) -> bool:
        return columns.has_groups or not self._is_given

    def table(self, columns: ColumnSet) -> Any:
        """Make one table.

        Raises
        ------
        FrameError
            A schema that was given has no such column, or does not fit a value.
        """
        found = {_writable(name): pieces for name, pieces in columns.named_pieces().items()}
        if self._is_given:
            for name, pieces in found.items():
                if name not in self.schema.names and any(piece.kinds for piece in pieces):
                    raise FrameError(f"schema: it has no column {name!r}, which came.", column=name)
        arrays = []
        levels = dict(zip(self._levels, columns.levels(), strict=True)) if self._has_levels(columns) else {}
        for member in self.schema:
            if member.name in levels and member.name not in found:
                arrays.append(pa.array(levels[member.name], member.type))
            elif member.name in found:
                arrays.append(_array(found[member.name], member))
            else:
                arrays.append(pa.nulls(columns.rows, member.type))
        return pa.Table.from_arrays(arrays, schema=self.schema)


def _writable(name: str) -> str:
    """Escape lone surrogates in a key: Arrow cannot hold them."""
    return name.encode("utf-8", "backslashreplace").decode()


def _array(pieces: list[Piece], member: Any) -> Any:
    if (member.metadata or {}).get(b"celigo_pandas") == b"json":
        texts = [_json_text(value) for piece in pieces for value in _values(piece)]
        return pa.array(texts, member.type)
    try:
        if all(piece.is_arrow for piece in pieces):
            kinds = {kind for piece in pieces for kind in piece.kinds}
            kind = "float" if kinds == {"int", "float"} else next(iter(kinds), "null")
            return chunked(pieces, kind).cast(member.type)
        return pa.array([value for piece in pieces for value in _values(piece)], member.type)
    except (
        pa.ArrowInvalid,
        pa.ArrowNotImplementedError,
        pa.ArrowTypeError,
        OverflowError,
        UnicodeEncodeError,
    ) as error:
        raise FrameError(
            f"Column {member.name!r} does not fit the type {member.type}: {shown(str(error))}", column=member.name
        ) from error


def _values(piece: Piece) -> list[Any]:
    values: list[Any] = piece.values.to_pylist() if piece.is_arrow else piece.values
    return values


def _json_text(value: object) -> str | None:
    # ASCII, so that a lone surrogate stays the escape it came as: Arrow's texts cannot hold it.
    return None if value is None else json.dumps(value, separators=(",", ":"))
