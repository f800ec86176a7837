"""Batches on their way: workers, brakes, halving, interruption.

The loop knows nothing of frames or documents: rows are bytes, an answer is judged by the table in ``import_answers``,
and every outcome goes to a position. Each batch is in the journal before it is sent and after it is answered.

Workers are threads of this push only and every batch runs on one of them, so that Ctrl-C (which reaches the main
thread) never cuts a request in two: it stops the queue and every wait for another attempt, and the batches in flight
are waited for. So does whatever else ends the caller's thread: a signal handler that raises, ``sys.exit``.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from celigo_pandas.accessors.import_call import BODY_LIMIT, import_body
from celigo_pandas.accessors.pushes.import_answers import read_results, verdict_for
from celigo_pandas.client.messages import Request, Response
from celigo_pandas.errors import CeligoError
from celigo_pandas.frames.outcomes import Outcomes, RowOutcome

__all__ = ["Brakes", "Envelope", "JournalPort", "Sending"]

GRACE_S = 30.0
"""How long after Ctrl-C the batches in flight are waited for, in seconds; a second Ctrl-C ends the wait."""

SHORT_GRACE_S = 5.0
"""The same after anything else that ends a push: nobody is there who could press Ctrl-C again."""

SMALL_BATCH = 10
"""Where fewer failures are allowed than this, batches do not get smaller: so many rows may fail beyond the limit."""


class JournalPort(Protocol):
    """What the loop tells a journal; see :class:`~celigo_pandas.journal.pushes.PushJournal`."""

    def sending(self, batch: int, positions: Sequence[int]) -> None:
        """Record that a batch is about to be sent."""

    def answered(self, batch: int, outcomes: Sequence[RowOutcome]) -> None:
        """Record what became of its rows."""

    def released(self, batch: int) -> None:
        """Record that it surely was not processed."""


@dataclass(frozen=True)
class Envelope:
    """One import call: where it goes, and the document around its rows."""

    path: str
    document: bytes

    def request(self, rows: Sequence[bytes], stop: threading.Event | None = None) -> Request:
        """Make the request for a batch; see :class:`Request` for `stop`."""
        body = import_body(self.document, rows)
        return Request("POST", self.path, body=body, repeat="write", stop=stop)


@dataclass(frozen=True)
class Brakes:
    """What stops a push before its end; zero or None turns a brake off."""

    first: int = 5
    max_failures: int | None = None


class Sending:
    """Send rows in batches and note the outcome of each.

    Parameters
    ----------
    send : callable
        ``ApiClient.send``.
    envelope : Envelope
    rows : mapping of int to bytes
        Encoded rows by position.
    outcomes : Outcomes
        Filled as answers come.
    max_workers : int
        Most requests in flight at any time.
    journal : JournalPort, optional
    first_batch : int
        Number of the first batch.
    one_call : bool
        The rows go out in one call whatever their size; a 413 fails them.
    """

    def __init__(
        self,
        send: Callable[[Request], Response],
        envelope: Envelope,
        rows: Mapping[int, bytes],
        outcomes: Outcomes,
        *,
        brakes: Brakes,
        batch_size: int,
        max_workers: int = 1,
        journal: JournalPort | None = None,
        first_batch: int = 1,
        one_call: bool = False,
    ) -> None:
        self._send = send
        self._envelope = envelope
        self._rows = rows
        self.outcomes = outcomes
        self._brakes = brakes
        self._batch_size = batch_size
        self._max_workers = max_workers
        self._journal = journal
        self._number = first_batch - 1
        self._one_call = one_call
        self._queue: deque[Sequence[int]] = deque()
        self._flying: dict[int, Sequence[int]] = {}
        self._changed = threading.Condition()
        self._workers: list[threading.Thread] = []
        self._ended: set[threading.Thread] = set()
        self._frozen = False
        self._stopped = threading.Event()
        self._failures = 0
        self._unknown_in_a_row = 0
        self._too_large: int | None = None
        self._fitted = 0
        self.done = 0
        self.stop_reason: str | None = None
        self.failure: BaseException | None = None

    def run(self, positions: Sequence[int], show: Callable[[int], None]) -> None:
        """Send the rows at `positions`; returns when all are answered or the push has stopped.

        Parameters
        ----------
        positions : sequence of int
        show : callable
            Gets the number of rows that have an outcome, from the thread of the caller.

        Raises
        ------
        BaseException
            Whatever ended the thread of the caller (Ctrl-C, a signal handler that raises), after the batches in flight
            were answered or given up; outcomes are complete then too.
        """
        first = 0 if self._one_call else min(self._brakes.first, self._batch_size, len(positions))
        try:
            if first:
                self._drain([positions[:first]], 1, show)
                self._check_first(positions[:first])
            if self.stop_reason is None:
                self._drain(list(self._batches(positions[first:])), self._max_workers, show)
        except BaseException as error:
            self._interrupt(GRACE_S if isinstance(error, KeyboardInterrupt) else SHORT_GRACE_S)
            raise
        finally:
            self._freeze()

    def stop(self, reason: str) -> None:
        """Send nothing from here on; batches in flight keep their outcome. Callable from any thread.

        A batch that waits to be sent again (after a 429, say) was not processed: its wait ends, it is ``not_sent``.
        """
        with self._changed:
            self._stop(reason)

    # -- the thread of the caller -------------------------------------------------------------------------------------

    def _batches(self, positions: Sequence[int]) -> Iterator[Sequence[int]]:
        if self._one_call:
            yield positions
            return
        start, size = 0, 0
        room = BODY_LIMIT - len(self._envelope.document) - 32
        for place, position in enumerate(positions):
            length = len(self._rows[position]) + 1
            if place > start and (place - start == self._batch_size or size + length > room):
                yield positions[start:place]
                start, size = place, 0
            size += length
        if start < len(positions):
            yield positions[start:]

    def _drain(self, batches: list[Sequence[int]], workers: int, show: Callable[[int], None]) -> None:
        with self._changed:
            self._queue.extend(batch for batch in batches if len(batch))
            wanted = min(workers, len(self._queue))
        for number in range(wanted):
            # Daemons: an answer that never comes must not keep the interpreter from ending.
            worker = threading.Thread(target=self._work, name=f"celigo-push-{number}", daemon=True)
            self._workers.append(worker)
            worker.start()
        self._wait(show, None)

    def _wait(self, show: Callable[[int], None], deadline: float | None) -> None:
        shown = -1
        while True:
            with self._changed:
                if self._is_working() and self.done == shown:
                    self._changed.wait(0.5)
                done, working = self.done, self._is_working()
            show(done)  # even when nothing has changed: a form's Stop is a progress function that raises
            shown = done
            if not working or (deadline is not None and time.monotonic() > deadline):
                return

    def _is_working(self) -> bool:
        # Not a count of workers: Ctrl-C may come while they are being started, and one that never was would be missed.
        return any(worker.is_alive() and worker not in self._ended for worker in self._workers)

    def _check_first(self, positions: Sequence[int]) -> None:
        rows = [self.outcomes.rows[position] for position in positions]
        if self.stop_reason is None and not any(row.outcome == "ok" for row in rows):
            message = next((row.message for row in rows if row.message), None)
            self.stop(f"none of the first {len(rows)} rows was ok" + (f" ({message.rstrip('.')})" if message else ""))

    def _interrupt(self, grace_s: float) -> None:
        with contextlib.suppress(BaseException):  # a second one: give the batches in flight up; the first one goes on
            self.stop("interrupted")
            # Nothing is shown any more: a form's Stop is a progress function that raises, and would raise again.
            self._wait(lambda done: None, time.monotonic() + grace_s)

    def _freeze(self) -> None:
        """Take no answer from here on: what is still in flight is unknown."""
        self._stopped.set()
        with self._changed:
            self._frozen = True
            for number, positions in self._flying.items():
                row = RowOutcome("unknown", message="No answer was waited for.", batch=number, attempts=1)
                self.outcomes.record(positions, [row] * len(positions))
            self._flying.clear()

    # -- the threads of the workers -----------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while (taken := self._take()) is not None:
                self._deliver(*taken)
        except BaseException as error:  # a journal that cannot be written, or a fault of ours: told by the caller
            with self._changed:
                self.failure = self.failure or error
                self._stop("an error")
        finally:
            with self._changed:
                self._ended.add(threading.current_thread())
                self._changed.notify_all()

    def _take(self) -> tuple[int, Sequence[int]] | None:
        with self._changed:
            while self.stop_reason is None and self._flying and self._room() < 1:
                self._changed.wait()  # what is on its way may be more failures than are allowed
            if self.stop_reason is not None or not self._queue or self._frozen:
                return None
            positions = self._cut(self._queue.popleft())
            self._number += 1
            number = self._number
            if self._journal is not None:
                self._journal.sending(number, positions)
            self._flying[number] = positions
            return number, positions

    def _room(self) -> float:
        """Say how many rows more may fail, if those in flight do, until ``max_failures`` is passed."""
        limit = self._brakes.max_failures
        if limit is None or self._one_call:
            return float("inf")
        return limit + 1 - self._failures - sum(map(len, self._flying.values()))

    def _cut(self, positions: Sequence[int]) -> Sequence[int]:
        """Cut a batch that could fail far beyond the limit, or that surely or probably is too large."""
        most = max(SMALL_BATCH, self._room())
        if len(positions) > most:
            self._queue.appendleft(positions[int(most) :])
            positions = positions[: int(most)]
        while self._too_large is not None and len(positions) > 1:
            # What went through before will again; what is about as large as one that was refused is not tried.
            if self._size(positions) <= max(self._fitted, self._too_large * 3 // 4):
                break
            positions, rest = _halves(positions)
            self._queue.appendleft(rest)
        return positions

    def _size(self, positions: Sequence[int]) -> int:
        return sum(len(self._rows[position]) + 1 for position in positions)

    def _deliver(self, number: int, positions: Sequence[int]) -> None:
        request = self._envelope.request([self._rows[position] for position in positions], self._stopped)
        try:
            response = self._send(request)
        except BaseException as error:
            self._settle_error(number, positions, error)
            return
        rows, problem = read_results(response.content, len(positions))
        if rows is None:
            row = RowOutcome("unknown", response.status, message=problem)
            self._settle(number, positions, [row] * len(positions), response.attempts)
            return
        offline = next((row for row in rows if row.outcome == "failed" and row.status_code in (401, 403)), None)
        if offline is not None:  # before the rows are settled: then no other worker begins a batch meanwhile
            self.stop(f"the connection went offline ({offline.message or offline.status_code})")
        self._settle(number, positions, rows, response.attempts)

    def _settle_error(self, number: int, positions: Sequence[int], error: BaseException) -> None:
        verdict = verdict_for(error)
        if verdict.halves and not self._one_call and len(positions) > 1:
            self._release(number, positions, halve=True)
            return
        row = _row_of(error, "failed" if verdict.halves else verdict.outcome)
        if verdict.stops:
            self.stop(str(row.message))
        if verdict.outcome == "not_sent" and not verdict.halves:
            self._release(number, positions, halve=False, row=row)
        else:
            self._settle(number, positions, [row] * len(positions), 1)
        if not isinstance(error, CeligoError):
            raise error

    def _settle(self, number: int, positions: Sequence[int], rows: Sequence[RowOutcome], attempts: int) -> None:
        earlier = [self.outcomes.rows[position].attempts for position in positions]
        rows = [
            row._replace(batch=number, attempts=attempts + before) for row, before in zip(rows, earlier, strict=True)
        ]
        with self._changed:
            if self._frozen:
                return
            self._flying.pop(number, None)
            if self._too_large is not None and rows[0].status_code != 413:
                self._fitted = max(self._fitted, self._size(positions))
            self.outcomes.record(positions, rows)
            self.done += len(positions)
            self._count(rows)
            self._changed.notify_all()
            if self._journal is not None:
                self._journal.answered(number, rows)

    def _release(self, number: int, positions: Sequence[int], *, halve: bool, row: RowOutcome | None = None) -> None:
        with self._changed:
            if self._frozen:
                return
            if self._journal is not None:
                self._journal.released(number)
            self._flying.pop(number, None)
            if row is not None:
                earlier = [self.outcomes.rows[position] for position in positions]
                self.outcomes.record(positions, [_still_due(row, before) for before in earlier])
            if halve:
                size = self._size(positions)
                self._too_large = size if self._too_large is None else min(size, self._too_large)
                self._queue.extendleft(reversed(_halves(positions)))
            self._changed.notify_all()

    def _count(self, rows: Sequence[RowOutcome]) -> None:
        """Apply the brakes that look at what has come so far."""
        unknown = sum(row.outcome == "unknown" for row in rows)
        self._failures += unknown + sum(row.outcome == "failed" for row in rows)
        self._unknown_in_a_row = self._unknown_in_a_row + 1 if unknown == len(rows) else 0
        limit = self._brakes.max_failures
        if limit is not None and self._failures > limit:
            self._stop(f"{self._failures} rows failed, more than max_failures={limit}")
        elif self._unknown_in_a_row >= max(5, 2 * self._max_workers):
            self._stop(f"the outcome of {self._unknown_in_a_row} batches in a row is unknown")

    def _stop(self, reason: str) -> None:
        if self.stop_reason is None:
            self.stop_reason = reason
        self._stopped.set()
        self._changed.notify_all()


def _row_of(error: BaseException, outcome: str) -> RowOutcome:
    problems: Any = getattr(error, "problems", ())
    status = getattr(error, "status", None)
    code = problems[0].code if problems else ("too_large" if status == 413 else None)
    text = "; ".join(problem.message for problem in problems if problem.message) or str(error) or type(error).__name__
    source = problems[0].source if problems else None
    return RowOutcome(outcome, status, None, code or None, text, source)


def _halves(positions: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    middle = (len(positions) + 1) // 2
    return positions[:middle], positions[middle:]


def _still_due(row: RowOutcome, before: RowOutcome) -> RowOutcome:
    """A row that was sent again in vain keeps what it was: a failed row does not become one that was never sent."""
    return before if before.outcome != "not_sent" else row._replace(attempts=before.attempts + 1)
