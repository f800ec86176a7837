"""Whether a record exists already: by a path into it (``…Extract``), or by a dynamic lookup (``…LookupName``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from celigo_pandas.engine.adaptors.protocol import Call, Outgoing, SourceFailure
from celigo_pandas.engine.adaptors.sql.statements import lookup_seen, sql_renderer
from celigo_pandas.paths import PathError, parse_extract

__all__ = ["existence_of", "looked_up"]


def existence_of(
    call: Call, block: Mapping[str, Any], purpose: str, ask: Callable[[Mapping[str, Any], str], Any]
) -> Callable[[Outgoing], bool] | None:
    """Return what tells whether a record exists, None where the document does not say how.

    Parameters
    ----------
    block : mapping
        ``rdbms`` of the import, with all lookups of the document.
    purpose : str
        ``ignore`` or ``update``: the beginning of the members' names.
    ask : callable
        Answers a lookup document's rendered query: its value, or None.

    Raises
    ------
    SourceFailure
        The path cannot be read, or the lookup is not there.
    """
    extract, name = block.get(f"{purpose}Extract"), block.get(f"{purpose}LookupName")
    if isinstance(extract, str) and extract:
        field = f"import.rdbms.{purpose}Extract"
        try:
            path = parse_extract(extract)
        except PathError as error:
            raise SourceFailure(str(error), code="invalid_field", field=field) from None
        return lambda outgoing: _is_given(path.read(outgoing.source))
    if isinstance(name, str) and name:
        lookup, query = _lookup(block, name, f"import.rdbms.{purpose}LookupName")
        render = sql_renderer(query, "import.lookups.query")
        return lambda outgoing: _is_given(ask(lookup, render(lookup_seen({"record": outgoing.source}, call.context))))
    return None


def looked_up(lookup_doc: Mapping[str, Any], row: Mapping[str, Any]) -> object:
    """Return a lookup's value: the column ``extract`` of the first row, or its first column."""
    extract = lookup_doc.get("extract")
    return row.get(extract) if isinstance(extract, str) and extract else next(iter(row.values()), None)


def _lookup(block: Mapping[str, Any], name: str, field: str) -> tuple[Mapping[str, Any], str]:
    lookups = [one for one in block.get("lookups") or () if isinstance(one, Mapping)]
    found = next((one for one in lookups if one.get("name") == name), None)
    if found is None:
        raise SourceFailure(f"{field} names {name!r}, which is not in lookups.", code="invalid_ref", field=field)
    query = found.get("query")
    if not isinstance(query, str) or not query.strip():
        text = f"The lookup {name!r} has no query, which finds out whether a record exists."
        raise SourceFailure(text, code="missing_required_field", field="import.lookups.query")
    return found, query


def _is_given(value: object) -> bool:
    return value is not None and value != "" and value != {}
