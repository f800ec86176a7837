"""Which journals lie below a folder, and removing one."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from celigo_pandas.errors import CeligoError, JournalError, shown
from celigo_pandas.folders import user_path
from celigo_pandas.journal.files import JournalFolder
from celigo_pandas.journal.pulls import NEXT, PAGES, read_record
from celigo_pandas.journal.pushes import read_outline

__all__ = ["delete_journal", "list_journals"]

_PUSH = "push.journal"
_OWN = frozenset({PAGES, NEXT, _PUSH, "lock"})


def list_journals(folder: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """List the journals below a folder.

    Returns
    -------
    list of dict
        ``path``, ``kind`` (``"pull"`` or ``"push"``), ``state`` (``"finished"``, ``"unfinished"``, ``"damaged"``),
        ``bytes``, ``last_at`` (ISO 8601, UTC), and of one that can be read ``connection_id`` and, of a pull, ``pages``;
        of a push ``rows``, ``outcomes``, the number of rows by outcome, and, where there was one, ``plan``, the digest
        of the last. Sorted by path.
    """
    found = []
    for root, _, names in os.walk(user_path(folder)):
        for name in sorted({PAGES, NEXT, _PUSH}.intersection(names)):
            if name != NEXT or PAGES not in names:
                found.append(_described(Path(root) / name))
    return sorted(found, key=lambda entry: str(entry["path"]))


def _described(file: Path) -> dict[str, Any]:
    status = file.stat()
    entry: dict[str, Any] = {
        "path": str(file.parent),
        "kind": "push" if file.name == _PUSH else "pull",
        "state": "",
        "bytes": status.st_size,
        "last_at": datetime.fromtimestamp(status.st_mtime, timezone.utc).isoformat(timespec="seconds"),
    }
    try:
        if entry["kind"] == "push":
            return {**entry, **_described_push(file)}
        record = read_record(file)
    except CeligoError:
        return {**entry, "state": "damaged"}
    header = record.header or {}
    entry["state"] = "finished" if record.is_finished else "unfinished"
    return {**entry, "connection_id": header.get("connection_id"), "pages": record.pages}


def _described_push(file: Path) -> dict[str, Any]:
    connection_id, outcomes, plans = read_outline(file)
    counts = outcomes.counts()
    return {
        "state": "unfinished" if counts["not_sent"] else "finished",
        "connection_id": connection_id,
        "rows": len(outcomes),
        "outcomes": counts,
        **({"plan": plans[-1]} if plans else {}),
    }


def delete_journal(folder: str | os.PathLike[str]) -> None:
    """Remove one journal: its files, and the folder if nothing else is in it.

    Raises
    ------
    JournalError
        There is no journal in `folder`, or a process is using it.
    """
    path = Path(folder)
    if not path.is_dir() or not {PAGES, NEXT, _PUSH}.intersection(os.listdir(path)):
        raise JournalError(f"There is no journal in {shown(path)}.")
    with JournalFolder(path):
        for name in _OWN - {"lock"}:
            (path / name).unlink(missing_ok=True)
    (path / "lock").unlink(missing_ok=True)
    if not os.listdir(path):
        path.rmdir()
