"""What an adaptor is: the one seam between the executor and an outer system.

An adaptor is synchronous and is called on a bounded worker thread, one call per thread. It sees the connection with
its secrets masked; the real ones come from :meth:`ConnectionAccess.secrets` only while an outgoing request is being
rendered or a socket opened, and are kept in nothing that outlives that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any, ClassVar, Protocol

from celigo_pandas.engine.choices import CHOICES, Choices
from celigo_pandas.engine.failures import SourceFailure
from celigo_pandas.engine.safety.connection_access import ConnectionAccess
from celigo_pandas.engine.safety.reach import Reach

__all__ = [
    "UNKNOWN",
    "Adaptor",
    "Call",
    "Chunk",
    "ConnectionAccess",
    "Describing",
    "Outgoing",
    "PingOutcome",
    "Record",
    "SourceFailure",
]

Record = dict[str, Any] | list[Any]
"""One record: an object, or an array of rows (grouped)."""


UNKNOWN = 502
"""The status of a record that was sent and whose fate is not known: clients do not send it again by themselves."""


@dataclass(slots=True)
class Call:
    """All that one export, import or ping may use from its surroundings.

    Parameters
    ----------
    connection : ConnectionAccess
    reach : Reach
        Asked before any socket, file or database is opened.
    context : mapping
        Template context without the record: ``settings``, ``connection`` (masked), ``export`` or ``import``,
        ``lastExportDateTime``, ``currentExportDateTime``, ``job``.
    debug : callable
        ``debug(kind, payload)`` with kind ``"request"`` or ``"response"`` and a JSON-able payload
        ``{url, method, headers, body}``, credentials left out by the adaptor; values that equal a secret are masked
        again by the executor.
    stop : Event
        Set when the reader has gone; long work looks at it between chunks.
    deadline : float
        ``time.monotonic()`` after which the call has failed. A walk moves it on with every page, so read it where it
        is needed and keep no copy.
    choices : Choices
        What the documentation leaves open, decided.
    at_end : list of callable
        What an export still has to do to its source once its reader has all of it, such as deleting files. An adaptor
        adds to it when the source is exhausted; the executor calls each when the reader is given the last page, again
        if it failed, and never for a preview. Each raises :class:`SourceFailure`.
    is_debugging : bool
        Whether anybody keeps what `debug` is given.
    refusal : SourceFailure, optional
        How the system refused the credentials: an adaptor sets it, and sends nothing more in this call.
    lost : int
        Records of an export that its reader is not given: too large, or failed in a step. What is `at_end` would take
        them away for good, and is not done then.
    place : str, optional
        What an open export keeps others from writing to, such as a database: an adaptor sets it.
    writing : callable
        ``with writing(place)``: open exports of the place let go of it meanwhile, as fast as they can.
    readers : callable
        Names the open exports of a place, for those who cannot write to it.
    progress : callable
        A number that is another one as soon as the open exports of a place have read on.
    """

    connection: ConnectionAccess
    reach: Reach
    context: Mapping[str, Any]
    debug: Callable[[str, Mapping[str, Any]], None]
    stop: Event
    deadline: float
    now: Callable[[], datetime]
    choices: Choices = CHOICES
    at_end: list[Callable[[], None]] = field(default_factory=list)
    is_debugging: bool = True
    refusal: SourceFailure | None = None
    lost: int = 0
    place: str | None = None
    writing: Callable[[str], AbstractContextManager[None]] = lambda place: nullcontext()
    readers: Callable[[str], list[str]] = lambda place: []
    progress: Callable[[str], int] = lambda place: 0

    def look(self) -> None:
        """Raise :class:`SourceFailure` if nobody waits for this call any more; for every loop over a source's data."""
        if self.stop.is_set():
            raise SourceFailure("The call was ended by its reader.", code="stopped")
        if time.monotonic() > self.deadline:
            raise SourceFailure("The call did not finish in its time.", code="timeout")


@dataclass(slots=True)
class Chunk:
    """Some records as they come from the source, with what went wrong beside them; `file` is where all of them were."""

    records: list[Record]
    errors: list[dict[str, Any]] = field(default_factory=list)
    total: int | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record on its way out: ``source`` before the mapping, ``mapped`` after it."""

    position: int
    source: Record
    mapped: Any


@dataclass(frozen=True, slots=True)
class PingOutcome:
    """``code`` 200 is reachable; otherwise the remote's status, 401 or 503, with ``errors``.

    Not ``checked``: the system answered, but with nothing that tells whether the credentials are good. Not ``lasting``:
    a failure that may pass by itself (nobody there, too busy), which leaves the connection as it was.
    """

    code: int
    errors: tuple[dict[str, Any], ...] = ()
    checked: bool = True
    lasting: bool = True

    @classmethod
    def of(cls, failure: SourceFailure) -> PingOutcome:
        """Return what a failure on the way to the system tells: refused credentials last, anything else may pass."""
        problem = {"code": failure.code, "message": failure.message, "source": "connection"}
        return cls(401 if failure.offline else 503, (problem,), lasting=failure.offline)


class Adaptor(Protocol):
    """One kind of outer system.

    ``capabilities`` holds some of ``ping``, ``export``, ``import``, ``lookup``, ``metadata`` (see :class:`Describing`);
    what is missing is answered by the executor (from ``mockOutput``, else a 422 that names the adaptor). Any method may
    raise :class:`~celigo_pandas.errors.MissingExtraError`.
    """

    capabilities: ClassVar[frozenset[str]]

    def ping(self, call: Call) -> PingOutcome:
        """Check the credentials; never raises for a refusal."""

    def open_export(self, call: Call, export_doc: Mapping[str, Any]) -> Iterator[Chunk]:
        """Read the source once, as chunks; a generator, so that closing it releases the source.

        Raises :class:`SourceFailure` where the whole call fails.
        """

    def import_batch(
        self, call: Call, import_doc: Mapping[str, Any], batch: Sequence[Outgoing]
    ) -> list[dict[str, Any]]:
        """Submit records; one result element per record, in order: ``statusCode, id?, _json?, errors?, ignored?``."""

    def lookup(self, call: Call, lookup_doc: Mapping[str, Any], context: Mapping[str, Any]) -> Any:
        """Answer one dynamic lookup; :data:`None` when nothing matched."""


class Describing(Adaptor, Protocol):
    """An adaptor that can tell what there is in its system; ``metadata`` is among its capabilities."""

    def metadata(self, call: Call, order: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the tables of a database, or their columns.

        Parameters
        ----------
        call : Call
        order : mapping
            The block of the request that bears the connection type's name: ``type`` ``tables`` or ``columns``, and
            ``tables``, a list of names.

        Raises
        ------
        SourceFailure
            The order cannot be read, names a table that is not there, or the system refused.
        """
