"""The one helper that makes HTML: every text is escaped on its way in.

``tag("b", "<x>")`` gives ``<b>&lt;x&gt;</b>``. Only a :class:`Markup` made here passes through unescaped, so text from
outside (names, values, errors) cannot become an element, whichever output shows it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

__all__ = ["Markup", "link", "table", "tag", "text"]

_VOID = frozenset({"br", "hr", "img", "input", "meta"})
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*\Z")


class Markup(str):
    """A piece of HTML that is already safe."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)


def text(value: object) -> Markup:
    """Escape any value; a :class:`Markup` stays as it is."""
    if isinstance(value, Markup):
        return value
    # A lone surrogate cannot be encoded and a NUL ends some parsers; both are shown, not sent.
    plain = str(value).encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
    return Markup(html.escape(plain, quote=True))


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """Make one element; ``class_`` and ``for_`` lose their underscore, other underscores become dashes."""
    if not _NAME.match(name):
        raise ValueError(f"Not an element name: {name!r}.")
    parts = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = key.rstrip("_").replace("_", "-")
        parts.append(attribute if value is True else f'{attribute}="{text(str(value))}"')
    opening = "<" + " ".join(parts) + ">"
    if name in _VOID:
        return Markup(opening)
    return Markup(opening + "".join(text(child) for child in children) + f"</{name}>")


def link(url: str, label: object | None = None) -> Markup:
    """Make a link; anything but http(s) is shown as plain text."""
    if not re.match(r"https?://", url, re.IGNORECASE):
        return text(url if label is None else label)
    return tag("a", url if label is None else label, href=url, target="_blank", rel="noopener noreferrer")


def table(header: Sequence[object], rows: Iterable[Sequence[object]], **attributes: object) -> Markup:
    """Make a table with one header row."""
    head = tag("thead", tag("tr", *(tag("th", cell) for cell in header)))
    body = tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows))
    return tag("table", head, body, **attributes)
