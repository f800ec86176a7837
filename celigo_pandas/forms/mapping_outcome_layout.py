"""The way to the target in a MappingEditor: brakes, what would be sent, what became of it."""

from __future__ import annotations

from typing import Any

from celigo_pandas.forms.elements import Element, box, button, cell, field, group, paragraph, table
from celigo_pandas.forms.frame_table import cell_text, frame_table
from celigo_pandas.forms.mapping_plan_layout import plan_fields, plan_part
from celigo_pandas.forms.mapping_state import MappingState

__all__ = ["push_part"]

_ROWS = 50
_COLUMNS = ("outcome", "status_code", "id", "code", "message")


def push_part(state: MappingState) -> Element:
    """Describe the push."""
    options = state.push_options
    brakes = box(
        field("push|batch_size", "Batch size", options["batch_size"], kind="number", help="Rows per request."),
        field("push|first", "First rows alone", options["first"], kind="number",
              help="If none of them is ok, the push stops."),
        field("push|max_failures", "Stop after failures", "" if options["max_failures"] is None
              else options["max_failures"], kind="number", placeholder="never"),
        row=True,
    )  # fmt: skip
    shown = (state.push_preview, state.shown_plan, state.result)
    is_open = any(one is not None for one in shown)
    return group("Push", brakes, plan_fields(state), plan_part(state), _preview(state), _result(state),
                 is_open=is_open, id="push")  # fmt: skip


def _preview(state: MappingState) -> Element | None:
    shown = state.push_preview
    if shown is None:
        return None
    can = state.actions
    mapped = getattr(shown, "mapped", None)
    return box(
        paragraph(f"{len(shown):,} rows to {shown.target}. Nothing was sent yet.", "warning"),
        frame_table("would_send", mapped, 5, "The first rows as they would be sent") if mapped is not None else None,
        box(
            button("send", f"Send {len(shown):,} rows", tone="primary", enabled=can["send"]),
            button("cancel", "Cancel", enabled=can["cancel"]),
            row=True,
        ),
        look="panel",
    )


def _result(state: MappingState) -> Element | None:
    result = state.result
    if result is None:
        return None
    frame = result.frame
    bad = frame[~frame["outcome"].isin(["ok", "ignored", "unchanged"])]
    shown = bad if len(bad) else frame
    rows = [_row(shown, place) for place in range(min(_ROWS, len(shown)))]
    which = "rows that were not imported" if len(bad) else "rows"
    caption = f"The first {len(rows):,} of {len(shown):,} {which}" if len(shown) > _ROWS else f"{len(shown):,} {which}"
    return box(
        paragraph(result.summary()),
        button("retry_failed", "Retry failed", enabled=state.actions["retry_failed"],
               title="send failed and unsent rows again, with the rules as they are now"),
        table("outcomes", ["row", *_COLUMNS], rows, caption=caption),
        look="panel",
    )  # fmt: skip


def _row(frame: Any, place: int) -> Element:
    outcome = str(frame["outcome"].iloc[place])
    look = "failed" if outcome in ("failed", "unknown") else "muted" if outcome in ("not_sent", "withheld") else ""
    cells = [cell(cell_text(frame.index[place]), "muted")]
    cells += [cell(cell_text(frame[name].iloc[place]), look if name == "message" else "") for name in _COLUMNS]
    return {"id": place, "cells": cells, "look": ""}
