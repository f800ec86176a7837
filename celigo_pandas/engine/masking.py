"""Secrets by path and by value: what a document hides, and how its values are kept out of every text.

``resources.connections`` knows which members are secret. Whatever differs between a document and its masked form is
a secret value; texts that leave the engine (answers of a source, errors, debug entries) are searched for those values
in the forms in which they travel.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from celigo_pandas.resources.connections import mask
from celigo_pandas.resources.secret import MASK

__all__ = ["Redactor", "mask", "secret_values"]

_SHORTEST = 4
"""Values shorter than this are not searched for: they would blot out unrelated text."""

_SHORTEST_IN_DATA = 8
"""In records, only values that cannot well be there by chance: data must not change because it equals a password."""


def secret_values(doc: Mapping[str, Any]) -> set[str]:
    """Return every text that the masked form of `doc` hides."""
    found: set[str] = set()
    _differences(doc, mask(dict(doc)), found)
    return found


class Redactor:
    """Replaces secret values in texts and in JSON-able values."""

    def __init__(self, doc: Mapping[str, Any]) -> None:
        values = [value for value in secret_values(doc) if len(value) >= _SHORTEST]
        self._forms = _sorted(values)
        long = _sorted([value for value in values if len(value) >= _SHORTEST_IN_DATA])
        encoded = {json.dumps(form, ensure_ascii=False)[1:-1] for form in long}
        self._json_forms = [form.encode("utf-8", "surrogatepass") for form in sorted(encoded, key=len, reverse=True)]

    def text(self, text: str) -> str:
        """Return `text` with each secret value masked."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def value(self, value: Any) -> Any:
        """Return a JSON-able value (an error, a log entry) with each secret value masked, keys too."""
        return _replaced(value, self._forms) if self._forms else value

    def json(self, text: bytes) -> bytes:
        """Return encoded data with long secret values masked: a service may echo its credentials."""
        for form in self._json_forms:
            if form in text:
                text = text.replace(form, MASK.encode())
        return text


def _sorted(values: list[str]) -> list[str]:
    return sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)


def _replaced(value: Any, forms: list[str]) -> Any:
    if isinstance(value, str):
        for form in forms:
            if form in value:
                value = value.replace(form, MASK)
        return value
    if isinstance(value, Mapping):
        return {_replaced(str(key), forms): _replaced(one, forms) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(one, forms) for one in value]
    return value


def _forms(value: str) -> Iterator[str]:
    yield value
    yield quote(value, safe="")
    yield quote(value)
    yield quote_plus(value)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield escape(value)
    yield escape(value, {'"': "&quot;", "'": "&#39;"})
    yield value.replace("'", "''")
    raw = value.encode("utf-8", "surrogatepass")
    yield raw.hex()
    # A value inside a longer base64 text begins at one of three offsets; its inner characters are the same.
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + raw).decode().rstrip("=")
        inner = encoded[(0, 2, 3)[lead] : len(encoded) - (1 if (lead + len(raw)) % 3 else 0)]
        if len(inner) >= 2 * _SHORTEST:
            yield inner
            yield inner.translate(str.maketrans("+/", "-_"))


def _differences(real: Any, masked: Any, found: set[str]) -> None:
    if real == masked:
        return
    if isinstance(real, Mapping) and isinstance(masked, Mapping):
        for key, value in real.items():
            _differences(value, masked.get(key), found)
    elif isinstance(real, list) and isinstance(masked, list) and len(real) == len(masked):
        for one, other in zip(real, masked, strict=True):
            _differences(one, other, found)
    else:
        found.update(str(value) for _, value in _leaves(real, "") if value not in (None, "", True, False))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _leaves(one, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for position, one in enumerate(value):
            yield from _leaves(one, f"{path}.{position}")
    else:
        yield path, value
