"""What an ExportForm asks for, by the type of its connection: the common members of the export model.

What is not here is edited in the model itself, which the form shows beside these fields.
Source: the vendor's export schemas (celigo/ai, MIT), see ``docs/wire.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.documents.connection_fields import ConnectionField as F
from celigo_pandas.documents.connection_fields import has, one_of

__all__ = ["ADAPTORS", "export_fields", "starting_export"]

ADAPTORS = {
    "http": "HTTPExport",
    "rest": "RESTExport",
    "rdbms": "RDBMSExport",
    "jdbc": "JDBCExport",
    "ftp": "FTPExport",
    "s3": "S3Export",
    "filesystem": "FileSystemExport",
    "mongodb": "MongodbExport",
    "dynamodb": "DynamodbExport",
    "netsuite": "NetSuiteExport",
    "salesforce": "SalesforceExport",
    "wrapper": "WrapperExport",
    "as2": "AS2Export",
}
"""Export adaptor of each connection type; the id in the URL rules, so the member itself may be left out."""

_PAGING = ("page", "skip", "token", "url", "linkheader", "relativeuri", "body")


def _http(at: str) -> tuple[F, ...]:
    posting = (one_of(f"{at}.method", "POST", "PUT", "PATCH"),)
    paging = f"{at}.paging.method"
    return (
        F(f"{at}.method", "Method", "choice", choices=("GET", "POST", "PUT"), default="GET", required=True),
        F(f"{at}.relativeURI", "Path", help="Below the connection's base URL; a template.", required=True),
        F(f"{at}.body", "Body", multiline=True, when=posting),
        F(f"{at}.headers", "Headers", "pairs", group="More"),
        F(f"{at}.response.resourcePath", "Path of the records", help="e.g. data.items; empty: the answer itself."),
        F(paging, "Paging", "choice", choices=_PAGING),
        F(f"{at}.paging.page", "First page", "number", default=0, when=(one_of(paging, "page"),)),
        F(f"{at}.paging.skip", "First skip", "number", default=0, when=(one_of(paging, "skip"),)),
        F(f"{at}.paging.path", "Path of the next token or URL", when=(one_of(paging, "token", "url"),)),
        F(f"{at}.paging.relativeURI", "Next path", help="A template.", when=(one_of(paging, "relativeuri"),)),
        F(f"{at}.paging.body", "Next body", multiline=True, when=(one_of(paging, "body"),)),
        F(f"{at}.paging.maxPagePath", "Path of the last page", when=(one_of(paging, "page"),), group="More"),
        F(f"{at}.paging.lastPagePath", "Path that tells the end", when=(has(paging),), group="More"),
        F(f"{at}.successMediaType", "Answer", "choice", choices=("json", "xml", "csv", "plaintext"), group="More"),
    )


def _files(at: str, *places: F) -> tuple[F, ...]:
    csv = (one_of("file.type", "csv"),)
    return (
        *places,
        F("file.type", "File type", "choice", choices=("csv", "json", "xlsx", "xml"), required=True),
        F("file.skipDelete", "Keep the files", "boolean", default=False,
          help="Without it a file is deleted from its source once it was read."),
        F("file.csv.columnDelimiter", "Column delimiter", default=",", when=csv),
        F("file.csv.hasHeaderRow", "Has a header row", "boolean", default=True, when=csv),
        F("file.json.resourcePath", "Path of the records", when=(one_of("file.type", "json"),)),
        F("file.xml.resourcePath", "XPath of the records", required=True, when=(one_of("file.type", "xml"),)),
        F("file.encoding", "Encoding", "choice", group="More",
          choices=("utf8", "win1252", "utf-16le", "gb18030", "macroman", "iso88591", "shiftjis")),
        F("file.compressionFormat", "Compression", "choice", choices=("gzip", "zip"), group="More"),
    )  # fmt: skip


_FIELDS: dict[str, tuple[F, ...]] = {
    "http": _http("http"),
    "rest": _http("rest"),
    "rdbms": (F("rdbms.query", "Query", multiline=True, required=True,
                help="SQL; a template, in which {{x}} is quoted and {{{x}}} is not."),),
    "jdbc": (F("jdbc.query", "Query", multiline=True, required=True),),
    "ftp": _files("ftp", F("ftp.directoryPath", "Folder", required=True), F("ftp.fileNameStartsWith", "Name starts"),
                  F("ftp.fileNameEndsWith", "Name ends")),
    "s3": _files("s3", F("s3.region", "Region", default="us-east-1", required=True),
                 F("s3.bucket", "Bucket", required=True), F("s3.keyStartsWith", "Key starts"),
                 F("s3.keyEndsWith", "Key ends"),
                 F("s3.backupBucket", "Backup bucket", help="Where read files are moved.", group="More"),
                 F("s3.keyPrefix", "Backup prefix", help="A template; the file's name follows.", group="More",
                   when=(has("s3.backupBucket"),))),
    "filesystem": _files("filesystem", F("filesystem.directoryPath", "Folder", required=True)),
    "mongodb": (F("mongodb.method", "Method", "choice", choices=("find",), default="find", required=True),
                F("mongodb.collection", "Collection", required=True),
                F("mongodb.filter", "Filter", multiline=True,
                  help='JSON text, a template; dates are {"$date": "…"}, ids {"$oid": "…"}.'),
                F("mongodb.projection", "Projection", help="JSON text."),
                F("mongodb.pipeline", "Pipeline", multiline=True,
                  help="JSON text of a list of stages, in place of filter and projection.", group="More"),
                F("mongodb.readPreference", "Read preference", "choice", group="More",
                  choices=("doNotOverride", "primary", "primaryPreferred", "secondary", "secondaryPreferred",
                           "nearest"))),
    "dynamodb": (F("dynamodb.region", "Region", default="us-east-1", required=True),
                 F("dynamodb.tableName", "Table", required=True),
                 F("dynamodb.keyConditionExpression", "Key condition", required=True, help="e.g. #pk = :customer"),
                 F("dynamodb.expressionAttributeNames", "Names", help='JSON text: {"#pk": "customerId"}.'),
                 F("dynamodb.expressionAttributeValues", "Values", multiline=True,
                   help='JSON text, a template: {":customer": "C-1"}.'),
                 F("dynamodb.filterExpression", "Filter", group="More"),
                 F("dynamodb.projectionExpression", "Attributes", "texts", help="Names such as #pk.", group="More")),
    "netsuite": (F("netsuite.type", "Kind", choices=("search", "restlet", "suiteql"), required=True),
                 F("netsuite.searches", "Searches", "json", help="List of {recordType, savedSearchId}."),
                 F("netsuite.restlet", "RESTlet", "json"),
                 F("netsuite.skipGrouping", "One record a row", "boolean")),
    "salesforce": (F("salesforce.type", "Kind", choices=("soql",), default="soql"),
                   F("salesforce.soql.query", "SOQL", multiline=True, required=True)),
    "wrapper": (F("wrapper.function", "Function", required=True), F("wrapper.configuration", "Configuration", "json")),
}  # fmt: skip

_COMMON: tuple[F, ...] = (
    F("type", "Export kind", "choice", choices=("delta", "test"), group="More", accepts=("once",),
      help="Empty: everything."),
    F("delta.startDate", "Changed since", help="ISO time, the first lower bound.", when=(one_of("type", "delta"),),
      group="More"),
    F("test.limit", "Test rows", "number", minimum=1, maximum=100, when=(one_of("type", "test"),), group="More"),
    F("filter", "Output filter", "json", group="More"),
    F("transform", "Transform", "json", group="More"),
)  # fmt: skip


def export_fields(kind: str, doc: Mapping[str, Any]) -> tuple[F, ...]:
    """Return the fields that apply to an export document of a connection of that type."""
    return tuple(row for row in (*_FIELDS.get(kind, ()), *_COMMON) if row.is_shown(doc))


def starting_export(kind: str) -> dict[str, Any]:
    """Return the document that a new form starts with; one that reads files keeps them."""
    if kind in ("http", "rest"):
        return {kind: {"method": "GET", "relativeURI": ""}}
    if kind in ("ftp", "s3", "filesystem"):
        return {kind: {}, "file": {"type": "csv", "skipDelete": True}}
    return {kind: {}} if kind in ADAPTORS else {}
