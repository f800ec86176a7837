"""Suggesting rules: which source path could fill which target field.

Names are split into word tokens (``customerID``, ``cust_id``, ``Customer Id``), tokens are folded by a table of
synonyms of this trade, and the best pairs are taken one to one. Nothing is guessed below a threshold: a target without a
suggestion is listed, not filled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Suggestion", "match_names", "tokens"]

THRESHOLD = 0.5

_SYNONYMS = (
    "id identifier key no num number nr code",
    "name title label",
    "customer cust client buyer account",
    "order so salesorder purchase",
    "quantity qty amount_of units count",
    "amount total sum value",
    "price rate cost",
    "item product sku article part material",
    "email mail e-mail",
    "phone telephone tel mobile",
    "address addr street line1",
    "zip postcode postal",
    "city town",
    "country nation",
    "state province region",
    "date day time datetime timestamp at on",
    "created create creation",
    "updated update modified changed",
    "description desc text memo note",
    "first given",
    "last family surname",
    "company organization organisation org vendor supplier",
    "origin from source departure",
    "destination dest to target arrival",
    "tail tailnum registration",
    "currency curr",
    "status state_of stage",
    "minutes min delay",
)
_CANONICAL = {word: words.split()[0] for words in _SYNONYMS for word in words.split()}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class Suggestion:
    """One pair: the target's name, the source's path, and how alike they are (0 to 1)."""

    target: str
    source: str
    score: float


def tokens(name: str) -> tuple[str, ...]:
    """Split a name into its words, in lower case, synonyms folded.

    >>> tokens("customerID")
    ('customer', 'id')
    """
    words = _WORDS.findall(re.sub(r"([a-z])([A-Z])", r"\1 \2", name))
    return tuple(_CANONICAL.get(word.lower(), word.lower()) for word in words)


def match_names(targets: Sequence[str], sources: Iterable[str]) -> list[Suggestion]:
    """Pair each target with at most one source, the best pairs first; a source may serve several targets.

    Returns
    -------
    list of Suggestion
        In the order of `targets`; targets without a source that is alike enough are absent.
    """
    known = list(dict.fromkeys(sources))
    taken: dict[str, Suggestion] = {}
    pairs = sorted(
        (Suggestion(target, source, similarity(target, source)) for target in targets for source in known),
        # Ties go to the first source, so that a suggestion does not change from run to run.
        key=lambda pair: (-pair.score, known.index(pair.source)),
    )
    used: set[str] = set()
    for pair in pairs:
        exact = pair.score >= 0.999
        if pair.score >= THRESHOLD and pair.target not in taken and (exact or pair.source not in used):
            taken[pair.target] = pair
            used.add(pair.source)
    return [taken[target] for target in targets if target in taken]


@lru_cache(maxsize=65536)
def similarity(target: str, source: str) -> float:
    """Say how alike two names are: 1 for the same words, less for words that only one has."""
    if target == source:
        return 1.0
    wanted, found = tokens(target), tokens(source)
    if not wanted or not found:
        return 0.0
    if wanted == found or "".join(wanted) == "".join(found):
        return 0.95
    # The last key of a nested path says most: order.customer.name is a name.
    leaf = tokens(source.rsplit(".", 1)[-1])
    return max(_overlap(wanted, found), 0.9 * _overlap(wanted, leaf))


def _overlap(wanted: tuple[str, ...], found: tuple[str, ...]) -> float:
    """Weigh shared words by their length: two long words in common say more than two ids."""
    remaining, shared = list(found), 0.0
    for word in wanted:
        best = max(remaining, key=lambda other: _alike(word, other), default=None)
        if best is not None and _alike(word, best):
            shared += _alike(word, best) * _weight(word)
            remaining.remove(best)
    total = sum(map(_weight, wanted)) + sum(map(_weight, remaining)) * 0.5
    return shared / total


def _alike(word: str, other: str) -> float:
    if word == other:
        return 1.0
    short, long = sorted((word, other), key=len)
    return 0.7 if len(short) >= 3 and long.startswith(short) else 0.0


def _weight(word: str) -> float:
    return 1.0 if word == "id" else 1.0 + min(len(word), 8) / 8


def json_types(sample: Mapping[str, object]) -> dict[str, str]:
    """Return the Mapper 2.0 data type of each member of a sample record."""
    return {name: _json_type(value) for name, value in sample.items()}


def _json_type(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        inner = {_json_type(element) for element in value}
        return f"{inner.pop()}array" if len(inner) == 1 else "stringarray"
    return "string"
