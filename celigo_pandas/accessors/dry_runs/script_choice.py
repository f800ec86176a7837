"""Which scripts a dry run or a push means: those that are run here, and those that the server has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.accessors.api_door import door_of
from celigo_pandas.accessors.targets import Account
from celigo_pandas.documents.script_references import script_references
from celigo_pandas.documents.script_sources import ScriptsLike, find_sources
from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.experiments.hook_runs import HookRun, hooks_of
from celigo_pandas.handlebars.contexts import surroundings

__all__ = ["local_hooks", "require_same"]


def local_hooks(
    document: Mapping[str, Any],
    scripts: ScriptsLike | None,
    account: Account | None,
    allow_api: Account | None = None,
) -> HookRun | None:
    """Return the functions of the scripts that a document names, ready to be run here; None where it names none."""
    api = door_of(allow_api)
    if not script_references(document) and not scripts:
        return None
    saved = None if account is None else account.scripts
    return hooks_of(document, scripts, saved, context=surroundings("import", document, {}), api=api)


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
