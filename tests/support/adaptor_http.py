"""The HTTP adaptor over a small service as the contract of all adaptors sees it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from support.adaptor_kinds import Kind
from support.http_calls import connection
from support.rest_standin import Answer, Asked, answer_json, serve

from celigo_pandas.engine.adaptors.http import adaptor

_USER, _PASSWORD = "shop", "pass of 'shop'"


class _Service:
    """Places of records by ``id``, behind basic authentication."""

    def __init__(self) -> None:
        self.places: dict[str, dict[int, dict[str, Any]]] = {}
        self.password = _PASSWORD
        self.is_over = threading.Event()

    def answer(self, asked: Asked) -> Answer:
        token = base64.b64encode(f"{_USER}:{self.password}".encode()).decode()
        if asked.headers.get("Authorization") != f"Basic {token}":
            return answer_json({"message": "who are you?"}, 401)
        if asked.path == "/slow":
            self.is_over.wait(60)
            return answer_json([])
        place = self.places.setdefault(asked.path.strip("/"), {})
        if asked.method == "GET":
            return answer_json([place[id] for id in sorted(place)])
        if asked.json["id"] in place:
            return answer_json({"message": "this id is taken"}, 409)
        place[asked.json["id"]] = asked.json
        return answer_json(asked.json, 201)


@contextmanager
def http() -> Iterator[Kind]:
    """Start the service."""
    service = _Service()

    def put(place: str, records: Sequence[Mapping[str, Any]]) -> None:
        service.places[place] = {one["id"]: dict(one) for one in records}

    def stored(place: str) -> list[dict[str, Any]]:
        return [service.places[place][id] for id in sorted(service.places.get(place, {}))]

    @contextmanager
    def expired() -> Iterator[None]:
        service.password = "another"
        try:
            yield
        finally:
            service.password = _PASSWORD

    with serve(service.answer) as server:
        auth = {"type": "basic", "basic": {"username": _USER, "password": _PASSWORD}}
        doc = connection(server.url, auth, ping={"method": "GET", "relativeURI": "/ping"})
        try:
            yield Kind(
                "http",
                adaptor,
                doc,
                int(server.url.rpartition(":")[2]),
                lambda doc, port: {**doc, "http": {**doc["http"], "baseURI": f"http://127.0.0.1:{port}"}},
                "http.auth.basic.password",
                lambda place: {"http": {"method": "GET", "relativeURI": f"/{place}"}},
                lambda place: {"http": {"method": ["POST"], "relativeURI": [f"/{place}"]}},
                put,
                stored,
                slow={"http": {"method": "GET", "relativeURI": "/slow"}},
                expired=expired,
                gaps={"sources": "each page is a request of its own: between two of them nothing is open"},
            )
        finally:
            service.is_over.set()
