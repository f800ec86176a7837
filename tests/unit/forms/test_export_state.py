"""The state of an ExportForm with a connection that is a fake of the agreed interface."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from support.forms import FakeClient

from celigo_pandas.documents.export_documents import consuming_member
from celigo_pandas.errors import ConfigError, DocumentError, ExportInterrupted, PullCancelled
from celigo_pandas.forms.export_fields import ADAPTORS, export_fields, starting_export
from celigo_pandas.forms.export_layout import export_layout
from celigo_pandas.forms.export_state import ExportState, stopping_progress
from celigo_pandas.forms.work import Task


class SlowConnection:
    """Reads ten pages; `between` is called before each."""

    name = "Slow"

    def __init__(self, kind: str = "rdbms", between: Callable[[int], None] = lambda page: None) -> None:
        self.type = kind
        self.between = between
        self.calls: list[tuple[Any, dict[str, Any]]] = []
        self.client = FakeClient()

    def read_export(self, doc: Any, *, progress: Any, **options: Any) -> pd.DataFrame:
        self.calls.append((doc, options))
        rows = 0
        for page in range(10):
            self.between(page)
            rows += 10
            try:
                progress(rows, 100)
            except KeyboardInterrupt:
                raise PullCancelled("cancelled", partial=pd.DataFrame({"a": range(rows)})) from None
        return pd.DataFrame({"a": range(rows)})

    def preview_export(self, doc: Any, rows: int = 20, **more: Any) -> pd.DataFrame:
        self.calls.append((doc, more))
        return pd.DataFrame({"a": range(rows)})


def read_slowly(connection: Any, doc: Any, task: Task, options: Any) -> pd.DataFrame:
    return connection.read_export(doc, progress=stopping_progress(task), **options)


def form(connection: Any, doc: Any = None, **more: Any) -> ExportState:
    return ExportState(connection, doc, read=read_slowly, **more)


def test_state_pull_leaves_all_rows_in_df() -> None:
    connection = SlowConnection()
    state = form(connection, {"rdbms": {"query": "select 1"}})
    state.set_text("page_size", "50")
    state.set_text("max_rows", "1000")

    state.pull()
    state.wait(10)

    assert len(state.df) == 100
    assert not state.partial
    assert connection.calls == [({"rdbms": {"query": "select 1"}}, {"page_size": 50, "max_rows": 1000})]


def test_state_stop_ends_the_pull_within_one_request_and_keeps_its_rows() -> None:
    third, stopped = threading.Event(), threading.Event()

    def between(page: int) -> None:
        if page == 3:
            third.set()
            stopped.wait(10)

    state = form(SlowConnection(between=between), {"rdbms": {"query": "select 1"}})
    state.pull()
    third.wait(10)
    state.stop()
    stopped.set()
    state.wait(10)

    assert len(state.df) == 40
    assert state.partial
    assert state.notices[0].text == "Pull was stopped."
    assert state.actions["pull"]


def test_state_failure_of_a_pull_shows_with_its_hint() -> None:
    class Broken(SlowConnection):
        def read_export(self, doc: Any, **options: Any) -> pd.DataFrame:
            raise ExportInterrupted("The pull stopped after 3 pages.", hint="client.last_pull.resume()")

    state = form(Broken(), {"rdbms": {"query": "select 1"}})
    state.pull()
    state.wait(10)

    assert (state.notices[0].text, state.notices[0].hint) == (
        "The pull stopped after 3 pages.",
        "client.last_pull.resume()",
    )


def test_state_df_is_never_that_of_an_earlier_pull() -> None:
    class Failing(SlowConnection):
        def read_export(self, doc: Any, **options: Any) -> pd.DataFrame:
            if len(self.calls) == 1:
                self.calls.append((doc, options))
                raise ExportInterrupted("The pull stopped.", partial=pd.DataFrame({"b": [1, 2]}))
            if len(self.calls) == 2:
                raise ConfigError("Not this one.")
            return super().read_export(doc, **options)

    state = form(Failing(), {"rdbms": {"query": "select 1"}})
    for rows, partial in ((100, False), (2, True), (None, False)):
        state.pull()
        state.wait(10)
        assert (state.df is None) if rows is None else len(state.df) == rows
        assert state.partial is partial


@pytest.mark.parametrize(
    ("doc", "member"),
    [
        ({"type": "once", "rdbms": {"query": "q"}}, "type"),
        ({"rdbms": {"query": "q", "once": {"query": "u"}}}, "rdbms.once"),
    ],
)
def test_state_consuming_export_is_refused_by_preview_and_pull(doc: dict[str, Any], member: str) -> None:
    connection = SlowConnection()
    state = form(connection, doc)

    for action in (state.preview, state.pull):
        with pytest.raises(DocumentError, match=member):
            action()
    assert connection.calls == []

    allowed = form(connection, doc, consume=True)
    allowed.pull()
    allowed.wait(10)
    assert connection.calls[0][1]["consume"] is True


def test_state_missing_members_are_marked_once_it_was_tried() -> None:
    state = form(SlowConnection())
    assert not state.problems

    with pytest.raises(DocumentError, match="1 field to mend"):
        state.preview()

    assert [problem.field for problem in state.problems] == ["rdbms.query"]


def test_state_document_is_edited_by_fields_and_as_json() -> None:
    state = form(SlowConnection("http"))
    state.set_text("http.relativeURI", "/orders")
    state.set_text("http.paging.method", "page")
    state.set_text("http.paging.page", "1")
    assert state.export == {
        "http": {"method": "GET", "relativeURI": "/orders", "paging": {"method": "page", "page": 1}}
    }

    state.set_text("document", '{"http": {"relativeURI": "/x", "novel": 1}}')
    assert state.export == {"http": {"relativeURI": "/x", "novel": 1}}
    state.set_text("document", "{oops")
    assert state.unread["document"] == "{oops"
    assert state.export == {"http": {"relativeURI": "/x", "novel": 1}}
    state.undo()
    assert state.export["http"]["relativeURI"] == "/orders"
    state.redo()
    assert state.export["http"]["novel"] == 1


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_state_sizes_are_whole_numbers(text: str) -> None:
    state = form(SlowConnection())

    with pytest.raises(ConfigError, match="whole number"):
        state.set_text("page_size", text)


@pytest.mark.parametrize("kind", sorted(ADAPTORS))
def test_starting_document_of_each_type_consumes_nothing_and_its_fields_fit(kind: str) -> None:
    doc = starting_export(kind)

    assert consuming_member(doc) is None
    assert export_layout(form(SlowConnection(kind)))
    for row in export_fields(kind, doc):
        assert row.label


def test_layout_shows_the_call_that_it_stands_for() -> None:
    state = form(SlowConnection(), {"rdbms": {"query": "select 'x'"}})
    state.set_text("page_size", "50")

    text = str(export_layout(state))

    assert "con.read_export(export, page_size=50)" in text
