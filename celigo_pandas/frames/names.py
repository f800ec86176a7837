r"""The path text of flattened columns: ``parent.child``, with ``\.`` and ``\\`` for separators and backslashes in keys.

The same text names columns, completion entries, coverage rows and patches, so it is made and read here
only; cells of mapped records are written alike by :func:`celigo_pandas.paths.cell_text`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from celigo_pandas.paths import escape_key

__all__ = ["escape_key", "join_path", "split_path"]


def join_path(keys: Sequence[str], sep: str = ".") -> str:
    """Join keys to a path text; :func:`split_path` is its inverse."""
    return sep.join(escape_key(key, sep) for key in keys)


def split_path(path: str, sep: str = ".") -> tuple[str, ...]:
    """Split a path text into its keys.

    A backslash that escapes neither a backslash nor a separator is kept, so that a column a person named
    ``C:\\temp`` stays what it is.
    """
    if "\\" not in path:
        return tuple(path.split(sep))
    keys, current = [], []
    for escaped, separator, other in _pieces(sep).findall(path):
        if escaped:
            current.append(escaped[1:])
        elif separator:
            keys.append("".join(current))
            current = []
        else:
            current.append(other)
    keys.append("".join(current))
    return tuple(keys)


@lru_cache(maxsize=32)
def _pieces(sep: str) -> re.Pattern[str]:
    quoted = re.escape(sep)
    return re.compile(rf"(\\\\|\\{quoted})|({quoted})|(.)", re.DOTALL)
