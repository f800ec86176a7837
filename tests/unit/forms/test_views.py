"""The widgets in this process: what the browser would send, what it would be sent."""

from __future__ import annotations

import gc
import inspect
import json
import re
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from ipywidgets.widgets import widget as widget_module
from support.forms import FakeClient, buttons, field_of, texts

from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import ConfigError
from celigo_pandas.forms import ConnectionForm, Explorer, ExportForm, MappingEditor
from celigo_pandas.forms.elements import walk
from celigo_pandas.forms.views.form import FormView, _stop

CANARY = "canary-93bd"
EVIL = "<img src=x onerror=window.__x=1>"
BASIC = {
    "name": "Shop",
    "type": "http",
    "http": {"baseURI": "https://shop.example", "mediaType": "json",
             "auth": {"type": "basic", "basic": {"username": "u", "password": CANARY}}},
}  # fmt: skip
DOC = {
    "mappings": [{"generate": "x", "dataType": "number", "extract": "$.a", "status": "Active"}],
    "lookups": [{"name": "l", "map": {"A": "B"}}],
}
FRAME = pd.DataFrame({"a": ["1", "no"], "b": [1, 2]})


@pytest.fixture(autouse=True)
def _widget_errors_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """ipywidgets swallows what a callback raises; here it fails the test."""

    def strict(self: Any, *args: Any, **kwargs: Any) -> Any:
        value = None
        for callback in self.callbacks:
            local = callback(*args, **kwargs)
            value = local if local is not None else value
        return value

    monkeypatch.setattr(widget_module.CallbackDispatcher, "__call__", strict)


class Export:
    name = "Shop"
    type = "http"

    def __init__(self, client: Any = None) -> None:
        self.client = client


def send(form: FormView, **content: Any) -> None:
    """Deliver a message as the browser's comm does."""
    form.widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def forms() -> Iterator[FormView]:
    client = FakeClient()
    connection = client.connection(BASIC)
    yield ConnectionForm(connection)
    yield ConnectionForm(client)
    yield ExportForm(Export(client))
    yield MappingEditor(FRAME, DOC)
    yield MappingEditor(FRAME, {"mapping": {"fields": [{"generate": "x", "extract": "a"}]}}, Export(client))
    explorer = Explorer(client)
    explorer.wait(5)
    yield explorer


def test_view_every_button_has_a_public_method_of_its_name() -> None:
    for form in forms():
        for name in ("mappings[0]", "mapping.fields[0]"):
            if isinstance(form, MappingEditor) and name in texts(form.layout()):
                form.pick(name)
        for action, button in buttons(form.layout()).items():
            method = getattr(type(form), action)
            assert not action.startswith("_")
            assert method.__doc__
            needs = [p for n, p in inspect.signature(method).parameters.items() if n not in ("self", "wait")]
            assert bool(needs) is (button["argument"] is not None), action
        form.close()


def test_view_state_that_is_synced_is_json_and_holds_no_secret() -> None:
    for form in forms():
        if isinstance(form, ConnectionForm):
            send(form, event="secret", id="http.auth.basic.password", value=CANARY)
        synced = json.dumps(form.widget.get_state(), default=str)
        assert CANARY not in synced
        assert CANARY not in repr(form)
        assert CANARY not in form._repr_html_()
        assert CANARY not in repr(vars(form)) + repr(vars(form.state))
        form.close()


def test_view_secret_message_becomes_a_secret_and_the_message_is_emptied() -> None:
    form = ConnectionForm(FakeClient().connection(BASIC))
    message = {"event": "secret", "id": "http.auth.basic.password", "value": CANARY}

    form.handle(message)

    assert "value" not in message
    assert form.state.secrets == {"http.auth.basic.password": Secret(CANARY)}
    shown = field_of(form.layout(), "http.auth.basic.password")
    assert (shown["value"], shown["stored"]) == ("", True)


def test_view_typing_and_choosing_changes_the_document_and_the_layout() -> None:
    form = ConnectionForm(FakeClient())
    send(form, event="set", id="name", value="Shop")
    send(form, event="set", id="http.auth.type", value="token")

    assert form.doc["http"]["auth"] == {"type": "token", "token": {"location": "header"}}
    assert field_of(form.widget.tree, "http.auth.token.token")["required"]
    assert field_of(form.widget.tree, "name")["value"] == "Shop"


def test_view_error_of_a_message_shows_in_the_form_and_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    form = ConnectionForm(FakeClient())

    send(form, event="press", action="save", argument=None)
    send(form, event="set", id="no.such.field", value="x")

    notices = [element for element in walk(form.widget.tree) if element["k"] == "notice"]
    assert "no field 'no.such.field'" in notices[0]["text"]
    assert "to mend" in caplog.text
    assert "no.such.field" in caplog.text


def test_view_text_that_was_not_taken_stays_in_its_field_with_the_reason() -> None:
    editor = MappingEditor(FRAME, DOC)
    for id, text in (("lookup:l|map", "A = B\nno sign"), ("document", "{oops"), ("push|first", "many")):
        send(editor, event="set", id=id, value=text)
        if id.startswith("push"):
            continue
        shown = field_of(editor.widget.tree, id)
        assert shown["value"] == text
        assert shown["problems"]
    assert editor.import_doc == DOC

    send(editor, event="set", id="lookup:l|map", value="A = B\nC = D")
    assert field_of(editor.widget.tree, "lookup:l|map")["problems"] == []
    send(editor, event="press", action="undo", argument=None)
    assert field_of(editor.widget.tree, "document")["value"] == editor.copy_as_json()


@pytest.mark.parametrize("action", ["_press", "__init__", "nope", "state"])
def test_view_press_reaches_public_methods_only(action: str) -> None:
    form = ConnectionForm(FakeClient())

    send(form, event="press", action=action, argument=None)

    assert "no action" in form.state.notices[0].text


def test_view_pressed_action_does_not_wait_and_called_one_raises() -> None:
    client = FakeClient()
    form = ConnectionForm(client.connection(BASIC))
    send(form, event="press", action="ping", argument=None)
    form.wait(5)
    assert client.sent == [("ping saved", form.connection.id)]

    assert form.ping()
    client.connections = None  # type: ignore[assignment]
    broken = ConnectionForm(client, document=BASIC)
    with pytest.raises(AttributeError):
        broken.ping()
    assert "AttributeError" in broken.state.notices[0].text


def test_view_stop_reaches_a_form_by_its_id() -> None:
    form = ConnectionForm(FakeClient())
    form.state.run_long("Ping", lambda task: task.sleep(60), lambda value: None)

    _stop(form._form_id)
    _stop("of nobody")

    assert form.wait(5)
    assert form.state.notices[0].text == "Ping was stopped."


def test_view_form_that_is_gone_is_not_kept_by_its_state_or_widget() -> None:
    form = ConnectionForm(FakeClient())
    state, panel, gone = form.state, form.widget, weakref.ref(form)
    del form
    gc.collect()

    assert gone() is None
    state.say("info", "nobody listens")
    panel._handle_msg({"content": {"data": {"method": "custom", "content": {"event": "set"}}}, "buffers": []})


def test_view_bundle_has_the_widget_and_both_forms_without_a_browser() -> None:
    for form in forms():
        data, _ = form._repr_mimebundle_()
        assert set(data) >= {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
        assert data["text/plain"] == repr(form)
        form.close()


def test_view_text_from_outside_is_text_everywhere() -> None:
    client = FakeClient()
    connection = client.connection({**BASIC, "name": EVIL, EVIL: EVIL})
    frame = pd.DataFrame({EVIL: [EVIL]})
    doc = {"mappings": [{"generate": EVIL, "dataType": "string", "extract": "$.[" + EVIL + "]", "status": "Active",
                         "description": EVIL}]}  # fmt: skip
    editor = MappingEditor(frame, doc)
    editor.pick("mappings[0]")
    for form in (ConnectionForm(connection), editor, ExportForm(connection), Explorer(client)):
        form.wait(5)
        assert EVIL in texts(form.layout()).replace("\\", "")
        assert EVIL not in form._repr_html_()
        form.close()


def test_view_secret_that_was_refused_is_in_nothing_that_is_shown_or_saved() -> None:
    form = ConnectionForm(FakeClient(), document={**BASIC, "http": {**BASIC["http"], "auth": {"type": "custom"}}})
    row = {**BASIC, "http": {**BASIC["http"], "auth": {"type": "custom", "basic": {"x": []}}}}
    other = ConnectionForm(FakeClient(), document=row)
    send(form, event="set", id="extra:path", value="http.auth.basic.password")
    send(form, event="secret", id="extra:value", value=CANARY)
    send(form, event="set", id="name", value="a redraw")
    assert field_of(form.widget.tree, "extra:value")["stored"]
    send(form, event="press", action="add_member")
    send(other, event="set", id="http.ping.body", value="{half")
    for text in (f'{{"password": "{CANARY}"}}', f'{{"password": "{CANARY}'):
        send(other, event="set", id="http.encrypted", value=text)

    for one in (form, other):
        synced = json.dumps(one.widget.get_state(), default=str)
        everything = synced + repr(one) + one._repr_html_() + repr(vars(one)) + repr(vars(one.state))
        assert CANARY not in everything
    assert "is a secret" in repr(form)


def test_view_text_that_was_not_taken_outlives_a_button_and_stops_it() -> None:
    editor = MappingEditor(FRAME, DOC, Export(FakeClient()))
    send(editor, event="set", id="document", value="{oops")
    send(editor, event="set", id="push|batch_size", value="many")

    for action in ("add_rule", "check_all", "push"):
        send(editor, event="press", action=action)
        assert field_of(editor.widget.tree, "document")["value"] == "{oops"
        assert field_of(editor.widget.tree, "push|batch_size")["value"] == "many"
        assert editor.import_doc == DOC
        assert "nothing was done" in editor.state.notices[0].text
    assert not editor.state.busy

    assert buttons(editor.widget.tree)["undo"]["enabled"]
    send(editor, event="press", action="undo")
    assert json.loads(field_of(editor.widget.tree, "document")["value"]) == DOC
    send(editor, event="press", action="add_rule")
    assert len(editor.import_doc["mappings"]) == 2


def test_view_answers_each_message_by_its_stamp() -> None:
    form = ConnectionForm(FakeClient())
    for stamp, more in (("a:1", {"event": "set", "id": "name", "value": "x"}),
                        ("a:2", {"event": "set", "id": "name", "value": "x"}),
                        ("a:3", {"event": "set", "id": "nowhere", "value": "x"})):  # fmt: skip
        send(form, stamp=stamp, **more)
        assert form.widget.tree["answered"] == stamp


def test_view_closed_form_lives_again_when_it_is_shown_again() -> None:
    for form in forms():
        form.close()
        shown = form.shown
        form.state.say("info", "still here")
        assert "still here" in texts(form.widget.tree)
        if isinstance(form, Explorer):
            assert shown.children[0] is form.widget
        form.close()


CLIENT = FakeClient()
WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: ConnectionForm("Rec"), "ConnectionForm takes a Connection or a Client, got 'Rec'"),
    (lambda: ConnectionForm(None), "ConnectionForm takes a Connection or a Client, got None"),
    (lambda: ConnectionForm(CLIENT, document="x"), "document is a str; expected a dict"),  # type: ignore[arg-type]
    (lambda: ConnectionForm(CLIENT, type="nope"), "Unknown type 'nope'"),
    (lambda: MappingEditor(FRAME, None), "import_doc is None"),
    (lambda: MappingEditor(FRAME, FRAME), "import_doc is"),
    (lambda: MappingEditor([], DOC), "MappingEditor takes a DataFrame first"),
    (lambda: MappingEditor(FRAME, DOC, 5), "MappingEditor takes a Connection, got 5"),
    (lambda: MappingEditor(FRAME, DOC, sample=0), "sample: got 0"),
    (lambda: ExportForm(5), "ExportForm takes a Connection, got 5"),
    (lambda: ExportForm(CLIENT), "ExportForm takes a Connection"),
    (lambda: ExportForm(None), "ExportForm takes a Connection, got None"),
    (lambda: ExportForm(Export(CLIENT), "x"), "export is 'x'"),
    (lambda: Explorer(CLIENT.connection(BASIC)), "Explorer takes a Client"),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=[message for _, message in WRONG])
def test_view_wrong_argument_is_named_where_it_is_given(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        make()


def test_editor_click_on_a_cell_blames_it() -> None:
    editor = MappingEditor(pd.DataFrame({"a": ["1"]}), DOC)
    send(editor, event="cell", id="output", row=0, column=1)

    assert editor.state.selected == (0, "x")
    tables = {element["id"] for element in walk(editor.widget.tree) if element["k"] == "table"}
    assert "blame" in tables


def test_editor_marks_changed_and_failing_cells() -> None:
    editor = MappingEditor(FRAME, DOC)
    send(editor, event="set", id="mappings[0]|source", value="$.b")
    send(editor, event="set", id="mappings[0]|dataType", value="string")

    output = next(element for element in walk(editor.widget.tree) if element.get("id") == "output")
    looks = [[cell["look"] for cell in row["cells"]] for row in output["rows"]]
    assert looks == [["muted", "changed"], ["muted", "changed"]]


def test_editor_copies_what_it_stands_for() -> None:
    editor = MappingEditor(FRAME, DOC)
    editor.set("mappings[0]", "source", "$.b")

    assert json.loads(editor.copy_as_json()) == editor.import_doc
    space: dict[str, Any] = {"df": FRAME}
    import celigo_pandas

    assert celigo_pandas.__version__
    exec(editor.copy_as_python(), space)
    assert space["import_doc"] == editor.import_doc
    assert len(space["trial"]) == 2
    assert buttons(editor.layout())["copy_as_python"]["copies"] == editor.copy_as_python()


def test_editor_mapping_is_a_mapping_of_the_document() -> None:
    editor = MappingEditor(FRAME, DOC)

    assert editor.mapping.to_import({})["mappings"] == DOC["mappings"]
