"""The connection form against the local engine: the table of cases over HTTP, and the whole life of a connection."""

from __future__ import annotations

from typing import Any

import pytest
from support.forms import connection_cases

import celigo_pandas as celigo
from celigo_pandas.documents.secret import MASK
from celigo_pandas.errors import DocumentError, InvalidRequestError
from celigo_pandas.forms.connection_state import ConnectionState

CASES = connection_cases()
CANARY = "canary-5e1c"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_engine_and_form_find_the_same_problems_at_the_same_paths(client: Any, case: dict[str, Any]) -> None:
    at_the_engine = problem_paths_over_http(client, case["document"])

    state = ConnectionState(client, document=case["document"])

    assert at_the_engine == case["expected"]
    assert sorted(str(problem.field) for problem in state.problems) == case["expected"]


def problem_paths_over_http(client: Any, document: dict[str, Any]) -> list[str]:
    """Post a connection; the fields of the 422, or nothing and the connection is gone again."""
    try:
        stored = client.api.create_connection(document)
    except InvalidRequestError as error:
        return sorted(str(problem.field) for problem in error.problems)
    client.api.delete_connection(stored["_id"])
    return []


def test_form_creates_edits_and_deletes_a_connection(client: Any) -> None:
    form = celigo.ConnectionForm(client, type="rdbms")
    form.set("name", "Archive")
    form.set("rdbms.type", "sqlite")
    with pytest.raises(DocumentError, match="1 field to mend"):
        form.save()
    form.set("rdbms.database", client.connections["Small shop"].doc["rdbms"]["database"])
    form.save()
    assert form.ping()

    form.set("name", "Archive of the shop")
    form.save()
    assert client.connections["Archive of the shop"].id == form.connection.id
    form.set("rdbms.concurrencyLevel", "3")
    form.save()
    assert client.connections["Archive of the shop"].doc["rdbms"]["concurrencyLevel"] == 3
    form.set("rdbms.concurrencyLevel", "")
    form.save()
    assert "concurrencyLevel" not in client.connections["Archive of the shop"].doc["rdbms"]

    form.delete()
    assert form.connection.id in client.connections
    form.delete()
    assert form.connection.id not in client.connections
    form.close()


def test_form_never_writes_a_mask_back(client: Any) -> None:
    desk = client.connections["Delay desk"]
    copy = {name: value for name, value in desk.doc.items() if name in ("name", "type", "http")}
    copy["name"] = "Copy of the desk"
    copy["http"]["auth"] = {"type": "basic", "basic": {"username": "u", "password": CANARY}}
    form = celigo.ConnectionForm(client, document=copy)
    form.save()
    form.set("http.baseURI", "https://other.example")
    with pytest.raises(DocumentError, match="type again"):
        form.save()

    form.set_secret("http.auth.basic.password", "another")
    form.save()

    stored = client.connections["Copy of the desk"].doc
    assert stored["http"]["baseURI"] == "https://other.example"
    assert stored["http"]["auth"]["basic"]["password"] == MASK
    assert not any(MASK in str(call) for call in client.history["path"])
    form.delete()
    form.delete()


def test_form_shows_what_the_server_alone_refuses(client: Any) -> None:
    form = celigo.ConnectionForm(client, document={"name": "n", "type": "ftp", "ftp": {
        "type": "sftp", "hostURI": "127.0.0.1", "username": "u"}})  # fmt: skip

    result = form.ping()

    assert not result
    assert form.state.notices[0].level == "error"


def test_explorer_lists_pings_and_opens(client: Any) -> None:
    explorer = celigo.Explorer(client)
    explorer.wait(10)
    assert {con.name for con in explorer.state.connections} >= {"Small shop", "Delay desk"}

    pings = explorer.ping_all()
    assert all(pings.values())
    explorer.search("desk")
    assert [con.name for con in explorer.state.found] == ["Delay desk"]
    explorer.pick(explorer.state.found[0].id)
    assert explorer.form is not None
    assert explorer.form.connection.name == "Delay desk"
    assert set(explorer.state.details) == {"Dependencies", "Audit", "Debug log"}
    assert "Delay desk" in repr(explorer)
    explorer.close()
