"""How values stand in messages."""

from __future__ import annotations

from pathlib import Path

from celigo_pandas.errors import shown


def test_long_value_is_cut_at_its_end() -> None:
    assert shown("x" * 200) == "'" + "x" * 78 + "…"


def test_long_path_keeps_the_name_of_its_file() -> None:
    text = shown(Path("/home") / ("deep/" * 40) / "result.parquet")

    assert len(text) == 80
    assert text.startswith("'/home/deep/")
    assert text.endswith("deep/result.parquet'")


def test_path_that_is_short_enough_is_shown_whole() -> None:
    assert shown(Path("/home/result.parquet")) == "'/home/result.parquet'"
