"""Warnings that point at the caller's line, however deep in the package they arise."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

__all__ = ["listed", "notify"]

_PACKAGE = str(Path(__file__).parents[1])


def notify(message: str, category: type[Warning]) -> None:
    """Warn as if the first line outside this package had done it.

    A lone surrogate in `message` (a column's name may have one) is shown as its escape: it could not be printed.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message.encode("utf-8", "backslashreplace").decode(), category, stacklevel=level)


def listed(names: Sequence[object]) -> str:
    """Name some columns: eight of them, and how many more."""
    return ", ".join(map(repr, names[:8])) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
