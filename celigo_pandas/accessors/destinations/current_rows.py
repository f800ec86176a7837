"""What is at the destination now: a pull, or a frame that somebody has pulled."""

from __future__ import annotations

from typing import Any

import pandas as pd

from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.pulls.to_frames import read_export
from celigo_pandas.accessors.targets import ConnectionLike, DocumentLike, SavedTarget
from celigo_pandas.errors import ConfigError, FrameError
from celigo_pandas.frames.foreign import as_frame

__all__ = ["CurrentLike", "current_rows", "is_table"]

CurrentLike = pd.DataFrame | DocumentLike
"""What is taken for the rows of a destination: a frame, or the export that reads them."""


def is_table(current: object) -> bool:
    """Say whether rows were given, and not a document that reads them."""
    return isinstance(current, pd.DataFrame) or hasattr(current, "__arrow_c_stream__")


def current_rows(
    current: CurrentLike, con: ConnectionLike | None, *, nested: str = "flatten", progress: ProgressSetting = None
) -> pd.DataFrame:
    """Return all rows that are at the destination.

    Parameters
    ----------
    current : DataFrame or export
        An export that changes its source is refused, as :func:`~celigo_pandas.read_export` refuses it.
    con : Connection, name or id, optional
        Where a document is read through; a saved export brings its own.
    nested : {"flatten", "keep"}
    progress : optional

    Raises
    ------
    ConfigError
        The rows are not all there: a pull that stopped, or one with record errors. What is not in it would count as
        absent.
    FrameError
        Columns of one name.
    """
    if is_table(current):
        frame = as_frame(current)
    else:
        own = isinstance(current, SavedTarget)
        frame = read_export(current, None if own else con, nested=nested, progress=progress)  # type: ignore[arg-type]
    note = frame.attrs.get("celigo")
    _refuse_parts(note if isinstance(note, dict) else {}, len(frame))
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise FrameError(f"current: two columns are named {str(repeated[0])!r}; each needs a name of its own.")
    return frame


def _refuse_parts(note: dict[str, Any], rows: int) -> None:
    if note.get("complete") is False:
        raise ConfigError(
            f"current: the {rows:,} rows are a part of a pull that ended early ({note.get('reason')}); what is not "
            "in it would count as absent.",
            hint="Pull all of it: without max_rows=, or with client.last_pull.resume().",
        )
    if note.get("record_errors"):
        raise ConfigError(
            f"current: the pull came with {note['record_errors']:,} record errors, so rows of the destination may be "
            "missing from it, and would count as absent.",
            hint="See client.last_pull.errors; pull again once they are mended.",
        )
