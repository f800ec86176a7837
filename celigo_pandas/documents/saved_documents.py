"""What the API refuses in an export or import that is to be saved: its adaptor, its blocks, its enumerated members.

A document that is only run (a virtual one) needs no adaptor and no blocks: there the connection says what is meant.
Source: the vendor's published export and import schemas; the table of adaptors is in :data:`ADAPTORS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from celigo_pandas.documents.canonical import truth_problems
from celigo_pandas.documents.dotted import find_member
from celigo_pandas.errors import Problem, shown

__all__ = [
    "ADAPTORS",
    "check_saved",
    "member_problems",
    "mock_output_problem",
    "needs_connection",
    "page_size_problem",
    "test_limit_problem",
]

_LARGEST_PAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class _Adaptor:
    """Connection types it works on (none: it has no connection), and the blocks of which a document needs one."""

    connections: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()


def _same(*names: str) -> _Adaptor:
    return _Adaptor(names, names)


_WEB = _Adaptor(("http", "rest"), ("http", "rest"))

ADAPTORS: Mapping[str, Mapping[str, _Adaptor]] = {
    "exports": {
        "HTTPExport": _WEB,
        "RESTExport": _WEB,
        "RDBMSExport": _same("rdbms"),
        "JDBCExport": _same("jdbc"),
        "MongodbExport": _same("mongodb"),
        "DynamodbExport": _same("dynamodb"),
        "FTPExport": _same("ftp"),
        "S3Export": _same("s3"),
        "FileSystemExport": _same("filesystem"),
        "AS2Export": _Adaptor(("as2",)),
        "VANExport": _Adaptor(("van",)),
        "NetSuiteExport": _Adaptor(("netsuite",), ("netsuite", "distributed")),
        "SalesforceExport": _Adaptor(("salesforce",), ("salesforce", "distributed")),
        "WrapperExport": _same("wrapper"),
        "SimpleExport": _Adaptor(),
        "WebhookExport": _Adaptor((), ("webhook",)),
    },
    "imports": {
        "HTTPImport": _WEB,
        "RESTImport": _WEB,
        "RDBMSImport": _same("rdbms"),
        "JDBCImport": _same("jdbc"),
        "MongodbImport": _same("mongodb"),
        "DynamodbImport": _same("dynamodb"),
        "FTPImport": _same("ftp"),
        "S3Import": _same("s3"),
        "FileSystemImport": _same("filesystem"),
        "AS2Import": _Adaptor(("as2",)),
        "VANImport": _Adaptor(("van",)),
        "NetSuiteImport": _same("netsuite"),
        "NetSuiteDistributedImport": _Adaptor(("netsuite",), ("netsuite_da", "netsuite")),
        "SalesforceImport": _same("salesforce"),
        "WrapperImport": _same("wrapper"),
        "AiAgentImport": _Adaptor((), ("aiAgent",)),
        "GuardrailImport": _Adaptor((), ("guardrail",)),
        "ToolImport": _Adaptor((), ("tool",)),
    },
}
"""``adaptorType`` by kind of document; it is compared as it is written."""

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_STEP = ("expression", "script")

_CHOICES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "exports": {
        "type": ("delta", "once", "test", "blob", "distributed", "webhook", "stream", "simple"),
        "http.method": _METHODS,
        "http.type": ("file", "blob", "csvstream"),
        "http.paging.method": ("page", "skip", "token", "url", "linkheader", "relativeuri", "body"),
        "http.requestMediaType": ("json", "xml", "urlencoded", "form-data", "plaintext"),
        "http.successMediaType": ("json", "xml", "csv", "plaintext"),
        "http.errorMediaType": ("json", "xml", "plaintext"),
        "mongodb.method": ("find",),
        "mongodb.readPreference": (
            "doNotOverride",
            "primary",
            "primaryPreferred",
            "secondary",
            "secondaryPreferred",
            "nearest",
        ),
        "dynamodb.method": ("query",),
        "file.type": ("csv", "json", "xlsx", "xml", "filedefinition"),
        "file.output": ("records", "metadata", "blobKeys"),
        "filter.type": _STEP,
        "inputFilter.type": _STEP,
        "transform.type": _STEP,
    },
    "imports": {
        "http.method": _METHODS,
        "http.requestType": ("CREATE", "UPDATE"),
        "http.requestMediaType": ("json", "xml", "urlencoded", "form-data", "plaintext"),
        "http.successMediaType": ("json", "xml", "csv", "plaintext"),
        "http.errorMediaType": ("json", "xml", "plaintext"),
        "rdbms.queryType": ("per_record", "per_page", "first_page", "bulk_insert", "bulk_load", "INSERT", "UPDATE"),
        "jdbc.queryType": ("per_record", "per_page", "first_page", "bulk_insert", "bulk_load", "INSERT", "UPDATE"),
        "mongodb.method": ("insertMany", "updateOne"),
        "dynamodb.method": ("putItem", "updateItem"),
        "netsuite_da.operation": ("add", "update", "addupdate", "attach", "detach", "delete"),
        "salesforce.operation": ("insert", "update", "upsert", "delete", "addupdate"),
        "salesforce.api": ("soap", "rest", "metadata", "compositerecord"),
        "file.type": ("csv", "json", "xlsx", "xml", "filedefinition"),
        "filter.type": _STEP,
        "transform.type": _STEP,
        "responseTransform.type": _STEP,
    },
}
"""Members with a fixed set of values. HTTP methods are compared in any case, as the platform raises them."""

_LISTS = frozenset({"http.method", "http.requestType", "rdbms.queryType", "jdbc.queryType"})
"""Members that imports hold as lists, one entry a request; a single text is a list of one."""


def needs_connection(doc: Mapping[str, Any]) -> bool:
    """Tell whether a document of this ``adaptorType`` works through a connection; an unknown one does."""
    name = doc.get("adaptorType")
    found = [table[name] for table in ADAPTORS.values() if isinstance(name, str) and name in table]
    return bool(found[0].connections) if found else doc.get("type") not in ("webhook", "simple")


def check_saved(kind: str, doc: Mapping[str, Any], connection_type: str | None) -> list[Problem]:
    """List what the API refuses in an export or import that is to be stored.

    Parameters
    ----------
    kind : {"exports", "imports"}
    doc : mapping
        The document, wire spelling. Not modified.
    connection_type : str or None
        ``type`` of the connection that it names; None when it names none, or one that is not there.

    Returns
    -------
    list of Problem
        Empty when the document can be stored; ``field`` is the dotted path.

    Examples
    --------
    >>> doc = {"name": "Orders", "adaptorType": "HTTPExport", "http": {"method": "FETCH"}}
    >>> [problem.field for problem in check_saved("exports", doc, "http")]
    ['http.method']
    """
    problems = [*_adaptor_problems(kind, doc, connection_type), *member_problems(kind, doc)]
    texts = {"pageSize": page_size_problem(doc.get("pageSize"))} if kind == "exports" else {}
    if kind == "exports":
        limit = find_member(doc, "test.limit")
        texts["test.limit"] = None if limit is None else test_limit_problem(limit)
        texts["mockOutput.page_of_records"] = mock_output_problem(doc.get("mockOutput"))
    else:
        texts |= dict(_mock_response_problems(doc.get("mockResponse")))
    return [*problems, *(Problem("invalid_field", text, field) for field, text in texts.items() if text)]


def member_problems(kind: str, doc: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what no export or import may hold, saved or not: values that an enumerated or a truth member has not."""
    yield from _choice_problems(kind, doc)
    yield from truth_problems(doc)


def page_size_problem(size: Any) -> str | None:
    """Say what is wrong with a ``pageSize``, or nothing."""
    if size is None or (_is_whole(size) and 1 <= size <= _LARGEST_PAGE):
        return None
    return f"pageSize {size!r:.40} is no whole number from 1 to {_LARGEST_PAGE}."


def test_limit_problem(limit: Any) -> str | None:
    """Say what is wrong with a ``test.limit``, or nothing."""
    if _is_whole(limit) and 1 <= limit <= 100:
        return None
    return f"test.limit {limit!r:.40} is no whole number from 1 to 100."


test_limit_problem.__test__ = False  # type: ignore[attr-defined]


def mock_output_problem(mock: object) -> str | None:
    """Say what is wrong with a ``mockOutput``, or nothing; null clears it."""
    if mock is None:
        return None
    listed = mock.get("page_of_records") if isinstance(mock, Mapping) else None
    good = isinstance(listed, list) and all(
        isinstance(one, Mapping) and isinstance(one.get("record"), (dict, list)) for one in listed
    )
    return None if good else 'mockOutput needs the form {"page_of_records": [{"record": {…}}]}.'


def _mock_response_problems(mock: object) -> Iterator[tuple[str, str]]:
    if mock is None:
        return
    if not isinstance(mock, list) or not all(isinstance(one, Mapping) for one in mock):
        yield "mockResponse", "mockResponse is a list of objects: one answer a record."
        return
    for position, one in enumerate(mock):
        status = one.get("statusCode")
        if status is not None and not (_is_whole(status) and 100 <= status <= 599):
            field = f"mockResponse.{position}.statusCode"
            yield field, f"{field}: got {shown(status)}; expected a whole number from 100 to 599."


def _adaptor_problems(kind: str, doc: Mapping[str, Any], connection_type: str | None) -> Iterator[Problem]:
    name, table = doc.get("adaptorType"), ADAPTORS[kind]
    if name is None or name == "":
        yield Problem("missing_required_field", "Expected field: adaptorType to be present.", "adaptorType")
        return
    adaptor = table.get(name) if isinstance(name, str) else None
    if adaptor is None:
        yield _not_one_of("adaptorType", name, table)
        return
    if connection_type is not None and adaptor.connections and connection_type not in adaptor.connections:
        text = f"{name} works on {' and '.join(adaptor.connections)} connections; this one is {connection_type!r:.40}."
        yield Problem("invalid_field", text, "adaptorType")
    yield from _block_problems(doc, adaptor.blocks)


def _block_problems(doc: Mapping[str, Any], blocks: tuple[str, ...]) -> Iterator[Problem]:
    given = [name for name in blocks if doc.get(name) is not None]
    for name in given:
        if not isinstance(doc[name], Mapping):
            yield Problem("invalid_field", f"{name}: got {shown(doc[name])}; expected an object.", name)
    if blocks and not given:
        yield Problem("missing_required_field", f"Expected field: {blocks[0]} to be present.", blocks[0])


def _choice_problems(kind: str, doc: Mapping[str, Any]) -> Iterator[Problem]:
    for path, allowed in _CHOICES[kind].items():
        yield from _place_problems(doc, path)
        value = find_member(doc, path)
        values = value if isinstance(value, list) and kind == "imports" and path in _LISTS else [value]
        for one in values:
            upper = one.upper() if isinstance(one, str) and allowed is _METHODS else one
            if one not in (None, "") and upper not in allowed:
                yield _not_one_of(path, one, allowed)


def _place_problems(doc: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """Refuse what stands inside a block where an object belongs; the block itself is looked at with the adaptor."""
    place = path.rpartition(".")[0]
    value = find_member(doc, place) if "." in place or place in _STEPS else None
    if value not in (None, "") and not isinstance(value, Mapping):
        yield Problem("invalid_field", f"{place}: got {shown(value)}; expected an object.", place)


_STEPS = frozenset({"filter", "inputFilter", "transform", "responseTransform", "file"})


def _not_one_of(path: str, value: object, allowed: Iterable[str]) -> Problem:
    # The platform's own words, in which clients look for the path.
    text = f"`{str(value)[:60]}` is not a valid enum value for path `{path}`; expected one of {', '.join(allowed)}."
    return Problem("invalid_field", text, path)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
