"""Results: any index, retries matched by place, groups of errors, files."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from support.pushes import DOCUMENT, Target, calling

import celigo_pandas as celigo
from celigo_pandas.accessors.pushes.failure_groups import message_pattern
from celigo_pandas.client.messages import Request, Response

INDEXES = {
    "range": pd.RangeIndex(6),
    "unsorted": pd.Index([5, 3, 1, 0, 2, 9]),
    "text": pd.Index(list("fedcba"), name="label"),
    "duplicates": pd.Index(["a", "b", "a", "b", "a", "b"]),
    "levels": pd.MultiIndex.from_tuples([("x", 1), ("x", 1), ("y", 2), ("y", 3), ("x", 1), ("z", 0)], names=["k", "n"]),
    "times": pd.date_range("2024-01-01", periods=6, tz="Europe/Berlin"),
    "missing": pd.Index([1.0, np.nan, 2.0, np.nan, 3.0, 4.0]),
}


@pytest.mark.parametrize("name", INDEXES)
def test_result_any_index_keeps_its_labels_and_the_frame_is_not_modified(name: str) -> None:
    df = pd.DataFrame({"key": range(6), "message": list("uvwxyz")}, index=INDEXES[name])
    df.attrs["mine"] = "note"
    before = df.copy(deep=True)
    result = df.celigo.to_import(DOCUMENT, calling(Target({1, 4})), batch_size=2)

    assert result.frame.index.equals(df.index)
    assert result.frame.index.names == df.index.names
    pd.testing.assert_frame_equal(df, before)
    assert df.attrs == {"mine": "note"}
    pd.testing.assert_frame_equal(result.failed, df.iloc[[1, 4]])
    pd.testing.assert_frame_equal(result.ok, df.iloc[[0, 2, 3, 5]])
    joined = result.join()
    assert joined.index.equals(df.index)
    assert list(joined["message"]) == list("uvwxyz")
    assert joined["push_message"].iloc[1] == "Order 1 of '1x' is closed"
    assert list(result.frame.columns) == [
        "outcome", "status_code", "id", "code", "message", "response", "batch", "attempts",
    ]  # fmt: skip


@pytest.mark.parametrize("name", INDEXES)
def test_retry_corrected_rows_reach_their_places(name: str) -> None:
    df = pd.DataFrame({"key": range(6), "text": list("abcdef")}, index=INDEXES[name])
    target = Target({1, 4})
    result = df.celigo.to_import(DOCUMENT, calling(target), batch_size=2)
    target.bad.clear()
    target.got.clear()

    again = result.retry(result.failed.assign(text=["B", "E"]))

    assert target.got == [{"key": 1, "text": "B"}, {"key": 4, "text": "E"}]
    assert len(again.ok) == len(again) == 6
    assert again.frame.index.equals(df.index)
    assert list(again.ok["text"]) == ["a", "B", "c", "d", "E", "f"]
    assert list(again.frame["attempts"]) == [1, 2, 1, 1, 2, 1]
    assert again.frame["batch"].iloc[1] > result.frame["batch"].max()
    assert list(result.failed["text"]) == ["b", "e"]  # the first result stays what it was


def test_retry_distinct_labels_may_come_in_any_order() -> None:
    df = pd.DataFrame({"key": range(6)}, index=list("abcdef"))
    target = Target({1, 2, 4})
    result = df.celigo.to_import(DOCUMENT, calling(target))
    target.bad = {2}
    again = result.retry(result.failed.iloc[::-1])

    assert list(again.failed.index) == ["c"]


@pytest.mark.parametrize(
    "corrected",
    [
        lambda result, df: df,
        lambda result, df: result.ok.iloc[:2],
        lambda result, df: result.failed.iloc[:1],
        lambda result, df: pd.concat([result.failed, result.failed]),
        lambda result, df: result.failed.reset_index(drop=True),
        lambda result, df: result.failed.iloc[:0],
    ],
)
def test_retry_other_rows_or_another_length_is_refused(corrected: Any) -> None:
    df = pd.DataFrame({"key": range(6)}, index=list("abcdef"))
    target = Target({1, 4})
    result = df.celigo.to_import(DOCUMENT, calling(target))
    target.got.clear()

    with pytest.raises(celigo.FrameError):
        result.retry(corrected(result, df))
    assert target.got == []


def test_retry_repeated_labels_in_another_order_are_refused() -> None:
    df = pd.DataFrame({"key": range(4)}, index=list("aabb"))
    target = Target({0, 1, 2})
    result = df.celigo.to_import(DOCUMENT, calling(target))

    with pytest.raises(celigo.FrameError, match="order"):
        result.retry(result.failed.iloc[[2, 0, 1]])


def test_retry_corrected_values_do_not_change_others() -> None:
    """Concatenated, whole numbers beside fractions would become fractions and lose digits."""
    big = 2**53 + 1
    df = pd.DataFrame({"key": [1, 2], "n": [big, 5]})
    target = Target({2})
    result = df.celigo.to_import(DOCUMENT, calling(target))
    fixed = result.failed.assign(n=[0.5], extra=["new"])
    again = result.retry(fixed)
    target.bad.clear()
    target.got.clear()
    last = again.retry()

    assert target.got == [{"key": 2, "n": 0.5, "extra": "new"}]
    assert last.ok["n"].tolist() == [big, 0.5]


@pytest.mark.parametrize("dtype", ["float32", "Float32", "float32[pyarrow]"])
def test_retry_corrected_wider_fractions_do_not_change_others(dtype: str) -> None:
    df = pd.DataFrame({"key": [1, 2], "n": pd.Series([0.1, 0.2], dtype=dtype)})
    target = Target({1, 2})
    result = df.celigo.to_import(DOCUMENT, calling(target), first=0)
    target.got.clear()
    target.bad.clear()

    result._outcomes.rows[1] = result._outcomes.rows[1]._replace(outcome="not_sent")
    fixed = result.failed.assign(n=np.array([0.3]))
    result.retry(fixed)

    assert target.got == [{"key": 1, "n": 0.3}, {"key": 2, "n": 0.2}]


def test_retry_corrected_frame_without_attrs_is_nested_as_the_first_was() -> None:
    df = pd.DataFrame({"key": [1, 2], "a.b": [3, 4]})
    df.attrs["celigo"] = {"flatten": "."}
    target = Target({2})
    result = df.celigo.to_import(DOCUMENT, calling(target))
    corrected = result.failed.copy()
    corrected.attrs.clear()
    result.retry(corrected)

    assert target.got[-1] == {"key": 2, "a": {"b": 4}}


def test_retry_corrected_infinity_is_refused_before_sending() -> None:
    target = Target({2})
    result = pd.DataFrame({"key": [1, 2], "n": [1.0, 2.0]}).celigo.to_import(DOCUMENT, calling(target))
    target.got.clear()

    with pytest.raises(celigo.FrameError, match="infinity"):
        result.retry(result.failed.assign(n=np.inf))
    assert target.got == []


def test_errors_groups_by_code_and_pattern() -> None:
    df = pd.DataFrame({"key": range(20)}, index=[f"r{i}" for i in range(20)])
    result = df.celigo.to_import(DOCUMENT, calling(Target({3, 5, 7, 11})))
    errors = result.errors()

    assert len(errors) == 1
    assert errors.loc[0, ["code", "message", "count", "source"]].tolist() == [
        "invalid", "Order … of … is closed", 4, "application",
    ]  # fmt: skip
    assert errors.loc[0, "rows"] == ["r3", "r5", "r7"]
    assert errors.loc[0, "example"] == "Order 3 of '3x' is closed"
    assert "Order …" in result._repr_html_()


def test_errors_of_a_mapping_name_the_rule() -> None:
    document = {
        "mappings": [
            {"generate": "key", "extract": "$.key", "dataType": "number", "status": "Active"},
            {
                "generate": "day", "extract": "$.day", "dataType": "string", "status": "Active",
                "extractDateFormat": "YYYY-MM-DD", "generateDateFormat": "DD.MM.YYYY",
            },
        ]
    }  # fmt: skip
    df = pd.DataFrame({"key": [1, 2], "day": ["2024-05-01", "no day"]})
    result = df.celigo.to_import(document, calling(Target({2}, source="mapping")))
    local = df.celigo.dry_run(document)

    assert list(local.failed["key"]) == [2]
    assert result.errors().loc[0, "source"] == "mapping"
    assert "mappings[1]" in result.errors().loc[0, "rule"]


@pytest.mark.parametrize(
    ("message", "pattern"),
    [
        ("Row 17 failed", "Row … failed"),
        ("value \"abc\" is not in 'x'", "value … is not in …"),
        ("id 5a1000000000000000000001 missing", "id … missing"),
        ("at 2024-05-01T10:00:00Z", "at …"),
        ("field_2 is required", "field_2 is required"),
        ("it isn't, it can't", "it isn't, it can't"),
        ("-1.5 is less than 0", "… is less than …"),
    ],
)
def test_message_pattern(message: str, pattern: str) -> None:
    assert message_pattern(message) == pattern


@pytest.mark.parametrize("name", INDEXES)
def test_result_saved_and_loaded_is_the_same(name: str, tmp_path: Path) -> None:
    df = pd.DataFrame(
        {
            "key": range(6),
            "i": pd.array([1, None, 3, 4, 5, 2**60 + 1], dtype="Int64"),
            "s": ["é", None, "c", "", "e", "f"],
            "t": pd.date_range("2024-01-01", periods=6, tz="Europe/Berlin"),
            "c": pd.Categorical(list("abcabc")),
            "o": [1, "a", None, [1, {"b": 2}], {"x": []}, 2**70],
            "p": pd.period_range("2024-01", periods=6, freq="M"),
            "l": [["a"], [], None, ["b"], ["c"], ["d"]],
        },
    ).set_axis(INDEXES[name])
    con = calling(Target({1, 4}))
    result = df.celigo.to_import(DOCUMENT, con, batch_size=2)
    result.save(tmp_path / "r.parquet")
    loaded = celigo.ImportResult.load(tmp_path / "r.parquet", con)

    pd.testing.assert_frame_equal(loaded.frame, result.frame, check_freq=False)
    pd.testing.assert_frame_equal(loaded.failed, result.failed, check_freq=False, check_index_type=False)
    assert loaded.summary() == result.summary()
    again = loaded.retry()
    assert again.counts == result.counts

    without = celigo.ImportResult.load(tmp_path / "r.parquet")
    with pytest.raises(celigo.ConfigError, match="without a connection"):
        without.retry()


DAYS = [dt.date(2024, 1, day) for day in (1, 2, 2, 3)]
UNUSUAL_INDEXES = {
    "dates": pd.Index(DAYS, dtype=object),
    "tuples": pd.Index([(1, 2), (3, 4), (1, 2), (5, 6)], tupleize_cols=False),
    "decimals": pd.Index([Decimal(1), Decimal("1.50"), Decimal("NaN"), None], dtype=object),
    "intervals": pd.interval_range(0, 4),
    "categories": pd.CategoricalIndex(["a", "b", "a", "b"], ordered=True),
    "levels of dates": pd.MultiIndex.from_arrays([DAYS, [UUID(int=n) for n in range(4)]], names=[("x", 1), None]),
    "name of a time": pd.Index(list("abcd"), name=pd.Timestamp("2024-05-01", tz="Europe/Berlin")),
    "timestamps as objects": pd.Index([pd.Timestamp("2024", tz="UTC"), pd.NaT, None, pd.NA], dtype=object),
    "surrogate": pd.Index(["a", "\ud800", "c", "d"], dtype=object),
    "bytes": pd.Index([b"a", b"b", b"c", b"d"]),
}
UNUSUAL_COLUMNS = {
    "dates": pd.Series(DAYS, dtype=object),
    "python": pd.Series(
        [
            dt.time(9, 30),
            dt.datetime(2024, 5, 1, tzinfo=dt.timezone.utc),
            dt.timedelta(days=1, microseconds=1),
            UUID(int=1),
        ]
    ),
    "decimals": pd.Series([Decimal("1.50"), Decimal(1), None, Decimal("NaN")]),
    "pandas": pd.Series(
        [
            pd.Timestamp("2024-05-01 00:00:00.000000001", tz="Europe/Berlin"),
            pd.Timedelta(1, unit="ns"),
            pd.Period("2024-05", freq="M"),
            pd.Interval(0, 1.5, closed="both"),
        ]
    ),
    "numpy": pd.Series([np.int16(4), np.float32(0.1), np.datetime64("2024-05-01", "D"), np.bool_(True)], dtype=object),
    "missing": pd.Series([None, np.nan, pd.NA, pd.NaT], dtype=object),
    "nested": pd.Series([{"$date": "mine"}, {1: (2, [Decimal(3)])}, [None, {"a": dt.date(2024, 5, 1)}], 2**80]),
    "cut": pd.Series(pd.cut([1, 2, 3, 4], 2)),
    "intervals": pd.Series(pd.arrays.IntervalArray.from_breaks([0.5, 1, 2, 3, 4], closed="left")),
    "sparse": pd.Series(pd.arrays.SparseArray([0, 0, 1, 2])),
    "categories of several types": pd.Series(pd.Categorical([1, "a", 1, None])),
    "categories of times": pd.Series(pd.Categorical(pd.to_datetime(["2024", "2025", None, "2024"], utc=True))),
    "half": pd.Series(np.array([0.1, np.nan, 1, 2], dtype="float16")),
}


def _saved(df: pd.DataFrame, tmp_path: Path) -> tuple[celigo.ImportResult, celigo.ImportResult]:
    con = calling(Target({0, 2}))
    result = df.celigo.to_import(DOCUMENT, con, first=0)
    result.save(tmp_path / "r.parquet")
    return result, celigo.ImportResult.load(tmp_path / "r.parquet", con)


@pytest.mark.parametrize("name", UNUSUAL_INDEXES)
def test_result_saved_keeps_labels_of_any_type_and_corrected_rows_find_their_places(name: str, tmp_path: Path) -> None:
    df = pd.DataFrame({"key": range(4)}, index=UNUSUAL_INDEXES[name])
    result, loaded = _saved(df, tmp_path)

    pd.testing.assert_index_equal(loaded.frame.index, df.index, exact=True)
    assert [*map(type, loaded.frame.index)] == [*map(type, df.index)]
    assert loaded.frame.index.names == df.index.names
    fixed = loaded.retry(df.iloc[[0, 2]].assign(key=[10, 12]))
    assert fixed.ok["key"].tolist() == [10, 1, 12, 3]
    assert result.counts == loaded.counts


@pytest.mark.parametrize("name", UNUSUAL_COLUMNS)
def test_result_saved_keeps_values_and_dtype_of_any_column(name: str, tmp_path: Path) -> None:
    df = pd.DataFrame({"key": range(4), "v": UNUSUAL_COLUMNS[name]})
    result, loaded = _saved(df, tmp_path)

    assert loaded.failed["v"].dtype == df["v"].dtype
    for got, expected in zip([*loaded.failed["v"], *loaded.ok["v"]], df["v"].iloc[[0, 2, 1, 3]], strict=True):
        assert type(got) is type(expected)
        assert repr(got) == repr(expected)
    sent = [target_of(one) for one in (result, loaded)]
    assert sent[0] == sent[1]


def target_of(result: celigo.ImportResult) -> list[dict[str, Any]]:
    target = Target()
    call = vars(result._call) | {"client": calling(target).client, "newest": []}
    celigo.ImportResult(result._rows, result._outcomes, type(result._call)(**call)).retry()
    return target.got


def test_result_with_an_array_in_a_cell_is_saved(tmp_path: Path) -> None:
    df = pd.DataFrame({"key": [0, 1], "v": pd.Series([np.array([[1, 2]]), np.array([0.1], "float32")], dtype=object)})
    _, loaded = _saved(df, tmp_path)

    first, second = loaded._rows["v"]
    assert (first.dtype, first.shape, first.tolist()) == (np.dtype("int64"), (1, 2), [[1, 2]])
    assert (second.dtype, second.tolist()) == (np.dtype("float32"), df["v"][1].tolist())


def test_result_whose_labels_no_file_can_hold_says_so(tmp_path: Path) -> None:
    df = pd.DataFrame({"key": [0]}, index=pd.Index([object()], dtype=object))
    result = df.celigo.to_import(DOCUMENT, calling(Target()))

    with pytest.raises(celigo.FrameError, match=r"the index holds a value that no file can.* type object"):
        result.save(tmp_path / "r.parquet")


@pytest.mark.parametrize(
    "labels", [pd.Index([np.int64(1), "key"], dtype=object), pd.Index(["a", "key"], name=("n", 1))]
)
def test_result_saved_keeps_the_names_of_columns(labels: pd.Index, tmp_path: Path) -> None:
    df = pd.DataFrame([[1, 2]], columns=labels)
    _, loaded = _saved(df, tmp_path)

    pd.testing.assert_index_equal(loaded.ok.columns, df.columns, exact=True)
    assert loaded.ok.columns.names == df.columns.names


def test_result_html_escapes_what_came_from_outside() -> None:
    def handle(request: Request) -> Response:
        error = {"code": "<b>", "message": "<script>alert(1)</script>", "source": "<i>"}
        return Response(200, {}, json.dumps([{"statusCode": 422, "errors": [error]}]).encode())

    result = pd.DataFrame({"<u>": [1]}).celigo.to_import({"name": "<s>"}, calling(handle))
    preview = pd.DataFrame({"<u>": ["<img>"]}).celigo.to_import({"name": "<s>"}, calling(handle), preview=True)

    for html in (result._repr_html_(), preview._repr_html_()):
        for bad in ("<script", "<b>", "<i>", "<u>", "<s>", "<img"):
            assert bad not in html


def test_result_empty_frame_sends_nothing() -> None:
    target = Target()
    result = pd.DataFrame({"key": []}).celigo.to_import(DOCUMENT, calling(target))

    assert len(result) == len(result.frame) == 0
    assert result.summary() == "0 rows: nothing to send."
    assert list(result.errors().columns) == ["code", "message", "count", "source", "rule", "example", "rows"]
    assert len(result.retry()) == 0
    assert target.got == []


def test_result_later_changes_of_the_frame_do_not_reach_it() -> None:
    df = pd.DataFrame({"key": [1, 2], "text": ["a", "b"]})
    result = df.celigo.to_import(DOCUMENT, calling(Target({2})))
    df.loc[1, "text"] = "changed"

    assert list(result.failed["text"]) == ["b"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"batch_size": 0}, celigo.ConfigError),
        ({"max_workers": 0}, celigo.ConfigError),
        ({"first": -1}, celigo.ConfigError),
        ({"max_failures": "many"}, celigo.ConfigError),
        ({"max_failures": -1}, celigo.ConfigError),
        ({"max_failures": True}, celigo.ConfigError),
        ({"on_error": "ignore"}, celigo.ConfigError),
        ({"na": "drop"}, celigo.FrameError),
        ({"progress": "loud"}, celigo.ConfigError),
    ],
)
def test_push_option_out_of_range_sends_nothing(options: dict[str, Any], error: type[Exception]) -> None:
    target = Target()

    with pytest.raises(error):
        pd.DataFrame({"key": [1]}).celigo.to_import(DOCUMENT, calling(target), **options)
    assert target.got == []


@pytest.mark.parametrize("frame", [[{"key": 1}], pd.Series([1]), None])
@pytest.mark.parametrize("call", [celigo.to_import, celigo.dry_run, celigo.map_import])
def test_push_of_what_is_no_frame_says_what_is_expected(frame: Any, call: Any) -> None:
    with pytest.raises(celigo.FrameError, match=f"got {type(frame).__name__}; expected a pandas DataFrame"):
        call(frame, DOCUMENT)


def test_push_preview_refuses_what_the_push_would_refuse() -> None:
    target = Target()
    document = {"file": {"type": "csv", "fileName": "orders.csv"}}
    df = pd.DataFrame({"key": range(100), "text": "x" * 100_000})

    for preview in (True, False):
        with pytest.raises(celigo.DocumentError, match="fit into one call"):
            df.celigo.to_import(document, calling(target), preview=preview)
    assert target.got == []


def test_result_joined_to_rows_that_use_all_names_has_each_name_once() -> None:
    df = pd.DataFrame({"key": [1], "outcome": "mine", "push_outcome": "mine too"})

    joined = df.celigo.to_import(DOCUMENT, calling(Target())).join()

    assert joined.columns.is_unique
    assert joined[["outcome", "push_outcome", "push_push_outcome"]].iloc[0].tolist() == ["mine", "mine too", "ok"]


def test_push_without_a_connection_says_so() -> None:
    with pytest.raises(celigo.ConfigError, match="No connection"):
        pd.DataFrame({"key": [1]}).celigo.to_import(DOCUMENT)


def test_push_infinity_sends_nothing() -> None:
    target = Target()
    df = pd.DataFrame({"key": range(3000), "n": 1.0})
    df.loc[2999, "n"] = np.inf

    with pytest.raises(celigo.FrameError, match="'n', row 2999"):
        df.celigo.to_import(DOCUMENT, calling(target))
    assert target.got == []


def test_push_document_is_sent_exactly_as_it_is_and_not_shared() -> None:
    bodies: list[bytes] = []

    def handle(request: Request) -> Response:
        bodies.append(request.body or b"")
        return Response(200, {}, b'[{"statusCode":422}]')

    document = {"z": 1, "a": {"é": [None, 1.5]}}
    result = pd.DataFrame({"key": [1]}).celigo.to_import(document, calling(handle))
    document["a"] = {}
    result.retry()

    assert bodies == ['{"import":{"z":1,"a":{"é":[null,1.5]}},"data":[{"key":1}]}'.encode()] * 2


def test_push_as_method_of_a_connection_and_as_function() -> None:
    target = Target()
    con = calling(target)
    df = pd.DataFrame({"key": [1]})

    assert len(con.to_import(df, DOCUMENT).ok) == 1
    assert len(celigo.to_import(df, DOCUMENT, con).ok) == 1
    assert len(target.got) == 2


def test_summary_tells_of_errors_beside_rows_that_are_ok() -> None:
    """The record is in the target, so it is ok; what a later step said of it must not be silent."""
    error = {"code": "hook", "message": "The script failed.", "source": "post_submit_hook"}
    results = [{"statusCode": 200, "id": 1, "errors": [error]}, {"statusCode": 200, "id": 2}]
    con = calling(lambda request: Response(200, {}, json.dumps(results).encode()))

    result = pd.DataFrame({"key": [1, 2]}).celigo.to_import(DOCUMENT, con)

    assert result.counts["ok"] == 2
    assert "1 of the ok rows came with errors" in result.summary()
    assert "1 of the ok rows came with errors" in result._repr_html_()
    assert result.frame["message"].tolist() == ["The script failed.", None]
    assert len(result.retry().ok) == 2


def test_record_that_may_have_been_applied_is_not_retried_unasked() -> None:
    sent: list[int] = []

    def handle(request: Request) -> Response:
        records = json.loads(request.body or b"")["data"]
        sent.append(len(records))
        return Response(200, {}, json.dumps([{"statusCode": 503} for _ in records]).encode())

    result = pd.DataFrame({"key": [1, 2]}).celigo.to_import(DOCUMENT, calling(handle))
    result.retry()

    assert result.counts["unknown"] == 2
    assert sent == [2]
