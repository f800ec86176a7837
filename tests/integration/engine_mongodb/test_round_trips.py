"""Random documents of every type, into a real MongoDB and out again; PyMongo is the judge."""

from __future__ import annotations

import json
from typing import Any

import bson
import pytest
from bson import json_util
from bson.raw_bson import RawBSONDocument
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import soak
from support.generated_bson import DOCUMENTS
from support.mongod import DATABASE, Mongod
from support.mongodb_bench import Bench, statuses

from celigo_pandas.engine.adaptors.mongodb.bson_values import CODEC, to_json

pytestmark = [pytest.mark.mongodb, pytest.mark.soak]

ROUNDS = settings(
    max_examples=soak.runs(25, 400), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def stored(server: Mongod, collection: str) -> list[bytes]:
    with server.admin() as client:
        raw: Any = bson.CodecOptions(document_class=RawBSONDocument)
        return [one.raw for one in client[DATABASE].get_collection(collection, codec_options=raw).find().sort("_id")]


def extended(document: dict[str, Any]) -> Any:
    text = json_util.dumps(bson.decode(bson.encode(document), CODEC), json_options=json_util.CANONICAL_JSON_OPTIONS)
    return json.loads(text)


@ROUNDS
@given(documents=st.lists(DOCUMENTS, min_size=1, max_size=20))
def test_extended_json_that_is_inserted_is_stored_byte_for_byte(bench: Bench, documents: list[dict[str, Any]]) -> None:
    wanted = [{**document, "_id": place} for place, document in enumerate(documents)]
    bench.server.insert("trips", [])

    results = bench.insert("trips", [extended(document) for document in wanted])

    assert statuses(results) == [200] * len(wanted)
    # The server moves _id to the front.
    expected = [bson.encode({"_id": one["_id"], **{k: v for k, v in one.items() if k != "_id"}}) for one in wanted]
    assert stored(bench.server, "trips") == expected
    assert bench.read("trips", pipeline=[{"$sort": {"_id": 1}}]) == [result["_json"] for result in results]


@ROUNDS
@given(documents=st.lists(DOCUMENTS, min_size=1, max_size=20))
def test_template_that_writes_a_record_as_json_stores_the_same(bench: Bench, documents: list[dict[str, Any]]) -> None:
    wanted = [{"_id": place, "v": document} for place, document in enumerate(documents)]
    bench.server.insert("templates", [])

    records = [{"n": place, "text": json.dumps(extended(document))} for place, document in enumerate(documents)]
    results = bench.insert("templates", records, document='{"_id": {{record.n}} , "v": {{{record.text}}} }')

    assert statuses(results) == [200] * len(wanted)
    assert stored(bench.server, "templates") == [bson.encode(one) for one in wanted]


@ROUNDS
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=20, unique=True))
def test_filter_of_any_text_finds_that_text_and_no_other(bench: Bench, texts: list[str]) -> None:
    bench.server.insert("texts", [{"_id": place, "t": text} for place, text in enumerate(texts)])

    results = bench.update(
        "texts",
        [{"t": text} for text in texts],
        filter={"t": "{{record.t}}"},
        update={"$set": {"seen": "{{record.t}}"}},
    )

    assert [one["_json"] for one in results] == [
        {"_id": place, "t": text, "seen": text} for place, text in enumerate(texts)
    ]


def test_what_is_read_is_what_the_judge_reads(bench: Bench) -> None:
    values: list[Any] = [
        bson.Int64(2**53 + 1),
        bson.DatetimeMS(2**50),
        b"\0",
        bson.Regex("a", 2),
        None,
        [1.5, {"a": "b"}],
    ]
    documents = [{"_id": place, "v": value} for place, value in enumerate(values)]
    bench.server.insert("judged", documents)

    assert bench.read("judged") == [to_json(bson.decode(bson.encode(one), CODEC)) for one in documents]
