"""Everything that is wrong or doubtful about a mapping document, each with its path.

What makes a document unusable comes from compiling it; beside that stand what the API would refuse though it can be
evaluated here (a missing ``status``), and what is probably not meant (a path that names no field of the sample).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from celigo_pandas.documents.mapping_documents import MappingDocument, lookup_problems
from celigo_pandas.errors import FilterError, Problem, shown
from celigo_pandas.filters import compile_rules, rules_of
from celigo_pandas.handlebars.contexts import SURROUNDINGS, envelope_root
from celigo_pandas.mapping.compile.compiled_mapping import compile_parts
from celigo_pandas.mapping.compile.transforms import compile_transform_parts
from celigo_pandas.mapping.rules.rule_tree import (
    ArrayRule,
    ListRule,
    PathSource,
    Rule,
    Source,
    TemplateSource,
    ValueRule,
)
from celigo_pandas.paths import Path, PathError, parse_extract

__all__ = ["find_problems", "validate"]

_TRANSFORMS: Final = ("transform", "responseTransform")
_DIGITS: Final = re.compile(r"\d+")


def validate(doc: object, sample: object = None) -> list[Problem]:
    """List every problem of a document's mapping, transform, lookups and filter.

    Parameters
    ----------
    doc : mapping
        Import or export document. Not modified.
    sample : object, optional
        A record, or a list of records: paths that name none of their fields are problems too.

    Returns
    -------
    list of Problem
        ``field`` is the path in the document; in the document's order. Empty: nothing to say.

    Examples
    --------
    >>> doc = {"mappings": [{"generate": "a", "dataType": "string", "extract": "$.a"}]}
    >>> [str(problem) for problem in validate(doc)]
    ["mappings[0].status: status must be 'Active', got None. (missing_status)"]
    """
    if not isinstance(doc, Mapping):
        return [Problem("not_an_object", f"A document must be an object, got {shown(doc)}.")]
    compiled, parts = compile_parts(doc)
    problems = [*parts.problems, *parts.remarks]
    samples = sample if isinstance(sample, list) else [] if sample is None else [sample]
    envelope = doc.get("inputContext") == "envelope"
    # What a transform makes of a record has other fields than the record.
    problems += _path_problems(compiled.rules, [] if doc.get("transform") else samples, envelope=envelope)
    problems += lookup_problems(doc)
    problems += _adaptor_problems(doc)
    problems += _filter_problems(doc)
    for name in _TRANSFORMS:
        problems += _transform_problems(doc, name, remarks=True)
    if isinstance(doc.get("transform"), Mapping):
        problems += _path_problems(compile_transform_parts(doc["transform"])[0].rules, samples, "transform.")
    return sorted(problems, key=lambda problem: _natural(problem.field or ""))


def find_problems(doc: Mapping[str, Any]) -> list[Problem]:
    """List what makes a document's mapping, lookups, filters or transform unusable; doubts are left to `validate`."""
    problems = [*compile_parts(doc)[1].problems, *lookup_problems(doc), *_filter_problems(doc)]
    for name in _TRANSFORMS:
        problems += _transform_problems(doc, name, remarks=False)
    return problems


def _transform_problems(doc: Mapping[str, Any], name: str, *, remarks: bool) -> Iterator[Problem]:
    """List the problems of a transform of the document, and what is doubtful about it."""
    transform = doc.get(name)
    if isinstance(transform, Mapping):
        parts = compile_transform_parts(transform)[1]
        for problem in (*parts.problems, *(parts.remarks if remarks else ())):
            yield Problem(problem.code, problem.message, f"{name}.{problem.field}")
    elif transform:
        yield Problem("not_an_object", f"{name} must be an object.", name)


def _natural(path: str) -> str:
    """Pad the numbers of a path, so that entry 10 sorts behind entry 9."""
    return _DIGITS.sub(lambda match: match.group().zfill(6), path)


def _adaptor_problems(doc: Mapping[str, Any]) -> Iterator[Problem]:
    found = MappingDocument.of(doc)
    if found.dialect == 2 and found.takes_fields_only:
        yield Problem("wrong_dialect", f"{found.adaptor} takes Mapper 1.0 (mapping) only.", "mappings")


def _filter_problems(doc: Mapping[str, Any]) -> Iterator[Problem]:
    for name in ("filter", "inputFilter"):
        try:
            rules = rules_of(doc.get(name))
            if rules is not None:
                compile_rules(rules)
        except FilterError as error:
            yield Problem("bad_filter", error.message, f"{name}.{error.rule}" if error.rule else name)


def _path_problems(
    rules: Sequence[Rule], samples: list[Any], base: str = "", *, envelope: bool = False
) -> Iterator[Problem]:
    for rule in rules if samples else ():
        is_bare = isinstance(rule, ValueRule) and rule.dialect == 1
        for source, path in _sources(rule):
            for missing in _missing(source, samples, is_bare=is_bare, envelope=envelope):
                message = f"{missing!r} names no field of the sample."
                yield Problem("unknown_path", message, f"{base}{path}.extract")


def _sources(rule: Rule) -> list[tuple[Source, str]]:
    if isinstance(rule, ArrayRule):
        return [(helper.source, helper.path) for helper in rule.helpers]
    if isinstance(rule, ListRule):
        return []
    return [(rule.source, rule.path)]


def _missing(source: Source, samples: list[Any], *, is_bare: bool, envelope: bool) -> list[str]:
    roots, beside = samples, frozenset({"_PARENT"})
    if isinstance(source, PathSource):
        paths = [source.path]
        if envelope:
            roots, beside = [envelope_root(sample, {}) for sample in samples], SURROUNDINGS
    elif isinstance(source, TemplateSource):
        paths = [path for path in map(_parsed, source.reads) if path is not None]
        if is_bare:
            beside = SURROUNDINGS
    else:
        return []
    missing = []
    for path in paths:
        keys = [step for step in path.steps if isinstance(step, str)]
        if keys and keys[0] not in beside and not any(_has(root, keys) for root in roots):
            missing.append(path.text)
    return missing


def _parsed(text: str) -> Path | None:
    try:
        return parse_extract(text)
    except PathError:
        return None


def _has(value: object, keys: Sequence[str]) -> bool:
    """Whether keys lead somewhere, through arrays too; where the sample is null or empty it cannot tell, so yes."""
    if not keys or value is None:
        return True
    if isinstance(value, dict):
        return keys[0] in value and _has(value[keys[0]], keys[1:])
    if isinstance(value, list):
        if keys[0] == "length" or keys[0].isdigit():
            return True
        return not value or any(_has(item, keys) for item in value)
    return keys[0] == "length"
