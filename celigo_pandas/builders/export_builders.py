"""Builders of exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from celigo_pandas.builders.checked_document import FILE_PLACES, FILE_TYPES, HTTP_METHODS, Checks, Document
from celigo_pandas.documents.counts import as_integer
from celigo_pandas.errors import shown

__all__ = [
    "dynamodb_export",
    "file_export",
    "http_export",
    "mongodb_export",
    "netsuite_export",
    "salesforce_export",
    "sql_export",
]

_READ_PREFERENCES = ("doNotOverride", "primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest")
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


def dynamodb_export(
    table: str,
    key_condition: str,
    *,
    values: str | Mapping[str, Any] | None = None,
    names: str | Mapping[str, str] | None = None,
    filter: str | None = None,
    projection: Sequence[str] | None = None,
    region: str = "us-east-1",
    page_size: int | None = None,
    members: Mapping[str, Any] | None = None,
) -> Document:
    """Query a DynamoDB table.

    Parameters
    ----------
    table : str
    key_condition : str
        DynamoDB's key condition, e.g. ``"#pk = :customer AND #at > :since"``; no template.
    values : str or mapping, optional
        The values of the placeholders that begin with ``:``, as an object or as JSON text, which may be a template.
        Plain (``{":customer": "C-1"}``) or with their types (``{":customer": {"S": "C-1"}}``).
    names : str or mapping, optional
        The names of the placeholders that begin with ``#``.
    filter : str, optional
        DynamoDB's filter over other attributes, applied after the key condition.
    projection : sequence of str, optional
        Which attributes of each item, e.g. ``["#pk", "#at"]``.
    region : str, default "us-east-1"
    page_size : int, optional
        Records a page; left out, the pull decides.
    members : mapping, optional
        Further members in the vendor's spelling, e.g. ``{"transform": …}``.

    Examples
    --------
    >>> export = celigo.build.dynamodb_export("orders", "#c = :c", values={":c": "C-1"}, names={"#c": "customer"})
    >>> export.to_dict()["dynamodb"]["expressionAttributeValues"]
    '{":c": "C-1"}'
    """
    checks = Checks("dynamodb_export")
    checks.text("dynamodb.tableName", table)
    checks.text("dynamodb.region", region)
    checks.expression("dynamodb.keyConditionExpression", key_condition, required=True)
    checks.expression("dynamodb.filterExpression", filter)
    if projection is not None and (isinstance(projection, str) or not all(isinstance(one, str) for one in projection)):
        checks.add("dynamodb.projectionExpression", f"got {shown(projection)}; expected a list of names")
    texts = {
        "keyConditionExpression": key_condition,
        "filterExpression": filter,
        "projectionExpression": None if projection is None else list(projection),
        "expressionAttributeNames": checks.json_text("dynamodb.expressionAttributeNames", names, Mapping),
        "expressionAttributeValues": checks.json_text("dynamodb.expressionAttributeValues", values, Mapping),
    }
    given = {name: text for name, text in texts.items() if text is not None}
    return _export(checks, {"dynamodb": {"region": region, "method": "query", "tableName": table, **given}}, page_size,
                   members)  # fmt: skip


def mongodb_export(
    collection: str,
    *,
    filter: str | Mapping[str, Any] | None = None,
    projection: str | Mapping[str, Any] | None = None,
    pipeline: str | Sequence[Mapping[str, Any]] | None = None,
    read_preference: str | None = None,
    page_size: int | None = None,
    members: Mapping[str, Any] | None = None,
) -> Document:
    """Read documents of a MongoDB collection.

    Parameters
    ----------
    collection : str
    filter : str or mapping, optional
        Which documents: MongoDB's filter, as an object or as JSON text, which may be a template. A date is
        ``{"$date": "2024-05-01T00:00:00.000Z"}``, an ObjectId ``{"$oid": "…"}``: a text finds neither.
    projection : str or mapping, optional
        Which members of each, in the same forms.
    pipeline : str or sequence of mapping, optional
        Stages of an aggregation, in place of `filter` and `projection`.
    read_preference : str, optional
        From which members of a replica set to read, e.g. ``"secondaryPreferred"``; left out, from the primary.
    page_size : int, optional
        Records a page; left out, the pull decides.
    members : mapping, optional
        Further members in the vendor's spelling, e.g. ``{"transform": …}``.

    Examples
    --------
    >>> celigo.build.mongodb_export("orders", filter={"status": "open"}).to_dict()["mongodb"]
    {'method': 'find', 'collection': 'orders', 'filter': '{"status": "open"}'}
    """
    checks = Checks("mongodb_export")
    checks.text("mongodb.collection", collection)
    if pipeline is not None and (filter is not None or projection is not None):
        checks.add("mongodb.pipeline", "give either pipeline, or filter and projection")
    if read_preference is not None:
        checks.choice("mongodb.readPreference", read_preference, _READ_PREFERENCES)
    texts = {
        "filter": checks.json_text("mongodb.filter", filter, Mapping),
        "projection": checks.json_text("mongodb.projection", projection, Mapping),
        "pipeline": checks.json_text("mongodb.pipeline", pipeline, list, tuple),
        "readPreference": read_preference,
    }
    given = {name: text for name, text in texts.items() if text is not None}
    block = {"method": "find", "collection": collection, **given}
    return _export(checks, {"mongodb": block}, page_size, members)


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
