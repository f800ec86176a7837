"""``/scripts`` over HTTP, against a real engine: stored, changed, debugged, referred to, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from support.engine import EngineProcess

CODE = "function preMap(options) { return options.data.map((data) => ({data})) }\n"
SCRIPT: dict[str, Any] = {"name": "Orders", "content": CODE, "description": "Before the mapping."}
HTTP: dict[str, Any] = {
    "name": "Desk", "type": "http", "http": {"baseURI": "http://127.0.0.1:9", "mediaType": "json"},
}  # fmt: skip
IMPORT: dict[str, Any] = {"adaptorType": "HTTPImport", "http": {"method": ["POST"], "relativeURI": ["/"]}}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


def made(engine: EngineProcess, **members: Any) -> str:
    answer = engine.call("POST", "/scripts", {**SCRIPT, **members})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["_id"])


def refused(answer: Any, status: int = 422) -> list[str | None]:
    assert answer.status_code == status, answer.text
    return [error.get("field") for error in answer.json()["errors"]]


def ahead(minutes: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(minutes=minutes)).isoformat()


def test_script_is_whole_by_its_id_and_without_its_code_in_lists(engine: EngineProcess) -> None:
    id = made(engine)

    one = engine.call("GET", f"/scripts/{id}").json()
    (listed,) = [doc for doc in engine.call("GET", "/scripts").json() if doc["_id"] == id]
    asked = engine.call("GET", "/scripts?include=content").json()

    assert {name: one[name] for name in SCRIPT} == SCRIPT
    assert listed == {name: value for name, value in one.items() if name != "content"}
    assert all("content" not in doc for doc in asked)
    assert {"createdAt", "lastModified"} <= set(one)
    assert "apiIdentifier" not in one


def test_put_without_content_erases_it(engine: EngineProcess) -> None:
    id = made(engine)

    answer = engine.call("PUT", f"/scripts/{id}", {"name": "Orders, renamed"})

    assert answer.status_code == 200
    assert "content" not in engine.call("GET", f"/scripts/{id}").json()
    assert "description" not in answer.json()


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"name": None}, ["name"]),
        ({"name": "n" * 101}, ["name"]),
        ({"content": None}, ["content"]),
        ({"content": ""}, ["content"]),
        ({"content": 5}, ["content"]),
        ({"content": ["a"], "description": "d" * 1025}, ["content", "description"]),
        ({"description": {}}, ["description"]),
        ({"sandbox": "perhaps"}, ["sandbox"]),
        ({"postResponseHookToProcessOnChildRecord": []}, ["postResponseHookToProcessOnChildRecord"]),
    ],
)
def test_script_that_cannot_be_is_refused_with_its_fields(
    engine: EngineProcess, change: dict[str, Any], fields: list[str]
) -> None:
    doc = {name: value for name, value in {**SCRIPT, **change}.items() if value is not None}

    assert refused(engine.call("POST", "/scripts", doc)) == fields


def test_members_of_the_server_are_not_written(engine: EngineProcess) -> None:
    id = made(engine, _id="f" * 24, debugUntil=ahead(5), _sourceId="e" * 24)

    doc = engine.call("GET", f"/scripts/{id}").json()

    assert id != "f" * 24
    assert not {"debugUntil", "_sourceId"} & set(doc)


def test_debugging_is_set_by_patch_for_an_hour_at_most_and_a_put_leaves_it(engine: EngineProcess) -> None:
    id = made(engine)
    until = ahead(59)

    def patch(value: Any) -> Any:
        return engine.call("PATCH", f"/scripts/{id}", [{"op": "replace", "path": "/debugUntil", "value": value}])

    assert patch(until).status_code == 204
    assert refused(patch(ahead(61))) == ["debugUntil"]
    assert refused(patch("soon")) == ["debugUntil"]
    assert engine.call("PUT", f"/scripts/{id}", {**SCRIPT, "debugUntil": ahead(10)}).status_code == 200
    assert engine.call("GET", f"/scripts/{id}").json()["debugUntil"] == until
    content = [{"op": "replace", "path": "/content", "value": "x"}]
    assert refused(engine.call("PATCH", f"/scripts/{id}", content)) == ["content"]


def test_script_that_is_referred_to_is_not_deleted(engine: EngineProcess) -> None:
    id, con = made(engine), engine.connection(HTTP)
    hooks = {"preMap": {"_scriptId": id, "function": "preMap"}}
    user = engine.call("POST", "/imports", {"name": "I", "_connectionId": con, "hooks": hooks, **IMPORT}).json()["_id"]

    used = engine.call("GET", f"/scripts/{id}/dependencies").json()

    assert [(one["_id"], one["paths"]) for one in used["imports"]] == [(user, ["hooks.preMap._scriptId"])]
    assert refused(engine.call("DELETE", f"/scripts/{id}")) == ["_id"]
    assert engine.call("DELETE", f"/imports/{user}").status_code == 204
    assert engine.call("DELETE", f"/scripts/{id}").status_code == 204
    assert engine.call("GET", f"/scripts/{id}").status_code == 404


def test_changes_are_in_the_audit_log(engine: EngineProcess) -> None:
    id = made(engine)
    engine.call("PUT", f"/scripts/{id}", {**SCRIPT, "content": "// nothing"})

    update, create = engine.call("GET", f"/scripts/{id}/audit").json()

    assert (create["event"], update["event"], update["resourceType"]) == ("create", "update", "script")
    assert update["fieldChanges"] == [{"fieldPath": "content", "oldValue": CODE, "newValue": "// nothing"}]


def test_log_of_a_script_that_never_ran_is_empty(engine: EngineProcess) -> None:
    id = made(engine)

    assert engine.call("GET", f"/scripts/{id}/logs").json() == {"logs": []}
    assert refused(engine.call("GET", f"/scripts/{id}/logs?time_gt=yesterday")) == ["time_gt"]
    assert refused(engine.call("GET", f"/scripts/{id}/logs?limit=0"), 400) == ["limit"]
    assert engine.call("GET", f"/scripts/{'0' * 24}/logs").status_code == 404
