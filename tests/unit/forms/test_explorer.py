"""The Explorer and the form below it: one connection, never two, and no edit lost without a word."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from support.forms import FakeClient, FakeConnection, texts

from celigo_pandas.errors import CeligoError
from celigo_pandas.forms import Explorer

A, B = "5f" + "0" * 21 + "a", "5f" + "0" * 21 + "b"


def opened() -> tuple[FakeClient, Explorer]:
    client = FakeClient()
    for name, id in (("Alpha", A), ("Beta", B)):
        client.connection({"name": name, "type": "van", "van": {"as2Id": "x"}}, id)
    explorer = Explorer(client)
    assert explorer.wait(5)
    return client, explorer


def open_form(explorer: Explorer) -> Any:
    assert explorer.form is not None
    return explorer.form


def test_explorer_click_while_details_load_changes_nothing() -> None:
    client, explorer = opened()
    let = threading.Event()
    client.before_details = lambda: let.wait(10)
    explorer.pick(A, wait=False)

    with pytest.raises(CeligoError, match="Details is still running"):
        explorer.pick(B, wait=False)

    assert explorer.state.picked == A
    assert open_form(explorer).connection.id == A
    let.set()
    assert explorer.wait(5)
    assert list(explorer.state.details) == ["Dependencies", "Audit", "Debug log"]


def test_explorer_gives_up_unsaved_edits_only_when_asked_twice() -> None:
    _, explorer = opened()
    explorer.pick(A)
    open_form(explorer).set("name", "edited")

    explorer.pick(B)
    assert open_form(explorer).connection.id == explorer.state.picked == A
    assert "'Alpha' holds edits that are not saved" in explorer.state.notices[0].text
    explorer.pick(A)
    assert open_form(explorer).doc["name"] == "edited"
    explorer.pick(B)
    assert open_form(explorer).connection.id == A
    explorer.pick(B)
    assert open_form(explorer).connection.id == explorer.state.picked == B


def test_explorer_does_not_leave_a_form_that_is_saving() -> None:
    _, explorer = opened()
    explorer.pick(A)
    let = threading.Event()
    open_form(explorer).state.run_long("Save", lambda task: let.wait(10), lambda _: None)

    with pytest.raises(CeligoError, match="Save is still running"):
        explorer.pick(B)

    assert explorer.state.picked == A
    let.set()
    assert open_form(explorer).wait(5)


def test_explorer_shows_what_its_form_saved_and_drops_what_it_deleted() -> None:
    client, explorer = opened()
    shown = explorer.shown
    explorer.refresh()
    explorer.pick(A)
    explorer.refresh()
    form = open_form(explorer)
    form.set("name", "Renamed")
    form.save()
    assert "Renamed" in texts(explorer.widget.tree)
    assert "Alpha" not in texts(explorer.widget.tree)

    form.delete()
    form.delete()

    assert [con.id for con in explorer.state.connections] == [B]
    assert explorer.state.picked is None
    assert explorer.form is None
    assert shown.children == (explorer.widget,)
    assert explorer.state.notices[0].text == "'Renamed' is gone; its form was closed."
    assert A not in client.stored


def test_explorer_closes_the_form_of_a_connection_that_is_gone_after_refresh() -> None:
    client, explorer = opened()
    explorer.pick(A)
    FakeConnection(client, A).delete()

    explorer.refresh()

    assert explorer.form is None
    assert explorer.state.picked is None
    assert "'Alpha' is gone" in explorer.state.notices[0].text
