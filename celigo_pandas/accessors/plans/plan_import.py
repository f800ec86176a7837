"""``plan_import``: what a push would change, found out beforehand."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from celigo_pandas.accessors.destinations.compared_fields import KeyLike, ignored_names, key_pairs
from celigo_pandas.accessors.destinations.current_rows import CurrentLike, is_table
from celigo_pandas.accessors.plans.import_plan import ImportPlan
from celigo_pandas.accessors.plans.making import made
from celigo_pandas.accessors.plans.plan_call import PlanCall
from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.targets import (
    ConnectionLike,
    DocumentLike,
    resolve_connection,
    resolve_import,
    server_of,
)
from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.frames.foreign import as_frame
from celigo_pandas.frames.kept_copy import kept_copy
from celigo_pandas.frames.outward import Unflatten, flatten_sep

__all__ = ["plan_import"]


def plan_import(
    df: pd.DataFrame,
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
    """Find out what a push would create, update and leave alone; send nothing.

    Parameters
    ----------
    df : DataFrame
        As in :func:`~celigo_pandas.to_import`.
    import_doc : dict, builder or saved import
    con : Connection, name or id, optional
        Where :meth:`ImportPlan.push` goes; a saved import brings its own. Without one a plan can be made of a frame.
    current : DataFrame, or export (dict, builder, saved export)
        What is at the destination: all its rows, or at least all that could have one of the keys.
    key : str, sequence or dict
        The fields by which a row is known, named as the mapping writes them; a dict where a column is called otherwise
        there: ``{"id": "ORDER_ID"}``.
    columns : sequence or dict, optional
        Fields to compare. A dict says what they are called there and compares the others under their own names; in a
        list, a field that has no column there counts as missing there. By default all that the mapping writes.
    ignore : str or iterable of str
        Fields that are not compared; the name of an object stands for all below it.
    normalize : str, callable, sequence or dict, optional
        What counts as the same: ``"trim"`` (white space around texts), ``"case"``, ``"empty"`` (an empty text is
        missing), ``"number"`` (texts that are numbers), ``"text"`` (numbers as their text), ``"boolean"`` (``true``,
        ``"true"``, 1), ``"utc"`` (times without a zone are UTC), ``"exact"`` (keys are told apart letter by letter), a
        function of a value, or several, for all fields or by field.
    current_con : Connection, name or id, optional
        Where the export reads, if not through `con`; a saved export brings its own.
    map_on : {"here", "server"}
        Who maps the rows: this process, or the server's ``/import/map``.
    na, unflatten, sep, progress
        As in :func:`~celigo_pandas.to_import`.

    Returns
    -------
    ImportPlan

    Raises
    ------
    FrameError
        A field or column that is not there, a key that cannot be compared, a value that cannot be sent.
    ConfigError
        An option that cannot be; rows of the destination that are not all there (a pull that stopped, or came with
        record errors): what is not among them would count as absent.
    DocumentError
        A mapping that cannot be read, or an export that changes its source.
    CeligoError
        A pull of the destination that fails: see :func:`~celigo_pandas.read_export`.

    Notes
    -----
    Values are the same as numbers by value, as dates by the moment they name where both are dates, as texts letter by
    letter; all missing values are one. A time without a zone beside one that has a zone cannot be compared: such a row
    is a ``conflict``, and so is one whose key is missing, stands here or there more than once, or differs from a key
    there only in what a collation may not tell apart.
    Requests: those of the pull, if `current` is an export; with ``map_on="server"`` one POST per batch.

    Examples
    --------
    >>> plan = celigo.plan_import(orders, import_doc, desk, current=late, key="order")
    >>> plan.counts["create"], plan.changes[["field", "before", "after"]].values.tolist()
    (18, [['email', 'old@example.com', 'hugo.arnold@example.com']])
    """
    from celigo_pandas.accessors.dry_runs.trap_warnings import warn_of_traps

    df = as_frame(df)
    key_pairs(key)
    if map_on not in ("here", "server"):
        raise ConfigError(f"map_on: got {shown(map_on)}; expected 'here' or 'server'.")
    connection, document = resolve_import(import_doc, con, df)
    if map_on == "server" and connection is None:
        raise ConfigError("map_on='server' needs a connection; expected con=client.connections['…'].")
    if current_con is not None:
        current_con = resolve_connection(current_con, current, server_of(df))
    call = PlanCall(
        document=copy.deepcopy(document), key=key, columns=columns,
        ignore=ignored_names(ignore), normalize=normalize, map_on=map_on, na=na,
        sep=flatten_sep(df, unflatten, sep), connection=connection, current=None if is_table(current) else current,
        current_con=current_con, progress=progress,
    )  # fmt: skip

    warn_of_traps(df, call.document, call.sep)
    rows = kept_copy(df)
    return ImportPlan(rows, call, made(rows, call, current))
