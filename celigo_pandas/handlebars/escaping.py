"""How a value tag writes its value, by the context the text goes to.

Source: the vendor's handlebars pages: ``{{x}}`` is percent-encoded in a URL and quoted in SQL, ``{{{x}}}`` is raw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from celigo_pandas.errors import ConfigError
from celigo_pandas.handlebars.rendering import Refusal
from celigo_pandas.javascript.values import to_text

__all__ = ["encode_component", "find_escape"]

_UNESCAPED: Final = "-_.!~*'()"


def encode_component(text: str) -> str:
    """Encode as ``encodeURIComponent`` does; refuse half a surrogate pair, as it does."""
    try:
        return quote(text, safe=_UNESCAPED)
    except UnicodeEncodeError:
        raise Refusal("half of a surrogate pair cannot be percent-encoded") from None


def _to_url(value: Any) -> str:
    return encode_component(to_text(value))


def _to_sql(value: Any) -> str:
    # Assumed: a missing or null value is the empty text '' and numbers are quoted like text; the pages say only
    # that the value is wrapped in single quotes. A quote inside is doubled, the one form every database reads.
    return "'" + to_text(value).replace("'", "''") + "'"


_ESCAPES: Final[dict[str, Callable[[Any], str]]] = {"none": to_text, "url": _to_url, "sql": _to_sql}


def find_escape(name: str) -> Callable[[Any], str]:
    """Find an escape by its name: none, url or sql."""
    try:
        return _ESCAPES[name]
    except (KeyError, TypeError):
        raise ConfigError(f"Not an escape: {name!r}; expected one of none, url, sql.") from None
