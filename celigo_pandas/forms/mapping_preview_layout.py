"""The preview of a MappingEditor: output and input of the same rows, what the last edit changed, and blame."""

from __future__ import annotations

from typing import Any

from celigo_pandas.forms.elements import Element, box, button, cell, heading, paragraph, table
from celigo_pandas.forms.frame_table import cell_text
from celigo_pandas.forms.mapping_preview import Preview, PreviewRow, flattened
from celigo_pandas.forms.mapping_state import MappingState

__all__ = ["preview_part"]

_COLUMNS = 40
_LOUD = 12


def preview_part(state: MappingState) -> Element:
    """Describe the preview; without a good document, the last one that worked, and a word about it."""
    shown = state.preview
    if shown is None:
        return box(heading("Output", look="sub"), paragraph("Nothing to show: see the problems of the rules.", "muted"))
    start = state.page * state.page_rows
    rows = list(enumerate(shown.rows))[start : start + state.page_rows]
    pages = max(1, -(-len(shown.rows) // state.page_rows))
    return box(
        heading("Output", _counts(state, shown), look="sub"),
        paragraph("The rules cannot be read as they are: this is the output before.", "warning")
        if state.stale
        else None,
        _output(state, shown, rows),
        box(
            button("previous_page", "Previous", tone="small", enabled=state.page > 0, title="rows"),
            button("next_page", "Next", tone="small", enabled=state.page < pages - 1, title="rows"),
            paragraph(f"page {state.page + 1} of {pages}", "muted"),
            row=True,
        ),
        _blame(state, shown),
        _server(state),
        heading("Input", "the same rows", look="sub"),
        _input(state, rows),
        _unused(state),
    )


def _counts(state: MappingState, shown: Preview) -> str:
    parts = [f"{count:,} {name}" for name, count in shown.counts.items() if count]
    sample = f"first {len(state.records):,} rows" if len(state.records) < len(state.df) else "all rows"
    changed = len(state.changed_cells)
    parts += [f"{changed:,} cell{'s' if changed > 1 else ''} changed by the last edit"] if changed else []
    return f"{sample}: {', '.join(parts) or 'none'} ({shown.seconds * 1000:.0f} ms)"


def _output(state: MappingState, shown: Preview, rows: list[tuple[int, PreviewRow]]) -> Element:
    names = list(shown.columns[:_COLUMNS])
    changed = state.changed_cells
    failing = any(row.problems for row in shown.rows)
    listed = []
    for place, row in rows:
        cells = [cell(cell_text(state.df.index[row.position]), "muted", title=row.state)]
        if failing:
            text = "; ".join(problem.message for problem in row.problems)
            cells.append(cell(text, "failed" if text else "", title=_fields(row)))
        for name in names:
            look = "selected" if state.selected == (place, name) else "changed" if (place, name) in changed else ""
            ignored = row.state == "ignored"
            cells.append(cell(cell_text(row.cells.get(name)), "ignored" if ignored and not look else look,
                              title="ignored by the filter" if ignored else ""))  # fmt: skip
        is_at = state.failing_place == place
        listed.append({"id": place, "cells": cells, "look": "selected" if is_at else ""})
    heads = [_index_name(state.df), *(["problem"] if failing else []), *names]
    more = f" (the first {_COLUMNS} of {len(shown.columns)} columns)" if len(shown.columns) > _COLUMNS else ""
    return table("output", heads, listed, caption=f"Click a cell to see where it comes from{more}", clickable=True)


def _fields(row: PreviewRow) -> str:
    return ", ".join(dict.fromkeys(problem.field for problem in row.problems if problem.field))


def _index_name(frame: Any) -> str:
    return "" if frame.index.name is None else str(frame.index.name)


def _input(state: MappingState, rows: list[tuple[int, PreviewRow]]) -> Element:
    found = [(state.df.index[row.position], flattened(state.input_of(row))) for _, row in rows]
    names = list(dict.fromkeys(name for _, cells in found for name in cells))[:_COLUMNS]
    listed = [
        {"id": place, "look": "", "cells": [cell(cell_text(label), "muted"),
                                            *(cell(cell_text(cells.get(name))) for name in names)]}
        for place, (label, cells) in enumerate(found)
    ]  # fmt: skip
    return table("input", [_index_name(state.df), *names], listed)


def _blame(state: MappingState, shown: Preview) -> Element | None:
    if state.selected is None:
        return None
    place, column = state.selected
    found = state.blame()
    label = cell_text(state.df.index[shown.rows[place].position]) if place < len(shown.rows) else ""
    if not found:
        return paragraph(f"No rule writes {column} of row {label}.", "muted")
    rows: list[Element] = []
    for entry in found[:_LOUD]:
        for number, (step, before, after) in enumerate(entry.steps or (("nothing", "", ""),)):
            first = number == 0
            rows.append({"id": len(rows), "look": "", "cells": [
                cell(entry.cell if first else "", title=entry.rule), cell(", ".join(entry.reads) if first else ""),
                cell(step), cell(before), cell(after)]})  # fmt: skip
        rows += [{"id": len(rows), "look": "", "cells": [cell("", "failed"), cell(text, "failed"), cell("failed"),
                                                         cell(""), cell("")]} for text in entry.problems]  # fmt: skip
    rule = found[0].rule
    return table("blame", ["cell", "reads", "step", "before", "after"], rows,
                 caption=f"{column} of row {label}: rule {rule}")  # fmt: skip


def _server(state: MappingState) -> Element | None:
    found = state.server_differences
    if not found:
        return None
    rows = [{"id": place, "look": "", "cells": [cell(cell_text(state.df.index[position]), "muted"), cell(name),
                                                cell(here), cell(there, "changed")]}
            for place, (position, name, here, there) in enumerate(found[:50])]  # fmt: skip
    caption = f"The first 50 of {len(found):,} differences" if len(found) > 50 else f"{len(found):,} differences"
    return table("server", [_index_name(state.df) or "row", "cell", "here", "server"], rows, caption=caption)


def _unused(state: MappingState) -> Element | None:
    unused = state.coverage.unused if state.coverage is not None else ()
    if not unused or not state.rows:
        return None
    more = f" and {len(unused) - 30} more" if len(unused) > 30 else ""
    return paragraph(f"No rule uses: {', '.join(unused[:30])}{more}.", "muted")
