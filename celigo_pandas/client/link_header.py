"""The ``Link`` header of lists (RFC 8288, what is used of it): the target of ``rel="next"``."""

from __future__ import annotations

import re

__all__ = ["next_target"]

_LINK = re.compile(r'\s*<([^>]*)>((?:\s*;\s*[^\s=;,]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s";,]*))?)*)\s*(?:,|\Z)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s";,]*))', re.IGNORECASE)


def next_target(header: str) -> str | None:
    """Return the target of the link whose relation is ``next``; None when there is none."""
    position = 0
    while position < len(header):
        found = _LINK.match(header, position)
        if found is None:
            return None
        relation = _REL.search(found[2])
        if relation and "next" in (relation[1] or relation[2] or "").lower().split():
            return found[1]
        position = found.end()
    return None
