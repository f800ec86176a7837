"""Calls of file places without an engine around them: a connection in memory, its log in a list."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from threading import Event
from typing import Any

import pytest
from support.http_calls import MemoryAccess

from celigo_pandas.engine.adaptors.files.opening import open_place
from celigo_pandas.engine.adaptors.files.places import Place
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.safety.reach import Reach


@dataclass
class Files:
    """One connection; ``log`` is what its debug log would hold."""

    doc: Mapping[str, Any]
    reach: Reach = field(default_factory=Reach)
    time_s: float = 30.0
    log: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.access = MemoryAccess(self.doc)
        self.stop = Event()

    def call(self) -> Call:
        return Call(
            connection=self.access,
            reach=self.reach,
            context={},
            debug=lambda kind, payload: self.log.append((kind, dict(payload))),
            stop=self.stop,
            deadline=time.monotonic() + self.time_s,
            now=lambda: datetime.now(timezone.utc),
        )

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Open the place for one call."""
        place = open_place(self.call())
        try:
            yield place
        finally:
            place.close()
            place.close()

    def failure(self, folder: str = "/") -> SourceFailure:
        """Check a folder, which must fail; return how."""
        with pytest.raises(SourceFailure) as failed, self.place() as place:
            place.check(folder)
        return failed.value

    def sent(self) -> list[str]:
        """Return the commands that were sent, as the log has them."""
        return [f"{entry['method']} {entry['body']}".strip() for kind, entry in self.log if kind == "request"]


def read(place: Place, folder: str, name: str) -> bytes:
    """Read a file whole, in pieces of an odd size."""
    parts = []
    with place.open(folder, name) as file:
        while piece := file.read(70_001):
            parts.append(piece)
    return b"".join(parts)


def names(place: Place, folder: str) -> list[str]:
    """Return the names of a folder's files."""
    return [entry.name for entry in place.entries(folder)]
