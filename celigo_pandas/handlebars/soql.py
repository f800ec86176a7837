"""The typed forms of a Salesforce ``whereClause``: ``{{{string Name}}}`` is the value as a literal of SOQL.

They are names that fields have too (``id``), so they exist with one argument and in SOQL only.
Source: the vendor's schema of Salesforce imports; Salesforce's pages on SOQL for what a literal is. Assumed: ids and
references are quoted like text, although the schema says "id values do not": SOQL takes no id without quotes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from celigo_pandas.errors import shown
from celigo_pandas.handlebars.rendering import Refusal
from celigo_pandas.javascript.dates import DateError, compile_reader, compile_writer
from celigo_pandas.javascript.values import UNDEFINED, number_text, to_number, to_text

__all__ = ["FORMS", "escape_soql"]

_SIGNS: Final = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"})
_TEXTS: Final = (
    "string", "id", "reference", "picklist", "multipicklist", "combobox", "textarea", "email", "phone", "url",
    "encryptedstring", "anytype",
)  # fmt: skip
_NUMBERS: Final = ("double", "int", "integer", "long", "currency", "percent", "number")


def escape_soql(text: str) -> str:
    """Escape text that stands between the quotes of SOQL."""
    return text.translate(_SIGNS)


def _quoted(value: object) -> str:
    return f"'{escape_soql(to_text(value))}'"


def _number(value: Any) -> str:
    number = value if type(value) in (int, float) else to_number(to_text(value).strip() or "x")
    if not math.isfinite(number):
        raise Refusal(f"{shown(value)} is no number")
    return number_text(number)


def _boolean(value: object) -> str:
    text = to_text(value).strip().lower()
    if text not in ("true", "false"):
        raise Refusal(f"{shown(value)} is neither true nor false")
    return text


def _date(form: str | None) -> Callable[[Any], str]:
    def write(value: object) -> str:
        try:
            return compile_writer(form)(compile_reader()(value))
        except DateError as error:
            raise Refusal(str(error)) from None

    return write


def _or_null(write: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: "null" if value is None or value is UNDEFINED else write(value)


FORMS: Final[dict[str, Callable[[Any], str]]] = {
    **dict.fromkeys(_TEXTS, _or_null(_quoted)),
    **dict.fromkeys(_NUMBERS, _or_null(_number)),
    **dict.fromkeys(("boolean", "bool"), _or_null(_boolean)),
    "date": _or_null(_date("YYYY-MM-DD")),
    "datetime": _or_null(_date(None)),
}
"""Name of a form to the function that writes one value."""
