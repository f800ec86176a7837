"""Collections of an account: connections, saved exports, saved imports, scripts; looked up by name or id."""

from __future__ import annotations

import difflib
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import pandas as pd

from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.accessors.account.pings import PingResult
from celigo_pandas.accessors.account.saved import SavedExport, SavedImport
from celigo_pandas.accessors.account.saved_script import SavedScript
from celigo_pandas.accessors.targets import Account
from celigo_pandas.client.json_bodies import seal_connection
from celigo_pandas.documents.patching import check_document, masked_paths, refuse_masks, writable
from celigo_pandas.documents.script_sources import ScriptLike, read_source
from celigo_pandas.errors import ConfigError, NotFoundError, Problem, shown
from celigo_pandas.markup import Markup, table, tag

__all__ = ["Connections", "SavedExports", "SavedImports", "Scripts"]

T = TypeVar("T", Connection, SavedExport, SavedImport, SavedScript)

_OBJECT_ID = re.compile(r"[0-9a-f]{24}\Z")
_FRESH_S = 2.0  # ``list(collection)`` asks for the length first; that is one list, not two
_COMPLETED_S = 30.0
_OFFERED = 5
_SCRIPT_COLUMNS = ("name", "_id", "description", "debugUntil", "lastModified")
_SAVED_COLUMNS = ("name", "_id", "adaptorType", "type", "_connectionId", "lastModified")


class _Collection(ABC, Generic[T]):
    """A list on the server, read anew where it matters."""

    kind = ""

    def __init__(self, client: Account) -> None:
        self.client = client
        self._listed: tuple[float, list[dict[str, Any]]] | None = None

    def __getitem__(self, name_or_id: str) -> T:
        return self.get(name_or_id)

    def get(self, name_or_id: str) -> T:
        """Return the one with that id or exact name.

        Parameters
        ----------
        name_or_id : str
            An id, 24 hexadecimal digits, or the whole name.

        Raises
        ------
        NotFoundError
            There is none (near matches are offered), or several have the name (their ids are listed).

        Examples
        --------
        >>> client.connections.get("Small shop").type
        'rdbms'
        """
        if not isinstance(name_or_id, str) or not name_or_id:
            raise ConfigError(f"Not a name or id: {shown(name_or_id)}; expected text.")
        if _OBJECT_ID.match(name_or_id):
            try:
                doc = self._read(name_or_id)
            except NotFoundError:
                pass  # a name may look like an id
            else:
                self.client.ask_account_once()
                return self._made(doc)
        documents = self._documents(0)
        named = [doc for doc in documents if doc.get("name") == name_or_id]
        found = named or [doc for doc in documents if doc.get("_id") == name_or_id]
        if len(found) == 1:
            return self._made(found[0])
        raise self._ambiguous(name_or_id, found) if found else self._unknown(name_or_id, documents)

    def __iter__(self) -> Iterator[T]:
        return iter([self._made(doc) for doc in self._documents()])

    def __len__(self) -> int:
        return len(self._documents())

    def __contains__(self, name_or_id: object) -> bool:
        return any(name_or_id in (doc.get("name"), doc.get("_id")) for doc in self._documents())

    def _ipython_key_completions_(self) -> list[str]:
        known = self.client.completions.get(self.kind)
        if known is None or time.monotonic() - known[0] > _COMPLETED_S:
            names = [str(doc.get("name") or doc.get("_id")) for doc in self._documents()]
            known = self.client.completions[self.kind] = (time.monotonic(), names)
        return list(known[1])

    def __repr__(self) -> str:
        return f"<celigo {self.kind} at {self.client.host}: client.{self.kind}['name or id'], .to_frame()>"

    def _repr_html_(self) -> Markup:
        frame = self.to_frame()
        rows = frame.astype(object).where(frame.notna(), "").itertuples(index=False, name=None)
        return tag("div", tag("b", f"{len(frame)} {self.kind} at {self.client.host}"), table(list(frame.columns), rows))

    def to_frame(self) -> pd.DataFrame:
        """One row per document, in the server's order; columns ``name, _id, type, …``. RangeIndex.

        Examples
        --------
        >>> "Small shop" in set(client.connections.to_frame()["name"])
        True
        """
        documents = self._documents()
        return pd.DataFrame({name: _column(documents, read) for name, read in self._columns().items()})

    # What each collection says for itself.

    @abstractmethod
    def _columns(self) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
        """Return how each column of a frame is read from a document."""

    @abstractmethod
    def _read(self, resource_id: str) -> dict[str, Any]:
        """Ask for one document by its id."""

    @abstractmethod
    def _list(self) -> Iterable[dict[str, Any]]:
        """Ask for all documents, without what lists leave out."""

    @abstractmethod
    def _made(self, doc: dict[str, Any]) -> T:
        """Make what users are given of a document."""

    def _documents(self, max_age_s: float = _FRESH_S) -> list[dict[str, Any]]:
        now = time.monotonic()
        if self._listed is None or now - self._listed[0] > max_age_s or not max_age_s:
            documents = list(self._list())
            self.client.ask_account_once()
            self._listed = (time.monotonic(), documents)
        return self._listed[1]

    def _unknown(self, name: str, documents: list[dict[str, Any]]) -> NotFoundError:
        names = [str(doc.get("name")) for doc in documents if doc.get("name")]
        folded = {known.casefold(): known for known in names}
        near = difflib.get_close_matches(name.casefold(), list(folded), n=_OFFERED, cutoff=0.5)
        near += [known for known in folded if name.casefold() in known and known not in near]
        offered = [folded[match] for match in near[:_OFFERED]]
        hint: str | None = None
        if offered:
            hint = f"Did you mean {' or '.join(map(repr, offered))}?"
        else:
            hint = (
                f"There are: {', '.join(map(repr, names[:10]))}{', …' if len(names) > 10 else ''}." if names else None
            )
        singular = self.kind.rstrip("s")
        return NotFoundError(
            f"No {singular} is named {shown(name)} (or has that id) among the {len(documents)} at {self.client.host}.",
            hint=hint,
            problems=[Problem("not_found", f"no {singular} of that name or id")],
        )

    def _ambiguous(self, name: str, found: list[dict[str, Any]]) -> NotFoundError:
        ids = ", ".join(str(doc.get("_id")) for doc in found)
        return NotFoundError(
            f"{len(found)} {self.kind} are named {shown(name)}: {ids}.",
            hint=f"Take one by its id, e.g. client.{self.kind}[{str(found[0].get('_id'))!r}].",
            problems=[Problem("ambiguous", str(doc.get("_id"))) for doc in found],
        )


class Connections(_Collection[Connection]):
    """The connections of an account: ``client.connections["name or id"]``.

    Lists follow every page of the server; nothing is cut. A lookup by name reads the list, one by id one document.
    """

    kind = "connections"

    def create(self, doc: Mapping[str, Any]) -> Connection:
        """Store a new connection (one request); raises :class:`DocumentError` if `doc` holds a mask as a secret.

        A placeholder, whose credentials are to come, says ``offline: True``.
        """
        check_document(doc)
        placeholder = {"offline": True} if doc.get("offline") is True else {}
        paths, sealed = masked_paths(doc), seal_connection({**writable(doc), **placeholder})
        del doc
        refuse_masks(paths, "connection")
        created = self.client.api.create_connection(sealed)
        self._listed = None
        self.client.completions.pop(self.kind, None)
        return Connection(self.client, created)

    def ping(self, doc: Mapping[str, Any]) -> PingResult:
        """Check an unsaved connection document (one request); nothing is stored."""
        check_document(doc)
        paths, sealed = masked_paths(doc), seal_connection(doc)
        del doc
        refuse_masks(paths, "connection")
        return PingResult.from_body(self.client.api.ping_document(sealed))

    def _columns(self) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
        return {
            "name": lambda doc: doc.get("name"),
            "_id": lambda doc: doc.get("_id"),
            "type": lambda doc: doc.get("type"),
            "offline": lambda doc: doc.get("offline") is True,
            "sandbox": lambda doc: doc.get("sandbox") is True,
            "lastModified": lambda doc: doc.get("lastModified"),
            "waiting": _waiting,
        }

    def _read(self, resource_id: str) -> dict[str, Any]:
        return self.client.api.get_connection(resource_id)

    def _list(self) -> Iterable[dict[str, Any]]:
        return self.client.api.list_connections()

    def _made(self, doc: dict[str, Any]) -> Connection:
        return Connection(self.client, doc)


class _Saved(_Collection[T]):
    def _columns(self) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
        return {name: _member(name) for name in _SAVED_COLUMNS}


class SavedExports(_Saved[SavedExport]):
    """The saved exports of an account, read only."""

    kind = "exports"

    def _read(self, resource_id: str) -> dict[str, Any]:
        return self.client.api.get_export(resource_id)

    def _list(self) -> Iterable[dict[str, Any]]:
        return self.client.api.list_exports()

    def _made(self, doc: dict[str, Any]) -> SavedExport:
        return SavedExport(self.client, doc)


class SavedImports(_Saved[SavedImport]):
    """The saved imports of an account, read only."""

    kind = "imports"

    def _read(self, resource_id: str) -> dict[str, Any]:
        return self.client.api.get_import(resource_id)

    def _list(self) -> Iterable[dict[str, Any]]:
        return self.client.api.list_imports()

    def _made(self, doc: dict[str, Any]) -> SavedImport:
        return SavedImport(self.client, doc)


class Scripts(_Collection[SavedScript]):
    """The scripts of an account: ``client.scripts["name or id"]``. Lists leave the code out; one script has it."""

    kind = "scripts"

    def create(self, name: str, content: ScriptLike, *, description: str | None = None) -> SavedScript:
        """Store a new script (one request).

        Parameters
        ----------
        name : str
            At most 100 characters.
        content : str, path, saved script or Script
            JavaScript, or the path of a ``.js`` file.
        description : str, optional

        Raises
        ------
        DocumentError
            There is no code in it; nothing is sent.
        ConfigError
            The client is read-only, or the file cannot be read.
        InvalidRequestError
            The server refused it.

        Examples
        --------
        >>> made = client.scripts.create("No blanks", "function filter(options) { return !!options.record.name }")
        >>> made.content.partition("(")[0]
        'function filter'
        """
        doc = {"name": name, "content": read_source(content).text, "description": description}
        created = self.client.api.create_script({member: one for member, one in doc.items() if one is not None})
        self._listed = None
        self.client.completions.pop(self.kind, None)
        return SavedScript(self.client, {"content": doc["content"], **created})

    def _columns(self) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
        return {name: _member(name) for name in _SCRIPT_COLUMNS}

    def _read(self, resource_id: str) -> dict[str, Any]:
        return self.client.api.get_script(resource_id)

    def _list(self) -> Iterable[dict[str, Any]]:
        return self.client.api.list_scripts()

    def _made(self, doc: dict[str, Any]) -> SavedScript:
        return SavedScript(self.client, doc)


def _column(documents: list[dict[str, Any]], read: Callable[[Mapping[str, Any]], Any]) -> pd.Series:
    values = [read(doc) for doc in documents]
    kind = "bool" if values and all(isinstance(value, bool) for value in values) else "object"
    return pd.Series(values, dtype=kind)


def _member(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda doc: doc.get(name)


def _waiting(doc: Mapping[str, Any]) -> int:
    queues = doc.get("queues")
    sizes = [queue.get("size") for queue in queues if isinstance(queue, Mapping)] if isinstance(queues, list) else []
    return sum(size for size in sizes if isinstance(size, int))
