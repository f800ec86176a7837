"""What calls were made: a bounded list of facts without values."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

__all__ = ["CallRecord", "History", "redact_path"]

KEPT_CALLS = 10_000
_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9_.-]{0,40}\Z")


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call: every attempt of one request together."""

    time: datetime
    method: str
    path: str
    status: int | None
    attempts: int
    bytes: int
    seconds: float


class History:
    """The last 10,000 calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[CallRecord] = deque(maxlen=KEPT_CALLS)

    def add(self, call: CallRecord) -> None:
        """Append one call (safe from any thread)."""
        self._calls.append(call)

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[CallRecord]:
        return iter(tuple(self._calls))


def redact_path(path: str) -> str:
    """Drop the query of a path, and mask segments that are neither route words nor ids."""
    segments = path.partition("?")[0].split("/")
    return "/".join(segment if _PLAIN_SEGMENT.match(segment) else "…" for segment in segments)
