"""What belongs to one process: in a forked child it is made anew, before any other code of the child runs.

A child has its parent's sockets and locks. Two processes that read from one socket get each other's answers, and a lock
that some thread of the parent held is held for ever where that thread does not exist.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["renew_in_child"]


class Renewable(Protocol):
    """Something with parts that no two processes may share."""

    def renew(self) -> None:
        """Replace those parts; called in a forked child, where no other thread runs."""


_known: weakref.WeakSet[Renewable] = weakref.WeakSet()


def renew_in_child(owner: Renewable) -> None:
    """Call ``owner.renew()`` in every child that this process forks, for as long as somebody holds `owner`."""
    _known.add(owner)


def _renew_all() -> None:
    for owner in list(_known):
        owner.renew()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_renew_all)
