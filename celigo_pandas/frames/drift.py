"""Drift: the columns of this pull against those that ``expect=`` recorded.

The file is JSON: ``{"celigo_pandas": "columns", "version": 1, "columns": {"id": "integer", …}}``, with the words of
JSON Schema for what the values of a column are.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from celigo_pandas.errors import ConfigError, DriftWarning, FrameError, shown
from celigo_pandas.folders import replacing, user_path
from celigo_pandas.frames.notices import notify

__all__ = ["check_drift", "check_expectation", "column_types", "recorded_types"]

_VERSION = 1


def column_types(df: pd.DataFrame) -> dict[str, str]:
    """Return what the values of each column are: ``integer, number, string, boolean, object, array, mixed, null``."""
    return {str(name): _column_type(df.iloc[:, position]) for position, name in enumerate(df.columns)}


def _column_type(values: pd.Series) -> str:
    dtype = values.dtype
    for name, test in (
        ("boolean", pd.api.types.is_bool_dtype),
        ("integer", pd.api.types.is_integer_dtype),
        ("number", pd.api.types.is_float_dtype),
    ):
        if test(dtype):
            return name
    if not pd.api.types.is_object_dtype(dtype):
        return "string"
    kinds = {_VALUE_TYPES.get(type(value), "string") for value in values if value is not None and value is not pd.NA}
    kinds.discard("number" if "integer" in kinds and "number" in kinds else "")
    if not kinds:
        return "null"
    return kinds.pop() if len(kinds) == 1 else "mixed"


_VALUE_TYPES = {bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}


def check_expectation(path: str | os.PathLike[str] | None, errors: str) -> None:
    """Raise :class:`ConfigError`, before a pull, for what :func:`check_drift` could only find after it."""
    if errors not in ("warn", "raise"):
        raise ConfigError(f"errors: got {shown(errors)}; expected 'warn' or 'raise'.")
    if path is None:
        return
    file = user_path(path)
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise ConfigError(f"expect: {shown(file)} cannot be written; expected a file in a folder that is there.")
    if file.exists():
        recorded_types(file)


def check_drift(df: pd.DataFrame, path: str | os.PathLike[str], errors: str = "warn") -> list[str]:
    """Compare a frame's columns with a file, or write the file if it is not there.

    Returns
    -------
    list of str
        One sentence for each difference; a column that is empty now, or was then, is none.

    Raises
    ------
    FrameError
        There are differences and `errors` is ``"raise"``.
    ConfigError
        The file is no such record.
    """
    check_expectation(path, errors)
    found = column_types(df)
    file = user_path(path)
    if df.empty and not len(df.columns):
        return []  # no record says nothing about columns
    if not file.exists():
        _write(file, found)
        return []
    expected = recorded_types(file)
    differences = [
        *(f"new column {name!r} ({found[name]})" for name in found if name not in expected),
        *(f"missing column {name!r} (was {expected[name]})" for name in expected if name not in found),
        *(
            f"column {name!r} is {found[name]}, was {kind}"
            for name, kind in expected.items()
            if name in found and "null" not in (kind, found[name]) and found[name] != kind
        ),
    ]
    if differences:
        message = f"Columns differ from {file.name}: {'; '.join(differences)}."
        if errors == "raise":
            raise FrameError(message, hint=f"If this is right, delete {file} and pull again.")
        notify(message, DriftWarning)
    return differences


def _write(file: Path, columns: dict[str, str]) -> None:
    record = {"celigo_pandas": "columns", "version": _VERSION, "columns": columns}
    try:
        with replacing(file) as unfinished:
            unfinished.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"expect: {shown(file)} cannot be written: {error.strerror}.") from error


def recorded_types(file: Path) -> dict[str, Any]:
    """Read what :func:`check_drift` recorded: the words of :func:`column_types` by column."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        columns = record["columns"]
        if record.get("celigo_pandas") != "columns" or record.get("version") != _VERSION:
            raise ValueError("another kind or version")
        return dict(columns)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"expect: {shown(file)} is no record of columns ({error}).", hint="Delete it to record anew."
        ) from error
