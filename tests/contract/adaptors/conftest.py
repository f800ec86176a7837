"""The adaptors as their contract sees them: each with a real system; and one engine for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest
from support.adaptor_dynamodb import dynamodb
from support.adaptor_http import http
from support.adaptor_kinds import Kind
from support.adaptor_mongodb import mongodb
from support.adaptor_postgres import postgres
from support.adaptor_s3 import s3
from support.engine import EngineProcess

SYSTEMS: dict[str, Callable[[], AbstractContextManager[Kind]]] = {
    "http": http,
    "postgresql": postgres,
    "mongodb, tls": partial(mongodb, tls=True),
    "mongodb, replica set": partial(mongodb, replica_set="rs0"),
    "dynamodb": dynamodb,
    "s3": s3,
}
_MARKS = {
    "postgresql": pytest.mark.postgres,
    "mongodb, tls": pytest.mark.mongodb,
    "mongodb, replica set": pytest.mark.mongodb,
}


@pytest.fixture(scope="module", params=[pytest.param(name, marks=_MARKS.get(name, ())) for name in SYSTEMS])
def kind(request: pytest.FixtureRequest) -> Iterator[Kind]:
    with SYSTEMS[request.param]() as running:
        yield running


@pytest.fixture(scope="session")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as process:
        yield process
