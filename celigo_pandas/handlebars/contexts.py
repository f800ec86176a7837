"""What templates see: the one place where the context of a template is made, whoever renders it.

A grouped record is an array of rows: beside ``record`` templates read it as ``rows``. ``rows.[0].x`` and a loop over
``rows`` are the plain language; ``rows.x`` reads the first row. The older engine's names, bare ones, ``data.x`` and
``data.0.x``, stand beside ``record.x`` of the newer one, so that templates of either kind work.
Facts: integrator-api.md, section 8.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = [
    "SURROUNDINGS",
    "Context",
    "Rows",
    "batch_context",
    "batch_members",
    "connection_context",
    "envelope_root",
    "joined",
    "lookup_context",
    "mapper_one_context",
    "mapper_two_context",
    "record_context",
    "record_members",
    "surroundings",
]

Context = dict[str, Any]
"""What one rendering reads: names to values."""

SURROUNDINGS: Final = frozenset(
    {"settings", "connection", "import", "export", "job", "data", "lookup", "rows", "testMode", "iClient", "_PARENT"}
)
"""What a template may read beside the record: no field of any record."""


class Rows(list[Any]):
    """The rows of a grouped record, or the records of a batch, on which a field's name reads the first one."""

    __slots__ = ()


# --- beside the records ---------------------------------------------------------------------------------------------


def surroundings(kind: str, doc: Mapping[str, Any], connection: Mapping[str, Any]) -> Context:
    """Make what the templates of one call see beside its records.

    Parameters
    ----------
    kind : str
        Of the document: ``export``, ``import`` or ``connection`` (a ping).
    doc : mapping
        The document itself.
    connection : mapping
        The masked connection; empty where nobody knows it.

    Examples
    --------
    >>> surroundings("import", {"settings": {"a": 1}}, {})["settings"]
    {'import': {'a': 1}, 'connection': {}}
    """
    return {
        "connection": dict(connection),
        "settings": {kind: doc.get("settings") or {}, "connection": connection.get("settings") or {}},
        kind: dict(doc),
        "job": {},
        "testMode": doc.get("type") == "test",
    }


def joined(
    context: Mapping[str, Any] | None, settings: Mapping[str, Any] | None, connection: Mapping[str, Any] | None
) -> Context:
    """Join surroundings that are given one by one."""
    members = dict(context or {})
    if settings is not None:
        members["settings"] = settings
    if connection is not None:
        members["connection"] = connection
    return members


def connection_context(connection: Mapping[str, Any], settings: object = None) -> Context:
    """Make what the templates of a connection's own requests see: the connection, and what its call has as settings."""
    return {"connection": connection} if settings is None else {"connection": connection, "settings": settings}


# --- records --------------------------------------------------------------------------------------------------------


def record_members(record: object) -> Context:
    """Return ``record``, and ``rows`` where it is grouped.

    Examples
    --------
    >>> record_members([{"id": 1}, {"id": 2}])["rows"]
    [{'id': 1}, {'id': 2}]
    """
    if isinstance(record, list):
        return {"record": record, "rows": Rows(record)}
    return {"record": record}


def batch_members(records: Sequence[Any]) -> Context:
    """Return ``batch_of_records``, and the older ``data``, for the records of one page, file or request."""
    return {"data": Rows(records), "batch_of_records": [record_members(record) for record in records]}


def record_context(record: object, around: Mapping[str, Any]) -> Context:
    """Make what a request, query or link for one record sees; its bare names give way to the surroundings.

    Examples
    --------
    >>> context = record_context({"id": 7}, {"settings": {}})
    >>> context["id"], context["data"], context["0"], context["record"]
    (7, [{'id': 7}], {'id': 7}, {'id': 7})
    """
    return {**_bare(record), "data": Rows([record]), "0": record, **around, **record_members(record)}


def batch_context(records: Sequence[Any], around: Mapping[str, Any]) -> Context:
    """Make what a request, query or file for several records sees: all of them, and the first one as for itself."""
    first = record_context(records[0], around) if records else dict(around)
    return {**first, **batch_members(records)}


def lookup_context(asked: Mapping[str, Any], around: Mapping[str, Any]) -> Context:
    """Make what a dynamic lookup sees: what a request for its record does, and ``lookupKey``.

    Parameters
    ----------
    asked : mapping
        The context of the mapping that asks: Mapper 1.0 gives bare names and ``data``, Mapper 2.0 ``record``.
    around : mapping
        The surroundings of the call.
    """
    data = asked.get("data")
    bare: Any = data[0] if isinstance(data, list) and len(data) == 1 else data
    return {**asked, **record_context(asked.get("record", bare), around), "lookupKey": asked.get("lookupKey")}


# --- mappers --------------------------------------------------------------------------------------------------------


def mapper_one_context(record: object, around: Mapping[str, Any]) -> Context:
    """Make what Mapper 1.0 sees: bare field names, which hide the surroundings, and ``data`` the record in a list.

    A grouped record is also ``rows``, and its bare names are those of its first row.
    """
    if not isinstance(record, list):
        return {**around, "data": [record], **_bare(record)}
    return {**around, "data": record, "rows": Rows(record), **_bare(record)}


def mapper_two_context(record: object, around: Mapping[str, Any]) -> Context:
    """Make what Mapper 2.0 sees: ``record``, and ``rows`` where it is grouped."""
    if isinstance(record, list):
        return {**around, **record_members(record)}
    return {**around, "record": record}


def envelope_root(record: object, around: Mapping[str, Any]) -> Context:
    """Make what the paths of a mapping of the envelope begin at: the record among its surroundings."""
    return {**around, "record": record}


def _bare(record: object) -> Mapping[str, Any]:
    """Return the bare names of a record; of a grouped one those of its first row."""
    first = record[0] if isinstance(record, list) and record else record
    return first if isinstance(first, dict) else {}
