"""Fixtures for the tests of people who use celigo_pandas; pytest finds them by its entry point.

``celigo_engine`` is a client of a fresh local engine with the small demo shop, one per test session;
``celigo_engine_factory`` starts more of them. A module beside the package, since importing anything inside it loads
pandas: a test run that uses no fixture of these pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from celigo_pandas.accessors import Client

__all__ = ["celigo_engine", "celigo_engine_factory"]


@pytest.fixture(scope="session")
def celigo_engine_factory(tmp_path_factory: Any) -> Iterator[Callable[..., Client]]:
    """Return a function that starts an engine with a store of its own; all end with the session."""
    from celigo_pandas.local_engine import local

    clients: list[Client] = []

    def start(**options: Any) -> Client:
        client = local(tmp_path_factory.mktemp("celigo-engine"), **options)
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def celigo_engine(celigo_engine_factory: Callable[..., Client]) -> Client:
    """Return a client of a local engine with the demo shop and the Delay desk."""
    return celigo_engine_factory(demo="shop")
