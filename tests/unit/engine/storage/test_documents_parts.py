from __future__ import annotations

from typing import Any

import pytest

from celigo_pandas.documents.connection_documents import mask
from celigo_pandas.engine.adaptors import registry
from celigo_pandas.engine.refusals import Refusal
from celigo_pandas.engine.storage.audit import change_records
from celigo_pandas.engine.storage.json_patch import apply_patch


def records(old: dict[str, Any], new: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    arguments = {"masked_old": mask(old), "masked_new": mask(new), "as_list": True, **more}
    return change_records(
        "update", "connection", "id", old=old, new=new, person={"_id": "u"}, time="t", new_id=lambda: "r", **arguments
    )


def doc(**http: Any) -> dict[str, Any]:
    return {"name": "n", "type": "http", "http": {"baseURI": "https://a", "mediaType": "json", **http}}


def test_audit_changed_added_and_removed_fields_are_listed() -> None:
    old, new = doc(a=1, b=[1]), doc(a=2, c={"d": None})

    (record,) = records(old, new)

    assert record["fieldChanges"] == [
        {"fieldPath": "http.a", "oldValue": 1, "newValue": 2},
        {"fieldPath": "http.b", "oldValue": [1]},
        {"fieldPath": "http.c", "newValue": {"d": None}},
    ]


def test_audit_secret_shows_that_it_changed_and_not_what_it_was() -> None:
    old = doc(
        encrypted={"k": "old-secret"}, auth={"type": "basic", "basic": {"username": "u", "password": "old-secret"}}
    )
    new = doc(
        encrypted={"k": "new-secret"}, auth={"type": "basic", "basic": {"username": "u", "password": "new-secret"}}
    )

    found = records(old, new)

    assert {change["fieldPath"] for change in found[0]["fieldChanges"]} == {
        "http.encrypted.k",
        "http.auth.basic.password",
    }
    assert all(change["oldValue"] == change["newValue"] == "******" for change in found[0]["fieldChanges"])
    assert "secret" not in str(found)


def test_audit_one_record_a_change_when_so_chosen() -> None:
    found = records(doc(a=1, b=1), doc(a=2, b=2), as_list=False)

    assert [record["fieldChange"]["fieldPath"] for record in found] == ["http.a", "http.b"]


def test_patch_changes_a_copy() -> None:
    before = doc()

    after = apply_patch("connections", before, [{"op": "replace", "path": "/http/ping/successPath", "value": "ok"}])

    assert after["http"]["ping"] == {"successPath": "ok"}
    assert "ping" not in before["http"]


@pytest.mark.parametrize(
    "operations",
    [
        None,
        {},
        [],
        [1],
        [{"op": "test", "path": "/name", "value": "x"}],
        [{"op": "move", "from": "/name", "path": "/debugDate"}],
        [{"op": "remove", "path": "/debugUntil"}],
        [{"op": "remove", "path": "/http"}],
        [{"op": "remove", "path": "/http/ping/successPath"}],
        [{"op": "add", "path": "/offline", "value": "yes"}],
        [{"op": "add", "path": "/offline", "value": 1}],
        [{"op": "add", "path": "/debugUntil", "value": "later"}],
        [{"op": "replace", "path": "/http.ping.successPath", "value": "x"}],
        [{"op": "replace", "path": "name", "value": "x"}],
        [{"op": "replace", "path": "/http/auth/failStatusCode", "value": True}],
        [{"op": "replace", "path": "/type", "value": "x"}],
        [{"op": "replace", "path": "/http/auth/token/token", "value": "x"}],
        [{"op": "replace", "path": "/name"}],
        [{"op": "replace", "path": "/name", "value": 1}],
        [{"op": "replace", "path": "/name", "value": ""}],
        [{"op": "replace", "path": "/name", "value": "x" * 101}],
        [{"op": "replace", "path": "/debugDate", "value": "soon"}],
        [{"op": "replace", "path": ["/name"], "value": "x"}],
        [{"op": "replace", "path": "/name", "value": "x"}, {"op": "remove", "path": "/name"}],
    ],
)
def test_patch_anything_else_is_a_422(operations: Any) -> None:
    with pytest.raises(Refusal) as caught:
        apply_patch("connections", doc(), operations)
    assert caught.value.status == 422


def test_patch_adds_and_removes_in_order() -> None:
    operations = [
        {"op": "add", "path": "/debugUntil", "value": "2099-01-01T00:00:00.000Z"},
        {"op": "add", "path": "/http/ping/failValues", "value": ["no"]},
        {"op": "remove", "path": "/debugUntil"},
        {"op": "replace", "path": "/name", "value": "renamed"},
    ]
    before = doc()

    after = apply_patch("connections", before, operations)

    assert "debugUntil" not in after
    assert (after["name"], after["http"]["ping"]) == ("renamed", {"failValues": ["no"]})
    operations[1]["value"].append("never")  # type: ignore[attr-defined]
    assert after["http"]["ping"] == {"failValues": ["no"]}


def test_patch_takes_what_its_resource_has() -> None:
    switch = [{"op": "replace", "path": "/salesforce/distributed/disabled", "value": True}]

    assert apply_patch("exports", {"salesforce": {}}, switch) == {"salesforce": {"distributed": {"disabled": True}}}
    for kind in ("connections", "imports"):
        with pytest.raises(Refusal, match="not on the whitelist"):
            apply_patch(kind, {"salesforce": {}}, switch)


def test_registry_taken_name_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="registered already"):
        registry.register("http", "somewhere:else")


def test_registry_place_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="module:attribute"):
        registry.register("new", "somewhere")


def test_registry_every_name_leads_to_an_adaptor() -> None:
    for name in registry.names():
        kind, _, subtype = name.partition(":")
        adaptor = registry.adaptor_for({"type": kind, kind: {"type": subtype}})
        assert adaptor is not None
        assert adaptor.capabilities <= {"ping", "export", "import", "lookup", "metadata"}


@pytest.mark.parametrize(
    "connection", [{}, {"type": "netsuite"}, {"type": "rdbms"}, {"type": "rdbms", "rdbms": {"type": "oracle"}}]
)
def test_registry_unknown_system_has_none(connection: dict[str, Any]) -> None:
    assert registry.adaptor_for(connection) is None
