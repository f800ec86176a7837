"""``/postman.json``: the route table as a Postman collection that runs from its first request to its last.

Each request has its example body and a test of its success code; ids that answers give are kept in variables. The
documented NetSuite search is among them: 822 records at page size 5, 165 pages, from ``mockOutput``.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable
from typing import Any

from celigo_pandas.engine.api.examples import EXAMPLES, SYSTEMS, System
from celigo_pandas.engine.api.routes import Route

__all__ = ["describe_postman"]

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

_KEEPS = {
    "createConnection": "connectionId",
    "createExport": "exportId",
    "createImport": "importId",
    "createScript": "scriptId",
}

_ORDER = (
    "tokenInfo createConnection listConnections getConnection replaceConnection patchConnection pingConnection "
    "pingConnectionByPost testConnection pingVirtualConnection virtualExport virtualExportPage virtualImport "
    "virtualImportMap getDebugLog getResourceDebugLog getAudit getDependencies getDependenciesPlural authorize "
    "authorizePlural getMetadata purgeMessages clearDebugLog previewExport createExport listExports getExport "
    "replaceExport patchExport invokeExport cloneExport replaceExportConnection getExportAudit getExportDependencies "
    "previewImport createImport listImports getImport replaceImport patchImport invokeImport cloneImport "
    "replaceImportConnection getImportAudit getImportDependencies deleteImport deleteExport "
    "createScript listScripts getScript replaceScript patchScript getScriptLogs getScriptAudit getScriptDependencies "
    "deleteScript"
).split()
"""As a story: what a request needs, an earlier one made. ``deleteConnection`` comes last."""

_EXPECTED = {"authorize": 422, "authorizePlural": 422, "getMetadata": 422, "deleteConnection": 422}
"""What the story's state refuses: no OAuth, no database, exports that the import saved."""

_NETSUITE = {
    "name": "NetSuite production",
    "type": "netsuite",
    "netsuite": {
        "authType": "token",
        "account": "TSTDRV1234567",
        "environment": "production",
        "tokenId": "an example",
        "tokenSecret": "an example",
        "wsdlVersion": "2020.2",
    },
}
_SEARCH = {
    "export": {
        "asynchronous": True,
        "pageSize": 5,
        "netsuite": {
            "type": "search",
            "searches": [{"recordType": "customRecord", "savedSearchId": "131298"}],
            "skipGrouping": True,
        },
        "mockOutput": {"page_of_records": "{{netsuiteRecords}}"},
    }
}


def describe_postman(routes: Iterable[Route], url: str) -> dict[str, Any]:
    """Return the collection; it holds the engine's URL and an empty token to fill in."""
    by_name = {route.name: route for route in routes if not route.is_open}
    names = [name for name in _ORDER if name in by_name]
    rest = [name for name in by_name if name not in names and name != "deleteConnection"]
    items = [_item(by_name[name]) for name in (*names, *rest)]
    items += _netsuite_search()
    for system in SYSTEMS:
        items += _system(system)
    if "deleteConnection" in by_name:
        items.append(_item(by_name["deleteConnection"]))
    return {
        "info": {"name": "celigo_pandas local engine", "schema": _SCHEMA},
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [
            {"key": "baseUrl", "value": url},
            {"key": "token", "value": ""},
            *(
                {"key": name, "value": ""}
                for name in (*_KEEPS.values(), "netsuiteId", "netsuiteRecords", "pageState", "systemId")
            ),
        ],
        "item": items,
    }


def _item(route: Route) -> dict[str, Any]:
    path = re.sub(r"{(resourceId|walkId)}", "{{connectionId}}", route.path)
    path = re.sub(r"(?<!{){(\w+)}(?!})", r"{{\1}}", path)
    tests = [_expects(_EXPECTED.get(route.name, route.status))]
    if route.name in _KEEPS:
        tests.append(f'pm.collectionVariables.set("{_KEEPS[route.name]}", pm.response.json()._id);')
    summary = (inspect.getdoc(route.handler) or "").partition("\n")[0]
    return _request(route.name, route.method, route.prefix + path, EXAMPLES.get(route.name), tests, summary)


def _netsuite_search() -> list[dict[str, Any]]:
    create = _request(
        "The documented search: its connection",
        "POST",
        "/v1/connections",
        _NETSUITE,
        [
            _expects(201),
            'pm.collectionVariables.set("netsuiteId", pm.response.json()._id);',
            'pm.collectionVariables.set("pageState", "");',
            'pm.collectionVariables.set("found", "0");',
            'pm.collectionVariables.set("pages", "0");',
            "const records = [];",
            "for (let i = 1; i <= 822; i++) {",
            '  records.push({record: {recType: "813", internalid: String(i), custrecord_usage_diy_hours: i % 24}});',
            "}",
            'pm.collectionVariables.set("netsuiteRecords", JSON.stringify(records));',
        ],
    )
    search = _request(
        "The documented search: 822 records, 165 pages",
        "POST",
        "/v1/connections/{{netsuiteId}}/export/pages",
        None,
        [
            _expects(200),
            "const body = pm.response.json();",
            'const found = Number(pm.collectionVariables.get("found")) + body.data.length;',
            'const pages = Number(pm.collectionVariables.get("pages")) + 1;',
            'pm.collectionVariables.set("found", String(found));',
            'pm.collectionVariables.set("pages", String(pages));',
            "if (body.pagedExportState && !body.pagedExportState.done) {",
            '  pm.collectionVariables.set("pageState", JSON.stringify(body.pagedExportState));',
            "  pm.execution.setNextRequest(pm.info.requestName);",
            "} else {",
            '  pm.test("822 records on 165 pages", () => pm.expect([found, pages]).to.eql([822, 165]));',
            "}",
        ],
    )
    # Records and state are put in as JSON, not as text, so the body is made before each page.
    text = json.dumps(_SEARCH, indent=2).replace('"{{netsuiteRecords}}"', "{{netsuiteRecords}}")
    search["request"]["body"] = {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}
    search["event"].append(
        _script(
            "prerequest",
            [
                "const body = JSON.parse(pm.variables.replaceIn(pm.request.body.raw));",
                'const state = pm.collectionVariables.get("pageState");',
                "if (state) { body.pagedExportState = JSON.parse(state); }",
                "pm.request.body.raw = JSON.stringify(body);",
            ],
        )
    )
    return [create, search]


def _system(system: System) -> list[dict[str, Any]]:
    """A connection to fill in, its ping, a page and a mapping: each answers whether the system is there or not."""
    path = "/v1/connections/{{systemId}}"
    keeps = 'pm.collectionVariables.set("systemId", pm.response.json()._id);'
    either = "pm.expect([200, 422]).to.include(pm.response.code)"
    is_there = f'pm.test("answers 200, or 422 where it is not there", () => {either});'
    mapped = f'pm.test("maps each record", () => pm.expect(pm.response.json().length).to.eql({len(system.records)}));'
    export, records = {"export": system.export_doc}, {"import": system.import_doc, "data": system.records}
    name = system.name
    return [
        _request(f"{name}: its connection", "POST", "/v1/connections", system.connection, [_expects(201), keeps]),
        _request(f"{name}: is it there?", "GET", f"{path}/ping", None, [_expects(200)]),
        _request(f"{name}: what has changed", "POST", f"{path}/export/pages", export, [is_there]),
        _request(f"{name}: what records become", "POST", f"{path}/import/map", records, [_expects(200), mapped]),
    ]


def _request(
    name: str, method: str, path: str, body: object, tests: list[str], description: str = ""
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": method,
        "url": "{{baseUrl}}" + path,
        "header": [{"key": "Accept", "value": "application/json"}],
        "description": description,
    }
    if body is not None:
        raw = json.dumps(body, indent=2)
        request["body"] = {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}
    return {"name": name, "request": request, "event": [_script("test", tests)]}


def _expects(status: int) -> str:
    return f'pm.test("answers {status}", () => pm.expect(pm.response.code, pm.response.text()).to.eql({status}));'


def _script(when: str, lines: list[str]) -> dict[str, Any]:
    return {"listen": when, "script": {"type": "text/javascript", "exec": lines}}
