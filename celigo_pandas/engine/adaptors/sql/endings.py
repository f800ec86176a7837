"""How each database tells that a transaction has ended, and what became of the rows that were written in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

__all__ = ["Fate", "Server", "ending_of"]

Fate = Literal["kept", "undone", "unknown"]
"""What became of the rows that were written before the transaction ended."""


class Server(Protocol):
    """The transactions of one connection."""

    survives_errors: bool
    """Whether a failed statement leaves the transaction of use."""

    def begin(self) -> None:
        """Begin a transaction."""

    def limit(self, left: float) -> None:
        """Give the next statement so many seconds."""

    def is_open(self) -> bool:
        """Whether a transaction is in progress, as far as the last answer told."""

    def fate(self, cursor: Any, sql: str, *, failed: bool) -> Fate:
        """Return what became of the rows that were written before this statement, with which the transaction ended."""

    def too_large(self, cursor: Any, sql: str, parameters: Any) -> str | None:
        """Say why a statement cannot be sent, where sending it would lose the connection."""

    def undid(self, cursor: Any) -> bool:
        """Whether the rollback to a savepoint that was just run undid everything."""

    def needs_commit(self, code: str) -> bool:
        """Whether a savepoint failed since what was written so far must be committed before."""

    def undid_itself(self, cursor: Any) -> bool:
        """Whether the statement that was just run rolled back what it had written; asked before :meth:`fate`."""


class _Transactional:
    """What holds where every table keeps transactions and a text is one statement."""

    def too_large(self, cursor: Any, sql: str, parameters: Any) -> str | None:
        return None

    def undid(self, cursor: Any) -> bool:
        return True

    def needs_commit(self, code: str) -> bool:
        return False

    def undid_itself(self, cursor: Any) -> bool:
        return False


_WORD = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|/\*(?!!).*?\*/|\()*([a-z]+)", re.IGNORECASE | re.DOTALL)


def _first_word(sql: str) -> str:
    found = _WORD.match(sql)
    return found[1].lower() if found else ""


class _Sqlite(_Transactional):
    survives_errors = True

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def begin(self) -> None:
        self._raw.execute("begin immediate")

    def limit(self, left: float) -> None:
        """The progress handler reads the clock itself."""

    def is_open(self) -> bool:
        return bool(self._raw.in_transaction)

    def fate(self, cursor: Any, sql: str, *, failed: bool) -> Fate:
        return "undone" if failed or _first_word(sql) == "rollback" else "kept"


class _Postgres(_Transactional):
    survives_errors = False

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._tags: list[str] = []

    def begin(self) -> None:
        """The driver begins with the first statement."""

    def limit(self, left: float) -> None:
        """The connection watches the call's deadline itself."""

    def is_open(self) -> bool:
        return bool(self._raw.pgconn.transaction_status in _OPEN)

    def fate(self, cursor: Any, sql: str, *, failed: bool) -> Fate:
        if failed:
            # A text of several statements does not say which of them were run.
            is_one = ";" not in sql.rstrip("; \t\r\n") and _first_word(sql) not in {"commit", "end"}
            return "undone" if is_one else "unknown"
        tag = next((tag for tag in self._tags if tag in ("COMMIT", "ROLLBACK")), None)
        return "unknown" if tag is None else "kept" if tag == "COMMIT" else "undone"

    def undid_itself(self, cursor: Any) -> bool:
        self._tags = [str(cursor.statusmessage)]
        while cursor.nextset():
            self._tags.append(str(cursor.statusmessage))
        before = self._tags[: self._tags.index("ROLLBACK")] if "ROLLBACK" in self._tags else []
        return any(tag.partition(" ")[0] not in _WRITING_NOTHING for tag in before)


_WRITING_NOTHING = frozenset("BEGIN DECLARE FETCH RELEASE RESET SAVEPOINT SELECT SET SHOW START".split())
"""First words of the tags of statements that write nothing, so that a rollback after them undoes nothing."""


_OPEN = frozenset({2, 3})
"""libpq's states of a connection inside a transaction, an aborted one included."""


class _MySql(_Transactional):
    survives_errors = True

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._most_bytes: int | None = None

    def begin(self) -> None:
        self._raw.begin()

    def limit(self, left: float) -> None:
        self._raw._read_timeout = left

    def too_large(self, cursor: Any, sql: str, parameters: Any) -> str | None:
        size = len(sql) + sum(len(value) for value in parameters or () if isinstance(value, (str, bytes)))
        if self._most_bytes is None:
            cursor.execute("select @@max_allowed_packet")
            self._most_bytes = int(cursor.fetchone()[0])
        if 4 * size < self._most_bytes:
            return None
        text = sql if parameters is None else cursor.mogrify(sql, parameters)
        size = len(text.encode(errors="surrogatepass")) + 1
        if size < self._most_bytes:
            return None
        return f"The statement has {size:,} bytes; the server takes {self._most_bytes:,} (max_allowed_packet)."

    def needs_commit(self, code: str) -> bool:
        # Aria's tables, once written to, take no savepoint.
        return code == "1178"

    def undid(self, cursor: Any) -> bool:
        cursor.execute("show warnings")
        return not any(row[1] == _NOT_UNDONE for row in cursor.fetchall())

    def is_open(self) -> bool:
        # The state comes with each answer but an error; after one only the savepoint tells.
        return bool(self._raw.server_status & 1)

    def fate(self, cursor: Any, sql: str, *, failed: bool) -> Fate:
        word = _first_word(sql)
        if word == "rollback":
            return "undone"
        # A procedure may do either; so may what is hidden in a comment for some versions.
        if word in {"", "call", "execute", "begin"}:
            return "unknown"
        if not failed:
            return "kept"
        if word in _COMMITTING and not _TEMPORARY.search(sql):
            return "kept"
        return "undone" if word in _NEVER_COMMITTING else "unknown"


_NOT_UNDONE = 1196
"""The warning that a table without transactions was changed."""

_NEVER_COMMITTING = frozenset(
    "delete describe do explain insert kill replace select show table update use values with".split()
)
"""Statements that commit nothing: when their failure ends the transaction, it was rolled back."""

_COMMITTING = frozenset(
    "alter analyze check create drop flush grant lock optimize rename repair revoke truncate unlock".split()
)
"""Statements that commit before they begin, so that their failure finds no transaction."""

_TEMPORARY = re.compile(r"\btemporary\b", re.IGNORECASE)

_SERVERS: Mapping[str, Callable[[Any], Server]] = {"sqlite": _Sqlite, "postgresql": _Postgres}


def ending_of(raw: Any, dialect: str) -> Server:
    """Return what tells about the transactions of a driver's connection."""
    return _SERVERS.get(dialect, _MySql)(raw)
