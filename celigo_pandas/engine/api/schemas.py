"""JSON Schemas of the bodies, for ``/openapi.json``.

They say what the documents look like, not all that a source may refuse: loose where the API is loose. Source: the
vendor's documentation and published schemas, as far as the engine reads the members.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["BODIES", "COMPONENTS", "answer_schema"]

_TEXT = {"type": "string"}
_NAME = {"type": "string", "minLength": 1, "maxLength": 100}
_RECORD = {"type": ["object", "array"]}
_SETTINGS = {"type": ["object", "null"]}
_SCALAR = {"type": ["string", "number", "boolean"], "minLength": 1}
"""Connections take numbers and booleans where text is meant, as the platform does."""


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


_SQLITE = _object(["type", "database"], type={"const": "sqlite"}, database=_SCALAR)
_HTTP = _object(
    ["baseURI", "mediaType"],
    baseURI=_SCALAR,
    mediaType={"enum": ["json", "xml", "urlencoded"]},
    auth={"description": "An object: type basic, token, oauth, … and its block; custom needs none."},
)


def _connections(*required: str) -> dict[str, Any]:
    return {
        "description": "A connection. Types and members beyond these are documented by the vendor and stored as given.",
        "oneOf": [
            _object(
                [*required, "type", kind],
                name={**_SCALAR, "maxLength": 100},
                type={"const": kind},
                settings={},
                **{kind: block},
            )
            for kind, block in (("rdbms", _SQLITE), ("http", _HTTP))
        ],
    }


_MAPPER_1 = {"type": ["object", "null"], "description": "Mapper 1.0: fields and lists; or mappings, 2.0."}

_EXPORT = _object(
    ["mockOutput"],
    pageSize={"type": ["integer", "null"], "minimum": 1, "maximum": 1_000_000},
    settings=_SETTINGS,
    groupByFields={"type": ["array", "null"], "items": _TEXT},
    mockOutput=_object(
        ["page_of_records"],
        page_of_records={"type": "array", "items": _object(["record"], record=_RECORD)},
    ),
)
_EXPORT["description"] = (
    "An export. A block of the connection's type says what is read (rdbms.query, http.relativeURI, …). mockOutput "
    "answers for systems that the local engine has no adaptor for; systems that it has are read, mockOutput or not."
)

_IMPORT = _object(
    ["mockResponse"],
    settings=_SETTINGS,
    mapping=_MAPPER_1,
    mockResponse={"type": "array", "items": {"type": "object"}},
)
_IMPORT["description"] = (
    "An import. A block of the connection's type says what is written (rdbms.query, http.relativeURI, …). mockResponse "
    "answers for systems that the local engine has no adaptor for."
)

_ENVELOPE = _object(
    ["errors"],
    errors={
        "type": "array",
        "minItems": 1,
        "items": _object(
            ["code", "message"], code=_TEXT, message=_TEXT, field={**_TEXT, "description": "Dotted path."}, source=_TEXT
        ),
    },
)

COMPONENTS: Mapping[str, Any] = {
    "Connection": _connections("name"),
    "UnsavedConnection": _connections(),
    "Export": _EXPORT,
    "Import": _IMPORT,
    "Mapping": _object([], settings=_SETTINGS, mapping=_MAPPER_1),
    "Records": {"type": "array", "items": _RECORD},
    "Data": {"type": ["array", "object"], "items": _RECORD, "description": "Records, or one record."},
    "Errors": _ENVELOPE,
    "PagedExportState": {
        "type": "object",
        "description": "Opaque: send the last one back verbatim, with the same export.",
        "required": ["sig"],
        "properties": {"done": {"type": "boolean"}, "issuedAt": {"type": "integer"}, "sig": _TEXT},
    },
    "Page": _object(
        ["data", "dataURIs"],
        data={"type": "array", "items": {"type": ["object", "array"]}},
        dataURIs={"type": "array", "items": {"type": ["string", "null"]}},
        errors={"type": "array"},
        pagedExportState=_ref("PagedExportState"),
    ),
    "ImportResults": {"type": "array", "items": _object(["statusCode"], statusCode={"type": "integer"})},
    "Patch": {
        "type": "array",
        "minItems": 1,
        "description": "Also remove. Paths beyond /name: see the vendor's documentation; a refusal lists those taken.",
        "items": _object(
            ["op", "path", "value"], op={"enum": ["replace", "add"]}, path={"const": "/name"}, value=_NAME
        ),
    },
    "Document": _object(["_id", "name"], _id={"type": "string", "pattern": "^[0-9a-f]{24}$"}),
    "Ping": _object(
        ["code"],
        code={"type": "integer"},
        errors={"type": "array"},
        checked={"type": "boolean", "description": "False: nothing was learned of the credentials."},
        reached={"type": "boolean", "description": "False: nothing was sent to the system."},
    ),
}
"""Named schemas of the description."""

_ID = {"type": "string", "pattern": "^[0-9a-f]{24}$"}


def _saved(adaptor: str, block: str) -> dict[str, Any]:
    return {
        **_object(
            ["name", "_connectionId", "adaptorType", block],
            name=_NAME,
            _connectionId=_ID,
            adaptorType={"const": adaptor},
            **{block: {"type": "object"}},
        ),
        "description": "An adaptor that fits the connection, with its block; NetSuite's stands here for all of them. "
        "What only the platform can run is stored as given, and refused when it is run here.",
    }


def _script(required: list[str], content: Mapping[str, Any]) -> dict[str, Any]:
    return _object(
        required,
        name=_NAME,
        content=content,
        description={"type": ["string", "null"], "maxLength": 1024},
        sandbox={"description": "true or false, or what can be read as one of them."},
        postResponseHookToProcessOnChildRecord={"description": "true or false, as sandbox."},
    )


BODIES: Mapping[str, Any] = {
    "connection": _ref("Connection"),
    "unsaved": _ref("UnsavedConnection"),
    "export": _saved("NetSuiteExport", "netsuite"),
    "import": _saved("NetSuiteDistributedImport", "netsuite_da"),
    "script": {**_script(["name", "content"], {**_TEXT, "minLength": 1}), "description": "JavaScript and its name."},
    "scriptReplacement": {
        **_script(["name"], {"type": ["string", "null"]}),
        "description": "What is left out is erased: the content, too.",
    },
    "importPreview": {
        "allOf": [_ref("Mapping"), _object(["_connectionId", "data"], _connectionId=_ID, data=_ref("Data"))]
    },
    "clone": _object(
        [],
        name={**_NAME, "type": ["string", "null"]},
        connectionMap={"type": ["object", "null"], "additionalProperties": _ID},
    ),
    "newConnection": _object(["_newConnectionId"], _newConnectionId=_ID),
    "metadata": {
        **_object(
            ["rdbms"],
            rdbms=_object(
                ["type"], type={"enum": ["tables", "columns"]}, tables={"type": ["array", "null"], "items": _TEXT}
            ),
            refreshCache={"type": "boolean"},
        ),
        "description": "The block bears the name of the connection's type.",
    },
    "exportPreview": {"allOf": [_ref("Export"), _object(["_connectionId"], _connectionId=_ID)]},
    "patch": _ref("Patch"),
    "virtualExport": _object(["export"], export=_ref("Export")),
    "virtualPage": _object(["export"], export=_ref("Export")),
    "virtualImport": _object(["import", "data"], data=_ref("Data"), **{"import": _ref("Import")}),
    "virtualMap": _object(["import", "data"], data=_ref("Data"), **{"import": _ref("Mapping")}),
    "records": _ref("Records"),
    "invokeExport": {"type": "object"},
    "nothing": {"description": "Not read."},
}
"""Body schemas by the name that the route table uses."""

_ANSWERS: Mapping[str, Any] = {
    "tokenInfo": _object(["_userId", "scope"], _userId=_TEXT, scope=_TEXT, engine=_TEXT),
    "pingConnection": _ref("Ping"),
    "pingConnectionByPost": _ref("Ping"),
    "testConnection": _ref("Ping"),
    "pingVirtualConnection": _ref("Ping"),
    "virtualExport": _ref("Page"),
    "virtualExportPage": _ref("Page"),
    "previewExport": _ref("Page"),
    "invokeExport": _ref("Page"),
    "virtualImport": _ref("ImportResults"),
    "invokeImport": _ref("ImportResults"),
    "virtualImportMap": {"type": "array"},
    "previewImport": _object(["data", "stages"], data={"type": "array"}, stages={"type": "array"}),
    "getMetadata": {"type": "array", "items": {"type": "object"}},
    "getAudit": {"type": "array", "items": {"type": "object"}},
    "getExportAudit": {"type": "array", "items": {"type": "object"}},
    "getImportAudit": {"type": "array", "items": {"type": "object"}},
    "getScriptAudit": {"type": "array", "items": {"type": "object"}},
    "getScriptLogs": _object(["logs"], logs={"type": "array", "items": {"type": "object"}}, nextPageURL=_TEXT),
    "getScriptDependencies": {"type": "object"},
    "getDependencies": {"type": "object"},
    "getExportDependencies": {"type": "object"},
    "getImportDependencies": {"type": "object"},
    "getDependenciesPlural": {"type": "object"},
    "authorize": _object(["authorizationURL"], authorizationURL=_TEXT),
    "authorizePlural": _object(["authorizationURL"], authorizationURL=_TEXT),
}


def answer_schema(name: str) -> dict[str, Any]:
    """Return the schema of a route's successful JSON answer."""
    if name in _ANSWERS:
        return dict(_ANSWERS[name])
    if name.startswith("list"):
        return {"type": "array", "items": {"type": "object", "required": ["_id"]}}
    return _ref("Document")
