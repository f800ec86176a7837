"""``df.celigo``: what can be done with the frame at hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from celigo_pandas.accessors.borrowed_docs import documented_as
from celigo_pandas.accessors.destinations.compared_fields import KeyLike
from celigo_pandas.accessors.destinations.current_rows import CurrentLike
from celigo_pandas.accessors.dry_runs.dry_run import DryRun, dry_run, map_import
from celigo_pandas.accessors.plans.import_plan import ImportPlan
from celigo_pandas.accessors.plans.plan_import import plan_import
from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.pushes.import_result import ImportResult
from celigo_pandas.accessors.pushes.to_import import to_import
from celigo_pandas.accessors.targets import Account, ConnectionLike, DocumentLike
from celigo_pandas.documents.script_sources import ScriptsLike
from celigo_pandas.frames.nesting import nest
from celigo_pandas.frames.outward import Unflatten

__all__ = ["FrameAccessor"]


class FrameAccessor:
    """The accessor behind ``df.celigo``; holds the frame, changes nothing."""

    def __init__(self, df: pd.DataFrame) -> None:
        self._df = df

    @documented_as(to_import, "df")
    def to_import(
        self,
        import_doc: DocumentLike,
        con: ConnectionLike | None = None,
        *,
        batch_size: int = 100,
        max_workers: int = 1,
        first: int = 5,
        max_failures: int | None = None,
        na: str = "omit",
        unflatten: Unflatten = "auto",
        sep: str = ".",
        on_error: str = "collect",
        preview: bool = False,
        progress: ProgressSetting = None,
        journal: str | os.PathLike[str] | None = None,
        scripts: ScriptsLike | None = None,
    ) -> ImportResult:
        """Push the rows through a virtual import; see :func:`celigo_pandas.to_import`.

        Examples
        --------
        >>> orders.celigo.to_import(import_doc, desk, progress=False).summary()
        '20 rows: 18 ok, 2 failed.'
        """
        return to_import(
            self._df,
            import_doc,
            con,
            batch_size=batch_size,
            max_workers=max_workers,
            first=first,
            max_failures=max_failures,
            na=na,
            unflatten=unflatten,
            sep=sep,
            on_error=on_error,
            preview=preview,
            progress=progress,
            journal=journal,
            scripts=scripts,
        )

    @documented_as(dry_run, "df")
    def dry_run(
        self,
        import_doc: DocumentLike,
        con: ConnectionLike | None = None,
        *,
        batch_size: int = 100,
        na: str = "omit",
        unflatten: Unflatten = "auto",
        sep: str = ".",
        progress: ProgressSetting = None,
        scripts: ScriptsLike | None = None,
        allow_api: Account | None = None,
    ) -> DryRun:
        """Map the rows and send nothing to the target; see :func:`celigo_pandas.dry_run`.

        Examples
        --------
        >>> orders.celigo.dry_run(import_doc)
        <DryRun 20 rows: 20 mapped.>
        """
        return dry_run(
            self._df,
            import_doc,
            con,
            batch_size=batch_size,
            na=na,
            unflatten=unflatten,
            sep=sep,
            progress=progress,
            scripts=scripts,
            allow_api=allow_api,
        )

    @documented_as(map_import, "df")
    def map_import(
        self,
        import_doc: DocumentLike,
        con: ConnectionLike | None = None,
        *,
        batch_size: int = 100,
        na: str = "omit",
        unflatten: Unflatten = "auto",
        sep: str = ".",
        progress: ProgressSetting = None,
        scripts: ScriptsLike | None = None,
        allow_api: Account | None = None,
    ) -> pd.DataFrame:
        """Return the mapped records as a frame; see :func:`celigo_pandas.map_import`.

        Examples
        --------
        >>> list(orders.celigo.map_import(import_doc).columns)
        ['order', 'email']
        """
        return map_import(
            self._df,
            import_doc,
            con,
            batch_size=batch_size,
            na=na,
            unflatten=unflatten,
            sep=sep,
            progress=progress,
            scripts=scripts,
            allow_api=allow_api,
        )

    @documented_as(plan_import, "df")
    def plan_import(
        self,
        import_doc: DocumentLike,
        con: ConnectionLike | None = None,
        *,
        current: CurrentLike,
        key: KeyLike,
        columns: Sequence[str] | Mapping[str, str] | None = None,
        ignore: Iterable[str] | str = (),
        normalize: str | Callable[[Any], Any] | Sequence[Any] | Mapping[str, Any] | None = None,
        current_con: ConnectionLike | None = None,
        map_on: Literal["here", "server"] = "here",
        na: str = "omit",
        unflatten: Unflatten = "auto",
        sep: str = ".",
        progress: ProgressSetting = None,
    ) -> ImportPlan:
        """Find out what a push of the rows would change; see :func:`celigo_pandas.plan_import`.

        Examples
        --------
        >>> orders.celigo.plan_import(import_doc, desk, current=late, key="order").summary()
        '20 rows: 18 create, 1 update, 1 unchanged. 1 row at the destination is not among them.'
        """
        return plan_import(
            self._df, import_doc, con, current=current, key=key, columns=columns, ignore=ignore, normalize=normalize,
            current_con=current_con, map_on=map_on, na=na, unflatten=unflatten, sep=sep, progress=progress,
        )  # fmt: skip

    @documented_as(nest, "df")
    def nest(self, by: str | Sequence[str], into: str = "lines", *, sep: str | None = None) -> pd.DataFrame:
        """Gather rows of one key into a list of objects; see :func:`celigo_pandas.nest`.

        Examples
        --------
        >>> lines = pd.DataFrame({"id": [1, 1], "lines.sku": ["A", "B"]})
        >>> lines.celigo.nest("id").lines[0]
        [{'sku': 'A'}, {'sku': 'B'}]
        """
        return nest(self._df, by, into=into, sep=sep)
