"""A plan as HTML: for the notebook, and for the page of a change ticket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

import pandas as pd

from celigo_pandas.accessors.destinations.compared_fields import ComparedFields
from celigo_pandas.accessors.plans.plan_call import PlanCall
from celigo_pandas.documents.import_documents import describe, digest
from celigo_pandas.errors import legible
from celigo_pandas.frames.side_by_side import cell_text, pair_texts
from celigo_pandas.markup import Markup, tag

__all__ = ["plan_html"]

_SHOWN = 20
_SHOWN_MISSING = 10
_CELL = "text-align:left;vertical-align:top;padding:.2em 1em .2em 0"
_OLD = "text-decoration:none;background:rgba(208,60,60,.16);color:inherit"
_NEW = "text-decoration:none;background:rgba(46,150,80,.2);color:inherit"


class Planned(Protocol):
    """What is shown of a plan; see :class:`~celigo_pandas.ImportPlan`."""

    @property
    def frame(self) -> pd.DataFrame: ...
    @property
    def changes(self) -> pd.DataFrame: ...
    @property
    def missing(self) -> pd.DataFrame: ...
    @property
    def counts(self) -> dict[str, int]: ...
    @property
    def digest(self) -> str: ...
    @property
    def made_at(self) -> datetime: ...
    def summary(self) -> str: ...


def plan_html(plan: Planned, call: PlanCall, fields: ComparedFields) -> Markup:
    """Write a plan: counts, what was compared, the changes, what is held back, what is missing here."""
    counts = plan.counts
    parts: list[Any] = [
        tag("p", tag("b", plan.summary())),
        _table(list(counts), [[f"{count:,}" for count in counts.values()]]),
        _facts(plan, call, fields),
        _changes(plan.changes),
        _reasons(plan.frame),
        _missing(plan.missing),
    ]
    return tag("div", *parts)


def _facts(plan: Planned, call: PlanCall, fields: ComparedFields) -> Markup:
    con = call.connection
    target = describe(call.document) if con is None else f"{describe(call.document)} through {con.name} ({con.id})"
    facts = [
        ("to", target),
        ("destination read", plan.made_at.strftime("%Y-%m-%d %H:%M:%S UTC")),
        ("key", _pairs(fields.key)),
        ("compared", _pairs(fields.fields) or "nothing beside the key"),
        ("document", f"digest {digest(call.document)[:16]}"),
        ("plan", f"digest {plan.digest[:16]}"),
    ]
    if fields.absent:
        facts.insert(4, ("taken for empty there", ", ".join(fields.absent)))
    if call.normalize is not None:
        facts.insert(4, ("normalized", _words(call.normalize)))
    if call.ignore:
        facts.insert(4, ("not compared", ", ".join([call.ignore] if isinstance(call.ignore, str) else call.ignore)))
    return _table(("", ""), [(tag("b", name), legible(text, 500)) for name, text in facts])


def _pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(name if name == column else f"{name} ({column} there)" for name, column in pairs)


def _words(normalize: object) -> str:
    if isinstance(normalize, dict):
        return "; ".join(f"{name}: {_words(steps)}" for name, steps in normalize.items())
    steps = normalize if isinstance(normalize, (list, tuple)) else [normalize]
    return ", ".join(step if isinstance(step, str) else getattr(step, "__name__", "a function") for step in steps)


def _changes(changes: pd.DataFrame) -> Markup | str:
    if not len(changes):
        return ""
    by_field = Counter(changes["field"]).most_common()
    counted = ", ".join(f"{name} {count:,}" for name, count in by_field)
    rows = [
        (label, cell_text(key), tag("b", field), *_values(before, after), note or retyped or "")
        for label, key, field, before, after, retyped, note in changes.head(_SHOWN).itertuples(name=None)
    ]
    return tag(
        "div",
        tag("p", tag("b", _counted(len(changes), "cell differs", "cells differ")), f" ({legible(counted, 500)}):"),
        _table(("row", "key", "field", "there now", "after the push", ""), rows),
        _more(len(changes), _SHOWN),
    )


def _values(before: object, after: object) -> tuple[Markup, Markup]:
    old, new = pair_texts(before, after)
    return (
        tag("i", "missing") if before is None else tag("del", old, style=_OLD),
        tag("i", "missing") if after is None else tag("ins", new, style=_NEW),
    )


def _reasons(frame: pd.DataFrame) -> Markup | str:
    """Group what a push would hold back: one line a reason, with the rows it concerns."""
    held = frame[frame["action"].isin(["conflict", "failed", "ignored"])]
    if not len(held):
        return ""
    groups: dict[tuple[str, str], list[Any]] = {}
    for label, action, reason in zip(held.index, held["action"], held["reason"], strict=True):
        groups.setdefault((action, reason or ""), []).append(label)
    listed = sorted(groups.items(), key=lambda group: -len(group[1]))
    rows = [
        (
            f"{len(labels):,}",
            action,
            legible(reason, 300),
            ", ".join(map(str, labels[:5])) + ("…" if labels[5:] else ""),
        )
        for (action, reason), labels in listed[:_SHOWN]
    ]
    return tag(
        "div",
        tag("p", tag("b", _counted(len(held), "row stays here:", "rows stay here:"))),
        _table(("rows", "action", "reason", "which"), rows),
        _more(len(listed), _SHOWN),
    )


def _missing(missing: pd.DataFrame) -> Markup | str:
    if not len(missing):
        return ""
    head = missing.iloc[:_SHOWN_MISSING, :8]
    rows = [[cell_text(value) for value in row] for row in head.astype(object).itertuples(index=False, name=None)]
    return tag(
        "div",
        tag(
            "p",
            tag(
                "b",
                _counted(len(missing), "row at the destination is not here", "rows at the destination are not here"),
            ),
            ", and a push leaves them:",
        ),
        _table(list(head.columns), rows),
        _more(len(missing), _SHOWN_MISSING),
    )


def _table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Markup:
    """Make a table whose cells begin at the left; a notebook's style would push them to the right."""
    head = tag("tr", *(tag("th", cell, style=_CELL) for cell in header))
    body = (tag("tr", *(tag("td", cell, style=_CELL) for cell in row)) for row in rows)
    return tag("table", tag("thead", head), tag("tbody", *body), style="border-collapse:collapse;margin:.5em 0")


def _counted(count: int, one: str, several: str) -> str:
    return f"1 {one}" if count == 1 else f"{count:,} {several}"


def _more(count: int, shown: int) -> Markup | str:
    return tag("p", f"The first {shown:,} of {count:,}.") if count > shown else ""
