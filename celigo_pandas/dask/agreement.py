"""The columns and dtypes that all partitions have: agreed before, held to by each.

``Int64`` and ``boolean`` always, for a gap may come later. Columns whose values are of several kinds are objects and
keep each value as it came.
"""

from __future__ import annotations

import numbers
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pandas as pd

from celigo_pandas.errors import ConfigError, FrameError, shown
from celigo_pandas.folders import user_path
from celigo_pandas.frames.conversion import convert
from celigo_pandas.frames.drift import recorded_types

__all__ = ["Agreement", "Meta", "agreed", "agreed_by"]

Meta: TypeAlias = pd.DataFrame | Mapping[str, Any] | str | os.PathLike[str]
"""What may say how partitions look: a frame, dtypes by name, or the path of a record that ``expect=`` wrote."""

_TEXT = pd.Series(["text"]).dtype
_RECORDED = {"integer": "Int64", "number": "float64", "string": _TEXT, "boolean": "boolean"}


@dataclass(frozen=True)
class Agreement:
    """What each partition looks like.

    Parameters
    ----------
    meta : DataFrame
        No rows; the columns and their dtypes.
    reads_texts : bool
        Whether a text may become a number, as ``dtype=`` of a pull does it: where the caller chose the dtypes.
    """

    meta: pd.DataFrame
    reads_texts: bool

    def select(self, columns: Sequence[str] | None) -> Agreement:
        """Return an agreement on some of the columns only."""
        if columns is None:
            return self
        absent = [name for name in columns if name not in self.meta.columns]
        if absent:
            raise ConfigError(f"columns: {shown(absent)} are not in meta, which has {shown(list(self.meta.columns))}.")
        return Agreement(self.meta[list(columns)], self.reads_texts)

    def fit(self, frame: pd.DataFrame, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a pulled frame as a partition: these columns (or some of them), these dtypes, every value.

        Raises
        ------
        FrameError
            A column that was not agreed, or a value that its dtype cannot hold.
        """
        extra = [name for name in frame.columns if name not in self.meta.columns]
        if extra:
            raise FrameError(
                f"column {extra[0]!r} was not agreed; agreed are {shown(list(self.meta.columns))}.",
                hint="Say meta= with all columns, or columns= with those that are wanted.",
                column=extra[0],
            )
        part = frame.reindex(columns=list(self.meta.columns if columns is None else columns))
        wanted = self.meta.dtypes[list(part.columns)]
        if not self.reads_texts:
            for name, dtype in wanted.items():
                _refuse_other_kinds(part[name], dtype)
        became_objects = [name for name in _objects(self.meta) if name in part and name not in _objects(part)]
        others = {name: dtype for name, dtype in wanted.items() if part[name].dtype != dtype}
        times = [str(name) for name, dtype in others.items() if isinstance(dtype, pd.DatetimeTZDtype)]
        part = convert(part, parse_dates=times, dtype=others, quiet=True)
        for name in became_objects:
            part[name] = part[name].where(part[name].notna(), None)
        part.attrs = {}  # of one pull; pandas keeps them or not, by what is done next
        return part


def agreed(meta: Meta) -> Agreement:
    """Read ``meta=``: a frame, dtypes by name, or the path of a record that ``expect=`` wrote.

    Raises
    ------
    ConfigError
        It is none of these.
    """
    if isinstance(meta, pd.DataFrame):
        return Agreement(meta.iloc[:0].reset_index(drop=True), True)
    if isinstance(meta, Mapping):
        return Agreement(_empty(meta), True)
    if isinstance(meta, (str, os.PathLike)):
        recorded = recorded_types(user_path(meta))
        return Agreement(_empty({name: _RECORDED.get(kind, object) for name, kind in recorded.items()}), False)
    raise ConfigError(f"meta={shown(meta)}; expected a DataFrame, a dict of dtypes, or the path of an expect= record.")


def agreed_by(frames: Iterable[pd.DataFrame]) -> Agreement:
    """Agree on what the first pages of all exports have; a column without a value in a page says nothing."""
    found: dict[str, set[Any]] = {}
    for frame in frames:
        for name in frame.columns:
            seen = found.setdefault(name, set())
            if frame[name].notna().any():
                seen.add(_nullable(frame[name].dtype))
    return Agreement(_empty({name: _common(dtypes) for name, dtypes in found.items()}), False)


def _empty(dtypes: Mapping[str, Any]) -> pd.DataFrame:
    try:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in dtypes.items()}, index=pd.RangeIndex(0))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"meta: {error}.") from error


def _objects(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name, dtype in frame.dtypes.items() if pd.api.types.is_object_dtype(dtype)]


def _nullable(dtype: Any) -> Any:
    if pd.api.types.is_bool_dtype(dtype):
        return pd.BooleanDtype()
    return pd.Int64Dtype() if pd.api.types.is_integer_dtype(dtype) else dtype


def _common(dtypes: set[Any]) -> object:
    if len(dtypes) == 1:
        return next(iter(dtypes))
    is_number = bool(dtypes) and all(_kind_of_dtype(dtype) == "number" for dtype in dtypes)
    return "float64" if is_number else object


def _refuse_other_kinds(values: pd.Series, dtype: object) -> None:
    wanted = _kind_of_dtype(dtype)
    if wanted is None or _kind_of_dtype(values.dtype) == wanted:
        return
    for value, is_missing in zip(values, values.isna(), strict=True):
        if not is_missing and _kind(value) != wanted:
            raise FrameError(
                f"column {values.name!r} has the {_kind(value)} {shown(value)}; agreed is dtype {dtype}.",
                hint=f"Say so in meta=: {{{values.name!r}: object}} keeps each value as it came.",
                column=str(values.name),
            )


def _kind_of_dtype(dtype: Any) -> str | None:
    if pd.api.types.is_bool_dtype(dtype):
        return "truth value"
    if pd.api.types.is_numeric_dtype(dtype):
        return "number"
    return "text" if isinstance(dtype, pd.StringDtype) else None


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "truth value"
    if isinstance(value, numbers.Number):
        return "number"
    return "text" if isinstance(value, str) else "list" if isinstance(value, list) else "object"
