"""What ``http.paging`` may hold, checked before anything is sent. Facts: integrator-api.md, section 4.2."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from celigo_pandas.engine.adaptors.protocol import SourceFailure

__all__ = ["METHODS", "check_paging", "names_a_next"]

METHODS = ("page", "skip", "token", "url", "linkheader", "relativeuri", "body")

_MEMBERS = (
    "method",
    "page",
    "skip",
    "token",
    "path",
    "pathLocation",
    "pathAfterFirstRequest",
    "relativeURI",
    "body",
    "linkHeaderRelation",
    "resourcePath",
    "lastPageStatusCode",
    "lastPagePath",
    "lastPageValues",
    "maxPagePath",
    "maxCountPath",
)
_NEXT = re.compile(r"next|cursor|continuation", re.IGNORECASE)
_NEEDED = {"token": "path", "url": "path", "relativeuri": "relativeURI", "body": "body"}


def check_paging(paging: Mapping[str, Any]) -> str:
    """Return the method.

    Raises
    ------
    SourceFailure
        An unknown method or member, or a method without the member it needs; ``field`` names it.
    """
    method = str(paging.get("method") or "")
    if method not in METHODS:
        what = f"{method!r} is not known" if method else "is missing"
        raise _refused("method", f"http.paging.method {what}; known: {', '.join(METHODS)}.")
    for name, value in paging.items():
        if name not in _MEMBERS and value is not None:
            near = get_close_matches(name, _MEMBERS, 1, 0.5)
            meant = f"; did you mean {near[0]!r}" if near else ""
            raise _refused(name, f"http.paging.{name} is not known{meant}; known: {', '.join(_MEMBERS)}.")
    needed = _NEEDED.get(method)
    if needed and not paging.get(needed):
        given = ", ".join(name for name, value in paging.items() if value not in (None, "") and name != "method")
        raise _refused(
            needed,
            f"Paging method {method!r} needs http.paging.{needed}; there is {given or 'nothing else'}.",
            "missing_required_field",
        )
    return method


def names_a_next(value: object, depth: int = 3) -> bool:
    """Whether an answer has a text under a name such as ``nextLink``, outside its lists of several elements."""
    if isinstance(value, list):
        return len(value) == 1 and names_a_next(value[0], depth)
    if not isinstance(value, dict) or not depth:
        return False
    return any(
        (_NEXT.search(name) is not None and isinstance(_only(inner), str) and _only(inner) != "")
        or names_a_next(inner, depth - 1)
        for name, inner in value.items()
    )


def _only(value: object) -> object:
    """Return the one element of a list, as XML has it."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _refused(name: str, message: str, code: str = "invalid_field") -> SourceFailure:
    return SourceFailure(message, code=code, field=f"http.paging.{name}", sent=False)
