"""Results of pushes as Parquet files: rows, outcomes and the call that made them.

Columns keep their dtype through Arrow. What Arrow would change (objects, categories, intervals, sparse columns) is
written value by value as JSON that names its types (``exact_values``); what Parquet would change (Arrow-backed lists,
decimals, seconds, …) is one piece of Arrow's own format in the column's first row. So a loaded result holds the same
values, of the same dtypes, under the same labels.
"""

from __future__ import annotations

import base64
import contextlib
import inspect
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from celigo_pandas.accessors.pushes.exact_values import pack, unpack
from celigo_pandas.accessors.pushes.push_call import PushCall
from celigo_pandas.accessors.targets import Target
from celigo_pandas.errors import ConfigError, FrameError, printable, shown
from celigo_pandas.folders import replacing, user_path
from celigo_pandas.frames.outcomes import Outcomes, RowOutcome
from celigo_pandas.journal.pushes import PushIdentity

__all__ = ["load", "save"]

_KEY = b"celigo_pandas.push"
_FORMAT = 3
_READ_FORMATS = (2, 3)
_PLAIN = ("outcome", "status_code", "code", "message", "source", "batch", "attempts")
_OPTIONS = ("batch_size", "max_workers", "max_failures", "na", "sep", "on_error")


def save(
    path: str | os.PathLike[str], rows: pd.DataFrame, outcomes: Outcomes, call: PushCall, stop_reason: str | None
) -> None:
    """Write a result; see :meth:`~celigo_pandas.ImportResult.save`."""
    columns: dict[str, Any] = {}
    forms: dict[str, dict[str, Any]] = {}
    for name in _PLAIN:
        kind = "int64" if name in ("status_code", "batch", "attempts") else "string"
        columns[name] = pa.array([_storable(getattr(row, name)) for row in outcomes.rows], type=kind)
    for name in ("id", "response"):
        columns[name] = _json_array([getattr(row, name) for row in outcomes.rows])
    labels = list(rows.columns)
    for place in range(len(labels)):
        key = f"row.{place}.{labels[place]}"
        columns[key], forms[key] = _stored(rows.iloc[:, place].reset_index(drop=True), f"column {labels[place]!r}")
    for level in range(rows.index.nlevels):
        key = f"index.{level}"
        labels_here = rows.index.get_level_values(level)
        columns[key], forms[key] = _stored(pd.Series(labels_here, dtype=labels_here.dtype), "the index")
    note = {
        "format": _FORMAT,
        "labels": _packed(labels, "a label"),
        "labels_dtype": _dtype_note(rows.columns.dtype),
        "labels_name": _packed([rows.columns.name], "the name of the columns")[0],
        "index_names": _packed(rows.index.names, "a name of the index"),
        "forms": forms,
        "document": call.document,
        "connection_id": call.connection_id,
        "options": {name: getattr(call, name) for name in _OPTIONS},
        "journal": call.journal,
        "identity": None if call.identity is None else asdict(call.identity),
        "stop_reason": stop_reason,
    }
    table = pa.table(columns)
    _write(table.replace_schema_metadata({_KEY: json.dumps(note).encode()}), user_path(path))


def _write(table: pa.Table, path: Path) -> None:
    """Put the file there when it is whole, and not before."""
    try:
        with replacing(path) as unfinished:
            pq.write_table(table, unfinished)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(
            f"path: {shown(path)} cannot be written: {why}.",
            hint="The result is still whole here: save it in a folder that can be written and has room.",
        ) from error


def load(path: str | os.PathLike[str], con: Target | None) -> tuple[pd.DataFrame, Outcomes, PushCall, str | None, str]:
    """Read a result, and a note about its journal; see :meth:`~celigo_pandas.ImportResult.load`."""
    table = pq.read_table(user_path(path))
    metadata = table.schema.metadata or {}
    note = json.loads(metadata[_KEY]) if _KEY in metadata else {}
    if note.get("format") not in _READ_FORMATS:
        raise FrameError(f"{os.fspath(path)!r} holds no saved result of format {_FORMAT}.")
    forms = note["forms"]
    row_keys = [key for key in forms if key.startswith("row.")]
    restored = {place: _restored(table[key], forms[key]) for place, key in enumerate(row_keys)}
    rows = pd.DataFrame({place: pd.Series(values, dtype=values.dtype) for place, values in restored.items()},
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


def _storable(value: object) -> object:
    return printable(value) if isinstance(value, str) else value


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
        kind = _dtype_note(categories.dtype)
        known = {"values": _packed(categories, what), "dtype": kind, "ordered": bool(dtype.ordered)}
        return pa.array(series.cat.codes.to_numpy()), {"as": "categories", **known}
    if isinstance(dtype, np.dtype) and dtype.kind == "O":
        if all(value is None or type(value) is str for value in series):
            with contextlib.suppress(UnicodeEncodeError):  # a lone surrogate in a label
                return pa.array(series.tolist(), type="string"), {"as": "text"}
    elif isinstance(dtype, pd.ArrowDtype):
        return _in_one_piece(series), {"as": "piece", "dtype": _dtype_note(dtype)}
    elif not isinstance(dtype, (pd.SparseDtype, pd.IntervalDtype)):
        with contextlib.suppress(pa.ArrowException, TypeError, NotImplementedError):
            table = pa.Table.from_pandas(pd.DataFrame({"v": series}), preserve_index=False)
            # The dtype that pandas wants back is told by the metadata, which holds for this column alone.
            form = {"as": "arrow", "pandas": table.schema.metadata[b"pandas"].decode(), "dtype": _dtype_note(dtype)}
            return table["v"], form
    texts = [json.dumps(value) for value in _packed(series, what)]
    return pa.array(texts, type="string"), {"as": "values", "dtype": _dtype_note(dtype)}


def _in_one_piece(series: pd.Series) -> pa.Array:
    table = pa.table({"v": pa.chunked_array(series.array.__arrow_array__())})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return pa.array([sink.getvalue().to_pybytes(), *[None] * (len(series) - 1)][: len(series)], type="large_binary")


def _from_one_piece(column: pa.ChunkedArray, dtype: Any) -> object:
    if not len(column):
        return pd.array([], dtype=dtype)
    table = pa.ipc.open_stream(column[0].as_buffer()).read_all()
    return pd.arrays.ArrowExtensionArray(table["v"])


def _dtype_note(dtype: object) -> object:
    """Write a dtype down; the text of some does not tell all of it."""
    if isinstance(dtype, pd.ArrowDtype):
        schema = pa.schema([("v", dtype.pyarrow_dtype)])
        return {"arrow": base64.b64encode(schema.serialize().to_pybytes()).decode()}
    if isinstance(dtype, pd.StringDtype):
        return {"string": dtype.storage, "missing": "NA" if dtype.na_value is pd.NA else "nan"}
    return str(dtype)


def _noted_dtype(note: Any) -> Any:
    if isinstance(note, str):
        return note
    if "arrow" in note:
        return pd.ArrowDtype(pa.ipc.read_schema(pa.py_buffer(base64.b64decode(note["arrow"]))).field(0).type)
    if note["missing"] == "NA":
        return pd.StringDtype(note["string"])
    return pd.StringDtype(note["string"], na_value=np.nan) if _HAS_STR else "object"


_HAS_STR = "na_value" in inspect.signature(pd.StringDtype).parameters


def _packed(values: Iterable[Any], what: str) -> list[Any]:
    try:
        return [pack(value) for value in values]
    except (TypeError, RecursionError) as error:
        raise FrameError(f"The result cannot be saved: {what} holds a value that no file can: {error}.") from None


def _restored(column: pa.ChunkedArray, form: Mapping[str, Any]) -> Any:
    kind = form["as"]
    if kind == "arrow":
        table = pa.table({"v": column}).replace_schema_metadata({b"pandas": form["pandas"].encode()})
        values = table.to_pandas()["v"].array
        # Parquet counts in milliseconds at least, and knows one kind of text.
        dtype = _noted_dtype(form["dtype"]) if "dtype" in form else values.dtype
        return values if values.dtype == dtype else values.astype(dtype)
    if kind == "piece":
        return _from_one_piece(column, _noted_dtype(form["dtype"]))
    if kind == "text":
        return _objects(column.to_pylist())
    if kind == "categories":
        categories = pd.Index(_typed(unpack(form["values"]), form["dtype"]), tupleize_cols=False)
        return pd.Categorical.from_codes(column.to_numpy(), categories, ordered=form["ordered"])
    return _typed([unpack(json.loads(text)) for text in column.to_pylist()], form["dtype"])


def _typed(values: list[Any], note: object) -> Any:
    if note == "object":
        return _objects(values)
    try:
        return pd.array(values, dtype=_noted_dtype(note))
    except (TypeError, ValueError):  # a dtype of another version of pandas, or of another library
        return _objects(values)


def _objects(values: list[Any]) -> np.ndarray:
    return np.fromiter(values, dtype=object, count=len(values))


def _index(level: Any, name: object) -> pd.Index:
    # The dtype is given, as pandas would turn objects that are all timestamps into another index.
    index: pd.Index = pd.Index(level, name=name, dtype=level.dtype, tupleize_cols=False)
    return index
