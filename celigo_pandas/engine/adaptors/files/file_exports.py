"""A file export: list a folder, read its files one after the other, delete or move them once their reader has them.

Facts: integrator-api.md, section 4.4. A file is taken away after the reader has been given the last page of the whole
export, and never if anything failed, the reader stopped, or the file is no longer the one that was read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timezone
from typing import Any

from celigo_pandas.engine.adaptors.files.file_names import FileNameError
from celigo_pandas.engine.adaptors.files.file_plans import ExportPlan, export_plan
from celigo_pandas.engine.adaptors.files.places import FileEntry, Place
from celigo_pandas.engine.adaptors.files.record_reading import file_records
from celigo_pandas.engine.adaptors.files.rendered_templates import rendered
from celigo_pandas.engine.adaptors.files.row_groups import divided
from celigo_pandas.engine.adaptors.protocol import Call, Chunk, Record, SourceFailure
from celigo_pandas.errors import FilterError

__all__ = ["read_export"]

_CHUNK = 1_000
_MOST_UNREAD = 20
_LOG = logging.getLogger("celigo_pandas.engine")

Opener = Callable[[Call], Place]


def read_export(call: Call, export_doc: Mapping[str, Any], open_place: Opener) -> Iterator[Chunk]:
    """Yield the records of all files that an export chooses, in the order of their names.

    Raises
    ------
    SourceFailure
        The document cannot be used, the place refuses, or a file is not what its document says.

    Notes
    -----
    One file is open at a time, and a chunk of its records is in memory; ``sortByFields`` holds a file's records.
    """
    plan = export_plan(export_doc, call.connection.type, call.choices)
    folder = rendered(plan.folder, call, f"export.{call.connection.type}.{plan.members.folder}", call.context)
    size = export_doc.get("pageSize")
    size = max(100, min(10_000, size)) if isinstance(size, int) else _CHUNK
    place = open_place(call)
    try:
        backup = _backup_folder(call, place, plan, folder)
        unread: list[str] = []
        begins, ends = _affixes(call, plan)
        chosen = _chosen(call, place, plan, folder, begins, ends, unread.append)
        if backup is not None:
            _check_backup(call, plan, folder, backup, begins, chosen)
        if unread:
            yield Chunk([], _unread_errors(unread))
        if plan.output == "metadata":
            if chosen:
                yield Chunk([_metadata(entry) for entry in chosen])
            return
        read: list[FileEntry] = []
        for entry in chosen:
            log(call, "READ", folder, entry.name)
            missed: list[str] = []
            with place.open(folder, entry.name) as stream:
                all_sheets = call.choices.xlsx_reads_all_sheets
                records = file_records(stream, entry.name, plan, all_sheets, call.look, missed.append)
                for part in divided(records, size):
                    yield Chunk(part, file=entry.name)
                    call.look()
            if missed and call.choices.missing_records_are_errors:
                yield Chunk([], _missed_errors(missed, plan))
            else:
                read.append(entry)
    finally:
        place.close()
    if plan.deletes and read and not call.context.get("testMode"):
        call.at_end.append(_Removal(call, open_place, folder, begins, backup, read))


def _backup_folder(call: Call, place: Place, plan: ExportPlan, folder: str) -> str | None:
    """Return where read files go; that it is there shows before anything is read."""
    if not plan.backup_folder or not plan.deletes or call.context.get("testMode"):
        return None
    field = f"export.{call.connection.type}.{plan.members.backup}"
    backup = rendered(plan.backup_folder, call, field, call.context)
    if backup.rstrip("/") == folder.rstrip("/"):
        text = f"{plan.members.backup} is {plan.members.folder} itself: each export would read the same files again."
        raise SourceFailure(text, code="invalid_field", field=field)
    place.check(backup)
    return backup


def _affixes(call: Call, plan: ExportPlan) -> tuple[str, str]:
    """Return what the names of the chosen files begin and end with."""
    kind, members = call.connection.type, plan.members
    begins = rendered(plan.starts_with, call, f"export.{kind}.{members.begins}", call.context)
    return begins, rendered(plan.ends_with, call, f"export.{kind}.{members.ends}", call.context)


def _check_backup(
    call: Call, plan: ExportPlan, folder: str, backup: str, begins: str, chosen: Sequence[FileEntry]
) -> None:
    """Refuse a backup in which a file would replace another one, or be read again; only keys can do that."""
    bucket, slash, prefix = backup.partition("/")
    if not plan.members.backup_begins or not slash:
        return
    field = f"export.{call.connection.type}.{plan.members.backup_begins}"
    taken: dict[str, str] = {}
    for entry in chosen:
        name = entry.name.rpartition("/")[2]
        if name in taken:
            text = f"{entry.name!r} and {taken[name]!r} would both be put aside as {prefix + name!r}."
            raise SourceFailure(f"{text} Choose by keyStartsWith those of one.", code="name_taken", field=field)
        if bucket == folder and (prefix + name).startswith(begins):
            text = f"{entry.name!r} would be put aside as {prefix + name!r}, which this export reads again."
            raise SourceFailure(text, code="invalid_field", field=field)
        taken[name] = entry.name


def _unread_errors(unread: Sequence[str]) -> list[dict[str, Any]]:
    more = f" And {len(unread) - _MOST_UNREAD} more." if len(unread) > _MOST_UNREAD else ""
    return [
        {"code": "unreadable_entry", "message": f"{text} It was passed over.{more}", "source": "application"}
        for text in unread[:_MOST_UNREAD]
    ]


def _missed_errors(missed: Sequence[str], plan: ExportPlan) -> list[dict[str, Any]]:
    left = " The file was left where it is." if plan.deletes else ""
    return [
        {"code": "nothing_found", "message": text + left, "source": "application"} for text in missed[:_MOST_UNREAD]
    ]


def _chosen(
    call: Call, place: Place, plan: ExportPlan, folder: str, begins: str, ends: str, unread: Callable[[str], None]
) -> list[FileEntry]:
    log(call, "LIST", folder)
    entries = sorted(place.entries(folder, unread, begins=begins, ends=ends), key=lambda entry: entry.name)
    found = []
    for entry in entries:
        if not (entry.name.startswith(begins) and entry.name.endswith(ends)):
            continue
        call.look()
        try:
            plan.members.check(entry.name)
            if plan.keeper(_metadata(entry), call.context.get("settings")):
                found.append(entry)
        except FileNameError as error:
            raise SourceFailure(str(error), code="invalid_name") from None
        except FilterError as error:
            raise SourceFailure(str(error), code="invalid_field", field="export.file.filter") from None
    return found


def _metadata(entry: FileEntry) -> Record:
    # Assumed: the names of a file's metadata are those that its filter reads.
    modified = entry.modified.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    name = entry.name.rpartition("/")[2]
    # Assumed: a key is named beside the file name that is its end.
    more = {"key": entry.name} if name != entry.name else {}
    return {"filename": name, "filesize": entry.size, "lastmodified": modified, **more}


class _Removal:
    """Deletes, or moves to the backup folder, the files that an export has read; each once, also when called again.

    Nothing is touched unless every file is as it was read. Once one file is gone a failure only ends the work: the page
    must be answered then, since what it holds is nowhere else any more; the files that are left are read again.
    """

    def __init__(
        self,
        call: Call,
        open_place: Opener,
        folder: str,
        begins: str,
        backup: str | None,
        read: Sequence[FileEntry],
    ) -> None:
        self._call = call
        self._open_place = open_place
        self._folder = folder
        self._begins = begins
        self._backup = backup
        self._read = read

    def __call__(self) -> None:
        place = self._open_place(self._call)
        gone = 0
        try:
            there = self._unchanged(place)
            if self._backup is not None:
                place.check(self._backup)
            for name in there:
                self._call.look()
                self._remove(place, name)
                gone += 1
        except SourceFailure as failure:
            if not gone:
                raise
            left = f"{len(there) - gone} of {len(there)} files were left"
            _LOG.warning("%s: an export could not take them away (%s)", left, failure.code)
            self._call.debug("response", {"url": "", "method": "", "headers": {}, "body": f"{left}: {failure.message}"})
        finally:
            place.close()

    def _unchanged(self, place: Place) -> list[str]:
        """Return the names that are there still; one that is not the file that was read is a failure."""
        there = {entry.name: entry for entry in place.entries(self._folder, begins=self._begins)}
        for entry in self._read:
            if there.get(entry.name, entry) != entry:
                text = f"File {entry.name!r} was changed after it was read, so all files were left where they are."
                raise SourceFailure(text, code="file_changed", field="export.file.skipDelete")
        return [entry.name for entry in self._read if entry.name in there]

    def _remove(self, place: Place, name: str) -> None:
        if self._backup is None:
            log(self._call, "DELETE", self._folder, name)
            place.remove(self._folder, name)
        else:
            log(self._call, "MOVE", self._folder, name, self._backup)
            place.move(self._folder, name, self._backup)


def log(call: Call, method: str, folder: str, name: str = "", body: str = "") -> None:
    """Write to the connection's debug log what is done with which file; never what is in it."""
    url = f"{call.connection.type}:{folder.rstrip('/')}/{name}"
    call.debug("request", {"url": url, "method": method, "headers": {}, "body": body})
