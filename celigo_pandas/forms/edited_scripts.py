"""The scripts of a MappingEditor: their text as edited, what is wrong with it, what a run of one showed. No toolkit.

The live preview runs them at every edit, so it is less patient than a dry run, and after a script that did not end it
does not call that one again until its text, or the document, is another.
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from celigo_pandas.accessors.scripts.function_calls import FunctionCall, run_pages
from celigo_pandas.documents.script_references import ScriptReference, script_references
from celigo_pandas.documents.script_sources import SavedScripts, ScriptsLike, ScriptSource, find_sources
from celigo_pandas.errors import CeligoError, ConfigError, DocumentError, MissingExtraError, ScriptError
from celigo_pandas.experiments.hook_runs import PAGE, HookRun, hooks_of
from celigo_pandas.mapping import run_import_steps
from celigo_pandas.scripts import (
    ApiDoor,
    Function,
    Limits,
    LogLine,
    Returned,
    ScriptHost,
    ScriptProblem,
    ScriptText,
    shared_host,
)
from celigo_pandas.scripts.script_calls import Kind
from celigo_pandas.scripts.worker_process import require_v8

__all__ = ["EditedScripts", "RunRow", "RunShown", "read_scripts", "without_script_steps"]

_PATIENCE_S: Final = 5.0
_ENDED: Final = frozenset({"timeout", "out_of_memory", "crashed"})
_SHOWN: Final = frozenset({"transform.script", "filter.script", "hooks.preMap", "hooks.postMap"})

Marks = list[tuple[int, str]]


@dataclass(frozen=True)
class RunRow:
    """One record of a run: its place in the frame, its state, what it was and is, what was said."""

    position: int
    state: str
    before: Any
    after: Any
    message: str = ""


@dataclass(frozen=True)
class RunShown:
    """What *Run on the rows in view* showed: of which place, the records, the log, lines with errors."""

    path: str
    rows: tuple[RunRow, ...]
    log: tuple[LogLine, ...]
    marks: Marks


class EditedScripts:
    """The texts of the scripts that an import document names.

    Parameters
    ----------
    sources : mapping
        By ``_scriptId``; those that were found.
    missing : sequence of str
        What is said of those that were not.

    Attributes
    ----------
    place : str
        Which reference of the document is shown: its path.
    shown : RunShown or None
        The last run.
    trouble : str
        Why the preview is made without scripts; empty where it is made with them.
    """

    def __init__(self, sources: Mapping[str, ScriptSource], missing: Sequence[str] = ()) -> None:
        self._sources = dict(sources)
        self._texts = {id: source.text for id, source in sources.items()}
        self._checked: dict[str, tuple[str, list[ScriptProblem]]] = {}
        self._runner = _Impatient()
        self.missing = tuple(missing)
        self.place = ""
        self.shown: RunShown | None = None
        self.trouble = ""

    @property
    def texts(self) -> dict[str, str]:
        """The texts as edited, by ``_scriptId``."""
        return dict(self._texts)

    @property
    def edited(self) -> dict[str, str]:
        """The texts that differ from what was read, by ``_scriptId``."""
        return {id: text for id, text in self._texts.items() if text != self._sources[id].text}

    def places(self, doc: Mapping[str, Any]) -> list[ScriptReference]:
        """List the places of a document that run scripts before its submit."""
        return [one for one in script_references(doc) if one.path in _SHOWN and one.script_id in self._texts]

    def chosen(self, doc: Mapping[str, Any]) -> ScriptReference | None:
        """Return the place that is shown."""
        places = self.places(doc)
        return next((one for one in places if one.path == self.place), places[0] if places else None)

    def name(self, id: str) -> str:
        """Return what a script is called."""
        return self._sources[id].name

    def set_text(self, id: str, text: str) -> None:
        """Replace the text of a script."""
        if id not in self._texts:
            raise ConfigError(f"There is no script {id!r} here.")
        self._texts[id] = text
        self._forget()

    def revert(self, id: str) -> None:
        """Take the text back that was read."""
        self._texts[id] = self._sources[id].text
        self._forget()

    def _forget(self) -> None:
        self.shown = None
        self._runner.forget()

    def problems(self, id: str) -> list[ScriptProblem]:
        """Return what is wrong with a text, without running it."""
        text = self._texts[id]
        known = self._checked.get(id)
        if known is None or known[0] != text:
            try:
                known = (text, self._runner.check(ScriptText(text, self.name(id))))
            except CeligoError as error:
                known = (text, [ScriptProblem("not_checked", error.message)])
            self._checked[id] = known
        return known[1]

    def marks(self, id: str) -> Marks:
        """Return the lines of a text that something is wrong with, from its check and from the last run."""
        found = [(one.line, one.message) for one in self.problems(id) if one.line]
        return found + (self.shown.marks if self.shown is not None else [])

    def hooks(self, doc: Mapping[str, Any]) -> HookRun | None:
        """Return the scripts around the mapping; None where there are none, or `trouble` says why not."""
        self.trouble = ""
        if not any(one.path in _SHOWN for one in script_references(doc)):
            return None
        given = {id: ScriptSource(self.name(id), text, id) for id, text in self._texts.items()}
        try:
            require_v8()
            return hooks_of(doc, _Given(given), runner=self._runner)
        except (DocumentError, ScriptError, MissingExtraError) as error:
            self.trouble = str(error)
        return None

    def run(self, reference: ScriptReference, records: Sequence[Any], positions: Sequence[int], doc: Any) -> RunShown:
        """Run the function of one place on some records, and return what to show.

        Raises
        ------
        ScriptError
            The script cannot be run at all.
        MissingExtraError
            The extra ``scripts`` is not installed.
        """
        self._runner.forget()
        id = reference.script_id
        kind = reference.path.removeprefix("hooks.").removesuffix(".script")
        given, at = list(records), list(positions)
        before = given
        if kind == "postMap":
            before, given, at = self._mapped(records, positions, doc)
        settings = {"import": doc.get("settings") or {}, "connection": {}}
        log: list[LogLine] = []
        made = Function(shared_host(), ScriptText(self._texts[id], self.name(id)), reference.function, None, log)
        call = FunctionCall(made, kind, {"settings": settings, "testMode": True}, before)
        rows = []
        marks: Marks = []
        for position, old, run in zip(at, given, run_pages(call, given, PAGE), strict=True):
            message = "; ".join(one.message for one in run.errors)
            rows.append(RunRow(position, run.state, old, run.data, message))
            marks += [(run.line, message)] if run.line else []
        return RunShown(reference.path, tuple(rows), tuple(log), list(dict.fromkeys(marks)))

    def _mapped(
        self, records: Sequence[Any], positions: Sequence[int], doc: Mapping[str, Any]
    ) -> tuple[list[Any], list[Any], list[int]]:
        """Return records before and after the mapping, without the hook behind it, and where they stand."""
        hooks = {name: hook for name, hook in (doc.get("hooks") or {}).items() if name != "postMap"}
        bare = {**doc, "hooks": hooks}
        run = self.hooks(bare)
        steps = run_import_steps(records, bare, hooks=None if run is None else run.hooks)
        pairs = [(source, output, step.position) for step in steps for source, output in step.outputs]
        return [one[0] for one in pairs], [one[1] for one in pairs], [positions[one[2]] for one in pairs]


def read_scripts(doc: Mapping[str, Any], scripts: ScriptsLike | None, saved: SavedScripts | None) -> EditedScripts:
    """Read the scripts that a document names; what cannot be read is said in the form, and keeps nothing from opening.

    Raises
    ------
    ConfigError
        `scripts` has an entry that the document does not refer to, or a file that cannot be read.
    """
    references = script_references(doc)
    needed = [one for one in references if one.path in _SHOWN]
    others = [one for one in references if one.path not in _SHOWN]
    try:
        return EditedScripts(find_sources(needed, scripts, saved, others))
    except ConfigError:
        raise
    except CeligoError as error:
        missing = str(error)
    found: dict[str, ScriptSource] = {}
    for one in needed:
        with suppress(CeligoError):
            found |= find_sources([one], scripts, saved, [other for other in references if other is not one])
    return EditedScripts(found, [missing])


def without_script_steps(doc: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document without the filters and transforms that are scripts: what can be read without them."""
    return {
        name: value for name, value in doc.items() if not (isinstance(value, Mapping) and value.get("type") == "script")
    }


class _Given:
    """Texts asked as the scripts of an account."""

    def __init__(self, sources: Mapping[str, ScriptSource]) -> None:
        self._sources = sources

    def __getitem__(self, id: str) -> _Text:
        found = self._sources.get(id)
        if found is None:
            raise DocumentError(f"The script {id} is not at hand; give it as scripts={{{id!r}: 'file.js'}}.")
        return _Text(id, found.name, found.text)


@dataclass(frozen=True)
class _Text:
    id: str
    name: str
    content: str


@cache
def _preview_host() -> ScriptHost:
    """Return the one host of all editors."""
    host = ScriptHost(Limits(seconds=_PATIENCE_S), workers=1)
    atexit.register(host.close)
    return host


class _Impatient:
    """Runs functions for a preview; what did not end once is not called again."""

    def __init__(self) -> None:
        self._host = _preview_host()
        self._ended: dict[tuple[str, str], ScriptError] = {}

    def forget(self) -> None:
        """Call everything again."""
        self._ended.clear()

    def run_page(self, script: ScriptText, function: str, options: Any, *, api: ApiDoor | None = None) -> Returned:
        """Call a function once."""
        return self._once(script, function, lambda: self._host.run_page(script, function, options, api=api))

    def run_each(
        self, script: ScriptText, function: str, records: Any, common: Mapping[str, Any], *, kind: Kind = "value",
        api: ApiDoor | None = None,
    ) -> Returned:  # fmt: skip
        """Call a function for each record."""
        return self._once(
            script, function, lambda: self._host.run_each(script, function, records, common, kind=kind, api=api)
        )

    def check(self, script: ScriptText) -> list[ScriptProblem]:
        """Find what is wrong with a text without running it."""
        return self._host.check(script)

    def _once(self, script: ScriptText, function: str, work: Any) -> Returned:
        key = (script.text, function)
        if key in self._ended:
            raise self._ended[key]
        try:
            returned: Returned = work()
        except ScriptError as error:
            if error.code in _ENDED:
                self._ended[key] = error
            raise
        return returned
