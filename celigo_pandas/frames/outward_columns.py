"""One column on its way out, converted by its dtype.

A missing value is marked, not converted; the caller leaves it out or sends ``null``. What single values become is in
``outward_values``; here are the dtypes that can be converted as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from celigo_pandas.errors import FrameError
from celigo_pandas.frames.outward_arrow import shortened
from celigo_pandas.frames.outward_values import SCALARS, Unsendable, is_clean, plain_value, shortest_double

__all__ = ["Column", "as_objects", "outward_column"]

Column = tuple[list[Any], "np.ndarray | None"]
"""The values of a column, and a mask of the missing ones (None when there are none)."""


def outward_column(series: pd.Series, label: object, index: pd.Index) -> Column:
    """Convert one column: its values, and a mask of the missing ones (None when there are none)."""
    try:
        return _convert(series)
    except _At as found:
        row = index[found.place]
        raise FrameError(
            f"Column {label!r}, row {row!r}: {found.reason}.",
            hint="Replace or convert it before sending; nothing has been sent.",
            column=label,
            row=row,
        ) from None


class _At(Exception):
    """A signal between two functions of this file: the place of the value, and why it cannot be sent."""

    def __init__(self, place: int, reason: str) -> None:
        super().__init__(reason)
        self.place = place
        self.reason = reason


def _convert(series: pd.Series) -> Column:
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return _NUMPY.get(dtype.kind, _any)(series)
    if isinstance(dtype, pd.CategoricalDtype):
        return _categorical(series)
    if isinstance(dtype, pd.SparseDtype):
        return _convert(_dense(series))
    if isinstance(dtype, pd.DatetimeTZDtype):
        return _zoned_times(series)
    if isinstance(dtype, pd.StringDtype):
        return series.tolist(), _mask(series)
    if isinstance(dtype, (pd.PeriodDtype, pd.IntervalDtype)):
        return [str(value) for value in series.tolist()], _mask(series)
    if not isinstance(dtype, pd.ArrowDtype) and dtype.kind in "biu":
        return series.tolist(), _mask(series)
    if not isinstance(dtype, pd.ArrowDtype) and dtype.kind == "f":
        masked: Any = dtype
        return _floats(pd.Series(series.to_numpy(masked.numpy_dtype, na_value=np.nan)))
    return _any(series)


def _dense(series: pd.Series) -> pd.Series:
    accessor: Any = series.sparse
    dense: pd.Series = accessor.to_dense()
    return dense


def _mask(series: pd.Series) -> np.ndarray | None:
    mask = series.isna().to_numpy(dtype=bool)
    return mask if mask.any() else None


def _whole(series: pd.Series) -> Column:
    return series.to_numpy().tolist(), None


def _floats(series: pd.Series) -> Column:
    values = series.to_numpy()
    infinite = np.isinf(values)
    if infinite.any():
        place = int(infinite.argmax())
        raise _At(place, f"got {float(values[place])!r}; JSON has no infinity")
    missing = np.isnan(values)
    absent = missing if missing.any() else None
    if values.dtype.itemsize < 8:
        return [shortest_double(value) for value in values], absent
    return values.astype(float).tolist(), absent


def _times(series: pd.Series) -> Column:
    values = series.to_numpy()
    absent = _mask(series)
    unit, per_second = np.datetime_data(values.dtype)[0], 1
    if unit in _PER_SECOND:
        per_second = _PER_SECOND[unit]
        known = values if absent is None else values[~absent]
        if (known.view("int64") % per_second == 0).all():  # the usual case: no fraction anywhere
            return np.datetime_as_string(values.astype("datetime64[s]")).tolist(), absent
    return [value.isoformat() for value in series], absent


_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def _zoned_times(series: pd.Series) -> Column:
    if str(series.dt.tz) == "UTC":
        texts, absent = _times(series.dt.tz_localize(None))
        return [text + "+00:00" for text in texts], absent
    return [value.isoformat() for value in series], _mask(series)


def _durations(series: pd.Series) -> Column:
    return [value.isoformat() for value in series], _mask(series)


def _categorical(series: pd.Series) -> Column:
    codes = series.cat.codes.to_numpy()
    try:
        values, _ = _convert(pd.Series(series.cat.categories))
    except _At as found:
        used = codes == found.place
        if not used.any():  # an unused category harms nobody
            return _any(series)
        raise _At(int(used.argmax()), found.reason) from None
    missing = codes < 0
    values = [*values, None]  # code -1 picks the last
    return [values[code] for code in codes.tolist()], (missing if missing.any() else None)


def as_objects(series: pd.Series) -> np.ndarray:
    """Turn a column into objects, each of which goes out as it does from its column.

    Not ``astype(object)``: it writes fractions of 32 and 16 bit with the digits of Python's wider ones.
    """
    dtype = series.dtype
    if isinstance(dtype, pd.SparseDtype):
        return as_objects(_dense(series))
    if isinstance(dtype, pd.CategoricalDtype):
        values = [*as_objects(pd.Series(dtype.categories)), None]  # code -1 picks the last
        return _objects([values[code] for code in series.cat.codes])
    if isinstance(dtype, pd.ArrowDtype):
        return _objects(shortened(series))
    if dtype.kind == "f":
        return _objects(list(series.array))
    return _objects(series.astype(object).tolist())


def _objects(values: list[Any]) -> np.ndarray:
    # Not np.array: a list among the values would be unpacked into a second dimension.
    return np.fromiter(values, dtype=object, count=len(values))


def _any(series: pd.Series) -> Column:
    values = shortened(series) if isinstance(series.dtype, pd.ArrowDtype) else series.tolist()
    plain = values if is_clean(values) else _plain_values(values)
    missing = np.fromiter((value is None for value in plain), dtype=bool, count=len(plain))
    return plain, (missing if missing.any() else None)


def _plain_values(values: Iterable[Any]) -> list[Any]:
    plain: list[Any] = []
    for place, value in enumerate(values):
        try:
            plain.append(value if type(value) in SCALARS else plain_value(value))
        except Unsendable as error:
            raise _At(place, str(error)) from None
        except RecursionError:
            raise _At(place, "got a value that is nested too deeply, or holds itself") from None
    return plain


_NUMPY: dict[str, Callable[[pd.Series], Column]] = {
    "b": _whole,
    "i": _whole,
    "u": _whole,
    "f": _floats,
    "M": _times,
    "m": _durations,
    "O": _any,
}
