"""Routes beside the documents' own: clone, replaceConnection, previews, metadata, PATCH, slashes, placeholders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.databases import DatabaseServer
from support.engine import EngineProcess, make_sqlite

HTTP: dict[str, Any] = {
    "name": "Desk", "type": "http", "http": {"baseURI": "http://127.0.0.1:9", "mediaType": "json"},
}  # fmt: skip
NETSUITE = {"name": "N", "type": "netsuite", "netsuite": {"authType": "token-auto", "account": "1"}}
EXPORT: dict[str, Any] = {"adaptorType": "HTTPExport", "http": {"method": "GET", "relativeURI": "/orders"}}
MAPPING = {"fields": [{"generate": "nr", "extract": "id", "dataType": "number"}]}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


def saved(engine: EngineProcess, kind: str, **doc: Any) -> str:
    answer = engine.call("POST", f"/{kind}", {"name": "A document", **doc})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["_id"])


def problem(answer: Any, status: int = 422) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    (found,) = answer.json()["errors"]
    return dict(found)


@pytest.mark.parametrize("path", ["/connections/", "/connections/{id}/", "/exports/", "/connections/{id}/audit/"])
def test_path_may_end_in_a_slash(engine: EngineProcess, path: str) -> None:
    id = engine.connection(HTTP)
    saved(engine, "exports", _connectionId=id, **EXPORT)
    path = path.format(id=id)

    plain, slashed = engine.call("GET", path.rstrip("/")), engine.call("GET", path)

    assert (slashed.status_code, slashed.json()) == (200, plain.json())
    assert engine.call("GET", path + "/").status_code == 404


def test_path_with_a_slash_keeps_its_query_and_names_no_slash_in_its_links(engine: EngineProcess) -> None:
    for _ in range(2):
        engine.connection(HTTP)

    answer = engine.call("GET", "/connections/?limit=1")

    assert len(answer.json()) == 1
    assert "/connections?" in answer.headers["Link"]
    assert engine.call("POST", "/connections/", HTTP).status_code == 201
    assert engine.session.get(f"{engine.url}/v1/tokenInfo/", headers={"Authorization": "x"}).status_code == 401


def test_clone_is_a_document_of_its_own_on_the_connection_of_the_map(engine: EngineProcess) -> None:
    old, new = engine.connection(HTTP), engine.connection(HTTP)
    nested = {"hooks": {}, "settings": {"_connectionId": old}, "http": {**EXPORT["http"], "_connectionId": old}}
    id = saved(engine, "exports", _connectionId=old, externalId="sales-1", **{**EXPORT, **nested})

    answer = engine.call("POST", f"/exports/{id}/clone", {"name": "Copy", "connectionMap": {old: new}})
    plain = engine.call("POST", f"/exports/{id}/clone").json()

    clone = answer.json()
    assert (answer.status_code, clone["name"]) == (201, "Copy")
    assert (clone["_connectionId"], clone["http"]["_connectionId"]) == (new, new)
    assert clone["settings"] == {"_connectionId": old}  # a value of the user's own
    assert (plain["name"], plain["_connectionId"]) == ("Clone - A document", old)
    original = engine.call("GET", f"/exports/{id}").json()
    assert original["externalId"] == "sales-1"
    assert len({id, clone["_id"], plain["_id"]}) == len({d["apiIdentifier"] for d in (original, clone, plain)}) == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": 5}, "name"),
        ({"name": ""}, "name"),
        ({"connectionMap": ["a"]}, "connectionMap"),
        ({"connectionMap": {"a": 5}}, "connectionMap"),
        ({"connectionMap": {"OLD": "0" * 24}}, "_connectionId"),
    ],
)
def test_clone_that_cannot_be_is_refused_and_stores_nothing(engine: EngineProcess, body: Any, field: str) -> None:
    old = engine.connection(HTTP)
    id = saved(engine, "exports", _connectionId=old, **EXPORT)
    if isinstance(body.get("connectionMap"), dict):
        body = {"connectionMap": {old if key == "OLD" else key: value for key, value in body["connectionMap"].items()}}

    assert problem(engine.call("POST", f"/exports/{id}/clone", body))["field"] == field

    assert len(engine.call("GET", f"/exports?_connectionId={old}").json()) == 1
    assert engine.call("POST", f"/exports/{'0' * 24}/clone", body).status_code == 404


def test_connection_of_a_saved_document_is_replaced(engine: EngineProcess) -> None:
    old, new, database = engine.connection(HTTP), engine.connection(HTTP), engine.connection(NETSUITE)
    doc = {"adaptorType": "HTTPImport", "http": {"method": ["POST"], "relativeURI": ["/"]}}
    for kind, more in (("exports", EXPORT), ("imports", doc)):
        id = saved(engine, kind, _connectionId=old, **more)

        answer = engine.call("PUT", f"/{kind}/{id}/replaceConnection", {"_newConnectionId": new})

        assert (answer.status_code, answer.json()["_connectionId"]) == (200, new)
        assert engine.call("GET", f"/{kind}?_connectionId={new}").json()[-1]["_id"] == id
        refusals: list[tuple[Any, str]] = [
            ({"_newConnectionId": database}, "adaptorType"),
            ({"_newConnectionId": "0" * 24}, "_connectionId"),
            ({"_connectionId": new}, "_newConnectionId"),
            ({}, "_newConnectionId"),
        ]
        for body, field in refusals:
            assert problem(engine.call("PUT", f"/{kind}/{id}/replaceConnection", body))["field"] == field
        update, create = engine.call("GET", f"/{kind}/{id}/audit").json()
        assert (create["event"], update["event"]) == ("create", "update")
        assert update["fieldChanges"] == [{"fieldPath": "_connectionId", "oldValue": old, "newValue": new}]


def test_dependencies_name_the_members_that_refer(engine: EngineProcess) -> None:
    id = engine.connection(HTTP)
    borrower = engine.connection({**HTTP, "_borrowConcurrencyFromConnectionId": id})
    export = saved(engine, "exports", _connectionId=id, **EXPORT)
    lookup = {"adaptorType": "HTTPImport", "http": {"method": ["POST"], "relativeURI": ["/"], "_exportId": export}}
    mock = {"mockResponse": [{"statusCode": 200, "_exportId": id}]}
    user = saved(engine, "imports", _connectionId=borrower, **lookup, **mock)

    used = engine.call("GET", f"/connections/{id}/dependencies").json()
    of_export = engine.call("GET", f"/exports/{export}/dependencies").json()

    assert {kind: [(one["_id"], one["paths"]) for one in ones] for kind, ones in used.items()} == {
        "exports": [(export, ["_connectionId"])],
        "connections": [(borrower, ["_borrowConcurrencyFromConnectionId"])],
    }
    assert [(one["id"], one["paths"]) for one in of_export["imports"]] == [(user, ["http._exportId"])]
    assert user in problem(engine.call("DELETE", f"/exports/{export}"))["message"]
    assert engine.call("GET", f"/imports/{user}/dependencies").json() == {}
    for path in ("dependencies", "audit"):
        assert engine.call("GET", f"/imports/{'0' * 24}/{path}").status_code == 404


@pytest.mark.parametrize("form", ["beside", "inside"])
def test_import_preview_maps_and_submits_nothing(engine: EngineProcess, form: str) -> None:
    id = engine.connection(HTTP)  # nobody listens there
    doc = {"_connectionId": id, "mapping": MAPPING, "adaptorType": "HTTPImport"}
    data = [{"id": "7"}, {"id": "seven"}]

    body = {**doc, "data": data} if form == "beside" else {"import": doc, "data": data}
    found = engine.call("POST", "/imports/preview", body).json()

    assert found["data"][0] == {"nr": 7}
    assert found["data"][1]["statusCode"] == 422
    (stage,) = found["stages"]
    assert (stage["name"], stage["data"], len(stage["errors"])) == ("mapping", [{"nr": 7}], 1)
    assert problem(engine.call("POST", "/imports/preview", {"data": data}))["field"] == "_connectionId"


@pytest.mark.parametrize("route", ["import", "import/map"])
def test_virtual_import_of_one_object_is_one_record(engine: EngineProcess, tmp_path: Path, route: str) -> None:
    id = engine.sqlite(make_sqlite(tmp_path / "shop.db", ["create table orders (nr)"]))
    doc = {"mapping": MAPPING, "rdbms": {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": "orders"}}}

    answer = engine.call("POST", f"/connections/{id}/{route}", {"import": doc, "data": {"id": 7}})

    assert len(answer.json()) == 1
    rows = engine.records(id, {"rdbms": {"query": "select nr from orders"}})
    assert rows == ([{"nr": 7}] if route == "import" else [])


def test_import_that_has_no_connection_answers_from_its_mock(engine: EngineProcess) -> None:
    id = saved(engine, "imports", adaptorType="AiAgentImport", aiAgent={}, mockResponse=[{"id": "a"}])
    bare = saved(engine, "imports", adaptorType="GuardrailImport", guardrail={})
    hook = saved(engine, "exports", adaptorType="WebhookExport", webhook={}, type="webhook")

    assert engine.call("POST", f"/imports/{id}/invoke", [{}, {}]).json() == [{"statusCode": 200, "id": "a"}] * 2
    assert "'GuardrailImport'" in problem(engine.call("POST", f"/imports/{bare}/invoke", [{}]))["message"]
    assert problem(engine.call("POST", f"/exports/{hook}/invoke"))["field"] == "adaptorType"


def test_placeholder_is_stored_offline_until_it_is_complete(engine: EngineProcess) -> None:
    placeholder = {"name": "Later", "type": "ftp", "offline": True, "ftp": {}}
    answer = engine.call("POST", "/connections", placeholder)
    id = answer.json()["_id"]

    assert (answer.status_code, answer.json()["offline"]) == (201, True)
    rename = [{"op": "replace", "path": "/name", "value": "Renamed"}]
    assert engine.call("PATCH", f"/connections/{id}", rename).status_code == 204
    again = engine.call("PUT", f"/connections/{id}", {**placeholder, "ftp": {"type": "sftp"}}).json()
    assert (again["offline"], again["ftp"]) == (True, {"type": "sftp"})
    complete = {**placeholder, "ftp": {"type": "sftp", "hostURI": "files.invalid", "username": "u", "password": "p"}}
    assert engine.call("PUT", f"/connections/{id}", complete).json()["offline"] is False
    without = {name: value for name, value in placeholder.items() if name != "offline"}
    assert engine.call("POST", "/connections", without).status_code == 422


def test_patch_takes_a_connection_off_line_and_back(engine: EngineProcess) -> None:
    id = engine.connection(HTTP)

    for operation, offline in (({"op": "replace", "path": "/offline", "value": True}, True),
                               ({"op": "remove", "path": "/offline"}, False)):  # fmt: skip
        assert engine.call("PATCH", f"/connections/{id}", [operation]).status_code == 204
        shown = engine.call("GET", f"/connections/{id}").json()
        assert shown["offline"] is offline
        called = engine.call("POST", f"/connections/{id}/export", {"export": {"http": {"relativeURI": "/"}}})
        assert (problem(called)["code"] == "connection_offline") is offline


@pytest.mark.parametrize("holder", ["connection", "export"])
def test_debug_until_keeps_a_log_of_the_document_that_bears_it(
    engine: EngineProcess, tmp_path: Path, holder: str
) -> None:
    id = engine.sqlite(make_sqlite(tmp_path / "shop.db", orders=[{"nr": 1}]))
    doc = {"adaptorType": "RDBMSExport", "rdbms": {"query": "select nr from orders"}}
    export = saved(engine, "exports", _connectionId=id, **doc)
    other = saved(engine, "exports", _connectionId=id, **doc)
    path = f"/connections/{id}" if holder == "connection" else f"/exports/{export}"

    def entries(query: str = "") -> int:
        return engine.call("GET", f"/connections/{id}/debug{query}").text.count("\n{")

    def run() -> None:
        for one in (export, other):
            assert engine.call("POST", f"/exports/{one}/invoke").status_code == 200

    add = [{"op": "add", "path": "/debugUntil", "value": "2099-01-01T00:00:00.000Z"}]
    assert engine.call("PATCH", path, add).status_code == 204
    run()
    whole, one, none = entries(), entries(f"?_resourceId={export}"), entries(f"?_resourceId={'0' * 24}")

    assert one == entries(f"/{export}") > none == 0
    assert (whole > one) is (holder == "connection")
    assert engine.call("PATCH", path, [{"op": "remove", "path": "/debugUntil"}]).status_code == 204
    run()
    assert entries() == whole


def test_saved_document_shows_an_api_identifier_that_it_keeps(engine: EngineProcess) -> None:
    id = engine.connection(HTTP)
    export = saved(engine, "exports", _connectionId=id, apiIdentifier="mine", **EXPORT)
    doc = engine.call("GET", f"/exports/{export}").json()

    assert doc["apiIdentifier"].startswith("e")
    assert len(doc["apiIdentifier"]) == 10
    assert (
        engine.call("PUT", f"/exports/{export}", {**doc, "name": "x"}).json()["apiIdentifier"] == doc["apiIdentifier"]
    )
    assert "apiIdentifier" not in str(engine.call("GET", f"/exports/{export}/audit").json())
    assert "apiIdentifier" not in engine.call("GET", f"/connections/{id}").json()


def metadata(engine: EngineProcess, id: str, **order: Any) -> Any:
    return engine.call("PUT", f"/connections/{id}/metadata", {"rdbms": order, "refreshCache": True})


def test_metadata_of_sqlite_are_its_tables_and_columns(engine: EngineProcess, tmp_path: Path) -> None:
    statements = ["create table orders (nr integer primary key, name varchar(20) not null, extra)",
                  "create view late as select nr from orders"]  # fmt: skip
    id = engine.sqlite(make_sqlite(tmp_path / "shop.db", statements))

    tables = metadata(engine, id, type="tables").json()
    (columns,) = metadata(engine, id, type="columns", tables=["orders"]).json()

    assert [(one["name"], one["type"]) for one in tables] == [("late", "view"), ("orders", "table")]
    assert columns["table"] == "orders"
    assert columns["columns"][:2] == [
        {"name": "nr", "type": "INTEGER", "nullable": True, "primaryKey": True},
        {"name": "name", "type": "VARCHAR(20)", "nullable": False, "primaryKey": False},
    ]
    assert len(metadata(engine, id, type="columns").json()) == 2


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"type": "rows"}, "rdbms.type"),
        ({}, "rdbms.type"),
        ({"type": "columns", "tables": "orders"}, "rdbms.tables"),
        ({"type": "columns", "tableName": "orders"}, "rdbms.tableName"),
        ({"type": "columns", "tables": ["orders", "nix"]}, "rdbms.tables.1"),
        ({"type": "columns", "tables": ["orders; drop table orders"]}, "rdbms.tables.0"),
    ],
)
def test_metadata_that_cannot_be_asked_are_refused(
    engine: EngineProcess, tmp_path: Path, order: Any, field: str
) -> None:
    id = engine.sqlite(make_sqlite(tmp_path / "shop.db", orders=[{"nr": 1}]))

    assert problem(metadata(engine, id, **order))["field"] == field


def test_metadata_of_another_system_are_refused_by_name(engine: EngineProcess) -> None:
    http, netsuite = engine.connection(HTTP), engine.connection(NETSUITE)

    assert problem(metadata(engine, http, type="tables"))["field"] == "http"
    refused = problem(engine.call("PUT", f"/connections/{netsuite}/metadata", {"netsuite": {}}))
    assert (refused["code"], "'netsuite'" in refused["message"]) == ("adaptor_not_built", True)
    assert engine.call("PUT", f"/connections/{'0' * 24}/metadata", {}).status_code == 404


@pytest.mark.parametrize(
    "kind",
    [pytest.param("postgres", marks=pytest.mark.postgres), pytest.param("mariadb", marks=pytest.mark.mariadb)],
)
def test_metadata_of_a_server_name_tables_views_and_types(
    engine: EngineProcess, request: pytest.FixtureRequest, kind: str
) -> None:
    server: DatabaseServer = request.getfixturevalue(kind)
    server.run("drop view if exists late_meta", "drop table if exists meta")
    server.run("create table meta (nr integer primary key, amount decimal(10, 2) not null, note text)",
               "create view late_meta as select nr from meta")  # fmt: skip
    if kind == "postgres":
        server.run("drop schema if exists side cascade", "create schema side", "create table side.meta (x uuid)")
    id = engine.connection(server.doc)

    tables = {one["name"]: one["type"] for one in metadata(engine, id, type="tables").json()}
    columns = {one["table"]: one["columns"] for one in metadata(engine, id, type="columns", tables=["meta"]).json()}

    assert (tables["meta"], tables["late_meta"]) == ("table", "view")
    assert not any(name.startswith(("pg_", "information_schema")) for name in tables)
    assert [(one["name"], one["nullable"], one["primaryKey"]) for one in columns["meta"]] == [
        ("nr", False, True), ("amount", False, False), ("note", True, False),
    ]  # fmt: skip
    assert columns["meta"][1]["type"] in ("NUMERIC(10, 2)", "DECIMAL(10, 2)")
    if kind == "postgres":
        (side,) = metadata(engine, id, type="columns", tables=["side.meta"]).json()
        assert [(one["name"], one["type"]) for one in side["columns"]] == [("x", "UUID")]
