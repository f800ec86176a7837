"""Rows in files: read for a push, written by a pull, without losing or inventing a value on the way."""

from __future__ import annotations

import codecs
import json
import os
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celigo_pandas.cli import csv_rows
from celigo_pandas.errors import ConfigError, MixedTypesWarning
from celigo_pandas.folders import replacing, user_path

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    import pandas as pd

__all__ = ["add_rows", "check_output", "read_frame", "write_frame"]

_FORMATS = (".parquet", ".csv", ".json", ".jsonl")
_EXPECTED = "expected .parquet, .csv, .json or .jsonl"


def add_rows(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how a CSV file of rows is to be read."""
    parser.add_argument(
        "--delimiter",
        type=_delimiter,
        metavar="CHAR",
        help="what separates the fields of a .csv of rows: one character, or tab (default: a comma)",
    )


def _delimiter(text: str) -> str:
    found = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(found) != 1 or found in '"\r\n':
        import argparse

        raise argparse.ArgumentTypeError(f"got {text!r}; expected one character, or tab")
    return found


def check_output(path: str | None) -> None:
    """Refuse a file that could not be written, before any work is done for it."""
    if path is None:
        return
    file = user_path(path)
    if file.suffix.lower() not in _FORMATS:
        raise ConfigError(f"Cannot write {path!r}: {_EXPECTED}.")
    folder = file.parent
    if not folder.is_dir():
        raise ConfigError(f"Cannot write {path!r}: there is no folder {str(folder)!r}.")
    if file.is_dir() or not os.access(file if file.exists() else folder, os.W_OK):
        raise ConfigError(f"Cannot write {path!r}: it is a folder, or not yours to write.")


def read_frame(path: str, *, delimiter: str | None = None) -> pd.DataFrame:
    """Read rows from ``.parquet``, ``.csv``, ``.json`` (array of objects) or ``.jsonl``.

    Parameters
    ----------
    path : str
        The ending says what the file is.
    delimiter : str, optional
        Of a ``.csv``; a comma when it is not given, and then a header with another is refused.

    Raises
    ------
    ConfigError
        There is no such file, or it is not what its name says; the line is named where there are lines.
    """
    file = user_path(path)
    suffix = file.suffix.lower()
    if suffix not in _FORMATS:
        raise ConfigError(f"Cannot read {path!r}: {_EXPECTED}.")
    if not file.is_file():
        raise ConfigError(f"There is no file {path!r}.")
    try:
        if suffix == ".parquet":
            from celigo_pandas.cli import parquet_rows

            return parquet_rows.read(file)
        return _read_csv(file, delimiter) if suffix == ".csv" else _read_json(file)
    except (ValueError, OSError, RecursionError) as error:  # ArrowInvalid and UnicodeDecodeError are ValueErrors
        raise ConfigError(f"Cannot read {path!r}: {error}.") from error


def _read_csv(file: Path, delimiter: str | None) -> pd.DataFrame:
    import pandas as pd

    names, rows = csv_rows.parse(_text(file), delimiter)
    # Text stays text: a leading zero or a long id must not become a number on the way.
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in zip(names, columns, strict=True)})


def _text(file: Path) -> str:
    content = file.read_bytes()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line, found = content.count(b"\n", 0, error.start) + 1, f"byte 0x{content[error.start]:02X}"
        raise ValueError(f"line {line} is not UTF-8 text ({found}); save it as UTF-8") from error


def _read_json(file: Path) -> pd.DataFrame:
    from celigo_pandas.frames.reading import frame_of

    text = _text(file)
    rows = _lines(text) if file.suffix.lower() == ".jsonl" else _loads(text)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it must hold an array of objects")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedTypesWarning)  # they go out as they came
        return frame_of(rows, nested="keep")


def _lines(text: str) -> list[Any]:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(_loads(line))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
            if not isinstance(rows[-1], dict):
                raise ValueError(f"line {number} must hold an object")
    return rows


def _loads(text: str) -> object:
    return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_distinct)


def _distinct(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        counts = Counter(name for name, _ in members)
        raise ValueError(f"an object has the name {counts.most_common(1)[0][0]!r} twice")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON; a missing value is null")


def write_frame(frame: pd.DataFrame, path: str) -> None:
    """Write rows to ``.parquet``, ``.csv``, ``.json`` or ``.jsonl``.

    The file is replaced when the new one is whole, and not before. What goes into it is what a push of the frame would
    send: in ``.csv`` a value that is no text as its JSON, in ``.parquet`` lists, objects and mixed columns as JSON.
    """
    target = user_path(path)
    with replacing(target) as unfinished:
        complaint = _WRITERS[target.suffix.lower()](frame, unfinished)
    if complaint is not None:
        print(f"celigo-pandas: {target.name}: {complaint}", file=sys.stderr)


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    from celigo_pandas.cli import parquet_rows

    parquet_rows.write(frame, path)


def _write_csv(frame: pd.DataFrame, path: Path) -> str | None:
    from celigo_pandas.frames.outward import to_records

    rows = (record.values() for record in to_records(frame, na="null", unflatten=False))
    text = "".join(csv_rows.write_rows([str(name) for name in frame.columns], map(list, rows)))
    replaced = text.encode("utf-8", "replace")
    path.write_bytes(replaced)
    if replaced == text.encode("utf-8", "surrogatepass"):
        return None
    return "half an emoji (a lone surrogate) cannot stand in CSV and was written as '?'; write .jsonl to keep it."


def _write_json(frame: pd.DataFrame, path: Path) -> None:
    path.write_text("[" + ",\n".join(_records(frame)) + "]\n", encoding="utf-8", newline="\n")


def _write_jsonl(frame: pd.DataFrame, path: Path) -> None:
    path.write_text("\n".join([*_records(frame), ""]), encoding="utf-8", newline="\n")


def _records(frame: pd.DataFrame) -> list[str]:
    from celigo_pandas.frames.outward import to_records

    return [_json_text(record) for record in to_records(frame)]


def _json_text(record: dict[str, Any]) -> str:
    text = json.dumps(record, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a pair of surrogates stands in JSON as its escape alone
        return json.dumps(record)
    return text


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], str | None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".json": _write_json,
    ".jsonl": _write_jsonl,
}
