"""Rows on their way to their end: a push and its retry both send through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from urllib.parse import quote

import pandas as pd

from celigo_pandas.accessors.progress import open_progress
from celigo_pandas.accessors.pushes.batches import Brakes, Envelope, Sending
from celigo_pandas.accessors.pushes.push_call import PushCall
from celigo_pandas.client.json_bodies import encode
from celigo_pandas.errors import CeligoError
from celigo_pandas.frames.outcomes import Outcomes
from celigo_pandas.journal.pushes import PushJournal

__all__ = ["Delivery", "deliver"]


@dataclass(frozen=True)
class Delivery:
    """How a push ended: what its result is made of, and what is raised once there is one.

    ``ended`` is what ended the thread of the caller (Ctrl-C, a signal handler that raises), ``failure`` what ended a
    worker (a journal that cannot be written).
    """

    rows: pd.DataFrame
    outcomes: Outcomes
    call: PushCall
    stop_reason: str | None = None
    note: str = ""
    ended: BaseException | None = None
    failure: BaseException | None = None


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
) -> Delivery:
    """Send the rows at `positions` of `kept`; raises nothing but what hinders it from beginning."""
    client = call.client
    call.newest[:] = [outcomes]
    sending = Sending(
        client.api.send,
        Envelope(f"/connections/{quote(call.connection_id, safe='')}/import", encode(call.document, "import")),
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
    try:
        return Delivery(kept, outcomes, call, sending.stop_reason, note, ended, _with_hint(sending.failure))
    finally:
        del ended  # its traceback holds this frame


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


def _with_hint(error: BaseException | None) -> BaseException | None:
    if isinstance(error, CeligoError):
        error.hint = f"{error.hint or ''} The outcome of every row is in client.last_push.".strip()
    return error
