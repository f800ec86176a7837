"""An example body for every route that takes one; the Postman collection sends them, and they work.

The collection's HTTP connection leads to the engine itself, the one REST service that is surely there: it lists
connections as an export, and saves export documents as an import. ``{{name}}`` is a Postman variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["EXAMPLES", "SYSTEMS", "System"]

_CONNECTION: dict[str, Any] = {
    "name": "This engine",
    "type": "http",
    "http": {
        "baseURI": "{{baseUrl}}/v1",
        "mediaType": "json",
        "auth": {"type": "token", "token": {"token": "{{token}}", "location": "header", "scheme": "Bearer"}},
        "ping": {"relativeURI": "/tokenInfo", "method": "GET"},
    },
}
_EXPORT: dict[str, Any] = {
    "name": "Connections of this engine",
    "_connectionId": "{{connectionId}}",
    "adaptorType": "HTTPExport",
    "pageSize": 50,
    "http": {"method": "GET", "relativeURI": "/connections"},
}
_IMPORT: dict[str, Any] = {
    "name": "Save exports in this engine",
    "_connectionId": "{{connectionId}}",
    "adaptorType": "HTTPImport",
    "mapping": {
        "fields": [
            {"generate": "name", "extract": "title"},
            {"generate": "_connectionId", "hardCodedValue": "{{connectionId}}"},
            {"generate": "adaptorType", "hardCodedValue": "HTTPExport"},
            {"generate": "http.method", "hardCodedValue": "GET"},
            {"generate": "http.relativeURI", "hardCodedValue": "/connections"},
        ]
    },
    "http": {"method": ["POST"], "relativeURI": ["/exports"], "requestMediaType": "json"},
}
_SCRIPT: dict[str, Any] = {
    "name": "Titles without blanks",
    "description": "A hook before the mapping.",
    "content": "function preMap(options) {\n"
    "  return options.data.map((record) => ({data: {...record, title: record.title.trim()}}));\n"
    "}\n",
}
_RECORDS = [{"title": "Saved by an import"}, {"title": "Saved by the same import"}]


def _virtual(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in {"name", "_connectionId"}}


EXAMPLES: Mapping[str, Any] = {
    "createConnection": _CONNECTION,
    "replaceConnection": _CONNECTION,
    "patchConnection": [{"op": "replace", "path": "/debugDate", "value": "2099-01-01T00:00:00.000Z"}],
    "pingConnectionByPost": {},
    "testConnection": {},
    "pingVirtualConnection": _CONNECTION,
    "virtualExport": {"export": _virtual(_EXPORT)},
    "virtualExportPage": {"export": _virtual(_EXPORT)},
    "virtualImport": {"import": _virtual(_IMPORT), "data": _RECORDS},
    "virtualImportMap": {"import": _virtual(_IMPORT), "data": _RECORDS},
    "getMetadata": {"rdbms": {"type": "columns", "tables": ["flights"]}, "refreshCache": True},
    "purgeMessages": {},
    "previewExport": _EXPORT,
    "createExport": _EXPORT,
    "replaceExport": {**_EXPORT, "pageSize": 20},
    "patchExport": [{"op": "replace", "path": "/name", "value": "Connections, renamed"}],
    "invokeExport": {},
    "cloneExport": {"name": "Connections, a second time", "connectionMap": {}},
    "replaceExportConnection": {"_newConnectionId": "{{connectionId}}"},
    "previewImport": {**_IMPORT, "data": _RECORDS},
    "createImport": _IMPORT,
    "replaceImport": _IMPORT,
    "patchImport": [{"op": "replace", "path": "/name", "value": "Exports, renamed"}],
    "invokeImport": _RECORDS,
    "cloneImport": {},
    "replaceImportConnection": {"_newConnectionId": "{{connectionId}}"},
    "createScript": _SCRIPT,
    "replaceScript": _SCRIPT,
    "patchScript": [{"op": "replace", "path": "/name", "value": "Titles, trimmed"}],
}
"""By the route's name."""


@dataclass(frozen=True, slots=True)
class System:
    """An outer system in the collection: a connection to fill in, what is read of it, and what records become.

    Parameters
    ----------
    name : str
    connection : mapping
        Its document.
    export_doc : mapping
        Answered with 422 where the system is not there.
    import_doc : mapping
        Mapped only: that needs no system.
    records : list
        What is mapped.
    """

    name: str
    connection: Mapping[str, Any]
    export_doc: Mapping[str, Any]
    import_doc: Mapping[str, Any]
    records: list[dict[str, Any]]


SYSTEMS: tuple[System, ...] = (
    System(
        "S3",
        {
            "name": "S3, an example",
            "type": "s3",
            "s3": {
                "accessKeyId": "AKIDEXAMPLE",
                "secretAccessKey": "an example",
                "pingBucket": "shop",
                "endpoint": "http://127.0.0.1:9000",
            },
        },
        {
            "pageSize": 500,
            "s3": {"region": "eu-west-1", "bucket": "shop", "keyStartsWith": "out/", "keyEndsWith": ".csv"},
            "file": {"type": "csv", "skipDelete": True},
        },
        {
            "mapping": {"fields": [{"generate": "sku", "extract": "code"}, {"generate": "qty", "extract": "count"}]},
            "s3": {"region": "eu-west-1", "bucket": "shop", "fileKey": "in/stock-{{timestamp 'YYYYMMDDHHmmss'}}.csv"},
            "file": {"type": "csv"},
        },
        [{"code": "A1", "count": 2}, {"code": "B2", "count": 5}],
    ),
    System(
        "DynamoDB",
        {
            "name": "DynamoDB, an example",
            "type": "dynamodb",
            "dynamodb": {
                "aws": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "an example"},
                "endpoint": "http://127.0.0.1:8000",
            },
        },
        {
            "pageSize": 500,
            "dynamodb": {
                "region": "eu-west-1",
                "method": "query",
                "tableName": "orders",
                "keyConditionExpression": "#customer = :customer AND #at > :since",
                "expressionAttributeNames": '{"#customer": "customer", "#at": "updatedAt"}',
                "expressionAttributeValues": '{":customer": "C-1", ":since": "{{lastExportDateTime}}"}',
            },
        },
        {
            "mapping": {"fields": [{"generate": "sku", "extract": "code"}, {"generate": "qty", "extract": "count"}]},
            "dynamodb": {
                "region": "eu-west-1",
                "method": "updateItem",
                "tableName": "stock",
                "partitionKey": "{{{record.sku}}}",
                "updateExpression": "SET #qty = :qty",
                "expressionAttributeNames": '{"#qty": "qty"}',
                "expressionAttributeValues": '{":qty": {"N": "{{record.qty}}"}}',
            },
        },
        [{"code": "A1", "count": 2}, {"code": "B2", "count": 5}],
    ),
    System(
        "MongoDB",
        {
            "name": "MongoDB, an example",
            "type": "mongodb",
            "mongodb": {
                "host": ["127.0.0.1:27017"],
                "database": "shop",
                "username": "reader",
                "password": "an example",
            },
        },
        {
            "pageSize": 500,
            "mongodb": {
                "method": "find",
                "collection": "orders",
                "filter": '{"updatedAt": {"$gt": {"$date": "{{lastExportDateTime}}"}}}',
                "projection": '{"_id": 1, "status": 1}',
            },
        },
        {
            "mapping": {"fields": [{"generate": "sku", "extract": "code"}, {"generate": "qty", "extract": "count"}]},
            "mongodb": {
                "method": "updateOne",
                "collection": "stock",
                "filter": '{"sku": "{{record.sku}}"}',
                "update": '{"$set": {"qty": {{record.qty}} }}',
                "upsert": True,
            },
        },
        [{"code": "A1", "count": 2}, {"code": "B2", "count": 5}],
    ),
)
"""Systems that the collection's reader has to fill in; the requests run without them, and say what is missing."""
