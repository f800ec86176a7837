"""Documents in the form that the platform keeps: what it casts on the way in is cast here, once.

A truth value may come as a text or a number, a media type in any case. Whoever reads a document behind this finds true
or false, and small letters; what cannot be cast stays as it came and is a problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from celigo_pandas.documents.connection_fields import COMMON, FIELDS
from celigo_pandas.documents.dotted import find_member, with_member
from celigo_pandas.documents.mapping_documents import LOOKUP_HOMES
from celigo_pandas.documents.scalars import truth, with_truth
from celigo_pandas.errors import Problem, shown

__all__ = ["canonical", "truth_problems"]

_WEB: Final = (
    "strictHandlebarEvaluation", "sendPostMappedData", "ignoreEmptyNodes", "allowArrayforSuccessPath",
    "response.allowArrayforSuccessPath", "response.twoDArray.hasHeader", "response.twoDArray.doNotNormalize",
)  # fmt: skip

_FILE: Final = (
    "skipDelete", "groupEmptyValues", "skipAggregation", "csv.hasHeaderRow", "csv.trimSpaces",
    "csv.disableQuoteAndStripEnclosingQuotes", "csv.includeHeader", "csv.wrapWithQuotes", "csv.replaceTabWithSpace",
    "csv.replaceNewlineWithSpace", "csv.truncateLastRowDelimiter", "xlsx.hasHeaderRow", "xlsx.includeHeader",
)  # fmt: skip

_TRUTHS: Final = (
    "oneToMany", "isLookup", "ignoreExisting", "ignoreMissing", "mongodb.upsert", "netsuite.skipGrouping",
    "netsuite.statsOnly",
    *(f"{block}.{name}" for block in ("http", "rest") for name in _WEB),
    *(f"file.{name}" for name in _FILE),
)  # fmt: skip
"""Members of exports and imports; those of mappings and lookups are read with their rules."""

_SCRIPT_TRUTHS: Final = ("sandbox", "postResponseHookToProcessOnChildRecord")

_MEDIA: Final = tuple(f"http.{name}" for name in ("requestMediaType", "successMediaType", "errorMediaType"))

_MEDIA_TYPES: Final = frozenset({"json", "xml", "csv", "urlencoded", "form-data", "plaintext"})

_CONNECTIONS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    kind: (
        ("offline", "rdbms.ssl", *(row.path for row in (*COMMON, *rows) if row.kind == "boolean")),
        tuple(row.path for row in rows if row.path.endswith("ediaType")),
    )
    for kind, rows in FIELDS.items()
}


def canonical(kind: str, doc: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as the platform keeps it; the one given is not modified.

    Parameters
    ----------
    kind : {"connections", "exports", "imports", "scripts"}
    doc : mapping

    Examples
    --------
    >>> canonical("imports", {"ignoreExisting": "true", "http": {"successMediaType": "JSON"}})
    {'ignoreExisting': True, 'http': {'successMediaType': 'json'}}
    """
    truths, media = _SCRIPT_TRUTHS if kind == "scripts" else _TRUTHS, () if kind == "scripts" else _MEDIA
    if kind == "connections":
        truths, media = _CONNECTIONS.get(str(doc.get("type")), ((), ()))
    cast = dict(doc)
    for path in truths:
        value = find_member(doc, path)
        if not isinstance(value, bool) and (known := truth(value)) is not None:
            cast = with_member(cast, path, known)
    for home in LOOKUP_HOMES if kind == "imports" else ():
        listed = find_member(doc, f"{home}.lookups".lstrip("."))
        if isinstance(listed, list) and any("allowFailures" in one for one in listed if isinstance(one, Mapping)):
            lookups = [with_truth(one, "allowFailures") if isinstance(one, Mapping) else one for one in listed]
            cast = with_member(cast, f"{home}.lookups".lstrip("."), lookups)
    for path in media:
        value = find_member(doc, path)
        if isinstance(value, str) and value.lower() in _MEDIA_TYPES:
            cast = with_member(cast, path, value.lower())
    return cast


def truth_problems(doc: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the members of an export or import that should be true or false and cannot be read as that."""
    for path in _TRUTHS:
        value = find_member(doc, path)
        if value is not None and truth(value) is None:
            yield Problem("invalid_field", f"{path}: got {shown(value)}; expected true or false.", path)
