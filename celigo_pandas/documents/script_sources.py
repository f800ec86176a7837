"""Where the text of a script comes from: a text, a file, or a script that is saved in an account; and which of them a
document means.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from celigo_pandas.documents.document_files import read_text
from celigo_pandas.documents.script_references import ScriptReference
from celigo_pandas.errors import ConfigError, DocumentError, shown

__all__ = ["SavedScripts", "ScriptLike", "ScriptSource", "ScriptsLike", "find_sources", "read_source"]

_ENDINGS = (".js", ".mjs", ".cjs")


@dataclass(frozen=True, slots=True)
class ScriptSource:
    """The text of a script, and what errors and traces call it: the name of its file, or of the saved script."""

    name: str
    text: str
    id: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the text, 64 hexadecimal digits."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


@runtime_checkable
class SavedCode(Protocol):
    """A script of an account: :class:`~celigo_pandas.accessors.account.saved_script.SavedScript`."""

    @property
    def id(self) -> str:
        """The ``_id``."""

    @property
    def name(self) -> str:
        """The name, or the id where there is none."""

    @property
    def content(self) -> str:
        """Its JavaScript; asking for it may cost a request."""


@runtime_checkable
class HasSource(Protocol):
    """What was read before: :class:`~celigo_pandas.Script`."""

    @property
    def source(self) -> ScriptSource:
        """Text and name."""


ScriptLike: TypeAlias = str | os.PathLike[str] | SavedCode | HasSource
"""What is taken for a script: its text, the path of a ``.js`` file, a saved one, or a Script."""


class SavedScripts(Protocol):
    """The scripts of an account: ``client.scripts``."""

    def __getitem__(self, name_or_id: str) -> SavedCode:
        """The one with that id or name."""


ScriptsLike: TypeAlias = Mapping[str, ScriptLike] | SavedScripts
"""What is taken for the scripts of a document: by id or name, or those of an account."""


def read_source(script: ScriptLike, *, name: str = "script.js") -> ScriptSource:
    """Return the text of a script.

    Parameters
    ----------
    script : str, path, saved script or Script
        A text of one line that ends in ``.js`` is the path of a file; so is a ``pathlib.Path`` of any name.
    name : str
        What a bare text is called.

    Raises
    ------
    ConfigError
        It is none of these, or the file cannot be read.
    DocumentError
        There is no text in it.

    Examples
    --------
    >>> read_source("function filter(options) { return true }").name
    'script.js'
    """
    if isinstance(script, SavedCode):
        source = ScriptSource(script.name, script.content, script.id)
    elif isinstance(script, os.PathLike) or (isinstance(script, str) and _is_path(script)):
        source = ScriptSource(os.path.basename(os.fspath(script)), read_text(script))
    elif isinstance(script, str):
        source = ScriptSource(name, script)
    elif isinstance(script, HasSource):
        return script.source
    else:
        raise ConfigError(
            f"The script is {shown(script)}; expected JavaScript as text, the path of a .js file, or a saved script.",
            hint="For example celigo.Script('hooks/orders.js') or celigo.Script(client.scripts['Orders']).",
        )
    if not source.text.strip():
        raise DocumentError(f"The script {source.name!r} is empty; expected JavaScript with at least one function.")
    return source


def _is_path(text: str) -> bool:
    return "\n" not in text and text.strip().lower().endswith(_ENDINGS)


def find_sources(
    references: Sequence[ScriptReference],
    scripts: ScriptsLike | None,
    saved: SavedScripts | None,
    others: Sequence[ScriptReference] = (),
) -> dict[str, ScriptSource]:
    """Return the text of every script that a document refers to, by ``_scriptId``.

    Parameters
    ----------
    references : sequence of ScriptReference
    scripts : mapping, or client.scripts, optional
        Texts or files that stand in for saved scripts, by the id, or the name, of what they stand in for.
    saved : client.scripts, optional
        Where a script is read that `scripts` does not have by its id (one request), and where its name is known.
    others : sequence of ScriptReference
        What the document refers to besides: not needed, but `scripts` may have it.

    Raises
    ------
    DocumentError
        A script that is nowhere, or a hook on a stack.
    ConfigError
        `scripts` has an entry that nothing refers to.
    NotFoundError
        The account has no such script.
    """
    if isinstance(scripts, str) or not (scripts is None or hasattr(scripts, "__getitem__")):
        raise ConfigError(
            f"scripts= is {shown(scripts)}; expected scripts by _id or name, {{'_id': 'file.js'}}, or client.scripts."
        )
    if scripts is not None and not isinstance(scripts, Mapping):
        scripts, saved = None, scripts
    given: Mapping[str, ScriptLike] = scripts or {}
    found: dict[str, ScriptSource] = {}
    used: set[str] = set()
    for reference in references:
        if reference.script_id not in found:
            key, found[reference.script_id] = _source_of(reference, given, saved)
            used.add(key)
    for reference in others:
        if given.keys() - used and reference.script_id not in found:
            used.add(_key_of(reference, given, saved))
    unused = [key for key in given if key not in used]
    if unused:
        known = ", ".join(f"{one.path} {one.script_id}" for one in (*references, *others)) or "no script"
        raise ConfigError(
            f"scripts= has {', '.join(map(shown, unused))}, which the document does not refer to; it has {known}.",
            hint="Give each script by its _id." + ("" if saved else " Names are known where a client is."),
        )
    return found


def _key_of(reference: ScriptReference, given: Mapping[str, ScriptLike], saved: SavedScripts | None) -> str:
    if reference.script_id in given or saved is None or not reference.script_id:
        return reference.script_id
    return saved[reference.script_id].name


def _source_of(
    reference: ScriptReference, given: Mapping[str, ScriptLike], saved: SavedScripts | None
) -> tuple[str, ScriptSource]:
    """Return the entry of `given` that was used, or nothing, and the text."""
    id, path = reference.script_id, reference.path
    if reference.is_stack:
        raise DocumentError(
            f"{path} runs on a stack, a server of your own, which nothing here can call.",
            hint="Remove the hook from a copy of the document to see the rest, or run it on the platform.",
        )
    if not id:
        raise DocumentError(f"{path} names no script; expected _scriptId.")
    if id in given:
        return id, read_source(given[id], name=f"{id}.js")
    if saved is None:
        raise DocumentError(
            f"{path} runs the script {id}, which is not at hand.",
            hint=f"Give it: scripts={{{id!r}: 'file.js'}}, or scripts=client.scripts to read it from the account.",
        )
    script = saved[id]
    if script.name in given:
        return script.name, read_source(given[script.name], name=f"{script.name}.js")
    return "", read_source(script)
