"""What scripts wrote to their log, as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from celigo_pandas.scripts import LogLine

__all__ = ["logs_frame"]

_COLUMNS = ("time", "level", "script", "function", "message")


def logs_frame(log: Sequence[LogLine]) -> pd.DataFrame:
    """Return lines of a log as a frame: ``time`` (UTC), ``level``, ``script``, ``function``, ``message``."""
    columns = {name: pd.Series([getattr(line, name) for line in log], dtype=object) for name in _COLUMNS}
    columns["time"] = pd.to_datetime(columns["time"], utc=True, format="ISO8601", errors="coerce")
    return pd.DataFrame(columns)
