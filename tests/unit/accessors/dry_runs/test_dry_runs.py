"""Dry runs, here and by a server that answers in each plausible form."""

from __future__ import annotations

import datetime as dt
import json
import time
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from support.pushes import calling, orders

import celigo_pandas as celigo
from celigo_pandas.client.messages import Request, Response
from celigo_pandas.errors import ApiError
from celigo_pandas.frames.outward import to_records

NUMBERS_BECOME_TEXT = pytest.mark.filterwarnings("ignore:Numbers of the frame become text")
"""A mapping of numbers to texts, which is what the test is about, or beside it."""

MAPPING = {
    "mappings": [
        {"generate": "id", "extract": "$.key", "dataType": "string", "status": "Active"},
        {
            "generate": "day", "extract": "$.day", "dataType": "string", "status": "Active",
            "extractDateFormat": "YYYY-MM-DD", "generateDateFormat": "DD.MM.YYYY",
        },
    ]
}  # fmt: skip


@NUMBERS_BECOME_TEXT
def test_dry_run_here_maps_and_names_failures() -> None:
    df = pd.DataFrame({"key": [1, 2, 3], "day": ["2024-05-01", "never", "2024-05-03"]}, index=["a", "a", "b"])
    before = df.copy(deep=True)
    trial = df.celigo.dry_run(MAPPING)

    assert list(trial.frame["state"]) == ["mapped", "failed", "mapped"]
    assert list(trial.frame.columns) == ["state", "code", "message", "source"]
    assert trial.frame["source"].iloc[1] == "mapping"
    assert trial.frame.index.equals(df.index)
    pd.testing.assert_frame_equal(trial.failed, df.iloc[[1]])
    assert trial.mapped.to_dict("list") == {"id": ["1", "3"], "day": ["01.05.2024", "03.05.2024"]}
    assert list(trial.mapped.index) == ["a", "b"]
    pd.testing.assert_frame_equal(df, before)
    assert trial.summary() == "3 rows: 2 mapped, 1 failed."


def test_dry_run_filter_and_one_to_many_repeat_and_leave_out_labels() -> None:
    document = {
        "oneToMany": True,
        "pathToMany": "lines",
        "filter": {"type": "expression", "expression": {"rules": ["notequals", ["extract", "key"], 2], "version": "1"}},
    }
    df = pd.DataFrame(
        {"key": [1, 2, 3], "lines": [[{"sku": "a"}, {"sku": "b"}], [{"sku": "c"}], []]},
        index=pd.MultiIndex.from_tuples([("x", 1), ("x", 2), ("y", 1)]),
    )
    trial = df.celigo.dry_run(document)

    assert list(trial.frame["state"]) == ["mapped", "ignored", "ignored"]
    assert list(trial.mapped.index) == [("x", 1), ("x", 1)]
    assert list(trial.mapped["sku"]) == ["a", "b"]


def test_dry_run_without_a_mapping_passes_records_through() -> None:
    df = pd.DataFrame({"a.b": [1, 2], "c": [[1], []]})
    df.attrs["celigo"] = {"flatten": "."}

    mapped = df.celigo.map_import({"http": {}})

    assert mapped.to_dict("list") == {"a.b": [1, 2], "c": [[1], []]}
    assert mapped.attrs == {"celigo": {"flatten": "."}}


def test_dry_run_wrong_document_is_refused() -> None:
    with pytest.raises(celigo.DocumentError):
        pd.DataFrame({"a": [1]}).celigo.dry_run({"mappings": "all"})


@NUMBERS_BECOME_TEXT
def test_a_dry_run_keeps_what_it_was_of() -> None:
    document = json.loads(json.dumps(MAPPING))
    df = pd.DataFrame({"key": [1, 2], "day": ["never", "2024-05-03"], "lines": [[1], [2]]})
    trial = df.celigo.dry_run(document)
    document["mappings"][0]["extract"] = "$.day"
    trial.failed["lines"].iloc[0].append(9)
    failed = trial.failed
    failed["key"] = 0

    assert list(trial.compare()["id"].columns) == ["key", "after", "changed", "type_change"]
    assert trial.failed.to_dict("records") == [{"key": 1, "day": "never", "lines": [1]}]


def answering(make: Any, requests: list[Request]) -> Any:
    def handle(request: Request) -> Response:
        requests.append(request)
        return Response(200, {}, json.dumps(make(json.loads(request.body or b"")["data"])).encode())

    return handle


ERROR = {"code": "no_day", "message": "not a day", "source": "mapping"}

FORMS = {
    "bare": lambda record: {"id": record["key"]},
    "wrapped": lambda record: {"statusCode": 200, "data": {"id": record["key"]}},
}


@NUMBERS_BECOME_TEXT
@pytest.mark.parametrize("form", FORMS)
def test_dry_run_there_accepts_bare_and_wrapped_records(form: str) -> None:
    def make(data: list[dict[str, Any]]) -> list[Any]:
        return [
            {"statusCode": 422, "errors": [ERROR]} if record["key"] == 4 else FORMS[form](record) for record in data
        ]

    requests: list[Request] = []
    df = pd.DataFrame({"key": range(10), "day": "2024-05-01"}, index=list("abcdefghij"))
    trial = df.celigo.dry_run(MAPPING, calling(answering(make, requests), read_only=True), batch_size=4)

    assert [(request.path, request.repeat) for request in requests] == [
        ("/connections/5a1000000000000000000001/import/map", "read")
    ] * 3
    assert list(trial.failed.index) == ["e"]
    assert trial.frame.loc["e"].tolist() == ["failed", "no_day", "not a day", "mapping"]
    assert list(trial.mapped.index) == list("abcdfghij")
    assert list(trial.mapped["id"]) == [0, 1, 2, 3, 5, 6, 7, 8, 9]


def test_dry_run_there_reads_every_state() -> None:
    answers = [
        {"statusCode": 200, "ignored": True},
        None,
        {"statusCode": 200, "data": {"x": 1}, "errors": [ERROR]},
        {"statusCode": 200, "data": [{"x": 2}, {"x": 3}]},
        {"statusCode": 500},
        {"statusCode": "a field of the record", "data": 1},
        {"status": 1, "errors": []},
    ]
    trial = pd.DataFrame({"key": range(7)}).celigo.dry_run({}, calling(answering(lambda data: answers, [])))

    assert list(trial.frame["state"]) == [
        "ignored", "ignored", "mapped_with_errors", "mapped", "failed", "mapped", "mapped",
    ]  # fmt: skip
    assert list(trial.mapped.index) == [2, 3, 3, 5, 6]


def test_dry_run_there_another_length_is_an_error() -> None:
    with pytest.raises(celigo.TransportError, match="2 records for 3 rows"):
        pd.DataFrame({"key": range(3)}).celigo.dry_run({}, calling(answering(lambda data: data[1:], [])))


@pytest.mark.parametrize("body", [b"[{]", b"[NaN,1]", b"<html>busy</html>", b"[1,2"])
def test_dry_run_there_damaged_answer_is_asked_for_again(body: bytes) -> None:
    answers = [body, b"[{}, {}]"]
    trial = orders(2).celigo.dry_run({}, calling(lambda request: Response(200, {}, answers.pop(0))))

    assert len(trial.mapped) == 2
    assert answers == []
    with pytest.raises(celigo.TransportError):
        orders(2).celigo.dry_run({}, calling(lambda request: Response(200, {}, body)))


def test_dry_run_there_too_large_halves() -> None:
    sizes: list[int] = []

    def handle(request: Request) -> Response:
        data = json.loads(request.body or b"")["data"]
        sizes.append(len(data))
        return Response(413, {}, b"{}") if len(data) > 3 else Response(200, {}, json.dumps(data).encode())

    assert len(pd.DataFrame({"key": range(7)}).celigo.dry_run({}, calling(handle)).mapped) == 7
    assert sizes == [7, 4, 2, 2, 2, 1]

    with pytest.raises(ApiError):
        pd.DataFrame({"key": [1]}).celigo.dry_run({}, calling(lambda request: Response(413, {}, b"{}")))


def test_compare_marks_what_changed() -> None:
    df = pd.DataFrame({"id": [1, 2], "name": ["a", "b"], "gone": [None, 1]}, index=["r", "s"])
    answers = [{"id": 1.0, "name": "A", "new": 5}, {"id": 2, "name": "b"}]
    compared = df.celigo.dry_run({}, calling(answering(lambda data: answers, []))).compare()

    assert list(compared.index) == ["r", "s"]
    assert list(compared["id"]["changed"]) == [False, False]
    assert list(compared["name"]["changed"]) == [True, False]
    assert list(compared["new"].columns) == ["after", "changed"]
    assert compared["name"].loc["r"].tolist() == ["a", "A", True]
    assert "gone" not in compared


FLIGHTS = pd.DataFrame({
    "carrier": ["UA", "B6"], "number": [1545, 79], "dep.delay": [79, 5], "after": ["x", "y"], "spare": [0, 0],
}).astype({"dep.delay": "Int64"})  # fmt: skip


def notices() -> dict[str, Any]:
    return (
        celigo.Mapping()
        .set("flight", "{{record.carrier}}{{record.number}}")
        .set("delay.minutes", "$.dep.delay", data_type="string")
        .set("text", "$.after")
        .set("kind", value="notice")
        .to_import()
    )


@NUMBERS_BECOME_TEXT
def test_compare_lays_mapped_columns_beside_their_sources() -> None:
    compared = FLIGHTS.celigo.dry_run(notices(), unflatten=True).compare()

    assert list(compared.columns) == [
        ("flight", "carrier"), ("flight", "number"), ("flight", "after"), ("flight", "changed"),
        ("delay.minutes", "dep.delay"), ("delay.minutes", "after"), ("delay.minutes", "changed"),
        ("delay.minutes", "type_change"),
        ("text", "after (input)"), ("text", "after"), ("text", "changed"),
        ("kind", "after"), ("kind", "changed"),
    ]  # fmt: skip
    assert compared["flight"].iloc[0].tolist() == ["UA", 1545, "UA1545", True]
    assert compared["delay.minutes"].iloc[0].tolist() == [79, "79", True, "number → text"]
    assert list(compared["text", "changed"]) == [False, False]


def test_compare_of_a_mapping_that_only_a_server_knows_pairs_equal_names() -> None:
    document = {"mappings": [{"generate": "id", "extract": "{{#if", "dataType": "string"}]}
    answers = [{"id": "1", "new": 2}]
    df = pd.DataFrame({"id": [1], "x": [5]})
    compared = df.celigo.dry_run(document, calling(answering(lambda data: answers, []))).compare()

    assert list(compared["id"].columns) == ["id", "after", "changed", "type_change"]
    assert list(compared["new"].columns) == ["after", "changed"]


def test_compare_takes_lists_and_objects_by_the_column_that_holds_them() -> None:
    df = pd.DataFrame({"who": [{"name": "Ann"}], "lines": [[{"sku": "a"}, {"sku": "b"}]]})
    rules = [
        {"generate": "name", "dataType": "string", "extract": "$.who.name", "status": "Active"},
        {"generate": "skus", "dataType": "stringarray", "extract": "$.lines[*].sku", "status": "Active"},
    ]
    compared = df.celigo.dry_run({"mappings": rules}).compare()

    assert [column for column in compared.columns if column[1] not in ("changed", "type_change")] == [
        ("name", "who"), ("name", "after"), ("skus", "lines"), ("skus", "after"),
    ]  # fmt: skip
    assert compared["skus"].iloc[0]["after"] == ["a", "b"]


def test_compare_takes_values_as_they_are_sent() -> None:
    """Whatever a column holds, mapping it as it is changes nothing, as the mapping saw what a push would send."""
    df = pd.DataFrame({
        "at": pd.to_datetime(["2024-01-02 03:04:05", None]),
        "zoned": pd.to_datetime(["2024-01-02", "2024-01-03"]).tz_localize("Europe/Berlin"),
        "day": [dt.date(2024, 1, 2), dt.date(2024, 1, 3)],
        "price": [Decimal("1.50"), Decimal("NaN")],
        "short": np.array([0.1, 0.2], dtype="float32"),
        "kind": pd.Categorical(["a", None]),
        "vector": [np.array([1, 2]), np.array([], dtype="int64")],
        "times": [[pd.Timestamp("2024-01-02")], [dt.datetime(2024, 1, 3)]],
        "lists": pd.Series([[0.1], None], dtype=pd.ArrowDtype(pa.list_(pa.float32()))),
        "took": pd.to_timedelta(["1h", None]),
        "month": pd.period_range("2024-01", periods=2, freq="M"),
    })  # fmt: skip
    trial = df.celigo.dry_run({}, calling(answering(lambda data: data, [])))
    compared = trial.compare()

    assert {name: list(compared[name, "changed"]) for name in df} == {name: [False, False] for name in df}
    assert not [column for column in compared.columns if column[1] == "type_change"]
    assert compared["at", "at"].iloc[0] == pd.Timestamp("2024-01-02 03:04:05")
    assert "<ins" not in str(trial._repr_html_())


def test_compare_finds_a_change_in_a_list_of_times() -> None:
    df = pd.DataFrame({"times": [[pd.Timestamp("2024-01-02")], np.array([1, 2])]})
    answers = [{"times": ["2024-01-02"]}, {"times": [1, 3]}]
    compared = df.celigo.dry_run({}, calling(answering(lambda data: answers, []))).compare()

    assert list(compared["times", "changed"]) == [True, True]


@NUMBERS_BECOME_TEXT
def test_dry_run_html_is_a_table_of_sources_and_mapped_columns() -> None:
    html = str(FLIGHTS.celigo.dry_run(notices(), unflatten=True)._repr_html_())

    assert html.count("<table") == 1
    for shown in (">dep.delay</th>", ">79</td>", "&#x27;79&#x27;</ins>", ">constant</th>", ">UA1545</ins>"):
        assert shown in html
    assert "spare" not in html


def test_dry_run_html_says_that_there_are_more_rows() -> None:
    html = str(pd.DataFrame({"a": range(1000)}).celigo.dry_run({})._repr_html_())

    assert "The first 20 of 1,000 mapped records." in html


def test_dry_run_html_escapes_and_marks() -> None:
    answers = [{"a": "<script>x</script>"}, {"statusCode": 422, "errors": [{"code": "<i>", "message": "<b>"}]}]
    df = pd.DataFrame({"a": ["<u>", "y"]}, index=["<p>", "q"])
    html = df.celigo.dry_run({}, calling(answering(lambda data: answers, [])))._repr_html_()

    assert ">&lt;u&gt;</td>" in html
    assert ">&lt;script&gt;x&lt;/script&gt;</ins>" in html
    for bad in ("<script", "<i>", "<b>", "<u>", "<p>&lt;"):
        assert bad not in html.replace("<p>2 rows", "")


def test_dry_run_many_errors_leave_attrs_small() -> None:
    """A frame operation copies attrs deeply: errors kept there would cost each of them."""
    error = {"statusCode": 200, "data": {"id": 1, "v": "x"}, "errors": [{**ERROR, "message": "long " * 50}]}
    df = pd.DataFrame({"key": range(5000)})
    trial = df.celigo.dry_run({}, calling(answering(lambda data: [error] * len(data), [])), batch_size=1000)
    mapped = trial.mapped
    plain = pd.DataFrame({"id": mapped["id"], "v": mapped["v"]})

    assert trial.counts["mapped_with_errors"] == 5000
    assert len(json.dumps(mapped.attrs)) < 200
    assert len(json.dumps(trial.frame.attrs)) < 200

    def seconds(frame: pd.DataFrame) -> float:
        best = []
        for _ in range(7):
            started = time.process_time()
            for _ in range(30):
                frame.copy(deep=False).head(5)
            best.append(time.process_time() - started)
        return min(best)

    assert seconds(mapped) <= 1.5 * seconds(plain) + 0.002


@NUMBERS_BECOME_TEXT
def test_dry_run_infinity_is_refused_here_too() -> None:
    with pytest.raises(celigo.FrameError, match="infinity"):
        pd.DataFrame({"key": [np.inf], "day": "2024-05-01"}).celigo.dry_run(MAPPING)


@NUMBERS_BECOME_TEXT
def test_dry_run_here_of_a_saved_import_sends_nothing() -> None:
    from celigo_pandas.accessors.account.saved import SavedImport

    def handle(request: Request) -> Response:
        raise AssertionError(request.path)

    document = {"_id": "5a1000000000000000000003", "_connectionId": "5a1000000000000000000001", **MAPPING}
    saved = SavedImport(calling(handle).client, document)

    assert len(pd.DataFrame({"key": [1], "day": ["2024-05-01"]}).celigo.dry_run(saved).mapped) == 1


def test_dry_run_here_sees_the_settings_of_the_import() -> None:
    document = {
        "settings": {"site": "north"},
        "mappings": [
            {
                "generate": "site", "extract": "{{settings.import.site}}", "dataType": "string", "status": "Active",
            }
        ],
    }  # fmt: skip

    assert list(pd.DataFrame({"key": [1]}).celigo.map_import(document)["site"]) == ["north"]


@pytest.mark.parametrize("where", ["inside", "inside_lists", "deep"])
def test_dry_run_of_records_that_cannot_be_flattened_keeps_their_objects(where: str) -> None:
    """Keys that are ids, or objects within objects without end: a dry run has no option that would tell."""
    deep: dict[str, Any] = {}
    for _ in range(250):
        deep = {"d": deep}
    made = {
        "inside": lambda key: {"by_id": {key: {"qty": 1}, "kind": "x"}},
        "inside_lists": lambda key: [{"a.b": 1, "by_id": {key: 1}}, {"by_id": {}}],
        "deep": lambda key: {"d": deep},
    }[where]
    count = 3 if where == "deep" else 2_500
    records = [made(f"{number * 7919:024x}") for number in range(count)]

    def handle(request: Request) -> Response:
        start = json.loads(request.body or b"")["data"][0]["key"]
        return Response(200, {}, json.dumps(records[start : start + 500]).encode())

    trial = orders(count).celigo.dry_run({"http": {}}, calling(handle), batch_size=500)

    mapped = trial.mapped
    flat = [one for record in records for one in (record if isinstance(record, list) else [record])]
    assert to_records(mapped) == flat
    assert len(trial.compare()) == len(flat)
    assert "<table" in str(trial._repr_html_())


def test_dry_run_of_records_whose_own_keys_are_ids_says_what_a_dry_run_can_do() -> None:
    def handle(request: Request) -> Response:
        rows = json.loads(request.body or b"")["data"]
        return Response(200, {}, json.dumps([{f"id{row['key']:024x}": 1} for row in rows]).encode())

    trial = orders(2_500).celigo.dry_run({"http": {}}, calling(handle), batch_size=500)

    assert trial.counts["mapped"] == 2_500
    with pytest.raises(celigo.FrameError, match="the keys look like ids") as caught:
        _ = trial.mapped
    assert "nested=" not in str(caught.value)
    assert "the keys look like ids" in str(trial._repr_html_())
