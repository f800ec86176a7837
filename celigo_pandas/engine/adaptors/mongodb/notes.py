"""What an export's reader should know: a collection that is not there, and texts compared with what is no text.

The database compares by type: ``{"at": {"$gt": "2024-05-01T00:00:00Z"}}`` finds no document whose ``at`` is a date, and
says nothing. Such a comparison is sent as it is written and told beside the first page; nothing is converted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pymongo
from pymongo import errors
from pymongo.collection import Collection

from celigo_pandas.engine.adaptors.mongodb.members import Server
from celigo_pandas.engine.adaptors.mongodb.mongodb_failures import left_s
from celigo_pandas.engine.adaptors.protocol import Call
from celigo_pandas.errors import shown

__all__ = ["notes_on", "texts_compared"]

_LOOK_S = 2.0
"""For a look at the collection, which an index may not help."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?")
_OBJECT_ID = re.compile("[0-9a-fA-F]{24}")

_COMPARES = frozenset({"$eq", "$gt", "$gte", "$lt", "$lte", "$in"})
_JOINS = frozenset({"$and", "$or"})


class Comparison(NamedTuple):
    """A member that a filter compares with a text that looks like another type."""

    path: str
    text: str
    type: str
    form: str


def notes_on(
    call: Call,
    server: Server,
    collection: Collection[Any],
    filter: dict[str, Any],
    pipeline: list[Any] | None,
    *,
    is_empty: bool,
) -> list[dict[str, Any]]:
    """Return what is said beside the first page.

    Parameters
    ----------
    is_empty : bool
        Whether nothing was found.
    """
    first = pipeline[0].get("$match") if pipeline else filter
    asked = first if isinstance(first, dict) else {}
    notes = [_note(one, server, collection) for one in texts_compared(asked) if _has_type(call, collection, one)]
    if is_empty and not notes and _is_missing(call, collection):
        text = f"The collection {shown(collection.name)} is not in the database {shown(collection.database.name)}."
        notes.append({"code": "collection_not_found", "message": text, "source": "application"})
    return notes


def texts_compared(filter: dict[str, Any]) -> list[Comparison]:
    """List the comparisons of a filter with texts that look like a date or an ObjectId, a member and type once."""
    found: dict[tuple[str, str], Comparison] = {}
    for path, text in _texts(filter):
        if _DATE.fullmatch(text):
            found.setdefault((path, "date"), Comparison(path, text, "date", "$date"))
        elif _OBJECT_ID.fullmatch(text):
            found.setdefault((path, "objectId"), Comparison(path, text, "objectId", "$oid"))
    return list(found.values())


def _texts(filter: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in filter.items():
        if name in _JOINS and isinstance(value, list):
            for one in value:
                yield from _texts(one) if isinstance(one, dict) else ()
        elif not name.startswith("$"):
            yield from ((name, text) for text in _compared(value))


def _compared(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, str))
    elif isinstance(value, dict):
        for name, one in value.items():
            if name in _COMPARES:
                yield from _compared(one)


def _has_type(call: Call, collection: Collection[Any], compared: Comparison) -> bool:
    with suppress(errors.PyMongoError), pymongo.timeout(min(_LOOK_S, left_s(call))):
        return collection.find_one({compared.path: {"$type": compared.type}}, {"_id": 1}) is not None
    return False


def _is_missing(call: Call, collection: Collection[Any]) -> bool:
    """Whether there surely is no such collection; a user who may not list them is told nothing."""
    with suppress(errors.PyMongoError), pymongo.timeout(min(_LOOK_S, left_s(call))):
        return not collection.database.list_collection_names(filter={"name": collection.name})
    return False


def _note(compared: Comparison, server: Server, collection: Collection[Any]) -> dict[str, Any]:
    kind = "a date" if compared.type == "date" else "an ObjectId"
    text = (
        f"{collection.name} has documents whose {shown(compared.path)} is {kind}; compared with the text "
        f'{shown(compared.text)} none of them is found. To compare with {kind} write {{"{compared.form}": "…"}}.'
    )
    return {"code": "text_compared", "message": text, "source": "application"}
