"""What the tests of the forms share: the table of connection cases and fakes of the agreed interfaces."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celigo_pandas.documents.connection_documents import mask
from celigo_pandas.documents.dotted import with_member
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import InvalidRequestError, Problem
from celigo_pandas.forms.elements import walk

CASES = Path(__file__).parents[1] / "cases"


def connection_cases() -> list[dict[str, Any]]:
    """Read the connection cases: ``id, source, confidence, type, document, expected`` (problem paths, sorted)."""
    lines = (CASES / "connections.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


class FakeApi:
    """The routes that a ConnectionState calls by themselves."""

    def __init__(self, client: FakeClient) -> None:
        self.client = client
        self.oauth_url = "https://login.example/authorize"

    @contextmanager
    def stopping(self, event: threading.Event) -> Iterator[None]:
        yield

    def get_connection(self, connection_id: str) -> dict[str, Any]:
        return copy.deepcopy(self.client.stored[connection_id])

    def oauth2(self, connection_id: str) -> dict[str, Any]:
        return {"authorizationURL": self.oauth_url}


class FakePing:
    def __init__(self, *problems: Problem, code: int = 200) -> None:
        self.errors = problems
        self.code = code
        self.checked = self.reached = True
        self.outcome = "failed" if problems else "ok"

    def __bool__(self) -> bool:
        return not self.errors


class FakeConnections:
    def __init__(self, client: FakeClient) -> None:
        self.client = client

    def __iter__(self) -> Iterator[FakeConnection]:
        return iter([FakeConnection(self.client, id) for id in self.client.stored])

    def create(self, doc: dict[str, Any]) -> FakeConnection:
        self.client.sent.append(("create", plain(doc)))
        if self.client.refuses:
            raise InvalidRequestError("The server refused it.", problems=self.client.refuses, status=422)
        id = f"{len(self.client.stored) + 1:024x}"
        self.client.store(id, doc)
        return FakeConnection(self.client, id)

    def ping(self, doc: dict[str, Any]) -> FakePing:
        self.client.sent.append(("ping", plain(doc)))
        return self.client.answer


class FakeClient:
    """An account in memory: stores connections masked, as the API answers them, and keeps what was sent."""

    host = "fake.example"

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.sent: list[tuple[str, Any]] = []
        self.refuses: list[Problem] = []
        self.answer = FakePing()
        self.saves = 0
        self.api = FakeApi(self)
        self.connections = FakeConnections(self)
        self.last_push: Any = None
        self.before_details: Callable[[], object] = lambda: None

    def store(self, id: str, doc: dict[str, Any]) -> None:
        self.saves += 1
        self.stored[id] = {**mask(doc), "_id": id, "lastModified": f"2026-01-01T00:00:{self.saves:02d}.000Z"}

    def connection(self, doc: dict[str, Any], id: str = "5f" + "0" * 21 + "1") -> FakeConnection:
        self.store(id, doc)
        return FakeConnection(self, id)


class FakeConnection:
    """One stored connection, as :class:`celigo_pandas.Connection` behaves."""

    def __init__(self, client: FakeClient, id: str) -> None:
        self.client = client
        self.id = id
        self._doc = client.api.get_connection(id)

    @property
    def doc(self) -> dict[str, Any]:
        return copy.deepcopy(self._doc)

    @property
    def name(self) -> str:
        return str(self._doc.get("name"))

    @property
    def type(self) -> str:
        return str(self._doc.get("type"))

    def refresh(self) -> FakeConnection:
        self._doc = self.client.api.get_connection(self.id)
        return self

    def patch(self, changes: dict[str, Any]) -> FakeConnection:
        self.client.sent.append(("patch", dict(changes)))
        doc = self.client.stored[self.id]
        for path, value in changes.items():
            doc = with_member(doc, path, value)
        self.client.store(self.id, doc)
        return self.refresh()

    def replace(self, doc: dict[str, Any]) -> FakeConnection:
        self.client.sent.append(("replace", plain(doc)))
        if self.client.refuses:
            raise InvalidRequestError("The server refused it.", problems=self.client.refuses, status=422)
        self.client.store(self.id, doc)
        return self.refresh()

    def delete(self) -> None:
        self.client.sent.append(("delete", self.id))
        del self.client.stored[self.id]

    def dependencies(self) -> list[Any]:
        self.client.before_details()
        return []

    def audit_log(self) -> list[Any]:
        return []

    def debug_log(self) -> list[Any]:
        return []

    def ping(self) -> FakePing:
        self.client.sent.append(("ping saved", self.id))
        return self.client.answer


def plain(value: Any) -> Any:
    """What would go over the wire: secrets as their text."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value


def texts(layout: dict[str, Any]) -> str:
    """Everything a layout says, as one text."""
    return json.dumps(layout, ensure_ascii=False)


def buttons(layout: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The buttons of a layout by their action (the last of several)."""
    return {element["action"]: element for element in walk(layout) if element["k"] == "button"}


def field_of(layout: dict[str, Any], id: str) -> dict[str, Any]:
    """The field with that id."""
    return next(element for element in walk(layout) if element["k"] == "field" and element["id"] == id)
