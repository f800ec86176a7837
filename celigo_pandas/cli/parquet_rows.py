"""Rows in Parquet files: what pandas wrote, an index with names too, and what this project writes."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from celigo_pandas.errors import FrameError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["read", "write"]

_JSON = {b"celigo_pandas": b"json"}  # as in the files of export_to_parquet: a text column of JSON values


def read(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a file; the named levels of an index are columns, as ``reset_index`` makes them.

    Raises
    ------
    ValueError
        It is no Parquet file, or a level of its index and a column have one name.
    """
    import pyarrow.parquet as parquet

    table = parquet.ParquetFile(path).read()
    # By the file's own types: pandas' note would give some of them back as what they are stored in.
    frame = table.to_pandas(types_mapper=_dtype, ignore_metadata=True)
    for position, member in enumerate(table.schema):
        if (member.metadata or {}).get(b"celigo_pandas") == b"json":
            values = [None if text is None else json.loads(text) for text in table.column(position).to_pylist()]
            frame[member.name] = _objects(values, frame.index)
    return _with_levels(frame, table.schema.pandas_metadata or {})


def _dtype(kind: pa.DataType) -> object:
    """Keep Arrow's types (an integer column with gaps stays one), but not those that pandas gave it, as Period."""
    import pandas as pd
    import pyarrow as pa

    return None if isinstance(kind, pa.BaseExtensionType) else pd.ArrowDtype(kind)


def _with_levels(frame: pd.DataFrame, note: dict[str, Any]) -> pd.DataFrame:
    """Put the named levels of the index first and leave out the others, by what pandas noted in the file."""
    if len(note.get("column_indexes", ())) > 1:
        raise ValueError("its columns have several levels; join them first, for example with df.columns.map('.'.join)")
    names = {entry["field_name"]: entry["name"] for entry in note.get("columns", ())}
    levels: dict[str, Any] = {}
    values: Any
    for level in note.get("index_columns", ()):
        if isinstance(level, dict):  # a range, which is no column of the file
            name, values = level["name"], range(level["start"], level["stop"], level["step"])
        else:
            name, values = names.get(level), frame.pop(level)
        if name is not None:
            levels[str(name)] = values
    for name, values in reversed(levels.items()):
        if name in frame.columns:
            raise ValueError(f"a level of its index and a column are both named {name!r}")
        frame.insert(0, name, values)
    return frame


def write(frame: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write a frame without its index; what has no type of its own as JSON texts (the field's metadata says so)."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    from celigo_pandas.frames.outward import to_records

    if len(frame) and not len(frame.columns):
        raise FrameError(f"A Parquet file has no rows without columns; there are {len(frame):,}.", hint="Write .jsonl.")
    arrays, members = [], []
    for place, name in enumerate(frame.columns):
        array = _typed(frame.iloc[:, place])
        if array is None:
            one = frame.iloc[:, [place]].set_axis(["value"], axis=1)
            values = [record["value"] for record in to_records(one, na="null", unflatten=False)]
            array, metadata = _from_json(values)
        else:
            metadata = None
        arrays.append(array)
        members.append(pa.field(_writable(str(name)), array.type, metadata=metadata))
    parquet.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(members)), path)


def _typed(values: pd.Series) -> pa.Array | None:
    """Return the column as Arrow holds it, or None where that could be something else: objects, lists, structs."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(values.dtype, (pd.CategoricalDtype, pd.SparseDtype)) or values.dtype == object:
        return None
    try:
        array = pa.Array.from_pandas(values)
    except (pa.ArrowException, TypeError, OverflowError):
        return None
    return None if pa.types.is_nested(array.type) else array


def _from_json(values: list[Any]) -> tuple[pa.Array, dict[bytes, bytes] | None]:
    import pyarrow as pa

    kinds = set(map(type, values)) - {type(None)}
    try:
        if kinds == {str}:
            return pa.array(values, pa.large_string()), None
        if kinds in ({int}, {bool}):
            return pa.array(values), None
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):  # beyond 64 bits; half a pair of surrogates
        pass
    texts = [None if value is None else json.dumps(value, separators=(",", ":")) for value in values]
    return pa.array(texts, pa.large_string()), _JSON


def _writable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _objects(values: list[Any], index: Any) -> pd.Series:
    import pandas as pd

    return pd.Series(values, index=index, dtype=object)
