"""``expect=``: what protects an analyst every Monday."""

from __future__ import annotations

import errno
import json
import os
import warnings
from pathlib import Path
from typing import Any

import pytest
from support.pulls import EXPORT, PageServer, connection_to, encoded

from celigo_pandas.accessors import read_export
from celigo_pandas.errors import ConfigError, DriftWarning, FrameError

MONDAY = [{"id": 1, "t": "x", "f": 0.5, "b": True, "l": [1], "o": {"n": None}}]


def _pull(records: list[Any], path: Path, **options: Any) -> Any:
    return read_export(EXPORT, connection_to(PageServer(encoded(records))), expect=path, **options)


def test_first_pull_writes_and_the_same_again_is_silent(tmp_path: Path) -> None:
    path = tmp_path / "orders.schema.json"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _pull(MONDAY, path)
        _pull([*MONDAY, {"id": None, "t": None}], path)

    assert json.loads(path.read_text())["columns"] == {
        "id": "integer", "t": "string", "f": "number", "b": "boolean", "l": "array", "o.n": "null",
    }  # fmt: skip


def test_new_missing_and_changed_columns_are_one_warning(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    _pull(MONDAY, path)

    with pytest.warns(DriftWarning) as caught:
        df = _pull([{"id": "1", "t": "x", "f": 0.5, "b": True, "l": [1], "new": 1}], path)

    assert len(caught) == 1
    message = str(caught[0].message)
    assert "new column 'new' (integer)" in message
    assert "missing column 'o.n'" in message
    assert "column 'id' is string, was integer" in message
    assert len(df) == 1


def test_errors_raise_stops(tmp_path: Path) -> None:
    _pull(MONDAY, tmp_path / "e.json")

    with pytest.raises(FrameError, match="missing column"):
        _pull([{"id": 1}], tmp_path / "e.json", errors="raise")


@pytest.mark.parametrize("text", ["", "[]", '{"columns":{}}', '{"celigo_pandas":"columns","version":2,"columns":{}}'])
def test_file_of_another_kind_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "e.json"
    path.write_text(text)

    with pytest.raises(ConfigError, match="no record of columns"):
        _pull(MONDAY, path)

    assert path.read_text() == text


def test_pull_without_records_says_nothing_about_columns(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    _pull([], path)
    assert not path.exists()
    _pull(MONDAY, path)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _pull([], path)


def test_record_on_a_full_disk_leaves_no_piece_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: Path, text: str, encoding: str) -> None:
        file.write_bytes(text.encode(encoding)[:5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ConfigError, match="cannot be written: No space left"):
        read_export(EXPORT, connection_to(PageServer(encoded([{"id": 1}]))), expect=tmp_path / "columns.json")

    assert list(tmp_path.iterdir()) == []
