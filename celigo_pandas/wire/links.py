"""The ``Link`` header (RFC 8288, section 3).

requests' own reader cuts a target at a semicolon, and passes over what it cannot read: a next page would be lost
unnoticed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["LinkError", "Links", "next_target", "read_links"]

_LINK = re.compile(r"""\s*<([^>]*)>((?:\s*;\s*(?:[^\s=;,"<>]+(?:\s*=\s*(?:"(?:\\.|[^"\\])*"|[^\s;,"]*))?)?)*)\s*""")
_PARAMETER = re.compile(r""";\s*([^\s=;,"<>]+)\s*(?:=\s*(?:"((?:\\.|[^"\\])*)"|([^\s;,"]*)))?""")


@dataclass(frozen=True, slots=True)
class Links:
    """The links of one header: pairs of the relations, in lower case, and the target."""

    links: tuple[tuple[tuple[str, ...], str], ...]

    @property
    def relations(self) -> list[str]:
        """All relations, in order."""
        return list(dict.fromkeys(relation for relations, _ in self.links for relation in relations))

    def target(self, relation: str) -> str | None:
        """Return where the first link of a relation leads."""
        return next((target for relations, target in self.links if relation.lower() in relations), None)


class LinkError(ValueError):
    """A header that is no list of links: `at` is the character from which it is not, `before` what came ahead of it."""

    def __init__(self, at: int, before: Links) -> None:
        super().__init__(f"character {at}")
        self.at = at
        self.before = before


def read_links(header: str) -> Links:
    """Read a header; an empty one has no links.

    Raises
    ------
    LinkError
        Some of it is no link.
    """
    found: list[tuple[tuple[str, ...], str]] = []
    at = 0
    while at < len(header):
        if header[at] in ", \t":
            at += 1
            continue
        link = _LINK.match(header, at)
        if link is None or (link.end() < len(header) and header[link.end()] != ","):
            raise LinkError(at, Links(tuple(found)))
        found.append((_relations(link.group(2)), link.group(1)))
        at = link.end()
    return Links(tuple(found))


def next_target(header: str) -> str | None:
    """Return the target of the link whose relation is ``next``; None when none is before what cannot be read."""
    try:
        return read_links(header).target("next")
    except LinkError as error:
        return error.before.target("next")


def _relations(parameters: str) -> tuple[str, ...]:
    """Return the relations of the first ``rel``; others must be ignored (RFC 8288, section 3.3)."""
    for parameter in _PARAMETER.finditer(parameters):
        if parameter.group(1).lower() == "rel":
            return tuple((parameter.group(2) or parameter.group(3) or "").lower().split())
    return ()
