"""Looking up, at the destination, what became of the rows that nobody knows about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any

import pandas as pd

from celigo_pandas.accessors.destinations.compared_fields import KeyLike, compared_fields, key_pairs
from celigo_pandas.accessors.destinations.current_rows import CurrentLike, current_rows, is_table
from celigo_pandas.accessors.destinations.mapped_rows import mapped_rows
from celigo_pandas.accessors.destinations.standing import Standing, standing
from celigo_pandas.accessors.destinations.written_fields import with_left_out
from celigo_pandas.accessors.dry_runs.local_steps import map_here
from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.pushes.push_call import PushCall
from celigo_pandas.accessors.targets import ConnectionLike, SavedTarget, resolve_connection
from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.frames.normalizing import normalizers
from celigo_pandas.frames.outcomes import RECONCILED, Outcomes, RowOutcome
from celigo_pandas.journal.pushes import PushJournal

__all__ = ["Lookup", "reconciled"]


@dataclass(frozen=True)
class Lookup:
    """How the destination is looked at: the options of :meth:`~celigo_pandas.ImportResult.reconcile`."""

    current: CurrentLike
    key: KeyLike
    columns: Sequence[str] | Mapping[str, str] | None = None
    ignore: Iterable[str] | str = ()
    normalize: Any = None
    con: ConnectionLike | None = None
    progress: ProgressSetting = None


def reconciled(rows: pd.DataFrame, outcomes: Outcomes, call: PushCall, lookup: Lookup) -> tuple[Outcomes, str]:
    """Return the outcomes with what the destination tells about unknown rows, and a sentence about it."""
    key_pairs(lookup.key)
    con = _connection(call, lookup)
    newest = call.newest[0].copy() if call.newest else outcomes.copy()
    held = call.journal is not None and call.identity is not None
    # The journal is held while the destination is read: another process could send the rows again meanwhile.
    with PushJournal(call.journal, call.identity) if held else nullcontext() as journal:  # type: ignore[arg-type]
        if journal is not None:
            journal.learn(newest)
            newest = journal.outcomes
        asked = newest.positions("unknown")
        found = _looked_up(rows, newest, asked, call, lookup, con) if asked else {}
        if journal is not None:
            journal.settle(list(found), list(found.values()))
        newest.record(found, found.values())
    call.newest[:] = [newest]
    return newest.copy(), _told(len(asked), found)


def _connection(call: PushCall, lookup: Lookup) -> ConnectionLike | None:
    if lookup.con is not None:
        return resolve_connection(lookup.con)
    if is_table(lookup.current) or isinstance(lookup.current, SavedTarget):
        return None
    if call.client is None:
        raise ConfigError(
            "This result was loaded, copied or unpickled without a connection, so it cannot read the destination.",
            hint="Say through which one: result.reconcile(export, key=…, con=client.connections['…']).",
        )
    return resolve_connection(call.client.connections[call.connection_id])


def _looked_up(
    rows: pd.DataFrame,
    outcomes: Outcomes,
    asked: list[int],
    call: PushCall,
    lookup: Lookup,
    con: ConnectionLike | None,
) -> dict[int, RowOutcome]:
    from celigo_pandas.accessors.dry_runs.script_choice import local_hooks

    hooks = local_hooks(call.document, None, call.client)
    # Rows that were imported are laid beside the destination, too: what is there of a key may be theirs.
    places = outcomes.positions("ok", "unknown")
    map_part = partial(map_here, document=call.document, na=call.na, sep=call.sep, hooks=hooks)
    mapped = mapped_rows(rows.iloc[places], map_part)
    there = current_rows(lookup.current, con, nested=mapped.nested, progress=lookup.progress)
    _refuse_older(there, call.began)
    at = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    sent = with_left_out(mapped.frame, there, rows=rows, document=call.document, sep=call.sep, columns=lookup.columns)
    fields = compared_fields(sent, there, lookup.key, lookup.columns, lookup.ignore)
    found = standing(sent, there, fields, normalizers(lookup.normalize, map(str, sent.columns)))
    records: dict[int, list[int]] = {place: [] for place in asked}
    for record, row in enumerate(mapped.places.tolist()):
        if places[row] in records:
            records[places[row]].append(record)
    judged = ((place, *_judged(found, own)) for place, own in records.items())
    return {
        place: outcomes.rows[place]._replace(outcome=name, code=RECONCILED, message=f"{evidence} (looked up {at}).")
        for place, name, evidence in judged
    }


def _refuse_older(there: pd.DataFrame, began: datetime | None) -> None:
    """Refuse rows that were pulled before they could hold what was sent: a retry would send it twice."""
    note = there.attrs.get("celigo")
    started = note.get("started") if isinstance(note, dict) else None
    if began is None or not isinstance(started, str):
        return
    if datetime.fromisoformat(started) < began.replace(microsecond=0):
        raise ConfigError(
            f"current: its rows were pulled at {started}, before the push, which began at "
            f"{began.isoformat(timespec='seconds')}; what was sent would count as absent, and go out twice.",
            hint="Pull them again, or give the export as current=.",
        )


def _judged(found: Standing, records: list[int]) -> tuple[str, str]:
    """Decide on a row by how its records stand to the destination."""
    states = {str(found.records[record]) for record in records}
    reasons = [found.reasons[record] for record in records if record in found.reasons]
    if states == {"same"}:
        return "ok", "Found at the destination as sent"
    if states == {"absent"}:
        return "not_sent", "Not at the destination"
    if not states:
        return "unknown", "It maps to no record here, so it cannot be looked up"
    if reasons:
        return "unknown", f"It cannot be told: {reasons[0]}"
    differences = [one for record in records for one in found.differences_of(record)]
    if differences:
        one = differences[0]
        more = f" and {len(differences) - 1} other fields" if len(differences) > 1 else ""
        return "unknown", f"Found, but different: {one.field} is {shown(one.before)}, sent was {shown(one.after)}{more}"
    return "unknown", "Some of its records are at the destination, others are not"


def _told(asked: int, found: Mapping[int, RowOutcome]) -> str:
    if not asked:
        return "No row is unknown: the destination was not looked at."
    counts = Counter(row.outcome for row in found.values())
    names = {"ok": "found as sent", "not_sent": "not there", "unknown": "still unknown"}
    listed = ", ".join(f"{counts[name]:,} {words}" for name, words in names.items() if counts[name])
    return f"Looked up {asked:,} unknown row{'' if asked == 1 else 's'}: {listed}."
