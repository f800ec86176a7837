"""Values of a fixed form that documents hold: ids, dates and truth values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

__all__ = ["is_date", "is_object_id", "truth", "with_truth"]

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


_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def truth(value: object) -> bool | None:
    """Return the truth value that the platform casts a value to, None for what it refuses.

    Source: the casts of mongoose, whose words stand in the platform's errors.
    """
    if isinstance(value, str):
        return _TRUTHS.get(value)
    return bool(value) if isinstance(value, (bool, int)) and value in (0, 1) else None


def with_truth(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a copy of an object whose member `name` is cast, where it can be."""
    known = truth(members.get(name))
    return dict(members) if known is None else {**members, name: known}
