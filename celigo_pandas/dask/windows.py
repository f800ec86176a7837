"""One export for each window of time, from a template."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, TypeAlias

import pandas as pd

from celigo_pandas.accessors.targets import DocumentBuilder
from celigo_pandas.errors import ConfigError, DocumentError, shown

__all__ = ["windows"]

Moment: TypeAlias = str | date
"""What :class:`pandas.Timestamp` reads; datetimes and Timestamps are dates."""

_START, _END = "{{start}}", "{{end}}"


def windows(
    export: Mapping[str, Any] | DocumentBuilder,
    start: Moment,
    end: Moment,
    freq: str | timedelta | pd.DateOffset,
    *,
    format: str | None = None,
) -> dict[str, dict[str, Any]]:
    """Make one export for each window of time.

    Parameters
    ----------
    export : Mapping or builder
        Its texts hold ``{{start}}`` and ``{{end}}``, anywhere and as often as wanted; other templates stay. A window
        has its start and not its end, so write ``time >= '{{start}}' and time < '{{end}}'``.
    start, end : datetime-like
        Of the first and the last window; both stand on the grid of `freq`. `end` is not in any window.
    freq : str or offset
        As in :func:`pandas.date_range`: ``"MS"`` months, ``"D"`` days, ``"7D"`` weeks from `start` on.
    format : str, optional
        Of the two texts, as in :meth:`datetime.datetime.strftime`; by default ISO 8601, without the time where all
        windows begin at midnight.

    Returns
    -------
    dict of str to dict
        Exports by the name of their window (``"2024-01"`` for months, else the start), in order.

    Raises
    ------
    ConfigError
        `start` or `end` is between two windows (so that a day at the end is not left out unseen), or none is left.
    DocumentError
        The export does not hold both marks: its windows would bring rows twice.

    Examples
    --------
    >>> template = {"rdbms": {"query": "select * from orders where day >= '{{start}}' and day < '{{end}}'"}}
    >>> list(windows(template, "2024-01-01", "2024-04-01", "MS"))
    ['2024-01', '2024-02', '2024-03']
    """
    document = export.to_dict() if hasattr(export, "to_dict") else export
    if not isinstance(document, Mapping):
        raise DocumentError(f"The export is {shown(export)}; expected a dict or a builder.")
    absent = [mark for mark in (_START, _END) if not _holds(document, mark)]
    if absent:
        raise DocumentError(
            f"The export has no {' and no '.join(absent)} in its texts, so its windows would bring rows twice.",
            hint=f"For example: where day >= '{_START}' and day < '{_END}'.",
        )
    bounds = _grid(start, end, freq)
    names, texts = _names(bounds), [_text(bound, bounds, format) for bound in bounds]
    return {
        name: _filled(document, {_START: first, _END: last})
        for name, first, last in zip(names, texts, texts[1:], strict=False)
    }


def _grid(start: Moment, end: Moment, freq: str | timedelta | pd.DateOffset) -> pd.DatetimeIndex:
    try:
        first, last, step = pd.Timestamp(start), pd.Timestamp(end), pd.tseries.frequencies.to_offset(freq)
        bounds = pd.date_range(first, last, freq=step)
        after = pd.date_range(bounds[-1] if len(bounds) else first, periods=2, freq=step)[-1]
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(f"start={shown(start)}, end={shown(end)}, freq={shown(freq)}: {error}.") from error
    if len(bounds) and bounds[0] == first and bounds[-1] == last and len(bounds) > 1:
        return bounds
    if not len(bounds) or bounds[0] != first:
        raise ConfigError(f"start={shown(start)} is no boundary of freq={shown(freq)}; the next one is {after}.")
    if bounds[-1] == last:
        raise ConfigError(f"There is no window from {first} to {last}.", hint="end is not in any window.")
    raise ConfigError(
        f"end={shown(end)} is no boundary of freq={shown(freq)}: the rows from {bounds[-1]} on would not all be read.",
        hint=f"end itself is not in any window. Take {after}, or {bounds[-1]}.",
    )


def _names(bounds: pd.DatetimeIndex) -> list[str]:
    if all(bound.is_month_start and bound == bound.normalize() for bound in bounds):
        return [f"{bound:%Y-%m}" for bound in bounds]
    return [_text(bound, bounds, None) for bound in bounds]


def _text(bound: pd.Timestamp, bounds: pd.DatetimeIndex, format: str | None) -> str:
    if format is not None:
        return str(bound.strftime(format))
    is_day = bound.tz is None and all(other == other.normalize() for other in bounds)
    return str(bound.date().isoformat() if is_day else bound.isoformat())


def _holds(part: object, mark: str) -> bool:
    if isinstance(part, Mapping):
        return any(_holds(member, mark) for member in part.values())
    if isinstance(part, (list, tuple)):
        return any(_holds(member, mark) for member in part)
    return isinstance(part, str) and mark in part


def _filled(part: object, texts: Mapping[str, str]) -> Any:
    if isinstance(part, Mapping):
        return {name: _filled(member, texts) for name, member in part.items()}
    if isinstance(part, (list, tuple)):
        return [_filled(member, texts) for member in part]
    if isinstance(part, str):
        for mark, text in texts.items():
            part = part.replace(mark, text)
    return part
