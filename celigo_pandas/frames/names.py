r"""The path text of flattened columns: ``parent.child``, with ``\.`` and ``\\`` for separators and backslashes in keys.

The same text names columns, completion entries, coverage rows and patches, so it is made and read here
only; cells of mapped records are written alike by :func:`celigo_pandas.paths.cell_text`.
"""

from __future__ import annotations

from collections.abc import Sequence

from celigo_pandas.paths import escape_key, split_path

__all__ = ["escape_key", "join_path", "split_path"]


def join_path(keys: Sequence[str], sep: str = ".") -> str:
    """Join keys to a path text; :func:`split_path` is its inverse."""
    return sep.join(escape_key(key, sep) for key in keys)
