"""Rules that do something, and most likely not what was meant: found beside the fields of the source, before any row.

Three of them map without an error: an extract without ``$.`` is a literal text, a path may name no field, and a number
that is written as a string becomes text.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from celigo_pandas.documents.dotted import find_at, indexed
from celigo_pandas.mapping.compile.compiled_mapping import CompiledMapping
from celigo_pandas.mapping.explain.coverage import fields_read
from celigo_pandas.mapping.rules.rule_tree import (
    ArrayRule,
    ListRule,
    NoSource,
    ObjectRule,
    PathSource,
    Rule,
    TemplateSource,
    TextSource,
    ValueRule,
)
from celigo_pandas.paths import rooted_text

__all__ = ["Fields", "Trap", "find_traps", "trap_texts"]

Keys = tuple[str, ...]
Fields = Mapping[Keys, str]
"""The fields of the source by their keys, each with its kind: ``"number"``, ``"boolean"``, or ``""`` for all else."""

_SHOWN = 5


class Trap(NamedTuple):
    """One rule: what it writes, what stands in it, and what to write in its place (empty: nothing is near)."""

    kind: str
    cell: str
    found: str
    instead: str


def find_traps(compiled: CompiledMapping, document: Mapping[str, Any], fields: Fields | None) -> list[Trap]:
    """List the traps of a compiled document.

    Parameters
    ----------
    compiled : CompiledMapping
    document : Mapping
        What it was compiled from: only there a literal differs from a hard-coded value.
    fields : Fields or None
        Of the source; without them only a literal that spells what it writes is told.
    """
    traps: list[Trap] = []
    for rule in _visible(compiled.tree):
        if isinstance(rule, ValueRule) and rule.dialect == 2:
            traps += _literal(rule, document, fields)
            traps += _retyped(rule, fields or {})
        if fields:
            traps += _unknown(rule, compiled, fields)
    return traps


def _visible(rules: Sequence[Rule]) -> Iterator[Rule]:
    """Yield the rules that see the whole record: below an object that narrows it, paths begin elsewhere."""
    for rule in rules:
        yield rule
        if isinstance(rule, ObjectRule) and isinstance(rule.source, NoSource):
            yield from _visible(rule.children)
        elif isinstance(rule, ArrayRule):
            for helper in rule.helpers:
                yield from _visible(helper.children or ())
        elif isinstance(rule, ListRule):
            yield from rule.fields


def _literal(rule: ValueRule, document: Mapping[str, Any], fields: Fields | None) -> Iterator[Trap]:
    if not isinstance(rule.source, TextSource):
        return
    extract = _entry(document, rule.path).get("extract")
    if not isinstance(extract, str) or not extract.strip():
        return
    known = next((keys for keys in fields or () if extract in (keys[-1], ".".join(keys))), None)
    if known is not None:
        yield Trap("literal", rule.cell, extract, rooted_text(known))
    elif extract == rule.keys[-1]:
        yield Trap("literal", rule.cell, extract, _nearest((extract,), fields) if fields else rooted_text((extract,)))


def _entry(document: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    found = find_at(document, indexed(path))
    return found if isinstance(found, Mapping) else {}


def _retyped(rule: ValueRule, fields: Fields) -> Iterator[Trap]:
    if rule.data_type != "string" or not isinstance(rule.source, PathSource) or rule.lookup or rule.date:
        return
    steps = rule.source.path.steps
    kind = fields.get(tuple(step for step in steps if isinstance(step, str)), "")
    if kind and all(isinstance(step, str) for step in steps):
        yield Trap("retyped", rule.cell, rule.source.path.dotted, kind)


def _unknown(rule: Rule, compiled: CompiledMapping, fields: Fields) -> Iterator[Trap]:
    source = rule.source
    # What a template of Mapper 1.0 reads has several meanings; of the others each path has to be there.
    is_sure = isinstance(source, PathSource) or isinstance(rule, ArrayRule)
    if not is_sure and not (isinstance(source, TemplateSource) and compiled.dialect == 2):
        return
    read = list(dict.fromkeys(keys for keys in fields_read(rule, compiled) if keys))
    lost = [keys for keys in read if not any(_meets(keys, known) for known in fields)]
    if is_sure and len(lost) < len(read):
        return
    for keys in lost[:1] if is_sure else lost:
        near = _nearest(keys, fields)
        if isinstance(rule, ArrayRule):  # it is named by its list, and reads the elements of one
            yield Trap("unknown", rule.cell.removesuffix("[*]"), rooted_text(keys), near and f"{near}[*]")
        else:
            yield Trap("unknown", rule.cell, rooted_text(keys), near)


def _meets(read: Keys, known: Keys) -> bool:
    shorter = min(len(read), len(known))
    return read[:shorter] == known[:shorter]


def _nearest(keys: Keys, fields: Fields) -> str:
    """Return the path of the field whose name is nearest, or an empty text."""
    names = {".".join(known).casefold(): known for known in fields}
    wanted = ".".join(keys).casefold()
    near = difflib.get_close_matches(wanted, list(names), n=1, cutoff=0.5)
    near += [name for name in names if len(name) > 2 and (name in wanted or wanted in name)]
    return rooted_text(names[near[0]]) if near else ""


def trap_texts(traps: Sequence[Trap], fields: Fields | None, *, as_call: bool) -> list[str]:
    """Say what the traps are and what to type instead; one text for each kind.

    Parameters
    ----------
    traps : sequence of Trap
    fields : Fields or None
        As for :func:`find_traps`.
    as_call : bool
        Show calls of :meth:`celigo_pandas.Mapping.set`, or members of a document.
    """
    texts = []
    literal, unknown, retyped = (
        [trap for trap in traps if trap.kind == kind] for kind in ("literal", "unknown", "retyped")
    )
    if literal:
        said = _listed([f"{trap.cell} is the text {trap.found!r} in every row" for trap in literal])
        lines = _listed([_line(trap.cell, "extract", trap.instead, as_call) for trap in literal if trap.instead])
        texts.append(
            f"{said}: an extract without $. is a literal." + (f" To read the field, write {lines}." if lines else "")
        )
    if unknown:
        said = _listed([f"{trap.cell} reads {trap.found}" for trap in unknown])
        lines = _listed([_line(trap.cell, "extract", trap.instead, as_call) for trap in unknown if trap.instead])
        there = ", ".join(".".join(keys) for keys in list(fields or ())[:_SHOWN])
        is_flat = any(trap.found == rooted_text(keys[0].split(".")) for trap in unknown for keys in fields or ())
        texts.append(
            f"{said}: the frame has no such column, so nothing is written. "
            + (f"Did you mean {lines}?" if lines else f"Its columns begin {there}.")
            + (" To read columns with dots as objects, give unflatten=True (--nest)." if is_flat else "")
        )
    if retyped:
        said = _listed([f"{trap.cell} (from {trap.found})" for trap in retyped])
        lines = _listed([_line(trap.cell, "dataType", trap.instead, as_call) for trap in retyped])
        texts.append(f"Numbers of the frame become text (79 → '79') in {said}. To keep them, write {lines}.")
    return texts


def _line(cell: str, member: str, value: str, as_call: bool) -> str:
    if not as_call:
        return f"{json.dumps(member)}: {json.dumps(value, ensure_ascii=False)}"
    return f".set({cell!r}, {value!r})" if member == "extract" else f".set({cell!r}, data_type={value!r})"


def _listed(texts: Sequence[str]) -> str:
    unique = list(dict.fromkeys(texts))
    more = f" and {len(unique) - _SHOWN} more" if len(unique) > _SHOWN else ""
    return ", ".join(unique[:_SHOWN]) + more
