"""How a value tag writes its value, by the context the text goes to.

Source: the vendor's handlebars pages: ``{{x}}`` is percent-encoded in a URL and quoted in SQL, ``{{{x}}}`` is raw.
Shown results of Mapper 1.0 have HTML's entities, as Handlebars.js writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from celigo_pandas.errors import ConfigError
from celigo_pandas.handlebars.json_places import mark_value
from celigo_pandas.handlebars.rendering import Refusal
from celigo_pandas.handlebars.soql import escape_soql
from celigo_pandas.javascript.values import to_text

__all__ = ["encode_component", "find_escape", "has_entities"]

_NEEDS_ENTITY: Final = re.compile("[&<>\"'`=]")
"""What the escape ``html`` writes otherwise."""

_ENTITIES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;", "`": "&#x60;", "=": "&#x3D;"}
)
_UNESCAPED: Final = "-_.!~*'()"


def encode_component(text: str) -> str:
    """Encode as ``encodeURIComponent`` does; refuse half a surrogate pair, as it does."""
    try:
        return quote(text, safe=_UNESCAPED)
    except UnicodeEncodeError:
        raise Refusal("half of a surrogate pair cannot be percent-encoded") from None


def _to_url(value: object) -> str:
    return encode_component(to_text(value))


def _to_sql(value: object) -> str:
    # Assumed: a missing or null value is the empty text '' and numbers are quoted like text; the pages say only
    # that the value is wrapped in single quotes. A quote inside is doubled, the one form every database reads.
    return "'" + to_text(value).replace("'", "''") + "'"


def _to_html(value: object) -> str:
    return to_text(value).translate(_ENTITIES)


def _to_soql(value: object) -> str:
    # No quotes around it: dates and numbers stand without, and a clause writes its own around text.
    return escape_soql(to_text(value))


_ESCAPES: Final[dict[str, Callable[[Any], str]]] = {
    "none": to_text,
    "url": _to_url,
    "sql": _to_sql,
    "html": _to_html,
    "soql": _to_soql,
    "json": mark_value,
}


def find_escape(name: str) -> Callable[[Any], str]:
    """Find an escape by its name: none, url, sql, html, soql or json."""
    try:
        return _ESCAPES[name]
    except (KeyError, TypeError):
        raise ConfigError(f"Not an escape: {name!r}; expected one of {', '.join(_ESCAPES)}.") from None


def has_entities(escape: Callable[[Any], str], text: str) -> bool:
    """Whether an escape may write a text otherwise: that of HTML says so at a look, the others always may."""
    return escape is not _to_html or _NEEDS_ENTITY.search(text) is not None
