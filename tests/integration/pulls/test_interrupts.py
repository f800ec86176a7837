"""Ctrl-C in this process, alone and while many pulls run."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest
from support.page_socket import Answer, Stalling, sends, serving
from support.pulls import EXPORT

from celigo_pandas.accessors import read_export, read_exports
from celigo_pandas.errors import ConfigError, PullCancelled


def _interrupt_this_process_when(stalled: threading.Event) -> None:
    def wait() -> None:
        stalled.wait(30)
        time.sleep(0.2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()


@pytest.fixture(params=[True, False], ids=["usual", "waits go on after signals"], autouse=True)
def handler_of_signals(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have the system go on with a wait on a lock after Ctrl-C, too: importing polars does that to a process."""
    signal.siginterrupt(signal.SIGINT, request.param)
    yield
    signal.siginterrupt(signal.SIGINT, True)


def test_ctrl_c_raises_at_once_with_the_rows() -> None:
    script = Stalling()
    with serving(script) as (_, con):
        _interrupt_this_process_when(script.stalled)

        with pytest.raises(PullCancelled, match=r"client\.last_pull\.resume\(\)") as caught:
            read_export(EXPORT, con)

        assert isinstance(caught.value, KeyboardInterrupt)
        assert caught.value.partial["n"].tolist() == [0, 1, 2, 3, 4, 5]


def test_ctrl_c_in_a_consuming_export_is_not_taken_up_again() -> None:
    script = Stalling()
    with serving(script) as (server, con):
        _interrupt_this_process_when(script.stalled)

        with pytest.raises(PullCancelled):
            read_export({"type": "once"}, con, consume=True)

        with pytest.raises(ConfigError, match="may be gone from the source unread"):
            con.client.last_pull.resume()
        assert len(server.bodies) == 4


def test_ctrl_c_in_many_pulls_ends_them_within_one_request() -> None:
    begun = threading.Event()

    def script(number: int, body: bytes) -> Answer:
        if number > 6:
            begun.set()
        time.sleep(0.05)
        state = json.loads(body).get("pagedExportState") or {"p": 0}
        return sends(b'{"data":[{"n":1}],"pagedExportState":{"p":%d,"done":false}}' % (state["p"] + 1))

    with serving(script) as (server, con):
        _interrupt_this_process_when(begun)
        with pytest.raises(PullCancelled) as caught:
            read_exports({"a": EXPORT, "b": EXPORT, "c": EXPORT}, con, max_workers=2)

        assert len(server.bodies) < 100
        assert sorted(caught.value.partial.failures) == ["a", "b", "c"]
        assert len(caught.value.partial.pulls["a"].partial) >= 1


def test_ctrl_c_ends_many_pulls_that_wait_for_a_busy_server() -> None:
    """Each would ask again in eight minutes, which is within the deadline of a call."""
    asked = threading.Event()

    def script(number: int, body: bytes) -> Answer:
        if b'"n":1' in body:
            return sends(b'{"data":[{"n":1}]}')
        asked.set()
        return sends(b"", "429 Too Many Requests", "Retry-After: 480\r\n")

    with serving(script) as (server, con):
        _interrupt_this_process_when(asked)
        with pytest.raises(PullCancelled) as caught:
            read_exports([{"n": 1}, {"n": 2}, {"n": 3}], con)

        assert list(caught.value.partial) == ["0"]
        assert all(isinstance(error, PullCancelled) for error in caught.value.partial.failures.values())
        assert len(server.bodies) == 3


class _Patience(Exception):
    """What a user's own time limit raises."""


def test_other_signal_that_raises_ends_many_pulls_and_goes_on() -> None:
    begun = threading.Event()

    def script(number: int, body: bytes) -> Answer:
        if number > 6:
            begun.set()
        state = json.loads(body).get("pagedExportState") or {"p": 0}
        return sends(b'{"data":[{"n":1}],"pagedExportState":{"p":%d,"done":false}}' % (state["p"] + 1))

    def strike(number: int, frame: object) -> None:
        raise _Patience

    before = signal.signal(signal.SIGINT, strike)
    try:
        with serving(script) as (server, con):
            _interrupt_this_process_when(begun)
            with pytest.raises(_Patience):
                read_exports({"a": EXPORT, "b": EXPORT, "c": EXPORT}, con, max_workers=2)

            assert con.client.last_pull.reason == "PullCancelled"
            assert con.client.last_pull.rows >= 1
            assert len(server.bodies) < 1000
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_before_all_pulls_have_begun_asks_for_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = ThreadPoolExecutor.submit

    def strike_at_the_second(pool: ThreadPoolExecutor, work: Callable[[], object]) -> Future[object]:
        if server.bodies:
            raise KeyboardInterrupt
        begun = begin(pool, work)
        wait([begun])
        return begun

    monkeypatch.setattr(ThreadPoolExecutor, "submit", strike_at_the_second)
    with serving(lambda number, body: sends(b'{"data":[{"n":1}]}')) as (server, con):
        with pytest.raises(PullCancelled) as caught:
            read_exports({"a": EXPORT, "b": EXPORT, "c": EXPORT}, con)

        assert list(caught.value.partial) == ["a"]
        assert sorted(caught.value.partial.failures) == ["b", "c"]
        assert len(server.bodies) == 1
