"""Progress never raises, warns or hangs."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from support.pulls import EXPORT, PageServer, connection_to, encoded

from celigo_pandas.accessors import connect, read_export
from celigo_pandas.accessors.progress import open_progress
from celigo_pandas.errors import ConfigError


def test_function_hears_rows_and_total() -> None:
    heard: list[Any] = []
    server = PageServer(encoded({"n": number} for number in range(6)))

    read_export(EXPORT, connection_to(server), page_size=2, progress=lambda done, total: heard.append((done, total)))

    assert heard[-1] == (6, 6)
    assert all(total == 6 for _, total in heard)


def test_total_is_unknown_until_the_server_says_it() -> None:
    from support.pulls import answer

    heard: list[Any] = []
    con = connection_to(lambda request: answer(b'{"data":[{"n":1}]}'))

    read_export(EXPORT, con, progress=lambda done, total: heard.append((done, total)))

    assert heard[-1] == (1, None)


def test_function_that_raises_is_not_called_again_and_the_pull_goes_on() -> None:
    calls: list[int] = []

    def fail(done: int, total: int | None) -> None:
        calls.append(done)
        raise RuntimeError("broken")

    server = PageServer(encoded({"n": number} for number in range(6)))
    df = read_export(EXPORT, connection_to(server), page_size=2, progress=fail)

    assert len(df) == 6
    assert len(calls) == 1


@pytest.mark.parametrize("setting", ["text", "notebook"])
def test_bar_is_drawn_and_taken_away(setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    with open_progress(setting, description="orders <b>", unit="rows") as progress:
        progress.show(5, None)
        progress.show(10, 20)
    progress.show(11, 20)

    if setting == "text":
        assert "orders <b>" in capsys.readouterr().err


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
