"""What a MappingEditor shows, from its state: rules on one side, what they make of the frame on the other."""

from __future__ import annotations

import json

from celigo_pandas.forms.code_text import push_code
from celigo_pandas.forms.elements import Element, box, button, code, feedback, field, group, heading, paragraph
from celigo_pandas.forms.mapping_outcome_layout import push_part
from celigo_pandas.forms.mapping_preview_layout import preview_part
from celigo_pandas.forms.mapping_rule_layout import lookup_part, rule_lines
from celigo_pandas.forms.mapping_script_layout import script_part
from celigo_pandas.forms.mapping_state import MappingState

__all__ = ["mapping_layout"]


def mapping_layout(state: MappingState) -> Element:
    """Describe the editor."""
    con = state.connection
    detail = [f"{len(state.df):,} rows", f"Mapper {state.dialect}.0"]
    if con is not None:
        detail.append(f"to {con.name}")
    rules = box(
        heading("Rules", f"{len(state.rows)}", look="sub"),
        box(*rule_lines(state), look="rules") if state.rows else paragraph("No rules yet.", "muted"),
        box(
            button("add_rule", "Add rule", title="at the end"),
            button("add_object", "Add object") if state.dialect == 2 else None,
            button("add_list", "Add list"),
            button("activate", "Set every status", title="to Active, which the API asks for")
            if any(problem.code == "missing_status" for problem in state.problems)
            else None,
            row=True,
        ),
        lookup_part(state),
    )
    return {
        **box(
            heading("Mapping", "  ·  ".join(detail)),
            _buttons(state),
            feedback(state),
            *(paragraph(text, "problem") for text in state.loose_problems()),
            *(paragraph(f"Doubtful: {text}", "warning") for text in state.loose_remarks()),
            box(rules, preview_part(state), row=True, look="sides"),
            script_part(state),
            push_part(state) if con is not None else None,
            _code(state),
        ),
        "label": "Mapping editor",
        "lists": {"paths": state.completions},
    }


def _buttons(state: MappingState) -> Element:
    can = state.actions
    connected = state.connection is not None
    return box(
        button("undo", "Undo", enabled=can["undo"], keys="ctrl+z"),
        button("redo", "Redo", enabled=can["redo"], keys="ctrl+y"),
        button("next_failing", "Next failing row", enabled=can["next_failing"], keys="f8"),
        button("check_all", "All rows", enabled=can["check_all"], title="map every row here and count the failures"),
        button("dry_run", "Dry run on server", enabled=can["dry_run"]) if connected else None,
        button(
            "push",
            "Push",
            tone="primary",
            enabled=can["push"],
            title="the rules have problems, each is marked at its rule"
            if state.problems or state.stale
            else "shows first what would be sent",
        )
        if connected
        else None,
        button("plan", "Plan", enabled=can["plan"], title="shows what a push would create, update and leave alone")
        if connected
        else None,
        button("copy_as_python", "Copy as Python", copies=_python(state)),
        button("copy_as_json", "Copy as JSON", copies=_json(state)),
        row=True,
    )


def _python(state: MappingState) -> str:
    defaults = {"batch_size": 100, "first": 5, "max_failures": None}
    options = {name: value for name, value in state.push_options.items() if value != defaults[name]}
    return push_code(state.import_doc, state.connection, options, state.scripts.edited)


def _json(state: MappingState) -> str:
    return json.dumps(state.import_doc, indent=2, ensure_ascii=False)


def _code(state: MappingState) -> Element:
    return group(
        "Code",
        code("python", "Python", _python(state)),
        field("document", "Import document (JSON)", _json(state), kind="multiline",
              help="The whole document; edit what has no field above."),
        is_open=False,
    )  # fmt: skip
