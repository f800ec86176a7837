"""Builders of exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.builders.checked_document import FILE_PLACES, FILE_TYPES, HTTP_METHODS, Checks, Document
from celigo_pandas.documents.counts import as_integer

__all__ = ["file_export", "http_export", "netsuite_export", "salesforce_export", "sql_export"]

_PAGING_METHODS = ("page", "skip", "token", "url", "linkheader", "relativeuri", "body")


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

    Examples
    --------
    >>> celigo.build.sql_export("select id from orders", page_size=500).to_dict()
    {'rdbms': {'query': 'select id from orders'}, 'pageSize': 500}
    """
    checks = Checks("sql_export")
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
    page_size : int, optional
        Records a page; left out, the pull decides.
    members : mapping, optional
        Further members in the vendor's spelling, e.g. ``{"transform": …}``.

    Examples
    --------
    >>> export = celigo.build.http_export("/orders?page={{export.http.paging.page}}", paging="page")
    >>> export.to_dict()["http"]["paging"]
    {'method': 'page'}
    """
    checks = Checks("http_export")
    checks.text("http.relativeURI", path)
    checks.choice("http.method", method, HTTP_METHODS)
    checks.texts({"http.body": body, "http.response.resourcePath": resource_path})
    http: dict[str, Any] = {"method": method, "relativeURI": path}
    if body is not None:
        http["body"] = body
    if headers:
        http["headers"] = checks.headers(headers)
    if resource_path is not None:
        http["response"] = {"resourcePath": resource_path}
    if paging is not None:
        block = {"method": paging} if isinstance(paging, str) else checks.members("http.paging", paging)
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
        Directory (ftp, filesystem), or what the keys have before the file's name (s3).
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
    bucket, region : str, optional
        For s3.
    page_size : int, optional
        Records a page; left out, the pull decides.
    members : mapping, optional
        Further members in the vendor's spelling, e.g. ``{"transform": …}``.

    Examples
    --------
    >>> celigo.build.file_export("/out", ends_with=".csv").to_dict()["file"]["skipDelete"]
    True
    """
    checks = Checks("file_export")
    checks.choice("file.type", type, FILE_TYPES)
    checks.choice("place", place, FILE_PLACES)
    checks.texts({"starts_with": starts_with, "ends_with": ends_with, f"file.{type}.resourcePath": resource_path})
    file: dict[str, Any] = {"type": type, "output": "records", "skipDelete": True}
    if csv is not None:
        file["csv"] = checks.members("file.csv", csv)
    if resource_path is not None:
        file[type] = {**file.get(type, {}), "resourcePath": resource_path}
    found = checks.place(place, directory, bucket, region)
    if place == "filesystem":
        wanted = (("startswith", starts_with), ("endswith", ends_with))
        rules = [[rule, ["extract", "filename"], text] for rule, text in wanted if text is not None]
        if rules:
            expression = {"version": "1", "rules": rules[0] if len(rules) == 1 else ["and", *rules]}
            file["filter"] = {"type": "expression", "expression": expression}
    else:
        start, end = ("keyStartsWith", "keyEndsWith") if place == "s3" else ("fileNameStartsWith", "fileNameEndsWith")
        begins = _key(directory, starts_with) if place == "s3" else starts_with
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
    page_size : int, optional
        Records a page; left out, the pull decides.
    members : mapping, optional
        Further members in the vendor's spelling, e.g. ``{"transform": …}``.

    Examples
    --------
    >>> celigo.build.netsuite_export(1234, record_type="salesorder").to_dict()["netsuite"]["skipGrouping"]
    True
    """
    checks = Checks("netsuite_export")
    number = as_integer(saved_search_id)
    checks.text("netsuite.searches.savedSearchId", saved_search_id if number is None else str(number))
    checks.text("netsuite.searches.recordType", record_type)
    search = {"recordType": record_type, "savedSearchId": str(saved_search_id)}
    block = {"type": "search", "searches": [search], "skipGrouping": skip_grouping}
    return _export(checks, {"netsuite": block}, page_size, members)


def salesforce_export(soql: str, *, page_size: int | None = None, members: Mapping[str, Any] | None = None) -> Document:
    """Read with a SOQL query.

    Parameters
    ----------
    soql : str
        One statement; a template.
    page_size : int, optional
        Records a page; left out, the pull decides.
    members : mapping, optional
        Further members in the vendor's spelling, e.g. ``{"transform": …}``.

    Examples
    --------
    >>> celigo.build.salesforce_export("select Id, Name from Account").to_dict()["salesforce"]["type"]
    'soql'
    """
    checks = Checks("salesforce_export")
    checks.text("salesforce.soql.query", soql)
    return _export(checks, {"salesforce": {"type": "soql", "soql": {"query": soql}}}, page_size, members)


def _key(directory: object, starts_with: str | None) -> str | None:
    """Write the beginning of the keys of a bucket: they have no slash in front, and one behind each directory."""
    return f"{str(directory).strip('/')}/{starts_with or ''}".lstrip("/") or None


def _export(
    checks: Checks, document: dict[str, Any], page_size: int | None, members: Mapping[str, Any] | None
) -> Document:
    if page_size is not None:
        document["pageSize"] = checks.positive("pageSize", page_size)
    return checks.finish(document, members)
