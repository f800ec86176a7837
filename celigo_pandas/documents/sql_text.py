"""What can be said of a SQL text without a database: which statements in it write.

Looked at are the words outside texts, quoted names, comments and templates. A function that is called may write all
the same; that nobody can see from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["unread_verb", "writing_verb"]

_READING = frozenset({"select", "values", "with", "show", "describe", "desc", "explain", "table", "pragma"})
_WRITING = frozenset(
    "insert update delete merge replace upsert truncate drop create alter rename grant revoke copy load vacuum reindex "
    "import".split()
)
_COVERED = re.compile(
    r"\{\{\{.*?\}\}\}|\{\{.*?\}\}|--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]", re.DOTALL
)
_INNER = re.compile(
    r"\b(?:(insert|merge|replace)\s+into|(update)\s+\S+\s+(?:\S+\s+)?set|(delete)\s+from|(into)\s+[\w#@.]+)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z_]+", re.IGNORECASE)


def _statements(sql: str) -> Iterator[tuple[str, str]]:
    """Yield the first word of each statement, lower case, and the statement, without what could hide a word."""
    for statement in _COVERED.sub(" x ", sql).replace("(", " ").split(";"):
        words = [word.lower() for word in _WORD.findall(statement)]
        verb = next((word for word in words if word != "x"), "")
        if verb:
            yield verb, statement


def writing_verb(sql: str) -> str | None:
    """Name the first verb that surely writes, e.g. ``"delete"``; None when there is none."""
    for verb, statement in _statements(sql):
        if verb in _WRITING:
            return verb
        if (inner := _INNER.search(statement)) is not None:
            return next(word.lower() for word in inner.groups() if word)
    return None


def unread_verb(sql: str) -> str | None:
    """Name the first verb that is not known to only read (a procedure's call, say); ``""`` for a text without any."""
    found = list(_statements(sql))
    if not found:
        return ""
    return writing_verb(sql) or next((verb for verb, _ in found if verb not in _READING), None)
