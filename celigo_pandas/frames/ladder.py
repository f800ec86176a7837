"""The ladder: three ways to decode a block of pages, fastest first, each exact for what it accepts.

1. ``columnar``: Arrow's JSON reader on the raw bytes (:mod:`~celigo_pandas.frames.columnar`).
2. ``records``: orjson, then one comprehension a column (:mod:`~celigo_pandas.frames.spreading`).
3. ``plain``: Python's own JSON for what orjson refuses or would change (lone surrogates, integers beyond 64 bits).

The same frame comes out whichever rung decoded it. A block that the first rung refused is decoded by the next one, and
so are the blocks after it: what made one block unfit (a list) stands in most of them. Unless it was texts beside
numbers in a column or a few: then the first rung reads on with those columns taken apart, and blocks that it read so
are counted as ``parted`` (:mod:`~celigo_pandas.frames.mixture`).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson
import pyarrow.compute as pc

from celigo_pandas.errors import FrameError, TransportError, shown
from celigo_pandas.frames.columnar import ColumnarReader, Marked, Unfit
from celigo_pandas.frames.pieces import Piece, piece_of
from celigo_pandas.frames.shape import Shape
from celigo_pandas.frames.spreading import Rows, spread
from celigo_pandas.json_depth import DEEPEST_JSON
from celigo_pandas.json_numbers import TooManyDigits, integer
from celigo_pandas.paging import Page, errors_beside

__all__ = ["RUNGS", "Block", "Ladder", "check_records"]

RUNGS = ("columnar", "records", "plain")

_DEEPEST_COLUMNAR = 64
_FLAT = 2  # a list of objects without any inside

_BYTES_A_COLUMN = 5_000

_EMPTY = re.compile(rb"\[[ \t\r\n]*\]\Z")
_BEYOND = 2.0**63  # a smaller float never was an integer beyond 64 bits
_MOST_DIGITS = 4300  # Python's own bound for integers as text, which json keeps to
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG_RUN = b"0" * 20  # orjson reads unsigned 64 bits exactly, and 2^64 has 20 digits
_LONG_NEGATIVE = b"-" + b"0" * 19  # -2^63 has 19
_LONG_INTEGER = re.compile(rb"[\[:,\s-]\d{20,}[\],}\s]")


@dataclass
class Block:
    """What some pages hold: columns of equal length, and where each row came from.

    `sources` gives each row the position of its element in the pages' ``data`` (None: one to one); `members` is how
    many members the records have with all their objects, or at most have.
    """

    rows: int
    columns: dict[tuple[str, ...], Piece]
    elements: int
    rung: str
    sources: list[int] | None = None
    has_groups: bool = False
    data_uris: Piece | None = None
    errors: list[Any] = field(default_factory=list)
    is_cut: bool = False
    has_exploded: bool = False
    members: int = 0


class Ladder:
    """Decodes blocks of pages.

    Parameters
    ----------
    shape : Shape
        How records become rows.
    start : {"columnar", "records", "plain"}
        The first rung to try.
    """

    def __init__(self, shape: Shape, start: str = "columnar") -> None:
        self._shape = shape
        self._rung = RUNGS.index(start)
        self._reader = ColumnarReader()
        self._width = 0
        self.decoded: Counter[str] = Counter()
        if shape.explode is not None:
            self._rung = max(self._rung, 1)

    @property
    def block_bytes(self) -> int:
        """How much to gather before it is decoded: Arrow has a price a column, Python objects should fit the cache."""
        return max(1_500_000, _BYTES_A_COLUMN * self._width) if self._rung == 0 else 400_000

    def prepare(self, pages: Sequence[Page]) -> Marked | None:
        """Do ahead what needs no block before these, while another thread decodes those."""
        return self._reader.mark(_filled(pages)) if self._rung == 0 else None

    def decode(self, pages: Sequence[Page], limit: int | None = None, marked: Marked | None = None) -> Block:
        """Decode some pages, at most `limit` rows of them; `marked` may be what :meth:`prepare` made of them.

        Raises
        ------
        TransportError
            A page is not JSON; the text names the place.
        FrameError
            A record is nested too deeply for Python or for columns.
        """
        try:
            if max((page.depth for page in pages), default=0) > DEEPEST_JSON:
                raise RecursionError
            return self._decode(pages, limit, marked)
        except RecursionError:
            raise FrameError(
                "A record is nested too deeply to be read.", hint="Let a transform of the export cut it down."
            ) from None

    def _decode(self, pages: Sequence[Page], limit: int | None, marked: Marked | None) -> Block:
        if self._rung == 0:
            try:
                return self._counted(self._columnar(pages, limit, marked))
            except (Unfit, RecursionError):
                block = self._by_records(pages, limit)
                if _filled(pages) and not self._reader.learn(block.columns):
                    self._rung = 1
                return self._counted(block)
        return self._counted(self._by_records(pages, limit))

    def _counted(self, block: Block) -> Block:
        self.decoded[block.rung] += 1
        return block

    def _columnar(self, pages: Sequence[Page], limit: int | None, marked: Marked | None) -> Block:
        if any(page.data_uris is not None for page in pages):
            raise Unfit("dataURIs")
        deepest = max(page.depth for page in pages)
        if deepest > (_DEEPEST_COLUMNAR if self._shape.flattens else _FLAT):
            raise Unfit("objects nested deeply" if self._shape.flattens else "objects that stay objects")
        filled = _filled(pages)
        if not filled:
            raise Unfit("nothing but empty pages")
        rows, columns = self._reader.read(filled, marked)
        self._width = len(columns)
        if limit is not None and rows > limit:
            raise Unfit("more rows than wanted")
        errors = [error for page in pages for error in page.errors]
        # A member is five bytes at least. Which of the empty cells were nulls, is not known here.
        members = min(rows * len(columns), sum(map(len, filled)) // 5)
        return Block(rows, columns, rows, self._reader.rung, errors=errors, members=members)

    def _by_records(self, pages: Sequence[Page], limit: int | None) -> Block:
        block = self._spread(pages, limit, plain=self._rung == 2)
        if (
            block.rung == "records"
            and (self._shape.nested == "json" or any(map(_may_hide_integer, block.columns.values())))
            and any(_has_long_integer(page.data) for page in pages)
        ):
            block = self._spread(pages, limit, plain=True)
        return block

    def _spread(self, pages: Sequence[Page], limit: int | None, plain: bool) -> Block:
        elements: list[Any] = []
        uris: list[Any] = []
        errors: list[Any] = []
        rung = "records"
        for page in pages:
            document, used = _load(page.data, plain)
            rung = max(rung, used, key=RUNGS.index)
            data = document["data"]
            elements += data
            uris += _fitted(page.data_uris or document.get("dataURIs") or [], len(data))
            errors += [*page.errors, *errors_beside(document.get("errors"))]
        rows = Rows(elements, self._shape)
        is_cut = limit is not None and rows.cut(limit)
        data_uris = None
        if any(uri is not None for uri in uris):
            data_uris = piece_of([uris[place] for place in (rows.sources or range(len(rows.records)))])
        columns, members = spread(rows.records, self._shape)
        return Block(
            len(rows.records), columns, rows.elements, rung,
            rows.sources, rows.has_groups, data_uris, errors, is_cut, rows.has_exploded, members,
        )  # fmt: skip


def _filled(pages: Sequence[Page]) -> list[bytes]:
    return [page.data for page in pages if not _EMPTY.match(page.data)]


def _fitted(uris: list[Any], count: int) -> list[Any]:
    return [*uris[:count], *[None] * (count - len(uris))]


def check_records(page: Page) -> None:
    """Raise what decoding a page would, if its records are not JSON."""
    if page.depth > DEEPEST_JSON:
        return
    try:
        _load(page.data, plain=False)
    except (FrameError, RecursionError):
        return  # JSON, of which no frame can be made: decoding says why


def _load(data: bytes, plain: bool) -> tuple[dict[str, Any], str]:
    # ``data`` was cut from its page by its ends; read as a member again, so that members beside it are seen.
    text = b'{"data":' + data + b"}"
    if not plain:
        try:
            return _with_list(orjson.loads(text)), "records"
        except orjson.JSONDecodeError:
            pass
    try:
        document = json.loads(text.decode("utf-8"), parse_constant=_refuse, parse_float=_number, parse_int=integer)
        return _with_list(document), "plain"
    except (OverflowError, TooManyDigits) as error:
        raise FrameError(
            f"A record has a number beyond what can be held: {error}.",
            hint="Let a transform of the export turn it into text.",
        ) from None
    except ValueError as error:
        raise TransportError(f"A page was expected and the answer is not JSON: {shown(str(error))}.") from error


def _number(text: str) -> float | int:
    """Read a number with a point or exponent; one beyond any double is an integer of its own, as written."""
    value = float(text)
    if not math.isinf(value):
        return value
    number = Decimal(text)
    if number.adjusted() < _MOST_DIGITS and number == number.to_integral_value():
        return int(number)
    raise OverflowError(text[:40])


def _with_list(document: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(document["data"], list):
        raise TransportError(f"A page's 'data' is no list but {shown(document['data'])}.", processed=True)
    return document


def _may_hide_integer(piece: Piece) -> bool:
    """Say whether one of the values may be an integer beyond 64 bits that orjson turned into a float."""
    if piece.is_arrow:
        limits = pc.min_max(piece.values).as_py() if "float" in piece.kinds else {"min": 0.0, "max": 0.0}
        return bool(limits["min"] <= -_BEYOND or limits["max"] >= _BEYOND)
    if piece.kinds & {"object", "list"}:
        return True
    return any(type(value) is float and abs(value) >= _BEYOND for value in piece.values)


def _has_long_integer(data: bytes) -> bool:
    """Say whether the digits of such an integer may stand in the bytes.

    The first look costs a fraction of the parse; the pattern then passes over digits inside most texts.
    """
    folded = data.translate(_DIGITS)
    return _LONG_NEGATIVE in folded or (_LONG_RUN in folded and _LONG_INTEGER.search(data) is not None)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
