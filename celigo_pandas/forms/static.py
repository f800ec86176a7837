"""A form without a browser: the same elements as HTML that does nothing, and as text.

This is what a notebook viewer, a saved notebook, a terminal and an export to HTML show.
"""

from __future__ import annotations

from collections.abc import Callable

from celigo_pandas import markup
from celigo_pandas.forms.elements import STORED, Element
from celigo_pandas.markup import Markup, tag

__all__ = ["static_html", "static_text"]

_BORDER = "border:1px solid currentColor;border-radius:3px;padding:0.5em 0.75em;margin:0.25em 0"


def static_html(element: Element) -> Markup:
    """Draw an element as HTML; every text is escaped, nothing in it can be pressed."""
    return tag("div", _html(element), class_="celigo-form", style=_BORDER)


def static_text(element: Element) -> str:
    """Draw an element as lines of text."""
    return "\n".join(line for line in _text(element, 0) if line.strip())


def _html(element: Element) -> Markup:
    draw = _HTML.get(element["k"])
    if draw is not None:
        return draw(element)
    return tag("div", *(_html(child) for child in element.get("children", ())))


def _html_group(element: Element) -> Markup:
    children = (_html(child) for child in element["children"])
    return tag("details", tag("summary", element["label"]), *children, open=bool(element["open"]))


def _html_field(element: Element) -> Markup:
    problems = [tag("div", problem, style="color:#b00020") for problem in element["problems"]]
    mark = " *" if element["required"] else ""
    return tag("div", tag("b", element["label"], mark, ": "), _value(element), *problems)


def _html_table(element: Element) -> Markup:
    rows = [[cell["t"] for cell in row["cells"]] for row in element["rows"]]
    drawn = markup.table(element["columns"], rows)
    return tag("div", tag("p", element["caption"]), drawn) if element["caption"] else drawn


def _html_notice(element: Element) -> Markup:
    return tag("p", tag("b", element["level"], ": "), element["text"], " ", element["hint"])


_HTML: dict[str, Callable[[Element], Markup]] = {
    "group": _html_group,
    "field": _html_field,
    "table": _html_table,
    "notice": _html_notice,
    "button": lambda element: Markup(""),
    "heading": lambda element: tag("p", tag("b", element["text"]), " ", element["detail"]),
    "paragraph": lambda element: tag("p", element["text"]),
    "code": lambda element: tag("details", tag("summary", element["label"]), tag("pre", element["text"])),
    "link": lambda element: tag("p", markup.link(element["href"], element["label"])),
    "lamp": lambda element: tag("span", element["label"]),
    "meter": lambda element: tag("span", element["text"]),
    "progress": lambda element: tag("p", _progress(element)),
}


def _text(element: Element, depth: int) -> list[str]:
    pad = "  " * depth
    draw = _TEXT.get(element["k"])
    if draw is not None:
        return [pad + line for line in draw(element)]
    lines = [line for child in element.get("children", ()) for line in _text(child, depth)]
    if element["k"] == "group" and lines:
        return [f"{pad}{element['label']}", *("  " + line for line in lines)]
    return lines


def _text_field(element: Element) -> list[str]:
    mark = "*" if element["required"] else ""
    lines = [f"{element['label']}{mark}: {_value(element)}"] if _value(element) or element["required"] else []
    return [*lines, *(f"  ! {problem}" for problem in element["problems"])]


def _text_table(element: Element) -> list[str]:
    rows = [element["columns"], *([cell["t"] for cell in row["cells"]] for row in element["rows"])]
    shown = [[str(value).replace("\n", " ")[:30] for value in row] for row in rows]
    widths = [max((len(row[place]) for row in shown if place < len(row)), default=0) for place in range(len(rows[0]))]
    lines = ["  ".join(value.ljust(width) for value, width in zip(row, widths, strict=False)) for row in shown]
    return [element["caption"], *lines] if element["caption"] else lines


_TEXT: dict[str, Callable[[Element], list[str]]] = {
    "field": _text_field,
    "table": _text_table,
    "button": lambda element: [],
    "code": lambda element: [],
    "heading": lambda element: [f"{element['text']}  {element['detail']}".rstrip()],
    "paragraph": lambda element: [element["text"]],
    "notice": lambda element: [f"{element['level']}: {element['text']} {element['hint']}".rstrip()],
    "link": lambda element: [f"{element['label']}: {element['href']}"],
    "lamp": lambda element: [element["label"]],
    "meter": lambda element: [],
    "progress": lambda element: [_progress(element)],
}


def _value(element: Element) -> str:
    if element["type"].startswith("secret"):
        return STORED if element["stored"] else ""
    if element["type"] == "boolean":
        return "yes" if element["value"] is True else "no" if element["value"] is False else ""
    for value, label in element["choices"]:
        if value == element["value"]:
            return str(label)
    return str(element["value"])


def _progress(element: Element) -> str:
    total = "" if element["total"] is None else f" of {element['total']:,}"
    return f"{element['label']}: {element['done']:,}{total}"
