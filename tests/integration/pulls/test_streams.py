"""Streams to Parquet, in flat memory, with types settled over the whole pull."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.page_socket import Answer, sends, serving
from support.pulls import EXPORT, PageServer, answer, connection_to, encoded

from celigo_pandas.accessors import export_to_parquet, iter_export, read_export
from celigo_pandas.errors import ConfigError, ExportInterrupted, FrameError, PullCancelled
from celigo_pandas.frames.outward import to_records

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"

CHANGING = [
    {"i": 1, "n": 1, "t": None, "late": None, "mix": 1, "o": {"a": 1}, "big": 1},
    {"i": 2, "n": 0.5, "t": "x", "mix": "y", "o": None, "l": [1, None], "big": 2**70},
    {"i": None, "n": 2, "t": "2024-01-01", "late": {"x": True}, "mix": [1], "e": {}, "big": None},
]


def test_types_are_settled_over_the_whole_pull(tmp_path: Path) -> None:
    path = export_to_parquet(EXPORT, connection_to(PageServer(encoded(CHANGING))), tmp_path / "x.parquet", page_size=1)
    schema = pq.read_schema(path)
    table = pq.read_table(path)

    assert {name: str(schema.field(name).type) for name in schema.names} == {
        "i": "int64", "n": "double", "t": "large_string", "late.x": "bool", "mix": "large_string", "o.a": "int64",
        "big": "large_string", "l": "large_string", "e": "large_string",
    }  # fmt: skip
    assert [name for name in schema.names if schema.field(name).metadata == {b"celigo_pandas": b"json"}] == [
        "mix", "big", "l", "e",
    ]  # fmt: skip
    assert table["i"].to_pylist() == [1, 2, None]
    assert table["n"].to_pylist() == [1.0, 0.5, 2.0]
    assert [json.loads(text) for text in table["mix"].to_pylist()] == [1, "y", [1]]
    assert table["l"].to_pylist() == [None, "[1,null]", None]
    assert table["big"].to_pylist() == ["1", str(2**70), None]
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]


@pytest.mark.filterwarnings("ignore::celigo_pandas.errors.MixedTypesWarning")
def test_columns_are_those_of_a_pull(tmp_path: Path) -> None:
    con = connection_to(PageServer(encoded(CHANGING)))
    path = export_to_parquet(EXPORT, con, tmp_path / "x.parquet", page_size=2)

    assert pq.read_schema(path).names == list(read_export(EXPORT, con, page_size=2).columns)


@pytest.mark.parametrize("beside", ["ACME", 5, {}, [1, None], True])
@pytest.mark.parametrize("page_size", [1, 2, 3])
def test_values_beside_objects_are_written(tmp_path: Path, beside: Any, page_size: int) -> None:
    con = connection_to(PageServer(encoded([{"c": beside}, {"c": {"name": "Bob"}}, {"c": None}])))
    path = export_to_parquet(EXPORT, con, tmp_path / "x.parquet", page_size=page_size)
    table = pq.read_table(path)
    is_json = table.schema.field("c").metadata == {b"celigo_pandas": b"json"}

    assert table.column_names == ["c", "c.name"]
    assert [json.loads(value) if is_json and value else value for value in table["c"].to_pylist()] == [
        beside, None, None,
    ]  # fmt: skip
    assert table["c.name"].to_pylist() == [None, "Bob", None]


def test_records_without_any_field_are_refused_and_not_dropped(tmp_path: Path) -> None:
    with pytest.raises(FrameError, match="2 records came without any field"):
        export_to_parquet(EXPORT, connection_to(PageServer([b"{}", b"{}"])), tmp_path / "x.parquet")


def test_given_schema_is_written_and_checked(tmp_path: Path) -> None:
    con = connection_to(PageServer(encoded([{"a": 1, "b": "x"}, {"a": 2}])))
    schema = pa.schema([("b", pa.string()), ("a", pa.int32()), ("c", pa.float64())])

    table = pq.read_table(export_to_parquet(EXPORT, con, tmp_path / "x.parquet", schema=schema))

    assert table.schema.types == schema.types
    assert table.to_pydict() == {"b": ["x", None], "a": [1, 2], "c": [None, None]}
    with pytest.raises(FrameError, match="no column 'b'"):
        export_to_parquet(EXPORT, con, tmp_path / "y.parquet", schema=pa.schema([("a", pa.int64())]))
    with pytest.raises(FrameError, match="'b' does not fit"):
        export_to_parquet(EXPORT, con, tmp_path / "y.parquet", schema=pa.schema([("a", pa.int64()), ("b", pa.int64())]))
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]


def test_stopped_export_leaves_the_old_file_and_what_came(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"old")
    pages = PageServer(encoded({"n": number} for number in range(6)), page_size=2)

    def script(number: int, body: bytes) -> Answer:
        if number == 2:
            return sends(b'{"errors":[{"code":"x","message":"no"}]}', "401 No")
        return sends(pages.body_for(body))

    with serving(script) as (_, con), pytest.raises(ExportInterrupted) as caught:
        export_to_parquet(EXPORT, con, tmp_path / "x.parquet")

    assert caught.value.partial == tmp_path / "x.partial.parquet"
    assert pd.read_parquet(caught.value.partial)["n"].tolist() == [0, 1, 2, 3]
    assert (tmp_path / "x.parquet").read_bytes() == b"old"


def _stopping(records: list[Any], at: int) -> Any:
    pages = PageServer(encoded(records), page_size=2)

    def script(number: int, body: bytes) -> Answer:
        if number == at:
            return sends(b'{"errors":[{"code":"x","message":"no"}]}', "401 No")
        return sends(pages.body_for(body))

    return script


def test_stopped_export_with_a_schema_leaves_what_came(tmp_path: Path) -> None:
    script = _stopping([{"n": number} for number in range(6)], 2)
    with serving(script) as (_, con), pytest.raises(ExportInterrupted, match="4 rows; they are in") as caught:
        export_to_parquet(EXPORT, con, tmp_path / "x.parquet", schema=pa.schema([("n", pa.int32())]))

    assert pd.read_parquet(caught.value.partial)["n"].tolist() == [0, 1, 2, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["x.partial.parquet"]


def test_schema_that_does_not_fit_leaves_the_row_groups_before(tmp_path: Path) -> None:
    records = [{"n": 1, "t": "x" * 3_000_000}, {"n": 2, "t": "y"}, {"n": "z", "t": "y"}]
    con = connection_to(PageServer(encoded(records)))

    with pytest.raises(FrameError, match=r"'n' does not fit.* 1 rows before it are in") as caught:
        export_to_parquet(
            EXPORT, con, tmp_path / "x.parquet", page_size=1, schema=pa.schema([("n", pa.int64()), ("t", pa.string())])
        )

    assert caught.value.column == "n"
    assert pd.read_parquet(tmp_path / "x.partial.parquet")["n"].tolist() == [1]


@pytest.mark.parametrize("schema", [None, pa.schema([("n", pa.int64())])])
def test_ctrl_c_while_the_file_is_written_leaves_what_was_written(schema: Any, tmp_path: Path) -> None:
    records = [{"n": number} for number in range(6)]

    def handle(request: Any) -> Any:
        if b'"pageIndex":2' in request.body:
            raise KeyboardInterrupt
        return answer(pages.body_for(request.body))

    pages = PageServer(encoded(records), page_size=2)
    with pytest.raises(PullCancelled) as caught:
        export_to_parquet(EXPORT, connection_to(handle), tmp_path / "x.parquet", schema=schema)

    assert pd.read_parquet(caught.value.partial)["n"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("first", [[], [{"a": 0}]])
def test_grouped_records_keep_their_levels(first: list[Any], tmp_path: Path) -> None:
    records = [*first, [{"a": 1, "row": "x"}, {"a": 2}], [{"a": 3}]]
    con = connection_to(PageServer(encoded(records)))
    df = read_export(EXPORT, con, page_size=1).reset_index(names=["group", "row (level)"])

    table = pq.read_table(export_to_parquet(EXPORT, con, tmp_path / "x.parquet", page_size=1))
    given = pa.schema([("a", pa.int64()), ("group", pa.int32()), ("row", pa.string())])
    other = pq.read_table(export_to_parquet(EXPORT, con, tmp_path / "y.parquet", page_size=1, schema=given))

    assert table.column_names == ["group", "row (level)", "a", "row"]
    assert table["group"].to_pylist() == df["group"].tolist()
    assert table["row (level)"].to_pylist() == df["row (level)"].tolist()
    assert other["group"].to_pylist() == df["group"].tolist()
    assert other["row"].to_pylist()[len(first)] == "x"


def test_lone_surrogate_in_a_key_is_written_as_its_escape(tmp_path: Path) -> None:
    con = connection_to(PageServer([b'{"\\ud800":1}', b'{"\\ud800":2}']))

    table = pq.read_table(export_to_parquet(EXPORT, con, tmp_path / "x.parquet"))

    assert table.to_pydict() == {"\\ud800": [1, 2]}


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("x.parquet", {"compression": "zzz"}, "compression: got 'zzz'"),
        ("", {}, "is a folder"),
        ("no/x.parquet", {}, "there is no folder"),
    ],
)
def test_file_that_cannot_be_written_is_refused_before_anything_is_sent(
    name: str, options: dict[str, Any], told: str, tmp_path: Path
) -> None:
    con = connection_to(lambda request: pytest.fail("sent"))

    with pytest.raises(ConfigError, match=told):
        export_to_parquet(EXPORT, con, tmp_path / name, **options)


def test_chunks_have_nullable_dtypes_and_all_columns_so_far() -> None:
    con = connection_to(PageServer(encoded([{"i": 1, "b": True, "t": "x"}, {"i": 2, "f": 0.5}])))

    first, second = iter_export(EXPORT, con, page_size=1)

    assert (first["i"].dtype, first["b"].dtype, second["i"].dtype) == ("Int64", "boolean", "Int64")
    assert list(second.columns) == ["i", "b", "t", "f"]
    assert list(second.index) == [1]


def test_column_of_values_beside_objects_stays_in_later_chunks() -> None:
    con = connection_to(PageServer(encoded([{"o": 1}, {"o": {"x": 1}}])))

    assert [list(chunk.columns) for chunk in iter_export(EXPORT, con, page_size=1)] == [["o"], ["o", "o.x"]]


CUT = [{"a": 1, "l": [1]}, {"a": 2, "l": "x"}, {"a": None, "l": None}, {"a": 0.5, "l": 7}, {"a": 1.5, "l": 8}]


@pytest.mark.parametrize("chunksize", [1, 2, 3, 4, 5])
@pytest.mark.filterwarnings("error", "ignore::celigo_pandas.errors.MixedTypesWarning")
def test_chunk_is_what_its_own_values_make_it(chunksize: int) -> None:
    pages = PageServer(encoded(CUT), page_size=3)
    chunks = list(iter_export(EXPORT, connection_to(pages), chunksize=chunksize))

    for start, chunk in zip(range(0, 5, chunksize), chunks, strict=True):
        own = PageServer(encoded(CUT[start : start + chunksize]))
        alone = next(iter_export(EXPORT, connection_to(own), page_size=9))
        pd.testing.assert_frame_equal(chunk.reset_index(drop=True), alone)


def test_chunk_of_nulls_cut_from_texts_is_no_mixture() -> None:
    con = connection_to(PageServer(encoded([{"a": 1}, {"a": None}, {"a": "x"}])))

    chunks = list(iter_export(EXPORT, con, chunksize=1, page_size=2))  # a MixedTypesWarning would be an error

    assert [str(chunk["a"].dtype) for chunk in chunks[:2]] == ["Int64", "object"]


def test_rows_that_cannot_be_converted_are_in_partial() -> None:
    con = connection_to(PageServer(encoded({"a": text} for text in ["1", "2", "x", "y", "3"])))
    stream = iter_export(EXPORT, con, page_size=2, chunksize=2, dtype={"a": "int64"})

    assert next(stream)["a"].tolist() == [1, 2]
    with pytest.raises(ExportInterrupted, match="cannot become") as caught:
        next(stream)

    assert caught.value.partial["a"].tolist() == ["x", "y"]


def test_chunks_put_together_can_be_pushed_as_they_were_pulled() -> None:
    records = [{"c": {"n": 1}}, {"c": {"n": 2}, "d": "x"}]
    con = connection_to(PageServer(encoded(records)))

    whole = pd.concat(iter_export(EXPORT, con, page_size=1))

    assert to_records(whole) == records


def test_stream_asks_for_a_page_when_the_next_chunk_is_wanted() -> None:
    server = PageServer(encoded({"n": number} for number in range(6)))
    stream = iter_export(EXPORT, connection_to(server), page_size=2)
    assert server.bodies == []

    next(stream)
    assert len(server.bodies) == 1
    stream.close()
    assert len(server.bodies) == 1


def test_group_that_is_cut_by_chunks_keeps_its_labels() -> None:
    body = b'{"data":[[{"n":0},{"n":1},{"n":2}],[{"n":3}]],"dataURIs":[]}'
    con = connection_to(lambda request: answer(body))

    chunks = list(iter_export(EXPORT, con, chunksize=1))

    assert [tuple(map(int, label)) for chunk in chunks for label in chunk.index] == [(0, 0), (0, 1), (0, 2), (1, 0)]


@pytest.mark.slow
@pytest.mark.parametrize("work", ["iter", "parquet"])
def test_peak_memory_is_flat_in_the_number_of_pages(work: str) -> None:
    peaks: dict[int, Any] = {}
    server = subprocess.Popen(
        [sys.executable, str(BENCHMARKS / "page_server.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout
    assert server.stdin
    try:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        for pages in (20, 200):
            peaks[pages] = min(_peak(url, work, pages) for _ in range(3))
    finally:
        server.stdin.close()
        server.wait(10)
        server.stdout.close()

    # What stood before may hold a page or two: a peak that does not show beside it is no smaller than one.
    page = 1 << 20
    assert max(peaks[200], page) <= 1.3 * max(peaks[20], page), peaks


def _peak(url: str, work: str, pages: int) -> int:
    """Peak memory above the start in a fresh process; the least of several is the one without late collections."""
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "pull_memory.py"), url, work, f"clean-{pages}-1000-0"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(BENCHMARKS.parent)},
        check=True,
        text=True,
    )
    peak: int = json.loads(done.stdout)["peak"]
    return peak
