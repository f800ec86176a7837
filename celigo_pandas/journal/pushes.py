"""What survives a crash of a push: which rows went out, and what was answered.

The rule: *before* a batch is sent its positions are on disk (fsynced), and *after* it is answered its outcomes are. So
after a kill at any moment each row is in one of three states: answered (its outcome is known), in flight (it may have
been applied: ``unknown``), or never sent. Only the last are sent when the push is resumed.

One file of frames (``journal.files``) with JSON inside. A last frame without its end was being written when the process
died: what it announces had not begun, or (for an answer) its rows count as in flight; it is dropped. Any other frame
that does not fit its checks makes the journal unusable: a wrong row is worse than none.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from celigo_pandas.errors import JournalError
from celigo_pandas.folders import user_path
from celigo_pandas.frames.outcomes import HELD_BACK, Outcomes, RowOutcome
from celigo_pandas.journal.files import Frame, FrameFile, JournalFolder, check_folder, read_frames, sync_folder

__all__ = ["FILE_NAME", "PushIdentity", "PushJournal", "read_outline"]

FORMAT = 1
FILE_NAME = "push.journal"

_HEADER, _SENDING, _ANSWERED, _RELEASED, _PLAN = b"H", b"S", b"A", b"R", b"P"

_DAMAGED = (
    "What was sent cannot be told from it: look into the target for what is there, and push the rest with a journal in "
    "another folder."
)

_SETTLED = ("ok", "ignored", *HELD_BACK)

_IN_FLIGHT = "The process ended while this row was on its way: it may have been applied."


@dataclass(frozen=True)
class PushIdentity:
    """What makes two pushes the same: digests of the encoded rows and the document, the connection, the sizes."""

    frame: str
    document: str
    connection: str
    batch_size: int
    rows: int


class PushJournal:
    """The journal of one push, held by one process at a time.

    Parameters
    ----------
    folder : path
        Made with mode 0700 if it is not there.
    identity : PushIdentity
        Must be that of the journal, if there is one.

    Attributes
    ----------
    outcomes : Outcomes
        What is known from earlier runs; rows in flight at their end are ``unknown``.
    resumed : bool
        Whether an earlier run left something.
    last_batch : int
        Highest batch number so far; 0 at first.
    plans : list of str
        Digests of the plans that rows were sent by, the newest last.

    Raises
    ------
    JournalError
        Damaged, in use by another process, of another push, or a folder that holds other things.
    """

    def __init__(self, folder: str | os.PathLike[str], identity: PushIdentity) -> None:
        self.folder = user_path(folder)
        self.identity = identity
        self.outcomes = Outcomes(identity.rows)
        self.resumed = False
        self.last_batch = 0
        self.plans: list[str] = []
        self._writing = threading.Lock()
        check_folder(self.folder, {FILE_NAME}, "push")
        self._held = JournalFolder(self.folder)
        self._held.__enter__()
        self._file: FrameFile | None = None
        try:
            path = self.folder / FILE_NAME
            end = self._replay(path) if path.exists() else 0
            self._file = FrameFile(path, end)
            if not end:
                self._append(_HEADER, {"format": FORMAT, "kind": "push", **asdict(identity)})
                sync_folder(self.folder)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> PushJournal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another process have the journal; a second call does nothing."""
        with self._writing:
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._held.__exit__(None, None, None)

    @property
    def finished(self) -> bool:
        """Whether every row has an outcome, so that nothing is left to send."""
        return self.resumed and not self.outcomes.positions("not_sent")

    def learn(self, outcomes: Outcomes) -> None:
        """Take over what a result knows and this journal does not: one that was deleted, or could not be written.

        The journal is the newer of the two where both know something, as another process may have gone on with it;
        but what was once ``ok`` or ``ignored`` stays so.
        """
        pairs = zip(self.outcomes.rows, outcomes.rows, strict=True)
        places = [
            place
            for place, (mine, other) in enumerate(pairs)
            if mine.outcome != other.outcome and (mine.outcome == "not_sent" or other.outcome in _SETTLED)
        ]
        self.settle(places, [outcomes.rows[place] for place in places])

    def settle(self, places: Sequence[int], rows: Sequence[RowOutcome]) -> None:
        """Record the outcome of rows that nothing was sent for: it was found out otherwise."""
        if places:
            self.last_batch += 1
            self.sending(self.last_batch, places)
            self.answered(self.last_batch, rows)
            self.outcomes.record(places, rows)

    def planned(self, digest: str) -> None:
        """Record that what is sent from here on is what the plan with this digest says."""
        if self.plans[-1:] != [digest]:
            self._append(_PLAN, {"plan": digest})
            self.plans.append(digest)

    def sending(self, batch: int, positions: Sequence[int]) -> None:
        """Record that a batch is about to be sent; on disk when this returns."""
        self._append(_SENDING, {"batch": batch, "rows": _ranges(positions)})

    def answered(self, batch: int, outcomes: Iterable[RowOutcome]) -> None:
        """Record what became of each row of a batch that was sent."""
        self._append(_ANSWERED, {"batch": batch, "outcomes": [list(outcome) for outcome in outcomes]})

    def released(self, batch: int) -> None:
        """Record that a batch surely was not processed: its rows may be sent again."""
        self._append(_RELEASED, {"batch": batch})

    # -- the file -----------------------------------------------------------------------------------------------------

    def _append(self, kind: bytes, entry: dict[str, Any]) -> None:
        payload = json.dumps(entry, separators=(",", ":")).encode("ascii")
        with self._writing:
            if self._file is None:
                raise JournalError(f"The journal {self.folder} is closed.")
            self._file.append(kind, payload)

    def _replay(self, path: Path) -> int:
        """Read what earlier runs left and return the length of its sound part, in bytes."""
        history = _History(self.outcomes)
        end = 0
        for frame in self._frames(path):
            try:
                entry = json.loads(frame.payload)
                if end:
                    history.take(frame.kind, entry)
                else:
                    self._check_header(entry)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise JournalError(
                    f"The journal {self.folder} is damaged before byte {frame.end:,} of {FILE_NAME}.", hint=_DAMAGED
                ) from error
            end = frame.end
        history.end()
        self.last_batch = history.last_batch
        self.plans = history.plans
        self.resumed = bool(self.last_batch)
        return end

    def _frames(self, path: Path) -> Iterator[Frame]:
        try:
            yield from read_frames(path)
        except JournalError as error:
            error.hint = _DAMAGED
            raise

    def _check_header(self, header: dict[str, Any]) -> None:
        if header.get("kind") != "push" or header.get("format") != FORMAT:
            raise JournalError(
                f"{self.folder} is no push journal of format {FORMAT}: got kind {header.get('kind')!r}, "
                f"format {header.get('format')!r}."
            )
        different = [name for name, value in asdict(self.identity).items() if header.get(name) != value]
        if different:
            raise JournalError(
                f"The journal {self.folder} belongs to another push: its {_listed(different)} differs.",
                hint="Call with what it was begun with, or give this push a folder of its own.",
            )


class _History:
    """What the entries of a journal say about the rows, in their order."""

    def __init__(self, outcomes: Outcomes) -> None:
        self.outcomes = outcomes
        self.last_batch = 0
        self.plans: list[str] = []
        self._in_flight: dict[int, list[int]] = {}

    def take(self, kind: bytes, entry: dict[str, Any]) -> None:
        if kind == _PLAN:
            self.plans.append(str(entry["plan"]))
            return
        batch = entry["batch"]
        if kind == _SENDING:
            positions = [place for start, stop in entry["rows"] for place in range(start, stop)]
            if any(not 0 <= place < len(self.outcomes) for place in positions):
                raise ValueError("a position beyond the frame")
            self._in_flight[batch] = positions
            self.last_batch = max(self.last_batch, batch)
        elif kind == _ANSWERED:
            self.outcomes.record(self._in_flight.pop(batch), [RowOutcome(*row) for row in entry["outcomes"]])
        elif kind == _RELEASED:
            del self._in_flight[batch]
        else:
            raise ValueError(f"an entry of kind {kind!r}")

    def end(self) -> None:
        """Count what was on its way as unknown."""
        for batch, positions in self._in_flight.items():
            unknown = RowOutcome("unknown", message=_IN_FLIGHT, batch=batch, attempts=1)
            self.outcomes.record(positions, [unknown] * len(positions))


def read_outline(path: Path) -> tuple[str, Outcomes, list[str]]:
    """Read whose push a journal file is: the connection's id, what became of its rows, digests of plans.

    Nothing is changed.

    Raises
    ------
    JournalError
        It is damaged, or no journal of a push in this format.
    """
    history: _History | None = None
    connection = ""
    for frame in read_frames(path):
        try:
            entry = json.loads(frame.payload)
            if history is not None:
                history.take(frame.kind, entry)
            elif (frame.kind, entry["kind"], entry["format"]) == (_HEADER, "push", FORMAT):
                history, connection = _History(Outcomes(int(entry["rows"]))), str(entry["connection"])
            else:
                raise ValueError("another kind of journal")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise JournalError(f"The journal {path} is damaged before byte {frame.end:,}.") from error
    if history is None:
        raise JournalError(f"The journal {path} is empty.")
    history.end()
    return connection, history.outcomes, history.plans


def _ranges(positions: Sequence[int]) -> list[list[int]]:
    """Write positions as half-open ranges: a batch of neighbours is one."""
    ranges: list[list[int]] = []
    for position in positions:
        if ranges and ranges[-1][1] == position:
            ranges[-1][1] += 1
        else:
            ranges.append([position, position + 1])
    return ranges


_WORDS = {"batch_size": "batch size", "rows": "number of rows"}


def _listed(names: Sequence[str]) -> str:
    return " and ".join(_WORDS.get(name, name) for name in names)
