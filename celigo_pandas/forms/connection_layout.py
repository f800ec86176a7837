"""What a ConnectionForm shows, from its state."""

from __future__ import annotations

import json
from typing import Any

from celigo_pandas.documents.connection_documents import mask
from celigo_pandas.documents.connection_fields import TYPES
from celigo_pandas.forms.connection_draft import FieldView
from celigo_pandas.forms.connection_state import ConnectionState
from celigo_pandas.forms.elements import (
    STORED,
    Element,
    box,
    button,
    code,
    feedback,
    field,
    group,
    heading,
    lamp,
    link,
    paragraph,
)
from celigo_pandas.forms.field_values import KINDS, LAYOUT_HINTS, shown_value

__all__ = ["connection_layout"]

_GROUPS = ("Basics", "Authentication", "Ping", "Limits", "More", "Everything else")
_OPEN = ("Basics", "Authentication")


def connection_layout(state: ConnectionState) -> Element:
    """Describe the form; no secret is in it, stored or typed."""
    loose = [paragraph(text, "problem") for text in state.loose_problems()]
    parts: list[Element | None] = [
        _title(state),
        _buttons(state),
        feedback(state),
        link(state.authorize_url, "Open the provider's page to authorize") if state.authorize_url else None,
        *loose,
    ]
    views = state.fields
    for name in _GROUPS:
        inside = [view for view in views if view.row.group == name]
        if inside or name == "Everything else":
            parts.append(_group(state, name, inside))
    document = json.dumps(_shown_document(state), indent=2, ensure_ascii=False)
    parts.append(group("Document", code("document", "The document, secrets masked", document, "json"), is_open=False))
    return {**box(*parts), "label": f"Connection {state.doc.get('name', '')}".strip()}


def _ping_light(result: Any) -> Element:
    light = "good" if result else "bad" if result.checked else "unknown"
    return lamp(light, f"ping: {result.outcome}" if light == "unknown" else f"ping {result.outcome}")


def _title(state: ConnectionState) -> Element:
    stored = state.stored
    name = str(state.doc.get("name") or "New connection")
    detail = [TYPES.get(state.kind, state.kind)]
    if not state.is_new:
        detail.append(str(stored.get("_id", "")))
    detail += ["deleted"] if state.deleted else ["edited, not saved"] if state.dirty and not state.is_new else []
    lights = []
    if state.last_ping is not None:
        lights.append(_ping_light(state.last_ping))
    elif stored.get("offline") is True:
        lights.append(lamp("bad", "offline"))
    if stored.get("needsAuthorization"):
        lights.append(lamp("bad", "not authorized"))
    return box(heading(name, "  ·  ".join(part for part in detail if part)), *lights, row=True)


def _buttons(state: ConnectionState) -> Element:
    can = state.actions
    delete = "Delete for good" if state.deleting else "Delete"
    return box(
        button("ping", "Ping", enabled=can["ping"], title="check address and credentials"),
        button("save", "Save", tone="primary", enabled=can["save"], title="create or update", keys="ctrl+s"),
        button("revert", "Revert", enabled=can["revert"], title="throw the edits away"),
        button("undo", "Undo", enabled=can["undo"], keys="ctrl+z"),
        button("redo", "Redo", enabled=can["redo"], keys="ctrl+y"),
        button("authorize", "Authorize", enabled=can["authorize"]) if state.uses_oauth else None,
        None if state.is_new else button("delete", delete, tone="danger", enabled=can["delete"]),
        row=True,
    )


def _group(state: ConnectionState, name: str, views: list[FieldView]) -> Element:
    count = sum(len(view.problems) for view in views)
    drawn = [element for view in views for element in _field(state, view)]
    children: list[Element | None] = [box(*drawn, look="fields") if drawn else None]
    if name == "Everything else":
        children += [
            paragraph("Members that have no field above, as JSON. Nothing of the document is hidden.", "muted"),
            box(
                field("extra:path", "Add a member", state.extra_path, placeholder="http.formType"),
                field("extra:value", "its value", kind="private", placeholder='"rest"', stored=bool(state.extra_value)),
                button("add_member", "Add"),
                row=True,
            ),
        ]
    return group(name, *children, is_open=name in _OPEN or count > 0, count=count)


def _field(state: ConnectionState, view: FieldView) -> list[Element]:
    row = view.row
    if row.kind == "secret_map":
        return _secret_map(state, view)
    help = row.help
    if row.kind in LAYOUT_HINTS:
        help = f"{help} ({LAYOUT_HINTS[row.kind]})".strip()
    if row.kind == "secret":
        return [_secret(row.path, row.label, view.stored or view.given, view, row.multiline, help)]
    kind = KINDS.get(row.kind, "multiline" if row.multiline else row.kind)
    choices: list[tuple[str, str]] = []
    if row.kind == "choice":
        choices = _choices(view, state)
    placeholder = "" if row.default is None or row.kind in ("choice", "boolean") else str(row.default)
    fixed = row.read_only or (row.path == "type" and not state.is_new)
    value = row.default if row.kind == "boolean" and view.value is None else shown_value(row.kind, view.value)
    return [
        field(row.path, row.label, value, kind=kind, help=help, choices=choices, required=view.required,
              suggestions=row.choices if row.kind == "text" else (), problems=view.problems, read_only=fixed,
              placeholder=placeholder)
    ]  # fmt: skip


def _choices(view: FieldView, state: ConnectionState) -> list[tuple[str, str]]:
    row = view.row
    if row.path == "type":
        return [(name, label) for name, label in TYPES.items()]
    default = f"(default: {row.default})" if row.default is not None else "(not set)"
    listed = [("", default), *((choice, choice) for choice in row.choices)]
    if view.value not in (None, "") and view.value not in row.choices:
        listed.append((str(view.value), str(view.value)))
    return listed


def _secret(id: str, label: str, held: bool, view: FieldView, multiline: bool, help: str) -> Element:
    kind = "secret_multiline" if multiline else "secret"
    note = "Typed, not saved yet." if view.given else ""
    return field(id, label, kind=kind, help=" ".join(part for part in (help, note) if part), required=view.required,
                 problems=view.problems, stored=held, placeholder="Enter or leave the field to take it")  # fmt: skip


def _secret_map(state: ConnectionState, view: FieldView) -> list[Element]:
    path = view.row.path
    typed = state.secrets
    whole = view.stored and not any(key.startswith(f"{path}.") for key in typed)
    drawn = [
        field(f"{path}.{name}", f"{view.row.label}: {name}", kind="secret",
              stored=whole or f"{path}.{name}" in typed,
              help="Typing one replaces all stored ones." if whole else "")
        for name in state.secret_names(path)
    ]  # fmt: skip
    text = f"{STORED} stored. " if whole else ""
    adder = field(f"name:{path}", f"{view.row.label}: add a name", "", problems=view.problems,
                  help=f"{text}{view.row.help}")  # fmt: skip
    return [*drawn, adder]


def _shown_document(state: ConnectionState) -> dict[str, Any]:
    return mask(state.document())
