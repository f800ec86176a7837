"""PostgreSQL sessions: what each begins with, how it is put back between two calls, and waits that end with the call.

A session is lent to one document after the other. What one sets (``standard_conforming_strings``, a search path, a
role) would decide how the next one's quoted values are read, so everything is discarded in between. Nor can the
server's ``statement_timeout`` be trusted alone, since the SQL that it limits can lift it: the client watches the clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import Any

import psycopg

from celigo_pandas.engine.adaptors.protocol import Call
from celigo_pandas.engine.adaptors.sql.values import use_text_where_python_cannot

__all__ = ["WatchedConnection", "open_postgres", "put_back"]

_CONNECT_S = 15
_UNWATCHED_S = 15.0
"""For what is sent between two calls: a test of the connection, its reset."""

_LEAST_S = 1.0
"""What a statement has when the call's time is up already: a rollback."""

_CANCEL_S = 3.0

_NO_FILE = os.path.join(os.devnull, "none")
"""A path where no file can be, for what libpq would look up in the home of the engine's user."""


class WatchedConnection(psycopg.Connection[Any]):  # type: ignore[misc]
    """A connection that cancels its statement when the call it is lent to has no time left."""

    call: Call | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.seen_types: dict[int, Any] = {}

    def wait(self, gen: Any, *arguments: Any, **named: Any) -> Any:
        """Consume a generator of libpq's waits, with an eye on the clock."""
        return super().wait(self._watched(gen), *arguments, **named)

    def _watched(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        started, cancelled = time.monotonic(), 0.0
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                now = time.monotonic()
                if cancelled and now > cancelled + _CANCEL_S:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the server did not end the statement when it was asked to")
                if not cancelled and now > started + self._allowed_s(started):
                    cancelled = now
                    with suppress(psycopg.Error):
                        self.cancel_safe(timeout=_CANCEL_S)
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _allowed_s(self, started: float) -> float:
        if self.call is None:
            return _UNWATCHED_S
        # A walk moves its deadline on, so it is read anew.
        return _LEAST_S if self.call.stop.is_set() else max(_LEAST_S, self.call.deadline - started)


def open_postgres(block: Mapping[str, Any], host: str, address: str, port: int) -> WatchedConnection:
    """Connect to a checked address with the credentials of the document, and with no others."""
    connection: WatchedConnection = WatchedConnection.connect(
        host=host,
        hostaddr=address,
        port=port,
        dbname=str(block.get("database", "")),
        user=str(block.get("user", "")),
        password=str(block.get("password", "")),
        passfile=_NO_FILE,
        sslcert=_NO_FILE,
        sslkey=_NO_FILE,
        gssencmode="disable",
        connect_timeout=_CONNECT_S,
        sslmode="require" if block.get("ssl") else "prefer",
        client_encoding="UTF8",
        application_name="celigo_pandas",
        options="-c standard_conforming_strings=on -c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres "
        "-c idle_in_transaction_session_timeout=0",
        # A proxy in front of the server keeps no statement between calls.
        prepare_threshold=None,
    )
    use_text_where_python_cannot(connection)
    return connection


def put_back(connection: WatchedConnection) -> None:
    """Undo all that a call did to its session: settings, role, temporary tables, locks."""
    connection.call = None
    connection.rollback()
    connection.autocommit = True
    connection.execute("discard all")
    connection.autocommit = False
