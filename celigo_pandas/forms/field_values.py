"""Between what a document holds and what a field shows: text, lines, pairs, JSON, numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

__all__ = ["KINDS", "LAYOUT_HINTS", "parsed", "plain_text", "shown_value"]

KINDS = {"texts": "multiline", "pairs": "multiline", "json": "multiline", "secret": "secret"}
"""How a field of such a kind is drawn, where that is not its own name."""

LAYOUT_HINTS = {"texts": "one a line", "pairs": "name: value, one a line", "json": "JSON"}
"""What the help of such a field says about its spelling."""


def parsed(kind: str, value: object, keep_blanks: bool = False) -> object:
    """Turn what was typed or chosen into what the document holds.

    Parameters
    ----------
    kind : str
        ``text, number, boolean, choice, texts, pairs, json``.
    value : object
        Text from the browser, or a value that a caller passed.
    keep_blanks : bool
        Take blank text as a value, where blanks mean something (a delimiter).

    Returns
    -------
    object
        None for "nothing there". A number that cannot be read stays text, for the validation to name.

    Raises
    ------
    ValueError
        Text that is not JSON, or a line that is no pair.
    """
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if not isinstance(value, str):
        return value
    if kind == "number":
        return _number(value)
    if kind == "texts":
        return [line.strip() for line in value.splitlines() if line.strip()]
    if kind == "pairs":
        return _pairs(value)
    if kind == "json":
        return json.loads(value) if value.strip() else None
    return value if value.strip() or (keep_blanks and value) else None


def shown_value(kind: str, value: object) -> object:
    """Turn a document's value into what the field shows."""
    if value is None:
        return ""
    if kind == "json":
        return value if isinstance(value, str) and not _is_json(value) else plain_text(value)
    if kind == "texts" and isinstance(value, list):
        return "\n".join(str(item) for item in value)
    if kind == "pairs" and isinstance(value, list):
        if all(isinstance(item, Mapping) and set(item) <= {"name", "value"} for item in value):
            return "\n".join(f"{item.get('name', '')}: {item.get('value', '')}" for item in value)
        return plain_text(value)
    if kind == "boolean" or isinstance(value, str):
        return value
    return plain_text(value)


def plain_text(value: object) -> str:
    """Write a value as JSON; what JSON cannot hold as its own text."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _number(text: str) -> object:
    text = text.strip()
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    try:
        return float(text) if text else None
    except ValueError:
        return text


def _pairs(text: str) -> list[dict[str, str]]:
    if text.lstrip().startswith("["):
        loaded: list[dict[str, str]] = json.loads(text)
        return loaded
    found = []
    for line in text.splitlines():
        if line.strip():
            name, colon, value = line.partition(":")
            if not colon:
                raise ValueError(line)
            found.append({"name": name.strip(), "value": value.strip()})
    return found


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
