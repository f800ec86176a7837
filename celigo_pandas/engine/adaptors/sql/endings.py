"""How each database tells that a transaction has ended, and what became of the rows that were written in it."""

from __future__ import annotations

import re
from typing import Any, Literal, Protocol

__all__ = ["Fate", "Transactional", "Transactions", "first_word"]

Fate = Literal["kept", "undone", "unknown"]
"""What became of the rows that were written before the transaction ended."""


class Transactions(Protocol):
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

    def undid(self, cursor: Any, sql: str, code: str) -> bool:
        """Whether a rollback to the savepoint, just run since `sql` failed with `code`, undid all of that statement."""

    def needs_commit(self, code: str) -> bool:
        """Whether a savepoint failed since what was written so far must be committed before."""

    def undid_itself(self, cursor: Any) -> bool:
        """Whether the statement that was just run rolled back what it had written; asked before :meth:`fate`."""


class Transactional:
    """What holds where every table keeps transactions and a text is one statement."""

    def too_large(self, cursor: object, sql: str, parameters: object) -> str | None:  # noqa: D102 - the protocol says it
        return None

    def undid(self, cursor: object, sql: str, code: str) -> bool:  # noqa: D102
        return True

    def needs_commit(self, code: str) -> bool:  # noqa: D102
        return False

    def undid_itself(self, cursor: object) -> bool:  # noqa: D102
        return False


_WORD = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|/\*(?!!).*?\*/|\()*([a-z]+)", re.IGNORECASE | re.DOTALL)


def first_word(sql: str) -> str:
    """Return the first word of a statement, lower case, past comments and parentheses."""
    found = _WORD.match(sql)
    return found[1].lower() if found else ""
