"""Pages over a raw socket, all answers built before the first request: the server must not be what is measured.

``python page_server.py``: prints its port, then serves ``POST /v1/connections/{dataset}/export/pages`` until stdin
closes. A dataset is named ``kind-pages-records-delay_ms``, e.g. ``clean-200-1000-0``.
"""

from __future__ import annotations

import functools
import random
import re
import socket
import sys
import threading
import time

import orjson

ROUTE = re.compile(rb"POST /v1/connections/([a-z]+)-(\d+)-(\d+)-(\d+)/")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
INDEX = re.compile(rb'"pageIndex": ?(\d+)')
WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"]


def record(kind: str, number: int, rng: random.Random) -> dict[str, object]:
    if kind in SHAPES:
        return SHAPES[kind](number, rng)
    made: dict[str, object] = {
        "internalId": 1_000_000 + number,
        "number": f"SO-{number:08d}",
        "status": rng.choice(["open", "closed", "pending"]),
        "quantity": rng.randrange(1000),
        "rate": round(rng.random() * 1000, 2),
        "total": round(rng.random() * 100000, 2),
        "paid": rng.random() < 0.5,
        "created": f"2024-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}T10:00:{number % 60:02d}Z",
        "email": f"customer{number}@example.com",
        "memo": " ".join(rng.choices(WORDS, k=12)),
        "sku": f"SKU-{number % 5000:05d}",
        "warehouse": rng.choice(WORDS),
        "zip": f"{number % 100000:05d}",
        "discount": None if rng.random() < 0.2 else rng.randrange(50),
        "note": None if rng.random() < 0.5 else " ".join(rng.choices(WORDS, k=4)),
    }
    if kind == "nested":
        made["customer"] = {"name": made.pop("email"), "address": {"zip": made.pop("zip"), "city": rng.choice(WORDS)}}
        made["item"] = {"sku": made.pop("sku"), "memo": made.pop("memo"), "rate": made.pop("rate")}
    elif kind == "ragged":
        made = {key: value for key, value in made.items() if rng.random() > 0.2}
        if number % 1000 > 990:
            made[f"late{number % 7}"] = number
    elif kind == "mixed" and number % 3 == 0:
        made["quantity"] = str(made["quantity"])
    return made


def wide(number: int, rng: random.Random) -> dict[str, object]:
    """Two thousand columns, of numbers and texts."""
    made: dict[str, object] = {f"n{column}": number * column for column in range(1000)}
    return made | {f"t{column}": f"{number} {column}" for column in range(1000)}


def deep(number: int, rng: random.Random, level: int = 8) -> dict[str, object]:
    """Objects in objects, eight levels down."""
    made: dict[str, object] = {"id": number, "name": f"name {number}", "rate": rng.random(), "level": level}
    return made if not level else made | {"below": deep(number, rng, level - 1)}


def keyed(number: int, rng: random.Random) -> dict[str, object]:
    """Four thousand keys, of which each record has a hundred and twenty."""
    return {"id": number, "stock": {f"sku{rng.randrange(4000)}": rng.randrange(100) for _ in range(120)}}


SHAPES = {"wide": wide, "deep": deep, "keyed": keyed}


@functools.cache
def pages(kind: str, count: int, records: int) -> list[bytes]:
    rng = random.Random(7)
    answers = []
    for index in range(count):
        body = orjson.dumps(
            {
                "data": [record(kind, index * records + place, rng) for place in range(records)],
                "dataURIs": [None] * records,
                "pagedExportState": {
                    "searchId": "task_1",
                    "pageIndex": index + 1,
                    "pageSize": records,
                    "totalPages": count,
                    "totalRecords": count * records,
                    "done": index + 1 == count,
                    "issuedAt": 1_700_000_000,
                    "sig": "a" * 64,
                },
            }
        )
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(
            body
        )
        answers.append(head + body)
    return answers


def serve(connection: socket.socket) -> None:
    waiting = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in waiting:
                part = connection.recv(65536)
                if not part:
                    return
                waiting += part
            head, _, rest = waiting.partition(b"\r\n\r\n")
            length = int(LENGTH.search(head)[1])
            while len(rest) < length:
                rest += connection.recv(65536)
            body, waiting = rest[:length], rest[length:]
            kind, count, records, delay_ms = ROUTE.match(head).groups()
            found = INDEX.search(body)
            answers = pages(kind.decode(), int(count), int(records))
            if delay_ms != b"0":
                time.sleep(int(delay_ms) / 1000)
            connection.sendall(answers[int(found[1]) if found else 0])


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
