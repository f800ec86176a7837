"""Unknown rows looked up at the destination: afterwards a retry sends what is not there, and nothing twice."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import soak
from support.ledger import FAULTS, Call, Ledger, serving
from support.pushes import DOCUMENT, connected, orders

import celigo_pandas as celigo
from celigo_pandas.errors import ConfigError, JournalError

# Of the others nobody knows when the server has done with them, and so when to look.
ENDED = [fault for fault in FAULTS if fault not in ("slow", "slow_after")]


def at_destination(ledger: Ledger, **columns: Any) -> pd.DataFrame:
    """What was applied, as a pull would give it."""
    keys = sorted(key for key, count in ledger.applied.items() if count)
    return pd.DataFrame({"key": keys, **columns}, columns=["key", *columns])


def scripted(rng: random.Random, share: float) -> Any:
    seed = rng.random()

    def fault(call: Call) -> str | None:
        draw = random.Random(f"{seed} {call.number}")
        return draw.choice(ENDED) if draw.random() < share else None

    return fault


@pytest.mark.soak
@pytest.mark.parametrize("has_journal", [False, True], ids=["without a journal", "with a journal"])
def test_reconcile_and_retry_under_faults_nothing_twice_and_nothing_lost(has_journal: bool, tmp_path: Path) -> None:
    rng = random.Random(soak.seed(f"reconcile {has_journal}"))
    resolved = 0
    with serving() as ledger, connected(ledger) as con:
        for run in range(soak.runs(30, 400)):
            ledger.applied.clear()
            ledger.calls.clear()
            ledger.fault = scripted(rng, rng.choice([0.2, 0.5]))
            df = orders(rng.randrange(1, 60), name=rng.choice(["x", None]))
            df.index = pd.Index([rng.randrange(5) for _ in range(len(df))])
            journal = str(tmp_path / f"push {run}") if has_journal else None
            result = df.celigo.to_import(DOCUMENT, con, batch_size=rng.choice([3, 7]), first=0, journal=journal)
            first = result
            for _ in range(40):
                resolved += len(result.unknown)
                result = result.reconcile(at_destination(ledger, name=df["name"].iloc[0]), "key")
                assert len(result.unknown) == 0
                assert set(result.ok["key"]) == set(at_destination(ledger)["key"])
                if not result.counts["failed"] and not result.counts["not_sent"]:
                    break
                result = rng.choice([result, first]).retry() if len(first.not_sent) == 0 else result.retry()
            assert len(result.ok) == len(df)
            assert ledger.applied_twice == []
            assert sum(ledger.applied.values()) == len(df)
    assert resolved > 10


@contextmanager
def reset_after_second(**more: Any) -> Iterator[tuple[Ledger, Any]]:
    script = serving(fault=lambda call: "reset_after" if call.number == 2 else None, **more)
    with script as ledger, connected(ledger) as con:
        yield ledger, con


def test_reconcile_says_what_it_found() -> None:
    with reset_after_second() as (ledger, con):
        df = orders(30, name="x")
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10)
        assert list(result.unknown["key"]) == list(range(5, 15))
        there = at_destination(ledger, name="x")
        there = there[~there["key"].isin([5, 6])].copy()
        there.loc[there["key"] == 7, "name"] = "older"
        there = pd.concat([there, there[there["key"] == 8]])

        found = result.reconcile(there, "key")

    frame = found.frame.set_index(df["key"])
    assert list(frame["outcome"].loc[[5, 6, 7, 8, 9]]) == ["not_sent", "not_sent", "unknown", "unknown", "ok"]
    assert "Not at the destination" in frame["message"].loc[5]
    assert "name is 'older', sent was 'x'" in frame["message"].loc[7]
    assert "2 rows at the destination have this key" in frame["message"].loc[8]
    assert "Found at the destination as sent" in frame["message"].loc[9]
    assert set(frame["code"].loc[5:14]) == {"reconciled"}
    assert "Looked up 10 unknown rows: 6 found as sent, 2 not there, 2 still unknown." in found.summary()
    assert "later steps" not in found.summary()
    assert con.client.last_push is found
    assert list(result.unknown["key"]) == list(range(5, 15))  # the older result stays as it was


def test_retry_of_an_older_result_knows_what_was_reconciled() -> None:
    with reset_after_second() as (ledger, con):
        result = orders(30).celigo.to_import(DOCUMENT, con, batch_size=10)
        result.reconcile(at_destination(ledger), "key")

        again = result.retry(unknown=True)

        assert len(again.ok) == 30
        assert ledger.applied_twice == []


def test_reconciled_rows_stay_so_in_the_journal(tmp_path: Path) -> None:
    with reset_after_second() as (ledger, con):
        df = orders(30)
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")
        result.save(tmp_path / "result.parquet")
        there = at_destination(ledger)
        found = result.reconcile(there[there["key"] != 9], "key")
        assert list(found.not_sent["key"]) == [9]

        loaded = celigo.ImportResult.load(tmp_path / "result.parquet", con=con)
        assert len(loaded.unknown) == 10
        ledger.applied[9] = 0
        resumed = df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")

        assert len(resumed.ok) == 30
        assert ledger.applied_twice == []
        assert len(loaded.retry(unknown=True).ok) == 30
        assert ledger.applied_twice == []


def test_reconcile_holds_the_journal_while_it_looks(tmp_path: Path) -> None:
    with reset_after_second() as (ledger, con):
        df = orders(30)
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")
        tried: list[Exception] = []

        def name(value: Any) -> Any:
            if not tried:
                with pytest.raises(JournalError) as caught:
                    df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")
                tried.append(caught.value)
            return value

        result.reconcile(at_destination(ledger), "key", normalize={"key": name})
        assert "in use" in str(tried[0]) or "another process" in str(tried[0])


def test_reconcile_of_a_loaded_result_needs_no_connection_for_a_frame(tmp_path: Path) -> None:
    with reset_after_second() as (ledger, con):
        orders(30).celigo.to_import(DOCUMENT, con, batch_size=10).save(tmp_path / "result.parquet")
        loaded = celigo.ImportResult.load(tmp_path / "result.parquet")

        with pytest.raises(ConfigError, match="without a connection"):
            loaded.reconcile({"rdbms": {"query": "select 1"}}, "key")
        found = loaded.reconcile(at_destination(ledger), "key")

        assert len(found.ok) == 30


def test_reconcile_refuses_a_part_of_the_destination() -> None:
    with reset_after_second() as (ledger, con):
        result = orders(30).celigo.to_import(DOCUMENT, con, batch_size=10)
        part = at_destination(ledger)
        part.attrs["celigo"] = {"complete": False, "reason": "max_rows"}

        with pytest.raises(ConfigError, match="would count as absent"):
            result.reconcile(part, "key")
        with pytest.raises(ConfigError, match="cannot be reconciled"):
            orders(3).celigo.to_import(DOCUMENT, con, preview=True).reconcile(part, "key")


def test_reconcile_refuses_rows_that_were_pulled_before_the_push() -> None:
    with reset_after_second() as (ledger, con):
        before = (pd.Timestamp.now("UTC").floor("s") - pd.Timedelta("2s")).isoformat()
        result = orders(30).celigo.to_import(DOCUMENT, con, batch_size=10)
        there = at_destination(ledger)
        there.attrs["celigo"] = {"complete": True, "started": before}
        with pytest.raises(ConfigError, match=f"were pulled at {re.escape(before)}, before the push"):
            result.reconcile(there.iloc[:0], "key")
        with pytest.raises(ConfigError, match="before the push"):
            result.reconcile(there, "key")

        there.attrs["celigo"] = {"complete": True, "started": pd.Timestamp.now("UTC").floor("s").isoformat()}
        assert len(result.reconcile(there, "key").ok) == 30
        assert result.retry(unknown=True)._call.began > result._call.began


def test_a_second_row_of_the_same_key_is_never_taken_for_found() -> None:
    with reset_after_second() as (ledger, con):
        df = orders(20)
        df.loc[12, "key"] = 2  # imported with the first rows
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10)

        found = result.reconcile(at_destination(ledger), "key")

        assert list(found.unknown.index) == [12]
        assert "2 records here have this key" in found.frame["message"].loc[12]
