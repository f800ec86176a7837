"""Which request comes after a page, and when there is none: the seven methods and their stops, without I/O.

Facts: integrator-api.md, section 4.2. Stops that every method has: an empty page, ``lastPageStatusCode`` (404),
``lastPagePath`` with ``lastPageValues``. A source that does not advance is an error, never an endless loop.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from celigo_pandas.engine.adaptors.http.values import MISSING, as_list, is_given, read_path, text_of
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.javascript.values import to_number

__all__ = ["METHODS", "Page", "Pager", "Step", "open_pager"]

METHODS = ("page", "skip", "token", "url", "linkheader", "relativeuri", "body")

# RFC 8288, section 3. requests' own reader cuts a target at a semicolon, and its next page would be lost unnoticed.
_LINK = re.compile(r"""<([^>]*)>((?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"(?:\\.|[^"\\])*"|[^\s;,"]*))?)*)""")
_PARAMETER = re.compile(r""";\s*([^\s=;,"]+)\s*(?:=\s*(?:"((?:\\.|[^"\\])*)"|([^\s;,"]*)))?""")

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
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: Any
    count: int
    last: Any
    digest: bytes
    shown_url: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What the next request takes: the members of ``export.http.paging``, and at most one override."""

    paging: Mapping[str, Any]
    url: str | None = None
    shown_url: str | None = None
    uri: str | None = None
    body: str | None = None
    previous: Mapping[str, Any] | None = None


class Pager:
    """Walks one export; :meth:`first`, then :meth:`after` each page until it gives None.

    Parameters
    ----------
    paging : mapping
        The export's ``http.paging``.

    Raises
    ------
    SourceFailure
        Another method, or a method without the member it needs.
    """

    def __init__(self, paging: Mapping[str, Any]) -> None:
        self._paging = paging
        self.method = str(paging.get("method") or "")
        if self.method not in METHODS:
            raise SourceFailure(
                f"http.paging.method {self.method!r} is not known; known: {', '.join(METHODS)}.",
                code="invalid_field",
                field="http.paging.method",
            )
        needed = {"token": "path", "url": "path", "relativeuri": "relativeURI", "body": "body"}.get(self.method)
        if needed and not paging.get(needed):
            raise SourceFailure(
                f"Paging method {self.method!r} needs http.paging.{needed}.",
                code="missing_required_field",
                field=f"http.paging.{needed}",
            )
        self.note: str | None = None
        self._pages = 0
        self._records = 0
        self._number = _whole(paging.get("page" if self.method == "page" else "skip"))
        self._seen: set[str] = set()
        self._last_digest = b""
        self._repeats = 0

    def first(self) -> Step:
        """Return the first request."""
        return Step(self._members(self._paging.get("token", "")))

    def is_end(self, status: int) -> bool:
        """Whether a status is the end and no error.

        A 404 on the very first page is an error, unless ``lastPageStatusCode`` names it: a wrong URI would otherwise
        read as an empty source.
        """
        named = self._paging.get("lastPageStatusCode")
        if named is not None and str(named) != "":
            return str(status) == str(named)
        return status == 404 and self._pages > 0

    def after(self, page: Page) -> Step | None:
        """Return the next request, or None at the end.

        Raises
        ------
        SourceFailure
            The source sends the same page, token or link again.
        """
        self._pages += 1
        self._records += page.count
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

    def _is_last(self, page: Page) -> bool:
        path = self._paging.get("lastPagePath")
        if path:
            found = read_path(page.body, str(path))
            wanted = self._paging.get("lastPageValues")
            wanted = [] if wanted is None else [text_of(value) for value in as_list(wanted)]
            if found is not MISSING:
                # Assumed: without values, any value but null, false and an empty one means the last page.
                met = text_of(found) in wanted if wanted else is_given(found) and found is not False
                if met:
                    return True
        return self._is_counted_out(page)

    def _is_counted_out(self, page: Page) -> bool:
        """``maxPagePath`` wins over ``maxCountPath``; a path that holds no number says nothing."""
        for member, so_far in (("maxPagePath", self._pages), ("maxCountPath", self._records)):
            path = self._paging.get(member)
            if path:
                most = to_number(read_path(page.body, str(path)) or None)
                if most > 0:
                    return so_far >= most
        return False

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

    def _members(self, token: Any = "") -> dict[str, Any]:
        members = {**self._paging, "token": "" if token is None else token}
        if self.method in ("page", "skip"):
            members[self.method] = self._number
        return members

    def _next_page(self, page: Page) -> Step:
        self._number += 1
        return Step(self._members())

    def _next_skip(self, page: Page) -> Step:
        self._number += page.count
        return Step(self._members())

    def _next_token(self, page: Page) -> Step | None:
        path = str(self._paging["path"])
        if str(self._paging.get("pathLocation") or "body").lower() == "header":
            token: Any = page.headers.get(path, MISSING)
        else:
            token = _single(read_path(page.body, path))
        if not is_given(token) or token is False:
            return None
        self._once(text_of(token))
        uri = self._paging.get("pathAfterFirstRequest")
        return Step(self._members(token), uri=str(uri) if uri else None)

    def _next_url(self, page: Page) -> Step | None:
        link = _single(read_path(page.body, str(self._paging["path"])))
        return self._linked(page, link)

    def _next_link(self, page: Page) -> Step | None:
        wanted = str(self._paging.get("linkHeaderRelation") or "next").lower()
        for link in _LINK.finditer(page.headers.get("Link", "")):
            relations = (found for found in _PARAMETER.finditer(link.group(2)) if found.group(1).lower() == "rel")
            # The first rel counts; others must be ignored (RFC 8288, section 3.3).
            relation = next(relations, None)
            if relation and wanted in (relation.group(2) or relation.group(3) or "").lower().split():
                return self._linked(page, link.group(1))
        return None

    def _linked(self, page: Page, link: Any) -> Step | None:
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
        return Step(self._members(), url=url, shown_url=shown)

    def _next_template(self, page: Page) -> Step:
        previous = {"full_response": page.body, "last_record": page.last, "headers": _lower(page.headers)}
        if self.method == "body":
            return Step(self._members(), body=str(self._paging["body"]), previous=previous)
        return Step(self._members(), uri=str(self._paging["relativeURI"]), previous=previous)


_NEXT = {
    "page": Pager._next_page,
    "skip": Pager._next_skip,
    "token": Pager._next_token,
    "url": Pager._next_url,
    "linkheader": Pager._next_link,
    "relativeuri": Pager._next_template,
    "body": Pager._next_template,
}


def open_pager(paging: Any) -> Pager | None:
    """Return the pager of an export's ``http.paging``, or None for one page."""
    return Pager(paging) if isinstance(paging, dict) and paging.get("method") else None


def _single(value: Any) -> Any:
    """Take the one value of a list: an XPath gives lists."""
    return value[0] if isinstance(value, list) and value else value


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
