"""``export_to_parquet`` where the disk has no room: files may grow to a limit, or the disk says that it is full."""

from __future__ import annotations

import errno
import itertools
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from support.pulls import EXPORT, PageServer, connection_to, encoded

from celigo_pandas import export_to_parquet
from celigo_pandas.errors import ExportInterrupted
from celigo_pandas.frames.ladder import Ladder
from celigo_pandas.journal.spool import Spool

SCHEMA = pa.schema([("n", pa.int64()), ("text", pa.string())])


def _pages(count: int) -> list[bytes]:
    return [str(number).encode() * (number % 50) for number in range(count)]


def test_spool_keeps_whole_pages_where_the_disk_is_full(tmp_path: Path) -> None:
    """In a process of its own, whose files may have so many bytes: the last page is written in part."""
    code = """
        import os, resource, signal, sys
        from celigo_pandas.journal.spool import Spool
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))
        pages = [os.urandom(1000) for _ in range(100)]
        with Spool(sys.argv[1]) as spool:
            kept = 0
            for page in pages:
                try:
                    spool.append(page)
                except OSError as error:
                    print(error.strerror, end=" ")
                    break
                kept += 1
            assert list(spool.drain()) == pages[:kept]
            print(kept)
        """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == "File too large 29\n"


def test_spool_of_many_files_gives_each_page_once_and_takes_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celigo_pandas.journal.spool._FILE_BYTES", 500)
    with Spool(tmp_path) as spool:
        for page in _pages(300):
            spool.append(page)
        assert list(spool.drain()) == _pages(300)
        spool.append(b"more")
        assert list(spool.drain()) == [b"more"]


class FullLater:
    """A disk that has no room after so many questions."""

    def __init__(self, questions: int) -> None:
        self.left = questions

    def __call__(self, path: Any) -> Any:
        self.left -= 1
        return shutil._ntuple_diskusage(10**9, 0, 10**9 if self.left >= 0 else 0)  # type: ignore[attr-defined]


def _rows(count: int) -> Any:
    return connection_to(PageServer(encoded({"n": number, "text": "x" * 100} for number in range(count))))


@pytest.mark.parametrize("schema", [None, SCHEMA], ids=["settled", "given"])
@pytest.mark.parametrize("groups", [0, 2])
def test_rows_that_had_room_are_in_the_partial_file(
    schema: Any, groups: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celigo_pandas.accessors.pulls.to_parquet._GROUP_BYTES", 200_000)
    monkeypatch.setattr(Ladder, "block_bytes", 150_000)
    monkeypatch.setattr(shutil, "disk_usage", FullLater(groups))

    with pytest.raises(ExportInterrupted, match=r"No space left on device.*Free some space") as caught:
        export_to_parquet(EXPORT, _rows(60_000), tmp_path / "x.parquet", schema=schema)

    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC
    if groups:
        assert [path.name for path in tmp_path.iterdir()] == ["x.partial.parquet"]
        found = pd.read_parquet(caught.value.partial)
        assert 1000 <= len(found) < 60_000
        assert list(found["n"]) == list(range(len(found)))
    else:
        assert caught.value.partial is None
        assert list(tmp_path.iterdir()) == []


def test_pages_that_had_room_are_in_the_partial_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append, numbers = Spool.append, itertools.count(1)

    def full(spool: Spool, content: bytes) -> None:
        if next(numbers) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(spool, content)

    monkeypatch.setattr(Spool, "append", full)
    with pytest.raises(ExportInterrupted, match=r"3,000 rows; they are in .*No space left on device") as caught:
        export_to_parquet(EXPORT, _rows(6000), tmp_path / "x.parquet")
    assert list(pd.read_parquet(caught.value.partial)["n"]) == list(range(3000))
