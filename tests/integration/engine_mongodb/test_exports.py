"""Exports of a real MongoDB: exact while others write, in sessions that stay, and told where something is amiss."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import Any

import bson
import pytest
from bson.raw_bson import RawBSONDocument
from pymongo import errors
from support.cutting_proxy import cutting_proxy
from support.engine import EngineProcess
from support.mongod import DATABASE, Mongod, start_mongod
from support.mongodb_bench import Bench, statuses

from celigo_pandas.engine.adaptors.mongodb import adaptor
from celigo_pandas.engine.adaptors.mongodb.collection_reading import kept_alive
from celigo_pandas.engine.adaptors.mongodb.greeting import Greeting
from celigo_pandas.engine.adaptors.mongodb.members import Server, server_for
from celigo_pandas.engine.adaptors.protocol import UNKNOWN, SourceFailure
from celigo_pandas.engine.choices import CHOICES

pytestmark = pytest.mark.mongodb

COUNT = 25_000


@contextmanager
def writing(server: Mongod, collection: str) -> Iterator[list[int]]:
    """Insert before and behind what is there, and delete from both ends, until the block ends; give what was done."""
    is_over, done = threading.Event(), [0, 0]

    def work() -> None:
        with server.admin() as client:
            place, number = client[DATABASE][collection], 0
            while not is_over.is_set():
                number += 1
                inserted = place.insert_many([{"_id": -number, "n": -1}, {"_id": 10**6 + number, "n": -1}])
                done[0] += len(inserted.inserted_ids)
                gone = [number * 7 % COUNT, COUNT - number]
                done[1] += place.delete_many({"_id": {"$in": gone}}).deleted_count

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield done
    finally:
        is_over.set()
        thread.join(30)


@pytest.mark.parametrize("kind", ["find", "aggregate"])
def test_25_000_documents_are_pulled_exactly_while_a_writer_inserts_and_deletes(
    server: Mongod, engine: EngineProcess, kind: str
) -> None:
    server.insert("busy", [{"_id": n, "n": n} for n in range(COUNT)])
    connection = engine.connection({**server.doc(), "name": f"busy {kind}"})
    stages = '[{"$sort": {"_id": 1}}]'
    block = {"collection": "busy", **({"pipeline": stages} if kind == "aggregate" else {"filter": "{}"})}
    export = {"mongodb": {"method": "find", **block}, "pageSize": 1_000}

    pages = engine.pages(connection, export)
    first = next(pages)  # the session reads as it was when it began
    with writing(server, "busy") as done:
        until = time.monotonic() + 30
        while min(done) < 20 and time.monotonic() < until:
            time.sleep(0.01)
        rest = [record for page in pages for record in page["data"]]

    found = [*first["data"], *rest]
    assert [record["n"] for record in found] == list(range(COUNT))
    assert min(done) >= 20  # the test can fail


def test_server_by_itself_promises_no_snapshot(bench: Bench) -> None:
    server = server_for(bench.call())

    assert server.has_snapshots
    hello = {name: value for name, value in server.greeting.hello.items() if name != "setName"}
    greeting = Greeting(server.address, server.address, hello)
    assert not Server(server.client, greeting, server.sending).has_snapshots


def test_capped_collection_and_view_are_read_without_a_snapshot(bench: Bench) -> None:
    with bench.server.admin() as client:
        for name in ("capped", "seen"):
            client[DATABASE].drop_collection(name)
        client[DATABASE].create_collection("capped", capped=True, size=100_000)
        client[DATABASE]["capped"].insert_many([{"_id": n} for n in range(250)])
        client[DATABASE].create_collection("seen", viewOn="capped", pipeline=[{"$match": {"_id": {"$lt": 5}}}])

    assert bench.read("capped") == [{"_id": n} for n in range(250)]
    assert bench.read("seen") == [{"_id": n} for n in range(5)]
    (stats,) = bench.read("seen", pipeline=[{"$collStats": {"latencyStats": {}}}])
    assert stats["ns"] == f"{DATABASE}.seen"


def test_filter_projection_and_pipeline(bench: Bench) -> None:
    bench.server.insert("asked", [{"_id": n, "kind": "ab"[n % 2], "n": n} for n in range(10)])

    assert bench.read("asked", filter={"kind": "b", "n": {"$gt": 4}}, projection={"_id": 0, "n": 1}) == [
        {"n": 5},
        {"n": 7},
        {"n": 9},
    ]
    stages: list[Any] = [{"$group": {"_id": "$kind", "sum": {"$sum": "$n"}}}, {"$sort": {"_id": 1}}]
    assert bench.read("asked", pipeline=stages) == [{"_id": "a", "sum": 20}, {"_id": "b", "sum": 25}]


def test_rows_come_in_chunks_of_a_page(bench: Bench) -> None:
    bench.server.insert("chunked", [{"_id": n} for n in range(250)])

    assert [len(chunk.records) for chunk in bench.chunks("chunked", size=100)] == [100, 100, 50]


def test_secret_in_a_template_is_its_mask(bench: Bench) -> None:
    bench.server.insert("masked", [{"_id": 1, "name": "******"}])

    assert bench.read("masked", filter='{"name": "{{connection.mongodb.password}}"}') == [{"_id": 1, "name": "******"}]


@pytest.mark.parametrize("block", [{"filter": '{"$where": "sleep(1)"}'}, {"pipeline": '[{"$merge": "other"}]'}])
def test_code_and_writes_are_refused_and_nothing_is_sent(bench: Bench, block: Any) -> None:
    with pytest.raises(SourceFailure, match="never sent") as caught:
        bench.read("asked", **block)

    assert caught.value.code == "operator_refused"
    assert bench.log == []


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ({"filter": '{"a": {"$nix": 1}}'}, "2"),
        ({"pipeline": '[{"$nix": {}}]'}, "40324"),
        ({"projection": '{"a": 1, "b": 0}'}, "31254"),
    ],
)
def test_query_that_the_server_refuses_fails_with_its_code(bench: Bench, block: Any, found: str) -> None:
    with pytest.raises(SourceFailure) as caught:
        bench.read("asked", **block)

    assert caught.value.code == found
    assert not caught.value.offline


def test_collection_that_is_not_there_is_told(bench: Bench) -> None:
    (chunk,) = bench.chunks("no_such")

    assert chunk.records == []
    assert [error["code"] for error in chunk.errors] == ["collection_not_found"]
    bench.server.insert("now_empty", [{"_id": 1}])
    assert bench.notes("now_empty", filter={"_id": 5}) == []


@pytest.mark.parametrize(
    ("filter", "is_told"),
    [
        ({"at": {"$gt": "2024-01-01T00:00:00.000Z"}}, "$date"),
        ({"at": {"$gt": {"$date": "2024-01-01T00:00:00.000Z"}}}, ""),
        ({"_id": "0" * 24}, "$oid"),
        ({"text": "2024-01-01"}, ""),
        ({"$or": [{"at": "2024-01-01"}, {"text": "x"}]}, "$date"),
    ],
)
def test_text_compared_with_a_date_is_told_and_not_converted(bench: Bench, filter: Any, is_told: str) -> None:
    documents = [
        {"at": bson.DatetimeMS(1_714_521_600_000), "text": "2024-01-01"},
        {"_id": "0" * 24, "at": "2024-05-01"},
    ]
    bench.server.insert("dated", documents)

    notes = bench.notes("dated", filter=filter)

    assert [note["code"] for note in notes] == (["text_compared"] if is_told else [])
    assert all(f'"{is_told}"' in note["message"] for note in notes)


def test_document_that_is_damaged_is_told_and_takes_none_with_it(bench: Bench) -> None:
    good = [{"_id": n, "text": "ok"} for n in range(3)]
    bench.server.insert("damaged", good)
    broken = bson.encode({"_id": 9, "text": "ab"}).replace(b"ab\0", b"\xff\xfe\0")
    with bench.server.admin() as client:
        client[DATABASE]["damaged"].insert_one(RawBSONDocument(broken))

    call = bench.call()
    chunks = list(adaptor.open_export(call, {"mongodb": {"collection": "damaged"}}))

    assert [record for chunk in chunks for record in chunk.records] == good
    assert [error["code"] for chunk in chunks for error in chunk.errors] == ["unreadable_document"]
    assert call.lost == 1


def test_cursor_that_is_killed_fails_and_never_looks_like_the_end(bench: Bench) -> None:
    bench.server.insert("killed", [{"_id": n} for n in range(500)])
    doc = {"pageSize": 100, "mongodb": {"collection": "killed"}}
    with closing(adaptor.open_export(bench.call(), doc)) as chunks:
        assert len(next(chunks).records) == 100
        with bench.server.admin() as client:
            (cursor,) = client.admin.aggregate(
                [{"$currentOp": {"idleCursors": True, "allUsers": True}}, {"$match": {"type": "idleCursor"}}]
            )
            client[DATABASE].command("killCursors", "killed", cursors=[cursor["cursor"]["cursorId"]])

        with pytest.raises(SourceFailure) as caught:
            list(chunks)

    assert caught.value.code == "cursor_lost"


@pytest.mark.parametrize(("number", "code"), [(237, "cursor_lost"), (11601, "11601")])
def test_cursor_that_fails_midway_says_what_to_do(bench: Bench, number: int, code: str) -> None:
    bench.server.insert("midway", [{"_id": n} for n in range(500)])
    doc = {"pageSize": 100, "mongodb": {"collection": "midway"}}
    with closing(adaptor.open_export(bench.call(), doc)) as chunks:
        next(chunks)
        with bench.failing(["getMore"], errorCode=number), pytest.raises(SourceFailure) as caught:
            list(chunks)

    assert caught.value.code == code


@pytest.mark.parametrize("spares_sessions", [True, False])
def test_cursor_of_a_slow_reader_outlives_the_time_that_the_server_gives_cursors(
    bench: Bench, spares_sessions: bool
) -> None:
    bench.server.insert("slow_reader", [{"_id": n} for n in range(500)])
    blocks: tuple[dict[str, Any], ...] = ({}, {"pipeline": "[]"})
    docs = [{"pageSize": 100, "mongodb": {"collection": "slow_reader", **block}} for block in blocks]
    with bench.server.admin() as client, ExitStack() as stack:

        def status() -> Any:
            return client.admin.command("serverStatus", 1)

        def set_limits(ms: int, spares: bool) -> None:
            client.admin.command("setParameter", 1, cursorTimeoutMillis=ms)
            client.admin.command("setParameter", 1, enableTimeoutOfInactiveSessionCursors=not spares)

        stack.callback(set_limits, 600_000, True)
        exports = [stack.enter_context(closing(adaptor.open_export(bench.call(), doc))) for doc in docs]
        for chunks in exports:
            next(chunks)
        begun, ended = status()["uptimeMillis"], status()["metrics"]["cursor"]["timedOut"]
        set_limits(1, spares_sessions)
        # The server looks for idle cursors once a second; two looks, or until it has ended both.
        while status()["uptimeMillis"] < begun + 2_500 and status()["metrics"]["cursor"]["timedOut"] < ended + 2:
            time.sleep(0.05)

        for chunks in exports:
            if spares_sessions:
                assert sum(len(chunk.records) for chunk in chunks) == 400
            else:
                with pytest.raises(SourceFailure) as caught:
                    list(chunks)
                assert caught.value.code == "cursor_lost"


@pytest.mark.parametrize("has_snapshots", [True, False])
def test_reader_that_is_slower_than_the_past_is_kept_is_told(bench: Bench, has_snapshots: bool) -> None:
    bench.server.insert("old", [{"_id": n} for n in range(3_000)])
    call = replace(bench.call(), choices=replace(CHOICES, mongodb_snapshots=has_snapshots))
    with bench.server.admin() as client, ExitStack() as stack:
        stack.callback(client.admin.command, "setParameter", 1, minSnapshotHistoryWindowInSeconds=300)
        client.admin.command("setParameter", 1, minSnapshotHistoryWindowInSeconds=0)
        doc = {"pageSize": 100, "mongodb": {"collection": "old"}}
        chunks = stack.enter_context(closing(adaptor.open_export(call, doc)))
        read = len(next(chunks).records)
        until, told = time.monotonic() + 60, ""
        while not told and read < 3_000:
            client[DATABASE]["clock"].insert_one({})  # the server forgets as it is written to
            time.sleep(0.1)
            try:
                read += len(next(chunks).records)
            except SourceFailure as failure:
                told = failure.code
            assert time.monotonic() < until

    assert told == ("snapshot_too_old" if has_snapshots else "")


def test_session_of_an_open_export_is_refreshed(bench: Bench) -> None:
    bench.server.insert("alive", [{"_id": 1}])
    server = server_for(bench.call())

    def last_use(client: Any, id: Any) -> Any:
        found = client.admin.aggregate([{"$listLocalSessions": {"allUsers": True}}, {"$match": {"_id.id": id}}])
        return [one["lastUse"] for one in found]

    with server.client.start_session() as session, bench.server.admin() as client:
        server.client[DATABASE]["alive"].find_one({}, session=session)
        id = session.session_id["id"]
        (first,) = last_use(client, id)
        with kept_alive(server, session, every_s=0.05):
            until = time.monotonic() + 30
            while last_use(client, id) == [first]:
                assert time.monotonic() < until
                time.sleep(0.02)


def test_export_that_is_left_ends_its_thread(bench: Bench) -> None:
    bench.server.insert("threads", [{"_id": n} for n in range(500)])

    def keepers() -> int:
        return sum(thread.name == "mongodb session" for thread in threading.enumerate())

    before = keepers()
    with closing(adaptor.open_export(bench.call(), {"pageSize": 100, "mongodb": {"collection": "threads"}})) as chunks:
        next(chunks)
        assert keepers() == before + 1
    assert keepers() == before


def test_export_goes_on_when_another_call_of_its_connection_loses_the_server(server: Mongod) -> None:
    server.insert("shared", [{"_id": n} for n in range(500)])
    with cutting_proxy(server.port) as proxy, Bench(server, server.doc(host=[f"127.0.0.1:{proxy.port}"])) as bench:
        with closing(
            adaptor.open_export(bench.call(), {"pageSize": 100, "mongodb": {"collection": "shared"}})
        ) as chunks:
            read = list(next(chunks).records)
            opened = server_for(bench.call())
            proxy.cut(b"the marked one", "before")
            (lost,) = bench.insert("shared_too", [{"text": "the marked one"}])
            assert lost["statusCode"] == UNKNOWN
            assert server_for(bench.call()) is not opened

            read += [record for chunk in chunks for record in chunk.records]

        assert len(read) == 500
        with pytest.raises(errors.InvalidOperation):
            opened.client.admin.command("ping")  # it was closed with its last use


def test_slow_query_takes_no_other_one_with_it(bench: Bench) -> None:
    bench.server.insert("slow_one", [{"_id": n} for n in range(1_000)])
    add = {"$reduce": {"input": {"$range": [0, 100_000]}, "initialValue": 0, "in": {"$add": ["$$value", 1]}}}
    doc = {"mongodb": {"collection": "slow_one", "filter": {"$expr": {"$gt": [add, -1]}}}}
    opened = server_for(bench.call())

    with pytest.raises(SourceFailure) as caught:
        list(adaptor.open_export(bench.call(seconds=0.5), doc))

    assert caught.value.code == "timeout"
    assert server_for(bench.call()) is opened


def test_closing_does_not_wait_for_a_server_that_is_gone() -> None:
    running = start_mongod(replica_set="rs0")
    bench = Bench(running)
    try:
        assert statuses(bench.insert("gone", [{"a": 1}])) == [200]
        assert bench.read("gone")
    finally:
        running.stop()

    begun = time.monotonic()
    bench.close()
    assert time.monotonic() - begun < 8


def test_once_is_refused_by_name(bench: Bench) -> None:
    with pytest.raises(SourceFailure) as caught:
        list(adaptor.open_export(bench.call(), {"type": "once", "mongodb": {"collection": "asked"}}))

    assert caught.value.field == "export.type"


@pytest.mark.parametrize("preference", ["primary", "secondaryPreferred", "nearest", "doNotOverride"])
def test_read_preference_is_taken(bench: Bench, preference: str) -> None:
    bench.server.insert("preferred", [{"_id": 1}])

    assert bench.read("preferred", readPreference=preference) == [{"_id": 1}]
