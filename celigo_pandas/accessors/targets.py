"""Which document goes through which connection: the one reading of ``export``, ``import_doc`` and ``con``.

What a pull, a dry run or a push needs of the account stands here too, so that those rooms know nothing of the room that
is made of them: a connection is a :class:`Target`, a client an :class:`Account`, a saved document a
:class:`SavedTarget`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias
from weakref import WeakValueDictionary

from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.client.api import ApiClient
from celigo_pandas.errors import ConfigError, DocumentError, shown

__all__ = [
    "Account",
    "ConnectionLike",
    "DocumentBuilder",
    "DocumentLike",
    "SavedTarget",
    "Target",
    "account_of",
    "forget_account",
    "note_account",
    "resolve_connection",
    "resolve_export",
    "resolve_import",
    "server_of",
]


class ConnectionsByName(Protocol):
    """The connections of an account."""

    def __getitem__(self, name_or_id: str) -> Target:
        """The one with that name or id."""


class ScriptByName(Protocol):
    """A script of an account."""

    @property
    def id(self) -> str:
        """The ``_id``."""

    @property
    def name(self) -> str:
        """The name, or the id where there is none."""

    @property
    def content(self) -> str:
        """Its JavaScript."""


class ScriptsByName(Protocol):
    """The scripts of an account."""

    def __getitem__(self, name_or_id: str) -> ScriptByName:
        """The one with that name or id."""


class Account(Protocol):
    """What is asked of a client; see :class:`~celigo_pandas.Client`."""

    api: ApiClient
    progress: ProgressSetting
    last_pull: Any
    last_push: Any
    completions: dict[str, tuple[float, list[str]]]

    @property
    def connections(self) -> ConnectionsByName:
        """Its connections."""

    @property
    def scripts(self) -> ScriptsByName:
        """Its scripts."""

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
    client: Account

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

ConnectionLike: TypeAlias = Target | str
"""What is taken for a connection: one of a client, or its name or id where it is plain whose it is."""

_open_accounts: WeakValueDictionary[int, Account] = WeakValueDictionary()


def note_account(account: Account) -> None:
    """Let an open client be asked for connections that are given by name."""
    _open_accounts[id(account)] = account


def forget_account(account: Account) -> None:
    """Ask a closed client no more."""
    _open_accounts.pop(id(account), None)


def resolve_connection(con: ConnectionLike, document: object = None, server: str | None = None) -> Target:
    """Return the connection that was given, or that a name or id means.

    Parameters
    ----------
    con : Connection or str
        A name or id is looked up (one request or more) at the client of a saved `document`; else at the one that is
        connected to `server`, where the frame came from; else at the only one that is open.
    document : object
    server : str, optional
        Base URL.

    Raises
    ------
    ConfigError
        It is neither, or there is no client, or more than one, that could be meant.
    NotFoundError
        The client has no such connection, or several.
    """
    if isinstance(con, Target):
        return con
    if not isinstance(con, str):
        raise ConfigError(
            f"con= is {shown(con)}; expected a connection.", hint="Take one with client.connections['name or id']."
        )
    if isinstance(document, SavedTarget):
        return document.client.connections[con]
    found = _accounts(server)
    if len(found) != 1:
        raise ConfigError(
            f"con={shown(con)} names a connection; expected one open client that could know it, found {len(found)}"
            + (f": {', '.join(sorted(account.host for account in found))}." if found else "."),
            hint=f"Say whose it is: con=client.connections[{shown(con)}]."
            if found
            else "Make one with client = celigo.connect() or celigo.local().",
        )
    return found[0].connections[con]


def account_of(document: object, con: Target | None = None, server: str | None = None) -> Account | None:
    """Return the client that knows what `document` refers to: its own, that of `con`, or the only one that is open."""
    if isinstance(document, SavedTarget):
        return document.client
    if con is not None:
        return con.client
    found = _accounts(server)
    return found[0] if len(found) == 1 else None


def _accounts(server: str | None) -> list[Account]:
    # Clients of one account are one, the newest: a cell that is run again makes another.
    accounts = {
        (account.base_url, id(account.api.bucket), account.read_only): account
        for account in list(_open_accounts.values())
    }
    return [account for account in accounts.values() if account.base_url == server] or list(accounts.values())


def resolve_export(export: DocumentLike, con: ConnectionLike | None) -> tuple[Target, dict[str, Any]]:
    """Return the connection and the document of an export.

    Parameters
    ----------
    export : mapping, saved export, or builder
        A mapping is returned member for member as it is; a saved export without its read-only members.
    con : Connection, name or id, optional
        A saved export brings its own. See :func:`resolve_connection` for a name.

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


def resolve_import(
    import_doc: DocumentLike, con: ConnectionLike | None, df: object = None
) -> tuple[Target | None, dict[str, Any]]:
    """Return the connection, or None, and the document of an import of a frame; see :func:`resolve_export`."""
    return _resolved(import_doc, con, "import", server_of(df))


def server_of(df: object) -> str | None:
    """Return the base URL that a frame was pulled from, where it is noted."""
    note = getattr(df, "attrs", {}).get("celigo")
    server = note.get("server") if isinstance(note, Mapping) else None
    return server if isinstance(server, str) else None


def _resolved(
    document: object, con: ConnectionLike | None, kind: str, server: str | None = None
) -> tuple[Target | None, dict[str, Any]]:
    if con is not None:
        con = resolve_connection(con, document, server)
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
