"""What an Explorer shows, from its state."""

from __future__ import annotations

from typing import Any

from celigo_pandas.documents.connection_fields import TYPES
from celigo_pandas.errors import CeligoError
from celigo_pandas.forms.elements import (
    Element,
    box,
    button,
    cell,
    feedback,
    field,
    group,
    heading,
    paragraph,
    table,
)
from celigo_pandas.forms.explorer_state import ExplorerState
from celigo_pandas.forms.frame_table import frame_table

__all__ = ["explorer_layout"]

_ROWS = 500
_DETAIL_ROWS = 50


def explorer_layout(state: ExplorerState) -> Element:
    """Describe the explorer."""
    can = state.actions
    found = state.found
    shown = f"{len(found):,} of {len(state.connections):,}" if state.search else f"{len(state.connections):,}"
    caption = f"{shown} connections. Click one for what uses it, its changes and its log."
    return {
        **box(
            heading("Connections", getattr(state.client, "host", "")),
            box(
                field("search", "Search", state.search, live=True, placeholder="name, type, host"),
                button("refresh", "Refresh", enabled=can["refresh"]),
                button("ping_all", "Ping all", enabled=can["ping_all"], title="those that are shown"),
                row=True,
            ),
            feedback(state),
            table("connections", ["name", "type", "ping", "state", "last change", "id"],
                  [_row(state, con) for con in found[:_ROWS]], caption=caption, clickable=True)
            if state.loaded else None,
            _details(state),
        ),
        "label": "Connections",
    }  # fmt: skip


def _row(state: ExplorerState, connection: Any) -> Element:
    doc = connection.doc
    ping = state.pings.get(connection.id)
    if connection.id not in state.pings:
        light = cell("not asked", "muted", lamp="unknown")
    else:
        light = cell("ok" if ping else "failed", title="" if ping else repr(ping), lamp="good" if ping else "bad")
    words = [word for word, is_so in (("offline", doc.get("offline") is True), ("sandbox", doc.get("sandbox") is True),
             ("not authorized", doc.get("needsAuthorization") is True)) if is_so]  # fmt: skip
    changed = str(doc.get("lastModified") or "").replace("T", " ")[:16]
    cells = [cell(connection.name), cell(TYPES.get(connection.type, connection.type)), light,
             cell(", ".join(words), "failed" if "offline" in words else ""), cell(changed, "muted"),
             cell(connection.id, "muted")]  # fmt: skip
    return {"id": connection.id, "cells": cells, "look": "selected" if connection.id == state.picked else ""}


def _details(state: ExplorerState) -> Element | None:
    connection = state.connection
    if connection is None:
        return None
    parts = [_detail(name, state.details[name]) for name in state.details]
    return box(heading(connection.name, connection.id, look="sub"), *parts, look="panel")


def _detail(name: str, answer: Any) -> Element:
    if isinstance(answer, CeligoError):
        return group(name, paragraph(str(answer), "problem"), is_open=False)
    if not len(answer):
        return group(f"{name} (none)", paragraph("Nothing is recorded.", "muted"), is_open=False, id=f"group:{name}")
    caption = f"The first {_DETAIL_ROWS} of {len(answer):,}" if len(answer) > _DETAIL_ROWS else ""
    return group(f"{name} ({len(answer):,})", frame_table(f"detail:{name}", answer, _DETAIL_ROWS, caption),
                 is_open=name == "Dependencies", id=f"group:{name}")  # fmt: skip
