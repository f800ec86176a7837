"""Options of a pull: refused before anything is sent where that can be known, and never passed over in silence."""

from __future__ import annotations

import itertools
import json
import warnings
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.pulls import EXPORT, PageServer, answer, connection_to, encoded

from celigo_pandas import export_to_parquet
from celigo_pandas.accessors import iter_export, read_export
from celigo_pandas.errors import (
    ConfigError,
    DocumentError,
    ExportInterrupted,
    FrameError,
    HintWarning,
    RecordErrorsWarning,
    TransportError,
)
from celigo_pandas.frames.outward import to_records

RECORDS = [{"a": "1", "d": "2024-01-01"}, {"a": "x", "d": "y"}]


def _never_asked() -> Any:
    return connection_to(lambda request: pytest.fail("sent"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"errors": "rasie"}, "errors: got 'rasie'"),
        ({"parse_dates": 5}, "parse_dates: got 5"),
        ({"dtype": {"a": "foo"}}, "dtype for column 'a': got 'foo'"),
        ({"dtype": "foo"}, "dtype: got 'foo'"),
        ({"max_rows": -1}, "max_rows: got -1"),
        ({"max_rows": True}, "max_rows: got True"),
        ({"page_size": 2.0}, r"page_size: got 2\.0; expected 'auto' or a whole number"),
    ],
)
def test_option_that_cannot_be_is_refused_before_anything_is_sent(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_export(EXPORT, _never_asked(), **options)


def test_expectation_that_cannot_be_kept_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "damaged.json").write_text("[]")
    for path in (tmp_path / "no" / "x.json", tmp_path, tmp_path / "damaged.json"):
        with pytest.raises(ConfigError, match="expect: "):
            read_export(EXPORT, _never_asked(), expect=path)


@pytest.mark.parametrize("value", [pd.Timestamp(0), np.int64(5), float("nan"), {1, 2}, MappingProxyType({})])
@pytest.mark.parametrize("journalled", [False, True])
def test_document_that_json_cannot_say_is_refused(value: Any, journalled: bool, tmp_path: Path) -> None:
    journal = tmp_path / "j" if journalled else None

    with pytest.raises(DocumentError, match="cannot be written as JSON"):
        read_export({**EXPORT, "x": value}, _never_asked(), journal=journal)

    assert list(tmp_path.iterdir()) == []


def test_numbers_of_numpy_are_numbers() -> None:
    con = connection_to(PageServer(encoded({"n": n} for n in range(9))))

    assert len(read_export(EXPORT, con, max_rows=np.int64(3), page_size=np.int32(2))) == 3
    assert [len(chunk) for chunk in iter_export(EXPORT, con, chunksize=np.int64(5))] == [5, 4]


def test_no_rows_are_an_empty_frame_with_its_columns() -> None:
    server = PageServer(encoded([{"n": 1, "address": {"city": "x"}}, {"n": 2, "tag": "t"}] * 500))
    con = connection_to(server)

    frame = read_export(EXPORT, con, max_rows=0, parse_dates=True)
    whole = read_export(EXPORT, con)

    assert frame.shape == (0, 3)
    assert list(frame.columns) == ["n", "address.city", "tag"]
    assert frame.dtypes.equals(whole.dtypes)
    assert isinstance(frame.index, pd.RangeIndex)
    assert {name: frame.attrs["celigo"][name] for name in ("rows", "complete", "reason")} == {
        "rows": 0, "complete": False, "reason": "max_rows",
    }  # fmt: skip
    assert frame.attrs["celigo"]["pages"] <= 2


def test_no_rows_of_a_stream_are_one_empty_chunk_with_its_columns() -> None:
    con = connection_to(PageServer(encoded({"n": n, "s": "x"} for n in range(900))))

    chunks = list(iter_export(EXPORT, con, max_rows=0, chunksize=10))

    assert [(len(chunk), list(chunk.columns)) for chunk in chunks] == [(0, ["n", "s"])]


def test_no_rows_of_an_export_without_records_have_no_columns() -> None:
    con = connection_to(PageServer(encoded([])))

    frame = read_export(EXPORT, con, max_rows=0)

    assert frame.shape == (0, 0)
    assert frame.attrs["celigo"]["complete"]


@pytest.mark.parametrize("options", [{"parse_dates": ["d"]}, {"dtype": {"a": "int64"}}])
def test_rows_that_cannot_be_converted_are_kept_in_a_journal_too(options: dict[str, Any], tmp_path: Path) -> None:
    server = PageServer(encoded(RECORDS))
    con = connection_to(server)

    with pytest.raises(FrameError, match=r"All rows are in client\.last_pull\.partial"):
        read_export(EXPORT, con, journal=tmp_path / "j", **options)

    assert con.client.last_pull.partial["a"].tolist() == ["1", "x"]
    assert read_export(EXPORT, con, journal=tmp_path / "j")["a"].tolist() == ["1", "x"]
    assert len(server.bodies) == 1  # the call that was put right asked for nothing again


@pytest.mark.parametrize(
    ("options", "told"), [({"parse_dates": ["a", "dd"]}, "no column 'dd'"), ({"explode": "lines"}, "explode='lines'")]
)
@pytest.mark.parametrize("read", [read_export, lambda *a, **k: list(iter_export(*a, **k))])
def test_name_that_nothing_has_is_told(read: Any, options: dict[str, Any], told: str) -> None:
    con = connection_to(PageServer(encoded([{"a": "2024-01-01", "line": [1]}, {"a": None}])))

    with pytest.warns(HintWarning, match=told):
        read(EXPORT, con, page_size=1, **options)


@pytest.mark.parametrize("records", [[], [{"o": {"lines": []}}], [{"a": 1}, {"o": {"lines": [1, 2]}}]])
def test_path_that_some_record_has_is_not_told(records: list[Any]) -> None:
    con = connection_to(PageServer(encoded(records)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_export(EXPORT, con, page_size=1, explode="o.lines")
        list(iter_export(EXPORT, con, page_size=1, explode="o.lines"))


def _announcing(total: int, page: str) -> Any:
    body = f'{{"data":{page},"pagedExportState":{{"totalRecords":{total},"done":true}}}}'.encode()
    return connection_to(lambda request: answer(body))


@pytest.mark.parametrize("read", [read_export, lambda *a, **k: list(iter_export(*a, **k))])
def test_fewer_records_than_were_announced_are_told(read: Any) -> None:
    with pytest.warns(RecordErrorsWarning, match="announced 100 records and said it was done after 2"):
        read(EXPORT, _announcing(100, '[{"n":1},{"n":2}]'))


def _giving_more(pages: float) -> Any:
    """Announces three records and gives two new ones with each of so many pages."""
    count = itertools.count(1)

    def page(request: Any) -> Any:
        number = next(count)
        state = {"p": number, "totalRecords": 3, "done": number >= pages}
        return answer(json.dumps({"data": [{"n": number}, {"n": -number}], "pagedExportState": state}).encode())

    return connection_to(page)


def _to_file(tmp_path: Path) -> Any:
    return lambda export, con, **options: pd.read_parquet(export_to_parquet(export, con, tmp_path / "x.parquet"))


@pytest.mark.parametrize("kind", ["frame", "chunks", "file"])
def test_more_records_than_were_announced_are_told_once_and_taken(kind: str, tmp_path: Path) -> None:
    read: Any = {
        "frame": read_export,
        "chunks": lambda *a, **k: pd.concat(iter_export(*a, **k)),
        "file": _to_file(tmp_path),
    }[kind]
    for pages in (2, 40):
        with pytest.warns(RecordErrorsWarning) as told:
            assert len(read(EXPORT, _giving_more(pages))) == 2 * pages
        (only,) = told
        assert str(only.message).startswith("The server announced 3 records")


def test_more_records_than_were_announced_are_told_while_they_come() -> None:
    endless = _giving_more(float("inf"))
    with pytest.raises(ExportInterrupted, match="announced 3 records, has given"):
        read_export(EXPORT, endless)  # warnings are errors here
    with pytest.raises(ExportInterrupted, match="announced 3 records, has given 4 "):
        list(iter_export(EXPORT, _giving_more(float("inf"))))
    with pytest.warns(RecordErrorsWarning, match="there may be no end"):
        assert len(read_export(EXPORT, _giving_more(float("inf")), max_rows=50)) == 50


@pytest.mark.parametrize(
    ("total", "page", "options"),
    [
        (2, '[{"n":1},{"n":2}]', {}),
        (9, '[{"n":1},{"n":2}]', {"max_rows": 1}),
        (2, '[{"n":[1,2]},{"n":[]}]', {"explode": "n"}),
        (2, '[[{"n":1},{"n":2}],[{"n":3}]]', {}),
        (3, '[[{"n":1},{"n":2}],[{"n":3}]]', {}),
    ],
)
def test_as_many_records_as_were_announced_are_no_matter(total: int, page: str, options: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_export(EXPORT, _announcing(total, page), **options)
        list(iter_export(EXPORT, _announcing(total, page), **options))


def test_errors_in_place_of_records_are_told() -> None:
    body = json.dumps({"errors": [{"code": "x", "message": "no such table"}]}).encode()

    with pytest.raises(TransportError, match="no such table") as caught:
        read_export(EXPORT, connection_to(lambda request: answer(body)))

    assert caught.value.codes == ("x",)


def test_errors_that_are_a_text_are_kept() -> None:
    con = connection_to(lambda request: answer(b'{"data":[{"n":1}],"errors":"hook failed"}'))

    with pytest.warns(RecordErrorsWarning, match="1 record errors"):
        read_export(EXPORT, con)

    assert con.client.last_pull.errors.to_dict("records") == [{"message": "hook failed"}]


@pytest.mark.parametrize("records", [[{"n": 1}, {"n": 2}], [{"n": 1, "dataURI": "own"}, {"n": 2, "dataURI": "own"}]])
def test_data_uris_are_a_column_that_is_not_pushed_back(records: list[dict[str, Any]]) -> None:
    body = json.dumps({"data": records, "dataURIs": ["u1", None]}).encode()

    df = read_export(EXPORT, connection_to(lambda request: answer(body)))

    assert df[df.columns[-1]].tolist()[0] == "u1"
    assert to_records(df) == records
    assert to_records(df, unflatten=True)[0] == {**records[0], df.columns[-1]: "u1"}
