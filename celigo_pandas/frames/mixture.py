"""Columns in which texts stand beside numbers or truth values, for a reader that takes one type a column.

Which columns those are is known from a block that another rung decoded. In the bytes of later blocks the key of each
text among them, and of each null, gets a mark, so that a column is read as three, each of one type; then they are put
together again. A mark is set wherever the key stands: an object inside that has such a key is marked, and put together,
in the same way.

A key given twice must not slip through, for the reader would no longer see it: no row may have a value in two of the
three, and no key may be spelled in a way that hides what follows it.
"""

from __future__ import annotations

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from celigo_pandas.frames.pieces import Piece, nulls

__all__ = ["Mixture", "Unfit"]

_MARK = "\x7f"  # what no text and no key holds, or the block is not read in this way
_TEXT, _NULL = _MARK + "t", _MARK + "n"
_MOST = 4  # each name costs some passes over the bytes: beyond these the next rung is as fast
_TEXT_FOLLOWS = {b':"', b":"}  # nothing but the colon: the text is the name itself, where the block was split again
_SCALAR_FOLLOWS = {b":%c" % start for start in b"-0123456789tf"}
_VALUE_ENDS = {b",", b"}", b"]"}  # no key but a text
_PARTS = ({"str", "int"}, {"str", "float"}, {"str", "bool"})


class Unfit(Exception):
    """A block that this rung would not read exactly."""


class Mixture:
    """Knows the names of mixed columns, takes them apart in bytes and puts them together in columns."""

    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.names)

    def learn(self, columns: dict[tuple[str, ...], Piece]) -> bool:
        """Look at a block that was refused; say whether blocks like it can be read from now on."""
        found: set[str] = set()
        for path, piece in columns.items():
            if piece.is_arrow:
                continue
            if piece.kinds not in _PARTS or not _is_plain(path[-1]):
                return False
            found.add(path[-1])
        known, self.names = self.names, self.names | found
        return known < self.names and len(self.names) <= _MOST

    @staticmethod
    def part(block: bytes, names: frozenset[str]) -> bytes:
        """Mark the keys in a block of compact JSON."""
        if b"\x7f" in block or (b"\\" in block and b"\\u" in block):
            raise Unfit("characters that could hide or feign a key of a mixed column")
        for name in names:
            block = _marked(block, name)
        return block

    def join(self, columns: dict[tuple[str, ...], Piece]) -> dict[tuple[str, ...], Piece]:
        """Put the columns read from a marked block together."""
        groups: dict[tuple[str, ...], dict[str, Piece]] = {}
        for path, piece in columns.items():
            name, mark, kind = path[-1].partition(_MARK)
            groups.setdefault((*path[:-1], name), {})[mark + kind] = piece
        return {path: parts[""] if parts.keys() == {""} else _joined(parts) for path, parts in groups.items()}


def _marked(block: bytes, name: str) -> bytes:
    key = f'"{name}"'.encode()
    if b"\\" + key in block:
        raise Unfit("a key that ends like that of a mixed column")
    text, null = f'"{name}{_TEXT}"'.encode(), f'"{name}{_NULL}":true'.encode()
    first, *rest = block.split(key)
    marked = [first]
    for after in rest:
        head = after[:2]
        if head in _TEXT_FOLLOWS:
            marked += (text, after)
        elif head in _SCALAR_FOLLOWS or after[:1] in _VALUE_ENDS:
            marked += (key, after)
        elif after.startswith(b":null"):
            marked += (null, after[5:])
        else:
            raise Unfit("a mixed column with white space, an object or a list")
    return b"".join(marked)


def _is_plain(name: str) -> bool:
    """Say whether a JSON text without ``\\u`` can spell the key in one way only."""
    try:
        return orjson.dumps(name) == f'"{name}"'.encode() and "/" not in name and _MARK not in name
    except (orjson.JSONEncodeError, UnicodeEncodeError):
        return False


def _valid(piece: Piece) -> int:
    return len(piece) - int(piece.values.null_count)


def _joined(parts: dict[str, Piece]) -> Piece:
    here = None
    for piece in parts.values():
        valid = piece.values.is_valid()
        here = valid if here is None else pc.or_(here, valid)
    if pc.sum(here).as_py() != sum(map(_valid, parts.values())):
        raise Unfit("a key given twice")
    rows = len(next(iter(parts.values())))
    text, other = parts.get(_TEXT, nulls(rows)), parts.get("", nulls(rows))
    if not (text.kinds and other.kinds):
        return text if text.kinds else other
    values = text.values.to_numpy(zero_copy_only=False, writable=True)
    scalars = other.values.drop_null().to_numpy(zero_copy_only=False)
    if pa.types.is_floating(other.values.type) and (scalars == np.floor(scalars)).any():
        raise Unfit("fractions among which integers may stand, beside texts")
    values[other.values.is_valid().to_numpy(zero_copy_only=False)] = scalars.astype(object)
    return Piece(values.tolist(), text.kinds | other.kinds)
