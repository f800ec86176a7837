"""What an ExportForm shows, from its state."""

from __future__ import annotations

import json

from celigo_pandas.documents.connection_fields import ConnectionField
from celigo_pandas.forms.code_text import pull_code
from celigo_pandas.forms.elements import Element, box, button, code, feedback, field, group, heading, paragraph
from celigo_pandas.forms.export_state import ExportState
from celigo_pandas.forms.field_values import KINDS, LAYOUT_HINTS, shown_value
from celigo_pandas.forms.frame_table import frame_table

__all__ = ["export_layout"]


def export_layout(state: ExportState) -> Element:
    """Describe the form."""
    can = state.actions
    connection = state.connection
    member = state.consuming
    warning = None
    if member is not None:
        refused = "" if state.consume else " This form does not run it."
        warning = paragraph(f"This export changes its source ({member}).{refused}", "warning")
    main = [row for row in state.fields if row.group != "More"]
    more = [row for row in state.fields if row.group == "More"]
    sizes = box(
        field("page_size", "Page size", "" if state.page_size == "auto" else state.page_size, kind="number",
              placeholder="auto", help="Rows per request."),
        field("max_rows", "At most", "" if state.max_rows is None else state.max_rows, kind="number",
              placeholder="all rows"),
        row=True,
    )  # fmt: skip
    text = json.dumps(state.export, indent=2, ensure_ascii=False)
    unread = state.unread.get("document")
    model = field("document", "Export document", text if unread is None else unread, kind="multiline",
                  help="The whole model; edit what has no field here.",
                  problems=["This is not a JSON object."] if unread is not None else [])  # fmt: skip
    return {
        **box(
            heading("Export", f"{connection.name}  ·  {connection.type}"),
            box(
                button("preview", "Preview", enabled=can["preview"], title="run it once and show the first rows"),
                button("pull", "Pull", tone="primary", enabled=can["pull"], title="read all rows into form.df"),
                button("undo", "Undo", enabled=can["undo"], keys="ctrl+z"),
                button("redo", "Redo", enabled=can["redo"], keys="ctrl+y"),
                row=True,
            ),
            feedback(state),
            warning,
            box(*(_field(state, row) for row in main), look="fields") if main else None,
            sizes,
            group("More", box(*(_field(state, row) for row in more), look="fields"), is_open=False) if more else None,
            group("Document", model, is_open=not main),
            _result(state),
            group("Code", code("python", "Python", pull_code(state)), is_open=False),
        ),
        "label": f"Export through {connection.name}",
    }


def _field(state: ExportState, row: ConnectionField) -> Element:
    problems = [problem.message for problem in state.problems if problem.field == row.path]
    kind = KINDS.get(row.kind, "multiline" if row.multiline else row.kind)
    help = f"{row.help} ({LAYOUT_HINTS[row.kind]})".strip() if row.kind in LAYOUT_HINTS else row.help
    value = state.value(row.path)
    choices = []
    if row.kind == "choice":
        listed = row.choices if value in (None, "", *row.choices) else (*row.choices, str(value))
        choices = [("", "(not set)"), *((choice, choice) for choice in listed)]
    shown = row.default if row.kind == "boolean" and value is None else shown_value(row.kind, value)
    return field(row.path, row.label, shown, kind=kind, help=help, choices=choices, problems=problems,
                 suggestions=row.choices if row.kind == "text" else (), required=row.is_required(state.export),
                 placeholder="" if row.default is None or row.kind in ("choice", "boolean") else str(row.default),
                 wide=row.multiline)  # fmt: skip


def _result(state: ExportState) -> Element | None:
    if state.previewed is None:
        return None
    if state.df is None:
        caption = "Preview"
    else:
        kept = "so far, the pull was stopped" if state.partial else "in form.df"
        caption = f"The first of {len(state.df):,} rows {kept}"
    return frame_table("rows", state.previewed, state.preview_rows, caption)
