"""The fast rung: Arrow's JSON reader on the bytes of many pages, and the guards that keep it exact.

The reader is not exact by itself. It is used for what it does exactly, and :class:`Unfit` sends a block down the ladder
for the rest. What was found, and how each is met:

* it types texts that look like dates, differently from page to page: texts are pinned as such in the schema, and a
  block in which a new date-like column appeared is read again;
* integers beside fractions, and integers beyond 64 bits, become doubles: a double of 2^53 or more is unfit;
* ``{}`` beside ``{"b": 1}`` reads as ``{"b": null}``: an object without a value in it is unfit;
* values are wrong when a list begins with null (apache/arrow#51305), and inside lists of objects an absent key becomes
  null: every list is unfit, and a ``data`` that does not begin with an object;
* each key costs it a cell in every row, so that records keyed by ids would fill the memory: a sample of each block is
  searched for keys that no block before had;
* it ends the process where some ten thousand objects or lists stand within each other, and long before that its time
  grows with the square of the levels: the ladder hands it nothing deep;
* it accepts NaN and bytes that are not UTF-8: both are looked for;
* a key given twice, mixed types, lone surrogates: the reader raises. Columns of texts beside numbers are taken apart in
  the blocks after the first that had them (:mod:`~celigo_pandas.frames.mixture`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from celigo_pandas.frames.mixture import Mixture, Unfit
from celigo_pandas.frames.pieces import EXACT_INTEGER, Piece, nulls
from celigo_pandas.frames.spreading import DEEPEST

__all__ = ["ColumnarReader", "Marked", "Unfit"]


_SAMPLES = (8, 24)
_SAMPLE_EVERY = 50_000
_SAMPLE_BYTES = 500
_MOST_NEW_KEYS = 32
_KEY = re.compile(rb'"([^"\\\x7f]+)[^"\\]*"[ \t]*:')
_BEGINS_WITH_OBJECT = re.compile(rb"\[[ \t\r\n]*\{")
_LINE_BREAKS = bytes.maketrans(b"\r\n", b"  ")


class Marked(NamedTuple):
    """A block in which the keys of mixed columns are marked already, and which columns those were."""

    block: bytes
    names: frozenset[str]


class ColumnarReader:
    """Reads blocks of pages, and remembers which columns are text, and which are mixed."""

    def __init__(self) -> None:
        self._texts: dict[str, Any] = {}
        self._mixture = Mixture()
        self._keys: set[bytes] = set()
        self._new_keys: set[bytes] = set()
        self._tries = 2

    @property
    def rung(self) -> str:
        """What reading is called at present."""
        return "parted" if self._mixture else "columnar"

    def learn(self, columns: dict[tuple[str, ...], Piece]) -> bool:
        """Look at what a refused block holds; say whether the next one should be tried again."""
        is_readable = self._mixture.learn(columns) or self._has_learned_keys(columns)
        self._texts = {}
        for path, piece in columns.items():
            if piece.kinds == {"str"} and path[-1] not in self._mixture.names:
                _pin(self._texts, path)
        return is_readable

    def mark(self, pages: Sequence[bytes]) -> Marked | None:
        """Mark the keys of mixed columns ahead of :meth:`read`, if there are any; may run on another thread."""
        names = self._mixture.names
        if not names:
            return None
        try:
            return Marked(self._mixture.part(_as_lines(pages), names), names)
        except Unfit:  # reading meets the same, and can say so
            return None

    def read(self, pages: Sequence[bytes], marked: Marked | None = None) -> tuple[int, dict[tuple[str, ...], Piece]]:
        """Read the ``data`` arrays of some pages; `marked` may be what :meth:`mark` made of them.

        Returns
        -------
        rows : int
        columns : dict
            Path of keys to a piece of `rows` values, keys of one object in order of first appearance.

        Raises
        ------
        Unfit
            Something in the block would not come out exactly.
        """
        names = self._mixture.names
        if marked is not None and marked.names == names:
            block = marked.block
        else:
            block = _as_lines(pages)
            if names:
                block = self._mixture.part(block, names)
        self._refuse_new_keys(block)
        rows = self._parse(block)
        order = _order(rows.type)  # before a second reading puts the pinned columns first
        if self._note_texts(rows.type):
            rows = self._parse(block)
            if self._note_texts(rows.type):
                raise Unfit("dates that stay dates")
        columns: dict[tuple[str, ...], Piece] = {}
        _visit(rows, (), columns, order)
        if self._mixture:
            columns = self._mixture.join(columns)
        return len(rows), columns

    def _refuse_new_keys(self, block: bytes) -> None:
        found = _sampled_keys(block)
        # Keys of records, be there many, come again and again within the sample; ids do not.
        lone = sum(count <= 2 and key not in self._keys for key, count in found.items())
        if lone > _MOST_NEW_KEYS:
            self._new_keys = set(found)
            raise Unfit("many keys that no block had before")

    def _has_learned_keys(self, columns: dict[tuple[str, ...], Piece]) -> bool:
        """Get to know the keys of wide records; where new ones come again and again, reading on is of no use."""
        if not self._new_keys or not self._tries:
            return False
        self._tries -= 1
        self._keys |= self._new_keys | {key.encode("utf-8", "replace") for path in columns for key in path}
        self._new_keys = set()
        return True

    def _note_texts(self, struct: object) -> bool:
        """Pin the columns that are text; return whether one was read as what it only looks like."""
        texts: dict[str, Any] = {}
        has_new = _collect_texts(struct, texts)
        _merge(self._texts, texts)
        return has_new

    def _parse(self, block: bytes) -> pa.Table:
        schema = pa.schema([("data", pa.list_(_struct(self._texts)))]) if self._texts else None
        try:
            table = pa.json.read_json(
                pa.BufferReader(block),
                read_options=pa.json.ReadOptions(use_threads=False, block_size=len(block) + 1),
                parse_options=pa.json.ParseOptions(explicit_schema=schema),
            )
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
            raise Unfit(str(error)[:200]) from None
        if table.column_names != ["data"] or table.column(0).num_chunks != 1:
            raise Unfit("members beside 'data'")
        rows = table.column(0).chunk(0).flatten()
        if not pa.types.is_struct(rows.type) or rows.null_count:
            raise Unfit("records that are no objects")
        return rows


def _as_lines(pages: Sequence[bytes]) -> bytes:
    lines: list[bytes] = []
    for data in pages:
        if _BEGINS_WITH_OBJECT.match(data) is None:
            raise Unfit("a page that does not begin with an object")
        if b"\n" in data or b"\r" in data:  # inside a JSON text both are escaped, so these stand between tokens
            data = data.translate(_LINE_BREAKS)
        lines += (b'{"data":', data, b"}\n")
    block = b"".join(lines)
    if not block.isascii():
        try:
            block.decode("utf-8")
        except UnicodeDecodeError:
            raise Unfit("bytes that are not UTF-8") from None
    return block


def _sampled_keys(block: bytes) -> Counter[bytes]:
    least, most = _SAMPLES
    step = max(_SAMPLE_BYTES, len(block) // min(max(least, len(block) // _SAMPLE_EVERY), most))
    parts = (_KEY.findall(block, start, start + _SAMPLE_BYTES) for start in range(0, len(block), step))
    return Counter(chain.from_iterable(parts))


def _struct(texts: dict[str, Any]) -> object:
    return pa.struct([(name, pa.large_string() if below is None else _struct(below)) for name, below in texts.items()])


def _pin(texts: Any, path: tuple[str, ...]) -> None:
    *above, name = path
    for key in above:
        texts = texts.setdefault(key, {})
        if texts is None:  # a text stands where this one has an object
            return
    texts.setdefault(name, None)


def _order(struct: Any) -> dict[str, Any]:
    return {member.name: _order(member.type) if pa.types.is_struct(member.type) else {} for member in struct}


def _merge(known: dict[str, Any], found: dict[str, Any]) -> None:
    for name, below in found.items():
        if isinstance(below, dict) and isinstance(known.get(name), dict):
            _merge(known[name], below)
        else:
            known[name] = below


def _collect_texts(struct: Any, texts: dict[str, Any]) -> bool:
    """Note which members are texts; return whether one was read as something that only looks like a date."""
    is_new = False
    for member in struct:
        kind = member.type
        if pa.types.is_struct(kind):
            below: dict[str, Any] = {}
            is_new |= _collect_texts(kind, below)
            if below:
                texts[member.name] = below
        elif pa.types.is_temporal(kind):
            is_new = True
            texts[member.name] = None
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
            texts[member.name] = None
    return is_new


def _visit(
    rows: pa.StructArray, prefix: tuple[str, ...], columns: dict[tuple[str, ...], Piece], order: dict[str, Any]
) -> None:
    if rows.type.num_fields == 0:
        raise Unfit("objects without members")
    if len(prefix) == DEEPEST:
        raise Unfit("objects nested too deeply")
    members = dict(zip((member.name for member in rows.type), rows.flatten(), strict=True))
    if len(members) != rows.type.num_fields:
        raise Unfit("a key given twice")
    if prefix:  # a record without any value is a row without any value, whichever way it was written
        _refuse_hollow(rows, members.values())
    for name in (*order, *(name for name in members if name not in order)):
        values, path = members[name], (*prefix, name)
        if pa.types.is_struct(values.type):
            _visit(values, path, columns, order.get(name, {}))
        else:
            columns[path] = _piece(values)


def _refuse_hollow(rows: pa.StructArray, children: Iterable[pa.Array]) -> None:
    """Refuse objects without any value: the reader cannot tell ``{}`` from ``{"b": null}``."""
    present = len(rows) - rows.null_count
    children = list(children)
    if any(len(child) - child.null_count >= present for child in children):
        return
    has_value = None
    for child in children:
        valid = child.is_valid()
        has_value = valid if has_value is None else pc.or_(has_value, valid)
    if pc.sum(has_value).as_py() != present:
        raise Unfit("objects without a value")


def _piece(values: pa.Array) -> Piece:
    kind = values.type
    if pa.types.is_null(kind):
        return nulls(len(values))
    if pa.types.is_large_string(kind) or pa.types.is_string(kind):
        if values.null_count == len(values):
            return nulls(len(values))
        text = values if pa.types.is_large_string(kind) else values.cast(pa.large_string())
        return Piece(text, frozenset({"str"}))
    if pa.types.is_float64(kind):
        _refuse_inexact(values)
        return Piece(values, frozenset({"float"}))
    if pa.types.is_int64(kind):
        return Piece(values, frozenset({"int"}))
    if pa.types.is_boolean(kind):
        return Piece(values, frozenset({"bool"}))
    raise Unfit(f"values of type {kind}")


def _refuse_inexact(values: pa.Array) -> None:
    doubles = values.to_numpy(zero_copy_only=False)
    if np.isnan(doubles).sum() != values.null_count:
        raise Unfit("NaN")
    if values.null_count < len(values) and np.nanmax(np.abs(doubles)) >= EXACT_INTEGER:
        raise Unfit("numbers of 2^53 or more beside fractions")
