"""``df.celigo``: what can be done with the frame at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from celigo_pandas.accessors.dry_runs.dry_run import DryRun
    from celigo_pandas.accessors.pushes.import_result import ImportResult

__all__ = ["FrameAccessor"]


class FrameAccessor:
    """The accessor behind ``df.celigo``; holds the frame, changes nothing."""

    def __init__(self, df: pd.DataFrame) -> None:
        self._df = df

    def to_import(self, import_doc: Any, con: Any = None, **options: Any) -> ImportResult:
        """Push the rows through a virtual import; see :func:`celigo_pandas.to_import`."""
        from celigo_pandas.accessors.pushes.to_import import to_import

        return to_import(self._df, import_doc, con, **options)

    def dry_run(self, import_doc: Any, con: Any = None, **options: Any) -> DryRun:
        """Map the rows and send nothing to the target; see :func:`celigo_pandas.dry_run`."""
        from celigo_pandas.accessors.dry_runs.dry_run import dry_run

        return dry_run(self._df, import_doc, con, **options)

    def map_import(self, import_doc: Any, con: Any = None, **options: Any) -> pd.DataFrame:
        """Return the mapped records as a frame; see :func:`celigo_pandas.map_import`."""
        from celigo_pandas.accessors.dry_runs.dry_run import map_import

        return map_import(self._df, import_doc, con, **options)

    def nest(self, by: Any, into: str = "lines", **options: Any) -> pd.DataFrame:
        """Gather rows of one key into a list of objects; see :func:`celigo_pandas.nest`."""
        from celigo_pandas.frames import nest

        return nest(self._df, by, into=into, **options)
