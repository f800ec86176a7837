"""The steps of an import before its submit, evaluated by the server: ``POST /connections/{id}/import/map``.

Assumed: the shape of the answer is not published beyond "the set of mapped records". Accepted are a bare record and one
wrapped as ``{"statusCode", "data"}``, an element that is ``null`` or ``ignored``, and ``{"statusCode", "errors"}`` in
place of a record that failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pandas as pd

from celigo_pandas.accessors.local_steps import RowState, state_of
from celigo_pandas.accessors.progress import open_progress
from celigo_pandas.accessors.sending import BODY_LIMIT
from celigo_pandas.client.documents import decode
from celigo_pandas.client.messages import Request
from celigo_pandas.errors import ApiError, TransportError, problems_from_body, shown
from celigo_pandas.frames.outward import encode_rows
from celigo_pandas.resources.counts import whole_number

__all__ = ["encode_document", "map_there"]

_WRAPPING = frozenset({"statusCode", "data", "errors", "ignored", "id", "_json", "dataURI"})


def encode_document(document: Mapping[str, Any]) -> bytes:
    """Encode an import document exactly as it is."""
    from celigo_pandas.client.documents import encode

    return encode(document, "import")


def map_there(
    df: pd.DataFrame,
    document: Mapping[str, Any],
    connection: Any,
    *,
    na: str,
    sep: str | None,
    batch_size: int,
    progress: Any,
) -> tuple[list[RowState], list[tuple[int, Any]]]:
    """Let the server map each row; returns what :func:`~celigo_pandas.accessors.local_steps.map_here` returns."""
    rows = encode_rows(df, na=na, unflatten=sep is not None, sep=sep or ".")
    prefix = b'{"import":' + encode_document(document) + b',"data":['
    path = f"/connections/{quote(connection.id, safe='')}/import/map"
    states: list[RowState] = []
    mapped: list[tuple[int, Any]] = []
    size = whole_number("batch_size", batch_size)
    setting = connection.client.progress if progress is None else progress
    with open_progress(setting, description="dry run") as bar:
        while len(states) < len(rows):
            start = len(states)
            batch = rows[start : start + size]
            body = prefix + b",".join(batch) + b"]}"
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
                state, records = _read(element)
                states.append(state)
                mapped += [(start + offset, record) for record in records]
            bar.show(len(states), len(rows))
    return states, mapped


def _answer(api: Any, request: Request) -> Any:
    """Send, and decode within the sending: a damaged body is asked for again."""
    decoded: list[Any] = []
    api.send(request, inspect=lambda response: decoded.append(decode(response.content)))
    return decoded[-1]


def _elements(answer: Any, length: int) -> Sequence[Any]:
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


def _read(element: Any) -> tuple[RowState, list[Any]]:
    if element is None:
        return RowState("ignored"), []
    if not isinstance(element, dict) or not _is_wrapped(element):
        return RowState("mapped"), [element]
    problems = problems_from_body({"errors": element["errors"]}) if element.get("errors") else ()
    data = element.get("data")
    records = data if isinstance(data, list) else [] if data is None else [data]
    if element.get("ignored") is True:
        return state_of("ignored", problems), []
    if problems:
        return state_of("mapped_with_errors" if records else "failed", problems), records
    status = element.get("statusCode")
    if isinstance(status, int) and not 200 <= status < 300:
        return RowState("failed", str(status), f"The server answered {status} without a reason."), []
    return RowState("mapped"), records


def _is_wrapped(element: dict[str, Any]) -> bool:
    """Tell a wrapped record from a bare one that happens to have a field of such a name."""
    if not _WRAPPING.issuperset(element):
        return False
    status = element.get("statusCode")
    if not isinstance(status, int):
        return False
    return bool({"data", "errors", "ignored"} & element.keys()) or not 200 <= status < 300
