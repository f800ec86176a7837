"""Hooks, filters and transforms that are scripts, in the engine's exports and imports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from support.engine import EngineProcess, make_sqlite

FOLDERS = {"name": "f", "type": "filesystem", "_agentId": "5f0000000000000000000009", "filesystem": {}}
NETSUITE = {"name": "n", "type": "netsuite", "netsuite": {"authType": "token-auto", "account": "1"}}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess("--choice", "script_seconds=3") as running:
        yield running


@pytest.fixture(scope="module")
def desk(engine: EngineProcess) -> str:
    return engine.connection(NETSUITE)


def script(engine: EngineProcess, content: str, name: str = "orders.js", **more: Any) -> str:
    answer = engine.call("POST", "/scripts", {"name": name, "content": content, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["_id"])


def named(id: str, function: str | None = None) -> dict[str, str]:
    return {"_scriptId": id, **({"function": function} if function else {})}


def step(id: str, function: str) -> dict[str, Any]:
    return {"type": "script", "script": named(id, function)}


def mock(records: list[Any], **more: Any) -> dict[str, Any]:
    return {"pageSize": 2, "mockOutput": {"page_of_records": [{"record": record} for record in records]}, **more}


def pages(engine: EngineProcess, connection: str, doc: dict[str, Any]) -> list[dict[str, Any]]:
    found = list(engine.pages(connection, doc))
    return [{name: page[name] for name in ("data", "errors") if name in page} for page in found]


def run(engine: EngineProcess, connection: str, doc: dict[str, Any], data: list[Any], route: str = "import") -> Any:
    answer = engine.call("POST", f"/connections/{connection}/{route}", {"import": doc, "data": data})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(answer: Any) -> tuple[str, str]:
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    return error["code"], error["message"]


EXPORT = """
function shape({record}) { return {nr: record.n * 10} }
function odd({record, settings}) { return record.nr % settings.export.by !== 0 }
function save(options) {
  return {data: [...options.data, {page: options.pageIndex, of: options.data.length}], errors: options.errors,
          abort: options.pageIndex === 1}
}
"""


def test_export_transforms_then_filters_then_saves_each_page_until_it_is_aborted(
    engine: EngineProcess, desk: str
) -> None:
    id = script(engine, EXPORT)
    doc = mock([{"n": n} for n in range(9)], settings={"by": 30}, hooks={"preSavePage": named(id, "save")})
    doc |= {"transform": step(id, "shape"), "filter": step(id, "odd")}

    found = pages(engine, desk, doc)

    assert [page["data"] for page in found if page["data"]] == [
        [{"nr": 10}, {"nr": 20}, {"page": 0, "of": 2}],
        [{"nr": 40}, {"nr": 50}, {"page": 1, "of": 2}],
    ]


def test_export_page_whose_hook_throws_has_an_error_and_the_next_pages_come(engine: EngineProcess, desk: str) -> None:
    id = script(engine, "function save(o) {\n  if (o.pageIndex === 1) o.data[9].n = 1;\n  return {data: o.data}\n}")

    found = pages(engine, desk, mock([{"n": n} for n in range(5)], hooks={"preSavePage": named(id)}))

    assert [page["data"] for page in found] == [[{"n": 0}, {"n": 1}], [], [{"n": 4}]]
    (error,) = found[1]["errors"]
    assert error["source"] == "pre_save_page_hook"
    assert error["code"] == "script_error"
    assert "Script 'orders.js', save, line 2: TypeError" in error["message"]


def test_export_page_may_be_emptied_and_errors_be_added_with_what_to_retry(engine: EngineProcess, desk: str) -> None:
    id = script(
        engine,
        "const save = o => ({data: [], errors: [{code: 'mine', message: 'no'}],"
        " newErrorsAndRetryData: [{retryData: o.data[0], errors: [{message: 'again'}]}]})",
    )

    (found,) = pages(engine, desk, mock([{"n": 1}], hooks={"preSavePage": named(id)}))

    assert found["data"] == []
    assert found["errors"] == [
        {"code": "mine", "message": "no", "source": "pre_save_page_hook"},
        {"code": "save_error", "message": "again", "source": "pre_save_page_hook", "retryData": {"n": 1}},
    ]


def test_export_page_of_a_file_has_its_file_beside_each_record(engine: EngineProcess, tmp_path: Path) -> None:
    for name, rows in {"a.csv": "n\n1\n2\n3\n", "b.csv": "n\n4\n"}.items():
        (tmp_path / name).write_text(rows)
    folder = engine.connection(FOLDERS)
    id = script(
        engine,
        "function keep({record}) { return record.n !== '2' }\n"
        "function save(o) { return {data: o.data.map((d, i) => ({...d, file: o.files[i].fileMeta.fileName}))} }",
    )
    doc = {
        "pageSize": 2,
        "filesystem": {"directoryPath": str(tmp_path)},
        "file": {"type": "csv", "skipDelete": True, "csv": {"hasHeaderRow": True, "columnDelimiter": ","}},
        "filter": step(id, "keep"),
        "hooks": {"preSavePage": named(id, "save")},
    }

    found = [record for page in pages(engine, folder, doc) for record in page["data"]]

    assert found == [{"n": "1", "file": "a.csv"}, {"n": "3", "file": "a.csv"}, {"n": "4", "file": "b.csv"}]


def test_export_records_fail_one_by_one_in_a_filter_and_a_transform(engine: EngineProcess, desk: str) -> None:
    id = script(
        engine,
        "function shape({record}) { if (record.n === 1) throw new Error('one');"
        " return record.n === 2 ? null : record }\n"
        "function keep({record}) { if (record.n === 3) null.x; return record.n }",
    )
    doc = mock([{"n": n} for n in range(6)], pageSize=9, transform=step(id, "shape"), filter=step(id, "keep"))

    (found,) = pages(engine, desk, doc)

    assert found["data"] == [{"n": 4}, {"n": 5}]
    assert [(error["source"], error["code"], error["position"]) for error in found["errors"]] == [
        ("transformation", "script_error", 1),
        ("transformation", "bad_answer", 2),
        ("output_filter", "script_error", 3),
    ]
    assert "record 1: Error: one" in found["errors"][0]["message"]


def test_preview_shows_what_each_script_made_of_the_page(engine: EngineProcess, desk: str) -> None:
    id = script(engine, EXPORT)
    doc = mock([{"n": 1}, {"n": 3}], _connectionId=desk, settings={"by": 30}, hooks={"preSavePage": named(id, "save")})
    doc |= {"transform": step(id, "shape"), "filter": step(id, "odd")}

    answer = engine.call("POST", "/exports/preview", doc).json()

    assert [stage["name"] for stage in answer["stages"]] == ["parse", "transform", "filter", "preSavePage"]
    assert answer["data"] == [{"nr": 10}, {"page": 0, "of": 1}]


MAPPING = {"fields": [{"extract": "sku", "generate": "item"}, {"extract": "qty", "generate": "count"}]}

IMPORT = """
function keep({record}) { return record.sku !== 'drop' }
function preMap(options) {
  return options.data.map((data) => {
    if (data.sku === 'ignore') return {};
    if (data.sku === 'fail') return {errors: [{code: 'no_stock', message: 'none left'}]};
    if (data.sku === 'warn') return {data, errors: [{code: 'low', message: 'few left'}]};
    data.qty = data.qty * 2;
    return {data};
  })
}
function postMap(options) {
  return options.postMapData.map((data, i) => ({data: {...data, was: options.preMapData[i].sku}}))
}
function postSubmit(options) {
  return options.responseData.map((response, i) => {
    if (options.postMapData[i].item === 'late') {
      response.statusCode = 422;
      response.errors.push({code: 'late', message: 'too late'});
    } else if (response.statusCode === 422) {
      response.statusCode = 200;
      response.errors.splice(0);
      response.id = 'kept';
    }
    return response
  })
}
function answer({record}) { return {number: record.id, by: 'script'} }
"""


def importing(id: str, **more: Any) -> dict[str, Any]:
    hooks = {"preMap": named(id, "preMap"), "postMap": named(id, "postMap")}
    return {"mapping": MAPPING, "filter": step(id, "keep"), "hooks": hooks, **more}


def test_map_runs_filter_premap_mapping_and_postmap_in_this_order(engine: EngineProcess, desk: str) -> None:
    id = script(engine, IMPORT)
    data = [{"sku": name, "qty": 2} for name in ("a", "drop", "ignore", "fail", "warn")]

    found = run(engine, desk, importing(id), data, "import/map")

    assert found[0] == {"item": "a", "count": 4, "was": "a"}
    assert found[1] == found[2] == {"statusCode": 200, "ignored": True}
    assert found[3] == {
        "statusCode": 422,
        "errors": [{"code": "no_stock", "message": "none left", "source": "pre_map_hook"}],
    }
    assert found[4]["data"] == {"item": "warn", "count": 2, "was": "warn"}
    assert found[4]["errors"][0]["code"] == "low"


def test_submit_gives_answers_to_the_response_transform_and_then_to_postsubmit(
    engine: EngineProcess, desk: str
) -> None:
    id = script(engine, IMPORT)
    doc = importing(id, responseTransform=step(id, "answer"))
    doc["hooks"]["postSubmit"] = named(id, "postSubmit")
    doc["mockResponse"] = [
        {"_json": {"id": 7}},
        {"_json": {"id": 8}},
        {"statusCode": 422, "errors": [{"code": "x", "message": "y"}]},
    ]

    found = run(engine, desk, doc, [{"sku": "a", "qty": 1}, {"sku": "late", "qty": 1}, {"sku": "b", "qty": 1}])

    assert found[0] == {"statusCode": 200, "_json": {"number": 7, "by": "script"}}
    assert found[1] == {
        "statusCode": 422,
        "_json": {"number": 8, "by": "script"},
        "errors": [{"code": "late", "message": "too late"}],
    }
    assert found[2] == {"statusCode": 200, "id": "kept"}


def test_postsubmit_that_throws_leaves_no_record_that_would_be_sent_twice(engine: EngineProcess, desk: str) -> None:
    id = script(engine, "function postSubmit() { throw new Error('no') }")
    doc = {"hooks": {"postSubmit": named(id)}, "mockResponse": [{"id": "1"}, {"statusCode": 422}]}

    found = run(engine, desk, doc, [{}, {}])

    assert [one["statusCode"] for one in found] == [502, 422]
    assert {error["source"] for one in found for error in one["errors"]} == {"post_submit_hook"}


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("function preMap(o) { throw new Error('stop') }", "line 1: Error: stop"),
        (
            "function preMap(o) { return o.data.slice(1).map(data => ({data})) }",
            "must match the input: got 1, expected 2",
        ),
        ("function preMap(o) { return o.data.map(data => ({data: 5})) }", "data of what it returned is a number"),
        ("function preMap(o) { return o.data.map(data => data.n) }", "record 0: it returned a number"),
        ("function preMap(o) { }", "it returned undefined"),
        ("function preMap(o) { while (true); }", "did not end in 3 s"),
        ("function preMap(o) { return new Promise(() => {}) }", "promise that never settles"),
        ("function preMap(o) { return [{data: {n: 10n}}, {}] }", "cannot be written as JSON"),
        ("function preMap(o) { const a = {}; a.a = a; return a }", "cannot be written as JSON"),
        ("function preMap(o) { return require('fs') }", "ReferenceError: require is not defined"),
    ],
    ids=range(10),
)
def test_premap_that_fails_fails_its_page_and_nothing_else(
    engine: EngineProcess, desk: str, code: str, wanted: str
) -> None:
    doc = {"hooks": {"preMap": named(script(engine, code))}, "mapping": {"fields": [{"extract": "n", "generate": "m"}]}}

    found = run(engine, desk, doc, [{"n": 1}, {"n": 2}], "import/map")

    assert [one["statusCode"] for one in found] == [422, 422]
    assert all(wanted in one["errors"][0]["message"] for one in found), found
    assert {one["errors"][0]["source"] for one in found} == {"pre_map_hook"}


@pytest.mark.parametrize(
    ("code", "function", "wanted"),
    [
        ("function a() {\n  let b b\n}", "a", ("syntax_error", "line 2")),
        ("import x from 'left-pad'\nfunction a() {}", "a", ("unknown_import", "'left-pad'")),
        ("function a() {}", "b", ("function_missing", "the script declares a")),
        ("let x = 1", None, ("no_functions", "declares no function")),
    ],
)
def test_script_that_cannot_be_run_is_told_with_its_place(
    engine: EngineProcess, desk: str, code: str, function: str | None, wanted: tuple[str, str]
) -> None:
    doc = {"hooks": {"preMap": named(script(engine, code), function)}, "mapping": MAPPING}
    body = {"import": doc, "data": [{"sku": "a"}]}

    answer = engine.call("POST", f"/connections/{desk}/import/map", body).json()

    (error,) = answer["errors"] if isinstance(answer, dict) else answer[0]["errors"]
    assert (error["code"], wanted[1] in error["message"]) == (wanted[0], True), error


def test_places_without_a_script_are_refused_before_anything_is_done(engine: EngineProcess, desk: str) -> None:
    def asked(doc: dict[str, Any]) -> tuple[str, str]:
        return refusal(engine.call("POST", f"/connections/{desk}/import/map", {"import": doc, "data": [{}]}))

    assert asked({"hooks": {"preMap": named("5f" * 12)}})[0] == "invalid_ref"
    assert asked({"hooks": {"preMap": {"function": "a"}}})[0] == "missing_required_field"
    assert asked({"hooks": {"preMap": {"_stackId": "5f", "function": "a"}}})[0] == "script_not_supported"
    assert asked({"hooks": {"postAggregate": named("5f" * 12)}})[0] == "invalid_field"


def test_one_to_many_children_go_through_premap_and_keep_their_parent(engine: EngineProcess, desk: str) -> None:
    id = script(engine, "function preMap(o) { return o.data.map(data => ({data: {...data, n: data.n + 1}})) }")
    fields = [{"extract": "n", "generate": "n"}, {"extract": "_PARENT.id", "generate": "order"}]
    doc = {"oneToMany": True, "pathToMany": "lines", "mapping": {"fields": fields}, "hooks": {"preMap": named(id)}}

    found = run(
        engine, desk, doc, [{"id": 1, "lines": [{"n": 1}, {"n": 2}]}, {"id": 2, "lines": [{"n": 3}]}], "import/map"
    )

    assert found == [[{"n": 2, "order": 1}, {"n": 3, "order": 1}], [{"n": 4, "order": 2}]]


def test_script_asks_the_engine_with_the_rights_of_the_call(engine: EngineProcess, tmp_path: Path) -> None:
    make_sqlite(tmp_path / "shop.db")
    shop = engine.sqlite(tmp_path / "shop.db")
    saved = engine.call(
        "POST",
        "/exports",
        {
            "name": "Numbers",
            "_connectionId": shop,
            "adaptorType": "RDBMSExport",
            "pageSize": 1,
            "rdbms": {"query": "select 1 as n union select 2"},
        },
    ).json()["_id"]
    id = script(
        engine,
        f"""import {{ exports as runs, imports, connections, request, lookupcaches }} from 'integrator-api'
        function preMap(options) {{
          const doc = {{_connectionId: '{shop}', rdbms: {{query: 'select 5 as n'}}}};
          let refused = '';
          try {{ lookupcaches.getData({{}}) }} catch (error) {{ refused = error.message }}
          return options.data.map(data => ({{data: {{
            saved: runs.run({{_id: '{saved}'}}).data,
            virtual: runs.runVirtual({{export: doc}}).data,
            type: connections.get({{_id: '{shop}'}}).type,
            names: request({{relativeURI: '/v1/exports', method: 'GET'}}).body.map(doc => doc.name),
            secret: JSON.stringify(connections.get({{_id: '{shop}'}})).includes('password'),
            refused,
            missing: request({{relativeURI: '/v1/exports/{"0" * 24}'}}).statusCode,
          }}}}))
        }}""",
    )

    (found,) = run(engine, shop, {"hooks": {"preMap": named(id)}, "mappings": []}, [{}], "import/map")

    assert found["saved"] == [{"n": 1}, {"n": 2}]
    assert found["virtual"] == [{"n": 5}]
    assert (found["type"], found["missing"]) == ("rdbms", 404)
    assert "Numbers" in found["names"]
    assert found["refused"].startswith("integrator-api: lookupcaches.getData is not available here")


def test_log_of_a_script_is_kept_while_it_is_debugged(engine: EngineProcess, desk: str) -> None:
    id = script(engine, "function preMap(o) { console.log('page of', o.data.length); console.warn({a: 1}); throw 1 }")
    doc = {"hooks": {"preMap": named(id)}, "mapping": MAPPING}
    run(engine, desk, doc, [{}], "import/map")
    until = (datetime.now(timezone.utc) + timedelta(minutes=5)).isoformat()
    patch = [{"op": "replace", "path": "/debugUntil", "value": until}]
    assert engine.call("PATCH", f"/scripts/{id}", patch).status_code == 204

    run(engine, desk, doc, [{}, {}], "import/map")
    logs = engine.call("GET", f"/scripts/{id}/logs").json()["logs"]

    assert [(one["logLevel"], one["message"], one["functionType"]) for one in reversed(logs)] == [
        ("info", "page of 2", "preMap"),
        ("warn", '{"a":1}', "preMap"),
    ]


def test_secret_of_a_connection_reaches_no_script(engine: EngineProcess) -> None:
    canary = "canary-5f1e9c77a2b4"
    shop = engine.connection(
        {
            "name": "secret",
            "type": "http",
            "http": {
                "baseURI": "http://127.0.0.1:9",
                "mediaType": "json",
                "auth": {"type": "token", "token": {"token": canary, "location": "header"}},
            },
        }
    )
    id = script(
        engine,
        "function preMap(o) { console.log(o);"
        " throw new Error(JSON.stringify(o) + JSON.stringify(Object.keys(globalThis))) }",
        debugUntil=None,
    )
    body = {"import": {"hooks": {"preMap": named(id)}, "mapping": MAPPING}, "data": [{"sku": f"echo {canary} end"}]}

    answer = engine.call("POST", f"/connections/{shop}/import/map", body)

    assert answer.status_code == 200
    assert canary not in answer.text
    assert "echo ****** end" in json.loads(answer.text)[0]["errors"][0]["message"]
    assert canary not in engine.log()


def test_secret_of_a_connection_reaches_no_filter_by_the_settings(engine: EngineProcess) -> None:
    canary = "canary-7d0c11b9e8f3"
    auth = {"type": "token", "token": {"token": canary, "location": "header"}}
    http = {"baseURI": "http://127.0.0.1:9", "mediaType": "json", "auth": auth}
    shop = engine.connection({"name": "echo", "type": "http", "http": http})
    id = script(engine, "function keep(o) { return !JSON.stringify(o).includes('canary') }")
    doc = {"filter": step(id, "keep"), "mapping": MAPPING, "settings": {"note": f"see {canary}"}}

    (answer,) = run(engine, shop, doc, [{"sku": "a"}], "import/map")

    assert answer == {"item": "a"}


def test_map_leaves_hooks_out_where_the_choice_says_so(tmp_path: Path) -> None:
    with EngineProcess("--choice", "map_runs_hooks=false") as running:
        desk = running.connection(
            {"name": "n", "type": "netsuite", "netsuite": {"authType": "token-auto", "account": "1"}}
        )
        id = script(running, IMPORT)

        found = run(running, desk, importing(id), [{"sku": "a", "qty": 2}, {"sku": "drop", "qty": 1}], "import/map")

    assert found == [{"item": "a", "count": 2}, {"statusCode": 200, "ignored": True}]


def test_without_the_extra_scripts_are_refused_by_its_name_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "py_mini_racer.py").write_text("")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    with EngineProcess(env={"PYTHONPATH": path}) as running:
        desk = running.connection(NETSUITE)
        hooks = {"postSubmit": named(script(running, "function postSubmit() {}"))}
        body = {"import": {"hooks": hooks, "mockResponse": [{}]}, "data": [{}]}

        code, message = refusal(running.call("POST", f"/connections/{desk}/import", body))

    assert code == "missing_extra"
    assert 'pip install "celigo-pandas[scripts]"' in message


def test_file_import_tells_postaggregate_of_its_file(engine: EngineProcess, tmp_path: Path) -> None:
    folder = engine.connection(FOLDERS)
    id = script(engine, "function postAggregate(o) { throw new Error(JSON.stringify(o.postAggregateData.success)) }")
    doc = {
        "filesystem": {"directoryPath": str(tmp_path)},
        "file": {"type": "json", "fileName": "out.json"},
        "hooks": {"postAggregate": named(id)},
    }

    found = run(engine, folder, doc, [{"a": 1}, {"a": 2}])

    assert (tmp_path / "out.json").exists()
    assert [one["statusCode"] for one in found] == [200, 200]
    assert [one["errors"][0]["source"] for one in found] == ["post_aggregate_hook"] * 2
    assert "Error: true" in found[0]["errors"][0]["message"]


def test_hooks_of_many_calls_at_once_keep_apart(engine: EngineProcess, desk: str) -> None:
    id = script(engine, "let n; function preMap(o) { n = o.data[0].n; return o.data.map(d => ({data: {n, of: d.n}})) }")
    fields = [{"extract": "n", "generate": "n"}, {"extract": "of", "generate": "of"}]
    doc = {"hooks": {"preMap": named(id)}, "mapping": {"fields": fields}}

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda n: run(engine, desk, doc, [{"n": n}] * 3, "import/map"), range(24)))

    assert found == [[{"n": n, "of": n}] * 3 for n in range(24)]


def test_saved_export_and_import_run_their_scripts(engine: EngineProcess, tmp_path: Path) -> None:
    make_sqlite(tmp_path / "shop.db", ["create table item (n integer)"])
    shop = engine.sqlite(tmp_path / "shop.db")
    id = script(engine, "function save(o) { return {data: o.data.map(d => ({n: d.n + 1, id: o._exportId}))} }")
    pre = script(engine, "function preMap(o) { return o.data.map(d => ({data: {n: d.n * 2}})) }")
    export = engine.call(
        "POST",
        "/exports",
        {
            "name": "Numbers",
            "_connectionId": shop,
            "adaptorType": "RDBMSExport",
            "rdbms": {"query": "select 1 as n"},
            "hooks": {"preSavePage": named(id)},
        },
    ).json()["_id"]
    saved = engine.call(
        "POST",
        "/imports",
        {
            "name": "Into items",
            "_connectionId": shop,
            "adaptorType": "RDBMSImport",
            "rdbms": {"queryType": ["INSERT"], "query": ["insert into item values ({{record.n}})"]},
            "hooks": {"preMap": named(pre)},
        },
    ).json()["_id"]

    page = engine.call("POST", f"/exports/{export}/invoke", {}).json()
    results = engine.call("POST", f"/imports/{saved}/invoke", [{"n": 4}, {"n": 5}]).json()

    assert page["data"] == [{"n": 2, "id": export}]
    assert [one["statusCode"] for one in results] == [200, 200], results
    rows = engine.records(shop, {"rdbms": {"query": "select n from item order by n"}})
    assert [row["n"] for row in rows] == [8, 10]
    assert refusal(engine.call("DELETE", f"/scripts/{pre}"))[0]


def test_options_have_ids_settings_and_whether_it_is_a_test(engine: EngineProcess, desk: str) -> None:
    id = script(engine, "function preMap({data, ...rest}) { return data.map(() => ({data: rest})) }")
    doc = {"_id": "5f" * 12, "settings": {"a": 1}, "hooks": {"preMap": named(id)}, "mockResponse": [{}]}

    (shown,) = run(engine, desk, doc, [{}], "import/map")
    hooks = {"preMap": named(id), "postSubmit": named(script(engine, ECHO))}
    (sent,) = run(engine, desk, {**doc, "hooks": hooks}, [{}])

    assert shown == {
        "_importId": "5f" * 12,
        "_connectionId": desk,
        "settings": {"import": {"a": 1}, "connection": {}},
        "testMode": True,
    }
    assert sent["_json"] == {**shown, "testMode": False}


ECHO = "function postSubmit(o) { return o.responseData.map((r, i) => ({...r, _json: o.postMapData[i]})) }"


def test_worker_that_is_killed_fails_its_call_and_the_engine_goes_on(engine: EngineProcess, desk: str) -> None:
    text = """import {request} from 'integrator-api'
    function preMap() {
      request({relativeURI: '/v1/scripts', method: 'POST', body: {name: 'has begun', content: '//'}})
      while (true);
    }"""
    doc = {"hooks": {"preMap": named(script(engine, text))}, "mapping": MAPPING}

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(run, engine, desk, doc, [{}], "import/map")
        while not asked.done() and "has begun" not in engine.call("GET", "/scripts").text:
            time.sleep(0.02)
        for pid in _workers_of(engine):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        (found,) = asked.result()

    assert found["errors"][0]["code"] == "crashed"
    assert "is not made again" in found["errors"][0]["message"]
    assert engine.process.poll() is None
    id = script(engine, "function preMap(o) { return o.data.map(data => ({data})) }")
    doc = {"hooks": {"preMap": named(id)}, "mapping": MAPPING}
    assert run(engine, desk, doc, [{"sku": "a", "qty": 1}], "import/map") == [{"item": "a", "count": 1}]


def _workers_of(engine: EngineProcess) -> list[int]:
    command = ["ps", "-ww", "-o", "pid=", "-o", "args=", "--ppid", str(engine.process.pid)]
    lines = subprocess.run(command, capture_output=True, check=False).stdout.splitlines()
    return [int(line.split()[0]) for line in lines if b"script_worker" in line]
