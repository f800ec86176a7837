"""What tests of the client share: a clock that does not wait, an API client over a function, a client of a stand-in."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connecting import open_api
from celigo_pandas.client.addresses import BaseUrl
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.messages import CallableTransport, Request, Response
from celigo_pandas.client.pacing import Clock
from celigo_pandas.documents.secret import Secret


@dataclass
class FakeTime:
    """A clock whose sleeps are instant and are kept."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    jitter: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        self.sleep(seconds)
        return stop.is_set()

    def clock(self) -> Clock:
        return Clock(self.monotonic, self.sleep, lambda: self.jitter, self.wait)


def answer(body: Any = None, status: int = 200, **headers: str) -> Response:
    """Make an answer; underscores in header names stand for dashes."""
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"content-type": "application/json", **named}, content)


def scripted(*outcomes: Response | Exception) -> tuple[Callable[[Request], Response], list[Request]]:
    """Make a handler that gives these outcomes in turn, the last one for ever, and the list of what it was asked."""
    asked: list[Request] = []

    def handle(request: Request) -> Response:
        asked.append(request)
        outcome = outcomes[min(len(asked), len(outcomes)) - 1]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return handle, asked


def api_over(handle: Callable[[Request], Response], time: FakeTime | None = None, **options: Any) -> ApiClient:
    """Make an API client whose transport is a function."""
    return ApiClient(CallableTransport(handle), clock=(time or FakeTime()).clock(), **options)


def client_of(server: Any, *, time: FakeTime | None = None, **options: Any) -> Client:
    """Make a client of a stand-in (or of anything with ``url`` and ``token``); `time` makes its waits instant."""
    api = open_api(Secret(server.token), BaseUrl.parse(server.url), **{"paced": False, **options})
    if time is not None:
        api.clock = time.clock()
    return Client(api, progress=False)
