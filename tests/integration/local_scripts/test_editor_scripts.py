"""The *Scripts* section of a MappingEditor, without a browser: what it shows, edits, runs, and never does by itself."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import celigo_pandas as celigo
from celigo_pandas.errors import ConfigError
from celigo_pandas.forms.elements import Element, walk

ID = "5f00000000000000000000aa"
CODE = """function preMap({data}) {
  console.log('page', data.length)
  return data.map((d) => d.n === 3 ? {} : {data: {...d, double: d.n * 2}})
}
function postMap({postMapData}) { return postMapData.map((data) => ({data: {...data, by: 'postMap'}})) }
"""
ROWS = pd.DataFrame({"n": range(6)}, index=list("abcdef"))
RULE = {"generate": "double", "dataType": "number", "extract": "$.double", "status": "Active"}
DOC: dict[str, Any] = {
    "mappings": [RULE],
    "hooks": {"preMap": {"_scriptId": ID}, "postMap": {"_scriptId": ID, "function": "postMap"}},
}


def editor(code: str = CODE, rows: pd.DataFrame = ROWS, doc: Any = DOC, **more: Any) -> celigo.MappingEditor:
    return celigo.MappingEditor(rows, doc, scripts={ID: code}, **more)


def section(form: celigo.MappingEditor) -> list[Element]:
    (found,) = [one for one in walk(form.layout()) if one["k"] == "group" and one["id"] == "group:scripts"]
    return list(walk(found))


def element(form: celigo.MappingEditor, id: str) -> Element:
    return next(one for one in section(form) if one.get("id") == id)


def texts(form: celigo.MappingEditor) -> list[str]:
    return [one["text"] for one in section(form) if one["k"] == "paragraph"]


def cells(table: Element) -> list[list[str]]:
    return [[cell["t"] for cell in row["cells"]] for row in table["rows"]]


def test_preview_runs_the_hooks_and_follows_their_code() -> None:
    form = editor()
    assert form.state.preview.counts == {"mapped": 5, "ignored": 1, "failed": 0}
    assert form.state.preview.columns == ("double", "by")
    assert form.state.coverage.rules[0].found > 0

    form.set_value(f"script:{ID}|text", CODE.replace("d.n * 2", "d.n * 10"))

    assert [row.cells.get("double") for row in form.state.preview.rows] == [0, 10, 20, None, 40, 50]
    assert (2, "double") in form.state.changed_cells
    assert form.scripts[ID] != CODE
    form.revert_script()
    assert form.scripts == {ID: CODE}
    assert form.copy_script() == CODE


def test_run_shows_each_record_before_and_after_and_the_log() -> None:
    form = editor()

    form.run_script()

    table = element(form, "script_run")
    assert table["columns"] == ["row", "state", "n", "double"]
    assert cells(table)[1] == ["b", "ok", "1", "∅ → 2"]
    assert cells(table)[3][:2] == ["d", "ignored"]
    assert cells(element(form, "script_log")) == [["info", "preMap", "page 6"]]
    form.set_value("script|place", "hooks.postMap")
    form.run_script()
    assert cells(element(form, "script_run"))[0] == ["a", "ok", "0", "∅ → postMap"]


def test_rows_in_view_are_those_of_the_page() -> None:
    form = editor(rows=pd.DataFrame({"n": range(10, 60)}))
    form.next_page()

    form.run_script()

    assert [row[0] for row in cells(element(form, "script_run"))] == [str(n) for n in range(15, 30)]


def test_errors_stand_at_their_line() -> None:
    code = [
        "function preMap({data}) {",
        "  return data.map((d) => {",
        "    if (d.n > 1) d.x.y = 1",
        "    return {data: d} })",
        "}",
    ]
    form = editor("\n".join(code))
    form.run_script()

    code = element(form, f"script:{ID}|text")
    assert [line for line, _ in code["marks"]] == [3]
    assert any(text.startswith("line 3: ") for text in texts(form))
    assert {row.state for row in form.state.scripts.shown.rows} == {"failed"}
    assert form.state.preview.counts["failed"] == 6
    form.set_value(f"script:{ID}|text", "function preMap({data}) {\n  return [\n}")
    broken = element(form, f"script:{ID}|text")
    assert broken["marks"][0][0] == 3
    assert "syntax_error" in broken["problems"][0]
    assert form.state.scripts.shown is None


def test_script_that_does_not_end_is_waited_for_once() -> None:
    form = editor("function preMap(o) { while (true) {} }", rows=pd.DataFrame({"n": range(300)}))
    assert form.state.preview.counts["failed"] == 300

    began = time.monotonic()
    form.set("mappings[0]", "source", "$.n")
    form.set("mappings[0]", "source", "$.double")

    assert time.monotonic() - began < 4  # the patience of one call is 5 s
    assert "did not end in 5 s" in form.state.preview.rows[0].problems[0].message
    form.set_value(f"script:{ID}|text", CODE)
    assert form.state.preview.counts["failed"] == 0


def test_blame_of_a_cell_names_the_hooks() -> None:
    form = editor()
    form.state.select(1, "double")

    (told,) = form.state.blame()

    assert told.steps[0] == (f"preMap ({ID}.js:1)", "(absent)", "2")
    form.state.select(1, "by")
    assert form.state.blame()[0].rule == "hooks.postMap"


def test_script_that_is_not_at_hand_is_said_and_the_rest_is_shown() -> None:
    other = {**DOC, "filter": {"type": "script", "script": {"_scriptId": "5f00000000000000000000bb"}}}

    form = editor(doc=other)

    assert any("5f00000000000000000000bb" in text for text in texts(form))
    assert element(form, "script|place")["choices"][0][0] == "hooks.preMap"
    assert form.state.preview is not None
    with pytest.raises(ConfigError, match="'Ordrs'"):
        celigo.MappingEditor(ROWS, DOC, scripts={ID: CODE, "Ordrs": CODE})


def test_without_the_extra_the_preview_is_made_without_scripts_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, package=None: None)

    form = editor()

    assert any('pip install "celigo-pandas[scripts]"' in text for text in texts(form))
    assert form.state.preview.counts["mapped"] == 6


def test_document_without_scripts_has_no_section_and_starts_no_process() -> None:
    form = celigo.MappingEditor(ROWS, {"mappings": [RULE]})

    assert not [one for one in walk(form.layout()) if one.get("id") == "group:scripts"]
    assert form.copy_script() == ""
    with pytest.raises(ConfigError, match="names no script"):
        form.run_script()


@pytest.fixture(scope="module")
def client() -> Iterator[celigo.Client]:
    with celigo.local(demo="none") as local:
        http = {"baseURI": "http://127.0.0.1:9", "mediaType": "json"}
        local.connections.create({"name": "Desk", "type": "http", "http": http})
        yield local


def test_edited_script_is_not_pushed_until_the_server_has_it(client: celigo.Client) -> None:
    saved = client.scripts.create("Orders", CODE)
    hooks = {"preMap": {"_scriptId": saved.id}}
    doc = {"mappings": [RULE], "hooks": hooks, "http": {"method": ["POST"], "relativeURI": ["/x"]}}
    form = celigo.MappingEditor(ROWS, doc, client.connections["Desk"])
    assert form.scripts == {saved.id: CODE}
    form.set_value(f"script:{saved.id}|text", CODE + "// edited")

    with pytest.raises(ConfigError, match="would run its own script 'Orders'"):
        form.dry_run()

    code = form.copy_as_python()
    assert "dry_run(import_doc, scripts=scripts)" in code
    assert f"client.scripts['{saved.id}'].update(content=scripts['{saved.id}'])" in code
    saved.update(content=CODE + "// edited")
    form.push()
    form.cancel()
    assert saved.content == CODE + "// edited"


def test_texts_of_scripts_are_escaped_in_the_static_form() -> None:
    evil = "<img src=x onerror=alert(1)>"
    form = editor(
        f"function preMap(o) {{ console.log('{evil}'); return o.data.map(d => ({{data: {{x: '{evil}'}}}})) }}"
    )
    form.run_script()

    assert "<img" not in form._repr_html_()
    assert evil in repr(form)
