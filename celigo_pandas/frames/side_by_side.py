"""Two values of JSON beside each other, so that one sees whether they differ, and in what."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from celigo_pandas.errors import MappingError
from celigo_pandas.javascript.values import UNDEFINED

__all__ = ["cell_text", "pair_texts", "shown_output", "type_change"]


def shown_output(value: object) -> Any:
    """Show an output in a table: an absent value and a failure as text, everything else as it is."""
    if value is UNDEFINED:
        return "(left out)"
    return f"(fails: {value.message})" if isinstance(value, MappingError) else value


def cell_text(value: object, limit: int = 120) -> str:
    """Write one value for a table: JSON, cut at `limit` characters."""
    value = shown_output(value)
    if isinstance(value, str):
        written = value
    else:
        written = json.dumps(value, ensure_ascii=False, default=str)
    return written if len(written) <= limit else written[: limit - 1] + "…"


def pair_texts(before: object, after: object, limit: int = 120) -> tuple[str, str]:
    """Write two values that stand side by side; where their types differ, texts stand in quotes.

    Examples
    --------
    >>> pair_texts(79, "79"), pair_texts("a", "b")
    (('79', "'79'"), ('a', 'b'))
    """
    if not type_change(before, after):
        return cell_text(before, limit), cell_text(after, limit)
    first, second = (
        f"'{cell_text(value, limit)}'" if isinstance(value, str) else cell_text(value, limit)
        for value in (before, after)
    )
    return first, second


def type_change(before: object, after: object) -> str:
    """Say how the type differs, ``"number → text"``; empty where it does not, or one of both is missing.

    Examples
    --------
    >>> type_change(79, "79")
    'number → text'
    """
    old, new = _kind(before), _kind(after)
    return f"{old} → {new}" if old and new and old != new else ""


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float, Decimal)):
        return "" if value != value else "number"
    return next((name for kind, name in _KINDS.items() if isinstance(value, kind)), "")


_KINDS: dict[type, str] = {str: "text", dict: "object", list: "list"}
