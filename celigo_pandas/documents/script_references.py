"""Which scripts a document refers to, and where.

Source: the vendor's schemas of exports, imports and flows. A reference names a script and, where that has several, a
function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from celigo_pandas.errors import Problem, shown

__all__ = ["ScriptReference", "hook_problems", "script_references"]

_STEPS: Final = {
    "filter": "filter",
    "inputFilter": "filter",
    "transform": "transform",
    "responseTransform": "transform",
}


@dataclass(frozen=True, slots=True)
class ScriptReference:
    """One place of a document that runs a script.

    Attributes
    ----------
    path : str
        Dotted: ``hooks.preMap``, ``filter.script``.
    kind : str
        What is called there: ``preMap``, ``filter``, ``transform``, ….
    script_id : str
        Empty where none is named.
    function : str or None
        The function's name, where one is given.
    is_stack : bool
        Whether it runs on a server of the customer's own (a stack), which nobody else can.
    """

    path: str
    kind: str
    script_id: str
    function: str | None = None
    is_stack: bool = False


def script_references(doc: Mapping[str, Any]) -> list[ScriptReference]:
    """List the scripts that an export or import document refers to, in the document's order.

    Examples
    --------
    >>> [found.path for found in script_references({"hooks": {"preMap": {"_scriptId": "5f"}, "postMap": None}})]
    ['hooks.preMap']
    """
    return list(_references(doc))


def hook_problems(doc: Mapping[str, Any]) -> list[Problem]:
    """List the hooks of a document that cannot be read, and so would not run."""
    hooks = doc.get("hooks")
    if not isinstance(hooks, Mapping):
        found = f"hooks is {shown(hooks)}; expected an object."
        return [Problem("invalid_field", found, "hooks")] if hooks else []
    problems = []
    for name, hook in hooks.items():
        if hook and not isinstance(hook, Mapping):
            text = f"hooks.{name} is {shown(hook)}; expected an object with _scriptId and function."
            problems.append(Problem("invalid_field", text, f"hooks.{name}"))
        elif hook and not isinstance(hook.get("function"), (str, type(None))):
            text = f"hooks.{name}.function is {shown(hook['function'])}; expected the name of a function."
            problems.append(Problem("invalid_field", text, f"hooks.{name}.function"))
    return problems


def _references(doc: Mapping[str, Any]) -> Iterator[ScriptReference]:
    hooks = doc.get("hooks")
    for name, hook in hooks.items() if isinstance(hooks, Mapping) else ():
        if isinstance(hook, Mapping) and hook:
            yield _reference(f"hooks.{name}", str(name), hook)
    for name, kind in _STEPS.items():
        step = doc.get(name)
        if isinstance(step, Mapping) and step.get("type") == "script":
            script = step.get("script")
            yield _reference(f"{name}.script", kind, script if isinstance(script, Mapping) else {})


def _reference(path: str, kind: str, hook: Mapping[str, Any]) -> ScriptReference:
    script_id, function = hook.get("_scriptId"), hook.get("function")
    return ScriptReference(
        path,
        kind,
        script_id if isinstance(script_id, str) else "",
        function if isinstance(function, str) and function else None,
        not script_id and bool(hook.get("_stackId")),
    )
