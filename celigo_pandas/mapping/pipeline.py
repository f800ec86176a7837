"""The order of work around a mapping: what happens to a record of an import before it is sent, and of an export.

Import: filter, one-to-many, map. Export: transform, filter. Both the local engine and the local dry run go through
here, so that they cannot differ. Facts: integrator-api.md, sections 4.1, 4.7, 6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from celigo_pandas.documents.map_answers import is_one_to_many
from celigo_pandas.errors import DocumentError, FilterError, MappingError, Problem
from celigo_pandas.filters import compile_rules, rules_of
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.compile.compiled_mapping import compile_mapping
from celigo_pandas.mapping.compile.transforms import compile_transform
from celigo_pandas.mapping.steps.run import ResolveLookup
from celigo_pandas.paths import PathError, parse_extract

__all__ = ["ImportStep", "run_export_steps", "run_import_steps"]

_PARENT = "_PARENT"


@dataclass
class ImportStep:
    """What became of one record of an import.

    Attributes
    ----------
    position : int
        Place of the record in the list.
    state : str
        ``"mapped"`` (at least one output, or nothing failed), ``"ignored"`` (the filter dropped it, or it has no
        children to send) or ``"failed"``.
    outputs : list of tuple
        ``(source record, mapped record)`` pairs; several with one-to-many.
    errors : list of Problem
        With ``source``; also set beside outputs when only some children failed.
    """

    position: int
    state: str = "mapped"
    outputs: list[tuple[Any, Any]] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)


def run_import_steps(
    records: Sequence[Any],
    import_doc: Mapping[str, Any],
    *,
    context: Mapping[str, Any] | None = None,
    resolve_lookup: ResolveLookup | None = None,
    now: Callable[[], Any] | None = None,
) -> list[ImportStep]:
    """Filter, fan out and map the records of an import.

    Parameters
    ----------
    records : sequence
        Records as they came; not modified.
    import_doc : mapping
        Import document.
    context : mapping, optional
        Template context without the record; its ``settings`` serve the filter too.
    resolve_lookup, now : callable, optional
        As for :meth:`celigo_pandas.mapping.CompiledMapping.evaluate`.

    Returns
    -------
    list of ImportStep
        One per record, in order.

    Raises
    ------
    DocumentError
        The mapping cannot be compiled, or the filter's rules cannot be read.
    """
    surroundings = dict(context or {})
    keeper = _keeper(import_doc.get("filter"), "filter")
    settings = surroundings.get("settings")
    compiled = compile_mapping(import_doc)
    fan_out = _fan_out(import_doc)
    # Assumed: a filter that names _PARENT is about the children, any other about the record as it came.
    about_children = fan_out is not None and _names_parent(import_doc.get("filter"))
    steps = [ImportStep(position) for position in range(len(records))]
    sources: list[tuple[ImportStep, Any, Any]] = []
    for step, record in zip(steps, records, strict=True):
        if not about_children and not _is_kept(keeper, record, settings, step):
            continue
        if fan_out is None:
            sources.append((step, record, record))
            continue
        children = [
            (step, child, bare)
            for child, bare in fan_out(record)
            if not about_children or _is_kept(keeper, child, settings, step)
        ]
        sources += children
        if not children and step.state != "failed":
            step.state = "ignored"
    # Without a mapping children pass as they came; the added parent is only for paths and templates.
    passing = [bare if compiled.dialect == 0 else source for _, source, bare in sources]
    mapped = compiled.evaluate(passing, context=surroundings, resolve_lookup=resolve_lookup, now=now)
    for (step, source, _), output in zip(sources, mapped, strict=True):
        if isinstance(output, MappingError):
            step.errors.extend(output.problems)
        else:
            step.outputs.append((source, output))
    for step in steps:
        if step.errors:
            step.state = "mapped" if step.outputs else "failed"
        elif step.outputs:
            step.state = "mapped"
    return steps


def run_export_steps(
    records: Sequence[Any],
    export_doc: Mapping[str, Any],
    *,
    context: Mapping[str, Any] | None = None,
    resolve_lookup: ResolveLookup | None = None,
    now: Callable[[], Any] | None = None,
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Transform and filter the records of an export.

    Returns
    -------
    records : list
        Those that stay, transformed.
    errors : list of dict
        ``{"code", "message", "source", ...}`` for each record that failed, with ``position`` (in `records`).

    Raises
    ------
    DocumentError
        The transform cannot be compiled, or the filter's rules cannot be read.
    """
    surroundings = dict(context or {})
    transform = compile_transform(export_doc.get("transform"))
    keeper = _keeper(export_doc.get("filter"), "filter")
    if keeper is None and not transform.rules:
        return list(records), []
    kept: list[Any] = []
    errors: list[dict[str, Any]] = []
    settings = surroundings.get("settings")
    results = transform.evaluate(records, context=surroundings, resolve_lookup=resolve_lookup, now=now)
    for position, result in enumerate(results):
        if isinstance(result, MappingError):
            source = "lookup" if result.source == "lookup" else "transformation"
            errors.append({"code": result.code, "message": result.message, "source": source, "position": position})
            continue
        try:
            if keeper is None or keeper(result, settings):
                kept.append(result)
        except FilterError as error:
            problem = Problem("filter_error", error.message, error.rule, "output_filter")
            errors.append({**problem.to_dict(), "position": position})
    return kept, errors


Keeper = Callable[..., bool]


def _keeper(filter_doc: Any, place: str) -> Keeper | None:
    try:
        rules = rules_of(filter_doc)
        return None if rules is None else compile_rules(rules)
    except FilterError as error:
        problem = Problem("bad_filter", error.message, f"{place}.{error.rule}" if error.rule else place)
        raise DocumentError(f"The filter cannot be used: {error.message}", problems=[problem]) from error


def _is_kept(keeper: Keeper | None, record: object, settings: object, step: ImportStep) -> bool:
    if keeper is None:
        return True
    try:
        kept = keeper(record, settings)
    except FilterError as error:
        step.state = "failed"
        step.errors.append(Problem("filter_error", error.message, error.rule, "import_filter"))
        return False
    if not kept and not step.errors:
        step.state = "ignored"
    return kept


def _fan_out(import_doc: Mapping[str, Any]) -> Callable[[Any], list[tuple[Any, Any]]] | None:
    """Return the function from a record to its children, each as templates see it and as it came."""
    if not is_one_to_many(import_doc):
        return None
    text = import_doc.get("pathToMany")
    if not isinstance(text, str) or not text:
        # Grouped records need no path: their rows are the children.
        return lambda record: [(row, row) for row in record] if isinstance(record, list) else [(record, record)]
    try:
        path = parse_extract(text)
    except PathError as error:
        problem = Problem("bad_path", str(error), "pathToMany")
        raise DocumentError(f"pathToMany cannot be read: {error}", problems=[problem]) from error

    def children(record: object) -> list[tuple[Any, Any]]:
        found = path.read(record, UNDEFINED)
        if found is UNDEFINED or found is None:
            return []
        elements = found if isinstance(found, list) else [found]
        return [({**child, _PARENT: record} if isinstance(child, dict) else child, child) for child in elements]

    return children


def _names_parent(part: object) -> bool:
    if isinstance(part, dict):
        return any(_names_parent(member) for member in part.values())
    if isinstance(part, list):
        if len(part) == 2 and part[0] == "extract":
            return isinstance(part[1], str) and part[1].startswith(_PARENT)
        return any(_names_parent(member) for member in part)
    return False
