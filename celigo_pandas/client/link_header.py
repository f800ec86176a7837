"""The ``Link`` header of lists (RFC 8288, what is used of it): the target of ``rel="next"``."""

from __future__ import annotations

import re

__all__ = ["next_target"]

_TARGET = re.compile(r"\s*<([^>]*)>")
_PARAMETER = re.compile(r'\s*;\s*([^\s=;,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";,]*)))?')
_END = re.compile(r"\s*(?:,|\Z)")


def next_target(header: str) -> str | None:
    """Return the target of the link whose relation is ``next``; None when there is none, or the rest is unreadable."""
    position = 0
    while position < len(header):
        target = _TARGET.match(header, position)
        if target is None:
            return None
        position = target.end()
        relations: list[str] = []
        while parameter := _PARAMETER.match(header, position):
            position = parameter.end()
            if parameter[1].lower() == "rel":
                relations += (parameter[2] or parameter[3] or "").lower().split()
        end = _END.match(header, position)
        if end is None:
            return None
        position = end.end()
        if "next" in relations:
            return target[1]
    return None
