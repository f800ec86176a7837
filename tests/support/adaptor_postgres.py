"""The SQL adaptor over PostgreSQL as the contract of all adaptors sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from support.adaptor_kinds import Kind
from support.databases import DatabaseServer, start_postgres

from celigo_pandas.engine.adaptors.sql import adaptor


@contextmanager
def postgres() -> Iterator[Kind]:
    """Start a server."""
    server = start_postgres()
    try:
        yield Kind(
            "postgresql",
            adaptor,
            server.doc,
            server.port,
            lambda doc, port: {**doc, "rdbms": {**doc["rdbms"], "port": port}},
            "rdbms.password",
            lambda place: {"rdbms": {"query": f"select id, text from {place} order by id"}},
            _insert,
            lambda place, records: _put(server, place, records),
            lambda place: [
                {"id": id, "text": text} for id, text in _asked(server, f"select id, text from {place} order by id")
            ],
            stores=b"COMMIT",
            slow={"rdbms": {"query": "select pg_sleep(60)"}},
            sources=lambda: int(_asked(server, _SESSIONS)[0][0]),
            gaps={"expiry": "a session of PostgreSQL stays good whatever becomes of its user's password"},
        )
    finally:
        server.stop()


_SESSIONS = "select count(*) from pg_stat_activity where state like 'idle in transaction%' or query like 'fetch%'"


def _insert(place: str) -> dict[str, Any]:
    query = f"insert into {place} values ({{{{record.id}}}}, {{{{record.text}}}})"
    return {"rdbms": {"queryType": ["per_record"], "query": [query]}}


def _put(server: DatabaseServer, place: str, records: Sequence[Mapping[str, Any]]) -> None:
    server.run(f"drop table if exists {place}", f"create table {place}(id integer primary key, text text)")
    connection = server.connect()
    try:
        cursor = connection.cursor()
        cursor.executemany(f"insert into {place} values (%(id)s, %(text)s)", [dict(one) for one in records])
    finally:
        connection.close()


def _asked(server: DatabaseServer, query: str) -> list[Any]:
    connection = server.connect()
    try:
        return list(connection.execute(query).fetchall())
    finally:
        connection.close()
