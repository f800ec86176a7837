"""How many calls at once a connection allows: the one place that decides.

Source: the vendor's published connection schemas (bounds and defaults of each type; "values above the account's
licensed maximum, 25 standard, are silently clamped down").
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["LICENSED", "default_level", "effective_level", "highest_level"]

LICENSED = 25
"""The most that an account without further licences gets, whatever its documents say."""

_DEFAULTS: Mapping[str, int] = {"http": 25, "ftp": 1, "filesystem": 1}


def default_level(kind: str) -> int:
    """Return the ``concurrencyLevel`` of a connection type whose document names none."""
    return _DEFAULTS.get(kind, 5)


def highest_level(kind: str) -> int:
    """Return the largest ``concurrencyLevel`` that a document of this type may name; the smallest is 1."""
    return 100 if kind == "rest" else 50


def effective_level(doc: Mapping[str, Any]) -> int:
    """Return how many calls at once a connection document allows.

    Parameters
    ----------
    doc : mapping
        A connection document, stored by whoever: a level that cannot be read counts as none.

    Returns
    -------
    int
        From 1 to :data:`LICENSED`.
    """
    kind = str(doc.get("type"))
    # An old rest connection may have its settings in an http block.
    blocks = (doc.get(name) for name in ((kind, "http") if kind == "rest" else (kind,)))
    given = (block.get("concurrencyLevel") for block in blocks if isinstance(block, Mapping))
    level = next((number for number in map(_number, given) if number is not None), default_level(kind))
    return max(1, min(LICENSED, int(level)))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
