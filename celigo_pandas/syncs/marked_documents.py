"""Where the watermark stands in an export: ``{{watermark}}`` that we put in, or the platform's ``delta.startDate``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from celigo_pandas.errors import DocumentError, Problem
from celigo_pandas.syncs.cursors import Mark, iso_utc

__all__ = ["begins_at", "check_place"]

_MARK = re.compile(r"\{\{\{\s*watermark\s*\}\}\}|\{\{\s*watermark\s*\}\}")
_LAST_EXPORT = re.compile(r"lastExportDateTime")


def check_place(doc: Mapping[str, Any], cursor: str | None) -> str | None:
    """Say where the watermark of an export stands: ``"mark"``, ``"delta"``, or None where it has none.

    Raises
    ------
    DocumentError
        A cursor, and no place for its watermark: each run would pull all; or a place, and no cursor.
    """
    has_mark = _holds(doc, _MARK)
    if cursor is None:
        if has_mark:
            raise DocumentError(
                "The export has {{watermark}} in it, and cursor= is not given.",
                hint="Say which column it is compared with: cursor='updated_at'.",
            )
        return None
    if has_mark:
        return "mark"
    delta = doc.get("delta")
    is_delta = doc.get("type") == "delta" or isinstance(delta, Mapping)
    if is_delta and (_holds(doc, _LAST_EXPORT) or (isinstance(delta, Mapping) and delta.get("dateField"))):
        return "delta"
    raise DocumentError(
        f"The export has no place for a watermark, so cursor={cursor!r} would not keep it from bringing all rows each "
        "time.",
        problems=[Problem("no_watermark", "Neither {{watermark}} nor a delta block that is used.", "delta")],
        hint=f"Write it into the query: where {cursor} >= '{{{{watermark}}}}'; or, in an export of type delta, "
        "{{lastExportDateTime}} or delta.dateField. Without cursor= all rows are pulled each time.",
    )


def begins_at(doc: Mapping[str, Any], place: str | None, bound: Mark | None) -> dict[str, Any]:
    """Return the export that asks from `bound` on; None leaves the start that a delta export has itself."""
    if place == "mark":
        return {name: _marked(member, str(bound), name) for name, member in doc.items()}
    if place == "delta" and bound is not None:
        if not isinstance(bound, str):
            raise DocumentError(
                f"The export is of type delta, which asks by time; its cursor has numbers ({bound}).",
                hint="Write {{watermark}} into the query instead.",
            )
        return {**doc, "delta": {**(doc.get("delta") or {}), "startDate": iso_utc(bound)}}
    return dict(doc)


def _holds(part: object, pattern: re.Pattern[str]) -> bool:
    if isinstance(part, Mapping):
        return any(_holds(member, pattern) for member in part.values())
    if isinstance(part, (list, tuple)):
        return any(_holds(member, pattern) for member in part)
    return isinstance(part, str) and pattern.search(part) is not None


def _marked(part: object, bound: str, name: str) -> Any:
    """Put the bound in; `name` is that of the member that holds `part`."""
    if isinstance(part, Mapping):
        return {member: _marked(value, bound, str(member)) for member, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [_marked(member, bound, name) for member in part]
    if not isinstance(part, str):
        return part
    return _MARK.sub(lambda found: _in_uri(bound, found) if name == "relativeURI" else bound, part)


def _in_uri(bound: str, found: re.Match[str]) -> str:
    """Write a bound for a query, where ``+02:00`` would arrive as a space; what a helper gets, the helper encodes."""
    before = found.string[: found.start()]
    is_in_helper = before.rfind("{{") > before.rfind("}}")
    return bound if is_in_helper else bound.replace("+", "%2B").replace(" ", "%20")
