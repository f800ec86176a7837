"""Pushes of plans: their journal, what stays here, and what the engine cannot tell looked up at the destination."""

from __future__ import annotations

import random
import threading
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from support import soak
from support.ledger import serving
from support.pushes import DOCUMENT, connected, orders
from support.rest_standin import Answer, Asked, answer_json, serve

import celigo_pandas as celigo
from celigo_pandas import build
from celigo_pandas.errors import ConfigError
from celigo_pandas.journal.listing import list_journals


@pytest.mark.soak
def test_engine_with_a_failing_service_everything_arrives_once(client: celigo.Client) -> None:
    rng = random.Random(soak.seed("a failing service"))
    for _ in range(soak.runs(2, 100)):
        applied: Counter[int] = Counter()
        lock = threading.Lock()

        def handle(asked: Asked, applied: Counter[int] = applied, lock: threading.Lock = lock) -> Answer:
            with lock:
                if asked.method == "GET":
                    return answer_json([{"key": key, "name": f"n{key}"} for key in applied.elements()])
                draw = rng.random()
                if draw < 0.15:
                    return answer_json({"error": "before"}, 504)
                applied[asked.json["key"]] += 1
                return answer_json({"error": "after"}, 504) if draw < 0.3 else answer_json({})

        with serve(handle) as server:
            auth = {"type": "token", "token": {"token": "t", "location": "header"}}
            http = {"baseURI": server.url, "mediaType": "json", "auth": auth}
            con = client.connections.create({"name": server.url, "type": "http", "http": http})
            export = build.http_export("/items")
            df = pd.DataFrame({"key": range(60), "name": [f"n{key}" for key in range(60)]})
            applied.update(range(20))

            plan = df.celigo.plan_import(build.http_import("/items"), con, current=export, key="key", progress=False)
            assert (plan.counts["unchanged"], plan.counts["create"]) == (20, 40)
            result = plan.push(first=0, batch_size=20, progress=False)
            for _ in range(30):
                result = result.reconcile(export, "key", progress=False)
                assert not len(result.unknown)
                if not len(result.not_sent) + len(result.failed):
                    break
                result = result.retry()

        assert result.counts == {"ok": 40, "failed": 0, "ignored": 0, "unknown": 0, "not_sent": 0, "unchanged": 20}
        assert applied == Counter(range(60))


def test_rows_that_stay_here_are_never_sent_not_by_a_retry_either(tmp_path: Path) -> None:
    current = pd.DataFrame({"key": [0, 1, 2, 2], "name": ["x", "y", "x", "x"]})
    df = orders(6, name="x", bad=[False, False, False, False, True, False])
    with serving() as ledger, connected(ledger) as con:
        plan = df.celigo.plan_import(DOCUMENT, con, current=current, key="key", columns=["name"])
        assert plan.frame["action"].tolist() == ["unchanged", "update", "conflict", "create", "create", "create"]

        result = plan.push(["create"], first=0, journal=tmp_path / "j")

        assert result.frame["outcome"].tolist() == ["unchanged", "withheld", "withheld", "ok", "failed", "ok"]
        assert result.frame["code"].tolist()[1:3] == ["update", "conflict"]
        assert "2 rows at the destination have this key" in result.frame["message"].iloc[2]
        assert (list(result.unchanged["key"]), list(result.withheld["key"])) == ([0], [1, 2])
        assert result.summary() == "6 rows: 2 ok, 1 failed, 1 unchanged, 2 withheld."
        again = result.retry(result.failed.assign(bad=False))
        result.save(tmp_path / "r.parquet")
        assert sorted(ledger.applied) == [3, 4, 5]
        assert again.summary() == "6 rows: 3 ok, 1 unchanged, 2 withheld."
        loaded = celigo.ImportResult.load(tmp_path / "r.parquet", con=con)
        assert loaded.counts == result.counts
        loaded.retry(unknown=True)
        assert ledger.applied_twice == []
        html = result._repr_html_()
        assert "withheld" in html


def test_journal_holds_the_digest_and_a_new_plan_goes_on_with_it(tmp_path: Path) -> None:
    df = orders(40, name="x")
    nothing = pd.DataFrame({"key": [100], "name": ["x"]})
    with serving(fault=lambda call: "unauthorized" if call.number == 3 else None) as ledger, connected(ledger) as con:
        plan = df.celigo.plan_import(DOCUMENT, con, current=nothing, key="key")
        stopped = plan.push(batch_size=10, first=0, journal=tmp_path / "j")
        assert (len(stopped.ok), len(stopped.failed), len(stopped.not_sent)) == (20, 10, 10)
        (entry,) = list_journals(tmp_path)
        assert (entry["plan"], entry["state"]) == (plan.digest, "unfinished")

        now = pd.DataFrame({"key": [*range(20), 35], "name": "x"})
        newer = df.celigo.plan_import(DOCUMENT, con, current=now, key="key")
        resumed = newer.push(batch_size=10, first=0, journal=tmp_path / "j")

        assert newer.digest != plan.digest
        assert resumed.counts == {"ok": 29, "failed": 10, "ignored": 0, "unknown": 0, "not_sent": 0, "unchanged": 1}
        assert sorted(ledger.applied) == [*range(20), *range(30, 35), *range(36, 40)]
        assert ledger.applied_twice == []
        (entry,) = list_journals(tmp_path)
        assert (entry["plan"], entry["state"]) == (newer.digest, "finished")
        assert entry["outcomes"]["unchanged"] == 1


def test_plan_without_anything_to_send_sends_nothing() -> None:
    df = orders(5, name="x")
    with serving() as ledger, connected(ledger) as con:
        plan = df.celigo.plan_import(DOCUMENT, con, current=df, key="key")
        result = plan.push()

        assert result.summary() == "5 rows: 5 unchanged."
        result.raise_for_failures()
        assert ledger.calls == []


def test_push_of_a_plan_refuses_before_anything_is_sent() -> None:
    df = orders(5, name="x")
    with serving() as ledger, connected(ledger, read_only=True) as con:
        plan = df.celigo.plan_import(DOCUMENT, con, current=df, key="key")
        with pytest.raises(ConfigError, match="read-only"):
            plan.push()
        with pytest.raises(ConfigError, match="'creat'"):
            plan.push(["creat"])
        lonely = df.celigo.plan_import(DOCUMENT, current=df, key="key")
        with pytest.raises(ConfigError, match="No connection"):
            lonely.push()
        assert ledger.calls == []
    with serving() as ledger, connected(ledger) as con:
        plan = df.celigo.plan_import(DOCUMENT, con, current=df.head(0), key="key")
        for age in ("soon", 10, "NaT"):
            with pytest.raises(ConfigError, match="max_age"):
                plan.push(max_age=age)  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match="cannot be made anew"):
            plan.push(max_age="0s")
        assert ledger.calls == []
        assert len(plan.push(max_age="1d").ok) == 5
