"""Clients and frames for the tests of pushes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from support.ledger import CONNECTION, Ledger

from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.messages import CallableTransport, Request, Response
from celigo_pandas.client.pacing import Clock
from celigo_pandas.client.transport import RequestsTransport
from celigo_pandas.documents.secret import Secret

DOCUMENT = {"name": "Orders", "http": {"method": ["POST"], "relativeURI": ["/orders"]}}


def impatient(seconds: float) -> None:
    """Wait as a client does, but not so long."""
    time.sleep(min(seconds, 0.002))


IMPATIENT = Clock(sleep=impatient, wait=lambda stop, seconds: stop.wait(min(seconds, 0.002)))


@contextmanager
def connected(
    ledger: Ledger, *, timeout_s: float = 5.0, read_only: bool = False, max_retries: int = 5, clock: Clock = IMPATIENT
) -> Iterator[Connection]:
    """Open a client on a ledger server and give its connection."""
    transport = RequestsTransport(ledger.url, Secret("token"), timeout=(5.0, timeout_s))
    api = ApiClient(transport, base_url=ledger.url, read_only=read_only, max_retries=max_retries, clock=clock)
    with Client(api, progress=False) as client:
        yield Connection(client, CONNECTION)


def calling(handle: Callable[[Request], Response], *, read_only: bool = False) -> Connection:
    """Give a connection whose requests go to a function."""
    api = ApiClient(CallableTransport(handle), base_url="http://127.0.0.1:1", read_only=read_only, clock=IMPATIENT)
    return Connection(Client(api, progress=False), CONNECTION)


def orders(count: int, **columns: Any) -> pd.DataFrame:
    """Make rows that name themselves by ``key``."""
    return pd.DataFrame({"key": range(count), **columns})


class Target:
    """Applies records; those in `bad` (by key) are refused."""

    def __init__(self, bad: set[Any] = frozenset(), source: str = "application") -> None:  # type: ignore[assignment]
        self.bad = set(bad)
        self.source = source
        self.got: list[dict[str, Any]] = []

    def __call__(self, request: Request) -> Response:
        records = json.loads(request.body or b"")["data"]
        self.got += records
        return Response(200, {}, json.dumps([self._result(record) for record in records]).encode())

    def _result(self, record: dict[str, Any]) -> dict[str, Any]:
        key = record["key"]
        if key in self.bad:
            error = {"code": "invalid", "message": f"Order {key} of '{key}x' is closed", "source": self.source}
            return {"statusCode": 422, "errors": [error]}
        return {"statusCode": 200, "id": str(key), "_json": {"id": key}}


def push_with_token(url: str, token: str) -> Any:
    """Push some rows with a client of this process; a process of a pool runs it too."""
    transport = RequestsTransport(url, Secret(token), timeout=(5.0, 5.0))
    con = Connection(Client(ApiClient(transport, base_url=url, clock=IMPATIENT), progress=False), CONNECTION)
    return orders(6).celigo.to_import(DOCUMENT, con, batch_size=2)
