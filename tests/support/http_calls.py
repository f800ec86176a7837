"""Calls of the HTTP adaptor without an engine around it: an access in memory, a log in a list."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from threading import Event
from typing import Any

import pytest

from celigo_pandas.engine.adaptors.http import HttpAdaptor
from celigo_pandas.engine.adaptors.protocol import Call, Outgoing, SourceFailure
from celigo_pandas.engine.safety.masking import Redactor, mask
from celigo_pandas.engine.safety.reach import Reach


class MemoryAccess:
    """A connection in memory; ``stored`` counts what the adaptor stored."""

    def __init__(self, doc: Mapping[str, Any], id: str = "c" * 24) -> None:
        self.id = id
        self.version = 1
        self.type = str(doc.get("type"))
        self.doc = copy.deepcopy(dict(doc))
        self._redactor = Redactor(doc)
        self.stored: list[dict[str, Any]] = []
        self._cache: dict[str, Any] = {}

    @property
    def masked(self) -> Mapping[str, Any]:
        return mask(self.doc)

    def secrets(self) -> dict[str, Any]:
        return copy.deepcopy(self.doc)

    def store_secrets(self, changes: Mapping[str, Any]) -> None:
        self.stored.append(dict(changes))
        self._redactor.learn(str(value) for value in changes.values())
        for path, value in changes.items():
            *parents, last = path.split(".")
            here = self.doc
            for name in parents:
                here = here.setdefault(name, {})
            here[last] = value

    def redactor(self) -> Redactor:
        return self._redactor

    def cache(self) -> dict[str, Any]:
        return self._cache

    def close(self) -> None:
        for value in self._cache.values():
            value.close()


@dataclass
class Bench:
    """An adaptor, a connection, and shortcuts to the four things one can ask of them."""

    doc: Mapping[str, Any]
    reach: Reach = field(default_factory=Reach)
    time_s: float = 30.0
    now: datetime = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
    log: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.adaptor = HttpAdaptor()
        self.access = MemoryAccess(self.doc)
        self.stop = Event()

    def call(self, **context: Any) -> Call:
        return Call(
            connection=self.access,
            reach=self.reach,
            context={"connection": self.access.masked, "settings": {}, "job": {}, **context},
            debug=lambda kind, payload: self.log.append((kind, payload)),
            stop=self.stop,
            deadline=time.monotonic() + self.time_s,
            now=lambda: self.now,
        )

    def ping(self) -> Any:
        return self.adaptor.ping(self.call())

    def chunks(self, export_doc: Mapping[str, Any], **context: Any) -> list[Any]:
        return list(self.adaptor.open_export(self.call(export=export_doc, **context), export_doc))

    def records(self, export_doc: Mapping[str, Any], **context: Any) -> list[Any]:
        return [record for chunk in self.chunks(export_doc, **context) for record in chunk.records]

    def failure(self, export_doc: Mapping[str, Any], **context: Any) -> SourceFailure:
        """Run an export that must fail; return how."""
        with pytest.raises(SourceFailure) as failed:
            self.records(export_doc, **context)
        return failed.value

    def push(self, import_doc: Mapping[str, Any], records: Sequence[Any], mapped: Sequence[Any] | None = None) -> Any:
        pairs = zip(records, records if mapped is None else mapped, strict=True)
        batch = [Outgoing(position, source, out) for position, (source, out) in enumerate(pairs)]
        return self.adaptor.import_batch(self.call(**{"import": import_doc}), import_doc, batch)

    def close(self) -> None:
        self.access.close()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connection(base_uri: str, auth: Mapping[str, Any] | None = None, **http: Any) -> dict[str, Any]:
    """Return an ``http`` connection document."""
    return {
        "_id": "c" * 24,
        "type": "http",
        "name": "Stand-in",
        "http": {"baseURI": base_uri, "mediaType": "json", "auth": dict(auth or {"type": "custom"}), **http},
    }
