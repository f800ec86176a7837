"""Dtypes that all partitions have, and what does not fit them."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import celigo_pandas as celigo
from celigo_pandas.dask.agreement import agreed, agreed_by

TEXT = pd.Series(["text"]).dtype


def dtypes(agreement):
    return {name: str(dtype) for name, dtype in agreement.meta.dtypes.items()}


def test_first_pages_agree_on_dtypes_that_can_miss():
    first = pd.DataFrame({"id": [1], "flag": [True], "n": [1], "s": ["a"], "mixed": [1], "empty": [None]})
    second = pd.DataFrame({"id": [2], "n": [0.5], "s": [None], "mixed": ["x"], "late": [[1]]})

    agreement = agreed_by([first, pd.DataFrame(), second])

    assert dtypes(agreement) == {
        "id": "Int64", "flag": "boolean", "n": "float64", "s": str(TEXT), "mixed": "object", "empty": "object",
        "late": "object",
    }  # fmt: skip
    assert len(agreement.meta) == 0


def test_partition_gets_all_columns_in_order_with_every_value():
    agreement = agreed_by([pd.DataFrame({"id": [1], "x": [1], "tags": [[1]], "flag": [True], "mixed": ["a"]}),
                           pd.DataFrame({"mixed": [1]})])  # fmt: skip

    part = agreement.fit(pd.DataFrame({"mixed": ["a", None], "id": [2**53 + 1, 2], "tags": [[{"a": 1}], []]}))

    assert list(part.columns) == ["id", "x", "tags", "flag", "mixed"]
    assert part["id"].tolist() == [2**53 + 1, 2]
    assert part["x"].isna().all()
    assert part["tags"].tolist() == [[{"a": 1}], []]
    assert part["mixed"].tolist() == ["a", None]
    assert part.dtypes.equals(agreement.meta.dtypes)


def test_empty_partition_has_the_dtypes_too():
    agreement = agreed({"id": "Int64", "at": "datetime64[us, UTC]", "s": "str", "o": object})

    part = agreement.fit(pd.DataFrame())

    assert part.shape == (0, 4)
    assert part.dtypes.equals(agreement.meta.dtypes)


@pytest.mark.parametrize(
    ("agreed_value", "values", "says"),
    [
        (1, [2, "n/a"], "the text 'n/a'"),
        (1, ["17"], "the text '17'"),
        (True, [1], "the number 1"),
        (1, [True], "the truth value True"),
        (0.5, [[1]], r"the list \[1\]"),
        (1, [2, 2.5], "2.5"),
        (0.5, [2**53 + 1], "9007199254740993"),
    ],
    ids=["text", "digits", "number", "truth", "list", "fraction", "too exact"],
)
def test_value_of_another_kind_is_named_and_never_converted(agreed_value, values, says):
    agreement = agreed_by([pd.DataFrame({"a": [agreed_value]})])

    with pytest.raises(celigo.FrameError, match=says) as caught:
        agreement.fit(pd.DataFrame({"a": values}))

    assert caught.value.column == "a"


def test_number_in_a_text_column_is_named_or_where_texts_are_objects_kept():
    agreement, number = agreed_by([pd.DataFrame({"a": ["x"]})]), pd.DataFrame({"a": [7]})

    if isinstance(TEXT, pd.StringDtype):
        with pytest.raises(celigo.FrameError, match="the number 7"):
            agreement.fit(number)
    else:  # pandas 2
        assert agreement.fit(number)["a"].tolist() == [7]


def test_dtypes_of_the_caller_read_texts():
    part = agreed({"a": "Int64", "b": "datetime64[us, UTC]"}).fit(pd.DataFrame({"a": ["17"], "b": ["2024-01-02"]}))

    assert part["a"].tolist() == [17]
    assert part["b"].dt.day.tolist() == [2]


def test_column_that_was_not_agreed_is_named():
    with pytest.raises(celigo.FrameError, match="column 'late' was not agreed"):
        agreed({"a": "Int64"}).fit(pd.DataFrame({"a": [1], "late": [2]}))


def test_record_of_expect_is_a_schema(tmp_path):
    types = {"i": "integer", "n": "number", "s": "string", "b": "boolean", "o": "array", "m": "mixed", "z": "null"}
    path = tmp_path / "columns.json"
    path.write_text(json.dumps({"celigo_pandas": "columns", "version": 1, "columns": types}))

    agreement = agreed(path)

    assert dtypes(agreement) == {
        "i": "Int64", "n": "float64", "s": str(TEXT), "b": "boolean", "o": "object", "m": "object", "z": "object",
    }  # fmt: skip
    with pytest.raises(celigo.FrameError, match="the text"):
        agreement.fit(pd.DataFrame({"i": ["1"]}))


@pytest.mark.parametrize("meta", [7, {"a": "no dtype"}, "absent.json"], ids=["number", "dtype", "file"])
def test_meta_that_is_none_is_refused(meta, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(celigo.ConfigError):
        agreed(meta)


def test_columns_beyond_meta_are_refused():
    with pytest.raises(celigo.ConfigError, match="'b'"):
        agreed({"a": "Int64"}).select(["a", "b"])
