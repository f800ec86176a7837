"""Wherever Ctrl-C strikes, going on gives each row once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.pulls import EXPORT, answer, connection_to

from celigo_pandas.accessors import read_export
from celigo_pandas.errors import PullCancelled
from celigo_pandas.journal.pulls import STEPS, PullJournal

ROWS = list(range(9))


class Striking:
    """Raises KeyboardInterrupt the `at`-th time it is called."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, *_: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


class Source:
    """Stateless pages of two rows: any state may be asked for again."""

    def __init__(self, strike: Any = lambda *_: None) -> None:
        self.strike = strike

    def __call__(self, request: Any) -> Any:
        self.strike()
        at = (json.loads(request.body).get("pagedExportState") or {"p": 0})["p"]
        done = at + 2 >= len(ROWS)
        page = {"data": [{"n": n} for n in ROWS[at : at + 2]], "pagedExportState": {"p": at + 2, "done": done}}
        return answer(json.dumps(page).encode())


@pytest.mark.parametrize("at", range(1, 6))
def test_struck_while_asking(at: int) -> None:
    con = connection_to(Source(Striking(at)))

    with pytest.raises(PullCancelled) as caught:
        read_export(EXPORT, con)

    assert len(caught.value.partial) == 2 * (at - 1)
    assert con.client.last_pull.resume()["n"].tolist() == ROWS


@pytest.mark.parametrize("at", [1, 2])
def test_struck_after_a_page_was_handed_over(at: int) -> None:
    con = connection_to(Source())

    with pytest.raises(PullCancelled):
        read_export(EXPORT, con, progress=Striking(at))

    assert con.client.last_pull.resume()["n"].tolist() == ROWS


@pytest.mark.parametrize("step", [step for step in STEPS if not step.startswith(("request", "locked"))])
@pytest.mark.parametrize("at", [1, 3])
def test_struck_while_writing_the_journal(step: str, at: int, tmp_path: Path) -> None:
    con = connection_to(Source())
    strike = Striking(at)
    journal = PullJournal(tmp_path, on_step=lambda done: strike() if done == step else None)
    try:
        df = read_export(EXPORT, con, journal=journal)
    except PullCancelled:
        df = con.client.last_pull.resume()

    assert df["n"].tolist() == ROWS
    assert read_export(EXPORT, con, journal=tmp_path, resume=False)["n"].tolist() == ROWS
