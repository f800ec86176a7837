"""Imports into a real MongoDB: one outcome a record, whatever becomes of the batch."""

from __future__ import annotations

from typing import Any

import bson
import pytest
from bson.raw_bson import RawBSONDocument
from support.cutting_proxy import When, cutting_proxy
from support.mongod import DATABASE, Mongod
from support.mongodb_bench import Bench, code, statuses

from celigo_pandas.engine.adaptors.protocol import UNKNOWN, SourceFailure

pytestmark = pytest.mark.mongodb

BY_N = {"n": "{{record.n}}"}
SET = {"$set": {"text": "{{record.text}}"}}


# insertMany -----------------------------------------------------------------------------------------------------------


def test_insert_of_100_with_failures_inside_stores_the_others(bench: Bench) -> None:
    bench.server.insert("hundred", [{"_id": 424_242}])
    records: list[Any] = [{"_id": n} for n in range(100)]
    records[7] = {"_id": 424_242}

    results = bench.insert("hundred", records)

    assert [place for place, status in enumerate(statuses(results)) if status != 200] == [7]
    assert code(results[7]) == "11000"
    assert "424242" not in results[7]["errors"][0]["message"]
    assert len(bench.server.find("hundred")) == 100
    assert results[8] == {"statusCode": 200, "id": "8", "_json": {"_id": 8}}


def test_insert_finds_what_is_wrong_with_a_record_before_it_sends(bench: Bench) -> None:
    bench.server.insert("wrong", [])
    records = [
        {"n": 0},
        {"n": 2**64},
        {"at": {"$date": "never"}},
        {"text": "\ud800"},
        {"text": "x" * 17_000_000},
        {"a\0b": 1},
        [{"n": 1}],
        {"n": 7},
    ]

    results = bench.insert("wrong", records)

    assert statuses(results) == [200, 422, 422, 422, 422, 422, 422, 200]
    assert [code(one) for one in results[1:7]] == [
        "invalid_value", "invalid_value", "invalid_document",
        "document_too_large", "invalid_document", "invalid_record",
    ]  # fmt: skip
    assert [one["n"] for one in bench.server.find("wrong")] == [0, 7]


def test_insert_by_a_template_keeps_values_in_their_places(bench: Bench) -> None:
    bench.server.insert("templated", [])
    template = '{"_id": {"$oid": "{{record.id}}"}, "at": {"$date": "{{record.at}}"}, "name": "{{record.name}}"}'
    records = [
        {"id": "0" * 23 + "1", "at": "2024-05-01T00:00:00.000Z", "name": '","admin":true,"x":"'},
        {"id": '"}, "admin": {"x": "', "at": "2024-05-01T00:00:00.000Z", "name": "b"},
    ]

    results = bench.insert("templated", records, document=template)

    assert statuses(results) == [200, 422]
    (stored,) = bench.server.find("templated")
    assert stored["_id"] == bson.ObjectId("0" * 23 + "1")
    assert stored["name"] == '","admin":true,"x":"'
    assert set(stored) == {"_id", "at", "name"}
    assert results[0]["_json"]["at"] == "2024-05-01T00:00:00.000Z"


def test_insert_tells_which_members_do_not_satisfy_the_schema(bench: Bench) -> None:
    with bench.server.admin() as client:
        client[DATABASE]["strict"].drop()
        schema = {"required": ["sku"], "properties": {"qty": {"bsonType": "int"}}}
        client[DATABASE].create_collection("strict", validator={"$jsonSchema": schema})

    results = bench.insert("strict", [{"sku": "a", "qty": 1}, {"qty": "secret value"}])

    assert statuses(results) == [200, 422]
    (error,) = results[1]["errors"]
    assert error["code"] == "121"
    assert "qty" in error["message"]
    assert "sku (missing)" in error["message"]
    assert "secret value" not in error["message"]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        ({"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}}, UNKNOWN),
        ({"writeConcernError": {"code": 100, "errmsg": "not enough members"}}, UNKNOWN),
        ({"closeConnection": True}, UNKNOWN),
        ({"errorCode": 91}, UNKNOWN),
        ({"errorCode": 189}, UNKNOWN),
        ({"errorCode": 13}, 422),
        ({"errorCode": 8000}, 422),
    ],
)
@pytest.mark.parametrize("method", ["insertMany", "updateOne"])
def test_write_whose_end_is_not_known_says_so(bench: Bench, failure: Any, status: int, method: str) -> None:
    bench.server.insert("doubt", [{"n": 0}, {"n": 1}])
    commands = ["insert", "findAndModify"]

    with bench.failing(commands, times=2, **failure):
        records = [{"n": 0, "text": "x"}, {"n": 1, "text": "x"}]
        more = {} if method == "insertMany" else {"filter": '{"n": {{record.n}} }', "update": SET}
        results = bench.push("doubt", records, method=method, **more)

    assert statuses(results) == [status, status]
    assert bench.read("doubt")  # a new session takes the place of the one that was lost


@pytest.mark.parametrize("method", ["insertMany", "updateOne"])
def test_server_that_takes_no_writes_any_more_has_taken_none(bench: Bench, method: str) -> None:
    bench.server.insert("moved", [])
    more = {} if method == "insertMany" else {"filter": '{"n": {{record.n}} }', "update": SET, "upsert": True}

    with bench.failing(["insert", "findAndModify"], errorCode=10107), pytest.raises(SourceFailure) as caught:
        bench.push("moved", [{"n": 0}], method=method, **more)

    assert (caught.value.code, caught.value.sent) == ("not_primary", False)
    assert statuses(bench.push("moved", [{"n": 0}], method=method, **more)) == [200]
    assert len(bench.server.find("moved")) == 1


def test_batch_that_is_too_large_for_one_command_has_a_fate_for_each_part(server: Mongod) -> None:
    server.insert("parts", [])
    texts = ["x" * 14_000_000, "x" * 14_000_000, "the marked one" + "x" * 14_000_000, "y"]
    with cutting_proxy(server.port) as proxy, Bench(server, server.doc(host=[f"127.0.0.1:{proxy.port}"])) as bench:
        assert bench.read("parts") == []
        proxy.cut(b"the marked one", "before")

        results = bench.insert("parts", [{"_id": n, "text": text} for n, text in enumerate(texts)])

    assert statuses(results) == [200, 200, UNKNOWN, UNKNOWN]
    assert [one["_id"] for one in server.find("parts")] == [0, 1]


# updateOne ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["[]", "{}", '{"n": "x", "$set": {"a": 1}}', '{"$set": {"a": 1}, "n": "x"}'])
def test_update_that_is_none_fails_its_record_and_no_other(bench: Bench, bad: str) -> None:
    bench.server.insert("odd", [{"n": "a"}, {"n": "b"}])
    records = [{"n": "a", "u": '{"$set": {"done": 1}}'}, {"n": "b", "u": bad}, {"n": "a", "u": '{"$inc": {"done": 1}}'}]

    results = bench.update("odd", records, filter=BY_N, update="{{{record.u}}}")

    assert statuses(results) == [200, 422, 200]
    assert results[1]["errors"][0]["code"] == "invalid_json"
    assert [one.get("done") for one in bench.server.find("odd")] == [2, None]


def test_update_whose_answer_cannot_be_read_is_not_told_as_failed(bench: Bench) -> None:
    bench.server.insert("damaged", [{"n": "b"}])
    broken = bson.encode({"n": "a", "text": "XXXX"}).replace(b"XXXX", b"\xff\xfe\xff\xfe")
    with bench.server.admin() as client:
        client[DATABASE]["damaged"].insert_one(RawBSONDocument(broken))

    results = bench.update("damaged", [{"n": "a"}, {"n": "b"}], filter=BY_N, update='{"$set": {"seen": 1}}')

    assert statuses(results) == [UNKNOWN, 200]
    with bench.server.admin() as client:
        assert client[DATABASE]["damaged"].count_documents({"seen": 1}) == 2


def test_update_changes_one_and_tells_how_it_is_then(bench: Bench) -> None:
    bench.server.insert("updated", [{"_id": 1, "n": "a", "text": "old"}, {"_id": 2, "n": "a", "text": "old"}])

    results = bench.update("updated", [{"n": "a", "text": "new"}, {"n": "z", "text": "new"}], filter=BY_N, update=SET)

    assert results[0] == {"statusCode": 200, "id": "1", "_json": {"_id": 1, "n": "a", "text": "new"}}
    assert results[1] == {"statusCode": 200, "ignored": True}
    assert [one["text"] for one in bench.server.find("updated")] == ["new", "old"]


def test_update_inserts_what_is_not_there_with_upsert(bench: Bench) -> None:
    bench.server.insert("upserted", [])

    results = bench.update("upserted", [{"n": "a", "text": "x"}] * 2, filter=BY_N, update=SET, upsert=True)

    (stored,) = bench.server.find("upserted")
    assert [result["id"] for result in results] == [str(stored["_id"])] * 2


def test_update_by_a_whole_document_replaces_and_by_stages_computes(bench: Bench) -> None:
    bench.server.insert("replaced", [{"_id": 1, "n": "a", "more": 1}, {"_id": 2, "n": "b", "more": 5}])

    first = bench.update("replaced", [{"n": "a"}], filter=BY_N, update={"n": "{{record.n}}", "at": {"$date": 0}})
    second = bench.update("replaced", [{"n": "b"}], filter=BY_N, update=[{"$set": {"twice": {"$add": ["$more", 5]}}}])

    assert first[0]["_json"] == {"_id": 1, "n": "a", "at": "1970-01-01T00:00:00.000Z"}
    assert second[0]["_json"] == {"_id": 2, "n": "b", "more": 5, "twice": 10}


@pytest.mark.parametrize(
    ("update", "found"),
    [
        ({"$set": {"a": 1}, "b": 2}, {"invalid_json"}),
        ({"$nix": {"a": 1}}, {"9"}),
        ({}, {"invalid_json"}),
        ([{"$out": "elsewhere"}], {"operator_refused"}),
        ([{"$set": {"a": {"$function": {"body": "x", "args": [], "lang": "js"}}}}], {"operator_refused"}),
    ],
)
def test_update_that_is_none_fails_its_record(bench: Bench, update: Any, found: set[str]) -> None:
    bench.server.insert("bad_update", [{"n": "a"}])

    (result,) = bench.update("bad_update", [{"n": "a"}], filter=BY_N, update=update)

    assert result["statusCode"] == 422
    assert code(result) in found


def test_record_that_fails_leaves_those_around_it(bench: Bench) -> None:
    bench.server.insert("around", [{"_id": 1, "n": "a"}, {"_id": 2, "n": "b"}])
    with bench.server.admin() as client:
        client[DATABASE]["around"].create_index("text", unique=True, sparse=True)
    records = [{"n": "a", "text": "taken"}, {"n": "b", "text": "taken"}, {"n": "b", "text": "free"}]

    results = bench.update("around", records, filter=BY_N, update=SET)

    assert statuses(results) == [200, 422, 200]
    assert code(results[1]) == "11000"


@pytest.mark.parametrize("when", ["before", "after"])
def test_update_that_is_cut_off_is_not_known_and_the_next_goes_on(server: Mongod, when: When) -> None:
    server.insert("cut_update", [{"_id": n, "n": n, "times": 0} for n in range(5)])
    with cutting_proxy(server.port) as proxy, Bench(server, server.doc(host=[f"127.0.0.1:{proxy.port}"])) as bench:
        assert bench.read("cut_update")
        proxy.cut(b"the marked one", when)
        records = [{"n": n, "text": "the marked one" if n == 2 else "x"} for n in range(5)]

        update = {"$inc": {"times": 1}, **SET}
        results = bench.update("cut_update", records, filter='{"n": {{record.n}} }', update=update)

    assert statuses(results) == [200, 200, UNKNOWN, 200, 200]
    times = [one["times"] for one in server.find("cut_update")]
    assert times == [1, 1, 1 if when == "after" else 0, 1, 1]


def test_server_that_goes_away_in_a_batch_leaves_the_rest_unsent(server: Mongod) -> None:
    server.insert("gone", [{"_id": n, "n": n} for n in range(4)])
    with cutting_proxy(server.port) as proxy:
        bench = Bench(server, server.doc(host=[f"127.0.0.1:{proxy.port}"]))
        assert bench.read("gone")
        proxy.cut(b"the marked one", "before", for_good=True)
        records = [{"n": n, "text": "the marked one" if n == 1 else "x"} for n in range(4)]

        results = bench.update("gone", records, filter='{"n": {{record.n}} }', update=SET)
        bench.close()

    assert statuses(results) == [200, UNKNOWN, 422, 422]
    assert [one["errors"][0]["message"].startswith("Not sent:") for one in results[2:]] == [True, True]
    assert [one.get("text") for one in server.find("gone")] == ["x", None, None, None]


# Leaving out ----------------------------------------------------------------------------------------------------------


def test_records_that_exist_are_left_out_by_a_path_or_a_filter(bench: Bench) -> None:
    bench.server.insert("existing", [{"sku": "a"}])
    records = [{"sku": "a", "id": 5}, {"sku": "b"}]

    by_path = bench.insert("existing", records, top={"ignoreExisting": True}, ignoreExtract="id")
    lookup = {"sku": "{{record.sku}}"}
    by_filter = bench.insert("existing", records, top={"ignoreExisting": True}, ignoreLookupFilter=lookup)

    assert [one.get("ignored", False) for one in by_path] == [True, False]
    assert [one.get("ignored", False) for one in by_filter] == [True, True]
    assert [one["sku"] for one in bench.server.find("existing")] == ["a", "b"]


def test_records_that_are_missing_are_left_out(bench: Bench) -> None:
    bench.server.insert("missing", [{"n": "a"}])
    top = {"ignoreMissing": True}

    results = bench.update("missing", [{"n": "a"}, {"n": "b"}], top=top, filter=BY_N, update=SET)

    assert [one.get("ignored", False) for one in results] == [False, True]


def test_leaving_out_without_a_way_to_tell_fails_the_call(bench: Bench) -> None:
    with pytest.raises(SourceFailure, match="ignoreExtract"):
        bench.insert("existing", [{"sku": "a"}], top={"ignoreExisting": True})


@pytest.mark.parametrize(
    ("block", "field"),
    [
        ({"method": "deleteMany"}, "import.mongodb.method"),
        ({"method": None}, "import.mongodb.method"),
        ({"method": "updateOne", "update": "{}"}, "import.mongodb.filter"),
        ({"method": "updateOne", "filter": "{}"}, "import.mongodb.update"),
        ({"method": "insertMany", "document": "{{#if}"}, "import.mongodb.document"),
        ({"method": "insertMany", "collection": "system.users"}, "import.mongodb.collection"),
    ],
)
def test_document_that_cannot_be_used_fails_before_anything_is_sent(bench: Bench, block: Any, field: str) -> None:
    with pytest.raises(SourceFailure) as caught:
        bench.push(block.pop("collection", "unused"), [{"n": 1}], **block)

    assert (caught.value.field, caught.value.sent) == (field, False)
