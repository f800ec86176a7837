"""Builders: small objects that print as the exact JSON they send and are accepted wherever a document is.

Each checks its arguments when it is made. What a builder has no argument for is given with ``members=`` in the
vendor's own spelling and merged over what the builder wrote, so that no document is out of reach.
Source: ``integrator-api.md`` §4 and §6, which follow the vendor's published schemas.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from celigo_pandas.errors import DocumentError, Problem, shown

__all__ = [
    "Document",
    "file_export",
    "file_import",
    "http_export",
    "http_import",
    "netsuite_export",
    "salesforce_export",
    "sql_export",
    "sql_import",
]

_FILE_TYPES = ("csv", "json", "xlsx", "xml")
_FILE_PLACES = ("ftp", "s3", "filesystem")
_PAGING_METHODS = ("page", "skip", "token", "url", "linkheader", "relativeuri", "body")
_HTTP_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_SQL_QUERY_TYPES = ("per_record", "per_page", "first_page")


class Document:
    """An export or import document; ``repr`` is the JSON that is sent."""

    __slots__ = ("_members", "kind")

    def __init__(self, kind: str, members: Mapping[str, Any]) -> None:
        self.kind = kind
        self._members = copy.deepcopy(dict(members))

    def to_dict(self) -> dict[str, Any]:
        """Return the document as sent: a copy, free to change."""
        return copy.deepcopy(self._members)

    def __repr__(self) -> str:
        return json.dumps(self._members, indent=2, ensure_ascii=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Document) and self._members == other._members

    __hash__ = None  # type: ignore[assignment]


def sql_export(query: str, *, page_size: int | None = None, members: Mapping[str, Any] | None = None) -> Document:
    """Read with a SQL query (a template: ``{{x}}`` is quoted, ``{{{x}}}`` is not).

    Parameters
    ----------
    query : str
        One statement.
    page_size : int, optional
        Records a page; left out, the pull decides.
    members : mapping, optional
        Further members in the vendor's spelling, e.g. ``{"transform": …}``.
    """
    checks = _Checks("sql_export")
    checks.text("rdbms.query", query)
    return _export(checks, {"rdbms": {"query": query}}, page_size, members)


def http_export(
    path: str,
    *,
    method: str = "GET",
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    resource_path: str | None = None,
    paging: str | Mapping[str, Any] | None = None,
    page_size: int | None = None,
    members: Mapping[str, Any] | None = None,
) -> Document:
    """Read from a REST API.

    Parameters
    ----------
    path : str
        ``relativeURI``, below the connection's ``baseURI``; a template.
    method : str, default "GET"
    body : str, optional
        Request body, a template.
    headers : mapping of str to str, optional
    resource_path : str, optional
        Where the records are in the answer, e.g. ``"data.items"``.
    paging : str or mapping, optional
        A paging method by name, or the whole ``http.paging`` block.
    """
    checks = _Checks("http_export")
    checks.text("http.relativeURI", path)
    checks.choice("http.method", method, _HTTP_METHODS)
    http: dict[str, Any] = {"method": method, "relativeURI": path}
    if body is not None:
        http["body"] = body
    if headers:
        http["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
    if resource_path is not None:
        http["response"] = {"resourcePath": resource_path}
    if paging is not None:
        block = {"method": paging} if isinstance(paging, str) else dict(paging)
        checks.choice("http.paging.method", block.get("method"), _PAGING_METHODS)
        http["paging"] = block
    return _export(checks, {"http": http}, page_size, members)


def file_export(
    directory: str,
    *,
    type: str = "csv",
    place: str = "ftp",
    starts_with: str | None = None,
    ends_with: str | None = None,
    bucket: str | None = None,
    region: str | None = None,
    csv: Mapping[str, Any] | None = None,
    resource_path: str | None = None,
    page_size: int | None = None,
    members: Mapping[str, Any] | None = None,
) -> Document:
    """Read files. ``skipDelete`` is set, since the platform otherwise deletes each file that it has read.

    Parameters
    ----------
    directory : str
        Directory (ftp, filesystem) or key prefix (s3).
    type : {"csv", "json", "xlsx", "xml"}
    place : {"ftp", "s3", "filesystem"}
        Which block the connection needs.
    starts_with, ends_with : str, optional
        Which files. For a filesystem, which has no members of its own for that, this is a ``file.filter`` over
        ``filename``.
    csv : mapping, optional
        The ``file.csv`` block, e.g. ``{"columnDelimiter": ";"}``.
    resource_path : str, optional
        For json and xml: where the records are.
    """
    checks = _Checks("file_export")
    checks.choice("file.type", type, _FILE_TYPES)
    checks.choice("place", place, _FILE_PLACES)
    file: dict[str, Any] = {"type": type, "output": "records", "skipDelete": True}
    if csv is not None:
        file["csv"] = dict(csv)
    if resource_path is not None:
        file[type] = {**file.get(type, {}), "resourcePath": resource_path}
    found = _file_place(checks, place, directory, bucket, region)
    if place == "filesystem":
        wanted = (("startswith", starts_with), ("endswith", ends_with))
        rules = [[rule, ["extract", "filename"], text] for rule, text in wanted if text is not None]
        if rules:
            expression = {"version": "1", "rules": rules[0] if len(rules) == 1 else ["and", *rules]}
            file["filter"] = {"type": "expression", "expression": expression}
    else:
        start, end = ("keyStartsWith", "keyEndsWith") if place == "s3" else ("fileNameStartsWith", "fileNameEndsWith")
        begins = directory + (starts_with or "") if place == "s3" else starts_with
        found |= {name: text for name, text in ((start, begins), (end, ends_with)) if text is not None}
    return _export(checks, {"file": file, place: found}, page_size, members)


def netsuite_export(
    saved_search_id: str | int,
    *,
    record_type: str,
    skip_grouping: bool = True,
    page_size: int | None = None,
    members: Mapping[str, Any] | None = None,
) -> Document:
    """Read a NetSuite saved search.

    Parameters
    ----------
    saved_search_id : str or int
    record_type : str
        The search's record type, e.g. ``"salesorder"``.
    skip_grouping : bool, default True
        One record a row; the platform's own default groups rows into arrays.
    """
    checks = _Checks("netsuite_export")
    checks.text("netsuite.searches.savedSearchId", str(saved_search_id))
    checks.text("netsuite.searches.recordType", record_type)
    search = {"recordType": record_type, "savedSearchId": str(saved_search_id)}
    block = {"type": "search", "searches": [search], "skipGrouping": skip_grouping}
    return _export(checks, {"netsuite": block}, page_size, members)


def salesforce_export(soql: str, *, page_size: int | None = None, members: Mapping[str, Any] | None = None) -> Document:
    """Read with a SOQL query."""
    checks = _Checks("salesforce_export")
    checks.text("salesforce.soql.query", soql)
    return _export(checks, {"salesforce": {"type": "soql", "soql": {"query": soql}}}, page_size, members)


def sql_import(
    query: str | None = None,
    *,
    table: str | None = None,
    query_type: str = "per_record",
    mapping: Any = None,
    lookups: Sequence[Mapping[str, Any]] = (),
    members: Mapping[str, Any] | None = None,
) -> Document:
    """Write with a SQL statement a record, or in bulk into a table.

    Parameters
    ----------
    query : str, optional
        Statement with templates, e.g. ``insert into t values ({{record.id}})``.
    table : str, optional
        In place of `query`: insert the mapped records into this table (``bulk_insert``).
    query_type : {"per_record", "per_page", "first_page"}
    mapping : object, optional
        Mapper 2.0 rules (list), a Mapper 1.0 object (dict), or a :class:`celigo_pandas.Mapping`.
    """
    checks = _Checks("sql_import")
    if (query is None) == (table is None):
        checks.add("rdbms.query", "give either query or table")
    if table is not None:
        rdbms: dict[str, Any] = {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": table}}
        checks.text("rdbms.bulkInsert.tableName", table)
    else:
        checks.choice("rdbms.queryType", query_type, _SQL_QUERY_TYPES)
        rdbms = {"queryType": [query_type], "query": [query]}
    return _import(checks, {"rdbms": rdbms}, mapping, lookups, members)


def http_import(
    path: str,
    *,
    method: str = "POST",
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    batch_size: int | None = None,
    resource_path: str | None = None,
    id_path: str | None = None,
    mapping: Any = None,
    lookups: Sequence[Mapping[str, Any]] = (),
    members: Mapping[str, Any] | None = None,
) -> Document:
    """Write to a REST API, one request a record (or a batch).

    Parameters
    ----------
    path : str
        ``relativeURI``; a template over the record before its mapping.
    body : str, optional
        Template over the mapped record; left out, the mapped record is the body.
    batch_size : int, optional
        Records a request; more than one needs `resource_path`.
    resource_path, id_path : str, optional
        Where the results and their ids are in the answer.
    """
    checks = _Checks("http_import")
    checks.text("http.relativeURI", path)
    checks.choice("http.method", method, _HTTP_METHODS)
    http: dict[str, Any] = {"method": [method], "relativeURI": [path]}
    if body is not None:
        http["body"] = [body]
    if headers:
        http["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
    if batch_size is not None:
        checks.positive("http.batchSize", batch_size)
        if batch_size > 1 and resource_path is None:
            checks.add("http.response.resourcePath", "a batch of more than one record needs resource_path")
        http["batchSize"] = batch_size
    response = {"resourcePath": resource_path, "resourceIdPath": id_path}
    if found := {name: [value] for name, value in response.items() if value is not None}:
        http["response"] = found
    return _import(checks, {"http": http}, mapping, lookups, members)


def file_import(
    file_name: str,
    *,
    directory: str = "/",
    type: str = "csv",
    place: str = "ftp",
    bucket: str | None = None,
    region: str | None = None,
    csv: Mapping[str, Any] | None = None,
    mapping: Any = None,
    lookups: Sequence[Mapping[str, Any]] = (),
    members: Mapping[str, Any] | None = None,
) -> Document:
    """Write all records of one call into one file.

    Parameters
    ----------
    file_name : str
        A template, e.g. ``"orders-{{timestamp 'YYYYMMDDHHmmss'}}.csv"``.
    directory : str, default "/"
        Directory (ftp, filesystem) or key prefix (s3).
    """
    checks = _Checks("file_import")
    checks.choice("file.type", type, _FILE_TYPES)
    checks.choice("place", place, _FILE_PLACES)
    checks.text("file.fileName", file_name)
    file: dict[str, Any] = {"fileName": file_name, "type": type}
    if csv is not None:
        file["csv"] = dict(csv)
    found = _file_place(checks, place, directory, bucket, region)
    found["fileKey" if place == "s3" else "fileName"] = (
        f"{directory.strip('/')}/{file_name}".lstrip("/") if place == "s3" else file_name
    )
    return _import(checks, {"file": file, place: found}, mapping, lookups, members)


class _Checks:
    """Collects what is wrong, so that one error lists everything."""

    def __init__(self, builder: str) -> None:
        self.builder = builder
        self.problems: list[Problem] = []

    def add(self, field: str, message: str, code: str = "invalid_field") -> None:
        self.problems.append(Problem(code, message, field))

    def text(self, field: str, value: object) -> None:
        if not isinstance(value, str) or not value.strip():
            self.add(field, f"got {shown(value)}; expected a text that is not empty", "missing_required_field")

    def choice(self, field: str, value: object, choices: Sequence[str]) -> None:
        if value not in choices:
            self.add(field, f"got {shown(value)}; expected one of {', '.join(choices)}")

    def positive(self, field: str, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            self.add(field, f"got {shown(value)}; expected a whole number, 1 or more")

    def finish(self) -> None:
        if self.problems:
            listed = "; ".join(f"{problem.field}: {problem.message}" for problem in self.problems)
            raise DocumentError(f"build.{self.builder}: {listed}.", problems=self.problems)


def _file_place(checks: _Checks, place: str, directory: str, bucket: str | None, region: str | None) -> dict[str, Any]:
    if place != "s3":
        checks.text(f"{place}.directoryPath", directory)
        return {"directoryPath": directory}
    checks.text("s3.bucket", bucket)
    found: dict[str, Any] = {"bucket": bucket}
    if region is not None:
        found["region"] = region
    return found


def _export(
    checks: _Checks, document: dict[str, Any], page_size: int | None, members: Mapping[str, Any] | None
) -> Document:
    if page_size is not None:
        checks.positive("pageSize", page_size)
        document["pageSize"] = page_size
    checks.finish()
    return Document("export", _merged(document, members or {}))


def _import(
    checks: _Checks,
    document: dict[str, Any],
    mapping: Any,
    lookups: Sequence[Mapping[str, Any]],
    members: Mapping[str, Any] | None,
) -> Document:
    if lookups:
        document["lookups"] = [dict(lookup) for lookup in lookups]
    if isinstance(mapping, Mapping):
        document["mapping"] = dict(mapping)
    elif isinstance(mapping, (list, tuple)):
        document["mappings"] = list(mapping)
    elif hasattr(mapping, "to_import"):
        document = mapping.to_import(document)
    elif mapping is not None:
        checks.add("mapping", f"got {shown(mapping)}; expected Mapper 2.0 rules, a Mapper 1.0 object or a Mapping")
    checks.finish()
    return Document("import", _merged(document, members or {}))


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = _merged(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return merged
