"""What fits into one call: an import that acts per call gets all rows at once, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from celigo_pandas.accessors.import_call import BODY_LIMIT
from celigo_pandas.accessors.pushes.push_call import PushCall
from celigo_pandas.client.json_bodies import encode
from celigo_pandas.documents.import_documents import acts_per_call, describe, file_names, file_names_vary, writes_file
from celigo_pandas.errors import DocumentError, Problem

__all__ = ["fitted"]


def fitted(call: PushCall, rows: Sequence[bytes]) -> tuple[bool, PushCall]:
    """Decide whether everything goes out in one call; raise where it must and cannot."""
    member = acts_per_call(call.document)
    if member is None:
        return False, call
    size = sum(map(len, rows)) + len(rows) + len(encode(call.document, "import")) + 32
    if size <= BODY_LIMIT:
        return True, call
    if writes_file(member) and file_names_vary(call.document):
        return False, replace(call, batch_size=max(1, len(rows)))  # as few calls as the size allows, a file each
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
