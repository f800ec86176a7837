"""Output that never fails for a character that the terminal's encoding lacks."""

from __future__ import annotations

import codecs
from typing import Any

__all__ = ["is_unicode", "write_anything"]

_PLAIN = {"→": "->", "…": "...", "–": "-", "✓": "ok", "×": "x"}
_HANDLER = "celigo_pandas.plain"


def _plain(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    missing = error.object[error.start : error.end]
    return "".join(_PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in missing), error.end


codecs.register_error(_HANDLER, _plain)


def write_anything(*streams: Any) -> None:
    """Let text streams write what their encoding lacks in plain signs, or as its escape."""
    for stream in streams:
        if hasattr(stream, "reconfigure"):  # not where a test or a notebook has put its own
            stream.reconfigure(errors=_HANDLER)


def is_unicode(stream: Any) -> bool:
    """Say whether a stream can hold every character."""
    try:
        return codecs.lookup(stream.encoding or "ascii").name.startswith("utf")
    except (AttributeError, LookupError):
        return False
