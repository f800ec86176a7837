"""Which records of an import are left out: by a path into them, or by a filter asked of the collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from celigo_pandas.engine.adaptors.json_templates import record_context
from celigo_pandas.engine.adaptors.mongodb.documents import Refused, member_of
from celigo_pandas.engine.adaptors.mongodb.members import collection_at, in_use, server_for
from celigo_pandas.engine.adaptors.mongodb.mongodb_failures import limited
from celigo_pandas.engine.adaptors.mongodb.mongodb_outcomes import Result, failed
from celigo_pandas.engine.adaptors.protocol import Call, Outgoing, SourceFailure
from celigo_pandas.paths import PathError, parse_extract

__all__ = ["ignored_records"]


def ignored_records(
    call: Call, name: str, import_doc: Mapping[str, Any], block: Mapping[str, Any], batch: Sequence[Outgoing]
) -> dict[int, Result]:
    """Return the results of the records that are not to be sent, by their place."""
    skips_existing, skips_missing = bool(import_doc.get("ignoreExisting")), bool(import_doc.get("ignoreMissing"))
    if not skips_existing and not skips_missing:
        return {}
    exists = _existence(call, name, block)
    if exists is None:
        if skips_missing and not skips_existing and block.get("method") == "updateOne":
            return {}  # an update without a match is ignored anyway
        field = "import.mongodb.ignoreExtract"
        text = "ignoreExisting and ignoreMissing need mongodb.ignoreExtract or mongodb.ignoreLookupFilter."
        raise SourceFailure(text, code="missing_required_field", field=field, sent=False)
    found: dict[int, Result] = {}
    for place, one in enumerate(batch):
        try:
            if skips_existing if exists(one) else skips_missing:
                found[place] = {"statusCode": 200, "ignored": True}
        except Refused as error:
            found[place] = failed(error.code, error.message)
    return found


def _existence(call: Call, name: str, block: Mapping[str, Any]) -> Callable[[Outgoing], bool] | None:
    extract = block.get("ignoreExtract")
    if isinstance(extract, str) and extract:
        try:
            path = parse_extract(extract)
        except PathError as error:
            field = "import.mongodb.ignoreExtract"
            raise SourceFailure(str(error), code="invalid_field", field=field, sent=False) from None
        return lambda one: path.read(one.source) not in (None, "", {})
    member = member_of(block, "import", "ignoreLookupFilter", dict)
    if member is None:
        return None

    def exists(one: Outgoing) -> bool:
        which = member.read_safe(record_context(call.context, Outgoing(one.position, one.source, one.source)))
        call.look()
        server = server_for(call)
        with in_use(call, server), limited(call):
            return collection_at(call, server, name).find_one(which, {"_id": 1}) is not None

    return exists
