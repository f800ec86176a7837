"""The call of a push, checked, and its rows on their way: what ``to_import`` and the push of a plan share.

The order is the promise: everything that can be refused (options, document, values, journal) is refused before the
first request.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

import pandas as pd

from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.pushes.delivery import deliver
from celigo_pandas.accessors.pushes.fit import fitted
from celigo_pandas.accessors.pushes.import_result import ImportResult, concluded
from celigo_pandas.accessors.pushes.push_call import PushCall
from celigo_pandas.accessors.targets import Target
from celigo_pandas.client.json_bodies import encode
from celigo_pandas.documents.counts import whole_number
from celigo_pandas.documents.import_documents import acts_per_call, digest, file_names_vary, writes_file
from celigo_pandas.errors import ConfigError, DocumentError, shown
from celigo_pandas.folders import user_path
from celigo_pandas.frames.outcomes import HELD_BACK, Outcomes
from celigo_pandas.journal.pushes import PushIdentity, PushJournal

__all__ = ["HeldBack", "check_writable", "first_rows", "push_call", "push_rows", "required"]


@dataclass(frozen=True)
class HeldBack:
    """What a plan says about the rows: those that are not ``not_sent`` in `outcomes` are not sent."""

    outcomes: Outcomes
    digest: str
    note: str = ""


def required(connection: Target | None) -> Target:
    """Return the connection; raise where there is none."""
    if connection is None:
        raise ConfigError(
            "No connection was given for this import; expected con=client.connections['…'].",
            hint="A saved import (client.imports['…']) brings its own.",
        )
    return connection


def check_writable(connection: Target) -> None:
    """Refuse a read-only client."""
    if connection.client.read_only:
        raise ConfigError(
            f"Nothing was sent: the client of {connection.name!r} is read-only.",
            hint="Connect without read_only=True (and CELIGO_READ_ONLY) to push; preview=True and dry_run still work.",
        )


def push_call(
    connection: Target,
    document: Mapping[str, Any],
    *,
    batch_size: int,
    max_workers: int,
    max_failures: int | None,
    na: str,
    sep: str | None,
    on_error: str,
    progress: ProgressSetting,
    journal: str | os.PathLike[str] | None,
) -> PushCall:
    """Check the options of a push.

    Raises
    ------
    ConfigError
        An option out of range.
    """
    batch_size, max_workers = whole_number("batch_size", batch_size), whole_number("max_workers", max_workers)
    max_failures = None if max_failures is None else whole_number("max_failures", max_failures, 0, otherwise="None")
    if on_error not in ("collect", "raise"):
        raise ConfigError(f"on_error: got {shown(on_error)}; expected 'collect' or 'raise'.")
    return PushCall(
        connection_id=connection.id,
        document=copy.deepcopy(dict(document)),
        client=connection.client,
        batch_size=batch_size,
        max_workers=max_workers,
        max_failures=max_failures,
        na=na,
        sep=sep,
        on_error=on_error,
        progress=progress,
        journal=None if journal is None else os.path.abspath(user_path(journal)),
        began=datetime.now(timezone.utc),
    )


def first_rows(first: int) -> int:
    """Check ``first=``."""
    return whole_number("first", first, 0)


def push_rows(
    kept: pd.DataFrame, encoded: Sequence[bytes], call: PushCall, first: int, held: HeldBack | None = None
) -> ImportResult:
    """Send rows and conclude; `encoded` has a line for each row of `kept`, those held back too."""
    outcomes = Outcomes(len(encoded)) if held is None else held.outcomes.copy()
    due = outcomes.positions("not_sent")
    one_call, call = fitted(call, [encoded[place] for place in due])
    if held is not None:
        _refuse_part(call, len(due), len(encoded))
    if acts_per_call(call.document) is not None:
        first = 0  # the first rows alone would be a file of their own
    rows = dict(enumerate(encoded))
    note = "" if held is None else held.note
    folder = call.journal
    if folder is None:
        return concluded(deliver(kept, rows, call, outcomes, due, first=first, one_call=one_call, note=note))
    identity = _identity(encoded, call)
    call = replace(call, identity=identity)
    with PushJournal(folder, identity) as opened:
        if held is not None:
            _hold(opened, held)
        if opened.finished:
            note = f"{note} The journal {folder} was finished before: nothing was sent now.".strip()
        elif opened.resumed:
            note = f"{note} Resumed from the journal {folder}.".strip()
            # Not again when a push goes on; but a first batch that never succeeded has proved nothing.
            first = 0 if opened.outcomes.positions("ok") else first
        due = opened.outcomes.positions("not_sent")
        return concluded(
            deliver(kept, rows, call, opened.outcomes, due, first=first, one_call=one_call, journal=opened, note=note)
        )


def _hold(journal: PushJournal, held: HeldBack) -> None:
    """Lay a plan over what the journal knows: it decides for every row that was never on its way.

    A plan that was made anew after a crash finds what was applied before it, and knows better than the one before.
    """
    waiting = journal.outcomes.positions("not_sent", *HELD_BACK)
    journal.planned(held.digest)
    rows = held.outcomes.rows
    new = [place for place in waiting if rows[place] != journal.outcomes.rows[place]]
    kept = [place for place in new if rows[place].outcome != "not_sent"]
    journal.settle(kept, [rows[place] for place in kept])
    due = [place for place in waiting if rows[place].outcome == "not_sent"]
    journal.outcomes.record(due, [rows[place] for place in due])


def _refuse_part(call: PushCall, due: int, rows: int) -> None:
    """Refuse a part of the rows where a call replaces what is there by what it brings."""
    member = acts_per_call(call.document)
    if member is None or due in (0, rows) or (writes_file(member) and file_names_vary(call.document)):
        return
    raise DocumentError(
        f"{due:,} of {rows:,} rows cannot be pushed alone: this import acts once per call ({member}), so these rows "
        "would replace all that is there. Nothing was sent.",
        hint="plan.push(actions=('create', 'update', 'unchanged')) sends all rows, where none is held back.",
    )


def _identity(rows: Sequence[bytes], call: PushCall) -> PushIdentity:
    frame = hashlib.sha256()
    for row in rows:
        frame.update(row)
        frame.update(b"\n")  # JSON on one line holds none
    document = digest(json.loads(encode(call.document, "import")))
    return PushIdentity(frame.hexdigest(), document, call.connection_id, call.batch_size, len(rows))
