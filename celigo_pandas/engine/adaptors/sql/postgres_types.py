"""PostgreSQL's types by their object ids: domains are seen through, arrays are known by their elements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from psycopg.adapt import Transformer
from psycopg.pq import Format
from psycopg.types import TypeInfo

__all__ = ["array_readers", "column_types"]


@dataclass(frozen=True, slots=True)
class _Type:
    oid: int
    name: str
    base: int
    element: int
    delimiter: str


_TYPES = """
select oid::int8, typname, typbasetype::int8, case when typcategory = 'A' then typelem::int8 else 0 end,
       typdelim
from pg_type where oid = any(%s)
"""


def array_readers(raw: Any, description: Any) -> dict[int, Callable[[Any], Any]]:
    """Return what turns the text of an array into a list, for the columns of a result that the driver does not know.

    These are arrays of types that were made in the database: enumerations, domains, composites, those of extensions.
    """
    known = raw.adapters.types
    unknown = {position: column.type_code for position, column in enumerate(description)
               if known.get(column.type_code) is None}  # fmt: skip
    if not unknown:
        return {}
    types = _look_up(raw, unknown.values())
    transformer = Transformer(raw)
    readers = {}
    for position, oid in unknown.items():
        if oid in types and types[oid].element:
            _register(raw, types, oid)
            readers[position] = transformer.get_loader(oid, Format.TEXT)
    return {position: partial(_load, loader) for position, loader in readers.items()}


def _load(loader: Any, text: str) -> object:
    return loader.load(text.encode())


def _register(raw: Any, types: Mapping[int, _Type], oid: int) -> None:
    element = types[types[oid].element]
    TypeInfo(element.name, element.oid, oid, delimiter=element.delimiter).register(raw)
    base = _base(types, element.oid)
    if base.oid != element.oid:
        loader = raw.adapters.get_loader(base.oid, Format.TEXT)
        if loader is not None:
            raw.adapters.register_loader(element.oid, loader)


def column_types(raw: Any, table: str) -> dict[str, str] | None:
    """Return the type of each column of a table (a quoted name), ``int4`` or ``int4[]``; None for no such table."""
    with raw.cursor() as cursor:
        found = cursor.execute("select to_regclass(%s)::oid::int8", [table]).fetchone()[0]
        if found is None:
            return None
        columns = cursor.execute(
            "select attname, atttypid::int8 from pg_attribute where attrelid = %s and attnum > 0 and not attisdropped",
            [found],
        ).fetchall()
    types = _look_up(raw, (oid for _, oid in columns))
    return {name: _name(types, oid) for name, oid in columns}


def _name(types: Mapping[int, _Type], oid: int) -> str:
    own = _base(types, oid)
    return f"{_name(types, own.element)}[]" if own.element else own.name


def _base(types: Mapping[int, _Type], oid: int) -> _Type:
    while types[oid].base:
        oid = types[oid].base
    return types[oid]


def _look_up(raw: Any, oids: Iterable[int]) -> dict[int, _Type]:
    """Return these types, and those that they are made of."""
    found: dict[int, _Type] = raw.seen_types
    wanted = set(oids) - found.keys()
    while wanted:
        # A cursor of the client's own: the one that is read may be the server's.
        with raw.cursor() as cursor:
            rows = cursor.execute(_TYPES, [list(wanted)]).fetchall()
        found |= {row[0]: _Type(*row) for row in rows}
        wanted = {oid for _, _, base, element, _ in rows for oid in (base, element) if oid} - found.keys()
    return found
