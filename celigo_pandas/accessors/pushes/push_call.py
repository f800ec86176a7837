"""How a push was called: what its retry needs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.targets import Target
from celigo_pandas.errors import ConfigError
from celigo_pandas.frames.outcomes import Outcomes
from celigo_pandas.journal.pushes import PushIdentity

__all__ = ["PushCall"]


@dataclass(frozen=True)
class PushCall:
    """How a push was called: what its retry needs. Holds no secret; `client` is None in a loaded result.

    A pickle or deep copy of it leaves `client` and `progress` behind: the one holds a token, the other belongs here.
    ``sep`` is the separator that names were nested by, or None: a corrected frame that lost its ``attrs`` is still sent
    as the first one was. ``newest`` is shared by a push and its retries and holds what became of its rows last, so that
    an older result sends nothing again that a later one has settled. ``began`` is when the push did, UTC; None in a
    loaded result.
    """

    connection_id: str
    document: dict[str, Any]
    client: Any = field(default=None, repr=False, compare=False)
    batch_size: int = 100
    max_workers: int = 1
    max_failures: int | None = None
    na: str = "omit"
    sep: str | None = None
    on_error: str = "collect"
    progress: ProgressSetting = None
    journal: str | None = None
    identity: PushIdentity | None = None
    newest: list[Outcomes] = field(default_factory=list, repr=False, compare=False)
    began: datetime | None = field(default=None, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "client": None, "progress": None}

    def through(self, con: Target) -> PushCall:
        """Return the call as one that goes through a connection: that of the push, and of no other."""
        if con.id != self.connection_id:
            raise ConfigError(
                f"The result is of connection {self.connection_id!r}; got {con.id!r}.",
                hint="A retry goes where the push went.",
            )
        return replace(self, client=con.client)
