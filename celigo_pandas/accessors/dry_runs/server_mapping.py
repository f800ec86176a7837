"""The steps of an import before its submit, evaluated by the server: ``POST /connections/{id}/import/map``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pandas as pd

from celigo_pandas.accessors.dry_runs.local_steps import RowState, state_of
from celigo_pandas.accessors.import_call import BODY_LIMIT, import_body
from celigo_pandas.accessors.progress import ProgressSetting, open_progress
from celigo_pandas.accessors.targets import Target
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.json_bodies import decode, encode
from celigo_pandas.client.messages import Request
from celigo_pandas.documents.counts import whole_number
from celigo_pandas.documents.map_answers import read_answer
from celigo_pandas.errors import ApiError, TransportError, shown
from celigo_pandas.frames.outward import encode_rows

__all__ = ["map_there"]


def map_there(
    df: pd.DataFrame,
    document: Mapping[str, Any],
    connection: Target,
    *,
    na: str,
    sep: str | None,
    batch_size: int,
    progress: ProgressSetting,
) -> tuple[list[RowState], list[tuple[int, Any]]]:
    """Let the server map each row; returns what :func:`~.local_steps.map_here` returns."""
    rows = encode_rows(df, na=na, unflatten=sep is not None, sep=sep or ".")
    sent = encode(document, "import")
    path = f"/connections/{quote(connection.id, safe='')}/import/map"
    states: list[RowState] = []
    mapped: list[tuple[int, Any]] = []
    size = whole_number("batch_size", batch_size)
    setting = connection.client.progress if progress is None else progress
    with open_progress(setting, description="dry run") as bar:
        while len(states) < len(rows):
            start = len(states)
            batch = rows[start : start + size]
            body = import_body(sent, batch)
            try:
                if len(body) > BODY_LIMIT and len(batch) > 1:
                    size = (len(batch) + 1) // 2
                    continue
                answer = _answer(connection.client.api, Request("POST", path, body=body))
            except ApiError as error:
                if error.status != 413 or len(batch) == 1:
                    raise
                size = (len(batch) + 1) // 2
                continue
            for offset, element in enumerate(_elements(answer, len(batch))):
                state, records = _read(element, document)
                states.append(state)
                mapped += [(start + offset, record) for record in records]
            bar.show(len(states), len(rows))
    return states, mapped


def _answer(api: ApiClient, request: Request) -> object:
    """Send, and decode within the sending: a damaged body is asked for again."""
    decoded: list[Any] = []
    api.send(request, inspect=lambda response: decoded.append(decode(response.content)))
    return decoded[-1]


def _elements(answer: object, length: int) -> Sequence[Any]:
    if isinstance(answer, dict) and isinstance(answer.get("data"), list):
        answer = answer["data"]
    if not isinstance(answer, list):
        raise TransportError(f"The answer of import/map is no list: got {shown(answer)}; expected {length} records.")
    if len(answer) != length:
        raise TransportError(
            f"The answer of import/map has {len(answer)} records for {length} rows, so none can be assigned.",
            hint="Without a connection, dry_run evaluates the mapping here.",
        )
    return answer


def _read(element: object, document: Mapping[str, Any]) -> tuple[RowState, list[Any]]:
    answer = read_answer(element, document)
    records = list(answer.records)
    if answer.is_ignored:
        return state_of("ignored", answer.problems), []
    if answer.failed_with is not None:
        reason = f"The server answered {answer.failed_with} without a reason."
        return RowState("failed", str(answer.failed_with), reason), []
    if answer.problems:
        return state_of("mapped_with_errors" if records else "failed", answer.problems), records
    return RowState("mapped"), records
