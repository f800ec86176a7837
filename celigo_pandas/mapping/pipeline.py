"""The order of work around a mapping: what happens to a record of an import before it is sent, and of an export.

Import: transform, filter, one-to-many, preMap, map, postMap. Export: transform, filter. Functions of scripts
stand where the document has them. Both the local engine and the local dry run go through here, so that they cannot
differ. Facts: integrator-api.md, sections 4.1, 4.7, 6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from celigo_pandas.documents.map_answers import is_one_to_many
from celigo_pandas.errors import DocumentError, FilterError, MappingError, Problem, ScriptError
from celigo_pandas.filters import compile_rules, rules_of
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.compile.compiled_mapping import compile_mapping
from celigo_pandas.mapping.compile.transforms import compile_transform
from celigo_pandas.mapping.steps.hook_steps import (
    Going,
    Step,
    after_map,
    before_map,
    kept_by_script,
    script_results,
    transform_problem,
    transformed,
    transformed_by_script,
)
from celigo_pandas.mapping.steps.run import ResolveLookup
from celigo_pandas.paths import PathError, parse_extract
from celigo_pandas.scripts import ExportHooks, ImportHooks
from celigo_pandas.scripts.hook_contracts import keep_records, transform_records
from celigo_pandas.scripts.hook_outcomes import problem_of

__all__ = ["ImportStep", "run_export_steps", "run_import_steps"]

_PARENT = "_PARENT"

Keeper = Callable[..., bool]


@dataclass
class ImportStep:
    """What became of one record of an import.

    Attributes
    ----------
    position : int
        Place of the record in the list.
    state : str
        ``"mapped"`` (at least one output, or nothing failed), ``"ignored"`` (the filter or a hook dropped it, or it has
        no children to send) or ``"failed"``.
    outputs : list of tuple
        ``(source record, mapped record)`` pairs; several with one-to-many. After a preMap its record is the source.
    errors : list of Problem
        With ``source``; also set beside outputs when only some children failed, or when a hook gave errors beside data.
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
    hooks: ImportHooks | None = None,
) -> list[ImportStep]:
    """Transform, filter, fan out and map the records of an import.

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
    hooks : ImportHooks, optional
        The functions of scripts that the document names. What they get is one page: all of `records`.

    Returns
    -------
    list of ImportStep
        One per record, in order.

    Raises
    ------
    DocumentError
        The mapping or the transform cannot be compiled, the filter's rules cannot be read, or a script is named that
        `hooks` has not.
    """
    surroundings = dict(context or {})
    hooks = hooks or ImportHooks()
    keeper = None if hooks.filter else _keeper(import_doc.get("filter"), "filter")
    settings = surroundings.get("settings")
    compiled = compile_mapping(import_doc)
    # Assumed: an import's transform stands where an export's does, before the filter.
    transform = None if hooks.transform else compile_transform(import_doc.get("transform"))
    fan_out = _fan_out(import_doc)
    # Assumed: a filter that names _PARENT is about the children, any other about the record as it came.
    about_children = fan_out is not None and _names_parent(import_doc.get("filter"))
    steps = [ImportStep(position) for position in range(len(records))]
    going = [Going(step, record, record) for step, record in zip(steps, records, strict=True)]
    if transform is not None and transform.rules:
        results = transform.evaluate(records, context=surroundings, resolve_lookup=resolve_lookup, now=now)
        going = transformed(going, results)
    going = kept_by_script(hooks, transformed_by_script(hooks, going))
    sources: list[Going] = []
    for one in going:
        step, record = one.step, one.source
        if not about_children and not _is_kept(keeper, record, settings, step):
            continue
        if fan_out is None:
            sources.append(one)
            continue
        children = [
            Going(step, child, bare)
            for child, bare in fan_out(record)
            if not about_children or _is_kept(keeper, child, settings, step)
        ]
        sources += children
        if not children and step.state != "failed":
            step.state = "ignored"
    sources = before_map(hooks, sources)
    # Without a mapping children pass as they came; the added parent is only for paths and templates.
    passing = [one.bare if compiled.dialect == 0 else one.source for one in sources]
    mapped = compiled.evaluate(passing, context=surroundings, resolve_lookup=resolve_lookup, now=now)
    done: list[tuple[Going, Any]] = []
    for one, output in zip(sources, mapped, strict=True):
        if isinstance(output, MappingError):
            one.step.errors.extend(output.problems)
        else:
            done.append((one, output))
    for one, output in after_map(hooks, done):
        one.step.outputs.append((one.source, output))
    for step in steps:
        if step.outputs:
            step.state = "mapped"
        elif step.errors:
            step.state = "failed"
    return steps


def run_export_steps(
    records: Sequence[Any],
    export_doc: Mapping[str, Any],
    *,
    context: Mapping[str, Any] | None = None,
    resolve_lookup: ResolveLookup | None = None,
    now: Callable[[], Any] | None = None,
    hooks: ExportHooks | None = None,
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Transform and filter the records of an export.

    Parameters
    ----------
    records : sequence
        Not modified.
    export_doc : mapping
    context, resolve_lookup, now
        As for :func:`run_import_steps`.
    hooks : ExportHooks, optional
        The functions of scripts that the document names.

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
    hooks = hooks or ExportHooks()
    transform = None if hooks.transform else compile_transform(export_doc.get("transform"))
    keeper = None if hooks.filter else _keeper(export_doc.get("filter"), "filter")
    if keeper is None and not hooks.filter and transform is not None and not transform.rules:
        return list(records), []
    if hooks.transform:
        results = script_results(transform_records, hooks.transform, records, hooks.common)
    elif transform is not None:
        results = transform.evaluate(records, context=surroundings, resolve_lookup=resolve_lookup, now=now)
    errors: list[dict[str, Any]] = []
    passing: list[tuple[int, Any]] = []
    for position, result in enumerate(results):
        if isinstance(result, (MappingError, ScriptError)):
            errors.append({**_step_error(result), "position": position})
        else:
            passing.append((position, result))
    answers = _answers(hooks, keeper, [record for _, record in passing], surroundings.get("settings"))
    kept: list[Any] = []
    for (position, record), answer in zip(passing, answers, strict=True):
        if isinstance(answer, Problem):
            errors.append({**answer.to_dict(), "position": position})
        elif answer:
            kept.append(record)
    return kept, sorted(errors, key=lambda error: error["position"])


def _step_error(error: MappingError | ScriptError) -> dict[str, Any]:
    if isinstance(error, ScriptError):
        return problem_of(error, "transformation").to_dict()
    return transform_problem(error).to_dict()


def _answers(hooks: ExportHooks, keeper: Keeper | None, records: list[Any], settings: object) -> list[bool | Problem]:
    """Return whether each record of an export stays, or what is wrong with it."""
    if hooks.filter:
        asked = script_results(keep_records, hooks.filter, records, hooks.common)
        return [problem_of(one, "output_filter") if isinstance(one, ScriptError) else one for one in asked]
    return [_answer(keeper, record, settings) for record in records]


def _answer(keeper: Keeper | None, record: object, settings: object) -> bool | Problem:
    try:
        return keeper is None or keeper(record, settings)
    except FilterError as error:
        return Problem("filter_error", error.message, error.rule, "output_filter")


def _keeper(filter_doc: Any, place: str) -> Keeper | None:
    try:
        rules = rules_of(filter_doc)
        return None if rules is None else compile_rules(rules)
    except FilterError as error:
        problem = Problem("bad_filter", error.message, f"{place}.{error.rule}" if error.rule else place)
        raise DocumentError(f"The filter cannot be used: {error.message}", problems=[problem]) from error


def _is_kept(keeper: Keeper | None, record: object, settings: object, step: Step) -> bool:
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
