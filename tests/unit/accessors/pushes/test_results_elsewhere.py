"""Results, pulls and errors in other processes and as copies: their rows go along, a client and its token do not."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pandas as pd
import pytest
from support.ledger import serving
from support.pulls import EXPORT, PageServer, answer, connection_to, encoded
from support.pushes import DOCUMENT, Target, calling, orders, push_with_token

import celigo_pandas as celigo
from celigo_pandas.accessors import read_export, read_exports
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.errors import ConfigError, ExportInterrupted, ImportRejectedError, PullCancelled, PushCancelled

TOKEN = "t0ken-that-must-stay-here"
WAYS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "deepcopy": copy.deepcopy,
    **{f"protocol {number}": lambda value, n=number: pickle.loads(pickle.dumps(value, n)) for number in (2, 3, 4)},
}  # type: ignore[dict-item]


def _push(con: Any, **options: Any) -> Any:
    return orders(6).celigo.to_import(DOCUMENT, con, batch_size=2, progress=lambda done, total: None, **options)


@pytest.mark.parametrize("way", WAYS)
def test_result_comes_along_and_sends_again_through_a_connection(way: str) -> None:
    target = Target({1, 4})
    con = calling(target)
    result = _push(con)

    moved = WAYS[way](result)

    pd.testing.assert_frame_equal(moved.frame, result.frame)
    pd.testing.assert_frame_equal(moved.failed, result.failed)
    assert moved.errors()["count"].tolist() == [2]
    with pytest.raises(ConfigError, match=r"result\.retry\(con="):
        moved.retry()
    target.bad.clear()
    assert moved.retry(con=con).counts["ok"] == 6
    other = Connection(con.client, {"_id": "f" * 24})
    with pytest.raises(ConfigError, match="A retry goes where the push went"):
        moved.retry(con=other)


@pytest.mark.parametrize("way", WAYS)
def test_rejected_error_and_preview_come_along(way: str) -> None:
    with pytest.raises(ImportRejectedError) as caught:
        _push(calling(Target({1})), on_error="raise")

    moved = WAYS[way](caught.value)

    assert str(moved) == str(caught.value)
    assert moved.result.counts == caught.value.result.counts
    preview = _push(calling(lambda request: answer(b"{}", 404)), preview=True)
    assert repr(WAYS[way](preview)) == repr(preview)


@pytest.mark.parametrize("way", WAYS)
def test_cancelled_and_interrupted_come_along(way: str) -> None:
    result = _push(calling(Target({1})))

    assert WAYS[way](PushCancelled("stopped", result=result)).result.counts == result.counts
    assert WAYS[way](PullCancelled("stopped", partial=orders(2))).partial["key"].tolist() == [0, 1]
    con = connection_to(_that_breaks(2))
    with pytest.raises(ExportInterrupted) as caught:
        read_export(EXPORT, con, page_size=1)
    assert len(WAYS[way](caught.value).partial) == len(caught.value.partial) == 2


@pytest.mark.parametrize("way", WAYS)
def test_pulls_come_along_whole_and_broken(way: str) -> None:
    whole = connection_to(PageServer(encoded([{"a": [1]}, {"a": [2]}])))
    broken = connection_to(_that_breaks(1))
    pulls = read_exports({"x": (EXPORT, whole), "y": (EXPORT, broken)}, page_size=1, progress=lambda done, total: None)

    moved = WAYS[way](pulls)

    pd.testing.assert_frame_equal(moved["x"], pulls["x"])
    assert moved["x"].attrs == pulls["x"].attrs
    assert repr(moved) == repr(pulls)
    pd.testing.assert_frame_equal(moved.pulls["x"].partial, pulls["x"])
    assert moved.pulls["y"].rows == 1
    assert moved.pulls["y"].partial["n"].tolist() == [0]
    assert moved.pulls["y"].decoded_by == pulls.pulls["y"].decoded_by
    with pytest.raises(ConfigError, match=r"without its connection.*read_export\(\) again"):
        moved.pulls["y"].resume()
    with pytest.raises(ExportInterrupted):
        moved["y"]


def test_process_pool_gives_results_back_and_no_token() -> None:
    with serving() as ledger:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            result = pool.submit(push_with_token, ledger.url, TOKEN).result(timeout=120)
        here = push_with_token(ledger.url, TOKEN)

    assert result.counts["ok"] == 6
    assert TOKEN.encode() not in pickle.dumps(here)
    assert TOKEN.encode() not in pickle.dumps(ImportRejectedError("x", result=here))
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(here._call.client)


def _that_breaks(pages: int) -> Callable[[Any], Any]:
    server = PageServer(encoded([{"n": number} for number in range(9)]))
    asked: list[Any] = []

    def handle(request: Any) -> Any:
        asked.append(request)
        return server(request) if len(asked) <= pages else answer(b'{"errors":[{"code":"no"}]}', 401)

    return handle


# -- what is kept is nobody else's ------------------------------------------------------------------------------------


def _rows() -> pd.DataFrame:
    return pd.DataFrame({"key": [0, 1], "lines": [[{"sku": "a", "tags": ["x"]}], ({"sku": "b"},)]})


def test_rows_of_a_result_share_nothing_with_the_frame_that_was_pushed() -> None:
    df = _rows()
    result = df.celigo.to_import(DOCUMENT, calling(Target({0, 1})))

    df["lines"][0][0]["tags"].append("changed")
    df["lines"][0].append("changed")
    result.failed["lines"].iloc[0].clear()
    result.join()["lines"].iloc[1][0].clear()

    assert result.failed["lines"].tolist() == _rows()["lines"].tolist()


def test_frame_of_outcomes_shares_nothing_with_the_result() -> None:
    result = _rows().celigo.to_import(DOCUMENT, calling(Target({0})))

    result.frame["response"].iloc[1].clear()

    assert result.frame["response"].iloc[1] == {"id": 1}


def test_rows_of_a_dry_run_share_nothing_with_the_frame() -> None:
    df = _rows()
    trial = celigo.dry_run(df, {})

    df["lines"][0].clear()
    trial.mapped["lines"].iloc[0].clear()

    assert trial.mapped["lines"].iloc[0] == [{"sku": "a", "tags": ["x"]}]
    assert trial.compare()["lines", "lines"].iloc[0] == [{"sku": "a", "tags": ["x"]}]
