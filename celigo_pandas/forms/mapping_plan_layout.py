"""A plan in the mapping editor: its fields, and what a push would change."""

from __future__ import annotations

from typing import Any

from celigo_pandas.experiments.side_by_side import pair_texts
from celigo_pandas.forms.elements import Element, box, button, cell, field, paragraph, table
from celigo_pandas.forms.frame_table import cell_text
from celigo_pandas.forms.mapping_state import MappingState

__all__ = ["plan_fields", "plan_part"]

_ROWS = 50


def plan_fields(state: MappingState) -> Element:
    """Describe what a plan needs to know."""
    planning = state.planning
    given = "" if planning.given is None else "as the editor was opened with"
    return box(
        field("plan|key", "Key", planning.key, placeholder="id", help="For Plan: fields that name a row, by commas."),
        field("plan|current", "At the destination", planning.current, kind="multiline", placeholder=given,
              help="For Plan: the export that reads it, as SQL, as JSON, or the name of a saved one."),
        row=True,
    )  # fmt: skip


def plan_part(state: MappingState) -> Element | None:
    """Describe what a push would do, once a plan was made."""
    plan = state.shown_plan
    if plan is None:
        return None
    due = plan.counts["create"] + plan.counts["update"]
    can = state.actions
    return box(
        paragraph(f"{plan.summary()} Nothing was sent yet.", "warning" if due else "good"),
        _changes(plan.changes),
        _held(plan.frame),
        box(
            button("push_plan", "Push 1 row" if due == 1 else f"Push {due:,} rows", tone="primary",
                   enabled=can["push_plan"], title="those to create and to update"),
            button("cancel", "Cancel", enabled=can["cancel"]),
            row=True,
        ),
        look="panel",
    )  # fmt: skip


def _changes(changes: Any) -> Element | None:
    if not len(changes):
        return None
    rows = []
    for place, (label, key, name, before, after, retyped, note) in enumerate(changes.head(_ROWS).itertuples(name=None)):
        old, new = pair_texts(before, after)
        cells = [cell(cell_text(label), "muted"), cell(cell_text(key)), cell(name),
                 cell("" if before is None else old), cell("" if after is None else new, "changed"),
                 cell(note or retyped or "", "muted")]  # fmt: skip
        rows.append({"id": place, "cells": cells, "look": ""})
    return table("plan_changes", ["row", "key", "field", "there now", "after the push", ""], rows,
                 caption=_caption("cell that differs", "cells that differ", len(changes)))  # fmt: skip


def _held(frame: Any) -> Element | None:
    held = frame[frame["action"].isin(["conflict", "failed"])]
    if not len(held):
        return None
    rows = [
        {
            "id": place,
            "cells": [cell(cell_text(label), "muted"), cell(action, "failed"), cell(reason or "")],
            "look": "",
        }
        for place, (label, action, reason, *_) in enumerate(held.head(_ROWS).itertuples(name=None))
    ]
    return table(
        "plan_held",
        ["row", "action", "reason"],
        rows,
        caption=_caption("row that stays here", "rows that stay here", len(held)),
    )


def _caption(one: str, several: str, count: int) -> str:
    if count == 1:
        return f"1 {one}"
    return f"The first {_ROWS:,} of {count:,} {several}" if count > _ROWS else f"{count:,} {several}"
