"""Warnings that point at the caller's line, however deep in the package they arise, and on whatever thread."""

from __future__ import annotations

import os
import sys
import sysconfig
import warnings
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from celigo_pandas.errors import legible

__all__ = ["listed", "notify", "notify_once", "on_behalf_of_caller"]

T = TypeVar("T")

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_LIBRARY = sysconfig.get_path("stdlib")
_INSTALLED = ("site-packages", "dist-packages")

_calling: ContextVar[FrameType | None] = ContextVar("_calling", default=None)


def notify(message: str, category: type[Warning]) -> None:
    """Warn as if the first line outside this package, pandas and Python's own library had done it.

    `message` may hold texts from outside, such as a column's name: see :func:`~celigo_pandas.errors.legible`.
    """
    here = sys._getframe(1)
    frame = _outside(here) or _calling.get() or here
    warnings.warn_explicit(
        legible(message),
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


_told: set[str] = set()


def notify_once(message: str, category: type[Warning]) -> None:
    """Warn as :func:`notify`, but of the same thing only once in this process."""
    if message not in _told:
        _told.add(message)
        notify(message, category)


def on_behalf_of_caller(work: Callable[..., T]) -> Callable[..., T]:
    """Return `work`, to be run on another thread, whose warnings point at the line that called the package here."""
    caller = _outside(sys._getframe(1)) or _calling.get()

    def run(*args: Any) -> T:
        token = _calling.set(caller)
        try:
            return work(*args)
        finally:
            _calling.reset(token)

    return run


def _outside(frame: FrameType | None) -> FrameType | None:
    """Find the first frame that is the user's: the way to a generator may lead through pandas, too."""
    while frame is not None and (_is_inside(frame.f_code.co_filename) or _is_pandas(frame)):
        frame = frame.f_back
    return frame


def _is_inside(path: str) -> bool:
    if path.startswith(_PACKAGE):
        return True
    return path.startswith((_LIBRARY, "<frozen")) and not any(part in path for part in _INSTALLED)


def _is_pandas(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "pandas"


def listed(names: Sequence[object]) -> str:
    """Name some columns: eight of them, and how many more."""
    return ", ".join(map(repr, names[:8])) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
