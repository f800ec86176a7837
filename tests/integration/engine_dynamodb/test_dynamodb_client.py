"""A notebook's way: frames out of DynamoDB and into it, with the client, the builders and the forms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from support.aws_gate import dynamodb_gate
from support.canary import CANARY, assert_no_canary, assert_no_canary_in_files
from support.dynamodb_servers import KEY_ID, DynamoServer
from support.engine import EngineProcess

import celigo_pandas as celigo
from celigo_pandas import build
from celigo_pandas.forms.export_state import ExportState

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def con(server: DynamoServer) -> Iterator[celigo.Connection]:
    with celigo.local(demo=None) as client:
        yield client.connections.create({**server.doc(), "name": "Dynamo"})


def test_ping_of_the_connection_and_of_a_document(con: celigo.Connection, server: DynamoServer) -> None:
    assert con.ping()
    assert con.client.connections.ping(server.doc())
    with dynamodb_gate(server.url, KEY_ID, "another secret") as (proxy, _):
        wrong = con.client.connections.ping(server.doc(proxy.url))
    assert (bool(wrong), wrong.code) == (False, 401)


def test_frame_goes_in_with_one_outcome_a_row_and_comes_out_again(con: celigo.Connection, server: DynamoServer) -> None:
    server.table("frames", "shop:S", "id:N")
    server.put("frames", [{"shop": {"S": "a"}, "id": {"N": "42"}}])
    df = pd.DataFrame({"shop": "a", "id": range(100), "big": 2**53 + 1, "name": '"x"'}, index=range(1_000, 1_100))
    document = build.dynamodb_import("frames", condition="attribute_not_exists(id)")

    result = df.celigo.to_import(document, con, progress=False)

    assert list(result.failed.index) == [1_042]
    assert result.frame.loc[1_042, "code"] == "ConditionalCheckFailedException"
    assert (result.frame["outcome"] == "ok").sum() == 99
    export = build.dynamodb_export("frames", "shop = :s AND id < :n", values={":s": "a", ":n": 10}, page_size=4)
    found = celigo.read_export(export, con, progress=False)
    assert found["id"].tolist() == list(range(10))
    assert found["big"].tolist() == [2**53 + 1] * 10


def test_mapped_frame_updates_and_what_is_not_there_is_ignored(con: celigo.Connection, server: DynamoServer) -> None:
    server.table("stock", "sku:S")
    server.put("stock", [{"sku": {"S": "A1"}, "qty": {"N": "1"}}])
    document = build.dynamodb_import(
        "stock",
        method="updateItem",
        partition_key="{{{record.sku}}}",
        update="SET qty = :q",
        values='{":q": {{record.qty}}}',
        mapping=celigo.Mapping().set("sku", "$.code").set("qty", "$.count", data_type="number"),
        members={"ignoreMissing": True},
    )
    df = pd.DataFrame({"code": ["A1", "B2"], "count": [7, 8]})

    result = df.celigo.to_import(document, con, progress=False)

    assert list(result.frame["outcome"]) == ["ok", "ignored"]
    assert [item["qty"] for item in server.items("stock")] == [{"N": "7"}]


def test_export_form_previews_items(con: celigo.Connection, server: DynamoServer) -> None:
    server.table("formed", "shop:S", "id:N")
    server.put("formed", [{"shop": {"S": "a"}, "id": {"N": str(number)}} for number in (1, 2)])
    state = ExportState(con)
    texts = {"region": "us-east-1", "tableName": "formed", "keyConditionExpression": "shop = :s"}
    for path, text in {**texts, "expressionAttributeValues": '{":s": "a"}'}.items():
        state.set_text(f"dynamodb.{path}", text)

    assert state.problems == []
    assert con.preview_export(state.export)["id"].tolist() == [1, 2]


def test_canary_in_no_file_answer_log_or_error(server: DynamoServer, tmp_path: Path) -> None:
    server.table("canary", "id:S")
    with dynamodb_gate(server.url, KEY_ID, CANARY) as (proxy, gate), EngineProcess("--store", str(tmp_path)) as engine:
        doc = {**server.doc(proxy.url, secretAccessKey=CANARY), "debugDate": "2099-01-01T00:00:00.000Z"}
        id = engine.connection(doc)
        values = '{":i": "{{connection.dynamodb.aws.secretAccessKey}}"}'
        block = {"tableName": "canary", "keyConditionExpression": "id = :i", "expressionAttributeValues": values}
        put = {"dynamodb": {"tableName": "canary", "method": "putItem"}}
        export = {"export": {"dynamodb": block}}
        answers = [
            engine.call("GET", f"/connections/{id}/ping"),
            engine.call("POST", f"/connections/{id}/export", export),
            engine.call("POST", f"/connections/{id}/import", {"import": put, "data": [{"id": "a"}]}),
        ]
        gate.is_expired = True
        answers += [
            engine.call("POST", f"/connections/{id}/export", export),
            engine.call("GET", f"/connections/{id}/debug"),
            engine.call("GET", f"/connections/{id}"),
        ]
        assert answers[0].json() == {"code": 200}
        assert answers[2].json()[0]["statusCode"] == 200
        assert answers[5].json()["offline"] is True
        assert "PutItem" in answers[4].text
        for answer in answers:
            assert_no_canary(answer.content, str(answer.headers))
        assert_no_canary(engine.log())
    assert_no_canary_in_files(tmp_path)
