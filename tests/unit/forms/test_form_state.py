"""What every form is underneath: the worker, notices, undo, and the forms without a browser."""

from __future__ import annotations

import logging
import threading
import time
from html.parser import HTMLParser

import pytest

from celigo_pandas.documents.dotted import leaves, with_member, without_member
from celigo_pandas.errors import CeligoError, ConfigError, DocumentError, Problem
from celigo_pandas.forms import elements
from celigo_pandas.forms.field_values import parsed, shown_value
from celigo_pandas.forms.state import FormState, History
from celigo_pandas.forms.static import static_html, static_text
from celigo_pandas.forms.work import Outcome, Stopped, Task, Worker

EVIL = "<img src=x onerror=window.__x=1>"


def test_worker_tells_value_error_and_stop() -> None:
    worker, outcomes = Worker(), []

    def fail(task: Task) -> None:
        raise ValueError("no")

    def long(task: Task) -> None:
        task.sleep(60)

    for run in (lambda task: 7, fail, long):
        worker.start("job", run, outcomes.append)
        if run is long:
            worker.stop()
        assert worker.wait(5)

    assert outcomes[0] == Outcome(7)
    assert isinstance(outcomes[1].error, ValueError)
    assert outcomes[2].stopped
    assert worker.running == ""


def test_worker_runs_one_task_at_a_time() -> None:
    worker, release = Worker(), threading.Event()
    worker.start("first", lambda task: release.wait(5), lambda outcome: None)

    with pytest.raises(RuntimeError, match="first is still running"):
        worker.start("second", lambda task: None, lambda outcome: None)

    release.set()
    assert worker.wait(5)


def test_worker_thread_does_not_keep_the_interpreter() -> None:
    worker, release, seen = Worker(), threading.Event(), []
    worker.start("x", lambda task: (seen.append(threading.current_thread().daemon), release.wait(5)), lambda _: None)
    release.set()
    worker.wait(5)

    assert seen == [True]


def test_task_progress_is_throttled_and_its_end_is_shown() -> None:
    shown: list[tuple[int, int | None]] = []
    task = Task(lambda done, total, note: shown.append((done, total)))

    for done in range(1, 1001):
        task.show(done, 1000)

    assert shown[-1] == (1000, 1000)
    assert len(shown) < 50


def test_task_that_checks_ends_when_it_is_stopped() -> None:
    task = Task(lambda done, total, note: None)
    task.check()
    task.stop_event.set()

    with pytest.raises(Stopped):
        task.check()


def test_state_long_action_reports_an_error_with_its_hint_and_logs_it(caplog: pytest.LogCaptureFixture) -> None:
    state = FormState()

    def run(task: Task) -> None:
        raise DocumentError("It is wrong.", hint="Mend it.", problems=[Problem("c", "Here.", "a.b")])

    state.run_long("Save", run, lambda value: None)
    state.wait(5)

    assert [(n.level, n.text, n.hint) for n in state.notices] == [
        ("error", "It is wrong.", "Mend it."),
        ("error", "a.b: Here. (c)", ""),
    ]
    assert "It is wrong." in caplog.text


def test_state_error_of_a_handler_is_a_notice_and_no_exception(caplog: pytest.LogCaptureFixture) -> None:
    state = FormState()

    with state.reporting():
        raise KeyError("lost")

    assert state.notices[0].text == "KeyError: 'lost'"
    assert "KeyError" in caplog.text


def test_state_error_in_what_comes_after_a_task_is_told_too(caplog: pytest.LogCaptureFixture) -> None:
    state = FormState()

    def done(value: object) -> None:
        raise ConfigError("afterwards")

    state.run_long("x", lambda task: 1, done)
    state.wait(5)

    assert state.notices[0].text == "afterwards"


def test_state_log_holds_no_traceback_and_so_no_locals(caplog: pytest.LogCaptureFixture) -> None:
    state = FormState()
    caplog.set_level(logging.DEBUG)

    with state.reporting():
        secret = "canary-1b2c"
        raise ValueError(f"a message of {len(secret)} characters")

    assert "canary" not in caplog.text
    assert all(record.exc_info is None for record in caplog.records)


def test_state_second_action_is_refused_while_one_runs() -> None:
    state, release = FormState(), threading.Event()
    state.run_long("Pull", lambda task: release.wait(5), lambda value: None)

    with pytest.raises(CeligoError, match="Pull is still running"):
        state.run_long("Ping", lambda task: 1, lambda value: None)
    assert state.busy == "Pull"

    release.set()
    state.wait(5)
    assert state.busy == ""


def test_state_stop_returns_at_once_and_says_what_was_stopped() -> None:
    state = FormState()
    state.run_long("Pull", lambda task: task.sleep(60), lambda value: None)

    began = time.monotonic()
    state.stop()
    assert state.wait(5)

    assert time.monotonic() - began < 2
    assert state.notices[0].text == "Pull was stopped."


def test_state_listener_hears_each_change_until_it_unsubscribes() -> None:
    state, heard = FormState(), []
    end = state.subscribe(lambda: heard.append(1))
    state.say("info", "a")
    end()
    state.say("info", "b")

    assert heard == [1]


def test_history_goes_back_and_forth_and_forgets_what_was_undone() -> None:
    history = History(0, limit=3)
    for value in (1, 2, 3, 4):
        history.push(value)
    assert [history.undo() for _ in range(5)] == [True, True, True, False, False]
    assert history.now == 1
    assert history.redo()
    assert history.now == 2
    history.push(9)
    assert not history.redo()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "  ", None),
        ("text", " a ", " a "),
        ("number", "12", 12),
        ("number", "1.5", 1.5),
        ("number", "12x", "12x"),
        ("number", "", None),
        ("texts", "a\n\n b \n", ["a", "b"]),
        ("pairs", "A: 1\nB: x:y", [{"name": "A", "value": "1"}, {"name": "B", "value": "x:y"}]),
        ("pairs", '[{"name": "A", "value": "1", "extra": 2}]', [{"name": "A", "value": "1", "extra": 2}]),
        ("json", '{"a": [1]}', {"a": [1]}),
        ("json", " ", None),
        ("boolean", True, True),
        ("choice", "", None),
    ],
)
def test_value_is_read_and_shown_again(kind: str, text: object, value: object) -> None:
    assert parsed(kind, text) == value
    if value is not None:
        assert parsed(kind, shown_value(kind, value)) == value


@pytest.mark.parametrize(("kind", "text"), [("json", "{"), ("pairs", "no colon"), ("pairs", "[")])
def test_value_that_cannot_be_read_raises(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"no colon|Expecting"):
        parsed(kind, text)


def test_paths_put_and_remove_leave_the_old_document_alone() -> None:
    doc = {"a": {"b": {"c": 1}}, "d": 2}

    assert with_member(doc, "a.b.x", 3) == {"a": {"b": {"c": 1, "x": 3}}, "d": 2}
    assert with_member(doc, "d.e", 1)["d"] == {"e": 1}
    assert without_member(doc, "a.b.c") == {"a": {}, "d": 2}
    assert without_member(doc, "a.b.nothing") == doc
    assert without_member(doc, "nothing.at.all") == doc
    assert doc == {"a": {"b": {"c": 1}}, "d": 2}


def test_paths_leaves_are_what_nothing_covers() -> None:
    doc = {"a": {"b": 1, "c": {"d": 2}}, "e": [1], "f": {}, "g": {"x.y": 1}}

    assert list(leaves(doc, {"a.b"})) == ["a.c.d", "e", "f", "g"]
    assert list(leaves(doc, {"a", "e", "f", "g"})) == []


def layout_of_everything(text: str) -> elements.Element:
    state = FormState()
    state.say("error", text, text)
    return elements.box(
        elements.heading(text, text),
        elements.group(text, elements.paragraph(text), count=1),
        elements.field(text, text, text, help=text, problems=[text], choices=[(text, text)], placeholder=text),
        elements.field("s", text, text, kind="secret", stored=True),
        elements.button("save", text, title=text),
        elements.table(text, [text], [{"id": text, "cells": [elements.cell(text, title=text)], "look": ""}],
                       caption=text),
        elements.code("c", text, text),
        elements.link("javascript:alert(1)", text),
        elements.link("https://a.example/?" + text, text),
        elements.lamp("bad", text),
        elements.meter(0.5, text, text),
        elements.progress(text, 1, 2),
        elements.feedback(state),
    )  # fmt: skip


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_static_html_makes_no_element_of_a_text_from_outside() -> None:
    reader = Tags()
    reader.feed(static_html(layout_of_everything(EVIL)))

    assert not [tag for tag, _ in reader.found if tag in ("img", "script", "iframe", "svg", "object")]
    assert not [name for _, attrs in reader.found for name in attrs if name.startswith("on")]
    assert all(str(attrs.get("href", "https:")).startswith("https:") for _, attrs in reader.found)
    assert [tag for tag, _ in reader.found].count("a") == 1


def test_static_forms_say_what_the_form_says_and_no_secret() -> None:
    layout = layout_of_everything("some words")

    for text in (static_html(layout), static_text(layout)):
        assert "some words" in text
        assert "••••••" in text
    assert "1 of 2" in static_text(layout)


def test_element_of_a_secret_never_holds_a_value() -> None:
    for kind in ("secret", "secret_multiline"):
        assert elements.field("x", "X", "canary", kind=kind)["value"] == ""


def test_element_of_every_kind_is_drawn_by_the_browser_too() -> None:
    from pathlib import Path

    import celigo_pandas.forms

    views = Path(celigo_pandas.forms.__file__).parent / "views"
    script = "".join((views / name).read_text(encoding="utf-8") for name in ("code_field.js", "panel.js"))
    drawn = script[script.index("const DRAW = {") : script.index("};", script.index("const DRAW = {"))]
    kinds = {element["k"] for element in elements.walk(layout_of_everything("x"))}

    assert all(kind in drawn for kind in kinds)
    assert "innerHTML" not in script
    assert "insertAdjacentHTML" not in script
    assert "http://" not in script
    assert "https://" not in script.replace("/^https?:", "")
