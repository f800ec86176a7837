"""Suggesting rules: which source path could fill which target field.

Names are split into word tokens (``customerID``, ``cust_id``, ``Customer Id``), tokens are folded by a table of
synonyms of this trade, and the best pairs are taken one to one. Nothing is guessed below a threshold: a target
without a suggestion is listed, not filled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from celigo_pandas.documents.rule_rows import EACH, find_rule
from celigo_pandas.documents.written_rules import set_rule
from celigo_pandas.errors import DocumentError, shown
from celigo_pandas.experiments.frame_records import records_of
from celigo_pandas.frames.names import escape_key
from celigo_pandas.mapping.compile.rule_parts import MOST_STEPS
from celigo_pandas.mapping.explain.record_steps import record_steps
from celigo_pandas.paths import WILDCARD, Path, Step, rooted_text

__all__ = ["Suggested", "Suggestion", "match_names", "suggest_document", "tokens"]

THRESHOLD = 0.5
_END = 0.6
_CLOSE = 0.05

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
    "ordered placed purchased",
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
    """One pair: the target's name, the source's path, how alike they are (0 to 1), and in what."""

    target: str
    source: str
    score: float
    reason: str = ""


def tokens(name: str) -> tuple[str, ...]:
    """Split a name into its words, in lower case, synonyms folded.

    >>> tokens("customerID")
    ('customer', 'id')
    """
    return tuple(_CANONICAL.get(word, word) for word in _words(name))


def _words(name: str) -> tuple[str, ...]:
    return tuple(map(str.lower, _WORDS.findall(re.sub(r"([a-z])([A-Z])", r"\1 \2", name))))


def match_names(targets: Sequence[str], sources: Iterable[str]) -> list[Suggestion]:
    """Pair each target with at most one source, the best pairs first; a source may serve several targets.

    Returns
    -------
    list of Suggestion
        In the order of `targets`, each with its reason; targets without a source that is alike enough are absent.
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
    rivals: dict[str, str] = {}
    for pair in pairs:
        best = taken.get(pair.target)
        if best is not None and pair.source != best.source and best.score - pair.score < _CLOSE and best.score < 0.999:
            rivals.setdefault(pair.target, pair.source)
    return [
        replace(taken[target], reason=_reason(taken[target], rivals.get(target)))
        for target in targets
        if target in taken
    ]


def _reason(pair: Suggestion, rival: str | None) -> str:
    """Say in what the names of a pair are alike, and which other source is nearly as near."""
    if pair.target == pair.source:
        return "the same name"
    target, source = _words(pair.target), _words(pair.source)
    leaf = _words(pair.source.rsplit(".", 1)[-1])
    alike = [
        word if word == other else f"{other} for {word}"
        for word in target
        for other in source
        if word == other or _CANONICAL.get(word, word) == _CANONICAL.get(other, other)
    ]
    if "".join(target) == "".join(source):
        reason = "the same words"
    elif tokens(pair.target) == tokens(pair.source):
        reason = f"the same meaning: {', '.join(word for word in dict.fromkeys(alike) if ' for ' in word)}"
    elif _is_end(target, source):
        reason = f"{' '.join(source)} is the end of the target's name"
    elif _is_end(leaf, target):
        reason = f"the target's name is the end of {' '.join(source)}"
    else:
        shared = ", ".join(dict.fromkeys(alike)) or "words that begin alike"
        reason = f"in common: {shared}"
    return reason if rival is None else f"{reason}; {rival} is nearly as near"


def _is_end(whole: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return 0 < len(part) < len(whole) and whole[-len(part) :] == part


@lru_cache(maxsize=65536)
def similarity(target: str, source: str) -> float:
    """Say how alike two names are: 1 for the same words, less for words that only one has."""
    if target == source:
        return 1.0
    wanted, found = tokens(target), tokens(source)
    if not wanted or not found:
        return 0.0
    words = _words(target), _words(source)
    if "".join(words[0]) == "".join(words[1]):
        return 0.95
    if wanted == found or "".join(wanted) == "".join(found):
        return 0.9
    # The last key of a nested path says most: order.customer.name is a name.
    leaf, wanted_leaf = (tokens(path.rsplit(".", 1)[-1]) for path in (source, target))
    # The same words in another order say less than the name itself: 0:1 is not 1:0.
    score = min(0.85, max(_overlap(wanted, found), 0.9 * _overlap(wanted, leaf), 0.9 * _overlap(wanted_leaf, leaf)))
    # age for customer_age: what comes before is most often whose it is. Of the words themselves, not of synonyms.
    if _is_end(*words):
        score = max(score, _END)
    return score if (EACH in target) == (EACH in source) else 0.6 * score


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


def _json_type(value: object) -> str:
    if not isinstance(value, list):
        return _kind(value)
    inner = {_kind(element) for element in value if element is not None}
    return f"{inner.pop()}array" if len(inner) == 1 else "stringarray"


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "string"


# --- documents --------------------------------------------------------------------------------------------------------

DATA_TYPES = frozenset(
    "string number boolean object stringarray numberarray booleanarray objectarray arrayarray".split()
)
_SLASH_DATE = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})\Z")


@dataclass(frozen=True)
class Suggested:
    """A document with the suggested rules, and the target fields that got none."""

    document: dict[str, Any]
    unmatched: tuple[str, ...]
    pairs: tuple[Suggestion, ...]


def suggest_document(records: Sequence[Any], target: object) -> Suggested:
    """Suggest Mapper 2.0 rules from records to a target; see :meth:`celigo_pandas.Mapping.suggest`."""
    wanted = target_types(target)
    if not all(wanted):
        raise DocumentError(f"target={shown(target)}; a field without a name cannot be written.")
    sources = {_name(steps): steps for steps in record_steps(records) if _is_readable(steps)}
    pairs = match_names(list(wanted), sources)
    samples = {pair.source: _values(records, sources[pair.source]) for pair in pairs}
    document: dict[str, Any] = {"mappings": []}
    for pair in pairs:
        members = _members(pair, sources[pair.source], wanted[pair.target], samples[pair.source])
        if EACH in pair.target:
            document = _with_lists(document, pair, {one.target: sources[one.source] for one in pairs})
        document = set_rule(document, pair.target, members)
    found = {pair.target for pair in pairs}
    return Suggested(document, tuple(name for name in wanted if name not in found), tuple(pairs))


def target_types(target: object) -> dict[str, str | None]:
    """Read a target: names, names with data types, a sample record, or a frame."""
    if hasattr(target, "columns") and hasattr(target, "head"):
        records = records_of(target.head(50))
        merged_record: dict[str, object] = {}
        for record in records:
            merged_record.update(record)
        known = _leaf_types(merged_record, "")
        return known or dict.fromkeys(map(str, target.columns))
    if isinstance(target, Mapping):
        if target and all(isinstance(value, str) and value in DATA_TYPES for value in target.values()):
            return {str(name): str(kind) for name, kind in target.items()}
        return _leaf_types(dict(target), "")
    if isinstance(target, str) or not isinstance(target, Iterable):
        raise DocumentError(f"target={shown(target)}; expected names, a dict, or a frame.")
    return dict.fromkeys(str(name) for name in target)


def _leaf_types(record: Mapping[str, Any], prefix: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for key, value in record.items():
        path = prefix + escape_key(str(key))
        if isinstance(value, Mapping):
            found.update(_leaf_types(value, f"{path}."))
        elif isinstance(value, list) and value and all(isinstance(element, Mapping) for element in value):
            found.update(_leaf_types(value[0], f"{path}{EACH}."))
        else:
            found[path] = None if value is None else _json_type(value)
    return found


def _name(steps: Sequence[Step]) -> str:
    """Write steps as the name that a target's name is compared with: ``lines[*].sku``."""
    return ".".join(escape_key(str(step)) if step is not WILDCARD else EACH for step in steps).replace(f".{EACH}", EACH)


def _is_readable(steps: tuple[Step, ...]) -> bool:
    """Whether a rule can read there: an extract with ``{{`` is a template, whatever brackets are around it."""
    return len(steps) <= MOST_STEPS and "{{" not in rooted_text(steps)


def _members(pair: Suggestion, source: tuple[Step, ...], wanted: str | None, values: list[Any]) -> dict[str, Any]:
    kinds = {_json_type(value) for value in values if value is not None}
    data_type = wanted or (kinds.pop() if len(kinds) == 1 else "string")
    # Inside a list a rule reads the composite record, in which each array is its current element.
    read = [step for step in source if step is not WILDCARD] if EACH in pair.target else source
    members: dict[str, Any] = {"extract": rooted_text(read), "dataType": data_type}
    if data_type == "string" and (date_format := _date_format(values)):
        members["extractDateFormat"] = date_format
        members["generateDateFormat"] = "YYYY-MM-DD"
    return members


def _with_lists(document: dict[str, Any], pair: Suggestion, sources: Mapping[str, tuple[Step, ...]]) -> dict[str, Any]:
    """Return a document with the lists a target lies in, each fed by the array of most of its fields' sources."""
    parts = pair.target.split(f"{EACH}.")
    for depth in range(1, len(parts)):
        path = f"{EACH}.".join(parts[:depth])
        if find_rule(document, path) is not None:
            continue
        inside = [source for target, source in sources.items() if target.startswith(f"{path}{EACH}.")]
        arrays = [source[: len(source) - source[::-1].index(WILDCARD)] for source in inside if WILDCARD in source]
        helper: dict[str, Any] = {"mappings": []}
        if arrays:
            most_used = max(arrays, key=arrays.count)
            helper["extract"] = rooted_text(most_used)
        document = set_rule(document, path, {"dataType": "objectarray", "buildArrayHelper": [helper]})
    return document


def _values(records: Sequence[Any], steps: tuple[Step, ...], limit: int = 200) -> list[Any]:
    path = Path(rooted_text(steps), steps, True)
    found: list[Any] = []
    for record in records:
        value = path.read(record, None)
        found += value if path.has_wildcard and isinstance(value, list) else [value]
        if len(found) >= limit:
            break
    return [value for value in found if value is not None]


def _date_format(values: Sequence[Any]) -> str | None:
    """Recognise day-month-year texts; ISO texts need no format. What fits both ways is read the American way."""
    matches = [_SLASH_DATE.match(value) for value in values if isinstance(value, str)]
    if not matches or len(matches) != len(values) or not all(matches):
        return None
    firsts = [int(match[1]) for match in matches if match]
    seconds = [int(match[3]) for match in matches if match]
    separator = matches[0][2] if matches[0] else "/"
    if max(firsts) > 31 or max(seconds) > 31 or (max(firsts) > 12 and max(seconds) > 12):
        return None
    order = ("D", "M", "YYYY") if max(firsts) > 12 or separator == "." else ("M", "D", "YYYY")
    return separator.join(order)
