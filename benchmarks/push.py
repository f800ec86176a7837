"""Pushing: eight workers against one at 50 ms a batch, and the encoding of rows against ``to_dict`` with orjson."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from typing import Any

BATCH_S = 0.05
BATCHES = 96
BATCH_SIZE = 100
CONNECTION = {"_id": "5a1000000000000000000001", "name": "Bench", "type": "http"}


async def _serve(port: Any) -> None:
    answers: dict[int, bytes] = {}

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
                started = time.perf_counter()
                body = await reader.readexactly(length)
                count = body.count(b'"key":')
                if count not in answers:
                    rows = [{"statusCode": 200, "id": "77", "_json": {"id": 77, "name": "x"}}] * count
                    content = json.dumps(rows).encode()
                    answers[count] = (
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                        % len(content)
                    ) + content
                await asyncio.sleep(max(0.0, BATCH_S - (time.perf_counter() - started)))
                writer.write(answers[count])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=1 << 22)
    port.send(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


def serve(port: Any) -> None:
    asyncio.run(_serve(port))


def frame(rows: int) -> Any:
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(7)
    columns: dict[str, Any] = {"key": np.arange(rows)}
    columns |= {f"n{place}": rng.integers(0, 10**9, rows) for place in range(3)}
    columns |= {f"f{place}": rng.random(rows) for place in range(3)}
    columns |= {f"s{place}": [f"text {number} {place}" for number in range(rows)] for place in range(4)}
    columns["b"] = rng.random(rows) < 0.5
    return pd.DataFrame(columns)


def workers_ratio() -> float:
    from celigo_pandas.accessors.account.client import Client
    from celigo_pandas.accessors.account.connection import Connection
    from celigo_pandas.accessors.pushes.to_import import to_import
    from celigo_pandas.client.api import ApiClient
    from celigo_pandas.client.transport import RequestsTransport
    from celigo_pandas.documents.secret import Secret

    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{here.recv()}"
    df = frame(BATCHES * BATCH_SIZE)
    try:
        with Client(ApiClient(RequestsTransport(url, Secret("t")), base_url=url), progress=False) as client:
            con = Connection(client, CONNECTION)

            def seconds(workers: int) -> float:
                started = time.perf_counter()
                result = to_import(df, {"http": {}}, con, batch_size=BATCH_SIZE, first=0, max_workers=workers)
                elapsed = time.perf_counter() - started
                assert len(result.ok) == len(df), result.summary()
                return elapsed

            seconds(8)  # connections are open and everything is loaded
            return seconds(1) / min(seconds(8) for _ in range(3))
    finally:
        process.terminate()
        process.join()


def encoding_ratio(df: Any) -> float:
    import orjson

    from celigo_pandas.frames.outward import encode_rows

    ours, theirs = [], []
    for _ in range(5):
        started = time.perf_counter()
        encode_rows(df)
        middle = time.perf_counter()
        orjson.dumps(df.to_dict("records"))
        ours.append(middle - started)
        theirs.append(time.perf_counter() - middle)
    return min(ours) / min(theirs)


def run() -> list[dict[str, object]]:
    import numpy as np

    plain = frame(50_000)
    gaps = plain.copy()
    gaps.loc[np.random.default_rng(3).random(len(gaps)) < 0.05, "f0"] = np.nan
    gaps["n0"] = gaps["n0"].astype("Int64")
    nested = plain.assign(
        lines=[[{"sku": "a", "n": number}, {"sku": "b", "price": 9.5}] for number in range(len(plain))]
    )
    return [
        {
            "name": "push, 8 workers against 1 at 50 ms a batch",
            "ratio": workers_ratio(),
            "budget": 7.2,
            "at_least": True,
        },
        {"name": "encoding rows / orjson.dumps(to_dict)", "ratio": encoding_ratio(plain), "budget": 0.8},
        {"name": "encoding rows with gaps", "ratio": encoding_ratio(gaps), "budget": 0.8},
        {"name": "encoding rows with lists of objects", "ratio": encoding_ratio(nested), "budget": 0.8},
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
