"""Functions of scripts in the engine's runs: found in the store, given what is masked, their log kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from celigo_pandas.documents.script_references import ScriptReference, hook_problems, script_references
from celigo_pandas.engine.adaptors.protocol import Call
from celigo_pandas.engine.refusals import Refusal, invalid, refuse_any
from celigo_pandas.engine.runs.calls import Access
from celigo_pandas.engine.safety.masking import Redactor
from celigo_pandas.engine.storage.access import SavedAccess
from celigo_pandas.engine.storage.document_service import DocumentService
from celigo_pandas.engine.storage.script_log import ScriptLog
from celigo_pandas.errors import ScriptError
from celigo_pandas.scripts import (
    ApiDoor,
    ExportHooks,
    ImportHooks,
    LogLine,
    Returned,
    ScriptHost,
    ScriptProblem,
    ScriptText,
    Wiring,
    common_options,
)
from celigo_pandas.scripts.json_values import JsonText, dump
from celigo_pandas.scripts.script_calls import Kind, refused
from celigo_pandas.scripts.worker_process import require_v8

__all__ = ["RunHooks", "ScriptRuns", "check_references", "hooks_of", "import_hooks_of", "refused_script"]

T = TypeVar("T", ImportHooks, ExportHooks)

_PLACES: Mapping[str, frozenset[str]] = {
    "export": frozenset(["transform", "filter", "hooks.preSavePage"]),
    "import": frozenset(
        "transform filter responseTransform hooks.preMap hooks.postMap hooks.postSubmit hooks.postAggregate".split()
    ),
}


def check_references(kind: str, doc: Mapping[str, Any]) -> None:
    """Refuse scripts at places where none can be run here; `kind` is ``export`` or ``import``."""
    refuse_any(hook_problems(doc), kind)
    for one in script_references(doc):
        place = one.path.removesuffix(".script")
        if one.is_stack:
            text = f"{place} runs code of a stack, which only the platform can. Remove it, or run this {kind} there."
            raise invalid("script_not_supported", text, f"{kind}.{place}")
        if place not in _PLACES[kind]:
            text = f"{place} runs a script, which only the platform can. Remove it, or run this {kind} there."
            raise invalid("script_not_supported", text, f"{kind}.{place}")
        if not one.script_id:
            text = f"Expected field: {place} to name its script by _scriptId."
            raise invalid("missing_required_field", text, f"{kind}.{place}")
        if place == "hooks.postAggregate" and not isinstance(doc.get("file"), Mapping):
            text = "hooks.postAggregate runs after a file was written; this import writes none. Remove it."
            raise invalid("invalid_field", text, f"{kind}.{place}")


def refused_script(error: ScriptError, kind: str) -> Refusal:
    """Return what a run is answered with whose scripts cannot be made ready."""
    return invalid(error.code, error.message, f"{kind}.{error.place}" if error.place else kind)


@dataclass(slots=True)
class RunHooks(Generic[T]):
    """The functions of one run, and the log that they write."""

    hooks: T
    references: Sequence[ScriptReference]
    log: list[LogLine]
    documents: Mapping[str, Mapping[str, Any]]
    script_log: ScriptLog | None
    resource_id: str

    def keep_log(self) -> None:
        """Store what was logged by now, for scripts that are being debugged."""
        for one in self.references:
            place = one.path.removesuffix(".script")
            lines = [(line.level, line.message) for line in self.log if line.place == place]
            if lines and self.script_log is not None:
                script = self.documents[one.script_id]
                self.script_log.write(script, lines, function=one.kind, resource_id=self.resource_id)
        self.log.clear()


class ScriptRuns:
    """Makes the functions that documents name.

    Parameters
    ----------
    documents : DocumentService
        Where scripts are.
    script_log : ScriptLog
    host : ScriptHost
        One for the whole engine.
    """

    def __init__(self, documents: DocumentService, script_log: ScriptLog, host: ScriptHost) -> None:
        self._documents = documents
        self._script_log = script_log
        self._host = host
        self.door: ApiDoor | None = None
        """Answers ``integrator-api``; set once the engine can be asked."""

    def of_import(self, call: Call, doc: Mapping[str, Any], access: Access) -> RunHooks[ImportHooks]:
        """Return the functions of an import; :class:`ScriptError` for a script or function that there is not."""
        wiring, made = self._wiring(call, doc, access, "import")
        references = script_references(doc)
        return self._run(wiring.import_hooks(references), references, wiring, made, doc)

    def of_export(self, call: Call, doc: Mapping[str, Any], access: Access) -> RunHooks[ExportHooks]:
        """Return the functions of an export; :class:`ScriptError` for a script or function that there is not."""
        wiring, made = self._wiring(call, doc, access, "export")
        references = script_references(doc)
        return self._run(wiring.export_hooks(references), references, wiring, made, doc)

    def close(self) -> None:
        """End the processes."""
        self._host.close()

    def _run(
        self,
        hooks: T,
        references: Sequence[ScriptReference],
        wiring: Wiring,
        found: Mapping[str, Mapping[str, Any]],
        doc: Mapping[str, Any],
    ) -> RunHooks[T]:
        id = doc.get("_id")
        return RunHooks(hooks, references, wiring.log, found, self._script_log, id if isinstance(id, str) else "")

    def _wiring(
        self, call: Call, doc: Mapping[str, Any], access: Access, kind: str
    ) -> tuple[Wiring, dict[str, Mapping[str, Any]]]:
        found: dict[str, Mapping[str, Any]] = {}

        def find(script_id: str) -> ScriptText:
            row = self._documents.store.get("scripts", script_id)
            if row is None:
                text = f"There is no script with the id {script_id[:60]!r}."
                raise ScriptError(text, code="invalid_ref", script=script_id)
            found[script_id] = row.doc
            script = ScriptText(str(row.doc.get("content") or ""), str(row.doc.get("name") or script_id))
            if not script.text.strip():
                raise refused("no_functions", "the script is empty", script, None)
            return script

        require_v8()
        whole = {**doc, "_connectionId": access.id} if isinstance(access, SavedAccess) else doc
        runner = _Masking(self._host, access.redactor())
        return Wiring(runner, find, common_options(kind, whole, call.context), api=self.door), found


def hooks_of(scripts: ScriptRuns | None, call: Call, doc: Mapping[str, Any], access: Access) -> RunHooks[ExportHooks]:
    """Return the functions of an export; none where it names none."""
    if scripts is None or not script_references(doc):
        return RunHooks(ExportHooks(), (), [], {}, None, "")
    return scripts.of_export(call, doc, access)


def import_hooks_of(
    scripts: ScriptRuns | None, call: Call, doc: Mapping[str, Any], access: Access
) -> RunHooks[ImportHooks]:
    """Return the functions of an import; none where it names none."""
    if scripts is None or not script_references(doc):
        return RunHooks(ImportHooks(), (), [], {}, None, "")
    return scripts.of_import(call, doc, access)


class _Masking:
    """Runs functions that are given no secret of the connection, wherever a service may have echoed it."""

    def __init__(self, host: ScriptHost, redactor: Redactor) -> None:
        self._host = host
        self._redactor = redactor

    def run_page(
        self, script: ScriptText, function: str, options: Mapping[str, Any] | JsonText, *, api: ApiDoor | None = None
    ) -> Returned:
        """Call a function once."""
        return self._host.run_page(script, function, self._masked(options, script, function), api=api)

    def run_each(
        self,
        script: ScriptText,
        function: str,
        records: Sequence[Any] | JsonText,
        common: Mapping[str, Any],
        *,
        kind: Kind = "value",
        api: ApiDoor | None = None,
    ) -> Returned:
        """Call a function for each record."""
        masked = self._masked(records, script, function)
        beside = self._redactor.value(common)
        return self._host.run_each(script, function, masked, beside, kind=kind, api=api)

    def check(self, script: ScriptText) -> list[ScriptProblem]:
        """Find what is wrong with a text without running it."""
        return self._host.check(script)

    def _masked(self, value: object, script: ScriptText, function: str) -> JsonText:
        try:
            return JsonText(self._redactor.json(dump(value)))
        except ValueError as error:
            raise refused("not_json", f"the options cannot be written as JSON: {error}", script, function) from None
