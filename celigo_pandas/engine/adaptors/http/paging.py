"""Which request comes after a page, and when there is none: the seven methods and their stops, without I/O.

Facts: integrator-api.md, section 4.2. Stops that every method has: an empty page, ``lastPageStatusCode`` (404),
``lastPagePath`` with ``lastPageValues``. A source that does not advance is an error, never an endless loop; an end that
may be a slip in the document is said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from celigo_pandas.engine.adaptors.http.aligned import as_list
from celigo_pandas.engine.adaptors.http.answer_paths import MISSING, every, is_given, names_there, one, plain
from celigo_pandas.engine.adaptors.http.paging_rules import METHODS, check_paging, names_a_next
from celigo_pandas.engine.adaptors.http.verdicts import text_of
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.javascript.values import to_number
from celigo_pandas.wire.links import LinkError, Links, read_links

__all__ = ["METHODS", "Page", "Pager", "Step", "open_pager"]

_REPEATS = 5
"""The platform's figure for wrappers: the same answer more often than this is an endless loop."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it came.

    Parameters
    ----------
    url : str
        Where it was asked for; relative links start here.
    count : int
        Records on it.
    body : object
        Parsed body.
    last : object
        Last record, or None.
    digest : bytes
        Of the raw body.
    shown_url : str, optional
        What logs show of `url`.
    shown_link : str
        What messages show of its ``Link`` header.
    is_full : bool
        Whether it holds as many records as were asked for, so that another page is likely.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: Any
    count: int
    last: Any
    digest: bytes
    shown_url: str | None = None
    is_full: bool = False
    shown_link: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What the next request takes: the members of ``export.http.paging``, and what stands in place of the export's own.

    `ends_if_blank` says that a URI or body that renders to nothing is the end.
    """

    paging: Mapping[str, Any]
    url: str | None = None
    shown_url: str | None = None
    uri: str | None = None
    body: str | None = None
    previous: Mapping[str, Any] | None = None
    ends_if_blank: bool = False


class Pager:
    """Walks one export; :meth:`first`, then :meth:`after` each page until it gives None.

    Parameters
    ----------
    paging : mapping
        The export's ``http.paging``.

    Raises
    ------
    SourceFailure
        Another method, a method without the member it needs, a member that is not known.
    """

    def __init__(self, paging: Mapping[str, Any]) -> None:
        self._paging = paging
        self.method = check_paging(paging)
        self.note: str | None = None
        self._pages = 0
        self._records = 0
        self._first_count = 0
        self._number = _whole(paging.get("page" if self.method == "page" else "skip"))
        self._seen: set[str] = set()
        self._last_digest = b""
        self._repeats = 0

    def first(self) -> Step:
        """Return the first request."""
        return Step(self._members(self._paging.get("token", "")))

    def is_end(self, status: int, body: object = None) -> bool:
        """Whether an answer that is no page is the end and no error.

        A 404 on the very first page is an error, unless ``lastPageStatusCode`` names it: a wrong URI would otherwise
        read as an empty source. With ``lastPagePath`` beside ``lastPageStatusCode`` both must be met.
        """
        named = self._paging.get("lastPageStatusCode")
        if named is None or str(named) == "":
            return status == 404 and self._pages > 0
        return str(status) == str(named) and (not self._paging.get("lastPagePath") or self._meets_last(body))

    def after(self, page: Page) -> Step | None:
        """Return the next request, or None at the end.

        Raises
        ------
        SourceFailure
            The source sends the same page, token or link again, or a link that cannot be read.
        """
        self._pages += 1
        self._records += page.count
        self._first_count = self._first_count or page.count
        following = None if self._is_last(page) else _NEXT[self.method](self, page)
        if following is not None and not page.count:
            # The platform stops at an empty page; where the source names a next one, say so.
            if self.method in ("token", "url", "linkheader"):
                self.note = (
                    f"Page {self._pages} was empty although the source named a next one. "
                    "Paging ends at an empty page, as it does on the platform."
                )
            return None
        if following is not None:
            self._guard(page)
        return following

    # Ends

    def _is_last(self, page: Page) -> bool:
        return self._meets_last(page.body) or self._is_counted_out(page)

    def _meets_last(self, body: object) -> bool:
        path = self._paging.get("lastPagePath")
        wanted = self._paging.get("lastPageValues")
        wanted = [] if wanted is None else [text_of(value) for value in as_list(wanted)]
        found = every(body, path) if path else []
        if wanted:
            return any(text_of(value) in wanted for value in found)
        # Assumed: without values, any value but null, false and an empty one means the last page.
        return any(is_given(value) and value is not False for value in found)

    def _is_counted_out(self, page: Page) -> bool:
        """``maxPagePath`` wins over ``maxCountPath``; a path that holds no number says nothing."""
        for member, so_far in (("maxPagePath", self._pages), ("maxCountPath", self._records)):
            path = self._paging.get(member)
            if path:
                most = to_number(one(page.body, path) or None)
                if most > 0:
                    return so_far >= most
        return False

    def _end(self, page: Page, member: str, there: str) -> None:
        """End for want of a next page; say so where another page is likely."""
        is_full = page.is_full or (self._pages > 1 and page.count == self._first_count)
        if page.count and (is_full or names_a_next(plain(page.body))):
            self.note = (
                f"Paging ended after page {self._pages} ({page.count} records), and there may be more: "
                f"http.paging.{member} {self._paging.get(member) or 'next'!r} finds nothing; {there}."
            )

    def _guard(self, page: Page) -> None:
        self._repeats = self._repeats + 1 if page.digest == self._last_digest else 0
        self._last_digest = page.digest
        if self._repeats >= _REPEATS:
            raise SourceFailure(
                f"The source sent the same page {self._repeats + 1} times in a row (paging method {self.method!r}). "
                "Does the request use the paging variable?",
                code="endless_paging",
                field="http.paging",
            )

    def _once(self, key: str) -> None:
        mark = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        if mark in self._seen:
            raise SourceFailure(
                f"Page {self._pages} of the source leads back to a page that was read already "
                f"(paging method {self.method!r}).",
                code="endless_paging",
                field="http.paging",
            )
        self._seen.add(mark)

    # Next requests

    def _members(self, token: object = "") -> dict[str, Any]:
        members = {**self._paging, "token": "" if token is None else token}
        if self.method in ("page", "skip"):
            members[self.method] = self._number
        return members

    def _later(self, page: Page, token: object = "") -> Step:
        """Return a later request: ``paging.relativeURI`` and ``paging.body`` stand in place of the export's own."""
        uri, body = self._paging.get("relativeURI"), self._paging.get("body")
        return Step(
            self._members(token),
            uri=str(uri) if uri else None,
            body=str(body) if body else None,
            previous={"full_response": plain(page.body), "last_record": page.last, "headers": _lower(page.headers)},
            ends_if_blank=self.method in ("relativeuri", "body"),
        )

    def _next_page(self, page: Page) -> Step:
        self._number += 1
        return self._later(page)

    def _next_skip(self, page: Page) -> Step:
        self._number += page.count
        return self._later(page)

    def _next_token(self, page: Page) -> Step | None:
        member = "pathAfterFirstRequest" if self._pages > 1 and self._paging.get("pathAfterFirstRequest") else "path"
        path = str(self._paging[member])
        is_header = str(self._paging.get("pathLocation") or "body").lower() == "header"
        token: Any = page.headers.get(path, MISSING) if is_header else one(page.body, path, first=True)
        if token is MISSING:
            self._end(page, member, _header_names(page.headers) if is_header else names_there(page.body, path))
        if not is_given(token) or token is False:
            return None
        self._once(text_of(token))
        return self._later(page, token)

    def _next_url(self, page: Page) -> Step | None:
        path = str(self._paging["path"])
        link = one(page.body, path, first=True)
        if link is MISSING:
            self._end(page, "path", names_there(page.body, path))
        return self._linked(page, link)

    def _next_link(self, page: Page) -> Step | None:
        try:
            links, place = read_links(page.headers.get("Link", "")), None
        except LinkError as error:
            links, place = Links(()), error.at
        if place is not None:
            raise SourceFailure(
                f"The Link header of page {self._pages} cannot be read: at character {place} stands no "
                f'<target>; rel="next"; the header begins with {page.shown_link[:200]!r}.',
                code="bad_answer",
                field="http.paging",
            )
        target = links.target(str(self._paging.get("linkHeaderRelation") or "next"))
        if target is None:
            self._end(page, "linkHeaderRelation", _relations(links))
        return self._linked(page, target)

    def _linked(self, page: Page, link: object) -> Step | None:
        if not isinstance(link, str) or not link.strip():
            return None
        # Assumed: a relative link starts at the page it stands on.
        try:
            url = urljoin(page.url, link.strip())
            shown = None if page.shown_url is None else urljoin(page.shown_url, link.strip())
        except ValueError:
            raise SourceFailure(
                f"The link to the page after page {self._pages} is no URL.", code="bad_answer", field="http.paging"
            ) from None
        self._once(url)
        later = self._later(page)
        return Step(later.paging, url=url, shown_url=shown, body=later.body, previous=later.previous)


_NEXT = {
    "page": Pager._next_page,
    "skip": Pager._next_skip,
    "token": Pager._next_token,
    "url": Pager._next_url,
    "linkheader": Pager._next_link,
    "relativeuri": Pager._later,
    "body": Pager._later,
}


def open_pager(paging: object) -> Pager | None:
    """Return the pager of an export's ``http.paging``, or None for one page."""
    return Pager(paging) if isinstance(paging, dict) and any(paging.values()) else None


def _relations(links: Links) -> str:
    names = ", ".join(repr(name) for name in links.relations)
    return f"the Link header has the relations {names}" if names else "there is no Link header"


def _header_names(headers: Mapping[str, str]) -> str:
    return f"the answer has the headers {', '.join(sorted(headers))}"


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers under their names as they came and in lower case, as the platform's runtime has them."""
    return {
        **dict(headers.items()),
        **{name.lower(): value for name, value in headers.items()},
    }


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
