"""Results saved and loaded: every dtype that can be pushed, as a column and as an index; whole files or none."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from celigo_pandas.accessors.pushes.import_result import ImportResult
from celigo_pandas.accessors.pushes.push_call import PushCall
from celigo_pandas.errors import ConfigError, FrameError
from celigo_pandas.frames.outcomes import Outcomes, RowOutcome

_MOMENT = dt.datetime(2024, 5, 1, 9, 30)
_SECONDS = np.array(["2024-05-01T09:30:00", "NaT"], "M8[s]")
_DECIMALS = [Decimal("1.50"), None]


def _arrow(values: list[Any], kind: pa.DataType) -> pd.Series:
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(values, type=kind)])))


_ARROW = {
    "list": ([[1, None], None], pa.list_(pa.int64())),
    "large list": ([["a"], []], pa.large_list(pa.string())),
    "list of fixed size": ([[1, 2], None], pa.list_(pa.int8(), 2)),
    "list of dictionaries": ([["x"], None], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
    "struct": ([{"a": 1, "b": None}, None], pa.struct([("a", pa.int8()), ("b", pa.timestamp("s"))])),
    "empty struct": ([{}, None], pa.struct([])),
    "map": ([[("a", Decimal("1.0"))], None], pa.map_(pa.string(), pa.decimal128(5, 1))),
    "dictionary": (["x", None], pa.dictionary(pa.int8(), pa.string())),
    "ordered dictionary": (["x", None], pa.dictionary(pa.int32(), pa.large_string(), ordered=True)),
    "decimal": (_DECIMALS, pa.decimal128(10, 2)),
    "wide decimal": (_DECIMALS, pa.decimal256(60, 2)),
    "seconds": ([_MOMENT, None], pa.timestamp("s")),
    "milliseconds": ([_MOMENT, None], pa.timestamp("ms")),
    "zoned": ([_MOMENT, None], pa.timestamp("ns", "Europe/Berlin")),
    "time in seconds": ([_MOMENT.time(), None], pa.time32("s")),
    "time": ([_MOMENT.time(), None], pa.time64("ns")),
    "duration in seconds": ([dt.timedelta(1), None], pa.duration("s")),
    "day": ([_MOMENT.date(), None], pa.date32()),
    "day in milliseconds": ([_MOMENT.date(), None], pa.date64()),
    "half": ([np.float16(0.5), None], pa.float16()),
    "single": ([0.5, None], pa.float32()),
    "nothing": ([None, None], pa.null()),
    "text": (["a", None], pa.string()),
    "large text": (["a", None], pa.large_string()),
    "text view": (["a", None], pa.string_view()),
    "unsigned": ([2**64 - 1, None], pa.uint64()),
}
_OTHERS = {
    "datetime64[s]": pd.Series(_SECONDS),
    "datetime64[ns]": pd.Series(np.array(["2024-05-01T09:30:00.000000001", "NaT"], "M8[ns]")),
    "datetime64[s] with zone": pd.Series(pd.array(["2024-05-01T09:30", None], dtype="datetime64[s, Europe/Berlin]")),
    "timedelta64[s]": pd.Series(np.array([5, 6], "m8[s]")),
    "timedelta64[ms]": pd.Series(np.array([5, 6], "m8[ms]")),
    "Decimal objects": pd.Series([Decimal("1.50"), Decimal("1E+3")], dtype=object),
    "lone surrogates": pd.Series(["\ud83d", None], dtype=object),
    "objects that are texts": pd.Series(["a", None], dtype=object),
    "objects inside": pd.Series([{"a": Decimal("1.0"), 1: [_MOMENT]}, (1, np.float32(0.5))], dtype=object),
    "datetime objects": pd.Series([_MOMENT.replace(tzinfo=dt.timezone.utc), _MOMENT.date()], dtype=object),
    "categories of seconds": pd.Series(_SECONDS).astype("category"),
    "categories of Arrow decimals": _arrow(_DECIMALS, pa.decimal128(10, 2)).astype("category"),
    "category": pd.Series(["b", None], dtype=pd.CategoricalDtype(["b", "a"], ordered=True)),
    "period": pd.Series(pd.array(["2024-05", None], dtype="period[Q-JAN]")),
    "interval": pd.Series(pd.interval_range(pd.Timestamp("2024-01-01"), periods=2)),
    "sparse": pd.Series([0, 1]).astype("Sparse[int8]"),
    "Int8": pd.Series([1, None], dtype="Int8"),
    "Float32": pd.Series([0.5, None], dtype="Float32"),
    "boolean": pd.Series([True, None], dtype="boolean"),
    "string[python]": pd.Series(["a", None], dtype="string[python]"),
    "string[pyarrow]": pd.Series(["a", None], dtype="string[pyarrow]"),
    "str": pd.Series(["a", None], dtype="str"),
}
COLUMNS = {**{name: _arrow(*column) for name, column in _ARROW.items()}, **_OTHERS}


def _result(rows: pd.DataFrame, outcomes: Outcomes | None = None) -> ImportResult:
    return ImportResult(rows, outcomes or Outcomes(len(rows)), PushCall("c" * 24, {"name": "orders"}))


def _told(values: Any) -> list[Any]:
    return [(type(value), str(value)) for value in values.tolist()]


@pytest.mark.parametrize("count", [2, 1, 0])
@pytest.mark.parametrize("name", COLUMNS)
def test_column_and_index_come_back_as_they_were(name: str, count: int, tmp_path: Path) -> None:
    column = COLUMNS[name].iloc[:count]
    labels = pd.Index(column.array, dtype=column.dtype, name="i")
    rows = pd.DataFrame({"v": column.set_axis(labels)})

    _result(rows).save(tmp_path / "result.parquet")
    back = ImportResult.load(tmp_path / "result.parquet")._rows

    assert back["v"].dtype == rows["v"].dtype
    assert _told(back["v"]) == _told(rows["v"])
    assert (type(back.index), back.index.dtype, back.index.name) == (type(rows.index), rows.index.dtype, "i")
    assert _told(back.index) == _told(rows.index)


def test_several_chunks_of_an_arrow_column_come_back(tmp_path: Path) -> None:
    parts = pa.chunked_array([pa.array([[1]]), pa.array([[2], None])])
    rows = pd.DataFrame({"v": pd.arrays.ArrowExtensionArray(parts)})

    _result(rows).save(tmp_path / "result.parquet")

    assert ImportResult.load(tmp_path / "result.parquet")._rows["v"].tolist() == rows["v"].tolist()


@pytest.mark.parametrize(
    ("error", "told"), [(OSError(28, "No space left on device"), ConfigError), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_save_that_fails_leaves_the_file_that_was_there(
    error: BaseException, told: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.parquet"
    _result(pd.DataFrame({"a": [1]})).save(path)
    before = path.read_bytes()

    def full(table: Any, where: Path) -> None:
        Path(where).write_bytes(b"half")
        raise error

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(told):
        _result(pd.DataFrame({"a": [2]})).save(path)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_half_an_emoji_in_outcomes_of_an_old_journal_can_be_saved(tmp_path: Path) -> None:
    outcome = RowOutcome("failed", 422, {"id": "\ud83d"}, "bad", "half \ud83d", "mapping", ["\ude00"], 1, 1)

    _result(pd.DataFrame({"a": [1]}), Outcomes(1, [outcome])).save(tmp_path / "result.parquet")
    back = ImportResult.load(tmp_path / "result.parquet").frame.iloc[0]

    assert back["message"] == "half \\ud83d"
    assert (back["id"], back["response"]) == ({"id": "\ud83d"}, ["\ude00"])


def test_file_of_another_format_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")

    with pytest.raises(FrameError, match="holds no saved result"):
        ImportResult.load(tmp_path / "other.parquet")


def test_result_without_a_connection_says_how_to_give_one(tmp_path: Path) -> None:
    _result(pd.DataFrame({"a": [1]})).save(tmp_path / "result.parquet")

    with pytest.raises(ConfigError, match=r"retry\(con="):
        ImportResult.load(tmp_path / "result.parquet").retry()
