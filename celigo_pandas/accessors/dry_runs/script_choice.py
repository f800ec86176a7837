"""Which scripts a dry run or a push means: those that are run here, and those that the server has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.accessors.api_door import door_of
from celigo_pandas.accessors.targets import Account
from celigo_pandas.documents.script_references import hook_problems, script_references
from celigo_pandas.documents.script_sources import ScriptsLike, find_sources
from celigo_pandas.errors import ConfigError, DocumentError, Problem, shown
from celigo_pandas.experiments.hook_runs import HookRun, hooks_of
from celigo_pandas.handlebars.contexts import surroundings

__all__ = ["local_hooks", "require_same"]

_HOOKS = ("preMap", "postMap", "postSubmit", "postAggregate")


def local_hooks(
    document: Mapping[str, Any],
    scripts: ScriptsLike | None,
    account: Account | None,
    allow_api: Account | None = None,
) -> HookRun | None:
    """Return the functions of the scripts that a document names, ready to be run here; None where it names none.

    Raises
    ------
    DocumentError
        A hook that is none of an import, or that cannot be read: it would not run, without a word.
    """
    api = door_of(allow_api)
    problems = hook_problems(document) or _foreign_hooks(document)
    if problems:
        raise DocumentError(problems[0].message, problems=problems)
    if not script_references(document) and not scripts:
        return None
    saved = None if account is None else account.scripts
    return hooks_of(document, scripts, saved, context=surroundings("import", document, {}), api=api)


def _foreign_hooks(document: Mapping[str, Any]) -> list[Problem]:
    known = ", ".join(_HOOKS)
    return [
        Problem("invalid_field", f"{one.path} is no hook of an import; it has {known}.", one.path)
        for one in script_references(document)
        if one.path.startswith("hooks.") and one.kind not in _HOOKS
    ]


def require_same(document: Mapping[str, Any], scripts: ScriptsLike | None, account: Account) -> None:
    """Refuse scripts that are not, character for character, those that the server would run.

    Raises
    ------
    ConfigError
        One differs.
    """
    if not isinstance(scripts, Mapping):
        return
    references = script_references(document)
    for id, source in find_sources(references, scripts, account.scripts).items():
        saved = account.scripts[id]
        if saved.content != source.text:
            raise ConfigError(
                f"The server would run its own script {shown(saved.name)} ({id}), which differs from {source.name}.",
                hint=f"Save it first, client.scripts[{id!r}].update(content=…), or leave scripts= out.",
            )
