"""The Python that a form stands for, ready to be pasted into a cell."""

from __future__ import annotations

import pprint
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celigo_pandas.forms.export_state import ExportState

__all__ = ["literal", "pull_code", "push_code"]


def literal(value: object) -> str:
    """Write a document as a Python literal, members in their order."""
    return pprint.pformat(value, width=100, sort_dicts=False)


def pull_code(state: ExportState) -> str:
    """Write the call that an ExportForm's Pull makes."""
    options = []
    if state.page_size != "auto":
        options.append(f", page_size={state.page_size}")
    if state.max_rows is not None:
        options.append(f", max_rows={state.max_rows}")
    if state.consuming is not None and state.consume:
        options.append(", consume=True")
    con = f"con = client.connections[{state.connection.name!r}]"
    return f"{con}\nexport = {literal(state.export)}\ndf = con.read_export(export{''.join(options)})"


def push_code(
    import_doc: dict[str, Any], con: Any, options: dict[str, Any], scripts: dict[str, str] | None = None
) -> str:
    """Write the calls that a MappingEditor stands for: the dry run, and the push if there is a connection.

    Scripts that were edited are given to the dry run; a push needs them to be saved before.
    """
    given = ", scripts=scripts" if scripts else ""
    lines = [f"import_doc = {literal(import_doc)}", f"trial = df.celigo.dry_run(import_doc{given})"]
    if scripts:
        lines.insert(1, f"scripts = {literal(scripts)}")
    if con is not None:
        options_text = "".join(f", {name}={value!r}" for name, value in options.items())
        lines.insert(0, f"con = client.connections[{con.name!r}]")
        for id in scripts or {}:
            lines.append(f"client.scripts[{id!r}].update(content=scripts[{id!r}])")
        lines.append(f"result = df.celigo.to_import(import_doc, con{options_text})")
    return "\n".join(lines)
