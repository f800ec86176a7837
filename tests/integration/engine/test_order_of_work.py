"""Export = fetch, group, transform, filter; import = filter, one-to-many, map, submit; mock output, test, data URIs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.engine import EngineProcess, make_sqlite


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


@pytest.fixture(scope="module")
def netsuite(engine: EngineProcess) -> str:
    return engine.connection({"name": "n", "type": "netsuite", "netsuite": {"authType": "token-auto", "account": "1"}})


def mock(records: list[Any], **more: Any) -> dict[str, Any]:
    return {"pageSize": 100, "mockOutput": {"page_of_records": [{"record": record} for record in records]}, **more}


def export(engine: EngineProcess, id: str, doc: Any) -> Any:
    return engine.call("POST", f"/connections/{id}/export", {"export": doc})


def rules(*parts: Any) -> dict[str, Any]:
    return {"type": "expression", "expression": {"version": "1", "rules": list(parts)}}


TRANSFORM = {
    "type": "expression",
    "version": "1",
    "expression": {
        "version": "1",
        "rules": [[{"extract": "id", "generate": "nr"}, {"extract": "tag", "generate": "tag"}]],
    },
}


def test_export_filter_sees_what_the_transform_made(engine: EngineProcess, netsuite: str) -> None:
    doc = mock([{"id": 1, "tag": "a"}, {"id": 2, "tag": "b"}], transform=TRANSFORM)
    doc["filter"] = rules("equals", ["number", ["extract", "nr"]], 2)

    assert export(engine, netsuite, doc).json()["data"] == [{"nr": 2, "tag": "b"}]


def test_export_pages_are_filled_after_the_filter(engine: EngineProcess, netsuite: str) -> None:
    doc = mock([{"n": n} for n in range(100)], pageSize=10)
    doc["filter"] = rules("greaterthanequals", ["number", ["extract", "n"]], 75)

    pages = [page["data"] for page in engine.pages(netsuite, doc)]

    assert [len(page) for page in pages] == [10, 10, 5]
    assert [record["n"] for page in pages for record in page] == list(range(75, 100))


def test_export_neighbouring_rows_are_grouped_and_a_page_counts_groups(engine: EngineProcess, netsuite: str) -> None:
    doc = mock(
        [{"o": 1, "l": 1}, {"o": 1, "l": 2}, {"o": 2, "l": 3}, {"o": 1, "l": 4}], groupByFields=["o"], pageSize=2
    )

    pages = [page["data"] for page in engine.pages(netsuite, doc)]

    assert pages == [[[{"o": 1, "l": 1}, {"o": 1, "l": 2}], [{"o": 2, "l": 3}]], [[{"o": 1, "l": 4}]]]


@pytest.mark.parametrize(("test", "count"), [({}, 1), ({"limit": 3}, 3), ({"limit": 100}, 20)])
def test_export_test_type_stops_after_its_limit(engine: EngineProcess, netsuite: str, test: Any, count: int) -> None:
    doc = mock([{"n": n} for n in range(20)], type="test", test=test, pageSize=2)

    assert len(engine.records(netsuite, doc)) == count


@pytest.mark.parametrize("limit", [0, 101, "3", None])
def test_export_test_limit_out_of_bounds_is_refused(engine: EngineProcess, netsuite: str, limit: Any) -> None:
    answer = export(engine, netsuite, mock([{}], type="test", test={"limit": limit}))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "export.test.limit"


def test_export_data_uri_template_is_rendered_for_each_record(engine: EngineProcess, netsuite: str) -> None:
    doc = mock([{"id": 1}, {"id": 2}], dataURITemplate="https://x/{{record.id}}?{{id}}", pageSize=1)

    pages = list(engine.pages(netsuite, doc))

    assert [page["dataURIs"] for page in pages] == [["https://x/1?1"], ["https://x/2?2"]]


def test_export_data_uri_template_that_cannot_be_read_fails_the_call(engine: EngineProcess, netsuite: str) -> None:
    assert export(engine, netsuite, mock([{"id": 1}], dataURITemplate="{{#if}}")).status_code == 422


def test_export_of_a_system_that_is_not_built_names_it(engine: EngineProcess, netsuite: str) -> None:
    answer = export(engine, netsuite, {"netsuite": {"type": "search"}})

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["code"] == "adaptor_not_built"
    assert "netsuite" in error["message"]
    assert "mockOutput" in error["message"]
    ping = engine.call("GET", f"/connections/{netsuite}/ping").json()
    assert ping["code"] != 200
    assert ping["errors"][0]["code"] == "adaptor_not_built"
    assert engine.call("GET", f"/connections/{netsuite}").json()["offline"] is False


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"hooks": {"preSavePage": {"_scriptId": "x", "function": "f"}}}, "export.hooks.preSavePage"),
        ({"transform": {"type": "script", "script": {"_scriptId": "x"}}}, "export.transform"),
        ({"filter": {"type": "script", "script": {"_scriptId": "x"}}}, "export.filter"),
        ({"filter": 5}, "export.filter"),
        ({"mockOutput": {"page_of_records": [1]}}, "export.mockOutput.page_of_records"),
        ({"mockOutput": {}}, "export.mockOutput.page_of_records"),
        ({"delta": {"startDate": "someday"}}, "delta.startDate"),
        ({"delta": {"lagOffset": 1e300}}, "delta.lagOffset"),
        ({"groupByFields": "o"}, "export.groupByFields"),
    ],
)
def test_export_step_that_cannot_be_done_is_refused_never_skipped(
    engine: EngineProcess, netsuite: str, change: dict[str, Any], field: str
) -> None:
    answer = export(engine, netsuite, mock([{"a": 1}], **change))

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


def test_export_filter_that_cannot_be_read_is_a_422(engine: EngineProcess, netsuite: str) -> None:
    answer = export(engine, netsuite, mock([{"a": 1}], filter=rules("nix", ["extract", "a"], 1)))

    assert answer.status_code == 422
    assert "nix" in answer.json()["errors"][0]["message"]


def test_export_mock_output_limit_of_the_vendor_can_be_chosen() -> None:
    with EngineProcess("--choice", "mock_output_limit=10") as engine:
        id = engine.connection(
            {"name": "n", "type": "netsuite", "netsuite": {"authType": "token-auto", "account": "1"}}
        )
        assert export(engine, id, mock([{}] * 10)).status_code == 200
        assert export(engine, id, mock([{}] * 11)).status_code == 422


def test_export_one_record_above_5_mb_is_an_error_beside_the_rest(engine: EngineProcess, netsuite: str) -> None:
    doc = mock([{"n": 1}, {"n": 2, "text": "x" * 5_100_000}, {"n": 3}])

    page = next(iter(engine.pages(netsuite, doc)))

    assert [record["n"] for record in page["data"]] == [1, 3]
    assert page["errors"][0]["code"] == "record_too_large"


def test_export_large_records_make_smaller_pages(engine: EngineProcess, netsuite: str) -> None:
    doc = mock([{"n": n, "text": "x" * 900_000} for n in range(12)])
    sizes = []
    for page in engine.pages(netsuite, doc):
        sizes.append(len(page["data"]))
    assert sum(sizes) == 12
    assert max(sizes) == 5


def test_saved_export_and_import_run_by_their_id(engine: EngineProcess, netsuite: str) -> None:
    doc: dict[str, Any] = {"name": "e", "_connectionId": netsuite, "adaptorType": "NetSuiteExport", "netsuite": {}}
    saved = engine.call("POST", "/exports", {**doc, **mock([{"n": 1}, {"n": 2}], pageSize=1)}).json()
    first = engine.call("POST", f"/exports/{saved['_id']}/invoke")
    state = first.json()["pagedExportState"]
    second = engine.call("POST", f"/exports/{saved['_id']}/invoke", {"pagedExportState": state}).json()
    assert (first.json()["data"], second["data"]) == ([{"n": 1}], [{"n": 2}])
    assert engine.call("POST", "/exports/preview", {"_connectionId": netsuite, **mock([{"n": 1}])}).json()["data"] == [
        {"n": 1}
    ]

    doc = {"name": "i", "_connectionId": netsuite, "adaptorType": "NetSuiteDistributedImport", "netsuite_da": {}}
    doc["mockResponse"] = [{"statusCode": 200, "id": "7"}]
    saved = engine.call("POST", "/imports", doc).json()
    answer = engine.call("POST", f"/imports/{saved['_id']}/invoke", [{"a": 1}, {"a": 2}])
    assert answer.json() == [{"statusCode": 200, "id": "7"}] * 2


def test_preview_shows_what_each_step_made(engine: EngineProcess, netsuite: str) -> None:
    doc = mock([{"id": 1, "tag": "a"}, {"id": 2, "tag": "b"}], transform=TRANSFORM, dataURITemplate="u{{record.nr}}")
    doc["filter"] = rules("equals", ["number", ["extract", "nr"]], 2)

    found = engine.call("POST", "/exports/preview", {"_connectionId": netsuite, **doc}).json()

    assert (found["data"], found["dataURIs"]) == ([{"nr": 2, "tag": "b"}], ["u2"])
    assert [(stage["name"], len(stage["data"])) for stage in found["stages"]] == [
        ("parse", 2), ("transform", 2), ("filter", 1),
    ]  # fmt: skip
    assert found["stages"][0]["data"][0] == {"id": 1, "tag": "a"}
    bad = {"_connectionId": netsuite, **mock([{"a": 1}], filter=rules("nix", 1, 1))}
    assert engine.call("POST", "/exports/preview", bad).status_code == 422


def test_import_map_answers_one_record_each_in_order(engine: EngineProcess, netsuite: str) -> None:
    doc = {
        "mappings": [{"generate": "n", "dataType": "number", "extract": "$.a", "status": "Active"}],
        "filter": rules("notequals", ["extract", "a"], "skip"),
    }
    data = [{"a": "1"}, {"a": "x"}, {"a": "skip"}, {"a": 4}]

    found = engine.call("POST", f"/connections/{netsuite}/import/map", {"import": doc, "data": data}).json()

    assert (found[0], found[3]) == ({"n": 1}, {"n": 4})
    assert found[1]["statusCode"] == 422
    assert found[1]["errors"][0]["source"] == "mapping"
    assert found[2] == {"statusCode": 200, "ignored": True}


def test_import_map_without_a_mapping_passes_records_through(engine: EngineProcess, netsuite: str) -> None:
    data = [{"a": 2**70, "b": "\ud800", "c": [1.5, None]}, [{"row": 1}, {"row": 2}]]

    assert engine.call("POST", f"/connections/{netsuite}/import/map", {"import": {}, "data": data}).json() == data


def test_import_map_wrapped_when_so_chosen() -> None:
    with EngineProcess("--choice", "map_answers_wrapped=true") as engine:
        id = engine.connection(
            {"name": "n", "type": "netsuite", "netsuite": {"authType": "token-auto", "account": "1"}}
        )
        body = {"import": {"mapping": {"fields": [{"generate": "b", "extract": "a"}]}}, "data": [{"a": 1}]}
        assert engine.call("POST", f"/connections/{id}/import/map", body).json() == [
            {"statusCode": 200, "data": {"b": 1}}
        ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"data": []}, "import"),
        ({"import": {}}, "data"),
        ({"import": {}, "data": 5}, "data"),
        ({"import": {}, "data": [{}, 5]}, "data.1"),
        ({"import": {"mapping": {"fields": []}, "mappings": []}, "data": [{}]}, None),
        ({"import": {"responseTransform": [5]}, "data": [{}]}, "import.responseTransform"),
        ({"import": {"responseTransform": {"type": "script"}}, "data": [{}]}, "import.responseTransform"),
        ({"import": {"mappings": 5}, "data": [{}]}, "import.mappings"),
        ({"import": {"hooks": {"preMap": {"_scriptId": "x"}}}, "data": [{}]}, "import.hooks.preMap"),
    ],
)
def test_import_body_that_cannot_be_is_refused(
    engine: EngineProcess, netsuite: str, body: Any, field: str | None
) -> None:
    answer = engine.call("POST", f"/connections/{netsuite}/import/map", body)

    if field is None:
        assert answer.status_code == 200
    else:
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field


def test_debug_log_is_written_while_its_date_lies_ahead(engine: EngineProcess, tmp_path: Path) -> None:
    database = make_sqlite(tmp_path / "t.db", ["create table t(n)"])
    id = engine.sqlite(database)
    ask = {"export": {"_id": "a" * 24, "rdbms": {"query": "select n from t"}}}
    assert export(engine, id, ask["export"]).status_code == 200
    assert engine.call("GET", f"/connections/{id}/debug").text == ""

    patch = [{"op": "replace", "path": "/debugDate", "value": "2099-01-01T00:00:00.000Z"}]
    assert engine.call("PATCH", f"/connections/{id}", patch).status_code == 204
    export(engine, id, ask["export"])
    answer = engine.call("GET", f"/connections/{id}/debug")
    head, _, body = answer.text.partition("\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z [0-9a-f]{{32}} export {'a' * 24}", head)
    assert json.loads(body)["body"] == "select n from t"
    assert engine.call("GET", f"/connections/{id}/debug/{'a' * 24}").text == answer.text
    assert engine.call("GET", f"/connections/{id}/debug/{'b' * 24}").text == ""

    past = [{**patch[0], "value": "2001-01-01T00:00:00.000Z"}]
    engine.call("PATCH", f"/connections/{id}", past)
    export(engine, id, ask["export"])
    assert engine.call("GET", f"/connections/{id}/debug").text == answer.text
    assert engine.call("DELETE", f"/connections/{id}/debug").status_code == 204
    assert engine.call("GET", f"/connections/{id}/debug").text == ""
