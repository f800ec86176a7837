"""Destinations of plans: a table, a service, a folder of files; each filled with records and read back."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.rest_standin import Answer, Asked, answer_json, serve

import celigo_pandas as celigo
from celigo_pandas import build

Record = dict[str, Any]
FIELDS = ("shop", "day", "line", "name", "qty", "price", "note", "at")
MAPPINGS = [
    {"generate": name, "extract": f"$.{name}", "status": "Active", "dataType": kind}
    for name, kind in zip(
        FIELDS, ("string", "string", "number", "string", "number", "number", "string", "string"), strict=True
    )
]
KEY = ("shop", "day", "line")


@dataclass
class Place:
    """One destination: how it is read and written, and what is in it."""

    con: celigo.Connection
    export: Any
    import_doc: Any
    stored: Callable[[], list[Record]]
    is_typed: bool = True


@contextmanager
def table(client: celigo.Client, folder: Path, records: list[Record]) -> Iterator[Place]:
    """A table of SQLite whose key does not tell upper from lower case."""
    path = folder / "items.db"
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("create table items (shop text collate nocase, day text, line int, name text, qty int, "
                       "price real, note text, at text, copy int default 0)")  # fmt: skip
        opened.execute("create unique index known on items (shop, day, line) where copy = 0")
        seen: set[Any] = set()
        rows = [(*map(record.get, FIELDS), int(_key(record) in seen or seen.add(_key(record)) is not None))
                for record in records]  # fmt: skip
        opened.executemany("insert into items values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        opened.commit()
    values = ", ".join(f"{{{{record.{name}}}}}" for name in FIELDS)
    changes = ", ".join(f"{name} = excluded.{name}" for name in FIELDS if name not in KEY)
    query = (
        f"insert into items ({', '.join(FIELDS)}) values ({values}) "
        f"on conflict (shop, day, line) where copy = 0 do update set {changes}"
    )
    rdbms = {"type": "sqlite", "host": "localhost", "database": str(path), "user": "u", "password": "p"}
    con = client.connections.create({"name": str(path), "type": "rdbms", "rdbms": rdbms})

    def stored() -> list[Record]:
        with closing(sqlite3.connect(path)) as again:
            found = again.execute(f"select {', '.join(FIELDS)} from items").fetchall()
        return [dict(zip(FIELDS, row, strict=True)) for row in found]

    import_doc = {"rdbms": {"queryType": ["per_record"], "query": [query]}, "mappings": MAPPINGS}
    export = build.sql_export(f"select {', '.join(FIELDS)} from items")
    yield Place(con, export, {"name": "Items", **import_doc}, stored, is_typed=False)


@contextmanager
def service(client: celigo.Client, folder: Path, records: list[Record]) -> Iterator[Place]:
    """A service that gives its items page by page, and takes one at a time under its key."""
    items = [dict(record) for record in records]
    places = {_key(record): place for place, record in enumerate(items)}
    lock = threading.Lock()

    def handle(asked: Asked) -> Answer:
        with lock:
            if asked.method == "GET":
                start = int(asked.query.get("start") or 0)
                return answer_json(items[start : start + 1000])
            record = asked.json
            place = places.setdefault(_key(record), len(items))
            items[place : place + 1] = [record]
            return answer_json({"id": place})

    with serve(handle) as server:
        http = {
            "baseURI": server.url,
            "mediaType": "json",
            "auth": {"type": "token", "token": {"token": "t", "location": "header"}},
        }
        con = client.connections.create({"name": server.url, "type": "http", "http": http})
        export = build.http_export("/items?start={{export.http.paging.skip}}", paging="skip")
        yield Place(con, export, build.http_import("/items", members={"mappings": MAPPINGS}), lambda: list(items))


@contextmanager
def files(client: celigo.Client, folder: Path, records: list[Record]) -> Iterator[Place]:
    """A folder with one file of JSON, which an import writes anew."""
    (folder / "items.json").write_text(json.dumps(records))
    document = {"name": str(folder), "type": "filesystem", "_agentId": "a" * 24}
    con = client.connections.create({**document, "filesystem": {"ping": {"directoryPath": str(folder)}}})
    import_doc = build.file_import("items.json", directory=str(folder), place="filesystem", type="json")
    export = build.file_export(str(folder), place="filesystem", type="json")
    yield Place(con, export, {**import_doc.to_dict(), "mappings": MAPPINGS},
                lambda: json.loads((folder / "items.json").read_text()))  # fmt: skip


PLACES = {"table": table, "service": service, "files": files}


def _key(record: Record) -> tuple[Any, ...]:
    return tuple(record.get(name) for name in KEY)
