"""Pushes against a server that counts every record it applied, and fails in every way that matters."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.ledger import FAULTS, Call, Ledger, serving
from support.pushes import DOCUMENT, connected, orders

import celigo_pandas as celigo
from celigo_pandas.client.pacing import Clock

RUNS = 200
SHARDS = 8


def check(result: celigo.ImportResult, ledger: Ledger, df: pd.DataFrame, *, at_most: int = 1) -> None:
    """No record twice, none ok that was not applied, none failed or not sent that was, and no row without outcome."""
    counts = result.counts
    assert sum(counts.values()) == len(df) == len(result.frame)
    assert result.frame.index.equals(df.index)
    assert [key for key, count in ledger.applied.items() if count > at_most] == []
    assert all(ledger.applied[key] == 1 for key in result.ok["key"])
    for rows in (result.failed, result.not_sent, result.ignored):
        assert all(ledger.applied[key] == 0 for key in rows["key"])


def scripted(rng: random.Random, share: float) -> object:
    """Let a share of the calls fail, each in a way of its own; several workers ask at once, so it draws by call."""
    seed = rng.random()

    def fault(call: Call) -> str | None:
        draw = random.Random(f"{seed} {call.number}")
        return draw.choice(FAULTS) if draw.random() < share else None

    return fault


@pytest.mark.parametrize("shard", range(SHARDS))
def test_push_random_faults_nothing_twice_and_nothing_lost(shard: int) -> None:
    with serving(slow_s=0.08) as ledger, connected(ledger, timeout_s=0.04) as con:
        for run in range(shard * RUNS // SHARDS, (shard + 1) * RUNS // SHARDS):
            rng = random.Random(run)
            ledger.applied.clear()
            ledger.calls.clear()
            ledger.fault = scripted(rng, rng.choice([0.1, 0.3, 0.6]))
            ledger.max_records = rng.choice([None, None, 3, 1])
            df = orders(rng.randrange(1, 90))
            df["key"] += 1000 * run  # a busy server may apply what a push gave up on during the next one
            df["bad"] = [rng.random() < 0.1 for _ in range(len(df))]
            df["skip"] = [rng.random() < 0.1 for _ in range(len(df))]
            df.index = pd.Index([rng.randrange(5) for _ in range(len(df))])

            result = df.celigo.to_import(
                DOCUMENT, con, batch_size=rng.choice([4, 10, 25]), max_workers=rng.choice([1, 8]),
                first=rng.choice([0, 5]),
            )  # fmt: skip
            check(result, ledger, df)

            ledger.fault = scripted(rng, 0.2)
            again = result.retry(result.failed.assign(bad=False) if run % 2 and len(result.failed) else None)
            check(again, ledger, df)
            assert all(again.frame["outcome"].to_numpy()[result._outcomes.mask("ok")] == "ok")
            assert not (again.frame["outcome"].to_numpy()[result._outcomes.mask("unknown")] != "unknown").any()


def test_push_unknown_rows_are_sent_again_only_when_asked() -> None:
    with serving(fault=lambda call: "reset_after" if call.number == 2 else None) as ledger, connected(ledger) as con:
        df = orders(30)
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10)
        assert list(result.unknown["key"]) == list(range(5, 15))

        same = result.retry()
        assert len(same.unknown) == 10
        assert ledger.applied_twice == []

        asked = result.retry(unknown=True)
        assert len(asked.ok) == 30
        assert ledger.applied_twice == list(range(5, 15))


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_push_workers_never_more_requests_in_flight(workers: int) -> None:
    with serving(delay_s=0.03) as ledger, connected(ledger) as con:
        result = orders(400).celigo.to_import(DOCUMENT, con, batch_size=10, max_workers=workers)

    assert len(result.ok) == 400
    assert workers // 2 < ledger.most_in_flight <= workers


def test_push_one_worker_keeps_the_order_of_rows() -> None:
    with serving() as ledger, connected(ledger) as con:
        orders(95).celigo.to_import(DOCUMENT, con, batch_size=10)

    assert [key for call in ledger.calls for key in call.keys] == list(range(95))
    assert [len(call.keys) for call in ledger.calls] == [5, *[10] * 9]


def test_push_first_rows_all_refused_stops() -> None:
    with serving() as ledger, connected(ledger) as con:
        result = orders(50, bad=True).celigo.to_import(DOCUMENT, con)
        assert (len(result.failed), len(result.not_sent)) == (5, 45)
        assert "none of the first 5 rows was ok" in result.summary()
        assert "none of the first 5 rows" in result.not_sent.join(result.frame)["message"].iloc[0]

        off = orders(50, bad=True).celigo.to_import(DOCUMENT, con, first=0)
        assert len(off.failed) == 50

        retried = result.retry(result.failed.assign(bad=False))
        assert (len(retried.ok), len(retried.failed)) == (5, 45)  # the brake does not apply again


def test_push_first_is_at_most_one_batch() -> None:
    with serving() as ledger, connected(ledger) as con:
        orders(10).celigo.to_import(DOCUMENT, con, batch_size=2, first=5)

    assert [len(call.keys) for call in ledger.calls] == [2, 2, 2, 2, 2]


def test_push_max_failures_stops_later() -> None:
    with serving() as ledger, connected(ledger) as con:
        df = orders(100)
        df["bad"] = df["key"] >= 10
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10, max_failures=12)

    assert 12 < len(result.failed) <= 12 + 10
    assert len(result.ok) == 10
    assert len(result.not_sent) == 100 - 10 - len(result.failed)


def test_push_record_403_stops_and_rows_in_flight_keep_their_outcome() -> None:
    with serving(fault=lambda call: "offline_record" if call.number == 3 else None) as ledger, connected(ledger) as con:
        df = orders(100)
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10)

        frame = result.frame
        assert list(frame["outcome"].iloc[15:25]) == ["ok"] * 5 + ["failed"] + ["ok"] * 4
        assert frame["status_code"].iloc[20] == 403
        assert set(frame["outcome"].iloc[25:]) == {"not_sent"}
        assert "offline" in result.summary()
        check(result, ledger, df)


@pytest.mark.parametrize(
    ("fault", "outcome", "stops"),
    [
        ("bad_request", "failed", False),
        ("unauthorized", "failed", True),
        ("unavailable", "unknown", False),
        ("timeout_status", "unknown", False),
        ("html", "unknown", False),
        ("short", "unknown", False),
        ("long", "unknown", False),
        ("null", "unknown", False),
        ("cut_off", "unknown", False),
        ("reset_after", "unknown", False),
        ("slow_after", "unknown", False),
    ],
)
def test_push_answer_decides_rows_and_going_on(fault: str, outcome: str, stops: bool) -> None:
    script = serving(fault=lambda call: fault if call.number == 2 else None, slow_s=2.0)
    with script as ledger, connected(ledger, timeout_s=0.8 if fault == "slow_after" else 5.0) as con:
        df = orders(25)
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10)

    assert list(result.frame["outcome"].iloc[:5]) == ["ok"] * 5
    assert set(result.frame["outcome"].iloc[5:15]) == {outcome}
    assert set(result.frame["outcome"].iloc[15:]) == ({"not_sent"} if stops else {"ok"})
    assert result.frame["message"].iloc[5]
    check(result, ledger, df)


def test_push_rate_limited_once_is_sent_again_and_counted() -> None:
    with serving(fault=lambda call: "rate_limited" if call.number == 2 else None) as ledger, connected(ledger) as con:
        result = orders(15).celigo.to_import(DOCUMENT, con, batch_size=10)

    assert len(result.ok) == 15
    assert list(result.frame["attempts"].iloc[[0, 5, 14]]) == [1, 2, 2]
    assert ledger.applied_twice == []


def test_push_rate_limited_to_the_end_leaves_the_rest_not_sent() -> None:
    script = serving(fault=lambda call: "rate_limited" if call.number > 2 else None)
    with script as ledger, connected(ledger, max_retries=2) as con:
        df = orders(50)
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10)
        check(result, ledger, df)

    assert (len(result.ok), len(result.not_sent)) == (15, 35)
    assert len(ledger.calls) == 2 + 3


def test_push_server_gone_leaves_the_rest_not_sent() -> None:
    with serving() as ledger:
        pass
    with connected(ledger, max_retries=1) as con:
        result = orders(50).celigo.to_import(DOCUMENT, con)

    assert len(result.not_sent) == 50
    assert "refused" in result.summary()


def test_push_many_unknown_batches_in_a_row_stop() -> None:
    with serving(fault=lambda call: "unavailable" if call.number > 1 else None) as ledger, connected(ledger) as con:
        result = orders(200).celigo.to_import(DOCUMENT, con, batch_size=10)

    assert (len(result.ok), len(result.unknown), len(result.not_sent)) == (5, 50, 145)


def test_push_body_too_large_halves_and_goes_on() -> None:
    with serving(body_limit=1500) as ledger, connected(ledger) as con:
        df = orders(60, text="x" * 40)
        df.loc[33, "text"] = "x" * 2000
        result = df.celigo.to_import(DOCUMENT, con)
        check(result, ledger, df)

    assert list(result.failed["key"]) == [33]
    assert result.frame.loc[33, ["status_code", "code"]].tolist() == [413, "too_large"]
    assert len(result.ok) == 59


def test_push_batches_stay_below_the_size_limit() -> None:
    with serving() as ledger, connected(ledger) as con:
        df = orders(40, text="x" * 400_000)
        result = df.celigo.to_import(DOCUMENT, con)

    assert len(result.ok) == 40
    assert [len(call.keys) for call in ledger.calls] == [5, 12, 12, 11]


def test_push_file_import_goes_out_as_one_call() -> None:
    document = {"file": {"type": "csv", "fileName": "orders.csv"}, "ftp": {"directoryPath": "/out"}}
    with serving() as ledger, connected(ledger) as con:
        result = orders(5000).celigo.to_import(document, con)
        assert len(result.ok) == 5000
        assert [len(call.keys) for call in ledger.calls] == [5000]

        with pytest.raises(celigo.DocumentError, match="one file per call"):
            orders(5000, text="x" * 2000).celigo.to_import(document, con)
        assert len(ledger.calls) == 1

        document["file"]["fileName"] = 'orders-{{random "uuid"}}.csv'
        result = orders(5000, text="x" * 2000).celigo.to_import(document, con)
        assert len(result.ok) == 5000
        assert len(ledger.calls) == 4


def test_push_file_import_refuses_a_retry_that_would_replace_the_file() -> None:
    document = {"file": {"type": "csv", "fileName": "orders.csv"}}
    with serving() as ledger, connected(ledger) as con:
        df = orders(20)
        df["bad"] = df["key"] == 3
        result = df.celigo.to_import(document, con)
        assert len(result.failed) == 1

        with pytest.raises(celigo.DocumentError, match="once per call"):
            result.retry(result.failed.assign(bad=False))
        assert len(ledger.calls) == 1


def test_push_first_page_query_goes_out_as_one_call_or_not_at_all() -> None:
    document = {"rdbms": {"queryType": ["first_page"], "query": ["delete from t"]}}
    with serving() as ledger, connected(ledger) as con:
        orders(700).celigo.to_import(document, con)
        assert [len(call.keys) for call in ledger.calls] == [700]

        with pytest.raises(celigo.DocumentError, match="once per call"):
            orders(5000, text="x" * 2000).celigo.to_import(document, con)
        assert len(ledger.calls) == 1


def test_push_preview_and_read_only_send_nothing() -> None:
    with serving() as ledger:
        with connected(ledger) as con:
            shown = orders(30).celigo.to_import(DOCUMENT, con, preview=True)
            for text in (repr(shown), shown._repr_html_()):
                for part in ("30 rows", "Orders", "Ledger", "127.0.0.1", "5a1000000000000000000099"):
                    assert part in text
            assert list(shown.mapped["key"]) == [0, 1, 2, 3, 4]
            assert len(shown.not_sent) == 30
            with pytest.raises(celigo.ConfigError):
                shown.retry()
        with connected(ledger, read_only=True) as con:
            with pytest.raises(celigo.ConfigError, match="read-only"):
                orders(3).celigo.to_import(DOCUMENT, con)
            assert len(orders(3).celigo.dry_run(DOCUMENT, con).mapped) == 3
            assert con.client.last_push is None

    assert [path for _, path in ledger.requests if path.endswith("/import")] == []


def test_push_on_error_raise_raises_at_the_end() -> None:
    with serving() as ledger, connected(ledger) as con:
        df = orders(40)
        df["bad"] = df["key"] == 7
        with pytest.raises(celigo.ImportRejectedError, match="1 failed") as caught:
            df.celigo.to_import(DOCUMENT, con, batch_size=10, on_error="raise")

        assert len(caught.value.result.ok) == 39
        assert con.client.last_push is caught.value.result


def test_push_sends_each_batch_over_a_connection_of_its_own() -> None:
    """A late second answer, or a server that closes an idle connection, must cost no row its outcome."""
    with serving() as ledger, connected(ledger) as con:
        orders(30).celigo.to_import(DOCUMENT, con, batch_size=10)

    assert len({call.connection for call in ledger.calls}) == 4


@pytest.mark.parametrize("fault", ["again", "again_later"])
@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("refused", [[], [21, 57], [5]], ids=["none", "two", "first"])
def test_push_second_answer_is_nobody_elses(fault: str, workers: int, refused: list[int]) -> None:
    """One answer comes twice, at once or later; the batches after it must not be told its outcomes."""
    twice = serving(fault=lambda call: fault if call.number in (1, 3) else None, delay_s=0.02)
    with twice as ledger, connected(ledger) as con:
        df = orders(90)
        df["bad"] = df["key"].isin(refused)
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10, max_workers=workers)
        check(result, ledger, df)

    assert list(result.failed["key"]) == refused
    assert list(result.frame["id"].dropna()) == [f"id-{key}" for key in result.ok["key"]]


def test_push_learns_the_servers_limit() -> None:
    with serving(body_limit=3000) as ledger, connected(ledger) as con:
        df = orders(2000, text="x" * 40)
        df.loc[1000, "text"] = "x" * 4000
        result = df.celigo.to_import(DOCUMENT, con)
        check(result, ledger, df)

    assert len(result.ok) == 1999
    sizes = [len(call.keys) for call in ledger.calls if call.fault is None]
    assert sum(call.fault == "too_large" for call in ledger.calls) <= 8
    assert sorted(sizes)[len(sizes) // 2] == 25  # one record that is too large leaves the other batches alone
    assert [key for call in ledger.calls if call.fault is None for key in call.keys] == list(result.ok["key"])


def test_push_retry_of_an_older_result_sends_nothing_that_a_later_one_has_settled() -> None:
    """A notebook's cell with ``result.retry()`` is run twice."""
    with serving() as ledger, connected(ledger) as con:
        df = orders(30)
        df["bad"] = df["key"] % 10 == 3
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10)
        fixed = result.failed.assign(bad=False)

        assert len(result.retry(fixed).ok) == 30
        calls = len(ledger.calls)
        again = result.retry(fixed)

        assert len(again.ok) == 30
        assert len(ledger.calls) == calls
        check(again, ledger, df)


def test_push_retry_of_an_older_result_leaves_what_became_unknown() -> None:
    with serving() as ledger, connected(ledger) as con:
        df = orders(30)
        df["bad"] = df["key"] == 3
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10)
        fixed = result.failed.assign(bad=False)
        ledger.fault = lambda call: "reset_after"
        assert len(result.retry(fixed).unknown) == 1

        ledger.fault = lambda call: None
        again = result.retry(fixed)

        assert list(again.unknown["key"]) == [3]
        check(again, ledger, df)


@pytest.mark.parametrize("fault", ["unauthorized", "reset_after", None])
@pytest.mark.parametrize("loaded", [False, True])
def test_push_journal_that_was_deleted_makes_no_row_go_twice(tmp_path: Path, fault: str | None, loaded: bool) -> None:
    journal = tmp_path / "j"
    script = serving(fault=lambda call: fault if call.number == 3 else None)
    with script as ledger, connected(ledger) as con:
        df = orders(40)
        df["bad"] = df["key"] == 2
        result = df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=journal)
        shutil.rmtree(journal)
        if loaded:
            result.save(tmp_path / "result.parquet")
            result = celigo.ImportResult.load(tmp_path / "result.parquet", con)
            assert "is not here" in result.summary()

        once = result.retry()
        check(once, ledger, df)
        assert len(once.ok) == len(df) - 1 - len(result.unknown)
        twice = once.retry()
        check(twice, ledger, df)
        assert len(twice.ok) == len(once.ok)
        if not loaded:
            same = df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=journal)
            check(same, ledger, df)
            assert same.counts == twice.counts


@pytest.mark.parametrize("corrected", [False, True])
def test_push_loaded_result_goes_on_with_its_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corrected: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    script = serving(fault=lambda call: "unauthorized" if call.number == 2 else None)
    with script as ledger, connected(ledger) as con:
        df = orders(20)
        df["bad"] = df["key"] == 2
        df.celigo.to_import(DOCUMENT, con, batch_size=5, journal="j").save("result.parquet")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")  # the journal was named from another folder

        loaded = celigo.ImportResult.load("../result.parquet", con)
        fixed = loaded.failed.assign(bad=False) if corrected else None
        assert len(loaded.retry(fixed).ok) == (20 if corrected else 19)
        check(loaded.retry(), ledger, df)

        same = df.celigo.to_import(DOCUMENT, con, batch_size=5, journal="../j")
        check(same, ledger, df)
        assert len(same.ok) == (20 if corrected else 19)
        assert not (tmp_path / "elsewhere" / "j").exists()


def test_result_on_a_full_disk_says_so_and_leaves_the_earlier_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(table: Any, path: Path) -> None:
        path.write_bytes(b"PAR1")
        raise OSError(errno.ENOSPC, "Error writing bytes to file")

    with serving() as ledger, connected(ledger) as con:
        result = orders(3).celigo.to_import(DOCUMENT, con)
    file = tmp_path / "r.parquet"
    result.save(file)
    before = file.read_bytes()
    monkeypatch.setattr("celigo_pandas.accessors.pushes.result_files.pq.write_table", full)

    with pytest.raises(celigo.ConfigError, match=r"r\.parquet' cannot be written: No space left.*still whole here"):
        result.save(file)

    assert [path.name for path in tmp_path.iterdir()] == ["r.parquet"]
    assert file.read_bytes() == before


@pytest.mark.parametrize("broken", range(1, 13))
@pytest.mark.parametrize("repairable", [True, False])
def test_push_disk_that_is_full_once_leaves_a_journal_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: int, repairable: bool
) -> None:
    """Half a frame goes in; the answer of the other worker, which comes later, must not stand behind it."""
    writes: list[FullOnce] = []
    opening = os.fdopen

    def opened(*args: Any, **options: Any) -> FullOnce:
        writes.append(FullOnce(opening(*args, **options), broken, repairable))
        return writes[0]

    def slow(call: Call) -> str | None:
        time.sleep(0.02 * (call.number % 2))
        return None

    with serving(fault=slow) as ledger, connected(ledger) as con:
        df = orders(40)
        with monkeypatch.context() as patch:
            patch.setattr("celigo_pandas.journal.files.os.fdopen", opened)
            with pytest.raises(celigo.JournalError) as caught:
                df.celigo.to_import(DOCUMENT, con, batch_size=5, max_workers=2, journal=tmp_path / "j")
        assert "cannot be written" in str(caught.value)
        assert "Free some space" in str(caught.value)
        assert "resume=" not in str(caught.value)
        first = con.client.last_push
        assert (first is None) == (broken == 1)  # without its header a journal has seen no push
        if first is not None:
            check(first, ledger, df)

        again = df.celigo.to_import(DOCUMENT, con, batch_size=5, max_workers=2, journal=tmp_path / "j")
        check(again, ledger, df)
        assert len(again.ok) + len(again.unknown) == 40
        assert len(again.unknown) <= 2 * 5


class FullOnce:
    """A file on a disk that is full at one write, of which half goes in."""

    def __init__(self, file: Any, broken: int, repairable: bool) -> None:
        self.file, self.broken, self.repairable = file, broken, repairable
        self.written = 0

    def write(self, content: memoryview) -> int:
        self.written += 1
        if self.written == self.broken:
            self.file.write(content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self.file.write(content))

    def truncate(self, size: int) -> int:
        if self.written == self.broken and not self.repairable:
            raise OSError(errno.EIO, "Input/output error")
        return int(self.file.truncate(size))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@pytest.mark.parametrize("seed", range(40))
def test_push_random_stops_lost_journals_and_retries_nothing_twice(tmp_path: Path, seed: int) -> None:
    """Ctrl-C at any moment, a journal that is kept, lost or used by others, cells that are run twice."""
    rng = random.Random(seed)
    pressing = [False]

    def fault(call: Call) -> str | None:
        draw = random.Random(f"{seed} {call.number}")
        if pressing[0] and draw.random() < 0.3:
            pressing[0] = False
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
        return draw.choice(FAULTS) if draw.random() < 0.3 else None

    patient = Clock(sleep=lambda seconds: time.sleep(60), wait=lambda stop, seconds: stop.wait(0.05))
    journal, loses = rng.choice([(None, False), (tmp_path / "j", True), (tmp_path / "j", False)])
    script = serving(fault=fault, slow_s=0.08)
    with script as ledger, connected(ledger, timeout_s=0.06, clock=patient) as con:
        df = orders(rng.randrange(20, 90))
        df["bad"] = [rng.random() < 0.1 for _ in range(len(df))]
        options = {"batch_size": rng.choice([4, 10]), "max_workers": rng.choice([1, 4]), "journal": journal}
        pushes: list[Any] = [lambda: df.celigo.to_import(DOCUMENT, con, **options)]
        results: list[celigo.ImportResult] = []
        for _ in range(6):
            pressing[0] = rng.random() < 0.7
            try:
                results.append(rng.choice(pushes)())
            except celigo.PushCancelled as error:
                results.append(error.result)
            finally:
                pressing[0] = False
            check(results[-1], ledger, df)
            pushes = [result.retry for result in results]
            if loses and rng.random() < 0.3:
                shutil.rmtree(journal)
            elif journal is not None and not loses:  # as another process would
                pushes.append(lambda: df.celigo.to_import(DOCUMENT, con, **options))
                results[-1].save(tmp_path / "r.parquet")
                pushes.append(lambda: celigo.ImportResult.load(tmp_path / "r.parquet", con).retry())
