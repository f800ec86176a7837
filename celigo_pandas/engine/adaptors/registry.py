"""Adaptors by name, imported on first use.

A name is a connection's ``type``, or ``type:subtype`` where one type holds several systems (``rdbms:sqlite``). To add
one: a module that exports an object of the protocol, and a line here or a call of :func:`register`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from celigo_pandas.engine.adaptors.protocol import Adaptor

__all__ = ["adaptor_for", "adaptor_name", "names", "register"]

_DYNAMODB = "celigo_pandas.engine.adaptors.dynamodb:adaptor"
_FILES = "celigo_pandas.engine.adaptors.files:adaptor"
_HTTP = "celigo_pandas.engine.adaptors.http:adaptor"
_MONGODB = "celigo_pandas.engine.adaptors.mongodb:adaptor"
_SQL = "celigo_pandas.engine.adaptors.sql:adaptor"

_PLACES: dict[str, str] = {
    "dynamodb": _DYNAMODB,
    "filesystem": _FILES,
    "ftp": _FILES,
    "http": _HTTP,
    "mongodb": _MONGODB,
    "rdbms:mariadb": _SQL,
    "rdbms:mysql": _SQL,
    "rdbms:postgresql": _SQL,
    "rdbms:sqlite": _SQL,
    "rest": _HTTP,
    "s3": _FILES,
}


def names() -> tuple[str, ...]:
    """Return all registered names, sorted."""
    return tuple(sorted(_PLACES))


def register(name: str, place: str) -> None:
    """Add an adaptor.

    Parameters
    ----------
    name : str
        ``type`` or ``type:subtype``.
    place : str
        ``module:attribute`` of the adaptor object.

    Raises
    ------
    ValueError
        The name is taken: a silent overwrite would send data elsewhere.
    """
    if name in _PLACES:
        raise ValueError(f"The adaptor {name!r} is registered already, at {_PLACES[name]}.")
    if place.count(":") != 1:
        raise ValueError(f"Expected module:attribute as the place of {name!r}; got {place!r}.")
    _PLACES[name] = place


def adaptor_name(connection: Mapping[str, Any]) -> str:
    """Return the name under which a connection's adaptor is looked up."""
    kind = str(connection.get("type"))
    block = connection.get(kind)
    subtype = block.get("type") if isinstance(block, Mapping) else None
    return f"{kind}:{subtype}" if kind in {"rdbms", "jdbc"} else kind


def adaptor_for(connection: Mapping[str, Any]) -> Adaptor | None:
    """Return the adaptor of a connection, or None if none is built."""
    place = _PLACES.get(adaptor_name(connection))
    if place is None:
        return None
    module, _, attribute = place.partition(":")
    return cast(Adaptor, getattr(import_module(module), attribute))
