"""A virtual import, in the vendor's order of work: transform, filter, one-to-many, preMap, map, postMap, submit,
transform the answers, postSubmit, postAggregate.

One result a record, in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from celigo_pandas.documents.canonical import canonical
from celigo_pandas.documents.map_answers import is_one_to_many, write_answer
from celigo_pandas.documents.members import LIST, OBJECT, OBJECTS, Shape, shape_problems
from celigo_pandas.documents.saved_documents import member_problems
from celigo_pandas.engine.adaptors.protocol import UNKNOWN, Adaptor, Call, Outgoing, SourceFailure
from celigo_pandas.engine.choices import Choices
from celigo_pandas.engine.refusals import invalid, refuse_any
from celigo_pandas.engine.runs.answer_hooks import (
    aggregated,
    answers_to_transform,
    response_transformed,
    submitted,
    with_answers,
)
from celigo_pandas.engine.runs.calls import Access, built_adaptor, failed_source, not_built
from celigo_pandas.engine.runs.script_runs import (
    RunHooks,
    ScriptRuns,
    check_references,
    import_hooks_of,
    refused_script,
)
from celigo_pandas.engine.safety.masking import Redactor
from celigo_pandas.errors import CeligoError, MappingError, MissingExtraError, Problem, ScriptError
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.compile.transforms import CompiledTransform, compile_transform
from celigo_pandas.mapping.pipeline import ImportStep, run_import_steps
from celigo_pandas.scripts import ImportHooks

__all__ = ["ImportRun", "check_import"]

_STEP = 500
"""Records between two looks at the clock."""

_OFFLINE = "The connection is offline. Correct it, then ping it."


def check_import(import_doc: object, data: object) -> tuple[dict[str, Any], list[Any]]:
    """Check what holds for every system and return the document, as the platform keeps it, and the records.

    Raises
    ------
    Refusal
        422: a member of another type, a step that only the platform can run.
    """
    if not isinstance(import_doc, dict):
        raise invalid("missing_required_field", "Expected field: import to be an object.", "import")
    if isinstance(data, dict):
        data = [data]  # one record, as some clients send it
    import_doc = canonical("imports", import_doc)
    if not isinstance(data, list):
        raise invalid("missing_required_field", "Expected field: data to be an array of records.", "data")
    bad = [position for position, record in enumerate(data) if not isinstance(record, (dict, list))]
    if bad:
        kind = type(data[bad[0]]).__name__
        raise invalid(
            "invalid_field", f"Record {bad[0]} is {kind}; expected an object or an array of rows.", f"data.{bad[0]}"
        )
    refuse_any(shape_problems(import_doc, _SHAPES), "import")
    if import_doc.get("mockResponse", ...) is None:
        raise invalid("invalid_field", "mockResponse needs objects: one answer a record.", "import.mockResponse")
    check_references("import", import_doc)
    refuse_any(member_problems("imports", import_doc), "import")
    return import_doc, data


_SHAPES: Mapping[str, Shape] = {
    "hooks": OBJECT, "filter": OBJECT, "mapping": OBJECT, "mappings": LIST, "lookups": LIST, "settings": OBJECT,
    "mockResponse": OBJECTS, "transform": OBJECT, "responseTransform": OBJECT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImportRun:
    """One import of some records through one connection, told what to do: submit, map, or show what it would make.

    Parameters
    ----------
    call : Call
        Made for this document.
    doc : dict
        An import document that :func:`check_import` passed.
    records : list
    access : SavedAccess or VirtualAccess
    choices : Choices
    scripts : ScriptRuns, optional
        Makes the functions that the document names.
    """

    call: Call
    doc: dict[str, Any]
    records: list[Any]
    access: Access
    choices: Choices
    scripts: ScriptRuns | None = None

    @property
    def redactor(self) -> Redactor:
        """What masks the connection's secrets by value."""
        return self.access.redactor()

    def map(self) -> list[Any]:
        """Return the answer of ``/import/map``: filter, one-to-many, mapping and its hooks, nothing submitted."""
        return self._mapped(wrapped=self.choices.map_answers_wrapped)

    def preview(self) -> dict[str, Any]:
        """Return the answer of ``/imports/preview``: as that of ``/import/map``, with what failed apart.

        Assumed: the shape; it is that of an export's preview.
        """
        answers = self._mapped(wrapped=True)
        mapped = [answer["data"] for answer in answers if "data" in answer]
        errors = [error for answer in answers for error in answer.get("errors", [])]
        shown = [answer.get("data", answer) for answer in answers]
        return {"data": shown, "stages": [{"name": "mapping", "errors": errors, "data": mapped}]}

    def submit(self) -> list[dict[str, Any]]:
        """Return the answer of ``/import``: one result element per record, in order.

        Raises
        ------
        Refusal
            422: the call as a whole cannot be made.
        """
        adaptor = built_adaptor(self.access.masked, "import")
        if adaptor is None and not isinstance(self.doc.get("mockResponse"), list):
            raise not_built(self.access.masked, "imports", "Give the import a mockResponse, or use /import/map.")
        if self.access.is_offline:
            return [_offline(_OFFLINE) for _ in self.records]
        hooked = self._hooked()
        try:
            return self._submit(adaptor, hooked.hooks)
        finally:
            hooked.keep_log()

    def _submit(self, adaptor: Adaptor | None, hooks: ImportHooks) -> list[dict[str, Any]]:
        transform = None if hooks.response_transform else _response_transform(self.doc, self.redactor)
        steps = self._steps(hooks)
        outgoing = [
            Outgoing(step.position, source, mapped)
            for step in steps
            if step.state == "mapped"
            for source, mapped in step.outputs
        ]
        results = self._submitted(adaptor, outgoing)
        if transform is not None:
            results = _transformed(results, transform, self.call)
        results = response_transformed(hooks, results)
        results = aggregated(hooks, submitted(hooks, outgoing, results))
        by_position: dict[int, list[dict[str, Any]]] = {}
        for one, result in zip(outgoing, results, strict=True):
            by_position.setdefault(one.position, []).append(result)
        return [_masked(_result(step, by_position.get(step.position, [])), self.redactor) for step in steps]

    def _mapped(self, *, wrapped: bool) -> list[Any]:
        hooked = self._hooked()
        # Assumed: what is only shown is a test for scripts.
        hooks = replace(hooked.hooks, common={**hooked.hooks.common, "testMode": True})
        if not self.choices.map_runs_hooks:
            hooks = replace(hooks, pre_map=None, post_map=None)
        try:
            steps = self._steps(hooks)
        finally:
            hooked.keep_log()
        redactor, is_many = self.redactor, is_one_to_many(self.doc)
        return [_mapped_answer(step, redactor, is_many=is_many, wrapped=wrapped) for step in steps]

    def _hooked(self) -> RunHooks[ImportHooks]:
        """Return the functions that the document names."""
        try:
            return import_hooks_of(self.scripts, self.call, self.doc, self.access)
        except ScriptError as error:
            raise refused_script(error, "import") from None

    def _steps(self, hooks: ImportHooks) -> Sequence[ImportStep]:
        call, steps = self.call, list[ImportStep]()
        # What a hook gets is the page as it came: all records of the call.
        at_once = _STEP if hooks.pre_map is None and hooks.post_map is None else len(self.records) or 1
        try:
            for start in range(0, len(self.records) or 1, at_once):
                # Nothing was submitted by now: a mapping that takes too long fails the call as a whole.
                call.look()
                some = self.records[start : start + at_once]
                for step in run_import_steps(
                    some, self.doc, context=call.context, resolve_lookup=self._look_up, now=call.now, hooks=hooks
                ):
                    step.position += start
                    steps.append(step)
            return steps
        except SourceFailure as failure:
            raise failed_source(failure, self.access, self.redactor, self.choices) from None
        except MissingExtraError:
            raise
        except CeligoError as error:
            raise invalid("invalid_document", self.redactor.text(str(error)), "import") from None

    def _look_up(self, lookup_doc: Mapping[str, Any], context: Mapping[str, Any]) -> object:
        adaptor = built_adaptor(self.access.masked, "lookup")
        if adaptor is None:
            raise not_built(self.access.masked, "dynamic lookups", "Give the lookup a static map.")
        if self.access.is_offline:
            raise MappingError(_OFFLINE, source="lookup", code="connection_offline")
        try:
            found = adaptor.lookup(self.call, lookup_doc, context)
        except SourceFailure as failure:
            # One record's failure; that the credentials were refused is every record's, and they are not sent again.
            if failure.offline:
                self.access.set_offline(True)
            raise MappingError(self.redactor.text(failure.message), source="lookup", code=failure.code) from None
        return UNDEFINED if found is None else found

    def _submitted(self, adaptor: Adaptor | None, outgoing: list[Outgoing]) -> list[dict[str, Any]]:
        if not outgoing:
            return []
        if adaptor is None:
            mock = self.doc["mockResponse"] or [{}]
            return [{"statusCode": 200, **mock[min(position, len(mock) - 1)]} for position in range(len(outgoing))]
        if self.access.is_offline:
            return [_offline(_OFFLINE) for _ in outgoing]
        try:
            results = adaptor.import_batch(self.call, self.doc, outgoing)
        except SourceFailure as failure:
            if not failure.offline:
                raise failed_source(failure, self.access, self.redactor, self.choices) from None
            self.access.set_offline(True)
            return [_offline(failure.message, failure.code) for _ in outgoing]
        if len(results) != len(outgoing):
            raise RuntimeError(f"the adaptor answered {len(results)} results for {len(outgoing)} records")
        if any(result.get("statusCode") == 403 for result in results):
            self.access.set_offline(True)
        return results


def _response_transform(import_doc: Mapping[str, Any], redactor: Redactor) -> CompiledTransform | None:
    """Compile what is done to the answers, before anything is sent that it could not be done to."""
    try:
        transform = compile_transform(import_doc.get("responseTransform"))
    except CeligoError as error:
        raise invalid("invalid_document", redactor.text(str(error)), "import.responseTransform") from None
    return transform if transform.rules else None


def _transformed(results: list[dict[str, Any]], transform: CompiledTransform, call: Call) -> list[dict[str, Any]]:
    """Transform the system's answer, ``_json``, of each record that was taken."""
    places = answers_to_transform(results)
    answers = transform.evaluate([results[place]["_json"] for place in places], context=call.context, now=call.now)
    return with_answers(results, places, answers)


def _result(step: ImportStep, results: list[dict[str, Any]]) -> dict[str, Any]:
    if step.state == "ignored" or (step.state == "mapped" and not results):
        return {"statusCode": 200, "ignored": True}
    if step.state == "failed":
        return {"statusCode": 422, "errors": [_wire_error(problem) for problem in step.errors]}
    beside = [_wire_error(problem) for problem in step.errors]
    if len(results) == 1:
        whole = results[0]
        return {**whole, "errors": [*(whole.get("errors") or []), *beside]} if beside else whole
    # Assumed: one element a record also after one-to-many; the worst status, all errors, the answers as a list.
    worst = max(results, key=lambda result: _WORSE.get(result.get("statusCode", 200), 1))
    joined: dict[str, Any] = {"statusCode": worst.get("statusCode", 200)}
    ids = [result["id"] for result in results if result.get("id") is not None]
    if ids:
        joined["id"] = ids[0]
    errors = [error for result in results for error in result.get("errors") or []] + beside
    stored = sum(result.get("statusCode", 200) == 200 and not result.get("ignored") for result in results)
    if stored and joined["statusCode"] != 200:
        # A record that is sent again is sent whole: where a part of it is stored, that would store it twice.
        joined["statusCode"] = UNKNOWN
        text = f"{stored} of {len(results)} parts of the record were stored; sent again, they would be stored twice."
        errors.append({"code": "partly_stored", "message": text, "source": "application"})
    if errors:
        joined["errors"] = errors
    if all(result.get("ignored") for result in results):
        joined["ignored"] = True
    joined["_json"] = [result.get("_json") for result in results]
    return joined


def _masked(result: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    return {**result, "errors": redactor.value(result["errors"])} if "errors" in result else result


_WORSE = {200: 0, 422: 2, 401: 3, 403: 3, UNKNOWN: 4}
"""Statuses by weight; what a repetition could double counts most."""


def _mapped_answer(step: ImportStep, redactor: Redactor, *, is_many: bool, wrapped: bool) -> object:
    if step.state == "ignored":
        # Assumed: what the filter drops is said as in the answer of /import; the array keeps its length.
        return {"statusCode": 200, "ignored": True}
    errors = [redactor.value(_wire_error(problem)) for problem in step.errors]
    if step.state == "failed":
        return {"statusCode": 422, "errors": errors}
    return write_answer([mapped for _, mapped in step.outputs], errors, is_many=is_many, wrapped=wrapped)


def _wire_error(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "message": problem.message, "source": problem.source or "mapping"}


def _offline(message: str, code: str = "connection_offline") -> dict[str, Any]:
    return {"statusCode": 403, "errors": [{"code": code, "message": message, "source": "connection"}]}
