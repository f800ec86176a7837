"""Servers of pages for tests of pulls: in memory, and on a real socket; and the way back from a frame to records."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.messages import CallableTransport, Request, Response
from celigo_pandas.client.pacing import Clock
from celigo_pandas.frames.names import split_path

CONNECTION_ID = "5f0000000000000000000001"
EXPORT = {"rdbms": {"query": "select * from t"}}
FAST = Clock(sleep=lambda seconds: None, jitter=lambda: 0.0, wait=lambda stop, seconds: stop.is_set())


def connection_to(handle: Callable[[Request], Response], **options: Any) -> Connection:
    """Return a connection whose server is a function."""
    api = ApiClient(CallableTransport(handle), clock=FAST, **options)
    return Connection(Client(api, progress=False), {"_id": CONNECTION_ID, "name": "test", "type": "rdbms"})


def answer(body: bytes, status: int = 200, **headers: str) -> Response:
    return Response(status, {"content-type": "application/json; charset=utf-8", **headers}, body)


class PageServer:
    """Pages over records given as JSON texts; its state is `{"pageIndex", "done", "issuedAt", "sig"}`."""

    def __init__(self, records: Sequence[bytes], page_size: int | None = None, envelope: str = "usual") -> None:
        self.records = list(records)
        self.page_size = page_size
        self.envelope = envelope
        self.bodies: list[dict[str, Any]] = []
        self.states: list[bytes] = []

    def __call__(self, request: Request) -> Response:
        return answer(self.body_for(request.body or b""))

    def body_for(self, sent: bytes) -> bytes:
        body = json.loads(sent)
        self.bodies.append(body)
        state = body.get("pagedExportState")
        if state is not None:
            expected = self.states[-1]
            assert b'"pagedExportState":' + expected + b"}" in sent, "the state did not come back as it was sent"
        size = self.page_size or body["export"].get("pageSize") or 20
        index = state["pageIndex"] if state else 0
        page = self.records[index * size : (index + 1) * size]
        return self.page(page, index, (index + 1) * size >= len(self.records))

    def page(self, records: Sequence[bytes], index: int, is_last: bool) -> bytes:
        # Odd spacing, key order and number forms: what a client must not normalise.
        state = b'{"sig" : "%064x","pageIndex":%d, "totalRecords":%d,"x":1.0,"done":%s,"issuedAt":17}' % (
            index * 7919 + 1,
            index + 1,
            len(self.records),
            b"true" if is_last else b"false",
        )
        self.states.append(state)
        data = b"[" + b",".join(records) + b"]"
        uris = b"[" + b",".join([b"null"] * len(records)) + b"]"
        if self.envelope == "reversed":
            return b'{"pagedExportState":%s,"dataURIs":%s,"data":%s}' % (state, uris, data)
        if self.envelope == "spaced":
            return b' {\n "data" : %s ,\n\t"dataURIs" : %s , "pagedExportState" : %s\n} \n' % (data, uris, state)
        if self.envelope == "bare":
            return b'{"data":%s}' % data if is_last else b'{"data":%s,"pagedExportState":%s}' % (data, state)
        return b'{"data":%s,"dataURIs":%s,"pagedExportState":%s}' % (data, uris, state)


def encoded(records: Iterable[Any]) -> list[bytes]:
    return [json.dumps(record).encode() for record in records]


def records_of(df: pd.DataFrame, sep: str | None = ".") -> list[dict[str, Any]]:
    """Turn a pulled frame back into records, by its documented rules and nothing of the package but the names."""
    records: list[dict[str, Any]] = [{} for _ in range(len(df))]
    for position, name in enumerate(df.columns):
        path = (name,) if sep is None else split_path(name, sep)
        for row, value in enumerate(df.iloc[:, position].array):
            if isinstance(value, (list, dict)):
                _put(records[row], path, value)
            elif not _is_missing(value):
                _put(records[row], path, value.item() if isinstance(value, np.generic) else value)
    return records


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _put(record: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for key in path[:-1]:
        record = record.setdefault(key, {})
    assert path[-1] not in record, "two columns for one key"
    record[path[-1]] = value


def without_nulls(value: Any) -> Any:
    """Leave out what a frame cannot tell apart: an absent member, a null, an object of nothing but nulls."""
    if not isinstance(value, dict):
        return value
    members = {}
    for key, member in value.items():
        if isinstance(member, dict) and member:
            member = without_nulls(member)
            if not member:
                continue
        if member is not None:
            members[key] = member
    return members


def is_same(one: Any, other: Any) -> bool:
    """Compare JSON values exactly: 1 and 1.0 are one number, 1 and true are not one value."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other)
