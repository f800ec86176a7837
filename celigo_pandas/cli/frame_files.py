"""Rows in files: read for a push, written by a pull, without losing or inventing a value on the way."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celigo_pandas.errors import ConfigError, MixedTypesWarning

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_output", "read_frame", "write_frame"]

_FORMATS = (".parquet", ".csv", ".json", ".jsonl")
_EXPECTED = "expected .parquet, .csv, .json or .jsonl"
_JSON = {b"celigo_pandas": b"json"}  # as in the files of export_to_parquet: a text column of JSON values


def check_output(path: str | None) -> None:
    """Refuse a file that could not be written, before any work is done for it."""
    if path is None:
        return
    file = Path(path)
    if file.suffix.lower() not in _FORMATS:
        raise ConfigError(f"Cannot write {path!r}: {_EXPECTED}.")
    folder = file.parent
    if not folder.is_dir():
        raise ConfigError(f"Cannot write {path!r}: there is no folder {str(folder)!r}.")
    if file.is_dir() or not os.access(file if file.exists() else folder, os.W_OK):
        raise ConfigError(f"Cannot write {path!r}: it is a folder, or not yours to write.")


def read_frame(path: str) -> pd.DataFrame:
    """Read rows from ``.parquet``, ``.csv``, ``.json`` (array of objects) or ``.jsonl``.

    Raises
    ------
    ConfigError
        There is no such file, or it is not what its name says.
    """
    file = Path(path)
    read = {".parquet": _read_parquet, ".csv": _read_csv, ".json": _read_json, ".jsonl": _read_json}.get(
        file.suffix.lower()
    )
    if read is None:
        raise ConfigError(f"Cannot read {path!r}: {_EXPECTED}.")
    if not file.is_file():
        raise ConfigError(f"There is no file {path!r}.")
    try:
        return read(file)
    except (ValueError, OSError) as error:  # ArrowInvalid, EmptyDataError and UnicodeDecodeError are ValueErrors
        raise ConfigError(f"Cannot read {path!r}: {error}.") from error


def _read_csv(file: Path) -> pd.DataFrame:
    import pandas as pd

    # Text stays text: a leading zero or a long id must not become a number on the way.
    return pd.read_csv(file, dtype=str, keep_default_na=False, na_values=[""])


def _read_json(file: Path) -> pd.DataFrame:
    from celigo_pandas.frames.reading import frame_of

    text = file.read_text(encoding="utf-8")
    if file.suffix.lower() == ".jsonl":
        rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    else:
        rows = json.loads(text)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it must hold an array of objects")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedTypesWarning)  # they go out as they came
        return frame_of(rows, nested="keep")


def _read_parquet(file: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow.parquet as parquet

    table = parquet.read_table(file)
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)  # an integer column with gaps stays one
    for position, member in enumerate(table.schema):
        if (member.metadata or {}).get(b"celigo_pandas") == b"json" and member.name in frame.columns:
            values = [None if text is None else json.loads(text) for text in table.column(position).to_pylist()]
            frame[member.name] = pd.Series(values, index=frame.index, dtype=object)
    return frame


def write_frame(frame: pd.DataFrame, path: str) -> None:
    """Write rows to ``.parquet``, ``.csv``, ``.json`` or ``.jsonl``; lists and mixed columns as JSON texts."""
    suffix = Path(path).suffix.lower()
    if suffix == ".parquet":
        _write_parquet(frame, path)
    elif suffix == ".csv":
        _with_json_texts(frame).to_csv(path, index=False)
    else:
        from celigo_pandas.frames.outward import to_records

        lines = [json.dumps(record, ensure_ascii=False) for record in to_records(frame)]
        text = "\n".join([*lines, ""]) if suffix == ".jsonl" else "[" + ",\n".join(lines) + "]\n"
        Path(path).write_text(text, encoding="utf-8", errors="surrogatepass")


def _with_json_texts(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    changed = {}
    for name in (name for name in frame.columns if pd.api.types.is_object_dtype(frame[name])):
        values = [_json_text(value) if isinstance(value, (list, dict)) else value for value in frame[name]]
        changed[name] = pd.Series(values, index=frame.index, dtype=object)
    return frame.assign(**changed) if changed else frame


def _write_parquet(frame: pd.DataFrame, path: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    arrays, members = [], []
    for name in frame.columns:
        values = frame[name]
        try:
            array = pa.Array.from_pandas(values)
            if pa.types.is_nested(array.type):
                raise pa.ArrowInvalid("lists have JSON texts")
            metadata = None
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
            array = pa.array([None if value is None else _json_text(value) for value in values], pa.large_string())
            metadata = _JSON
        arrays.append(array)
        members.append(pa.field(str(name), array.type, metadata=metadata))
    parquet.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(members)), path)


def _json_text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
