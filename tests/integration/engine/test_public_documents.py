"""Import and export documents as public integrations hold them, run by the engine against real systems."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.engine import EngineProcess, make_sqlite
from support.rest_standin import Answer, Asked, answer_json, serve

ORDERS = [[{"no": 1, "sku": "a"}, {"no": 1, "sku": "b"}], [{"no": 2, "sku": "c"}]]
EACH_ROW = "{{#each rows}}{{sku}}{{#unless @last}},{{/unless}}{{/each}}"
SKU_OF_DATA = {
    "type": "expression",
    "expression": {"version": "1", "rules": [[{"extract": "data.id", "generate": "id"}]]},
}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


def http(engine: EngineProcess, url: str) -> str:
    block = {"baseURI": url, "mediaType": "json", "auth": {"type": "custom"}}
    return engine.connection({"name": "h", "type": "http", "http": block})


def push(engine: EngineProcess, id: str, importing: dict[str, Any], data: list[Any]) -> Any:
    return engine.call("POST", f"/connections/{id}/import", {"import": importing, "data": data})


def rows_of(path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute("select no, skus from orders order by no").fetchall()


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("per_record", f"insert into orders values ({{{{{{rows.[0].no}}}}}}, '{EACH_ROW}')"),
        (
            "per_page",
            "insert into orders values {{#each batch_of_records}}({{{rows.[0].no}}}, '" + EACH_ROW + "')"
            "{{#unless @last}},{{/unless}}{{/each}}",
        ),
    ],
)
def test_rows_of_grouped_records_in_queries(engine: EngineProcess, tmp_path: Path, kind: str, query: str) -> None:
    path = make_sqlite(tmp_path / "o.db", ["create table orders (no integer, skus text)"])
    query = query.replace("{{sku}}", "{{{sku}}}")

    answer = push(engine, engine.sqlite(path), {"rdbms": {"queryType": [kind], "query": [query]}}, ORDERS)

    assert [result["statusCode"] for result in answer.json()] == [200, 200]
    assert rows_of(path) == [(1, "a,b"), (2, "c")]


def test_rows_of_grouped_records_in_requests(engine: EngineProcess) -> None:
    importing = {
        "http": {
            "method": ["PUT"],
            "relativeURI": ["/orders/{{rows.[0].no}}"],
            "body": ['{"skus": "' + EACH_ROW + '"}'],
        }
    }
    with serve(lambda asked: answer_json({"id": asked.path[-1]})) as server:
        answer = push(engine, http(engine, server.url), importing, ORDERS)

    assert [result["id"] for result in answer.json()] == ["1", "2"]
    assert [(one.path, one.json) for one in server.asked] == [
        ("/orders/1", {"skus": "a,b"}),
        ("/orders/2", {"skus": "c"}),
    ]


def test_rows_of_batched_records_in_requests(engine: EngineProcess) -> None:
    body = "[{{#each batch_of_records}}{{{rows.[0].no}}}{{#unless @last}},{{/unless}}{{/each}}]"
    block = {"method": ["POST"], "relativeURI": ["/orders"], "body": [body], "batchSize": 2}
    importing = {"http": {**block, "response": {"resourcePath": ["data"]}}}
    with serve(lambda asked: answer_json({"data": [{"id": no} for no in asked.json]})) as server:
        answer = push(engine, http(engine, server.url), importing, ORDERS)

    assert [result["id"] for result in answer.json()] == ["1", "2"]
    assert [one.json for one in server.asked] == [[1, 2]]


def test_rows_of_grouped_records_in_file_names(engine: EngineProcess, tmp_path: Path) -> None:
    id = engine.connection({"name": "f", "type": "filesystem", "_agentId": "a" * 24, "filesystem": {}})
    file = {"type": "json", "fileName": "order-{{rows.[0].no}}.json"}
    importing = {"file": file, "filesystem": {"directoryPath": str(tmp_path)}}

    answer = push(engine, id, importing, ORDERS[:1])

    assert [result["statusCode"] for result in answer.json()] == [200]
    assert [path.name for path in tmp_path.iterdir()] == ["order-1.json"]


def test_rows_of_grouped_records_in_data_uris(engine: EngineProcess) -> None:
    id = engine.connection({"name": "n", "type": "netsuite", "netsuite": {"authType": "token-auto", "account": "1"}})
    mock = {"page_of_records": [{"record": record} for record in ORDERS]}
    export = {"mockOutput": mock, "dataURITemplate": "https://x/{{rows.[0].no}}?" + EACH_ROW}

    page = engine.call("POST", f"/connections/{id}/export", {"export": export}).json()

    assert page["dataURIs"] == ["https://x/1?a,b", "https://x/2?c"]


def test_lookup_of_a_list_asks_for_the_element_of_each_line(engine: EngineProcess) -> None:
    lookup = {"name": "bySku", "method": "GET", "relativeURI": "/items?sku={{items[*].sku}}", "extract": "id"}
    field = {"generate": "item", "extract": "items[*].sku", "lookupName": "bySku"}
    importing = {
        "http": {"method": ["POST"], "relativeURI": ["/orders"], "lookups": [lookup]},
        "mapping": {"fields": [], "lists": [{"generate": "lines", "fields": [field]}]},
    }
    with serve(lambda asked: answer_json({"id": "id of " + asked.query.get("sku", "")})) as server:
        push(engine, http(engine, server.url), importing, [{"items": [{"sku": "a"}, {"sku": "b"}]}])

    assert [one.target for one in server.asked[:2]] == ["/items?sku=a", "/items?sku=b"]
    assert server.asked[2].json == {"lines": [{"item": "id of a"}, {"item": "id of b"}]}


def transforming(engine: EngineProcess, transform: Any, answer: Any) -> tuple[Any, int]:
    importing = {"http": {"method": ["POST"], "relativeURI": ["/o"]}, "responseTransform": transform}
    with serve(answer) as server:
        return push(engine, http(engine, server.url), importing, [{"a": 1}, {"a": 2}]).json(), len(server.asked)


def by_record(asked: Asked) -> Answer:
    number = asked.json["a"]
    return answer_json({"data": {"id": number}, "id": f"n{number}"}, 200 if number == 1 else 400)


def test_response_transform_changes_the_answer_of_records_that_were_taken(engine: EngineProcess) -> None:
    (taken, refused), sent = transforming(engine, SKU_OF_DATA, by_record)

    assert (taken["statusCode"], taken["id"], taken["_json"]) == (200, "n1", {"id": 1})
    assert refused["statusCode"] == 422
    assert refused.get("_json") != {"id": 2}
    assert sent == 2


def test_response_transform_that_fails_leaves_the_answer_and_tells(engine: EngineProcess) -> None:
    entry = {"generate": "n", "dataType": "number", "extract": "$.data.id", "status": "Active"}
    transform = {"type": "expression", "expression": {"version": "2", "rulesTwoDotZero": {"mappings": [entry]}}}

    results, _ = transforming(engine, transform, lambda asked: answer_json({"data": {"id": "x"}}))

    # The record is written: another status would have it sent again.
    assert [result["statusCode"] for result in results] == [200, 200]
    assert results[0]["_json"] == {"data": {"id": "x"}}
    assert [error["source"] for error in results[0]["errors"]] == ["transformation"]


def test_response_transform_that_cannot_be_read_sends_nothing(engine: EngineProcess) -> None:
    broken = {"type": "expression", "expression": {"version": "1", "rules": [[{"extract": "id"}]]}}

    answer, sent = transforming(engine, broken, by_record)

    assert answer["errors"][0]["field"] == "import.responseTransform"
    assert sent == 0


def test_both_mappers_in_one_saved_import(engine: EngineProcess, tmp_path: Path) -> None:
    id = engine.sqlite(make_sqlite(tmp_path / "o.db", ["create table orders (no integer, skus text)"]))
    entry = {"generate": "n", "dataType": "number", "extract": "$.a", "status": "Active"}
    document = {
        "name": "both",
        "_connectionId": id,
        "adaptorType": "RDBMSImport",
        "rdbms": {"queryType": ["per_record"], "query": ["insert into orders values ({{{record.n}}}, 'x')"]},
        "mapping": {"fields": [{"generate": "old", "extract": "a"}]},
        "mappings": [entry, {"generate": "n", "status": "Draft"}],
    }

    saved = engine.call("POST", "/imports", document)
    mapped = engine.call("POST", f"/connections/{id}/import/map", {"import": document, "data": [{"a": "5"}]})

    assert saved.status_code == 201
    assert mapped.json() == [{"n": 5}]
