"""The documentation's own example, request by request: the saved search of 822 records and the heartbeat import."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator

import pandas as pd
import pytest
from support.client import FakeTime, client_of
from support.standin import WIRE, Reply, StandIn

import celigo_pandas as celigo
from celigo_pandas.accessors.account.connection import Connection

EXPORT = WIRE["export-pages-first"]["request"]["export"]


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture
def con(server: StandIn) -> Connection:
    key = server.add("NetSuite", type="netsuite", _id=WIRE["export-pages-first"]["path"].split("/")[3])
    return client_of(server, time=FakeTime()).connections[key]


def _pull(con: Connection) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", celigo.HintWarning)  # of the small pages the example asks for
        return celigo.read_export(EXPORT, con)


def test_walk_sends_the_same_model_and_each_state_as_it_came(server: StandIn, con: Connection) -> None:
    frame = _pull(con)

    pages = [seen for seen in server.requests if seen.path.endswith("/export/pages")]
    assert len(frame) == 822
    assert list(frame["custrecord_usage_diy_hours"]) == list(range(822))
    assert len(pages) == 165
    assert {seen.path for seen in pages} == {WIRE["export-pages-first"]["path"]}
    assert all(seen.json["export"] == EXPORT for seen in pages)
    models = {
        seen.body[seen.body.index(b'{"export":') :].split(b',"pagedExportState":')[0].rstrip(b"}") for seen in pages
    }
    assert len(models) == 1
    # The stand-in compares the text of each state with what it wrote, blanks and all, and refuses any other.
    assert server.strict_states
    assert sum("pagedExportState" in seen.json for seen in pages) == 164
    assert json.dumps(pages[1].json["pagedExportState"]).encode() in pages[1].body


def test_walk_survives_what_goes_wrong_on_its_way(server: StandIn, con: Connection) -> None:
    broken = [Reply(503), Reply(reset=True), Reply(200, b"<html>"), Reply(429, None, {"Retry-After": "1"})]
    server.next = [lambda seen: None] * 3 + broken + [lambda seen: None] * 5 + [Reply(raw=b"HTTP/1.1 200 OK\r\n")]

    frame = _pull(con)

    assert list(frame["custrecord_usage_diy_hours"]) == list(range(822))
    assert con.client.history["attempts"].sum() == len(con.client.history) + 5


def test_walk_with_a_state_that_was_re_encoded_is_refused(server: StandIn, con: Connection) -> None:
    """The stand-in can tell: this is the mistake that the test above would not see otherwise."""
    state = con.client.api.export_page(con.id, EXPORT)["pagedExportState"]

    with pytest.raises(celigo.InvalidRequestError):
        con.client.api.export_page(con.id, EXPORT, state)


def test_heartbeats_go_out_and_come_back_as_documented(server: StandIn) -> None:
    documented = WIRE["import-heartbeat"]
    key = server.add("Heartbeats", type="rest", _id=documented["path"].split("/")[3])
    con = client_of(server).connections[key]
    df = pd.DataFrame(documented["request"]["data"], index=["a", "b", "c", "d"])
    answers = iter([documented["response"]])
    server.next = [lambda seen: Reply(200, next(answers)) if seen.path.endswith("/import") else None] * 3

    result = df.celigo.to_import(documented["request"]["import"], con)

    (sent,) = [seen for seen in server.requests if seen.path == documented["path"]]
    assert sent.json == documented["request"]
    assert list(result.frame.index) == ["a", "b", "c", "d"]
    assert list(result.frame["outcome"]) == ["ok"] * 4
    assert list(result.frame["id"]) == [element["id"] for element in documented["response"]]
    assert list(result.frame["response"]) == [element["_json"] for element in documented["response"]]


def test_import_whose_answer_is_lost_is_not_sent_again(server: StandIn) -> None:
    con = client_of(server, time=FakeTime()).connections[server.add("Heartbeats", type="rest")]
    sent = []

    def lose(seen: object) -> Reply | None:
        if getattr(seen, "path", "").endswith("/import"):
            sent.append(seen)
            return Reply(reset=True)
        return None

    server.next = [lose] * 20
    result = pd.DataFrame({"timestamp": [1, 2]}).celigo.to_import(WIRE["import-heartbeat"]["request"]["import"], con)

    assert len(sent) == 1
    assert list(result.frame["outcome"]) == ["unknown"] * 2
