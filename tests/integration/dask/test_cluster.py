"""Pulls and pushes on a cluster of two processes, against engines and servers on real sockets."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import cloudpickle
import dask.dataframe as dd
import pandas as pd
import psutil
import pytest
from support.engine import TOKEN, EngineProcess, make_sqlite
from support.ledger import CONNECTION, Call, serving
from support.pushes import DOCUMENT
from support.standin import Seen, StandIn

import celigo_pandas as celigo
from celigo_pandas.dask import workers

pytestmark = [
    pytest.mark.cluster,
    # Nannies and their sockets are closed by the cluster's own loop, which the collector may overtake.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

META = {"id": "Int64", "amount": "Int64", "note": "str"}


def month(name: str) -> dict[str, Any]:
    return {"rdbms": {"query": f"select id, amount, note from orders where month = '{name}'"}}


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


# -- pulls ------------------------------------------------------------------------------------------------------------


def test_flights_by_month_are_what_one_pull_gives(cluster_client: Any, flights: Any) -> None:
    query = "select * from flights"
    whole = celigo.read_export({"rdbms": {"query": f"{query} order by month, rowid"}}, flights)

    ddf = celigo.dask.read_exports(
        {str(month): {"rdbms": {"query": f"{query} where month = {month} order by rowid"}} for month in range(1, 13)},
        flights,
    )
    kept = ddf.persist()
    found = kept.compute()

    assert kept.npartitions == 12
    assert len(found) == 336_776
    assert found.dtypes.equals(ddf.dtypes)
    pd.testing.assert_frame_equal(found.reset_index(drop=True), whole, check_dtype=False)
    delays = kept.groupby("carrier")["dep_delay"].mean().compute().sort_index()
    pd.testing.assert_series_equal(delays, whole.groupby("carrier")["dep_delay"].mean(), check_dtype=False)


def test_mixed_types_and_an_empty_month(cluster_client: Any, months: Any) -> None:
    names = ["2024-01", "2024-02", "2024-03", "2024-04"]
    with pytest.warns(celigo.MixedTypesWarning):
        whole = celigo.read_export({"rdbms": {"query": "select id, amount, note from orders order by id"}}, months)

    with pytest.warns(celigo.MixedTypesWarning):  # of the third month's first page
        ddf = celigo.dask.read_exports({name: month(name) for name in names}, months)
    found = ddf.compute()

    assert [len(ddf.partitions[place]) for place in range(4)] == [2, 0, 2, 1]
    assert {name: str(dtype) for name, dtype in ddf.dtypes.items()} == {
        "id": "Int64", "amount": "object", "note": "object",
    }  # fmt: skip
    assert found.dtypes.equals(ddf.dtypes)
    for name in whole:
        assert (
            found[name].astype(object).where(found[name].notna(), None).tolist()
            == whole[name].astype(object).where(whole[name].notna(), None).tolist()
        )


def test_value_that_was_not_agreed_names_export_column_and_value(cluster_client: Any, months: Any) -> None:
    ddf = celigo.dask.read_exports({name: month(name) for name in ("2024-01", "2024-04")}, months, meta=META)

    with pytest.raises(celigo.FrameError, match=r"Export '2024-04': .*'amount'.*'n/a'"):
        ddf.compute()
    assert ddf["id"].sum().compute() == 8  # a pull of this column alone does not see the other


def test_failing_month_is_named_and_the_others_stand(cluster_client: Any, months: Any) -> None:
    exports = {"2024-01": month("2024-01"), "bad": {"rdbms": {"query": "select id from no_such_table"}}}

    with pytest.raises(celigo.CeligoError, match=r"Export 'bad': .*no_such_table"):
        celigo.dask.read_exports(exports, months)
    ddf = celigo.dask.read_exports(exports, months, meta=META)
    with pytest.raises(celigo.InvalidRequestError, match=r"Export 'bad': .*no_such_table"):
        ddf.compute()
    assert ddf.partitions[0]["id"].compute().tolist() == [1, 2]


def test_lists_and_objects_survive_and_columns_reach_the_pull(
    cluster_client: Any, engine: EngineProcess, account: Any
) -> None:
    rows = [{"id": 1, "tags": ["a", {"b": 1}], "o": {"x": 1, "y": [2]}}, {"id": 2, "tags": [], "o": {"x": None}}]
    mock = {"name": "mock", "type": "netsuite", "netsuite": {"authType": "token-auto", "account": "1"}}
    con = account.connections[engine.connection(mock)]
    exports = {"one": {"mockOutput": {"page_of_records": [{"record": row} for row in rows]}}}

    ddf = celigo.dask.read_exports(exports, con, nested="keep")

    for found in (ddf.compute(), ddf[ddf["id"] > 0].persist().compute()):
        assert found["tags"].tolist() == [["a", {"b": 1}], []]
        assert found["o"].tolist() == [{"x": 1, "y": [2]}, {"x": None}]
    flat = celigo.dask.read_exports(exports, con)
    assert list(flat.columns) == ["id", "tags", "o.x", "o.y"]
    assert flat["o.y"].compute().tolist() == [[2], None]
    assert [list(part.columns) for part in flat[["o.x"]].partitions] == [["o.x"]]
    wanted = celigo.dask.read_exports(exports, con, columns=["o"])
    assert list(wanted.compute().columns) == ["o.x", "o.y"]


def listen() -> None:
    """On a worker: keep what the client's log says of each request."""

    class Attempts(logging.Handler):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[tuple[int, int]] = []

        def emit(self, record: logging.LogRecord) -> None:
            if "attempts" in record.msg:
                _, _, status, attempts, *_ = record.args  # type: ignore[misc]
                self.seen.append((status, attempts))

    logger = logging.getLogger("celigo_pandas")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(Attempts())


def heard() -> list[tuple[int, int]]:
    """On a worker: status and attempts of each request since :func:`listen`."""
    logger = logging.getLogger("celigo_pandas")
    handler = logger.handlers[-1]
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    return handler.seen  # type: ignore[attr-defined, no-any-return]


def test_no_429_reaches_the_user(cluster_client: Any, tmp_path: Any) -> None:
    with (
        EngineProcess("--choice", "rate_capacity=50", "--choice", "rate_refill_per_s=1") as slow,
        celigo.connect(TOKEN, base_url=slow.url, progress=False) as client,
    ):
        path = make_sqlite(tmp_path / "t.db", t=[{"id": n} for n in range(14)])
        con = client.connections[slow.sqlite(path)]
        exports = {str(n): {"rdbms": {"query": f"select id from t where id % 2 = {n}"}} for n in range(2)}
        ddf = celigo.dask.read_exports(exports, con, page_size=1, meta={"id": "Int64"})

        while slow.call("GET", "/tokenInfo").status_code == 200:  # until the bucket is empty
            pass
        cluster_client.run(listen)
        found = ddf["id"].compute()
        seen = [request for worker in cluster_client.run(heard).values() for request in worker]

        assert found.tolist() == [*range(0, 14, 2), *range(1, 14, 2)]
        assert {status for status, _ in seen} == {200}
        assert sum(attempts - 1 for _, attempts in seen) > 0  # each one more was a 429


def test_the_budget_of_an_account_is_shared(cluster_client: Any, account: Any) -> None:
    route = workers.checked_route(account.base_url, None, None, cluster_client)

    def budget(route: Any) -> tuple[float, float]:
        with route.open(read_only=True) as client:
            return client.api.bucket.capacity, client.api.bucket.refill_per_s

    assert set(cluster_client.run(budget, route).values()) == {(500.0, 150.0)}
    grown = workers.checked_route(account.base_url, None, 10, cluster_client)
    assert set(cluster_client.run(budget, grown).values()) == {(100.0, 30.0)}


def test_each_collection_is_pulled_anew(cluster_client: Any, months: Any) -> None:
    first, second = (celigo.dask.read_exports({"a": month("2024-01")}, months) for _ in range(2))

    assert first._name != second._name


@pytest.mark.parametrize(
    "export",
    [{"type": "once", "rdbms": {"query": "select 1"}}, {"rdbms": {"query": "delete from orders"}},
     {"rdbms": {"query": "call close_month()"}}],
    ids=["once", "delete", "procedure"],
)  # fmt: skip
def test_exports_that_change_their_source_are_refused(cluster_client: Any, months: Any, export: Any) -> None:
    with pytest.raises(celigo.DocumentError, match="Export 'x' changes its source, or may"):
        celigo.dask.read_exports({"x": export}, months)


# -- workers and tokens -----------------------------------------------------------------------------------------------


def test_worker_without_a_token_is_found_before_anything_runs(cluster_client: Any, months: Any) -> None:
    def take_away() -> str:
        return os.environ.pop("CELIGO_API_TOKEN")

    address = next(iter(cluster_client.scheduler_info(n_workers=-1)["workers"]))
    token = cluster_client.run(take_away, workers=[address])[address]
    try:
        with pytest.raises(celigo.ConfigError, match=r"1 of 2 workers .*No API token was found.*its own environment"):
            celigo.dask.read_exports({"a": month("2024-01")}, months, meta={"id": "Int64"})
    finally:
        cluster_client.run(lambda: os.environ.update(CELIGO_API_TOKEN=token), workers=[address])


def test_worker_of_another_version_is_found(cluster_client: Any, months: Any) -> None:
    def pretend(version: str) -> str:
        from celigo_pandas.dask import workers

        was, workers._VERSION = workers._VERSION, version
        return was

    was = set(cluster_client.run(pretend, "0.0.1").values()).pop()
    try:
        with pytest.raises(celigo.ConfigError, match=f"2 of 2 workers .*has celigo_pandas 0.0.1, this process {was}"):
            celigo.dask.read_exports({"a": month("2024-01")}, months)
    finally:
        cluster_client.run(pretend, was)


def test_worker_that_does_not_see_the_journal_is_found_before_anything_is_sent(
    cluster_client: Any, tmp_path: Any
) -> None:
    def look_for(record: str) -> str:
        from celigo_pandas.dask import partition_pushes

        was, partition_pushes._RECORD = partition_pushes._RECORD, record
        return was

    address = next(iter(cluster_client.scheduler_info(n_workers=-1)["workers"]))
    was = cluster_client.run(look_for, "of-another-disk.json", workers=[address])[address]
    try:
        with serving() as ledger, celigo.connect("token", base_url=ledger.url, progress=False) as client:
            with pytest.raises(celigo.ConfigError, match=rf"1 of 2 workers do not see the journal .*j'?: {address}"):
                celigo.dask.to_import(
                    orders(20, 2), DOCUMENT, celigo.Connection(client, CONNECTION), journal=tmp_path / "j"
                )
            assert ledger.calls == []
    finally:
        cluster_client.run(look_for, was, workers=[address])


def test_token_is_in_no_graph_state_or_log(cluster_client: Any, months: Any, tmp_path: Any) -> None:
    exports = {"2024-01": month("2024-01"), "bad": {"rdbms": {"query": "select id from no_such_table"}}}
    ddf = celigo.dask.read_exports(exports, months, meta=META)
    kept = ddf.persist()
    futures = cluster_client.futures_of(kept)
    wait_until(lambda: all(future.done() for future in futures))
    scheduler = cluster_client.cluster.scheduler

    def worker_state(dask_worker: Any) -> bytes:
        tasks = [repr(vars(task) if hasattr(task, "__dict__") else task) for task in dask_worker.state.tasks.values()]
        specs = [cloudpickle.dumps(task.run_spec) for task in dask_worker.state.tasks.values()]
        return "\n".join([*tasks, repr(dask_worker.get_logs())]).encode() + b"".join(specs)

    seen = {
        "graph": cloudpickle.dumps(ddf.__dask_graph__()),
        "collection": pickle.dumps(ddf),
        "repr": (repr(ddf) + ddf._repr_html_()).encode(),
        "specs": b"".join(cloudpickle.dumps(task.run_spec) for task in scheduler.tasks.values()),
        "exceptions": b"".join(
            cloudpickle.dumps((task.exception, task.traceback, task.exception_text, task.traceback_text))
            for task in scheduler.tasks.values()
        ),
        "scheduler": repr(scheduler.identity()).encode() + repr(cluster_client.get_scheduler_logs()).encode(),
        "events": repr(cluster_client.get_events()).encode(),
        "workers": b"".join(cluster_client.run(worker_state).values()),
        "worker logs": repr(cluster_client.get_worker_logs()).encode(),
        "nanny logs": repr(cluster_client.get_worker_logs(nanny=True)).encode(),
    }

    assert [place for place, content in seen.items() if TOKEN.encode() in content] == []
    assert b"no_such_table" in seen["specs"]  # this scan does see what is there
    assert b"no_such_table" in seen["workers"]
    assert b"Export 'bad'" in seen["exceptions"]


# -- pushes -----------------------------------------------------------------------------------------------------------


def orders(rows: int, partitions: int) -> dd.DataFrame:
    return dd.from_pandas(pd.DataFrame({"key": range(rows)}), npartitions=partitions)


def ledger_connection(ledger: Any) -> Any:
    client = celigo.connect("token", base_url=ledger.url, progress=False)
    return celigo.Connection(client, CONNECTION)


def test_outcomes_by_partition_and_the_same_call_again(cluster_client: Any, tmp_path: Any) -> None:
    rows = pd.DataFrame({"key": range(90), "bad": [n % 10 == 3 for n in range(90)]})
    ddf = dd.from_pandas(rows, npartitions=3)
    ddf = dd.concat([ddf, ddf[ddf["key"] < 0]])  # and partitions without a row
    with serving() as ledger:
        con = ledger_connection(ledger)
        outcomes = celigo.dask.to_import(ddf, DOCUMENT, con, journal=tmp_path / "j", batch_size=7)
        found = outcomes.compute()
        calls = len(ledger.calls)
        again = celigo.dask.to_import(ddf, DOCUMENT, con, journal=tmp_path / "j", batch_size=7).compute()

        assert outcomes.npartitions == 6
        assert found.index.tolist() == list(range(90))
        assert found["outcome"].value_counts().to_dict() == {"ok": 81, "failed": 9}
        assert found.loc[3, "message"] == "sku '3' is required"
        assert found.dtypes.equals(outcomes.dtypes)
        assert len(ledger.calls) == calls
        pd.testing.assert_frame_equal(again, found)
        assert ledger.applied_twice == []
        con.client.close()


def test_a_partition_that_stops_leaves_the_others_and_goes_on_by_the_same_call(
    cluster_client: Any, tmp_path: Any
) -> None:
    with serving(fault=lambda call: "unauthorized" if 0 in call.keys else None) as ledger:
        con = ledger_connection(ledger)
        stopped = celigo.dask.to_import(orders(40, 2), DOCUMENT, con, journal=tmp_path / "j").compute()

        assert stopped["outcome"].tolist() == ["failed"] * 5 + ["not_sent"] * 15 + ["ok"] * 20
        assert stopped.loc[0, "message"] == "The token has expired."
        ledger.fault = lambda call: None
        found = celigo.dask.to_import(orders(40, 2), DOCUMENT, con, journal=tmp_path / "j").compute()

        assert found["outcome"].tolist() == ["failed"] * 5 + ["ok"] * 35
        assert ledger.applied == Counter(range(5, 40))
        con.client.close()


def test_what_could_send_twice_or_lose_is_refused_before_it_is_sent(cluster_client: Any, tmp_path: Any) -> None:
    with serving() as ledger:
        con = ledger_connection(ledger)
        push = celigo.dask.to_import
        push(orders(20, 2), DOCUMENT, con, journal=tmp_path / "j")
        sent = len(ledger.calls)
        changed = orders(20, 2).map_partitions(lambda part: part + (part.index[0] > 0))
        with pytest.raises(celigo.JournalError, match="partitions is 4, was 2"):
            push(orders(20, 4), DOCUMENT, con, journal=tmp_path / "j")
        with pytest.raises(celigo.JournalError, match="document is"):
            push(orders(20, 2), {**DOCUMENT, "name": "other"}, con, journal=tmp_path / "j")
        with pytest.raises(celigo.JournalError, match="Partition 1: "):
            push(changed, DOCUMENT, con, journal=tmp_path / "j")
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "notes.txt").write_text("mine")
        with pytest.raises(celigo.JournalError, match="holds other things"):
            push(orders(20, 2), DOCUMENT, con, journal=tmp_path / "mine")
        with pytest.raises(celigo.DocumentError, match="acts once per call"):
            push(orders(20, 2), {"file": {"fileName": "a.csv"}}, con, journal=tmp_path / "k")
        with pytest.raises(celigo.ConfigError, match=r"Column 'o\.x' may be a member"):
            push(orders(20, 2).rename(columns={"key": "o.x"}), DOCUMENT, con, journal=tmp_path / "k")
        with pytest.raises(celigo.ConfigError, match="expected a Dask DataFrame"):
            push(pd.DataFrame({"key": [1]}), DOCUMENT, con, journal=tmp_path / "k")
        with pytest.raises(celigo.ConfigError, match="journal=None; expected the path of a folder"):
            push(orders(20, 2), DOCUMENT, con, journal=None)  # type: ignore[arg-type]
        assert len(ledger.calls) == sent
        con.client.close()


# -- killed workers: last, for a busy machine is slow to start others -------------------------------------------------


def pid_of(port: int, pids: Iterable[int]) -> int:
    """Return which of these processes sends from a port."""
    return next(pid for pid in pids if port in {end.laddr.port for end in psutil.Process(pid).net_connections("tcp")})


def test_worker_that_is_killed_while_it_pulls(cluster_client: Any, tmp_path: Any) -> None:
    pids = cluster_client.run(os.getpid)
    killed: list[int] = []

    def kill(seen: Seen) -> None:
        killed.append(pid_of(seen.connection[1], pids.values()))
        os.kill(killed[0], signal.SIGKILL)

    path = make_sqlite(tmp_path / "t.db", t=[{"id": n} for n in range(40)])
    with StandIn(token=TOKEN) as server, celigo.connect(TOKEN, base_url=server.url, progress=False) as client:
        con = client.connections[server.add("W", type="rdbms", rdbms={"type": "sqlite", "database": str(path)})]
        exports = {str(n): {"rdbms": {"query": f"select id from t where id / 10 = {n}"}} for n in range(4)}
        ddf = celigo.dask.read_exports(exports, con, page_size=1, meta={"id": "Int64"})
        before = len(server.requests)
        server.next = [lambda seen: None] * 7 + [kill]

        found = ddf.compute()

    assert len(killed) == 1
    assert found["id"].tolist() == list(range(40))
    assert len(server.requests) - before > 40  # one partition was begun twice


def test_worker_that_is_killed_while_it_pushes_doubles_nothing(cluster_client: Any, tmp_path: Any) -> None:
    pids = cluster_client.run(os.getpid)
    killed: list[Call] = []

    def kill(call: Call) -> None:
        if call.number == 12:
            killed.append(call)
            os.kill(pid_of(call.connection, pids.values()), signal.SIGKILL)

    with serving(fault=kill) as ledger:
        con = ledger_connection(ledger)
        outcomes = celigo.dask.to_import(orders(200, 4), DOCUMENT, con, journal=tmp_path / "j", batch_size=5).compute()

        # The call that nobody heard the answer of was applied: it is not known, and not sent again.
        unknown = outcomes.index[outcomes["outcome"] == "unknown"]
        assert unknown.tolist() == killed[0].keys
        assert outcomes["outcome"].value_counts().to_dict() == {"ok": 195, "unknown": 5}
        assert ledger.applied == Counter(range(200))
        con.client.close()
