"""Which document goes through which connection: the one reading of ``export``, ``import_doc`` and ``con``.

What a pull, a dry run or a push needs of the account stands here too, so that those rooms know nothing of the room that
is made of them: a connection is a :class:`Target`, a client an :class:`Account`, a saved document a
:class:`SavedTarget`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.client.api import ApiClient
from celigo_pandas.errors import ConfigError, DocumentError, shown

__all__ = ["Account", "DocumentBuilder", "DocumentLike", "SavedTarget", "Target", "resolve_export", "resolve_import"]


class Account(Protocol):
    """What is asked of a client; see :class:`~celigo_pandas.Client`."""

    api: ApiClient
    progress: ProgressSetting
    last_pull: Any
    last_push: Any
    completions: dict[str, tuple[float, list[str]]]

    @property
    def base_url(self) -> str:
        """Scheme, host and port."""

    @property
    def host(self) -> str:
        """Host, with its port where it is not the usual one."""

    @property
    def account(self) -> str | None:
        """Id of the token's user, as far as it is known."""

    @property
    def read_only(self) -> bool:
        """Whether everything that could write is refused."""

    @property
    def is_local_engine(self) -> bool:
        """Whether the server is the engine of this package."""

    def ask_account_once(self) -> None:
        """Learn the account if it is not known yet."""


class Target(ABC):
    """A connection that something is pulled or pushed through."""

    client: Account

    @property
    @abstractmethod
    def id(self) -> str:
        """The ``_id``."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The name, or the id where there is none."""

    @property
    @abstractmethod
    def type(self) -> str:
        """The kind of outer system."""

    @property
    @abstractmethod
    def sandbox(self) -> bool:
        """Whether it belongs to the sandbox."""


class SavedTarget(ABC):
    """A document of the account that brings its connection."""

    kind = ""

    @property
    @abstractmethod
    def connection(self) -> Target:
        """The connection it belongs to."""

    @abstractmethod
    def virtual(self) -> dict[str, Any]:
        """The document, ready for a virtual run."""


class DocumentBuilder(Protocol):
    """What :mod:`celigo_pandas.build` makes, and whatever else turns into a document."""

    def to_dict(self) -> Mapping[str, Any]:
        """The document as sent."""


DocumentLike: TypeAlias = Mapping[str, Any] | SavedTarget | DocumentBuilder
"""What is taken for an export or an import: a document as it is sent, a saved one, or a builder."""


def resolve_export(export: DocumentLike, con: Target | None) -> tuple[Target, dict[str, Any]]:
    """Return the connection and the document of an export.

    Parameters
    ----------
    export : mapping, saved export, or builder
        A mapping is returned member for member as it is; a saved export without its read-only members.
    con : Connection, optional
        A saved export brings its own.

    Raises
    ------
    DocumentError
        `export` is none of these.
    ConfigError
        There is no connection, or `con` is not one.
    """
    connection, doc = _resolved(export, con, "export")
    if connection is None:
        raise ConfigError(
            "No connection was given for this export; expected con=client.connections['…'].",
            hint="A saved export (client.exports['…']) brings its own.",
        )
    return connection, doc


def resolve_import(import_doc: DocumentLike, con: Target | None) -> tuple[Target | None, dict[str, Any]]:
    """Return the connection, or None, and the document of an import; see :func:`resolve_export`."""
    return _resolved(import_doc, con, "import")


def _resolved(document: Any, con: Any, kind: str) -> tuple[Target | None, dict[str, Any]]:
    if con is not None and not isinstance(con, Target):
        raise ConfigError(
            f"con= is {shown(con)}; expected a connection.", hint="Take one with client.connections['name or id']."
        )
    if isinstance(document, SavedTarget):
        if document.kind != kind:
            raise DocumentError(f"{document!r} was given; expected a saved {kind}.")
        return con or document.connection, document.virtual()
    if isinstance(document, Mapping):
        return con, dict(document)
    to_dict = getattr(document, "to_dict", None)
    if callable(to_dict) and not isinstance(document, type):
        made = to_dict()
        if isinstance(made, Mapping):
            return con, dict(made)
    raise DocumentError(
        f"The {kind} is {shown(document)}; expected a dict, a saved {kind} or a builder.",
        hint=f"For example celigo.build.sql_{kind}('…').",
    )
