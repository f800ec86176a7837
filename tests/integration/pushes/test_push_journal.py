"""A push that is killed and called again: no answered row twice, what was in flight is unknown, the rest is sent."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.ledger import Call, serving
from support.push_process import Killer, killer
from support.pushes import DOCUMENT, connected, orders

import celigo_pandas as celigo

ROWS, BATCH = 38, 10
STEPS = 2 + 2 * 5  # header, folder, then two for each of the batches of 5, 10, 10, 10, 3


@pytest.fixture(scope="module")
def killing() -> Iterator[Killer]:
    with killer() as process:
        yield process


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("moment", ["before", "after", "torn"])
def test_push_killed_at_each_journal_step_resumes(killing: Killer, tmp_path: Path, moment: str, workers: int) -> None:
    df = orders(ROWS)
    for step in range(1, STEPS + 1):
        # A ledger each: what was on its way when the last process was killed may still come.
        with serving() as ledger, connected(ledger) as con:
            journal = tmp_path / f"{step}"
            status = killing.push(
                url=ledger.url, journal=str(journal), rows=ROWS, workers=workers, batch_size=BATCH, step=step,
                moment=moment,
            )  # fmt: skip
            assert os.WIFSIGNALED(status)
            assert os.WTERMSIG(status) == signal.SIGKILL

            result = df.celigo.to_import(DOCUMENT, con, batch_size=BATCH, max_workers=workers, journal=journal)

            assert ledger.applied_twice == []
            assert sum(result.counts.values()) == ROWS
            assert all(ledger.applied[key] == 1 for key in result.ok["key"])
            assert len(result.ok) + len(result.unknown) == ROWS
            assert len(result.unknown) <= BATCH * workers
            if workers == 1:
                assert (len(result.unknown) > 0) == _leaves_rows_in_flight(step, moment)
            calls = len(ledger.calls)
            again = df.celigo.to_import(DOCUMENT, con, batch_size=BATCH, journal=journal)
            assert len(ledger.calls) == calls
            assert "nothing was sent" in again.summary()
            assert again.counts == result.counts


def _leaves_rows_in_flight(step: int, moment: str) -> bool:
    """With one worker the steps alternate: sending, answered. Rows are in flight between them."""
    if step <= 2:
        return False
    is_sending = step % 2 == 1
    # "before" the sync of an announcement the bytes have left the process, so a kill alone does not lose them.
    return is_sending if moment != "torn" else not is_sending


@pytest.mark.parametrize("seed", range(40))
def test_push_random_kills_and_faults_resumes(killing: Killer, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    rows, workers = rng.randrange(20, 80), rng.choice([1, 8])

    def fault(call: Call) -> str | None:
        draw = random.Random(f"{seed} {call.number}")
        kinds = ["rate_limited", "unavailable", "unavailable_after", "reset", "reset_after", "short", "html"]
        return draw.choice(kinds) if draw.random() < 0.15 else None

    with serving(fault=fault, delay_s=rng.choice([0, 0.002])) as ledger, connected(ledger) as con:
        ledger.max_records = rng.choice([None, 4])
        df = orders(rows)
        for _ in range(2):
            killing.push(
                url=ledger.url, journal=str(tmp_path / "j"), rows=rows, workers=workers, batch_size=7,
                step=rng.randrange(3, 24), moment=rng.choice(["before", "after", "torn"]),
            )  # fmt: skip
        result = df.celigo.to_import(DOCUMENT, con, batch_size=7, max_workers=workers, journal=tmp_path / "j")
        result = result.retry()

        assert ledger.applied_twice == []
        assert sum(result.counts.values()) == rows
        assert all(ledger.applied[key] == 1 for key in result.ok["key"])
        assert all(ledger.applied[key] == 0 for key in [*result.failed["key"], *result.not_sent["key"]])


def test_journal_refuses_another_push(tmp_path: Path) -> None:
    with serving() as ledger, connected(ledger) as con:
        df = orders(20)
        df.celigo.to_import(DOCUMENT, con, journal=tmp_path / "j")
        calls = len(ledger.calls)
        other = celigo.Connection(con.client, {**con.doc, "_id": "5a1000000000000000000002"})

        for what, frame, document, connection, options in (
            ("frame", df.assign(key=df["key"] + 1), DOCUMENT, con, {}),
            ("frame and number of rows", orders(21), DOCUMENT, con, {}),
            ("document", df, {**DOCUMENT, "name": "Other"}, con, {}),
            ("connection", df, DOCUMENT, other, {}),
            ("batch size", df, DOCUMENT, con, {"batch_size": 7}),
        ):
            with pytest.raises(celigo.JournalError, match=f"another push: its {what} differs"):
                frame.celigo.to_import(document, connection, journal=tmp_path / "j", **options)
        assert len(ledger.calls) == calls


def test_journal_damaged_is_refused(tmp_path: Path) -> None:
    with serving() as ledger, connected(ledger) as con:
        df = orders(30)
        df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")
        path = tmp_path / "j" / "push.journal"
        sound = path.read_bytes()
        calls = len(ledger.calls)

        for place in range(0, len(sound), 13):
            path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x20]) + sound[place + 1 :])
            with pytest.raises(celigo.JournalError):
                df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")
        assert len(ledger.calls) == calls


def test_journal_is_for_one_process_at_a_time(tmp_path: Path) -> None:
    from celigo_pandas.journal.pushes import PushIdentity, PushJournal

    identity = PushIdentity("f", "d", "c", 100, 1)
    with PushJournal(tmp_path / "j", identity), pytest.raises(celigo.JournalError, match="in use"):
        PushJournal(tmp_path / "j", identity)
    with PushJournal(tmp_path / "j", identity) as journal:  # the first one has let go
        assert not journal.resumed


def test_journal_is_private_and_holds_no_token(tmp_path: Path) -> None:
    with serving() as ledger, connected(ledger) as con:
        orders(5).celigo.to_import(DOCUMENT, con, journal=tmp_path / "j")

    assert stat.S_IMODE((tmp_path / "j").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "j" / "push.journal").stat().st_mode) == 0o600
    assert b"token" not in (tmp_path / "j" / "push.journal").read_bytes()


def test_journal_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with serving() as ledger, connected(ledger) as con, pytest.raises(celigo.JournalError, match="other things"):
        orders(5).celigo.to_import(DOCUMENT, con, journal=tmp_path)


def test_journal_brake_stopped_push_goes_on_with_the_rest(tmp_path: Path) -> None:
    with serving(fault=lambda call: "unauthorized" if call.number == 3 else None) as ledger, connected(ledger) as con:
        df = orders(50)
        stopped = df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")
        assert (len(stopped.ok), len(stopped.failed), len(stopped.not_sent)) == (15, 10, 25)

        resumed = df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")
        assert (len(resumed.ok), len(resumed.failed)) == (40, 10)
        assert "Resumed" in resumed.summary()
        assert [len(call.keys) for call in ledger.calls[3:]] == [10, 10, 5]  # no first brake again
        assert ledger.applied_twice == []


def test_journal_retry_is_journaled_too(tmp_path: Path) -> None:
    with serving() as ledger, connected(ledger) as con:
        df = orders(30)
        df["bad"] = df["key"] % 10 == 3
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")
        fixed = result.retry(result.failed.assign(bad=False))
        assert len(fixed.ok) == 30

        # The old result knows nothing of the retry; the journal does.
        assert len(result.retry(result.failed.assign(bad=False)).ok) == 30
        assert len(df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j").ok) == 30
        assert ledger.applied_twice == []


def test_journal_on_a_full_disk_stops_the_push(tmp_path: Path) -> None:
    """The disk is a small file-size limit of a process of its own."""
    import subprocess
    import sys

    script = """
import json, resource, signal, sys
from support.ledger import serving
from support.pushes import DOCUMENT, connected, orders
import celigo_pandas as celigo
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with serving() as ledger, connected(ledger) as con:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    df = orders(200)
    try:
        df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=sys.argv[1])
    except celigo.JournalError as error:
        told = str(error)
    result = con.client.last_push
    print(json.dumps([told, result.counts, len(ledger.applied), len(ledger.applied_twice), len(ledger.calls)]))
"""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "j")], capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"},
    )  # fmt: skip
    told, counts, applied, twice, _ = json.loads(done.stdout)
    assert "cannot be written" in told
    assert "last_push" in told
    assert counts["ok"] == applied > 0
    assert counts["not_sent"] > 100
    assert twice == 0

    with serving() as ledger, connected(ledger) as con:
        resumed = orders(200).celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")
    assert len(resumed.ok) + len(resumed.unknown) == 200
    assert len(resumed.ok) - len(ledger.applied) <= applied


def test_journal_halved_and_refused_batches_are_not_in_flight(tmp_path: Path) -> None:
    with serving(max_records=4) as ledger, connected(ledger, max_retries=1) as con:
        ledger.fault = lambda call: "rate_limited" if call.number > 9 else None
        df = orders(40)
        stopped = df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")
        assert stopped.counts["ok"] > 0
        assert stopped.counts["unknown"] == 0
        assert stopped.counts["not_sent"] > 0

        ledger.fault = lambda call: None
        resumed = df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")
        assert len(resumed.ok) == 40
        again = df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")
        assert len(again.ok) == 40
        assert ledger.applied_twice == []
