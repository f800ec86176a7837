"""Results of pushes as Parquet files: rows, outcomes and the call that made them.

Columns keep their dtype through Arrow. What Arrow would change (objects, categories, intervals, sparse columns) is
written value by value as JSON that names its types (``exact_values``), so that a loaded result holds the same values
under the same labels.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from celigo_pandas.accessors.exact_values import pack, unpack
from celigo_pandas.accessors.import_result import ImportResult, PushCall
from celigo_pandas.errors import FrameError
from celigo_pandas.frames.outcomes import Outcomes, RowOutcome
from celigo_pandas.journal.pushes import PushIdentity

__all__ = ["load", "save"]

_KEY = b"celigo_pandas.push"
_FORMAT = 2
_PLAIN = ("outcome", "status_code", "code", "message", "source", "batch", "attempts")
_OPTIONS = ("batch_size", "max_workers", "max_failures", "na", "sep", "on_error")


def save(result: ImportResult, path: str | os.PathLike[str]) -> None:
    """Write a result; see :meth:`ImportResult.save`."""
    rows, outcomes, call = result._rows, result._outcomes, result._call
    columns: dict[str, Any] = {}
    forms: dict[str, dict[str, Any]] = {}
    for name in _PLAIN:
        kind = "int64" if name in ("status_code", "batch", "attempts") else "string"
        columns[name] = pa.array([getattr(row, name) for row in outcomes.rows], type=kind)
    for name in ("id", "response"):
        columns[name] = _json_array([getattr(row, name) for row in outcomes.rows])
    labels = list(rows.columns)
    for place in range(len(labels)):
        key = f"row.{place}.{labels[place]}"
        columns[key], forms[key] = _stored(rows.iloc[:, place].reset_index(drop=True), f"column {labels[place]!r}")
    for level in range(rows.index.nlevels):
        key = f"index.{level}"
        columns[key], forms[key] = _stored(pd.Series(rows.index.get_level_values(level)), "the index")
    note = {
        "format": _FORMAT,
        "labels": _packed(labels, "a label"),
        "labels_dtype": str(rows.columns.dtype),
        "labels_name": _packed([rows.columns.name], "the name of the columns")[0],
        "index_names": _packed(rows.index.names, "a name of the index"),
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
    forms = note["forms"]
    row_keys = [key for key in forms if key.startswith("row.")]
    rows = pd.DataFrame({place: _restored(table[key], forms[key]) for place, key in enumerate(row_keys)},
                        index=pd.RangeIndex(table.num_rows))  # fmt: skip
    labels = _typed(unpack(note["labels"]), note["labels_dtype"])
    rows.columns = _index(labels, unpack(note["labels_name"]))
    levels = [_restored(table[key], forms[key]) for key in forms if key.startswith("index.")]
    names = unpack(note["index_names"])
    rows.index = _index(levels[0], names[0]) if len(levels) == 1 else pd.MultiIndex.from_arrays(levels, names=names)
    members = {name: table[name].to_pylist() for name in _PLAIN}
    members |= {name: [None if text is None else json.loads(text) for text in table[name].to_pylist()]
                for name in ("id", "response")}  # fmt: skip
    outcomes = Outcomes(
        table.num_rows,
        (RowOutcome(**dict(zip(members, values, strict=True))) for values in zip(*members.values(), strict=True)),
    )
    journal, about = _found_journal(note.get("journal"))
    identity = PushIdentity(**note["identity"]) if journal else None
    call = PushCall(note["connection_id"], note["document"], journal=journal, identity=identity, **note["options"])
    return rows, outcomes, call if con is None else call.through(con), note["stop_reason"], about


def _found_journal(journal: str | None) -> tuple[str | None, str]:
    if journal is None or os.path.isdir(journal):
        return journal, ""
    return None, f"The journal {journal} is not here: a retry of this loaded result is recorded nowhere."


def _json_array(values: list[Any]) -> pa.Array:
    return pa.array([None if value is None else json.dumps(value) for value in values], type="string")


def _stored(series: pd.Series, what: str) -> tuple[pa.Array, dict[str, Any]]:
    """Return a column for the file, and how it is to be read."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = dtype.categories
        known = {"values": _packed(categories, what), "dtype": str(categories.dtype), "ordered": bool(dtype.ordered)}
        return pa.array(series.cat.codes.to_numpy()), {"as": "categories", **known}
    if isinstance(dtype, np.dtype) and dtype.kind == "O":
        if all(value is None or type(value) is str for value in series):
            with contextlib.suppress(UnicodeEncodeError):  # a lone surrogate in a label
                return pa.array(series.tolist(), type="string"), {"as": "text"}
    elif not isinstance(dtype, (pd.SparseDtype, pd.IntervalDtype)):
        with contextlib.suppress(pa.ArrowException, TypeError, NotImplementedError):
            table = pa.Table.from_pandas(pd.DataFrame({"v": series}), preserve_index=False)
            # The dtype that pandas wants back is told by the metadata, which holds for this column alone.
            return table["v"], {"as": "arrow", "pandas": table.schema.metadata[b"pandas"].decode()}
    texts = [json.dumps(value) for value in _packed(series, what)]
    return pa.array(texts, type="string"), {"as": "values", "dtype": str(dtype)}


def _packed(values: Iterable[Any], what: str) -> list[Any]:
    try:
        return [pack(value) for value in values]
    except (TypeError, RecursionError) as error:
        raise FrameError(f"The result cannot be saved: {what} holds a value that no file can: {error}.") from None


def _restored(column: pa.ChunkedArray, form: Mapping[str, Any]) -> Any:
    kind = form["as"]
    if kind == "arrow":
        table = pa.table({"v": column}).replace_schema_metadata({b"pandas": form["pandas"].encode()})
        return table.to_pandas()["v"].array
    if kind == "text":
        return _objects(column.to_pylist())
    if kind == "categories":
        categories = pd.Index(_typed(unpack(form["values"]), form["dtype"]), tupleize_cols=False)
        return pd.Categorical.from_codes(column.to_numpy(), categories, ordered=form["ordered"])
    return _typed([unpack(json.loads(text)) for text in column.to_pylist()], form["dtype"])


def _typed(values: list[Any], dtype: str) -> Any:
    if dtype == "object":
        return _objects(values)
    try:
        return pd.array(values, dtype=dtype)
    except (TypeError, ValueError):  # a dtype of another version of pandas, or of another library
        return _objects(values)


def _objects(values: list[Any]) -> np.ndarray:
    return np.fromiter(values, dtype=object, count=len(values))


def _index(level: Any, name: Any) -> pd.Index:
    # The dtype is given, as pandas would turn objects that are all timestamps into another index.
    return pd.Index(level, name=name, dtype=level.dtype, tupleize_cols=False)
