"""Where the text of a script comes from: a text, a file, or a script that is saved in an account."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from celigo_pandas.errors import ConfigError, DocumentError, shown
from celigo_pandas.resources.document_files import read_text

__all__ = ["ScriptLike", "ScriptSource", "read_source"]

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
