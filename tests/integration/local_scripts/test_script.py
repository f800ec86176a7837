"""``celigo.Script``: functions of every kind on records, with what they must give, in V8."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import soak

import celigo_pandas as celigo
from celigo_pandas.errors import ConfigError, DocumentError, FrameError, ScriptError

HOOK = """// Late orders only.
import dayjs from 'dayjs'

export function preMap(options) {
  console.log('page of', options.data.length)
  return options.data.map((data) => {
    if (data.total === 0) return {}
    if (!data.id) return {errors: [{code: 'no_id', message: 'An order without id'}]}
    const record = {...data, placed: dayjs(data.placed).format('DD.MM.YYYY'), test: options.testMode}
    return data.total < 0 ? {data: record, errors: [{code: 'negative', message: 'odd'}]} : {data: record}
  })
}
const isOpen = ({record}) => record.status === 'open'
"""
ORDERS = pd.DataFrame(
    {"id": [1, 2, None, 4], "total": [5, 0, 7, -1], "placed": "2026-01-31T10:00:00Z"}, index=["a", "b", "c", "d"]
).astype({"id": "Int64"})


def test_script_is_read_from_a_text_a_file_and_another_script(tmp_path: Path) -> None:
    (tmp_path / "orders.js").write_text(HOOK, encoding="utf-8")
    scripts = [celigo.Script(HOOK), celigo.Script(str(tmp_path / "orders.js")), celigo.Script(tmp_path / "orders.js")]

    assert [script.name for script in scripts] == ["script.js", "orders.js", "orders.js"]
    assert {tuple(script.functions) for script in scripts} == {("preMap", "isOpen")}
    assert celigo.Script(scripts[1]).name == "orders.js"
    assert celigo.Script(scripts[1], name="Mine").name == "Mine"
    assert "preMap, isOpen" in repr(scripts[0])
    with pytest.raises(DocumentError, match="is empty"):
        celigo.Script(" \n")


def test_pre_map_gives_each_row_its_state_on_the_frames_own_labels() -> None:
    before = ORDERS.copy()

    run = celigo.Script(HOOK).run("preMap", ORDERS)

    assert run.frame.state.to_dict() == {"a": "ok", "b": "ignored", "c": "failed", "d": "ok_with_errors"}
    assert run.frame.code.tolist() == [None, None, "no_id", "negative"]
    assert list(run.output.index) == ["a", "d"]
    assert run.output.placed.unique().tolist() == ["31.01.2026"]
    assert run.output.test.tolist() == [True, True]
    assert run.logs[["level", "function", "message"]].to_numpy().tolist() == [["info", "preMap", "page of 4"]]
    assert run.counts == {"ok": 1, "ok_with_errors": 1, "ignored": 1, "failed": 1}
    assert run.compare()["placed", "changed"].tolist() == [True, True]
    assert run.compare()["total", "changed"].tolist() == [False, False]
    pd.testing.assert_frame_equal(ORDERS, before)


def test_function_gets_pages_and_a_page_that_throws_fails_alone() -> None:
    code = """function preMap({data}) {
      if (data[0].n === 4) throw new TypeError('four')
      return data.map(data => ({data})) }"""

    run = celigo.Script(code, name="pages.js").run("preMap", [{"n": n} for n in range(10)], page_size=4)

    assert run.frame.state.tolist() == ["ok"] * 4 + ["failed"] * 4 + ["ok"] * 2
    assert run.frame.message[4].endswith("TypeError: four")
    assert "pages.js" in run.frame.message[4]
    assert "line 2" in run.frame.message[4]


def test_filter_and_transform_take_one_record_at_a_time() -> None:
    code = """function filter({record, settings}) {
                if (record.n > 3) throw new Error('big')
                return record.n > settings.least }
              function transform({record}) { return record.n === 2 ? null : {double: record.n * 2} }"""
    records = [{"n": n} for n in range(5)]
    script = celigo.Script(code)

    kept = script.run("filter", records, settings={"least": 1})
    made = script.run("transform", records)

    assert kept.frame.state.tolist() == ["ignored", "ignored", "ok", "ok", "failed"]
    assert kept.records == [{"n": 2}, {"n": 3}]
    assert made.frame.state.tolist() == ["ok", "ok", "failed", "ok", "ok"]
    assert made.output.double.tolist() == [0, 2, 6, 8]


def test_post_map_sees_the_records_before_and_post_submit_the_answers() -> None:
    code = """function postMap({preMapData, postMapData}) {
                return postMapData.map((data, i) => ({data: {...data, was: preMapData[i].n}})) }
              function postSubmit({responseData}) {
                for (const one of responseData) if (one.errors && one.errors[0].code === 'dup') {
                  one.errors = []; one.statusCode = 200 }
                return responseData }"""
    script = celigo.Script(code)
    answers = [{"statusCode": 200, "id": "1"}, {"statusCode": 422, "errors": [{"code": "dup", "message": "twice"}]},
               {"statusCode": 422, "errors": [{"code": "x", "message": "no"}]}, {"ignored": True}]  # fmt: skip
    mapped = [{"m": n} for n in range(4)]

    after = script.run("postMap", mapped, before=[{"n": n * 10} for n in range(4)])
    submitted = script.run("postSubmit", mapped, responses=answers)

    assert after.output.was.tolist() == [0, 10, 20, 30]
    assert submitted.frame.state.tolist() == ["ok", "ok", "failed", "ignored"]
    assert submitted.frame.message[2] == "no"


def test_pre_save_page_gives_pages_of_its_own_until_it_aborts() -> None:
    code = """function preSavePage({data, pageIndex}) {
                const groups = {}
                for (const line of data) (groups[line.key] = groups[line.key] || []).push(line)
                return {data: Object.values(groups), errors: [{code: 'seen', message: 'page ' + pageIndex}],
                        abort: pageIndex === 1} }"""

    run = celigo.Script(code).run("preSavePage", [{"key": n // 2, "n": n} for n in range(9)], page_size=4)

    assert [[line["n"] for line in group] for group in run.records] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert [error.message for error in run.errors] == ["page 0", "page 1"]
    assert [error.source for error in run.errors] == ["pre_save_page_hook"] * 2
    assert list(run.frame.index) == [0, 1, 2, 3]
    with pytest.raises(FrameError, match="stand for no row"):
        run.compare()


def test_function_is_the_one_of_the_kinds_name_or_the_first_or_the_one_that_is_named() -> None:
    code = """function clean({data}) { return data.map(d => ({data: {by: 'clean'}})) }
              function other({data}) { return data.map(d => ({data: {by: 'other'}})) }"""

    assert celigo.Script(code).run("preMap", [{}]).records == [{"by": "clean"}]
    assert celigo.Script(code).run("preMap", [{}], function="other").records == [{"by": "other"}]
    with pytest.raises(ScriptError, match="declares clean, other"):
        celigo.Script(code).run("preMap", [{}], function="nothing")


@pytest.mark.parametrize(
    ("code", "where", "text"),
    [
        ("function preMap(o) {\n  return [\n", "syntax_error", "end of input"),
        ("import _ from 'lodash'\nfunction preMap(o) { return [] }", "unknown_import", "lodash"),
        ("const a = 1", "no_functions", "declares no function"),
    ],
)
def test_script_that_cannot_be_run_at_all_is_an_error_with_its_place(code: str, where: str, text: str) -> None:
    script = celigo.Script(code, name="bad.js")

    with pytest.raises(ScriptError, match=text) as raised:
        script.run("preMap", [{"n": 1}])

    assert raised.value.code == where
    assert raised.value.script == "bad.js"
    assert script.check().code.tolist() == [where]


def test_check_names_functions_that_a_document_refers_to_in_vain() -> None:
    doc = {
        "hooks": {
            "preMap": {"_scriptId": "1", "function": "preMap"},
            "postMap": {"_scriptId": "1", "function": "gone"},
        },
        "filter": {"type": "script", "script": {"_scriptId": "1"}},
    }

    found = celigo.Script(HOOK).check(doc)

    assert found.code.tolist() == ["function_missing"]
    assert "'gone'" in found.message[0]
    assert celigo.Script(HOOK).check().empty


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"kind": "premap"}, "expected one of preMap"),
        ({"kind": "preMap", "page_size": 0}, "page_size"),
        ({"kind": "postSubmit"}, "responses: missing"),
        ({"kind": "preMap", "responses": [{}]}, "responses: given"),
        ({"kind": "postSubmit", "responses": []}, "expected one for each"),
        ({"kind": "postMap", "before": []}, "expected one for each"),
        ({"kind": "preMap", "allow_api": "yes"}, "expected a client"),
        ({"kind": "preMap", "before": [{"n": 1}]}, "before: given for a preMap"),
        ({"kind": "preMap", "settings": "x"}, "settings: got 'x'"),
        ({"kind": "preMap", "function": 5}, "function: got 5"),
        ({"kind": "postSubmit", "responses": 5}, "responses: got 5"),
    ],
)
def test_call_that_cannot_be_is_refused(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        celigo.Script(HOOK).run(records=[{"n": 1}], **arguments)


def test_result_escapes_what_a_script_says() -> None:
    code = """function preMap({data}) {
                console.log('<img>')
                return data.map(d => ({errors: [{code: '<b>', message: '<i>'}]})) }"""
    run = celigo.Script(code, name="<s>").run("preMap", [{"<u>": "<q>"}])
    shown = run._repr_html_() + celigo.Script(code, name="<s>")._repr_html_()

    assert not [mark for mark in ("<img", "<b>b", "<i>", "<s>", "<q>", "<u>") if mark in shown]
    assert "&lt;img&gt;" in shown


@pytest.mark.soak
def test_states_and_output_are_those_of_the_same_rule_in_python() -> None:
    code = """function preMap({data}) { return data.map(d => {
                const out = {data: {n: d.n, twice: d.n * 2, tag: d.tag.toUpperCase()}}
                if (d.n % 5 === 0) return {}
                if (d.n % 3 === 0) return {errors: [{code: 'three', message: String(d.n)}]}
                return d.n % 7 === 0 ? {...out, errors: [{code: 'seven', message: 'x'}]} : out }) }"""
    script = celigo.Script(code)
    random_ = random.Random(soak.seed("script states"))
    for _ in range(soak.runs(8, 300)):
        rows = [{"n": random_.randrange(10**6), "tag": random_.choice("abc")} for _ in range(random_.randrange(1, 60))]
        run = script.run("preMap", pd.DataFrame(rows), page_size=random_.randrange(1, 20))

        states = ["ignored" if n % 5 == 0 else "failed" if n % 3 == 0 else "ok_with_errors" if n % 7 == 0 else "ok"
                  for n in (row["n"] for row in rows)]  # fmt: skip
        kept = [row for row, state in zip(rows, states, strict=True) if state.startswith("ok")]
        assert run.frame.state.tolist() == states
        assert run.records == [{"n": row["n"], "twice": 2 * row["n"], "tag": row["tag"].upper()} for row in kept]
