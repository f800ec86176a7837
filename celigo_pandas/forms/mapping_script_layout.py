"""The scripts of a MappingEditor: the code, what a run on the rows in view made of each record, its log."""

from __future__ import annotations

from celigo_pandas.documents.script_references import ScriptReference
from celigo_pandas.forms.edited_scripts import RunRow, RunShown
from celigo_pandas.forms.elements import Element, box, button, cell, field, group, paragraph, table
from celigo_pandas.forms.frame_table import cell_text
from celigo_pandas.forms.mapping_preview import flattened
from celigo_pandas.forms.mapping_state import MappingState

__all__ = ["script_part"]

_COLUMNS = 30
_LOG_LINES = 50


def script_part(state: MappingState) -> Element | None:
    """Describe the section; None where the document names no script."""
    scripts, doc = state.scripts, state.import_doc
    warnings = [*scripts.missing, *([scripts.trouble] if scripts.trouble else [])]
    notes = [paragraph(f"The preview is made without scripts: {text}", "warning") for text in dict.fromkeys(warnings)]
    chosen = scripts.chosen(doc)
    if chosen is None:
        return group("Scripts", *notes, id="group:scripts") if notes else None
    id = chosen.script_id
    problems = scripts.problems(id)
    shown = scripts.shown if scripts.shown is not None and scripts.shown.path == chosen.path else None
    return group(
        "Scripts",
        *notes,
        field("script|place", "Runs at", chosen.path, kind="choice",
              choices=[(one.path, _place(state, one)) for one in scripts.places(doc)]),
        field(f"script:{id}|text", f"Code of {scripts.name(id)}", scripts.texts[id], kind="code", wide=True,
              problems=[str(problem) for problem in problems], marks=scripts.marks(id),
              help="Edited here only; the script of the account stays as it is."),
        box(
            button("run_script", "Run on the rows in view", enabled=state.actions["run_script"]),
            button("revert_script", "Revert", enabled=id in scripts.edited, title="to the code as it was read"),
            button("copy_script", "Copy code", copies=scripts.texts[id]),
            row=True,
        ),
        *(_run(state, shown) if shown is not None else ()),
        is_open=bool(problems or shown or scripts.edited),
        id="group:scripts",
        count=len(problems),
    )  # fmt: skip


def _place(state: MappingState, reference: ScriptReference) -> str:
    function = f", {reference.function}" if reference.function else ""
    return f"{reference.path.removesuffix('.script')}: {state.scripts.name(reference.script_id)}{function}"


def _run(state: MappingState, shown: RunShown) -> list[Element]:
    marks = [paragraph(f"line {line}: {text}", "error") for line, text in shown.marks]
    return [*marks, _records(state, shown), *([_log(shown)] if shown.log else [])]


def _records(state: MappingState, shown: RunShown) -> Element:
    """List each record once: the value of each field after the run, and before it where that is another."""
    sides = [(row, flattened(row.before), flattened(row.after) if row.after is not None else {}) for row in shown.rows]
    names = list(dict.fromkeys(name for _, old, new in sides for name in (*new, *old)))
    has_text = any(row.message for row in shown.rows)
    listed = []
    for place, (row, old, new) in enumerate(sides):
        cells = [cell(cell_text(state.df.index[row.position]), "muted"), cell(row.state.replace("_", " "))]
        cells += [cell(row.message, "failed" if row.message else "")] if has_text else []
        cells += [_field(row, name, old, new) for name in names[:_COLUMNS]]
        listed.append({"id": place, "look": "", "cells": cells})
    more = f" (the first {_COLUMNS} of {len(names)} fields)" if len(names) > _COLUMNS else ""
    heads = ["row", "state", *(["message"] if has_text else []), *names[:_COLUMNS]]
    return table("script_run", heads, listed, caption=f"Before → after {shown.path}{more}")


def _field(row: RunRow, name: str, old: dict[str, object], new: dict[str, object]) -> Element:
    before, after = cell_text(old[name]) if name in old else "", cell_text(new[name]) if name in new else ""
    if row.after is None:
        return cell(before, "ignored")
    if before == after and (name in old) == (name in new):
        return cell(after)
    return cell(f"{before or '∅'} → {after or '∅'}", "changed")


def _log(shown: RunShown) -> Element:
    rows = [
        {"id": place, "look": "", "cells": [cell(line.level), cell(line.function), cell(line.message)]}
        for place, line in enumerate(shown.log[:_LOG_LINES])
    ]
    more = f"the first {_LOG_LINES} of {len(shown.log):,} lines" if len(shown.log) > _LOG_LINES else "all lines"
    return table("script_log", ["level", "function", "log"], rows, caption=f"Log ({more})")
