"""Sending again what is due after a push: which rows, in whose words, and what stays as it was.

Corrected rows are matched to *places* in the pushed frame. Labels find the place where they are distinct; where they
repeat, only the order of the rows can, so it must be the order they were given in.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from itertools import chain, combinations

import numpy as np
import pandas as pd

from celigo_pandas.accessors.pushes.delivery import Delivery, deliver
from celigo_pandas.accessors.pushes.fit import fitted
from celigo_pandas.accessors.pushes.push_call import PushCall
from celigo_pandas.documents.import_documents import acts_per_call, file_names_vary, writes_file
from celigo_pandas.errors import ConfigError, DocumentError, FrameError
from celigo_pandas.frames.foreign import as_frame
from celigo_pandas.frames.kept_copy import kept_copy
from celigo_pandas.frames.outcomes import Outcomes
from celigo_pandas.frames.outward import encode_rows
from celigo_pandas.frames.outward_columns import as_objects
from celigo_pandas.journal.pushes import PushJournal

__all__ = ["places_of", "retry", "with_replaced"]


def retry(
    rows: pd.DataFrame, outcomes: Outcomes, df: pd.DataFrame | None, call: PushCall, *, unknown: bool
) -> Delivery:
    """Send what is due of `rows` again; see :meth:`~celigo_pandas.ImportResult.retry`."""
    if call.client.read_only:
        raise ConfigError("Nothing was sent: the client is read-only.")
    names = ("failed", "not_sent", "unknown") if unknown else ("failed", "not_sent")
    if df is not None:
        df = as_frame(df)
        places = places_of(df, rows.index, outcomes, names)
        _encoded(df, call)  # refuse what cannot be sent before anything changes hands
        rows = with_replaced(rows, df, places)
    # A later retry, or another process with the same journal, may have gone on: what it settled is settled.
    newest = call.newest[0].copy() if call.newest else outcomes
    due = _still(outcomes.positions(*names), newest, names)
    _check_calls(call, newest, due)
    if call.journal is None or call.identity is None:
        return _sent(rows, newest, call, due)
    with PushJournal(call.journal, call.identity) as journal:
        journal.learn(newest)
        return _sent(rows, journal.outcomes, call, _still(due, journal.outcomes, names), journal)


def _still(due: list[int], known: Outcomes, names: tuple[str, ...]) -> list[int]:
    return [position for position in due if known.rows[position].outcome in names]


def _sent(
    rows: pd.DataFrame,
    outcomes: Outcomes,
    call: PushCall,
    due: list[int],
    journal: PushJournal | None = None,
) -> Delivery:
    encoded = _encoded(rows.iloc[due], call)
    one_call, call = fitted(replace(call, began=datetime.now(timezone.utc)), encoded)
    for position in due:  # an old reason would stay with a row that is not reached this time
        if outcomes.rows[position].outcome == "not_sent":
            outcomes.rows[position] = outcomes.rows[position]._replace(message=None, code=None, status_code=None)
    by_place = dict(zip(due, encoded, strict=True))
    return deliver(rows, by_place, call, outcomes, due, one_call=one_call, journal=journal)


def _encoded(rows: pd.DataFrame, call: PushCall) -> list[bytes]:
    return encode_rows(rows, na=call.na, unflatten=call.sep is not None, sep=call.sep or ".")


def _check_calls(call: PushCall, outcomes: Outcomes, due: list[int]) -> None:
    """Refuse a second call of an import that acts per call when the first one has left something."""
    member = acts_per_call(call.document)
    if member is None or not due or (writes_file(member) and file_names_vary(call.document)):
        return
    counts = outcomes.counts()
    if counts["ok"] or len(due) < len(outcomes) - counts["ignored"]:
        raise DocumentError(
            f"{len(due):,} rows cannot be retried alone: this import acts once per call ({member}), so a second call "
            "would replace what the first one left.",
            hint="Push the whole frame again, corrected.",
        )


def places_of(df: pd.DataFrame, index: pd.Index, outcomes: Outcomes, names: tuple[str, ...]) -> list[int]:
    """Find the place of each corrected row.

    Parameters
    ----------
    df : DataFrame
        Corrected rows.
    index : Index
        Labels of the pushed frame.
    outcomes : Outcomes
    names : tuple of str
        Outcomes that are due. `df` may hold all rows that are due, or all of one or two of these outcomes.

    Returns
    -------
    list of int
        A place for each row of `df`.

    Raises
    ------
    FrameError
        Other rows, more or fewer rows, or labels that repeat in another order.
    """
    found: dict[tuple[int, ...], None] = {}
    groups = chain.from_iterable(combinations(names, size) for size in range(1, len(names) + 1))
    for group in groups:
        places = outcomes.positions(*group)
        matched = _matched(df.index, index.take(places), places)
        if matched is not None:
            found[tuple(matched)] = None
    if len(found) == 1:
        return list(next(iter(found)))
    due = len(outcomes.positions(*names))
    if found:
        raise FrameError(f"The {len(df):,} corrected rows fit several groups of rows, because labels repeat.",
                         hint="Correct all rows that are due, in their order.")  # fmt: skip
    raise FrameError(
        f"The corrected frame has {len(df):,} rows that are not those of result.failed: expected the "
        f"{len(outcomes.positions('failed')):,} failed rows, or all {due:,} that are due, with their labels.",
        hint="Start from result.failed; where labels repeat, keep the order of its rows.",
    )


def _matched(labels: pd.Index, expected: pd.Index, places: list[int]) -> list[int] | None:
    if len(labels) != len(expected) or not places:
        return None
    if labels.nlevels != expected.nlevels:
        return None
    if labels.equals(expected):
        return places
    if not (labels.is_unique and expected.is_unique):
        return None
    found = expected.get_indexer(labels)
    return [places[place] for place in found] if (found >= 0).all() else None


def with_replaced(rows: pd.DataFrame, df: pd.DataFrame, places: list[int]) -> pd.DataFrame:
    """Return `rows` with those at `places` replaced by `df`; no value of the others changes."""
    others = np.setdiff1d(np.arange(len(rows)), places)
    if not len(others):
        merged = df.iloc[np.argsort(places)]
    else:
        kept, corrected = _aligned(rows.iloc[others], df)
        merged = pd.concat([kept, corrected], axis=0).iloc[np.argsort([*others, *places])]
    merged = kept_copy(merged).set_axis(rows.index)
    merged.attrs = dict(rows.attrs)
    return merged


def _aligned(kept: pd.DataFrame, corrected: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give both the same columns of the same dtypes; a common dtype could change values (2**53 + 1 as a float)."""
    names = list(dict.fromkeys([*kept.columns, *corrected.columns]))
    left, right = {}, {}
    for name in names:
        a = kept[name] if name in kept.columns else pd.Series([None] * len(kept), index=kept.index, dtype=object)
        b = (
            corrected[name]
            if name in corrected.columns
            else pd.Series([None] * len(corrected), index=corrected.index, dtype=object)
        )
        if a.dtype != b.dtype:
            left[name], right[name] = as_objects(a), as_objects(b)
        else:
            left[name], right[name] = a.array, b.array
    labels = range(len(kept)), range(len(corrected))
    return pd.DataFrame(left, index=labels[0], columns=names), pd.DataFrame(right, index=labels[1], columns=names)
