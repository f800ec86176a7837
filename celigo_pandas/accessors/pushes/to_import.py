"""Pushing a frame through a virtual import: one outcome per row, nothing sent twice.

This file turns the call of a person into rows, a plan and a journal, and what came of it into a result. The order is
the promise: everything that can be refused (options, document, values, journal) is refused before the first request.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from urllib.parse import quote

import pandas as pd

from celigo_pandas.accessors.dry_runs.server_mapping import encode_document
from celigo_pandas.accessors.progress import open_progress
from celigo_pandas.accessors.pushes.batches import BODY_LIMIT, Brakes, Envelope, Sending
from celigo_pandas.accessors.pushes.import_result import ImportResult, PushCall, PushPreview, kept_copy
from celigo_pandas.errors import (
    CeligoError,
    ConfigError,
    DocumentError,
    Problem,
    PushCancelled,
    shown,
)
from celigo_pandas.folders import user_path
from celigo_pandas.frames.foreign import as_frame
from celigo_pandas.frames.outcomes import Outcomes
from celigo_pandas.frames.outward import Unflatten, encode_rows, flatten_sep
from celigo_pandas.journal.pushes import PushIdentity, PushJournal
from celigo_pandas.resources.counts import whole_number
from celigo_pandas.resources.imports import acts_per_call, describe, digest, file_names, file_names_vary, writes_file

__all__ = ["deliver", "fitted", "to_import"]

_PREVIEWED_ROWS = 5


def to_import(
    df: pd.DataFrame,
    import_doc: Any,
    con: Any = None,
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
    progress: Any = None,
    journal: str | os.PathLike[str] | None = None,
) -> ImportResult:
    """Push the rows of a frame through a virtual import.

    Parameters
    ----------
    df : DataFrame
        Shape (n, m), any index (duplicates and levels too), columns with distinct names. Not modified. Anything with
        the Arrow stream interface (a polars DataFrame, a pyarrow Table) is taken too; its rows are numbered from 0.
    import_doc : dict, builder or saved import
        A dict is sent exactly as it is.
    con : Connection, optional
        A saved import brings its own.
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
        As in :func:`~celigo_pandas.read_export`.
    journal : path, optional
        A folder that makes the push resumable after a crash: call again with the same arguments.

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
        No connection, a read-only client, an option out of range; nothing was sent.
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
    >>> result = df.celigo.to_import(import_doc, con)  # doctest: +SKIP
    >>> result.failed  # doctest: +SKIP
    """
    from celigo_pandas.accessors.targets import resolve_import

    df = as_frame(df)
    batch_size, max_workers = whole_number("batch_size", batch_size), whole_number("max_workers", max_workers)
    first = whole_number("first", first, 0)
    max_failures = None if max_failures is None else whole_number("max_failures", max_failures, 0, otherwise="None")
    if on_error not in ("collect", "raise"):
        raise ConfigError(f"on_error: got {shown(on_error)}; expected 'collect' or 'raise'.")
    connection, document = resolve_import(import_doc, con)
    if connection is None:
        raise ConfigError(
            "No connection was given for this import; expected con=client.connections['…'].",
            hint="A saved import (client.imports['…']) brings its own.",
        )
    client = connection.client
    if client.read_only and not preview:
        raise ConfigError(
            f"Nothing was sent: the client of {connection.name!r} is read-only.",
            hint="Connect without read_only=True (and CELIGO_READ_ONLY) to push; preview=True and dry_run still work.",
        )
    call = PushCall(
        connection_id=connection.id,
        document=copy.deepcopy(document),
        client=client,
        batch_size=batch_size,
        max_workers=max_workers,
        max_failures=max_failures,
        na=na,
        sep=flatten_sep(df, unflatten, sep),
        on_error=on_error,
        progress=progress,
        journal=None if journal is None else os.path.abspath(user_path(journal)),
    )
    kept = kept_copy(df)
    rows = encode_rows(df, na=na, unflatten=call.sep is not None, sep=call.sep or sep)
    if preview:
        fitted(call, rows)  # a preview refuses what the push would refuse
        return _preview(kept, call, connection)
    return _push(kept, rows, call, first)


def _push(kept: pd.DataFrame, encoded: list[bytes], call: PushCall, first: int) -> ImportResult:
    one_call, call = fitted(call, encoded)
    if acts_per_call(call.document) is not None:
        first = 0  # the first rows alone would be a file of their own
    rows = dict(enumerate(encoded))
    folder = call.journal
    if folder is None:
        return deliver(kept, rows, call, Outcomes(len(rows)), range(len(rows)), first=first, one_call=one_call)
    identity = _identity(encoded, call)
    call = _replace(call, identity=identity)
    with PushJournal(folder, identity) as opened:
        note = ""
        if opened.finished:
            note = f"The journal {folder} was finished before: nothing was sent now."
        elif opened.resumed:
            note = f"Resumed from the journal {folder}."
            # Not again when a push goes on; but a first batch that never succeeded has proved nothing.
            first = 0 if opened.outcomes.positions("ok") else first
        due = opened.outcomes.positions("not_sent")
        return deliver(
            kept, rows, call, opened.outcomes, due, first=first, one_call=one_call, journal=opened, note=note
        )


def deliver(
    kept: pd.DataFrame,
    rows: Mapping[int, bytes],
    call: PushCall,
    outcomes: Outcomes,
    positions: Sequence[int],
    *,
    first: int = 0,
    one_call: bool = False,
    journal: PushJournal | None = None,
    note: str = "",
) -> ImportResult:
    """Send the rows at `positions` and make the result over all of `kept`; a push and its retry both end here."""
    client = call.client
    call.newest[:] = [outcomes]
    sending = Sending(
        client.api.send,
        Envelope(f"/connections/{quote(call.connection_id, safe='')}/import", encode_document(call.document)),
        rows,
        outcomes,
        brakes=Brakes(first, call.max_failures),
        batch_size=call.batch_size,
        max_workers=call.max_workers,
        journal=journal,
        first_batch=1 + _last_batch(outcomes, journal),
        one_call=one_call,
    )
    setting = client.progress if call.progress is None else call.progress
    ended: BaseException | None = None
    bar = open_progress(setting, description="push") if len(positions) else nullcontext()
    try:
        with bar as opened:
            sending.run(positions, lambda done: opened.show(done, len(positions)) if opened is not None else None)
    except BaseException as error:  # whatever it is: the outcomes are kept first
        ended = error
    _explain(outcomes, sending.stop_reason)
    result = ImportResult(kept, outcomes, call, stop_reason=sending.stop_reason, note=note)
    client.last_push = result
    try:
        if isinstance(ended, KeyboardInterrupt):
            raise PushCancelled(f"The push was interrupted. {result.summary()} See .result.", result=result) from None
        if ended is not None:
            raise ended
    finally:
        del ended  # its traceback holds this frame
    if sending.failure is not None:
        raise _with_hint(sending.failure)
    if call.on_error == "raise":
        result.raise_for_failures()
    return result


def _last_batch(outcomes: Outcomes, journal: PushJournal | None) -> int:
    known = max((row.batch or 0 for row in outcomes.rows), default=0)
    return max(known, journal.last_batch) if journal is not None else known


def _explain(outcomes: Outcomes, reason: str | None) -> None:
    """Tell every row that was not sent why."""
    if reason is None:
        return
    for position, row in enumerate(outcomes.rows):
        if row.outcome == "not_sent" and row.message is None:
            outcomes.rows[position] = row._replace(message=f"The push stopped: {reason.rstrip('.')}.")


def _with_hint(error: BaseException) -> BaseException:
    if isinstance(error, CeligoError):
        error.hint = f"{error.hint or ''} The outcome of every row is in client.last_push.".strip()
    return error


# -- what a call of the API is ----------------------------------------------------------------------------------------


def fitted(call: PushCall, rows: Sequence[bytes]) -> tuple[bool, PushCall]:
    """Decide whether everything goes out in one call; raise where it must and cannot."""
    member = acts_per_call(call.document)
    if member is None:
        return False, call
    size = sum(map(len, rows)) + len(rows) + len(encode_document(call.document)) + 32
    if size <= BODY_LIMIT:
        return True, call
    if writes_file(member) and file_names_vary(call.document):
        return False, _replace(call, batch_size=max(1, len(rows)))  # as few calls as the size allows, a file each
    names = ", ".join(path for path, _ in file_names(call.document)) or "no file name"
    what = (
        f"it writes one file per call ({names} does not vary by call)"
        if writes_file(member)
        else "it acts once per call"
    )
    raise DocumentError(
        f"{describe(call.document)} cannot take {len(rows):,} rows: {what}, and they need {size:,} bytes where "
        f"{BODY_LIMIT:,} fit into one call. Nothing was sent.",
        hint="Push fewer rows, or put {{random}} into the file name, so that each call writes a file of its own."
        if writes_file(member)
        else "Push fewer rows, or use a query type that runs per record or per page.",
        problems=[Problem("acts_per_call", "The rows do not fit into one call.", member)],
    )


def _replace(call: PushCall, **members: Any) -> PushCall:
    return PushCall(**{**vars(call), **members})


def _identity(rows: Sequence[bytes], call: PushCall) -> PushIdentity:
    frame = hashlib.sha256()
    for row in rows:
        frame.update(row)
        frame.update(b"\n")  # JSON on one line holds none
    document = digest(json.loads(encode_document(call.document)))
    return PushIdentity(frame.hexdigest(), document, call.connection_id, call.batch_size, len(rows))


# -- preview ----------------------------------------------------------------------------------------------------------


def _preview(kept: pd.DataFrame, call: PushCall, connection: Any) -> PushPreview:
    from celigo_pandas.accessors.dry_runs.dry_run import DryRun
    from celigo_pandas.accessors.dry_runs.local_steps import map_here

    client = connection.client
    client.ask_account_once()
    sandbox = ", sandbox" if getattr(connection, "sandbox", False) else ""
    target = (
        f"{describe(call.document)} through {connection.name} ({connection.id}{sandbox}) "
        f"at {client.host}, account {client.account or 'unknown'}"
    )
    head = kept.iloc[:_PREVIEWED_ROWS]
    try:
        mapped = DryRun(head, *map_here(head, call.document, na=call.na, sep=call.sep)).mapped
    except CeligoError:  # a mapping that only the server can evaluate
        mapped = None
    return PushPreview(kept, Outcomes(len(kept)), call, target=target, mapped=mapped)
