"""Where documents name scripts: ``{"_scriptId": …, "function": …}`` in hooks, filters and transforms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from celigo_pandas.errors import DocumentError, Problem, shown
from celigo_pandas.scripts.calls import ApiDoor, Function, LogLine, ScriptRunner, ScriptText

__all__ = ["FindScript", "Reference", "Wiring", "script_references"]

FindScript = Callable[[str], ScriptText]
"""Finds a script by its ``_scriptId``; raises ScriptError where there is none."""

_HOOKS: Final = {
    "exports": ("preSavePage",),
    "imports": ("preMap", "postMap", "postSubmit", "postAggregate"),
}
_STEPS: Final = {
    "exports": {"transform": "transform", "filter": "outputFilter", "inputFilter": "inputFilter"},
    "imports": {"transform": "transform", "filter": "filter", "responseTransform": "responseTransform"},
}


@dataclass(frozen=True, slots=True)
class Reference:
    """One place of a document that names a script.

    Attributes
    ----------
    path : str
        ``hooks.preMap``, ``filter`` and the like.
    kind : str
        A key of :data:`celigo_pandas.scripts.outcomes.SOURCES`.
    script_id : str
    function : str
        Empty: the script's first.
    """

    path: str
    kind: str
    script_id: str
    function: str = ""


def script_references(resource: str, doc: Mapping[str, Any]) -> list[Reference]:
    """List the scripts that an export or import names.

    Parameters
    ----------
    resource : str
        ``exports`` or ``imports``.
    doc : mapping

    Returns
    -------
    list of Reference
        In the order of work.

    Raises
    ------
    DocumentError
        A reference that cannot be read.
    """
    found = []
    for name, kind in _STEPS[resource].items():
        step = doc.get(name)
        if isinstance(step, Mapping) and step.get("type") == "script":
            script = step.get("script")
            found.append(_reference(script if isinstance(script, Mapping) else step, name, kind))
    hooks = doc.get("hooks")
    for name in _HOOKS[resource]:
        hook = hooks.get(name) if isinstance(hooks, Mapping) else None
        if hook:
            found.append(_reference(hook, f"hooks.{name}", name))
    return found


def _reference(script: Any, path: str, kind: str) -> Reference:
    script_id = script.get("_scriptId") if isinstance(script, Mapping) else None
    function = script.get("function") if isinstance(script, Mapping) else None
    if not isinstance(script_id, str) or not script_id:
        if isinstance(script, Mapping) and script.get("_stackId"):
            text = f"{path} runs code of a stack, which only the platform can; a script can be run here."
            raise DocumentError(text, problems=[Problem("stack_not_supported", text, path)])
        text = f"{path} names no script: got {shown(script)}; expected an object with _scriptId."
        raise DocumentError(text, problems=[Problem("missing_required_field", text, path)])
    if function is not None and not isinstance(function, str):
        text = f"{path}.function is {shown(function)}; expected the name of a function."
        raise DocumentError(text, problems=[Problem("invalid_field", text, f"{path}.function")])
    return Reference(path, kind, script_id, function or "")


@dataclass(slots=True)
class Wiring:
    """All that it takes to make the functions of a document: the runner, where scripts are, the door, the log.

    Parameters
    ----------
    runner : ScriptRunner
    find : callable
        Finds a script by its ``_scriptId``.
    common : mapping
        What every function gets: ids, ``settings``, ``testMode``, ``job``.
    log : list of LogLine
        Shared by all of them.
    api : callable, optional
        Answers ``integrator-api``.
    """

    runner: ScriptRunner
    find: FindScript
    common: Mapping[str, Any]
    log: list[LogLine]
    api: ApiDoor | None = None

    def functions(self, resource: str, doc: Mapping[str, Any]) -> dict[str, Function]:
        """Return the functions that a document names, by kind.

        Raises
        ------
        DocumentError
            A reference that cannot be read.
        ScriptError
            There is no such script, or no function in it.
        """
        return {
            one.kind: Function(self.runner, self.find(one.script_id), one.function, self.api, self.log)
            for one in script_references(resource, doc)
        }
