"""Where a walk has been: whether a page leads on.

The position is what moves a walk. A state that differs from an earlier one by its totals, its time of issue or its
signature only points to the same place; so does one whose documented position (``pageIndex`` of a search) stands. Of
members that nobody has documented it cannot be known whether they are part of the position; there the records are
looked at as well.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import orjson

from celigo_pandas.errors import PagingError, shown
from celigo_pandas.paging.answers import Page

__all__ = ["STALE_REQUESTS", "Trail", "state_key"]

STALE_REQUESTS = 1000
"""So many requests in a row that bring no new record end a walk: of pages, and of lists that follow ``Link``."""

_STAMPS = frozenset({"issuedAt", "sig"})
_SAYS_NO_POSITION = frozenset({"done", "pageSize", "totalPages", "totalRecords"})
_POSITION = ("pageIndex", "searchId", "walkId")
_LONGEST_EMPTY = 64
_END = 4096


_Ends: TypeAlias = tuple[int, bytes, bytes]
_Place: TypeAlias = tuple[object, ...]


class Trail:
    """The states of a walk so far, and its last page.

    Attributes
    ----------
    twice : int
        Pages that were equal to the page before them while nothing documented says that the walk had moved on.
    """

    def __init__(self) -> None:
        self._keys: set[bytes] = set()
        self._last: _Ends | None = None
        self._records: set[int] = set()
        self._place: _Place | None = None
        self._stale = 0
        self.twice = 0

    def stand(self, state: bytes) -> None:
        """Know the state that the next request goes out with."""
        self._keys.add(state_key(state))
        self._place = _place(state)

    def forget(self) -> None:
        """Take pages that came before for new ones: they are asked for once more."""
        self._keys.clear()
        self._records.clear()
        self._last, self._place = None, None

    def is_same(self, page: Page) -> bool:
        """Say whether a page has the records of the page before it."""
        return _ends(page) == self._last and not _is_empty(page)

    def has_given(self, page: Page) -> bool:
        """Say whether an earlier page had the records of this one."""
        return hash(_ends(page)) in self._records and not _is_empty(page)

    def repeats(self, page: Page) -> bool:
        """Say whether a page leads to where the walk has been."""
        if page.state is None or page.done:
            return False
        place = _place(page.state)
        return (place is not None and place == self._place) or state_key(page.state) in self._keys

    def follow(self, page: Page, number: int) -> None:
        """Move on behind the page with that number.

        Raises
        ------
        PagingError
            The page leads to where the walk has been; or it is one too many that brought no new record, and then the
            walk can be taken up again (``retriable``).
        """
        assert page.state is not None
        if self.repeats(page):
            raise PagingError(
                f"Page {number} came with a page state that an earlier page had: {shown(page.state.decode())}.",
                hint="The server would send the same pages for ever; the walk has ended.",
            )
        is_same = self.is_same(page)
        self.twice += is_same and _place(page.state) is None  # a documented position has moved, or this were a repeat
        # A documented position has moved, so records that came before are others, until more pages came than announced.
        is_beyond = page.total_pages is not None and number > page.total_pages
        is_known = is_same or ((_place(page.state) is None or is_beyond) and self.has_given(page))
        self._stale = self._stale + 1 if is_known or _is_empty(page) else 0
        self._last = _ends(page)
        self._records.add(hash(self._last))
        self.stand(page.state)
        if self._stale >= STALE_REQUESTS:
            self._stale = 0
            raise _stuck(page)


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _place(state: bytes) -> _Place | None:
    """Read the documented position of a state, None where it has none."""
    members = orjson.loads(state)
    if not isinstance(members, dict) or not isinstance(members.get("pageIndex"), int):
        return None
    return tuple(members.get(name) for name in _POSITION)


def _ends(page: Page) -> _Ends:
    """Name the records of a page by their length and both ends: whole pages are neither kept nor read for this."""
    return len(page.data), page.data[:_END], page.data[-_END:]


def _is_empty(page: Page) -> bool:
    return len(page.data) <= _LONGEST_EMPTY and not page.data[1:-1].strip()


def _stuck(page: Page) -> PagingError:
    announced = f"; it had announced {page.total_pages:,} pages" if page.total_pages is not None else ""
    error = PagingError(
        f"The last {STALE_REQUESTS:,} pages brought no new record, and the server says that there are more{announced}.",
        hint=f"To ask for {STALE_REQUESTS:,} more, go on from here.",
    )
    error.retriable = True
    return error


def state_key(state: bytes) -> bytes:
    """Name a state by what it points at: all its members but its stamps and what it says of the whole.

    A state whose other members say nothing of a position is one by all of them.
    """
    members = orjson.loads(state)
    if isinstance(members, dict):
        position = {name: members[name] for name in members.keys() - _STAMPS - _SAYS_NO_POSITION}
        if position:
            state = orjson.dumps(position, option=orjson.OPT_SORT_KEYS)
    return _digest(state)
