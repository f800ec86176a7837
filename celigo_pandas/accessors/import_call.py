"""One call of an import: its body, and how large it may be."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["BODY_LIMIT", "import_body"]

# Assumed: the limit of an import's body is not published; 5 MB is the limit of a page, which an import's is made of.
BODY_LIMIT = 5_000_000


def import_body(document: bytes, rows: Sequence[bytes]) -> bytes:
    """Put the encoded rows into the body of a call, behind the encoded document."""
    return b'{"import":' + document + b',"data":[' + b",".join(rows) + b"]}"
