"""The journal of a pull: every page as it was received, so that an unfinished pull goes on after a crash.

Theory. A page and its successor state come in the same answer, so one frame holds both: when that frame is on disk the
page counts, and the next request follows from it. A pull begins in ``pages.next`` and takes the place of the old
``pages.journal`` by a rename once its first page is on disk; up to there the old pages are untouched. An export that
changes its source also writes down that it is about to ask, since asking twice could lose records.

Frames: ``H`` what is pulled, ``P`` a page (time of receipt, then zstd), ``S`` about to ask, ``E`` the end.
"""

from __future__ import annotations

import json
import logging
import os
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import zstandard

from celigo_pandas.documents.export_documents import digest
from celigo_pandas.errors import ConfigError, HintWarning, JournalError, shown
from celigo_pandas.folders import user_path
from celigo_pandas.frames.notices import notify
from celigo_pandas.journal.files import (
    FrameFile,
    JournalFolder,
    check_folder,
    read_frames,
    sync_folder,
    told_as_journal_error,
)

__all__ = ["STEPS", "PullJournal", "PullRecord", "read_record"]

FORMAT = 1
MAX_AGE_S = 86_400.0
PAGES, NEXT = "pages.journal", "pages.next"
STEPS = (
    "locked", "header written", "header synced", "request written", "request synced", "page written", "page synced",
    "renamed", "folder synced", "end written", "end synced",
)  # fmt: skip
"""Every step of a journal's life at which a process can end; a test ends one at each."""

_NEW_IDS = (
    " Is it one of celigo.local()? A temporary store gives its connections new ids at each start; celigo.local('name') "
    "keeps them."
)

_TIME = struct.Struct("<d")
_log = logging.getLogger("celigo_pandas")


@dataclass
class PullRecord:
    """What a journal file holds: its header, how many pages, and how it ended."""

    header: dict[str, Any] | None = None
    pages: int = 0
    last_at: float = 0.0
    is_finished: bool = False
    is_asking: bool = False
    end: int = 0


def read_record(path: Path) -> PullRecord:
    """Read the outline of a journal file, checking every frame.

    Raises
    ------
    JournalError
        It is damaged, or of another version of the format.
    """
    record = PullRecord()
    for frame in read_frames(path):
        if record.header is None:
            record.header = _header(path, frame.kind, frame.payload)
            record.last_at = record.header["started_at"]
        elif frame.kind == b"P":
            record.pages += 1
            record.last_at = _TIME.unpack_from(frame.payload)[0]
        record.is_finished = frame.kind == b"E"
        record.is_asking = frame.kind == b"S"
        record.end = frame.end
    return record


def _header(path: Path, kind: bytes, payload: bytes) -> dict[str, Any]:
    header = json.loads(payload) if kind == b"H" else None
    if not isinstance(header, dict):
        raise JournalError(f"{shown(path)} is no journal of a pull.")
    if header.get("format") != FORMAT:
        raise JournalError(
            f"The journal {shown(path)} has format {shown(header.get('format'))}; this version reads {FORMAT}."
        )
    return header


class PullJournal:
    """Keeps the pages of one pull in a folder.

    Parameters
    ----------
    folder : path
        Belongs to this journal alone; created with mode 0700.
    on_step : callable
        Hears each of :data:`STEPS` as it is done.
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        on_step: Callable[[str], None] = lambda step: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = user_path(folder)
        self._on_step = on_step
        self._clock = clock
        self._file: FrameFile | None = None
        self._record = PullRecord()
        self._header: dict[str, Any] = {}
        self._started_at: float | None = None

    @property
    def goes_on(self) -> bool:
        """Whether there are pages of an unfinished pull, which goes on."""
        return self._record.header is not None

    @property
    def page_size(self) -> object:
        """The ``pageSize`` that the pull that goes on has sent, if one does."""
        header = self._record.header
        return header["page_size"] if header is not None else None

    @property
    def started_at(self) -> float | None:
        """When the pull whose pages are kept began: seconds since 1970, which no other pull here has."""
        return self._record.header["started_at"] if self._record.header is not None else self._started_at

    def drop(self, connection_id: str, doc: Mapping[str, Any], landed: str | None, *, keep_others: bool) -> bool:
        """Remove pages that need not be kept: of the pull `landed`, or finished; say whether there were any.

        Parameters
        ----------
        connection_id : str
        doc : Mapping
            What is to be pulled.
        landed : str, optional
            ``repr`` of the :attr:`started_at` of a pull whose rows are elsewhere by now.
        keep_others : bool
            Keep unfinished pages of another export, or too old ones, so that :meth:`opened` refuses them.
        """
        check_folder(self.folder, {PAGES, NEXT}, "pull")
        path = self.folder / PAGES
        if not path.exists():
            return False
        with JournalFolder(self.folder):
            record = read_record(path)
            header = record.header or {}
            is_this = (header.get("connection_id"), header.get("digest")) == (connection_id, digest(doc))
            is_new = self._clock() - record.last_at <= MAX_AGE_S
            has_landed = record.is_finished or repr(header.get("started_at")) == landed
            if not has_landed and (keep_others or (is_this and is_new)):
                return False
            path.unlink()
            return True

    def start_over(self) -> None:
        """Give up the pages of the pull that goes on, within :meth:`opened`: the next page is the first one."""
        if self._file is not None:
            self._file.close()
            self._file = None
        with told_as_journal_error(self.folder):
            (self.folder / PAGES).unlink(missing_ok=True)
        self._record, self._started_at = PullRecord(), None

    @contextmanager
    def opened(self, connection_id: str, doc: Mapping[str, Any], resume: object = "auto") -> Iterator[PullJournal]:
        """Hold the folder for one pull, and decide whether it goes on or begins.

        Parameters
        ----------
        connection_id : str
        doc : Mapping
            The export document.
        resume : {"auto", True, False}
            Go on with an unfinished pull if it is at most a day old, whatever its age, or never.

        Raises
        ------
        JournalError
            The folder holds other things; see :mod:`~celigo_pandas.journal.files`; or the pages are of another export,
            too old, or of an export that changes its source and was stopped while it asked.
        """
        if resume not in ("auto", True, False):
            raise ConfigError(f"resume: got {shown(resume)}; expected 'auto', True or False.")
        check_folder(self.folder, {PAGES, NEXT}, "pull")
        with JournalFolder(self.folder):
            self._on_step("locked")
            self._header = {"format": FORMAT, "connection_id": connection_id, "digest": digest(doc)}
            self._record = PullRecord()
            self._settle_next(resume)
            self._settle_pages(resume)
            try:
                yield self
            finally:
                if self._file is not None:
                    self._file.close()
                    self._file = None

    def _settle_next(self, resume: object) -> None:
        """Finish or drop a beginning that a crash left."""
        path = self.folder / NEXT
        if not path.exists():
            return
        if resume is False:
            path.unlink()
            return
        record = read_record(path)
        if record.pages:
            self._rename()
        elif record.is_asking:
            self._refuse_asking(record, resume)
            path.unlink()
        else:
            path.unlink()

    def _settle_pages(self, resume: object) -> None:
        path = self.folder / PAGES
        if not path.exists():
            return
        try:
            record = read_record(path)
        except JournalError:
            if resume is False:
                return
            raise
        if record.header is None:
            return
        self._refuse_other(record.header)
        if resume is False:
            return
        if record.is_finished:
            when = datetime.fromtimestamp(record.last_at, timezone.utc).isoformat(timespec="seconds")
            message = f"The journal held a finished pull of {when}; this is a new one, whose pages replace the old."
            _log.info(message)
            notify(message, HintWarning)
            return
        self._refuse_old(record, resume)
        if record.is_asking:
            self._refuse_asking(record, resume)
        self._record = record
        self._file = FrameFile(path, at=record.end)

    def _refuse_other(self, header: Mapping[str, Any]) -> None:
        for name, what in (("connection_id", "connection"), ("digest", "export document")):
            if header.get(name) != self._header[name]:
                raise JournalError(
                    f"The journal {shown(self.folder)} belongs to another {what}: "
                    f"{shown(header.get(name))}, not {shown(self._header[name])}.",
                    hint="Give each export a folder of its own, or delete this one."
                    + (_NEW_IDS if name == "connection_id" else ""),
                )

    def _refuse_old(self, record: PullRecord, resume: object) -> None:
        age_s = self._clock() - record.last_at
        if resume == "auto" and age_s > MAX_AGE_S:
            raise JournalError(
                f"The journal {shown(self.folder)} holds an unfinished pull of {record.pages:,} pages that is "
                f"{age_s / MAX_AGE_S:.1f} days old.",
                hint="resume=True goes on with it, resume=False starts over.",
            )

    def _refuse_asking(self, record: PullRecord, resume: object) -> None:
        if resume is not True:
            raise JournalError(
                f"The export changes its source, and this pull was stopped while it asked for page {record.pages + 1}: "
                f"the records of that page may be gone from the source unread. {record.pages:,} pages are safe.",
                hint="resume=True asks again all the same, resume=False starts over.",
            )

    def stored_pages(self) -> Iterator[bytes]:
        """Yield the pages of the pull that goes on, as they were received."""
        if self._record.header is None:
            return
        unpack = zstandard.ZstdDecompressor().decompress
        for frame in read_frames(self.folder / PAGES):
            if frame.kind == b"P":
                try:
                    yield unpack(frame.payload[_TIME.size :])
                except zstandard.ZstdError as error:
                    raise JournalError(f"The journal {shown(self.folder)} holds a page that is damaged.") from error

    def announce(self, page_size: object) -> None:
        """Write down that the next page of an export that changes its source is about to be asked for."""
        self._begun(page_size).append(b"S", b"", self._step("request"))

    def append(self, content: bytes, page_size: object) -> None:
        """Keep one page; it is on disk when this returns."""
        file = self._begun(page_size)
        payload = _TIME.pack(self._clock()) + zstandard.ZstdCompressor(level=1).compress(content)
        file.append(b"P", payload, self._step("page"))
        if file.path.name == NEXT:
            file.close()  # an open file cannot be renamed everywhere
            self._rename()
            path = self.folder / PAGES
            self._file = FrameFile(path, at=path.stat().st_size)
        self._record.pages += 1

    def finish(self) -> None:
        """Mark the pull as whole."""
        if self._file is not None:
            self._file.append(b"E", b"", self._step("end"))

    def _begun(self, page_size: object) -> FrameFile:
        if self._file is None:
            self._file = FrameFile(self.folder / NEXT)
            self._started_at = self._clock()
            header = {**self._header, "page_size": page_size, "started_at": self._started_at}
            self._file.append(b"H", json.dumps(header).encode(), self._step("header"))
        return self._file

    def _rename(self) -> None:
        with told_as_journal_error(self.folder):
            os.replace(self.folder / NEXT, self.folder / PAGES)
        self._on_step("renamed")
        sync_folder(self.folder)
        self._on_step("folder synced")

    def _step(self, what: str) -> Callable[[str], None]:
        return lambda done: self._on_step(f"{what} {done}")
