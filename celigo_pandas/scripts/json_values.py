"""Values to and from the JSON texts that cross to a script and back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import orjson

from celigo_pandas.json_depth import DEEPEST_JSON, json_depth
from celigo_pandas.json_numbers import integer

__all__ = ["JsonText", "dump", "load"]

_LONG_NUMBER = re.compile(rb"[0-9]{19}")


@dataclass(frozen=True, slots=True)
class JsonText:
    """A value that was written as JSON already, for who has to look at the text first."""

    data: bytes


def dump(value: object) -> bytes:
    """Write a value; NaN and infinity are null, as in JavaScript. Raises ValueError for what JSON cannot hold."""
    if isinstance(value, JsonText):
        return value.data
    try:
        return orjson.dumps(value)
    except TypeError:
        # Integers beyond 64 bit, and half an emoji.
        try:
            return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
        except (TypeError, RecursionError) as error:
            raise ValueError(str(error)) from None


def load(text: bytes) -> Any:
    """Read what a script gave; integers stay exact. Raises ValueError for what is nested too deeply."""
    if json_depth(text) > DEEPEST_JSON:
        raise ValueError(f"nested more than {DEEPEST_JSON} deep")
    if not _LONG_NUMBER.search(text):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # half an emoji, as an escape
    return json.loads(text, parse_int=integer)
