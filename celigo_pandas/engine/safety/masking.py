"""Secrets by path and by value: what a document hides, and how its values are kept out of every text.

``documents.connections`` knows which members are secret. Whatever differs between a document and its masked form is
a secret value. Texts that leave the engine (answers of a source, errors, debug entries) are searched for those values:
character by character in whatever way each of them is written there (as it is, or escaped for JSON, URLs, HTML or SQL),
and whole in hex and base64.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from html.entities import codepoint2name
from typing import Any

from celigo_pandas.documents.connection_documents import mask, secret_values
from celigo_pandas.documents.secret import MASK
from celigo_pandas.engine.texts import json_text

__all__ = ["Redactor", "mask", "mask_values", "secret_values"]

_SHORTEST = 4
"""Values shorter than this are not searched for: they would blot out unrelated text."""

_SHORTEST_IN_DATA = 8
"""In records, only values that cannot well be there by chance: data must not change because it equals a password."""

_MOST_PASSING = 64
"""Credentials of single requests (a signature, a signed token) that are kept in mind: those of the last requests."""

_FREE_NAMES = frozenset({"data", "_json"})
"""Members of the API's answers below which names come from a source too, and may hold a secret as values may."""


def mask_values(doc: Mapping[str, Any]) -> dict[str, Any]:
    """Return `doc` in its own shape with each hidden value masked.

    ``http.encrypted`` stays an object here, unlike in what :func:`mask` gives, so that a template takes the same
    branches over it as over the real one.
    """
    shaped: dict[str, Any] = _shaped(doc, mask(dict(doc)))
    return shaped


class Redactor:
    """Replaces secret values in texts and in JSON-able values.

    Parameters
    ----------
    doc : mapping, optional
        A connection's real document; what it hides is learned.
    """

    def __init__(self, doc: Mapping[str, Any] | None = None) -> None:
        self._lasting: dict[str, _Spelling] = {}
        self._passing: dict[str, _Spelling] = {}
        self._known: tuple[_Spelling, ...] = ()
        if doc is not None:
            self.learn(secret_values(doc))

    def learn(self, values: Iterable[str], *, passing: bool = False) -> None:
        """Search for these values from now on.

        Parameters
        ----------
        passing : bool
            They belong to single requests: only the newest are kept, and not searched for in hex and base64.
        """
        kept = self._passing if passing else self._lasting
        fresh = [value for value in values if len(value) >= _SHORTEST and value not in kept]
        if not fresh:
            return
        # Made anew and put in place at once: other threads may be reading.
        kept = {**kept, **{value: _spelling(value, not passing) for value in fresh}}
        if passing:
            self._passing = dict(list(kept.items())[-_MOST_PASSING:])
        else:
            self._lasting = kept
        known = {**self._passing, **self._lasting}
        self._known = tuple(known[value] for value in sorted(known, key=len, reverse=True))

    def text(self, text: str) -> str:
        """Return `text` with each secret value masked."""
        for one in self._known:
            text = one.masked(text)
        return text

    def value(self, value: object) -> Any:
        """Return a JSON-able value (an error, a log entry) with each secret masked; its members keep their names."""
        return _replaced(value, self._known, names=False) if self._known else value

    def json(self, text: bytes) -> bytes:
        """Return an encoded answer of the API with long secret values masked: a service may echo its credentials.

        The values are masked, not their encoding, so that the answer stays JSON; the members that the API names keep
        their names.
        """
        known = [one for one in self._known if one.is_long and one.may_be_in(text)]
        return json_text.dump(_answer(json_text.load(text), known)) if known else text

    def page(self, head: bytes) -> bytes:
        """Return the same for an answer whose closing brace is still to come."""
        if not any(one.is_long and one.may_be_in(head) for one in self._known):
            return head
        return self.json(head + b"}")[:-1]


class _Spelling:
    """The ways in which one secret may be written."""

    def __init__(self, secret: str, is_encoded: bool) -> None:
        self.is_long = len(secret) >= _SHORTEST_IN_DATA
        self._secret = secret
        self._escaped = re.compile("".join(_escapes(secret)))
        # No usual escape touches letters and digits, so that a quick search for the longest run of them comes first.
        self._anchor = max(re.split(r"[^A-Za-z0-9]+", secret), key=len)
        self._anchor_bytes = self._anchor.encode()
        self._encoded = tuple(sorted(set(_encodings(secret)), key=len, reverse=True)) if is_encoded else ()
        self._encoded_bytes = tuple(form.encode() for form in self._encoded)

    def masked(self, text: str) -> str:
        if self._anchor in text:
            text = self._escaped.sub(MASK, text)
        for form in self._encoded:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def may_be_in(self, text: bytes) -> bool:
        """Whether it is worth while to look at the single values of an encoded text."""
        if any(form in text for form in self._encoded_bytes):
            return True
        return self._anchor_bytes in text and bool(self._escaped.search(text.decode("utf-8", "replace")))

    def equals(self, number: float) -> bool:
        return str(number) == self._secret


# Not more than a few connections are in use at a time; compiling takes a millisecond.
_spelling = lru_cache(maxsize=256)(_Spelling)


def _escapes(secret: str) -> Iterator[str]:
    """Yield patterns, one for each character (runs of blanks and of backslashes count as one)."""
    for run in re.findall(r"\s+|\\+|.", secret, re.DOTALL):
        ways = {way for character in run for way in _ways(character)}
        # JSON within JSON doubles the backslash of an escape each time.
        lead = "" if run[0].isascii() and run[0].isalnum() else r"\\{0,15}"
        joined = "|".join(sorted(ways, key=len, reverse=True))
        if run[0].isspace():
            yield f"(?:{lead}(?:{joined}|\\s))+"
        elif run[0] == "\\":
            yield f"(?:{joined})+"
        else:
            yield f"{lead}(?:{joined})" if len(ways) > 1 else joined


def _ways(character: str) -> Iterator[str]:
    """Yield patterns of one character: itself, and its escapes in JSON, URLs, HTML, SQL and Python."""
    yield re.escape(character)
    if character.isascii() and character.isalnum():
        return
    utf8 = character.encode("utf-8", "surrogatepass")
    yield re.escape(utf8.decode("latin-1"))
    readings = [utf8]
    if ord(character) < 256:
        readings.append(character.encode("latin-1"))
    for raw in readings:
        yield "(?i:" + "".join(f"%{byte:02x}" for byte in raw) + ")"
        yield "(?i:" + r"\\{0,15}".join(f"x{byte:02x}" for byte in raw) + ")"
    units = character.encode("utf-16-be", "surrogatepass")
    yield "(?i:" + r"\\{0,15}".join(f"u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)) + ")"
    yield f"(?i:&\\#(?:0*{ord(character)}|x0*{ord(character):x});)"
    names = {codepoint2name.get(ord(character)), "apos" if character == "'" else None} - {None}
    yield from (f"&{name};" for name in names)
    yield from _SHORT.get(character, ())


_SHORT: Mapping[str, tuple[str, ...]] = {
    "\n": ("n",), "\r": ("r",), "\t": ("t",), "\f": ("f",), "\b": ("b",), " ": (r"\+",), "'": ("''",),
}  # fmt: skip


def _encodings(secret: str) -> Iterator[str]:
    """Yield the whole secret in hex and base64."""
    readings = {secret.encode("utf-8", "surrogatepass"), secret.encode("latin-1", "replace")}
    for raw in readings:
        yield raw.hex()
        yield raw.hex().upper()
        # A value inside a longer base64 text begins at one of three offsets; its inner characters are the same.
        for lead in range(3):
            encoded = base64.b64encode(b"\0" * lead + raw).decode().rstrip("=")
            inner = encoded[(0, 2, 3)[lead] : len(encoded) - (1 if (lead + len(raw)) % 3 else 0)]
            if len(inner) >= 2 * _SHORTEST:
                yield inner
                yield inner.translate(str.maketrans("+/", "-_"))


def _replaced(value: object, known: Iterable[_Spelling], *, names: bool) -> object:
    if isinstance(value, str):
        for one in known:
            value = one.masked(value)
        return value
    if isinstance(value, Mapping):
        return {
            _replaced(str(key), known, names=True) if names else str(key): _replaced(one, known, names=names)
            for key, one in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_replaced(one, known, names=names) for one in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool) and any(one.equals(value) for one in known):
        return MASK
    return value


def _answer(value: object, known: list[_Spelling]) -> object:
    """Mask an answer of the API: its own members keep their names, those of records may not."""
    if isinstance(value, dict):
        return {
            name: _replaced(one, known, names=True) if name in _FREE_NAMES else _answer(one, known)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_answer(one, known) for one in value]
    return _replaced(value, known, names=False)


def _shaped(real: object, masked: object) -> Any:
    if isinstance(real, Mapping):
        below = masked if isinstance(masked, Mapping) else dict.fromkeys(real, MASK) if masked == MASK else {}
        return {name: _shaped(value, below.get(name)) for name, value in real.items()}
    if isinstance(real, list) and isinstance(masked, list) and len(real) == len(masked):
        return [_shaped(one, other) for one, other in zip(real, masked, strict=True)]
    if isinstance(real, list) and masked == MASK:
        return [_shaped(one, MASK) for one in real]
    return masked
