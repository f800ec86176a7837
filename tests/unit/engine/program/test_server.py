"""Connections that never ask: closed in time, and the first to go where there are too many."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
import uvicorn
from uvicorn.server import ServerState

from celigo_pandas.engine.program import server
from celigo_pandas.engine.program.server import _Complaints, _Protocol

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def answer(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[int]:
    config = uvicorn.Config(answer, http=_Protocol, lifespan="off", log_level="critical")
    config.load()
    state = ServerState()
    listener = await asyncio.get_running_loop().create_server(
        lambda: _Protocol(config, state, {}), "127.0.0.1", 0, family=socket.AF_INET
    )
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        for caller in Caller.made:
            caller.writer.close()
        Caller.made.clear()
        for one in list(state.connections):
            one.transport.abort()  # type: ignore[union-attr]
        listener.close()
        await listener.wait_closed()


class Caller:
    made: ClassVar[list[Caller]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.made.append(self)

    @classmethod
    async def at(cls, port: int) -> Caller:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, content: bytes = ASK) -> bytes:
        self.writer.write(content)
        return (await asyncio.wait_for(self.reader.readuntil(b"ok"), 10))[:15]

    async def is_closed(self) -> bool:
        """Wait until the other side closes; the test's own time limit says when it never does."""
        try:
            return await asyncio.wait_for(self.reader.read(), 10) == b""
        except ConnectionError:
            return True


@pytest.mark.parametrize("begun", [b"", b"G", ASK[:-2]])
def test_connection_without_a_whole_head_is_closed_in_time(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.2)

    async def main() -> None:
        async with running() as port:
            caller = await Caller.at(port)
            caller.writer.write(begun)
            assert await caller.is_closed()

    asyncio.run(main())


def test_second_head_has_its_time_too_and_waiting_for_it_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.2)

    async def main() -> None:
        async with running() as port:
            caller, quiet = await Caller.at(port), await Caller.at(port)
            assert await caller.ask() == await quiet.ask() == b"HTTP/1.1 200 OK"
            caller.writer.write(ASK[:10])
            assert await caller.is_closed()
            # Kept alive for longer than a head may take.
            assert await quiet.ask() == b"HTTP/1.1 200 OK"

    asyncio.run(main())


def test_request_whose_body_is_slow_is_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.1)

    async def main() -> None:
        async with running() as port:
            slow, beside = await Caller.at(port), await Caller.at(port)
            slow.writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
            assert await beside.is_closed()  # its time is over, that of the other's head was, too
            assert await slow.ask(b"cd") == b"HTTP/1.1 200 OK"

    asyncio.run(main())


def test_where_there_are_too_many_connections_those_that_never_asked_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 5)

    async def main() -> None:
        async with running() as port:
            owner = await Caller.at(port)
            await owner.ask()
            idle = [await Caller.at(port) for _ in range(8)]
            for one in idle[:4]:
                assert await one.is_closed()
            assert await owner.ask() == b"HTTP/1.1 200 OK"
            newest = await Caller.at(port)
            assert await newest.ask() == b"HTTP/1.1 200 OK"

    asyncio.run(main())


def test_what_the_loop_complains_of_again_and_again_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    complaints: Any = _Complaints()
    full = {"message": "socket.accept() out of system resource", "exception": OSError(errno.EMFILE, "full of s3cret")}
    with caplog.at_level(logging.ERROR):
        for _ in range(1_000):
            complaints(None, full)
        complaints(None, {"message": "something else", "exception": ValueError("s3cret")})

    assert [record.getMessage() for record in caplog.records] == [
        "socket.accept() out of system resource (OSError)",
        "something else (ValueError)",
    ]
    assert "s3cret" not in caplog.text
