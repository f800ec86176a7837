"""The functions of one document, made ready: which script stands at which place, and what all of them get."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from celigo_pandas.errors import ScriptError
from celigo_pandas.scripts.script_calls import ApiDoor, Function, LogLine, ScriptRunner, ScriptText

__all__ = ["ExportHooks", "FindScript", "ImportHooks", "NamedScript", "Wiring", "common_options"]

FindScript = Callable[[str], ScriptText]
"""Finds a script by its ``_scriptId``; raises ScriptError where there is none."""


class NamedScript(Protocol):
    """A place of a document that names a script, such as ``hooks.preMap`` or ``filter.script``."""

    @property
    def path(self) -> str:
        """Where it stands."""

    @property
    def script_id(self) -> str:
        """The script."""

    @property
    def function(self) -> str | None:
        """The function; without one the script's first."""


@dataclass(frozen=True, slots=True)
class ImportHooks:
    """The functions of an import, in the order of work, and what each gets beside its own."""

    common: Mapping[str, Any] = field(default_factory=dict)
    transform: Function | None = None
    filter: Function | None = None
    pre_map: Function | None = None
    post_map: Function | None = None
    response_transform: Function | None = None
    post_submit: Function | None = None
    post_aggregate: Function | None = None


@dataclass(frozen=True, slots=True)
class ExportHooks:
    """The functions of an export, in the order of work, and what each gets beside its own."""

    common: Mapping[str, Any] = field(default_factory=dict)
    transform: Function | None = None
    filter: Function | None = None
    pre_save_page: Function | None = None


@dataclass(slots=True)
class Wiring:
    """All that it takes to make the functions of a document.

    Parameters
    ----------
    runner : ScriptRunner
    find : callable
        Finds a script by its ``_scriptId``.
    common : mapping
        What every function gets; see :func:`common_options`.
    log : list of LogLine
        What all of them write to.
    api : callable, optional
        Answers ``integrator-api``.
    """

    runner: ScriptRunner
    find: FindScript
    common: Mapping[str, Any] = field(default_factory=dict)
    log: list[LogLine] = field(default_factory=list)
    api: ApiDoor | None = None

    def import_hooks(self, references: Iterable[NamedScript]) -> ImportHooks:
        """Return the functions of an import; :class:`ScriptError` for a script or function that there is not."""
        at = self._functions(references)
        return ImportHooks(
            self.common,
            at.get("transform"),
            at.get("filter"),
            at.get("hooks.preMap"),
            at.get("hooks.postMap"),
            at.get("responseTransform"),
            at.get("hooks.postSubmit"),
            at.get("hooks.postAggregate"),
        )

    def export_hooks(self, references: Iterable[NamedScript]) -> ExportHooks:
        """Return the functions of an export; :class:`ScriptError` for a script or function that there is not."""
        at = self._functions(references)
        return ExportHooks(self.common, at.get("transform"), at.get("filter"), at.get("hooks.preSavePage"))

    def _functions(self, references: Iterable[NamedScript]) -> dict[str, Function]:
        found = {}
        for one in references:
            place = one.path.removesuffix(".script")
            try:
                script = self.find(one.script_id)
                found[place] = Function(self.runner, script, one.function, self.api, self.log, place)
            except ScriptError as error:
                error.place = place
                raise
        return found


def common_options(kind: str, doc: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every function of a document gets.

    Parameters
    ----------
    kind : str
        ``export`` or ``import``.
    doc : mapping
        A document that is not saved has no id, and then there is none here.
    context : mapping
        ``settings``, ``testMode``, ``job`` and, of exports, ``lastExportDateTime`` and ``currentExportDateTime``, as
        templates see them.

    Examples
    --------
    >>> common_options("import", {"_id": "5f", "_connectionId": "6a"}, {"settings": {"import": {"a": 1}}})
    {'_importId': '5f', '_connectionId': '6a', 'settings': {'import': {'a': 1}}, 'testMode': False}
    """
    ids = {f"_{kind}Id": doc.get("_id"), "_connectionId": doc.get("_connectionId")}
    ids["_integrationId"] = doc.get("_integrationId")
    found: dict[str, Any] = {name: value for name, value in ids.items() if isinstance(value, str)}
    found |= {"settings": context.get("settings") or {}, "testMode": bool(context.get("testMode"))}
    for name in ("job", "lastExportDateTime", "currentExportDateTime"):
        if context.get(name):
            found[name] = context[name]
    return found
