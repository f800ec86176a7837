"""Results of pushes as Parquet files: rows, outcomes and the call that made them.

Columns keep their dtype through Arrow. Object columns that are not plain text (lists, objects, mixed types) are written
as JSON text and come back as what JSON holds: a UUID as its text, a date as ISO 8601.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from celigo_pandas.accessors.import_result import ImportResult, PushCall
from celigo_pandas.errors import ConfigError, FrameError
from celigo_pandas.frames.outcomes import Outcomes, RowOutcome
from celigo_pandas.frames.outward import to_records
from celigo_pandas.journal.pushes import PushIdentity

__all__ = ["load", "save"]

_KEY = b"celigo_pandas.push"
_FORMAT = 1
_PLAIN = ("outcome", "status_code", "code", "message", "source", "batch", "attempts")
_OPTIONS = ("batch_size", "max_workers", "max_failures", "na", "sep", "on_error")


def save(result: ImportResult, path: str | os.PathLike[str]) -> None:
    """Write a result; see :meth:`ImportResult.save`."""
    rows, outcomes, call = result._rows, result._outcomes, result._call
    columns: dict[str, Any] = {}
    forms: dict[str, str] = {}
    for name in _PLAIN:
        kind = "int64" if name in ("status_code", "batch", "attempts") else "string"
        columns[name] = pa.array([getattr(row, name) for row in outcomes.rows], type=kind)
    for name in ("id", "response"):
        columns[name] = _json_array([getattr(row, name) for row in outcomes.rows])
    labels = list(rows.columns)
    for place in range(len(labels)):
        key = f"row.{place}.{labels[place]}"
        columns[key], forms[key] = _stored(rows.iloc[:, place].reset_index(drop=True))
    for level in range(rows.index.nlevels):
        key = f"index.{level}"
        columns[key], forms[key] = _stored(pd.Series(rows.index.get_level_values(level)))
    note = {
        "format": _FORMAT,
        "labels": labels,
        "index_names": list(rows.index.names),
        "forms": forms,
        "document": call.document,
        "connection_id": call.connection_id,
        "options": {name: getattr(call, name) for name in _OPTIONS},
        "journal": call.journal,
        "identity": None if call.identity is None else asdict(call.identity),
        "stop_reason": result.stop_reason,
    }
    table = pa.table(columns)
    pq.write_table(table.replace_schema_metadata({_KEY: json.dumps(note).encode()}), path)


def load(path: str | os.PathLike[str], con: Any) -> tuple[pd.DataFrame, Outcomes, PushCall, str | None, str]:
    """Read a result, and a note about its journal; see :meth:`ImportResult.load`."""
    table = pq.read_table(path)
    metadata = table.schema.metadata or {}
    note = json.loads(metadata[_KEY]) if _KEY in metadata else {}
    if note.get("format") != _FORMAT:
        raise FrameError(f"{os.fspath(path)!r} holds no saved result of format {_FORMAT}.")
    if con is not None and con.id != note["connection_id"]:
        raise ConfigError(
            f"The result is of connection {note['connection_id']!r}; got {con.id!r}.",
            hint="A retry goes where the push went.",
        )
    forms = note["forms"]
    row_keys = [key for key in forms if key.startswith("row.")]
    rows = pd.DataFrame({place: _restored(table[key], forms[key]) for place, key in enumerate(row_keys)},
                        index=pd.RangeIndex(table.num_rows))  # fmt: skip
    rows.columns = pd.Index(note["labels"]) if note["labels"] else rows.columns
    levels = [_restored(table[key], forms[key]) for key in forms if key.startswith("index.")]
    names = note["index_names"]
    rows.index = (
        pd.Index(levels[0], name=names[0]) if len(levels) == 1 else pd.MultiIndex.from_arrays(levels, names=names)
    )
    members = {name: table[name].to_pylist() for name in _PLAIN}
    members |= {name: [None if text is None else json.loads(text) for text in table[name].to_pylist()]
                for name in ("id", "response")}  # fmt: skip
    outcomes = Outcomes(
        table.num_rows,
        (RowOutcome(**dict(zip(members, values, strict=True))) for values in zip(*members.values(), strict=True)),
    )
    client = None if con is None else con.client
    journal, about = _found_journal(note.get("journal"))
    identity = PushIdentity(**note["identity"]) if journal else None
    call = PushCall(
        note["connection_id"], note["document"], client, journal=journal, identity=identity, **note["options"]
    )
    return rows, outcomes, call, note["stop_reason"], about


def _found_journal(journal: str | None) -> tuple[str | None, str]:
    if journal is None or os.path.isdir(journal):
        return journal, ""
    return None, f"The journal {journal} is not here: a retry of this loaded result is recorded nowhere."


def _json_array(values: list[Any]) -> pa.Array:
    return pa.array([None if value is None else json.dumps(value) for value in values], type="string")


def _stored(series: pd.Series) -> tuple[pa.Array, str]:
    """Return a column for the file, and how it is to be read."""
    if isinstance(series.dtype, pd.SparseDtype):
        series = series.sparse.to_dense()
    if series.dtype == object:
        values = series.tolist()
        if all(value is None or type(value) is str for value in values):
            try:
                return pa.array(values, type="string"), "text"
            except pa.ArrowException:
                pass
        return _json_array([record.get("v") for record in to_records(pd.DataFrame({"v": series}))]), "json"
    try:
        table = pa.Table.from_pandas(pd.DataFrame({"v": series}), preserve_index=False)
        # The dtype that pandas wants back is told by the metadata, which holds for this column alone.
        return table["v"], "arrow:" + table.schema.metadata[b"pandas"].decode()
    except (pa.ArrowException, TypeError, NotImplementedError):
        return _json_array([record.get("v") for record in to_records(pd.DataFrame({"v": series}))]), "json"


def _restored(column: pa.ChunkedArray, form: str) -> Any:
    if form.startswith("arrow:"):
        table = pa.table({"v": column}).replace_schema_metadata({b"pandas": form[6:].encode()})
        return table.to_pandas()["v"].array
    texts = column.to_pylist()
    values = texts if form == "text" else [None if text is None else json.loads(text) for text in texts]
    return np.fromiter(values, dtype=object, count=len(values))
