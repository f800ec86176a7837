"""The scripts around a mapping, run here over pages of records, as an import's calls would give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from celigo_pandas.documents.script_references import ScriptReference, script_references
from celigo_pandas.documents.script_sources import SavedScripts, ScriptsLike, ScriptSource, find_sources
from celigo_pandas.errors import MappingError, Problem, ScriptError
from celigo_pandas.handlebars.contexts import surroundings
from celigo_pandas.mapping import CompiledMapping
from celigo_pandas.mapping.compile.transforms import CompiledTransform, compile_transform
from celigo_pandas.mapping.explain.hook_stories import HookStory
from celigo_pandas.mapping.steps.hook_steps import transform_problem
from celigo_pandas.scripts import (
    ApiDoor,
    ImportHooks,
    LogLine,
    RecordOutcome,
    ScriptRunner,
    ScriptText,
    Wiring,
    common_options,
    shared_host,
)
from celigo_pandas.scripts.hook_contracts import post_map, pre_map, transform_records
from celigo_pandas.scripts.hook_outcomes import SOURCES, problem_of

__all__ = ["PAGE", "HookRun", "hooks_of", "runs_before_mapping", "transform_run"]

PAGE: Final = 100
"""Records that a hook gets at once: as many as a push sends in one call."""


_BEFORE_SUBMIT: Final = frozenset({"transform.script", "filter.script", "hooks.preMap", "hooks.postMap"})


class HookRun:
    """The functions of an import document that stand before and after its mapping.

    Parameters
    ----------
    hooks : ImportHooks
    log : list of LogLine
        What they write to their log.
    sources : mapping
        The scripts by ``_scriptId``.
    transform : CompiledTransform, optional
        The document's transform, where it is none of a script.
    context : mapping, optional
        What templates of the transform see.

    Attributes
    ----------
    page : int
        Records that a hook gets at once.
    """

    page = PAGE

    def __init__(
        self, hooks: ImportHooks, log: list[LogLine], sources: Mapping[str, ScriptSource],
        transform: CompiledTransform | None = None, context: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self._transform = transform if transform is not None and transform.rules else None
        self._context = context or {}
        self.hooks = hooks
        self.log = log
        self.sources = sources

    def label(self, kind: str) -> str:
        """Return how a hook is told, ``preMap (orders.js:14)``; empty where there is none."""
        if kind == "transform" and self._transform is not None:
            return kind
        at = {"transform": self.hooks.transform, "preMap": self.hooks.pre_map, "postMap": self.hooks.post_map}
        function = at[kind]
        if function is None:
            return ""
        declared = function.script.module.find(function.name or "")
        where = f":{declared.line}" if declared is not None else ""
        return f"{kind} ({function.script.name}{where})"

    def _before(self) -> str:
        return ", ".join(filter(None, (self.label("transform"), self.label("preMap"))))

    def prepare(self, records: Sequence[Any], *, now: Callable[[], Any] | None = None) -> list[RecordOutcome]:
        """Give records to transform and preMap, a page at a time; a page at which a hook fails is failed records."""
        found: list[RecordOutcome] = []
        for page in _pages(len(records)):
            outcomes = self._transformed(records[page], now)
            passing = [place for place, outcome in enumerate(outcomes) if outcome.state == "ok"]
            for place, outcome in zip(passing, self._hooked([outcomes[at].data for at in passing]), strict=True):
                outcomes[place] = outcome
            found += outcomes
        return found

    def passing(self, records: Sequence[Any]) -> list[Any]:
        """Return what the mapping is given of records: those that transform and preMap let pass, as they give them."""
        return [one.data for one in self.prepare(records) if one.state in ("ok", "ok_with_errors")]

    def _transformed(self, records: Sequence[Any], now: Callable[[], Any] | None) -> list[RecordOutcome]:
        if self._transform is not None:
            results = self._transform.evaluate(records, context=self._context, now=now)
            return [
                RecordOutcome("failed", None, (transform_problem(one),)) if isinstance(one, MappingError)
                else RecordOutcome("ok", one)
                for one in results
            ]  # fmt: skip
        function = self.hooks.transform
        if function is None:
            return [RecordOutcome("ok", record) for record in records]
        try:
            made = transform_records(function, records, self.hooks.common)
        except ScriptError as error:
            return _failed_page(error, "transform", len(records))
        return [
            _failed_page(one, "transform", 1)[0] if isinstance(one, ScriptError) else RecordOutcome("ok", one)
            for one in made
        ]

    def _hooked(self, records: Sequence[Any]) -> list[RecordOutcome]:
        function = self.hooks.pre_map
        if function is None or not records:
            return [RecordOutcome("ok", record) for record in records]
        try:
            return pre_map(function, records, self.hooks.common)
        except ScriptError as error:
            return _failed_page(error, "preMap", len(records))

    def finish(self, prepared: Sequence[Any], mapped: Sequence[Any]) -> list[RecordOutcome]:
        """Give records, before and after the mapping, to the postMap; as :meth:`prepare`."""
        function = self.hooks.post_map
        if function is None:
            return [RecordOutcome("ok", record) for record in mapped]
        found: list[RecordOutcome] = []
        for page in _pages(len(mapped)):
            try:
                found += post_map(function, prepared[page], mapped[page], self.hooks.common)
            except ScriptError as error:
                found += _failed_page(error, "postMap", len(mapped[page]))
        return found

    def evaluate(self, compiled: CompiledMapping, records: Sequence[Any], **surroundings: Any) -> list[Any]:
        """Return what the preMap, a mapping and the postMap make of records: one output or MappingError each.

        What a hook ignores is a MappingError of code ``ignored``.
        """
        pages = _pages(len(records))
        return [output for page in pages for output in self._evaluated(compiled, records[page], surroundings)]

    def _evaluated(self, compiled: CompiledMapping, records: Sequence[Any], surroundings: dict[str, Any]) -> list[Any]:
        prepared = self.prepare(records, now=surroundings.get("now"))
        outputs: list[Any] = [_failure(outcome, "preMap") for outcome in prepared]
        passing = [place for place, output in enumerate(outputs) if output is None]
        sources = [prepared[place].data for place in passing]
        for place, output in zip(passing, compiled.evaluate(sources, **surroundings), strict=True):
            outputs[place] = output
        mapped = [place for place in passing if not isinstance(outputs[place], MappingError)]
        finished = self.finish([prepared[place].data for place in mapped], [outputs[place] for place in mapped])
        for place, outcome in zip(mapped, finished, strict=True):
            failure = _failure(outcome, "postMap")
            outputs[place] = outcome.data if failure is None else failure
        return outputs

    def story(self, compiled: CompiledMapping, records: Sequence[Any], position: int) -> HookStory | MappingError:
        """Return what becomes of one record among those of its page, or why nothing does."""
        start = position // PAGE * PAGE
        page, place = records[start : start + PAGE], position - start
        prepared = self.prepare(page)
        if (failure := _failure(prepared[place], "preMap")) is not None:
            return failure
        kept = [at for at, outcome in enumerate(prepared) if _failure(outcome, "preMap") is None]
        outputs = compiled.evaluate([prepared[at].data for at in kept])
        mapped = {at: one for at, one in zip(kept, outputs, strict=True) if not isinstance(one, MappingError)}
        story = HookStory(page[place], prepared[place].data, before=self._before())
        if self.hooks.post_map is None or place not in mapped:
            return story
        finished = self.finish([prepared[at].data for at in mapped], list(mapped.values()))
        final = finished[list(mapped).index(place)]
        failure = _failure(final, "postMap")
        if failure is not None:
            return failure
        return HookStory(story.came, story.prepared, mapped[place], final.data, story.before, self.label("postMap"))


def hooks_of(
    document: Mapping[str, Any],
    scripts: ScriptsLike | None = None,
    saved: SavedScripts | None = None,
    *,
    context: Mapping[str, Any] | None = None,
    api: ApiDoor | None = None,
    runner: ScriptRunner | None = None,
) -> HookRun:
    """Return the functions of the scripts that an import document names.

    Parameters
    ----------
    document : mapping
    scripts, saved
        Where their texts come from; see :func:`find_sources`.
    context : mapping, optional
        ``settings`` and what else templates see; scripts see it too, and that this is a test.
    api : callable, optional
        Answers ``integrator-api``.
    runner : ScriptRunner, optional
        What runs them; the one of the whole program by default.

    Raises
    ------
    DocumentError
        A reference that cannot be read, or a script that is not at hand.
    ConfigError
        `scripts` has an entry that the document does not refer to.
    ScriptError
        A script without any function.
    """
    context = context or surroundings("import", document, {})
    references, others = _needed(document)
    sources = find_sources(references, scripts, saved, others)
    log: list[LogLine] = []
    common = common_options("import", document, {**context, "testMode": True})
    wiring = Wiring(
        runner or shared_host(), lambda id: ScriptText(sources[id].text, sources[id].name), common, log, api
    )
    hooks = wiring.import_hooks(references)
    transform = None if hooks.transform else compile_transform(document.get("transform"))
    return HookRun(hooks, log, sources, transform, context)


def transform_run(document: Mapping[str, Any]) -> HookRun | None:
    """Return the transform of an import document that is none of a script, without any hook; None where it has none.

    Raises
    ------
    DocumentError
        It cannot be compiled.
    """
    doc = document.get("transform")
    if not doc or any(one.path == "transform.script" for one in script_references(document)):
        return None
    transform = compile_transform(doc)
    return HookRun(ImportHooks(), [], {}, transform, surroundings("import", document, {})) if transform.rules else None


def runs_before_mapping(document: Mapping[str, Any]) -> list[str]:
    """Name the places of a document at which scripts change what its mapping reads."""
    return [one.path for one in script_references(document) if one.path in ("transform.script", "hooks.preMap")]


def _needed(document: Mapping[str, Any]) -> tuple[list[ScriptReference], list[ScriptReference]]:
    """Return the references that stand before the submit, and the others."""
    references = script_references(document)
    return [one for one in references if one.path in _BEFORE_SUBMIT], [
        one for one in references if one.path not in _BEFORE_SUBMIT
    ]


def _failed_page(error: ScriptError, kind: str, count: int) -> list[RecordOutcome]:
    return [RecordOutcome("failed", None, (problem_of(error, SOURCES[kind]),))] * count


def _failure(outcome: RecordOutcome, kind: str) -> MappingError | None:
    if outcome.state in ("ok", "ok_with_errors"):
        return None
    if outcome.state == "ignored":
        ignored = Problem("ignored", f"{kind} ignores this record.", f"hooks.{kind}", SOURCES[kind])
        return MappingError(ignored.message, code=ignored.code, source=SOURCES[kind], problems=(ignored,))
    first = outcome.errors[0]
    message = "; ".join(problem.message for problem in outcome.errors)
    return MappingError(message, code=first.code, source=first.source or SOURCES[kind], problems=outcome.errors)


def _pages(count: int) -> Iterator[slice]:
    return (slice(start, start + PAGE) for start in range(0, count, PAGE))
