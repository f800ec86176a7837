"""Dry runs: what a mapping makes of a frame, with nothing sent to the target."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from celigo_pandas.accessors.dry_runs.local_steps import RowState, map_here
from celigo_pandas.accessors.dry_runs.script_logs import logs_frame
from celigo_pandas.accessors.dry_runs.server_mapping import map_there
from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.targets import (
    Account,
    ConnectionLike,
    DocumentLike,
    SavedTarget,
    account_of,
    resolve_import,
    server_of,
)
from celigo_pandas.documents.script_sources import ScriptsLike
from celigo_pandas.errors import ConfigError, FrameError, legible
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.foreign import as_frame
from celigo_pandas.frames.kept_copy import kept_copy
from celigo_pandas.frames.ladder import Block
from celigo_pandas.frames.outward import Unflatten, flatten_sep
from celigo_pandas.frames.shape import Shape
from celigo_pandas.frames.spreading import Rows, spread
from celigo_pandas.markup import Markup, table, tag

if TYPE_CHECKING:
    from celigo_pandas.scripts import LogLine

__all__ = ["STATES", "DryRun", "dry_run", "map_import", "mapped_frame"]

STATES = ("mapped", "ignored", "mapped_with_errors", "failed")
_SHOWN_ROWS = 20


class DryRun:
    """What the steps of an import before its submit make of each row.

    Attributes
    ----------
    frame : DataFrame
        The index of the input, columns ``state`` (``mapped``, ``ignored``, ``mapped_with_errors``, ``failed``),
        ``code``, ``message``, ``source``.
    mapped : DataFrame
        The mapped records, on the labels of the input rows they came from (repeated where a row gives several).
    failed : DataFrame
        The *input rows* that could not be mapped.
    counts : dict
        Number of rows by state.
    logs : DataFrame
        What the scripts of the document wrote by ``console`` (a local dry run): ``time`` (UTC), ``level``, ``script``,
        ``function``, ``message``.
    """

    def __init__(
        self,
        rows: pd.DataFrame,
        states: Sequence[RowState],
        mapped: Sequence[tuple[int, Any]],
        document: Mapping[str, Any],
        sep: str | None = None,
        log: Sequence[LogLine] = (),
    ) -> None:
        self._log = list(log)
        self._rows = rows
        self._document = copy.deepcopy(document)
        self._sep = sep
        self._states = list(states)
        self._records = list(mapped)

    def __len__(self) -> int:
        return len(self._states)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per input row; see the class."""
        data: dict[str, Any] = {"state": pd.Series([row.state for row in self._states], dtype="str").array}
        for name in ("code", "message", "source"):
            values = [getattr(row, name) for row in self._states]
            data[name] = pd.Series(values, dtype=object)
        return pd.DataFrame(data).set_axis(self._rows.index)

    @property
    def mapped(self) -> pd.DataFrame:
        """The mapped records; see the class."""
        return kept_copy(self._mapped[0])

    @cached_property
    def _mapped(self) -> tuple[pd.DataFrame, list[int]]:
        frame, sources = mapped_frame([record for _, record in self._records])
        positions = [self._records[source][0] for source in sources]
        return frame.set_axis(self._rows.index.take(positions)), positions

    @property
    def failed(self) -> pd.DataFrame:
        """The input rows that could not be mapped."""
        is_failed = np.fromiter((row.state == "failed" for row in self._states), bool, len(self._states))
        return kept_copy(self._rows[is_failed])

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by state; all four names are there."""
        found = Counter(row.state for row in self._states)
        return {name: found[name] for name in STATES}

    @property
    def logs(self) -> pd.DataFrame:
        """What the scripts logged; see the class."""
        return logs_frame(self._log)

    def compare(self) -> pd.DataFrame:
        """Put each mapped column beside the columns of the input that it is made of.

        Returns
        -------
        DataFrame
            The index of ``mapped``. Columns of two levels: the mapped field, and below it the names of its sources
            (those columns of the input that its rules read; of an import without a mapping the one of the same name),
            ``after`` (the mapped value), ``changed`` (bool: no source has this value), and, where the only source has
            values of another type, ``type_change`` (``"number → text"``). A missing value equals a missing value, and a
            number equals a number.

        Examples
        --------
        >>> import pandas as pd
        >>> from celigo_pandas import Mapping
        >>> notices = Mapping().set("minutes", "$.dep_delay", data_type="string").to_import()
        >>> pd.DataFrame({"dep_delay": [79]}).celigo.dry_run(notices).compare()["minutes"].iloc[0].to_dict()
        {'dep_delay': 79, 'after': '79', 'changed': True, 'type_change': 'number → text'}
        """
        from celigo_pandas.accessors.dry_runs.beside_input import compared

        return compared(*self._pairs())

    def _pairs(self, limit: int | None = None) -> tuple[pd.DataFrame, pd.DataFrame, dict[Any, list[Any]]]:
        from celigo_pandas.accessors.dry_runs.beside_input import sources_of

        after, positions = self._mapped
        before = self._rows.iloc[positions[:limit]]
        return before, after.iloc[:limit], sources_of(self._document, before, after, self._sep)

    def summary(self) -> str:
        """Say in a few words what became of the rows.

        Examples
        --------
        >>> orders.celigo.dry_run(import_doc).summary()
        '20 rows: 20 mapped.'
        """
        parts = [f"{count:,} {name.replace('_', ' ')}" for name, count in self.counts.items() if count]
        return f"{len(self):,} row{'' if len(self) == 1 else 's'}: {', '.join(parts) or 'nothing to map'}."

    def __repr__(self) -> str:
        return f"<DryRun {self.summary()}>"

    def _repr_html_(self) -> Markup:
        parts: list[Any] = [tag("p", self.summary())]
        groups = Counter((row.code or "", row.message or "", row.source or "") for row in self._states if row.message)
        if groups:
            rows = [(count, *(legible(text, 500) for text in group)) for group, count in groups.most_common(10)]
            parts.append(table(["count", "code", "message", "source"], rows))
        parts.append(self._compared_html())
        return tag("div", *parts)

    def _compared_html(self) -> Markup:
        from celigo_pandas.accessors.dry_runs.beside_input import comparison_html

        try:
            count = len(self._mapped[0])
        except FrameError as error:
            return tag("p", legible(str(error), 500))
        shown = comparison_html(*self._pairs(_SHOWN_ROWS))
        if count <= _SHOWN_ROWS:
            return shown
        return tag("div", shown, tag("p", f"The first {_SHOWN_ROWS} of {count:,} mapped records."))


def mapped_frame(records: list[Any]) -> tuple[pd.DataFrame, list[int]]:
    """Make a frame of mapped records as a pull would.

    Returns
    -------
    DataFrame
        RangeIndex; ``attrs["celigo"]`` notes that names are flattened, so that a push nests them again. Objects whose
        keys look like ids, or that are too deep for names, stay objects, and then all do.
    list of int
        For each row the position of its record: a record that is a list becomes a row per element.

    Raises
    ------
    FrameError
        The keys of the records themselves look like ids.
    """
    try:
        return _framed(records, Shape())
    except FrameError:
        pass
    try:
        return _framed(records, Shape(nested="keep"))
    except FrameError as error:
        error.hint = "Map fewer rows at once, or let the mapping put what such keys hold into one object."
        raise


def _framed(records: list[Any], shape: Shape) -> tuple[pd.DataFrame, list[int]]:
    rows = Rows(records, shape)
    columns = ColumnSet(shape)
    found, members = spread(rows.records, shape)
    columns.add(Block(len(rows.records), found, len(rows.records), "records", members=members))
    frame = columns.frame()
    frame.attrs["celigo"] = {"flatten": shape.sep} if shape.flattens else {}
    return frame, list(range(len(rows.records))) if rows.sources is None else rows.sources


def dry_run(
    df: pd.DataFrame,
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
    """Map a frame and send nothing to the target.

    Parameters
    ----------
    df : DataFrame
        Any index. Not modified. Anything with the Arrow stream interface (polars, pyarrow) is taken too.
    import_doc : dict, builder or saved import
        Mapper 1.0 (``mapping``), 2.0 (``mappings``), or neither: then records pass through.
    con : Connection, name or id, optional
        ``None`` evaluates here, without any request but for the scripts that the document names; else the server's
        ``/import/map`` does, with its own scripts. A name is taken as in :func:`~celigo_pandas.to_import`.
    batch_size : int
        Rows per request.
    na, unflatten, sep
        As in :func:`~celigo_pandas.to_import`.
    progress : optional
        As in :func:`~celigo_pandas.read_export`.
    scripts : dict, or client.scripts, optional
        Text or file of a script that the document names, by the script's id or name. What is not in it is read from
        the account of the saved import, or else of the only open client. With `con` the server must have the same text.
    allow_api : Client, optional
        Whose rights ``integrator-api`` has in scripts; without it every such call is an error of the script.

    Returns
    -------
    DryRun

    Raises
    ------
    FrameError
        A value that cannot be sent.
    DocumentError
        A mapping that cannot be read, a script that is not at hand.
    ScriptError
        A script without a function.
    MissingExtraError
        The document names scripts, and the extra ``scripts`` is not installed.
    ConfigError
        `scripts` has an entry that the document does not refer to, or another text than the server.
    ApiError, TransportError
        The server refused a call, or gave no usable answer.

    Notes
    -----
    Warns once (:class:`HintWarning`) of rules that read no column, write a literal where a column has that name, or
    make text of numbers. Scripts get pages of 100 records. What fails in one stands at its rows.
    Requests: without `con` one for each script that is read from the account; else one POST per batch, which changes
    nothing and is resent like a read.

    Examples
    --------
    >>> celigo.dry_run(orders, import_doc)
    <DryRun 20 rows: 20 mapped.>
    """
    from celigo_pandas.accessors.dry_runs.script_choice import local_hooks, require_same
    from celigo_pandas.accessors.dry_runs.trap_warnings import warn_of_traps

    df = as_frame(df)
    nested_by = flatten_sep(df, unflatten, sep)
    account = account_of(import_doc, server=server_of(df))
    if con is None and isinstance(import_doc, SavedTarget) and import_doc.kind == "import":
        import_doc = import_doc.virtual()  # its connection is not asked for
    connection, document = resolve_import(import_doc, con, df)
    warn_of_traps(df, document, nested_by)
    rows = kept_copy(df)
    if con is None or connection is None:
        hooks = local_hooks(document, scripts, account, allow_api)
        states, mapped = map_here(rows, document, na=na, sep=nested_by, hooks=hooks)
        return DryRun(rows, states, mapped, document, nested_by, hooks.log if hooks else ())
    if allow_api is not None:
        raise ConfigError("allow_api= is for a dry run without con=; the server decides what its scripts may call.")
    require_same(document, scripts, connection.client)
    states, mapped = map_there(
        rows, document, connection, na=na, sep=nested_by, batch_size=batch_size, progress=progress
    )
    return DryRun(rows, states, mapped, document, nested_by)


def map_import(
    df: pd.DataFrame,
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
    """Return the records that an import's mapping makes of a frame: ``dry_run(...).mapped``.

    Parameters
    ----------
    df, import_doc, con, batch_size, na, unflatten, sep, progress, scripts, allow_api
        As in :func:`dry_run`.

    Returns
    -------
    DataFrame
        The labels of the input rows, repeated where a row gives several records; rows that fail or are ignored are not
        in it.

    Examples
    --------
    >>> celigo.map_import(orders, import_doc).order.tolist()[:3]
    ['1', '3', '4']
    """
    return dry_run(
        df,
        import_doc,
        con,
        batch_size=batch_size,
        na=na,
        unflatten=unflatten,
        sep=sep,
        progress=progress,
        scripts=scripts,
        allow_api=allow_api,
    ).mapped
