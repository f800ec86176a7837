"""Bars never raise, warn or hang; what a function of the caller's raises goes on."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pyarrow as pa
import pytest
from nbconvert.preprocessors import ExecutePreprocessor
from support.pulls import EXPORT, PageServer, answer, connection_to, encoded

from celigo_pandas import export_to_parquet, iter_export
from celigo_pandas.accessors import connect, read_export, read_exports
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.accessors.progress import open_progress
from celigo_pandas.errors import ConfigError, ExportInterrupted, TransportError


def test_function_hears_rows_and_total() -> None:
    heard: list[Any] = []
    server = PageServer(encoded({"n": number} for number in range(6)))

    read_export(EXPORT, connection_to(server), page_size=2, progress=lambda done, total: heard.append((done, total)))

    assert heard[-1] == (6, 6)
    assert all(total == 6 for _, total in heard)


def test_total_is_unknown_until_the_server_says_it() -> None:
    heard: list[Any] = []
    con = connection_to(lambda request: answer(b'{"data":[{"n":1}]}'))

    read_export(EXPORT, con, progress=lambda done, total: heard.append((done, total)))

    assert heard[-1] == (1, None)


class Failing:
    """A progress function that fails each time, from a number of rows on."""

    def __init__(self, error: BaseException, rows: int = 0) -> None:
        self.error, self.rows, self.calls = error, rows, 0

    def __call__(self, done: int, total: int | None) -> None:
        if done >= self.rows:
            self.calls += 1
            raise self.error


ERRORS = [RuntimeError("enough"), TimeoutError("over"), MemoryError("full"), ExportInterrupted("of another")]


@pytest.fixture
def con() -> Connection:
    return connection_to(PageServer(encoded({"n": number} for number in range(6))))


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_what_a_function_raises_ends_the_pull_and_goes_on_with_the_rows_kept(error: Exception, con: Connection) -> None:
    progress = Failing(error)
    with pytest.raises(type(error)) as caught:
        read_export(EXPORT, con, page_size=2, progress=progress)

    pull = con.client.last_pull
    assert caught.value is error
    assert progress.calls == 1
    assert pull.reason == type(error).__name__
    assert list(pull.partial["n"]) == list(range(len(pull.partial)))

    progress.rows = 100
    assert list(pull.resume()["n"]) == list(range(6))


def test_function_that_fails_at_the_last_page_ends_the_pull_too(con: Connection) -> None:
    with pytest.raises(RuntimeError, match="late"):
        read_export(EXPORT, con, page_size=2, progress=Failing(RuntimeError("late"), 6))
    assert len(con.client.last_pull.partial) == 6


def test_function_that_fails_where_the_server_does_is_not_what_is_told() -> None:
    con = connection_to(lambda request: answer(b'{"data":7}'))
    with pytest.raises(TransportError):
        read_export(EXPORT, con, progress=Failing(RuntimeError("too")))


def test_what_a_function_raises_ends_a_stream_and_a_file(con: Connection, tmp_path: Path) -> None:
    error = RuntimeError("enough")
    with pytest.raises(RuntimeError) as caught:
        list(iter_export(EXPORT, con, page_size=2, progress=Failing(error)))
    assert caught.value is error

    for schema in (None, pa.schema([("n", pa.int64())])):
        with pytest.raises(RuntimeError) as caught:
            export_to_parquet(EXPORT, con, tmp_path / "x.parquet", page_size=2, schema=schema, progress=Failing(error))
        assert caught.value is error
        assert caught.value.__cause__ is None
        assert len(pd.read_parquet(tmp_path / "x.partial.parquet")) == 2
        assert not (tmp_path / "x.parquet").exists()


def test_what_a_function_raises_is_the_failure_of_each_of_many_pulls(con: Connection) -> None:
    error = RuntimeError("enough")
    found = read_exports({"a": EXPORT, "b": EXPORT}, con, progress=Failing(error))
    assert list(found.failures.values()) == [error, error]


@pytest.mark.parametrize("setting", ["text", "notebook"])
def test_bar_is_drawn_and_taken_away(setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    with open_progress(setting, description="orders <b>", unit="rows") as progress:
        progress.show(5, None)
        progress.show(10, 20)
    progress.show(11, 20)

    if setting == "text":
        assert "orders <b>" in capsys.readouterr().err


@pytest.mark.parametrize(("setting", "stream"), [("text", "err"), ("notebook", "out")])
@pytest.mark.parametrize(("done", "line"), [(336_776, "336,776 rows in "), (0, "0 rows in "), (1, "1 rows in ")])
def test_one_line_stays_of_a_bar(
    setting: str, stream: str, done: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_progress(setting, description="orders") as progress:
        progress.show(done // 2, done)
        progress.show(done, done)

    last = getattr(capsys.readouterr(), stream).rstrip("\n").rpartition("\n")[2].rpartition("\r")[2]
    assert re.fullmatch(re.escape(line) + r"\d+\.\d s", last), last


def test_bars_of_several_pulls_leave_a_line_each_with_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    bars = [open_progress("text", description=name, position=place) for place, name in enumerate(("one", "two"))]
    for place, bar in enumerate(bars):
        bar.show(place + 1, 5)
    for bar in bars:
        bar.close()

    found = re.findall(r"(one|two): (\d) rows in \d+\.\d s", capsys.readouterr().err)
    assert found == [("one", "1"), ("two", "2")]


def test_saved_notebook_has_the_line_and_no_widget(tmp_path: Path) -> None:
    code = (
        "from celigo_pandas.accessors.progress import open_progress\n"
        "with open_progress('auto', description='orders') as progress:\n"
        "    progress.show(336_776, 336_776)\n"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    ran, _ = ExecutePreprocessor(timeout=60, kernel_name="python3").preprocess(notebook, {})

    (output,) = ran.cells[0].outputs
    assert list(output["data"]) == ["text/plain"]
    assert re.fullmatch(r"336,776 rows in \d+\.\d s", output["data"]["text/plain"])


def test_closed_stream_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with open_progress("text", description="x") as progress:
        stream.close()
        progress.show(1, 2)


@pytest.mark.parametrize(("text", "draws"), [("false", False), ("0", False), ("text", True), ("nonsense", False)])
@pytest.mark.parametrize("setting", [None, "auto"])
def test_environment_sets_the_default(
    setting: str | None, text: str, draws: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CELIGO_PANDAS_PROGRESS", text)

    with open_progress(setting, description="orders") as progress:
        progress.show(1, 2)

    assert bool(capsys.readouterr().err) is draws


def test_setting_that_cannot_be_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="progress"):
        open_progress("loud", description="x")
    with pytest.raises(ConfigError, match="progress"):
        connect("a-token-of-this-test", progress="loud")


@pytest.mark.parametrize("strikes_at", ["%", " rows in "])
@pytest.mark.parametrize("error", [TimeoutError("over"), MemoryError("full")], ids=repr)
def test_time_limit_that_strikes_while_the_bar_is_drawn_ends_the_pull(
    error: Exception, strikes_at: str, con: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Struck(io.StringIO):
        def write(self, text: str) -> int:
            if strikes_at in text:
                raise error
            return len(text)

    monkeypatch.setattr(sys, "stderr", Struck())
    with pytest.raises(ExportInterrupted) as caught:
        read_export(EXPORT, con, page_size=2, progress="text")

    assert caught.value.__cause__ is error
    assert list(caught.value.partial["n"]) == list(range(len(caught.value.partial)))
