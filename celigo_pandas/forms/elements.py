"""What a form shows, as plain data: the one language between the states and whatever draws them.

A layout is a function from a state to a tree of these elements. The widget draws the tree in the browser, the static
form draws it as HTML and as text, and a test reads it. An element holds text only, never HTML, and never a secret:
a secret field has no value, only the fact that one is stored or given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from celigo_pandas.forms.state import FormState, Notice

__all__ = [
    "Element",
    "box",
    "button",
    "code",
    "feedback",
    "field",
    "group",
    "heading",
    "lamp",
    "link",
    "meter",
    "paragraph",
    "table",
    "walk",
]

Element = dict[str, Any]

STORED = "••••••"
"""What stands for a secret that is stored or given."""


def box(*children: Element | None, row: bool = False, look: str = "", depth: int = 0, id: str = "") -> Element:
    """Several elements below each other, or side by side where there is room; `depth` indents a tree."""
    shown = [child for child in children if child]
    return {"k": "box", "id": id, "row": row, "look": look, "depth": depth, "children": shown}


def group(label: str, *children: Element | None, is_open: bool = True, id: str = "", count: int = 0) -> Element:
    """A part that folds; `count` problems are shown beside its label."""
    shown = [child for child in children if child]
    return {"k": "group", "id": id or f"group:{label}", "label": label, "open": is_open, "count": count,
            "children": shown}  # fmt: skip


def field(
    id: str,
    label: str,
    value: object = "",
    *,
    kind: str = "text",
    help: str = "",
    choices: Sequence[str | tuple[str, str]] = (),
    suggestions: Sequence[str] = (),
    suggest_from: str = "",
    required: bool = False,
    problems: Iterable[str] = (),
    read_only: bool = False,
    placeholder: str = "",
    stored: bool = False,
    live: bool = False,
    compact: bool = False,
    wide: bool = False,
    marks: Iterable[tuple[int, str]] = (),
) -> Element:
    """One value to edit.

    Parameters
    ----------
    kind : str
        ``text, multiline, number, boolean, choice, secret, secret_multiline``, or ``private``: text that is readable
        while it is typed, but like a secret leaves the browser in a message and is kept in no state of the widget; or
        ``code``: JavaScript in colours, with the numbers of its lines.
    suggestions, suggest_from
        What is offered while typing: texts of this field alone, or the name of a list that the layout holds once for
        all (``lists``, beside its ``children``).
    stored : bool
        A secret field whose value is stored or given: shown as ``••••••`` with *replace*; of a private one, whether
        Python has it.
    live : bool
        Report while typing, not only when the field is left.
    compact : bool
        Keep the label for screen readers only.
    wide : bool
        Take the whole width, for a text of many lines that the form is about.
    marks : iterable of (int, str)
        Of code: lines and what is wrong with each.
    """
    if kind == "private" or kind.startswith("secret"):
        value = ""
    options = [[choice, choice] if isinstance(choice, str) else list(choice) for choice in choices]
    return {"k": "field", "id": id, "label": label, "value": value, "type": kind, "help": help, "choices": options,
            "suggestions": list(suggestions), "suggest_from": suggest_from, "required": required,
            "problems": list(problems), "read_only": read_only, "placeholder": placeholder, "stored": stored,
            "live": live, "compact": compact, "wide": wide, "marks": [list(mark) for mark in marks]}  # fmt: skip


def button(
    action: str,
    label: str,
    *,
    tone: str = "plain",
    enabled: bool = True,
    title: str = "",
    argument: object = None,
    keys: str = "",
    copies: str | None = None,
) -> Element:
    """A button that calls the form's method `action`, with `argument` if there is one.

    ``tone`` is ``plain, primary, danger, small``; ``keys`` is a shortcut such as ``ctrl+z``, which works while the
    focus is inside the form; ``copies`` is a text that the browser also puts on the clipboard.
    """
    id = f"do:{action}" if argument is None else f"do:{action}:{argument}"
    return {"k": "button", "id": id, "action": action, "argument": argument, "label": label, "tone": tone,
            "enabled": enabled, "title": title, "keys": keys, "urgent": action == "stop",
            "copies": copies}  # fmt: skip


def table(
    id: str,
    columns: Sequence[str],
    rows: Iterable[Element],
    *,
    caption: str = "",
    clickable: bool = False,
    sticky: int = 0,
) -> Element:
    """A table of text; a row is ``{"id", "cells", "look"}``, a cell ``{"t", "look", "title"}``."""
    return {"k": "table", "id": id, "columns": list(columns), "rows": list(rows), "caption": caption,
            "clickable": clickable, "sticky": sticky}  # fmt: skip


def cell(text: object, look: str = "", title: str = "", **more: Any) -> Element:
    """One cell; ``look`` is ``changed, failed, ignored, selected, muted`` or empty, ``bar`` a share from 0 to 1."""
    return {"t": "" if text is None else str(text), "look": look, "title": title, **more}


def code(id: str, label: str, text: str, language: str = "python") -> Element:
    """A text to copy, with its own Copy button."""
    return {"k": "code", "id": id, "label": label, "text": text, "language": language}


def heading(text: str, detail: str = "", look: str = "") -> Element:
    """The title of a form or of a part, with a quieter detail beside it."""
    return {"k": "heading", "text": text, "detail": detail, "look": look}


def paragraph(text: str, look: str = "") -> Element:
    """Plain text; ``look`` is ``muted, good, warning, error`` or empty."""
    return {"k": "paragraph", "text": text, "look": look}


def link(href: str, label: str) -> Element:
    """A link; drawn as plain text unless it is http(s)."""
    return {"k": "link", "href": href, "label": label}


def lamp(state: str, label: str) -> Element:
    """A light: ``good, bad, unknown, busy``, never without its word."""
    return {"k": "lamp", "state": state, "label": label}


def meter(share: float, text: str, title: str = "") -> Element:
    """A small bar with its number, for a share from 0 to 1."""
    return {"k": "meter", "share": share, "text": text, "title": title}


def progress(label: str, done: int, total: int | None) -> Element:
    """A bar; without a total it only shows that something moves."""
    return {"k": "progress", "id": "progress", "label": label, "done": done, "total": total}


def notice(message: Notice) -> Element:
    """A message of the form, read out by screen readers."""
    return {"k": "notice", "level": message.level, "text": message.text, "hint": message.hint}


def feedback(state: FormState) -> Element:
    """What every form shows at the same place: the running action with Stop, and the messages."""
    running = None
    if state.busy:
        done, total = state.progress
        note = "stopping" if state.stopping else state.progress_note
        label = f"{state.busy} ({note})" if note else state.busy
        running = box(progress(label, done, total), button("stop", "Stop", tone="danger", keys="escape"), row=True)
    return {**box(running, *(notice(message) for message in state.notices)), "k": "feedback"}


def walk(element: Element) -> Iterable[Element]:
    """Yield an element and everything below it."""
    yield element
    for child in element.get("children", ()):
        yield from walk(child)
