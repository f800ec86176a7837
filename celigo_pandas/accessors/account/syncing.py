"""What a sync gives back, and what runs one: syncs lie above the accessors, so the package registers them here."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from celigo_pandas.errors import CeligoError
from celigo_pandas.markup import Markup, table, tag

if TYPE_CHECKING:
    import duckdb

__all__ = ["Destination", "SyncResult", "run_sync", "set_sync"]

Destination: TypeAlias = "str | os.PathLike[str] | duckdb.DuckDBPyConnection"
"""Where synced tables are: a DuckDB file or connection, a folder of Parquet, a Delta table."""


@dataclass(frozen=True)
class SyncResult:
    """What one call of :func:`~celigo_pandas.sync` did.

    Attributes
    ----------
    place : str
        The table, and where it is.
    rows : int
        In the table, after it.
    inserted, updated, unchanged, deleted : int
        Rows of the pull that were new, that changed one in the table, and that were there as they came; rows that
        left the table.
    watermark : str, number or None
        The greatest cursor of complete pulls, as it came: the next pull begins there, less the overlap.
    window : tuple
        Where this pull began (None: at the start), and the greatest cursor that came.
    schema_changes : tuple of str
        New, missing and changed columns, a sentence each.
    complete : bool
        Whether all records came. Where some were lost, the watermark did not move.
    full : bool
        Whether all rows were pulled, and not a window.
    seconds : float
    """

    place: str
    rows: int
    inserted: int
    updated: int
    unchanged: int
    deleted: int
    watermark: str | int | float | None
    window: tuple[str | int | float | None, str | int | float | None]
    schema_changes: tuple[str, ...]
    complete: bool
    full: bool
    seconds: float
    _read: Callable[[Sequence[str] | None], pd.DataFrame] = field(repr=False)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read the table, as it is now.

        Parameters
        ----------
        columns : sequence of str, optional
            These columns only.

        Returns
        -------
        DataFrame
            RangeIndex; columns and values as a pull gives them. The order of rows is the store's.

        Raises
        ------
        SyncError
            The table cannot be read.

        Examples
        --------
        >>> export = {"rdbms": {"query": "select id, status from orders"}}
        >>> result = celigo.sync(export, shop, to="frame.duckdb", table="orders", key="id", progress=False)
        >>> result.frame(["id"]).shape
        (400, 1)
        """
        return self._read(columns)

    def summary(self) -> str:
        """Say in a few words what the sync did.

        Examples
        --------
        >>> export = {"rdbms": {"query": "select id, status from orders"}}
        >>> celigo.sync(export, shop, to="said.duckdb", table="orders", key="id", progress=False).summary()
        '400 rows: 400 inserted.'
        """
        counts = {name: getattr(self, name) for name in ("inserted", "updated", "unchanged", "deleted")}
        parts = [f"{count:,} {name}" for name, count in counts.items() if count]
        lost = "" if self.complete else " Records were lost: the watermark stays."
        return f"{self.rows:,} row{'' if self.rows == 1 else 's'}: {', '.join(parts) or 'nothing new'}.{lost}"

    def __repr__(self) -> str:
        return f"<SyncResult {self.summary()}>"

    def _repr_html_(self) -> Markup:
        begin, end = self.window
        facts = [
            ("table", self.place),
            ("window", f"{'all' if self.full else begin} … {'' if end is None else end}"),
            ("watermark", "none" if self.watermark is None else str(self.watermark)),
            *(("columns", change) for change in self.schema_changes),
        ]
        return tag("div", tag("p", self.summary()), table(("", ""), facts))


_runners: list[Callable[..., SyncResult]] = []


def set_sync(run: Callable[..., SyncResult]) -> None:
    """Say what runs a sync."""
    _runners[:] = [run]


def run_sync(export: object, connection: object, **settings: Any) -> SyncResult:
    """Run a sync through a connection."""
    if not _runners:
        raise CeligoError("No sync is registered in this process.", hint="import celigo_pandas registers it.")
    return _runners[0](export, connection, **settings)
