"""``dtype=`` of a pull: another dtype with the same values, or none.

pandas' own ``astype`` wraps integers, cuts fractions and takes any text for true. So each value of the result is
compared with the one it came from. Texts become what :func:`pandas.read_csv` makes of them, which does the reading.

A fraction may become the nearest one of a narrower dtype: that is what such a dtype is for. A whole number may not.
"""

from __future__ import annotations

import csv
import io
import math
import warnings
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from celigo_pandas.errors import legible, shown
from celigo_pandas.frames.pieces import EXACT_INTEGER

__all__ = ["Unfitting", "as_dtype", "dtype_of"]


class Unfitting(ValueError):
    """A value that the dtype cannot hold; `position` is its row, None where the column as a whole is at fault."""

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason)
        self.position = position


def as_dtype(values: pd.Series, kind: object) -> pd.Series:
    """Return a column as another dtype.

    Parameters
    ----------
    values : Series
        A column of a pull: texts, numbers, truth values, timestamps, lists, objects; None, NaN, NaT and NA are missing.
    kind : dtype
        Whatever :func:`pandas.api.types.pandas_dtype` takes.

    Raises
    ------
    Unfitting
        A value would change, or there is no way from it to the dtype.
    """
    dtype = dtype_of(kind)
    if (
        isinstance(dtype, np.dtype) and dtype.kind in "UT"
    ):  # pandas has no such columns, and made "nan" of a missing text
        return _as_objects_of_text(values)
    if values.dtype == dtype:
        return values
    column = values.reset_index(drop=True)
    missing = column.isna().to_numpy(dtype=bool)
    if missing.any() and _cannot_miss(dtype):
        raise Unfitting(
            f"it is missing, which {dtype} cannot hold; {_NULLABLE.get(dtype.kind, 'a nullable dtype')} can",
            int(missing.argmax()),
        )
    known = column[~missing]
    may_be_text = column.dtype == object or isinstance(column.dtype, (pd.StringDtype, pd.ArrowDtype))
    is_text = np.fromiter((may_be_text and isinstance(value, str) for value in known), bool, len(known))
    parts = [(known[is_text], _from_texts), (known[~is_text], _from_values)]
    found = [_part(part, dtype, change) for part, change in parts if len(part)] or [_empty(dtype)]
    whole = found[0] if len(found) == 1 else pd.concat(found).sort_index()
    if isinstance(dtype, pd.CategoricalDtype) and len(found) > 1:
        whole = whole.astype(dtype)
    whole = whole.reindex(column.index)
    if whole.dtype != dtype and not isinstance(dtype, pd.CategoricalDtype):
        whole = whole.astype(dtype)
    return whole.set_axis(values.index)


def dtype_of(kind: object) -> Any:
    """Return the dtype that `kind` names; raises :class:`TypeError` or :class:`ValueError` where there is none."""
    if isinstance(kind, str) and kind.startswith("decimal") and kind.endswith("[pyarrow]"):
        return _decimal_dtype(kind)  # pandas reads no parameters from a name
    try:
        return pd.api.types.pandas_dtype(kind)
    except NotImplementedError as error:
        raise TypeError(str(error)) from error


def _as_objects_of_text(values: pd.Series) -> pd.Series:
    texts = as_dtype(values, "string").astype(object)
    return texts.where(texts.notna(), None)


_NULLABLE = {"i": "'Int64'", "u": "'UInt64'", "b": "'boolean'"}


def _decimal_dtype(name: str) -> object:
    try:
        base, _, numbers = name.removesuffix("[pyarrow]").rstrip(")").partition("(")
        return pd.ArrowDtype(getattr(pa, base)(*map(int, numbers.split(","))))
    except (AttributeError, TypeError, ValueError) as error:
        raise TypeError(f"data type {name!r} not understood") from error


def _cannot_miss(dtype: object) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "iub"


def _empty(dtype: Any) -> pd.Series:
    empty: pd.Series = pd.Series([], dtype=dtype, index=pd.RangeIndex(0))
    return empty


def _part(part: pd.Series, dtype: object, change: Callable[[pd.Series, Any], pd.Series]) -> pd.Series:
    """Convert some values; where that fails, look for the one at fault by halves."""
    try:
        return _whole(part, dtype, change)
    except (ValueError, TypeError, OverflowError, ArithmeticError, NotImplementedError, AttributeError) as error:
        if len(part) == 1:
            reason = str(error).partition("\n")[0]
            raise Unfitting(
                f"got {shown(part.tolist()[0])}: {legible(reason, 200).rstrip('.')}", int(part.index[0])
            ) from error
    middle = len(part) // 2
    for half in (part.iloc[:middle], part.iloc[middle:]):
        _part(half, dtype, change)
    return _whole(part, dtype, change)  # each value is well, the column is not


def _whole(part: pd.Series, dtype: object, change: Callable[[pd.Series, Any], pd.Series]) -> pd.Series:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is lost is found below
        changed = change(part, dtype).set_axis(part.index)
    if changed.isna().any():
        raise ValueError(f"no value of {dtype}")
    return changed


def _is_text_dtype(dtype: Any) -> bool:
    is_arrow = isinstance(dtype, pd.ArrowDtype)
    return bool(
        isinstance(dtype, pd.StringDtype)
        or (isinstance(dtype, np.dtype) and dtype.kind in "OUT")
        or (is_arrow and (pa.types.is_string(dtype.pyarrow_dtype) or pa.types.is_large_string(dtype.pyarrow_dtype)))
    )


# -- texts ------------------------------------------------------------------------------------------------------------


def _from_texts(texts: pd.Series, dtype: Any) -> pd.Series:
    if _is_text_dtype(dtype):
        return texts.astype(dtype)
    if _is_arrow(dtype, pa.types.is_decimal):
        return pd.Series(_arrow([Decimal(text.strip()) for text in texts], dtype))
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        raise TypeError("use parse_dates= for timestamps, or pd.to_datetime and pd.to_timedelta")
    if isinstance(dtype, pd.SparseDtype):
        return _from_texts(texts, dtype.subtype).astype(dtype)
    read = _read_csv(texts, dtype)
    if _is_number(dtype):
        _compare([_number(*pair) for pair in zip(texts, read.tolist(), strict=True)], read)
    elif _is_arrow(dtype, lambda kind: pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        _compare([pd.Timestamp(text) for text in texts], read.map(pd.Timestamp).astype(object))
    elif isinstance(dtype, pd.PeriodDtype):
        _compare([_span(pd.Period(text)) for text in texts], read.map(_span).astype(object))
    return read


def _span(period: pd.Period) -> tuple[pd.Timestamp, pd.Timestamp]:
    return period.start_time, period.end_time


def _read_csv(texts: pd.Series, dtype: Any) -> pd.Series:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([text] for text in texts)
    buffer.seek(0)
    read = pd.read_csv(
        buffer, header=None, names=["value"], dtype={"value": dtype}, na_filter=False, skip_blank_lines=False,
        float_precision="round_trip", lineterminator="\n", encoding_errors="strict",
    )  # fmt: skip
    if len(read) != len(texts):
        raise ValueError(f"no text of {dtype}")
    return read["value"]


def _number(text: str, read: object) -> int | float | Decimal:
    """Read a text by itself, by its digits where a double could hide that they are others."""
    try:
        if isinstance(read, int):
            return int(text)
        if isinstance(read, float) and 0 < abs(read) < EXACT_INTEGER:
            return float(text)
    except ValueError:  # "1.0" may be read as an integer
        pass
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise ValueError("it is no number") from None


# -- everything else --------------------------------------------------------------------------------------------------


def _from_values(known: pd.Series, dtype: Any) -> pd.Series:
    values = known.tolist()
    if isinstance(dtype, np.dtype) and dtype.kind == "O":
        return pd.Series(np.fromiter(values, dtype=object, count=len(values)), dtype=object)
    if _is_text_dtype(dtype):
        if any(isinstance(value, (list, dict)) for value in values):
            raise TypeError("a list or an object has no text of its own; nested='json' gives its JSON")
        return pd.Series([str(value) for value in values], dtype=object).astype(dtype)
    if _is_arrow(dtype, pa.types.is_decimal):
        return pd.Series(_arrow([_as_decimal(value) for value in values], dtype))
    if isinstance(dtype, pd.ArrowDtype):
        changed = pd.Series(_arrow(values, dtype))
    else:
        changed = known.infer_objects().astype(dtype)
    _compare(values, changed)
    return changed


def _is_arrow(dtype: object, test: Callable[[Any], bool]) -> bool:
    return isinstance(dtype, pd.ArrowDtype) and test(dtype.pyarrow_dtype)


def _arrow(values: list[Any], dtype: Any) -> object:
    return pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(values, dtype.pyarrow_dtype)]))


def _as_decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise TypeError("it is no number")
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _is_number(dtype: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype))


def _compare(values: Sequence[Any], changed: pd.Series) -> None:
    """Raise for the first value that is another one now."""
    is_fraction = pd.api.types.is_float_dtype(changed.dtype) or pd.api.types.is_complex_dtype(changed.dtype)
    for before, after in zip(values, changed.tolist(), strict=True):
        if before == after or (is_fraction and _is_nearest(before, after)):
            continue
        raise ValueError(f"it would be {shown(after)} as {changed.dtype}")


def _is_nearest(before: object, after: Any) -> bool:
    """Say whether a fraction may have been rounded: no whole number, nothing that vanished or has no bound."""
    if isinstance(after, complex) or not isinstance(before, (float, Decimal)) or not math.isfinite(after):
        return False
    return bool(before != before // 1 and (after != 0 or before == 0))
