"""How a plan was asked for: what making it anew, and its push, need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from celigo_pandas.accessors.destinations.compared_fields import KeyLike
from celigo_pandas.accessors.destinations.current_rows import CurrentLike
from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.targets import ConnectionLike, Target

__all__ = ["Normalize", "PlanCall"]

Normalize = Any
"""Words or functions, for all columns or by column; see :func:`celigo_pandas.plan_import`."""


@dataclass(frozen=True)
class PlanCall:
    """How a plan was asked for. Holds no secret, and a pickle leaves the connections behind: they hold a token.

    ``current`` is the export that reads the destination, None where a frame was given: such a plan cannot be made anew.
    """

    document: dict[str, Any]
    key: KeyLike
    columns: Sequence[str] | Mapping[str, str] | None = None
    ignore: Iterable[str] | str = ()
    normalize: Normalize = None
    map_on: Literal["here", "server"] = "here"
    na: str = "omit"
    sep: str | None = None
    connection: Target | None = field(default=None, repr=False)
    current: CurrentLike | None = field(default=None, repr=False)
    current_con: ConnectionLike | None = field(default=None, repr=False)
    progress: ProgressSetting = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "connection": None, "current": None, "current_con": None, "progress": None}

    def through(self, connection: Target) -> PlanCall:
        """Return the call with a connection for its push."""
        return replace(self, connection=connection)
