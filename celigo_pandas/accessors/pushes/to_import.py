"""Pushing a frame through a virtual import: one outcome per row, nothing sent twice."""

from __future__ import annotations

import os

import pandas as pd

from celigo_pandas.accessors.dry_runs.dry_run import DryRun
from celigo_pandas.accessors.dry_runs.local_steps import map_here
from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.pushes.fit import fitted
from celigo_pandas.accessors.pushes.import_result import ImportResult, PushPreview
from celigo_pandas.accessors.pushes.push_call import PushCall
from celigo_pandas.accessors.pushes.pushing import check_writable, first_rows, push_call, push_rows, required
from celigo_pandas.accessors.targets import ConnectionLike, DocumentLike, Target, resolve_import
from celigo_pandas.documents.import_documents import describe
from celigo_pandas.documents.script_sources import ScriptsLike
from celigo_pandas.errors import (
    CeligoError,
)
from celigo_pandas.frames.foreign import as_frame
from celigo_pandas.frames.kept_copy import kept_copy
from celigo_pandas.frames.outcomes import Outcomes
from celigo_pandas.frames.outward import Unflatten, encode_rows, flatten_sep

__all__ = ["to_import"]

_PREVIEWED_ROWS = 5


def to_import(
    df: pd.DataFrame,
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
    """Push the rows of a frame through a virtual import.

    Parameters
    ----------
    df : DataFrame
        Shape (n, m), any index (duplicates and levels too), columns with distinct names. Not modified. Anything with
        the Arrow stream interface (a polars DataFrame, a pyarrow Table) is taken too; its rows are numbered from 0.
    import_doc : dict, builder or saved import
        A dict is sent exactly as it is.
    con : Connection, name or id, optional
        A saved import brings its own. A name is looked up at the client of the saved import, else at the one that the
        frame was pulled from, else at the only client that is open.
    batch_size : int, default 100
        Rows per request. An import that acts per call (a file, ``first_page``) goes out in one call instead.
    max_workers : int, default 1
        Most requests in flight. With more than one, rows may reach the target in another order.
    first : int, default 5
        So many rows (at most one batch) go alone; if none of them is ``ok``, the push stops. 0 turns it off.
    max_failures : int, optional
        Stop when more rows than this are ``failed`` or ``unknown``. A batch has no more rows than may fail yet, but ten
        at least, so at most nine rows fail beyond the first one too many: a small limit means small batches.
    na : {"omit", "null"}
        Leave missing values out, or send them as ``null``.
    unflatten : {"auto", True, False}
        Nest ``parent.child`` columns again: where a pull flattened them, always, never.
    sep : str, default "."
        The separator for ``unflatten=True``.
    on_error : {"collect", "raise"}
        ``"raise"`` raises at the end if any row is neither ``ok`` nor ``ignored``.
    preview : bool
        Show target, account, number of rows and the first mapped rows; send nothing.
    progress : optional
        As in :func:`~celigo_pandas.read_export`; what a function raises ends the push, with the outcome of every row in
        ``client.last_push``.
    journal : path, optional
        A folder that makes the push resumable after a crash: call again with the same arguments.
    scripts : dict, or client.scripts, optional
        Text or file of a script that the document names, by the script's id or name. The server runs its own scripts,
        so a push is refused unless it has the same text; a `preview` runs what is given.

    Returns
    -------
    ImportResult
        One outcome per row, on the index of `df`. Also kept as ``client.last_push``.

    Raises
    ------
    FrameError
        A value that JSON cannot hold, by column and row; nothing was sent.
    DocumentError
        An import that acts per call, whose rows do not fit into one call; nothing was sent.
    ConfigError
        No connection, a read-only client, an option out of range, a script that the server has otherwise; nothing was
        sent.
    JournalError
        A journal that is damaged, in use or of another push; or that cannot be written, then the push stops.
    ImportRejectedError
        With ``on_error="raise"``; holds the result.
    PushCancelled
        After Ctrl-C (a ``KeyboardInterrupt``); holds the result. A second Ctrl-C gives up the batches in flight.
    BaseException
        Anything else that ends the call (a signal handler that raises, ``sys.exit``) goes on as it is, once nothing
        more is sent and ``client.last_push`` has all outcomes; batches in flight are waited for five seconds.

    Notes
    -----
    Requests: one POST per batch. An import is not idempotent: a batch is sent again only when it surely was not
    processed; the table is in ``pushes/import_answers``. Rows whose fate is open are ``unknown``.
    Source: the API's virtual import and its per-record results.

    Examples
    --------
    >>> celigo.to_import(orders, import_doc, desk, progress=False).summary()
    '20 rows: 18 ok, 2 failed.'
    """
    from celigo_pandas.accessors.dry_runs.script_choice import require_same
    from celigo_pandas.accessors.dry_runs.trap_warnings import warn_of_traps

    df = as_frame(df)
    first = first_rows(first)
    resolved, document = resolve_import(import_doc, con, df)
    connection = required(resolved)
    if not preview:
        check_writable(connection)
    call = push_call(
        connection, document, batch_size=batch_size, max_workers=max_workers, max_failures=max_failures, na=na,
        sep=flatten_sep(df, unflatten, sep), on_error=on_error, progress=progress, journal=journal,
    )  # fmt: skip
    warn_of_traps(df, call.document, call.sep)
    kept = kept_copy(df)
    rows = encode_rows(df, na=na, unflatten=call.sep is not None, sep=call.sep or sep)
    if preview:
        fitted(call, rows)  # a preview refuses what the push would refuse
        return _preview(kept, call, connection, scripts)
    require_same(document, scripts, connection.client)
    return push_rows(kept, rows, call, first)


# -- preview ----------------------------------------------------------------------------------------------------------


def _preview(kept: pd.DataFrame, call: PushCall, connection: Target, scripts: ScriptsLike | None) -> PushPreview:
    from celigo_pandas.accessors.dry_runs.script_choice import local_hooks

    client = connection.client
    client.ask_account_once()
    sandbox = ", sandbox" if connection.sandbox else ""
    target = (
        f"{describe(call.document)} through {connection.name} ({connection.id}{sandbox}) "
        f"at {client.host}, account {client.account or 'unknown'}"
    )
    head = kept.iloc[:_PREVIEWED_ROWS]
    try:
        hooks = local_hooks(call.document, scripts, client)
        found = map_here(head, call.document, na=call.na, sep=call.sep, hooks=hooks)
        mapped = DryRun(head, *found, call.document, call.sep).mapped
    except CeligoError:  # a mapping that only the server can evaluate
        if scripts is not None:
            raise
        mapped = None
    return PushPreview(kept, Outcomes(len(kept)), call, target=target, mapped=mapped)
