"""A few rows of a frame as a table of text."""

from __future__ import annotations

import json
from typing import Any

from celigo_pandas.forms.elements import Element, cell, table

__all__ = ["cell_text", "frame_table"]

_CELL = 200
_COLUMNS = 60


def cell_text(value: object) -> str:
    """Show one value: text as it is, objects and lists as JSON, long ones cut."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = value
    elif isinstance(value, (dict, list, bool)):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        # NaN, NaT and NA differ from themselves or refuse to say: an empty cell.
        text = "" if _is_missing(value) else str(value)
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"


def _is_missing(value: object) -> bool:
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return type(value).__name__ in ("NAType", "NaTType")


def frame_table(id: str, frame: Any, rows: int = 20, caption: str = "") -> Element:
    """Make a table of the first rows of a frame, its index first."""
    head = frame.head(rows)
    columns = [str(name) for name in list(head.columns)[:_COLUMNS]]
    names = ["" if head.index.name is None else str(head.index.name), *columns]
    listed = []
    for place in range(len(head)):
        values = [head.iat[place, column] for column in range(len(columns))]
        cells = [cell(cell_text(head.index[place]), "muted"), *(cell(cell_text(value)) for value in values)]
        listed.append({"id": place, "cells": cells, "look": ""})
    if len(head.columns) > _COLUMNS:
        caption = f"{caption} (the first {_COLUMNS} of {len(head.columns)} columns)".strip()
    return table(id, names, listed, caption=caption)
