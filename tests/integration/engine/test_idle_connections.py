"""An engine with the usual 1,024 files, and somebody who opens connections and says nothing."""

from __future__ import annotations

import resource
import socket
from contextlib import ExitStack

import pytest
from support.engine import EngineProcess


@pytest.fixture
def many_files() -> None:
    """Let this process hold both the idle connections and what the other tests hold."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4_000:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4_000, hard), hard))


def test_owner_is_answered_beside_1100_idle_connections_and_the_log_stays_small(many_files: None) -> None:
    with EngineProcess() as engine, ExitStack() as opened:
        resource.prlimit(engine.process.pid, resource.RLIMIT_NOFILE, (1_024, 1_024))
        port = int(engine.url.rpartition(":")[2])
        for number in range(1_100):
            idle = opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            if number % 2:
                idle.sendall(b"POST /v1/connections HTTP/1.1\r\nHost: ")
            if number % 300 == 299:
                assert engine.call("GET", "/connections", timeout=10).status_code == 204

        for _ in range(20):
            assert engine.call("GET", "/connections", timeout=10).status_code == 204
        assert len(engine.log()) < 5_000, engine.log()[:2_000]
