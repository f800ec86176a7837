"""A server that goes back to where it was: the rows that came again are in nothing that is given out."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.pulls import EXPORT, answer, connection_to

from celigo_pandas.accessors import export_to_parquet, iter_export, read_export
from celigo_pandas.errors import ExportInterrupted, PagingError


def _going_back(after: int, to: int) -> Any:
    """Serve pages 0, 1, … `after`, then from page `to` on again, for ever; each stamp is new."""
    stamp = itertools.count()

    def handle(request: Any) -> Any:
        state = json.loads(request.body).get("pagedExportState")
        index = 0 if state is None else state["pageIndex"]
        index = to if index > after else index
        following = {"pageIndex": index + 1, "done": False, "issuedAt": next(stamp)}
        return answer(
            json.dumps({"data": [{"n": index * 2}, {"n": index * 2 + 1}], "pagedExportState": following}).encode()
        )

    return handle


CASES = [(0, 0), (1, 1), (2, 0), (3, 2)]


@pytest.mark.parametrize(("after", "to"), CASES)
def test_partial_has_each_row_once(after: int, to: int) -> None:
    con = connection_to(_going_back(after, to))

    with pytest.raises(ExportInterrupted) as caught:
        read_export(EXPORT, con)

    assert isinstance(caught.value.__cause__, PagingError)
    expected = list(range(2 * (after + 1)))
    assert caught.value.partial["n"].tolist() == expected
    assert con.client.last_pull.partial["n"].tolist() == expected


@pytest.mark.parametrize("chunksize", [None, 1, 3, 100])
@pytest.mark.parametrize(("after", "to"), CASES)
def test_stream_gives_each_row_once(after: int, to: int, chunksize: int | None) -> None:
    stream = iter_export(EXPORT, connection_to(_going_back(after, to)), chunksize=chunksize)
    given: list[pd.DataFrame] = []

    def take() -> None:
        for frame in stream:
            given.append(frame)

    with pytest.raises(ExportInterrupted) as caught:
        take()

    rows = [number for frame in [*given, caught.value.partial] if len(frame) for number in frame["n"]]
    assert rows == list(range(2 * (after + 1)))


@pytest.mark.parametrize(("after", "to"), CASES)
def test_partial_file_has_each_row_once(after: int, to: int, tmp_path: Path) -> None:
    with pytest.raises(ExportInterrupted) as caught:
        export_to_parquet(EXPORT, connection_to(_going_back(after, to)), tmp_path / "x.parquet")

    assert pd.read_parquet(caught.value.partial)["n"].tolist() == list(range(2 * (after + 1)))


def test_other_records_with_a_state_that_came_before_are_kept() -> None:
    def handle(request: Any) -> Any:
        state = json.loads(request.body).get("pagedExportState")
        number = 0 if state is None else 7
        return answer(b'{"data":[{"n":%d}],"pagedExportState":{"pageIndex":1,"done":false}}' % number)

    with pytest.raises(ExportInterrupted) as caught:
        read_export(EXPORT, connection_to(handle))

    assert caught.value.partial["n"].tolist() == [0, 7]
