"""Texts of a fixed form that documents hold: ids and dates."""

from __future__ import annotations

import re
from datetime import datetime

__all__ = ["is_date", "is_object_id"]

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{24}\Z")


def is_object_id(value: object) -> bool:
    """Tell whether a value is an id as the platform gives them: 24 hexadecimal digits."""
    return isinstance(value, str) and _OBJECT_ID.match(value) is not None


def is_date(value: object) -> bool:
    """Tell whether a value is a date in ISO 8601, with or without a time."""
    if not isinstance(value, str):
        return False
    try:
        datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True
