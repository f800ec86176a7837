"""What an export asks of a collection: a filter with a projection, or a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import bson
from pymongo.read_preferences import ReadPreference

from celigo_pandas.engine.adaptors.mongodb.bson_values import CODEC, to_json
from celigo_pandas.engine.adaptors.mongodb.documents import block_of, collection_of, member_of
from celigo_pandas.engine.adaptors.mongodb.members import PREFERENCES
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.errors import shown

__all__ = ["Query", "chunk_size", "query_of"]

_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Query:
    """What an export asks: documents that a filter finds, or what a pipeline makes of them."""

    collection: str
    filter: dict[str, Any]
    projection: dict[str, Any] | None
    pipeline: list[Any] | None
    preference: str

    @property
    def read_preference(self) -> Any:
        """The read preference as the driver has it."""
        return _READ_PREFERENCES[self.preference]

    @property
    def body(self) -> dict[str, Any]:
        """What it says, as a log shows it."""
        if self.pipeline is not None:
            return {"aggregate": self.collection, "pipeline": to_json(_plain(self.pipeline))}
        projection = {} if self.projection is None else {"projection": to_json(_plain(self.projection))}
        return {"find": self.collection, "filter": to_json(_plain(self.filter)), **projection}


def query_of(call: Call, export_doc: Mapping[str, Any]) -> Query:
    """Read an export document; :class:`SourceFailure` says what cannot be used."""
    block = block_of(export_doc, "export")
    if export_doc.get("type") == "once":
        text = "Exports of type once are not built for MongoDB: its documents name nothing that marks a record."
        raise SourceFailure(text, code="not_built", field="export.type", sent=False)
    members = {
        name: member_of(block, "export", name, list if name == "pipeline" else dict)
        for name in ("filter", "projection", "pipeline")
    }
    found = {name: None if one is None else one.once(call.context) for name, one in members.items()}
    if found["pipeline"] is not None and not all(isinstance(stage, dict) for stage in found["pipeline"]):
        field = "export.mongodb.pipeline"
        raise SourceFailure(f"{field} is no array of stages: objects.", code="invalid_json", field=field, sent=False)
    return Query(
        collection_of(block, "export"),
        found["filter"] or {},
        found["projection"],
        found["pipeline"],
        _preference(block),
    )


def _preference(block: Mapping[str, Any]) -> str:
    given = block.get("readPreference")
    if given in (None, "", "doNotOverride"):
        return "primary"
    if given not in PREFERENCES:
        field = "export.mongodb.readPreference"
        text = f"{field}: got {shown(given)}; expected doNotOverride or one of {', '.join(PREFERENCES)}."
        raise SourceFailure(text, code="invalid_field", field=field, sent=False)
    return str(given)


def chunk_size(export_doc: Mapping[str, Any]) -> int:
    """Return the documents to fetch at once: a page, within bounds."""
    size = export_doc.get("pageSize")
    return max(100, min(10_000, size)) if isinstance(size, int) else _CHUNK


def _plain(value: object) -> Any:
    """Return a value as the driver would read it back, so that it has a JSON form."""
    return bson.decode(bson.encode({"": value}), CODEC)[""]


_READ_PREFERENCES: Mapping[str, Any] = {
    "primary": ReadPreference.PRIMARY,
    "primaryPreferred": ReadPreference.PRIMARY_PREFERRED,
    "secondary": ReadPreference.SECONDARY,
    "secondaryPreferred": ReadPreference.SECONDARY_PREFERRED,
    "nearest": ReadPreference.NEAREST,
}
