from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from celigo_pandas.engine.refusals import Refusal
from celigo_pandas.engine.safety.worker_threads import Gates, Workers, concurrency_of


def test_gate_lets_no_more_in_than_its_limit() -> None:
    inside, most = 0, 0

    async def call(gates: Gates) -> None:
        nonlocal inside, most
        async with gates.hold("a", 3):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    async def story() -> None:
        gates = Gates(5)
        await asyncio.gather(*(call(gates) for _ in range(20)))

    asyncio.run(story())
    assert most == 3


def test_gate_that_stays_shut_is_a_429_and_others_pass() -> None:
    async def story() -> None:
        gates = Gates(0.1)
        async with gates.hold("a", 1):
            with pytest.raises(Refusal) as caught:
                async with gates.hold("a", 1):
                    pass
            assert caught.value.status == 429
            assert int(caught.value.headers["Retry-After"]) > 0
            async with gates.hold("b", 1):
                pass
        async with gates.hold("a", 1):
            pass

    asyncio.run(story())


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ({"_id": "x", "type": "http", "http": {}}, ("x", 25)),
        ({"_id": "x", "type": "rdbms", "rdbms": {}}, ("x", 5)),
        ({"_id": "x", "type": "ftp"}, ("x", 1)),
        ({"_id": "x", "type": "rdbms", "rdbms": {"concurrencyLevel": 9}}, ("x", 9)),
        ({"_id": "x", "type": "rdbms", "rdbms": {"concurrencyLevel": 99}}, ("x", 25)),
        ({"_id": "x", "type": "rdbms", "rdbms": {"concurrencyLevel": 0}}, ("x", 1)),
        ({"_id": "x", "type": "rdbms", "rdbms": {"concurrencyLevel": True}}, ("x", 5)),
        ({"_id": "x", "type": "rest", "rest": {}}, ("x", 5)),
        ({"_id": "x", "type": "rest", "rest": {}, "http": {"concurrencyLevel": 7}}, ("x", 7)),
        ({"_id": "x", "type": "http", "http": {"concurrencyLevel": "12"}}, ("x", 12)),
        ({"type": "http"}, ("virtual", 25)),
    ],
)
def test_concurrency_is_read_from_the_type_block(doc: dict[str, Any], expected: tuple[str, int]) -> None:
    assert concurrency_of(doc) == expected


def test_workers_do_store_work_while_sources_hang() -> None:
    async def story() -> None:
        workers = Workers(2, 1)
        released = threading.Event()
        hanging = [asyncio.ensure_future(workers.source(released.wait, 60)) for _ in range(2)]
        assert await asyncio.wait_for(workers.store(lambda: 5), 30) == 5
        assert not any(call.done() for call in hanging)
        released.set()
        assert await asyncio.gather(*hanging) == [True, True]
        workers.close()

    asyncio.run(story())


def test_gate_that_nobody_uses_is_forgotten() -> None:
    async def story() -> None:
        gates = Gates(0.05)
        async with gates.hold("a", 1):
            with pytest.raises(Refusal):
                async with gates.hold("a", 1):
                    pass
            assert gates._gates.keys() == {"a"}
        assert not gates._gates
        assert not gates._users

    asyncio.run(story())
