"""Builders of imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from celigo_pandas.builders.checked_document import FILE_PLACES, FILE_TYPES, HTTP_METHODS, Checks, Document
from celigo_pandas.errors import HintWarning, shown
from celigo_pandas.frames.notices import notify_once
from celigo_pandas.mapping import compile_mapping
from celigo_pandas.mapping.explain.traps import find_traps, trap_texts

__all__ = ["dynamodb_import", "file_import", "http_import", "mongodb_import", "sql_import"]

_DYNAMODB_METHODS = ("putItem", "updateItem")
_MONGODB_METHODS = ("insertMany", "updateOne")
_SQL_QUERY_TYPES = ("per_record", "per_page", "first_page")


def sql_import(
    query: str | None = None,
    *,
    table: str | None = None,
    query_type: str = "per_record",
    mapping: object = None,
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
    lookups : sequence of mapping, optional
        Lookups of the mapping, in the vendor's spelling.
    members : mapping, optional
        Further members of the document in the vendor's spelling.

    Examples
    --------
    >>> celigo.build.sql_import("insert into t values ({{record.id}})").to_dict()["rdbms"]["queryType"]
    ['per_record']
    """
    checks = Checks("sql_import")
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
    mapping: object = None,
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
    method : str, default "POST"
    headers : mapping of str to str, optional
    mapping : object, optional
        Mapper 2.0 rules (list), a Mapper 1.0 object (dict), or a :class:`celigo_pandas.Mapping`.
    lookups : sequence of mapping, optional
        Lookups of the mapping, in the vendor's spelling.
    members : mapping, optional
        Further members of the document in the vendor's spelling.

    Examples
    --------
    >>> celigo.build.http_import("/orders", mapping=celigo.Mapping().set("id", "$.id")).to_dict()["http"]
    {'method': ['POST'], 'relativeURI': ['/orders']}
    """
    checks = Checks("http_import")
    checks.text("http.relativeURI", path)
    checks.choice("http.method", method, HTTP_METHODS)
    checks.texts(
        {"http.body": body, "http.response.resourcePath": resource_path, "http.response.resourceIdPath": id_path}
    )
    http: dict[str, Any] = {"method": [method], "relativeURI": [path]}
    if body is not None:
        http["body"] = [body]
    if headers:
        http["headers"] = checks.headers(headers)
    if batch_size is not None:
        batch_size = http["batchSize"] = checks.positive("http.batchSize", batch_size)
        if batch_size > 1 and resource_path is None:
            checks.add("http.response.resourcePath", "a batch of more than one record needs resource_path")
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
    mapping: object = None,
    lookups: Sequence[Mapping[str, Any]] = (),
    members: Mapping[str, Any] | None = None,
) -> Document:
    """Write all records of one call into one file.

    Parameters
    ----------
    file_name : str
        A template, e.g. ``"orders-{{timestamp 'YYYYMMDDHHmmss'}}.csv"``; without a format the time has colons, which
        Windows refuses in names.
    directory : str, default "/"
        Directory (ftp, filesystem) or key prefix (s3).
    type : {"csv", "json", "xlsx", "xml"}
    place : {"ftp", "s3", "filesystem"}
        Which block the connection needs.
    bucket, region : str, optional
        For s3.
    csv : mapping, optional
        The ``file.csv`` block, e.g. ``{"columnDelimiter": ";"}``.
    mapping : object, optional
        Mapper 2.0 rules (list), a Mapper 1.0 object (dict), or a :class:`celigo_pandas.Mapping`.
    lookups : sequence of mapping, optional
        Lookups of the mapping, in the vendor's spelling.
    members : mapping, optional
        Further members of the document in the vendor's spelling.

    Examples
    --------
    >>> celigo.build.file_import("orders.csv", directory="/in").to_dict()["file"]
    {'fileName': 'orders.csv', 'type': 'csv'}
    """
    checks = Checks("file_import")
    checks.choice("file.type", type, FILE_TYPES)
    checks.choice("place", place, FILE_PLACES)
    checks.text("file.fileName", file_name)
    file: dict[str, Any] = {"fileName": file_name, "type": type}
    if csv is not None:
        file["csv"] = checks.members("file.csv", csv)
    found = checks.place(place, directory, bucket, region)
    found["fileKey" if place == "s3" else "fileName"] = (
        f"{str(directory).strip('/')}/{file_name}".lstrip("/") if place == "s3" else file_name
    )
    return _import(checks, {"file": file, place: found}, mapping, lookups, members)


def dynamodb_import(
    table: str,
    *,
    method: str = "putItem",
    item: str | Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    sort_key: str | None = None,
    update: str | None = None,
    condition: str | None = None,
    values: str | Mapping[str, Any] | None = None,
    names: str | Mapping[str, str] | None = None,
    region: str = "us-east-1",
    mapping: object = None,
    lookups: Sequence[Mapping[str, Any]] = (),
    members: Mapping[str, Any] | None = None,
) -> Document:
    """Put or update items of a DynamoDB table.

    Parameters
    ----------
    table : str
    method : {"putItem", "updateItem"}
    item : str or mapping, optional
        What is put for a record, a template of JSON with plain values; left out, the mapped record.
    partition_key, sort_key : str, optional
        Which item a record updates: templates of the keys' values.
    update : str, optional
        DynamoDB's update expression, e.g. ``"SET #n = :n"``; no template.
    condition : str, optional
        DynamoDB's condition, without which nothing is written, e.g. ``"attribute_not_exists(id)"``; no template.
    values : str or mapping, optional
        The values of the placeholders that begin with ``:``, a template of JSON, e.g. ``{":n": "{{record.n}}"}``.
    names : str or mapping, optional
        The names of the placeholders that begin with ``#``.
    region : str, default "us-east-1"
    mapping : object, optional
        Mapper 2.0 rules (list), a Mapper 1.0 object (dict), or a :class:`celigo_pandas.Mapping`.
    lookups : sequence of mapping, optional
        Lookups of the mapping, in the vendor's spelling.
    members : mapping, optional
        Further members of the document in the vendor's spelling.

    Examples
    --------
    >>> celigo.build.dynamodb_import("orders", condition="attribute_not_exists(id)").to_dict()["dynamodb"]["method"]
    'putItem'
    """
    checks = Checks("dynamodb_import")
    checks.text("dynamodb.tableName", table)
    checks.text("dynamodb.region", region)
    checks.choice("dynamodb.method", method, _DYNAMODB_METHODS)
    checks.expression("dynamodb.conditionExpression", condition)
    updates = {"partitionKey": partition_key, "sortKey": sort_key, "updateExpression": update}
    checks.texts({f"dynamodb.{name}": text for name, text in updates.items()})
    if method == "updateItem":
        checks.text("dynamodb.partitionKey", partition_key)
        checks.expression("dynamodb.updateExpression", update, required=True)
    unused = {"itemDocument": item} if method == "updateItem" else updates
    for name, value in unused.items():
        if value is not None:
            checks.add(f"dynamodb.{name}", f"{method} has no {name}")
    texts = {
        **updates,
        "itemDocument": checks.json_text("dynamodb.itemDocument", item, Mapping),
        "conditionExpression": condition,
        "expressionAttributeNames": checks.json_text("dynamodb.expressionAttributeNames", names, Mapping),
        "expressionAttributeValues": checks.json_text("dynamodb.expressionAttributeValues", values, Mapping),
    }
    block = {"region": region, "method": method, "tableName": table}
    block |= {name: text for name, text in texts.items() if text is not None}
    return _import(checks, {"dynamodb": block}, mapping, lookups, members)


def mongodb_import(
    collection: str,
    *,
    method: str = "insertMany",
    document: str | Mapping[str, Any] | None = None,
    filter: str | Mapping[str, Any] | None = None,
    update: str | Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    upsert: bool = False,
    mapping: object = None,
    lookups: Sequence[Mapping[str, Any]] = (),
    members: Mapping[str, Any] | None = None,
) -> Document:
    """Write documents of a MongoDB collection.

    Parameters
    ----------
    collection : str
    method : {"insertMany", "updateOne"}
    document : str or mapping, optional
        What is inserted for a record, a template of JSON, e.g. ``{"at": {"$date": "{{record.at}}"}}``; left out, the
        mapped record.
    filter : str or mapping, optional
        Which document a record updates, a template of JSON, e.g. ``{"sku": "{{record.sku}}"}``.
    update : str, mapping or sequence of mapping, optional
        What is done to it: operators (``{"$set": …}``), stages of a pipeline, or the whole new document.
    upsert : bool, default False
        Insert where no document is found.
    mapping : object, optional
        Mapper 2.0 rules (list), a Mapper 1.0 object (dict), or a :class:`celigo_pandas.Mapping`.
    lookups : sequence of mapping, optional
        Lookups of the mapping, in the vendor's spelling.
    members : mapping, optional
        Further members of the document in the vendor's spelling.

    Examples
    --------
    >>> celigo.build.mongodb_import("orders").to_dict()["mongodb"]
    {'method': 'insertMany', 'collection': 'orders'}
    """
    checks = Checks("mongodb_import")
    checks.text("mongodb.collection", collection)
    checks.choice("mongodb.method", method, _MONGODB_METHODS)
    texts = {
        "document": checks.json_text("mongodb.document", document, Mapping),
        "filter": checks.json_text("mongodb.filter", filter, Mapping),
        "update": checks.json_text("mongodb.update", update, Mapping, list, tuple),
    }
    wanted, unused = (("filter", "update"), ("document",)) if method == "updateOne" else ((), ("filter", "update"))
    for name in wanted:
        checks.text(f"mongodb.{name}", texts[name])
    for name in unused:
        if texts[name] is not None:
            checks.add(f"mongodb.{name}", f"{method} has no {name}")
    block: dict[str, Any] = {"method": method, "collection": collection}
    block |= {name: text for name, text in texts.items() if text is not None}
    if upsert:
        block["upsert"] = True
        if method != "updateOne":
            checks.add("mongodb.upsert", f"{method} has no upsert")
    return _import(checks, {"mongodb": block}, mapping, lookups, members)


def _import(
    checks: Checks,
    document: dict[str, Any],
    mapping: object,
    lookups: Sequence[Mapping[str, Any]],
    members: Mapping[str, Any] | None,
) -> Document:
    if not isinstance(lookups, (list, tuple)):
        checks.add("lookups", f"got {shown(lookups)}; expected a list of lookups")
    elif lookups:
        document["lookups"] = [checks.members(f"lookups[{place}]", lookup) for place, lookup in enumerate(lookups)]
    if isinstance(mapping, Mapping):
        document["mapping"] = dict(mapping)
    elif isinstance(mapping, (list, tuple)):
        document["mappings"] = list(mapping)
    elif hasattr(mapping, "to_import"):
        document = mapping.to_import(document)
    elif mapping is not None:
        checks.add("mapping", f"got {shown(mapping)}; expected Mapper 2.0 rules, a Mapper 1.0 object or a Mapping")
    made = checks.finish(document, members)
    for text in trap_texts(find_traps(compile_mapping(made), made, None), None, as_call=False):
        notify_once(text, HintWarning)
    return made
