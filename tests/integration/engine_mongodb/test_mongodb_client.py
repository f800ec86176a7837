"""A notebook's way: frames out of MongoDB and into it, with the client, the builders and the forms."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from bson import DatetimeMS, ObjectId
from support.canary import CANARY, assert_no_canary, assert_no_canary_in_files
from support.engine import EngineProcess
from support.mongod import DATABASE, Mongod

import celigo_pandas as celigo
from celigo_pandas import build
from celigo_pandas.errors import InvalidRequestError, RecordErrorsWarning
from celigo_pandas.forms.export_state import ExportState

pytestmark = pytest.mark.mongodb


@pytest.fixture(scope="module")
def con(server: Mongod) -> Iterator[celigo.Connection]:
    with celigo.local(demo=None) as client:
        yield client.connections.create({**server.doc(), "name": "Mongo"})


def test_ping_of_the_connection_and_of_a_document(con: celigo.Connection, server: Mongod) -> None:
    assert con.ping()
    assert con.client.connections.ping(server.doc())
    wrong = con.client.connections.ping(server.doc(password="wrong"))
    assert (bool(wrong), wrong.code) == (False, 401)


def test_frame_is_read_with_types_and_paths(con: celigo.Connection, server: Mongod) -> None:
    id = ObjectId("0" * 24)
    server.insert("frames", [{"_id": id, "n": 2**53 + 1, "at": DatetimeMS(0), "who": {"name": "Ann"}}])

    df = celigo.read_export(build.mongodb_export("frames"), con, parse_dates=("at",), progress=False)

    assert df.to_dict("records") == [
        {"_id": "0" * 24, "n": 2**53 + 1, "at": pd.Timestamp(0, tz="UTC"), "who.name": "Ann"}
    ]


def test_text_compared_with_a_date_warns(con: celigo.Connection, server: Mongod) -> None:
    server.insert("warned", [{"at": DatetimeMS(0)}])

    export = build.mongodb_export("warned", filter={"at": {"$lt": "2030-01-01"}})
    with pytest.warns(RecordErrorsWarning, match="1 record errors"):
        df = celigo.read_export(export, con, progress=False)

    assert len(df) == 0
    assert con.client.last_pull is not None
    (message,) = con.client.last_pull.errors["message"]
    assert "'at' is a date" in message


def test_frame_is_pushed_with_one_outcome_a_row(con: celigo.Connection, server: Mongod) -> None:
    server.insert("pushed", [{"_id": 42}])
    df = pd.DataFrame({"_id": range(100), "name": [f'"{number}"' for number in range(100)]}, index=range(1_000, 1_100))

    result = df.celigo.to_import(build.mongodb_import("pushed"), con, progress=False)

    assert list(result.failed.index) == [1_042]
    assert (result.frame["outcome"] == "ok").sum() == 99
    assert result.frame.loc[1_042, "code"] == "11000"
    assert len(server.find("pushed")) == 100


def test_mapped_frame_updates_and_what_is_not_there_is_ignored(con: celigo.Connection, server: Mongod) -> None:
    server.insert("stock", [{"sku": "A1", "qty": 1}])
    rules = celigo.Mapping().set("sku", "$.code").set("qty", "$.count", data_type="number")
    document = build.mongodb_import(
        "stock",
        method="updateOne",
        filter={"sku": "{{record.sku}}"},
        update='{"$set": {"qty": {{record.qty}} }}',
        mapping=rules,
    )
    df = pd.DataFrame({"code": ["A1", "B2"], "count": [7, 8]})

    result = df.celigo.to_import(document, con, progress=False)

    assert list(result.frame["outcome"]) == ["ok", "ignored"]
    assert [one["qty"] for one in server.find("stock")] == [7]
    assert list(df.celigo.dry_run(document, con).mapped["sku"]) == ["A1", "B2"]


def test_export_form_previews_documents(con: celigo.Connection, server: Mongod) -> None:
    server.insert("formed", [{"_id": 1}, {"_id": 2}])
    state = ExportState(con)
    for path, text in {"method": "find", "collection": "formed", "filter": '{"_id": {"$gt": 1}}'}.items():
        state.set_text(f"mongodb.{path}", text)

    assert {"mongodb.pipeline", "mongodb.readPreference"} <= {field.path for field in state.fields}
    assert state.problems == []
    assert con.preview_export(state.export)["_id"].tolist() == [2]


def test_read_preference_that_is_none_is_refused_by_name(con: celigo.Connection) -> None:
    with pytest.raises(InvalidRequestError, match="readPreference"):
        con.read_export({"mongodb": {"collection": "frames", "readPreference": "any"}}, progress=False)


def test_canary_in_no_file_answer_log_or_error(server: Mongod, tmp_path: Path) -> None:
    store = tmp_path / "store"
    with server.admin() as client:
        client[DATABASE].command("createUser", "canary", pwd=CANARY, roles=["readWrite"])
    try:
        with EngineProcess("--store", str(store)) as engine:
            doc = {**server.doc(username="canary", password=CANARY), "debugDate": "2099-01-01T00:00:00.000Z"}
            id = engine.connection(doc)
            export = {"mongodb": {"collection": "canary", "filter": '{"a": "{{connection.mongodb.password}}"}'}}
            answers = [
                engine.call("GET", f"/connections/{id}/ping"),
                engine.call("POST", f"/connections/{id}/export", {"export": export}),
                engine.call(
                    "POST",
                    f"/connections/{id}/import",
                    {"import": {"mongodb": {"method": "insertMany", "collection": "canary"}}, "data": [{"a": 1}]},
                ),
                engine.call("POST", "/connections/ping", {**doc, "mongodb": {**doc["mongodb"], "username": "nobody"}}),
                engine.call(
                    "POST", "/connections/ping", {**doc, "mongodb": {**doc["mongodb"], "host": ["127.0.0.1:1"]}}
                ),
                engine.call("GET", f"/connections/{id}/debug"),
                engine.call("GET", f"/connections/{id}"),
            ]
            assert answers[0].json() == {"code": 200}
            assert answers[2].json()[0]["statusCode"] == 200
            assert "insertMany" in answers[5].text
            for answer in answers:
                assert answer.status_code < 500
                assert_no_canary(answer.content, str(answer.headers))
        assert_no_canary_in_files(store)
        assert_no_canary(engine.log())
    finally:
        with server.admin() as client:
            client[DATABASE].command("dropUser", "canary")


HIDE = """
import json, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pymongo", "bson"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])
import celigo_pandas.engine.program
loaded = "pymongo" in sys.modules
sys.meta_path.insert(0, Absent())
from celigo_pandas.engine.adaptors.registry import adaptor_for
try:
    adaptor_for({"type": "mongodb"})
except ImportError as error:
    print(json.dumps([loaded, type(error).__name__, str(error)]))
"""


def test_driver_is_loaded_on_use_and_a_missing_extra_is_named_with_the_line_to_type() -> None:
    environment = {**os.environ, "CELIGO_PANDAS_NO_PANDAS": "1"}
    done = subprocess.run([sys.executable, "-c", HIDE], capture_output=True, text=True, check=True, env=environment)

    loaded, name, message = json.loads(done.stdout)
    assert not loaded
    assert name == "MissingExtraError"
    assert "celigo-pandas[mongodb]" in message
