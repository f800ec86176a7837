"""The engine's pulls, through the client into a frame, against reading the same rows and writing them as JSON.

The bare loop is what any server must do at least: fetch with ``sqlite3``, over HTTP or with ``csv``, write with
``json.dumps``, page by page, in one process and to nobody.
"""

from __future__ import annotations

import csv
import json
import multiprocessing
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from measuring import row

import celigo_pandas as celigo

ROWS, PAGE, ROUNDS = 200_000, 1_000, 3
HTTP_PAGES, HTTP_RECORDS = 200, 500
CSV_ROWS = 830_000
COLUMNS = (
    "id integer primary key, shuffled integer, sorted integer, carrier text, flight integer, tailnum text, "
    "origin text, dest text, delay real, distance real, at text, note text"
)


def run() -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "rows.db"
        make(database)
        with celigo.local(demo="none") as client:
            doc = {"name": "rows", "type": "rdbms", "rdbms": {"type": "sqlite", "database": str(database)}}
            connection = client.connections.create(doc)

            def pull(query: str) -> Callable[[], int]:
                export = {"rdbms": {"query": query}, "pageSize": PAGE}
                return lambda: len(celigo.read_export(export, connection, progress=False))

            plain, indexed, unindexed = (
                "select * from t",
                "select * from t order by sorted",
                "select * from t order by shuffled",
            )
            times = rounds(
                {
                    "bare": lambda: bare(database, plain),
                    "plain": pull(plain),
                    "bare unindexed": lambda: bare(database, unindexed),
                    "unindexed": pull(unindexed),
                    "indexed": pull(indexed),
                },
                ROWS,
                ROUNDS,
            )
            others = [over_http(client), of_a_file(client, Path(folder))]
    return [
        row("paged SQL pull of 200,000 rows, through the client", ratio(times, "plain", "bare"), 1.6),
        row("the same, sorted by an unindexed column", ratio(times, "unindexed", "bare unindexed"), 2.0),
        row("sorted by an unindexed column, against an indexed one", ratio(times, "unindexed", "indexed"), 2.0),
        *others,
    ]


def over_http(client: celigo.Client) -> dict[str, object]:
    """An export over HTTP whose service gives 200 pages of 500 records, against a loop that reads them."""
    with page_service() as url:
        doc = {"name": "pages", "type": "http", "http": {"formType": "http", "baseURI": url, "mediaType": "json"}}
        connection = client.connections.create(doc)
        paging = {"method": "page", "page": 1}
        http = {"method": "GET", "relativeURI": "/p?n={{export.http.paging.page}}", "paging": paging}
        export = {"http": {**http, "response": {"resourcePath": "data"}}, "pageSize": PAGE}

        def loop() -> int:
            found, number = 0, 1
            with requests.Session() as session:
                while records := session.get(f"{url}/p?n={number}", timeout=60).json()["data"]:
                    found += len(records)
                    number += 1
            return found

        works = {"bare": loop, "ours": lambda: len(celigo.read_export(export, connection, progress=False))}
        times = rounds(works, HTTP_PAGES * HTTP_RECORDS, ROUNDS)
    return row("HTTP export of 200 pages against a loop that reads them", ratio(times, "ours", "bare"), 2.0)


@contextmanager
def page_service() -> Iterator[str]:
    """Serve pages from a process of its own, each made before it is asked for."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve_pages, args=(there,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def serve_pages(port: Any) -> None:
    pages = [page(number) for number in range(1, HTTP_PAGES + 2)]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            body = pages[int(self.path.partition("n=")[2]) - 1]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.send(server.server_address[1])
    server.serve_forever()


def page(number: int) -> bytes:
    count = HTTP_RECORDS if number <= HTTP_PAGES else 0
    records = [
        {"id": number * 1000 + place, "name": f"customer {place}", "rate": place / 8, "note": "x" * 60, "paid": True}
        for place in range(count)
    ]
    return json.dumps({"data": records}).encode()


def of_a_file(client: celigo.Client, folder: Path) -> dict[str, object]:
    """A csv file of 100 MB, walked by the engine into a frame's chunks, against the csv module and ``json.dumps``."""
    path = folder / "files" / "rows.csv"
    path.parent.mkdir()
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([f"column{place}" for place in range(10)])
        writer.writerows([f"{number * place} text" for place in range(10)] for number in range(CSV_ROWS))
    filesystem = {"ping": {"directoryPath": str(path.parent)}}
    doc = {"name": "files", "type": "filesystem", "_agentId": "0" * 24, "filesystem": filesystem}
    connection = client.connections.create(doc)
    export = {
        "file": {"type": "csv", "output": "records", "skipDelete": True, "csv": {"hasHeaderRow": True}},
        "filesystem": {"directoryPath": str(path.parent)},
        "pageSize": PAGE,
    }

    def bare_csv() -> int:
        count, waiting = 0, []
        with path.open(newline="") as file:
            for record in csv.DictReader(file):
                waiting.append(record)
                if len(waiting) == PAGE:
                    count += len(waiting)
                    json.dumps(waiting)
                    waiting = []
        json.dumps(waiting)
        return count + len(waiting)

    works = {"bare": bare_csv, "ours": lambda: len(celigo.read_export(export, connection, progress=False))}
    times = rounds(works, CSV_ROWS, 1)
    megabytes = path.stat().st_size / 1e6
    return row(f"csv file of {megabytes:.0f} MB against the csv module", ratio(times, "ours", "bare"), 1.6)


def make(database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute(f"create table t({COLUMNS})")
    connection.executemany(
        f"insert into t values ({', '.join('?' * 12)})",
        (
            (
                number, number * 7919 % ROWS, number, ("UA", "AA", "B6")[number % 3], number % 5000,
                f"N{number % 4000:05d}",
                ("EWR", "JFK", "LGA")[number % 3], ("IAH", "MIA", "BQN", "ATL")[number % 4],
                None if number % 37 == 0 else number % 300 / 2, float(number % 2500),
                f"2013-{number % 12 + 1:02d}-{number % 28 + 1:02d}T{number % 24:02d}:00:00Z",
                "on time" if number % 5 else "",
            )
            for number in range(ROWS)
        ),
    )  # fmt: skip
    connection.execute("create index by_sorted on t(sorted)")
    connection.commit()
    connection.close()


def bare(database: Path, query: str) -> int:
    connection = sqlite3.connect(database)
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    count = 0
    while rows := cursor.fetchmany(PAGE):
        json.dumps([dict(zip(names, one, strict=True)) for one in rows])
        count += len(rows)
    connection.close()
    return count


def rounds(works: dict[str, Callable[[], int]], expected: int, count: int) -> dict[str, list[float]]:
    """Time each work several times; they take turns, so that a slow moment of the machine hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(count):
        for name, work in works.items():
            started = time.perf_counter()
            found = work()
            times[name].append(time.perf_counter() - started)
            if found != expected:
                raise RuntimeError(f"{name}: {found} rows instead of {expected}")
    return times


def ratio(times: dict[str, list[float]], ours: str, floor: str) -> tuple[float, float]:
    """Return the ratio of the best times, and how far those of single rounds lie apart."""
    each = [one / other for one, other in zip(times[ours], times[floor], strict=True)]
    found = min(times[ours]) / min(times[floor])
    return found, (max(each) - min(each)) / found


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
