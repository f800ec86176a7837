"""Lists: ``limit`` and ``skip`` with ``Link``, ``include`` and ``exclude``, filters.

Source of the projection's rules: the vendor's developer portal, pagination page; see the notes on the wire, 1.6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from celigo_pandas.engine.api.exchange import Answer, ApiRequest
from celigo_pandas.engine.refusals import Refusal
from celigo_pandas.errors import Problem

__all__ = ["list_answer", "page_of"]

_SUMMARY = (
    "_id", "name", "type", "_connectionId", "adaptorType", "lastModified", "createdAt", "offline", "externalId",
)  # fmt: skip
"""Members of a summary. Assumed: the fixed set is not published; these tell documents apart."""

_MOST = 1000
_PROJECTION = re.compile(r"[A-Za-z0-9._,]*\Z")


def list_answer(request: ApiRequest, documents: Sequence[Mapping[str, Any]]) -> Answer:
    """Return one page of a list: 200 with a bare array and ``Link``, or 204 when there is nothing at all.

    Raises
    ------
    Refusal
        400 ``invalid_query_params``.
    """
    page = page_of(request, documents)
    project = _projection(request)
    if not documents:
        return Answer(204)
    named = (("next", page.next_url), ("prev", page.previous_url))
    links = [f'<{url}>; rel="{name}"' for name, url in named if url]
    return Answer(200, list(map(project, page.rows)), headers={"Link": ", ".join(links)} if links else {})


class _Page(NamedTuple):
    rows: Sequence[Mapping[str, Any]]
    next_url: str | None
    previous_url: str | None


def page_of(request: ApiRequest, rows: Sequence[Mapping[str, Any]]) -> _Page:
    """Cut out the page that ``limit`` and ``skip`` ask for, with the addresses of its neighbours.

    Raises
    ------
    Refusal
        400 ``invalid_query_params``.
    """
    limit = _whole(request, "limit", request.engine.choices.list_limit, 1, _MOST)
    skip = _whole(request, "skip", 0, 0, 2**31)
    following = _url(request, skip + limit, limit) if skip + limit < len(rows) else None
    return _Page(rows[skip : skip + limit], following, _url(request, max(0, skip - limit), limit) if skip else None)


def _url(request: ApiRequest, skip: int, limit: int) -> str:
    kept = {name: value for name, value in request.query.items() if name not in {"skip", "limit"}}
    return f"{request.url}?{urlencode({**kept, 'skip': skip, 'limit': limit})}"


def _whole(request: ApiRequest, name: str, default: int, low: int, high: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 12 or not low <= int(text) < 2**31:
        raise _bad(name, f"{name} {text[:40]!r} is no whole number from {low} to {2**31 - 1}.")
    return min(int(text), high)


def _projection(request: ApiRequest) -> Any:
    include, exclude = request.query.get("include", ""), request.query.get("exclude", "")
    if include and exclude:
        raise _bad("include", "Give include or exclude, not both.")
    for name, text in (("include", include), ("exclude", exclude)):
        if not _PROJECTION.match(text):
            raise _bad(name, f"{name} may hold letters, digits, '.', '_' and ',' only.")
    if include:
        wanted = [*_SUMMARY, *(path for path in include.split(",") if path)]
        return lambda document: _only(document, wanted)
    if exclude:
        unwanted = [path for path in exclude.split(",") if path and path not in {"_id", "name"}]
        return lambda document: _without(document, unwanted)
    return dict


def _only(document: Mapping[str, Any], paths: Sequence[str]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for path in paths:
        *parents, last = path.split(".")
        here: Any = document
        for name in parents:
            here = here.get(name) if isinstance(here, Mapping) else None
        if not isinstance(here, Mapping) or last not in here:
            continue
        target: Any = result
        for name in parents:
            target = target.setdefault(name, {})
        if isinstance(target, dict):
            target[last] = here[last]
    return result


def _without(document: Mapping[str, Any], paths: Sequence[str]) -> dict[str, Any]:
    result = dict(document)
    for path in paths:
        first, _, rest = path.partition(".")
        if not rest:
            result.pop(first, None)
        elif isinstance(result.get(first), Mapping):
            result[first] = _without(result[first], [rest])
    return result


def _bad(field: str, message: str) -> Refusal:
    return Refusal(400, [Problem("invalid_query_params", message, field)])
