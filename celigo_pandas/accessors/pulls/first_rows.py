"""The first rows of an export, in one call."""

from __future__ import annotations

import pandas as pd

from celigo_pandas.accessors.targets import DocumentLike, Target, resolve_export
from celigo_pandas.documents.counts import whole_number
from celigo_pandas.documents.export_documents import consuming_member
from celigo_pandas.errors import (
    DocumentError,
    Problem,
    RecordErrorsWarning,
    TransportError,
    problems_from_body,
    shown,
)
from celigo_pandas.frames.notices import notify
from celigo_pandas.frames.reading import frame_of

__all__ = ["preview"]


def preview(connection: Target, export: DocumentLike, rows: int = 20, *, consume: bool = False) -> pd.DataFrame:
    """Run an export once (``POST …/export``, one request) and return at most `rows` of its rows.

    Notes
    -----
    ``pageSize`` is added, with the value of `rows`, where the document says nothing; all else is sent as it is.
    """
    rows = whole_number("rows", rows)
    connection, doc = resolve_export(export, connection)
    member = consuming_member(doc)
    if member is not None and not consume:
        raise DocumentError(
            f"This export changes its source: its member {member!r} writes, marks or deletes.",
            hint="A preview would do that too. Pass consume=True to allow it.",
            problems=[Problem("consuming_export", "It changes its source.", member)],
        )
    doc.setdefault("pageSize", rows)
    answer = connection.client.api.export(connection.id, doc, repeat="read" if member is None else "consume")
    records = answer.get("data")
    if not isinstance(records, list):
        raise TransportError(
            f"POST /connections/{connection.id}/export was answered without the list 'data': got {shown(records)}."
        )
    errors = problems_from_body({"errors": answer.get("errors") or []})
    if errors:
        notify(f"The server reported {len(errors)} errors beside the records: {errors[0]}", RecordErrorsWarning)
    return frame_of(records).head(rows)
