"""How a plan is made: the rows mapped, the destination read, one laid beside the other."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
import orjson
import pandas as pd

from celigo_pandas.accessors.destinations.compared_fields import ComparedFields, compared_fields
from celigo_pandas.accessors.destinations.current_rows import CurrentLike, current_rows
from celigo_pandas.accessors.destinations.mapped_rows import MappedRows, mapped_rows
from celigo_pandas.accessors.destinations.standing import Standing, standing
from celigo_pandas.accessors.destinations.written_fields import with_left_out
from celigo_pandas.accessors.dry_runs.local_steps import RowState, map_here
from celigo_pandas.accessors.dry_runs.server_mapping import map_there
from celigo_pandas.accessors.plans.plan_call import PlanCall
from celigo_pandas.accessors.plans.row_actions import RowAction, row_actions
from celigo_pandas.documents.import_documents import digest
from celigo_pandas.frames.column_differences import values_at
from celigo_pandas.frames.normalizing import normalizers
from celigo_pandas.frames.side_by_side import type_change

__all__ = ["Made", "keys_at", "made"]


@dataclass(frozen=True)
class Made:
    """What a plan holds, apart from the rows and the call it was made of."""

    actions: list[RowAction]
    keys: pd.DataFrame
    changes: pd.DataFrame
    change_places: np.ndarray
    missing: pd.DataFrame
    fields: ComparedFields
    notes: tuple[str, ...]
    digest: str
    at: datetime


def made(rows: pd.DataFrame, call: PlanCall, current: CurrentLike) -> Made:
    """Make a plan for rows; `current` is what is there, or reads it."""
    seal = hashlib.sha256(digest(json.loads(json.dumps(call.document, default=str))).encode())
    mapped = _mapped(rows, call, seal)
    con = call.connection if call.current_con is None else call.current_con
    there = current_rows(current, con, nested=mapped.nested, progress=call.progress)
    at = datetime.now(timezone.utc)
    records = with_left_out(
        mapped.frame, there, rows=rows, document=call.document, sep=call.sep, columns=call.columns
    )  # fmt: skip
    fields = compared_fields(records, there, call.key, call.columns, call.ignore)
    normal = normalizers(call.normalize, map(str, records.columns))
    found = standing(records, there, fields, normal)
    actions = row_actions(mapped.states, mapped.places, found)
    keys = records[[name for name, _ in fields.key]] if len(records) else records
    changes, places = _changes(rows, mapped.places, found, actions, keys)
    for action in actions:
        seal.update(f"{action.action}\n".encode())
    for change in changes.itertuples(index=False):
        seal.update(repr(tuple(change)).encode("utf-8", "backslashreplace"))
    seal.update(repr((fields, len(found.missing))).encode("utf-8", "backslashreplace"))
    return Made(
        actions, keys, changes, places, there.iloc[found.missing].copy(), fields, _notes(found, mapped.states),
        seal.hexdigest(), at,
    )  # fmt: skip


def _mapped(rows: pd.DataFrame, call: PlanCall, seal: object) -> MappedRows:
    from celigo_pandas.accessors.dry_runs.script_choice import local_hooks

    is_there = call.map_on == "server" and call.connection is not None
    client = None if call.connection is None else call.connection.client
    hooks = None if is_there else local_hooks(call.document, None, client)

    def map_part(part: pd.DataFrame) -> tuple[list[RowState], list[tuple[int, Any]]]:
        if call.map_on == "server" and call.connection is not None:
            states, records = map_there(
                part, call.document, call.connection, na=call.na, sep=call.sep, batch_size=100, progress=call.progress
            )
        else:
            states, records = map_here(part, call.document, na=call.na, sep=call.sep, hooks=hooks)
        _seal(seal, records)
        return states, records

    return mapped_rows(rows, map_part)


def _seal(seal: Any, records: list[tuple[int, Any]]) -> None:
    try:
        seal.update(orjson.dumps(records))
    except TypeError:  # an integer beyond 64 bits, a lone surrogate
        seal.update(json.dumps(records, default=str).encode("ascii"))


def keys_at(keys: pd.DataFrame, places: np.ndarray) -> np.ndarray:
    """Return the keys of some records as they are shown: a value, or a tuple of several."""
    parts = [values_at(keys[name], places) for name in keys.columns]
    shown = parts[0] if len(parts) == 1 else zip(*parts, strict=True)
    return np.fromiter(shown, dtype=object, count=len(places)) if len(places) else np.empty(0, dtype=object)


_CHANGES = ("key", "field", "before", "after", "type_change", "note")


def _changes(
    rows: pd.DataFrame, places: np.ndarray, found: Standing, actions: list[RowAction], keys: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """Write the cells down that an update would change, or that nobody can tell, row by row."""
    shown = [one for one in found.differences if actions[places[one.record]].action in ("update", "conflict")]
    shown.sort(key=lambda one: one.record)  # stable: the fields of a record keep their order
    known = keys_at(keys, np.fromiter((one.record for one in shown), np.int64, len(shown)))
    values = [
        (key, one.field, one.before, one.after, type_change(one.before, one.after) or None,
         one.incomparable)
        for key, one in zip(known, shown, strict=True)
    ]  # fmt: skip
    columns = list(zip(*values, strict=True)) or [()] * len(_CHANGES)
    data = {
        name: pd.Series(np.fromiter(column, dtype=object, count=len(shown)), dtype=object)
        for name, column in zip(_CHANGES, columns, strict=True)
    }
    at = np.fromiter((places[one.record] for one in shown), np.int64, len(shown))
    return pd.DataFrame(data).set_axis(rows.index.take(at)), at


def _notes(found: Standing, states: list[RowState]) -> tuple[str, ...]:
    notes = list(found.notes)
    unmapped = sum(state.state != "mapped" for state in states)
    if unmapped and len(found.missing):
        notes.append(f"Rows here that are not mapped: {unmapped:,}; rows that seem missing may be theirs.")
    return tuple(notes)
