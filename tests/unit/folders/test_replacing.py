"""Files that are replaced as a whole, or not at all, by everything that writes them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import celigo_pandas as celigo
from celigo_pandas.cli.frame_files import write_frame
from celigo_pandas.documents.document_files import write_document
from celigo_pandas.errors import CeligoError
from celigo_pandas.folders import replacing
from celigo_pandas.frames.drift import check_drift

DF = pd.DataFrame({"a": [1]})


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")
    with replacing(target) as unfinished:
        unfinished.write_text("new")
        assert target.read_text() == "old"
        assert unfinished.parent == tmp_path

    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("ending", [ValueError, KeyboardInterrupt, OSError])
def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path: Path, ending: type[BaseException]) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")
    with pytest.raises(ending), replacing(target) as unfinished:  # noqa: PT012
        unfinished.write_text("half")
        raise ending

    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_block_that_writes_nothing_replaces_nothing(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")
    with pytest.raises(FileNotFoundError), replacing(target):
        pass

    assert target.read_text() == "old"


def test_two_that_write_one_file_do_not_meet(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    with replacing(target) as one, replacing(target) as other:
        one.write_text("one")
        other.write_text("other")

    assert target.read_text() == "one"  # that which ended last
    assert os.listdir(tmp_path) == ["a.json"]


def test_the_content_is_on_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: done.append(f"sync {os.fstat(handle).st_size}") or sync(handle))
    monkeypatch.setattr(os, "replace", lambda one, other: done.append("replace") or replace(one, other))
    with replacing(tmp_path / "a") as unfinished:
        unfinished.write_text("four")

    assert done == ["sync 4", "replace"]


WRITERS: dict[str, Callable[[Path], Any]] = {
    "document": lambda path: write_document({"a": 1}, path),
    "frozen": lambda path: celigo.Mapping().set("a", "$.a").freeze(DF, path),
    "columns": lambda path: check_drift(DF, path),
    "rows": lambda path: write_frame(DF, str(path)),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_link_stays_and_the_file_behind_it_is_written(kind: str, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.json"
    link.symlink_to("real/x.json")
    WRITERS[kind](link)

    assert link.is_symlink()
    assert os.listdir(tmp_path / "real") == ["x.json"]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_disk_that_is_full_leaves_nothing_but_an_error(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises((CeligoError, OSError), match="No space left"):
        WRITERS[kind](tmp_path / "x.json")

    assert os.listdir(tmp_path) == []
