"""Which field of the mapped records is compared with which column of the destination."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from celigo_pandas.errors import ConfigError, FrameError, shown

__all__ = ["ComparedFields", "KeyLike", "compared_fields", "ignored_names", "key_pairs"]

Pair = tuple[str, str]

KeyLike = str | Sequence[str] | Mapping[str, str]
"""One name or several; a mapping where a field is called otherwise at the destination."""


@dataclass(frozen=True)
class ComparedFields:
    """Pairs of a mapped field and a column of the destination; `absent` fields have no column there."""

    key: tuple[Pair, ...]
    fields: tuple[Pair, ...]
    absent: tuple[str, ...] = ()


def key_pairs(key: object) -> tuple[Pair, ...]:
    """Read ``key=``.

    Raises
    ------
    ConfigError
        It names nothing, or one thing twice, or holds what is no name.
    """
    pairs = _pairs("key", key)
    if not pairs or len({name for name, _ in pairs}) < len(pairs):
        raise ConfigError(
            f"key: got {shown(key)}; expected the field, or distinct fields, by which a row is known.",
            hint="Name them as the mapping writes them, for example key='id' or key={'id': 'ORDER_ID'}.",
        )
    return pairs


def ignored_names(ignore: object) -> tuple[str, ...]:
    """Read ``ignore=``.

    Raises
    ------
    ConfigError
        It holds what is no name.
    """
    names = (ignore,) if isinstance(ignore, str) else tuple(ignore) if isinstance(ignore, Iterable) else (None,)
    if all(isinstance(name, str) for name in names):
        return names
    raise ConfigError(f"ignore: got {shown(ignore)}; expected a name, or names, of fields that the mapping writes.")


def compared_fields(
    mapped: pd.DataFrame, current: pd.DataFrame, key: KeyLike, columns: object, ignore: Iterable[str] | str
) -> ComparedFields:
    """Decide what is compared with what.

    Parameters
    ----------
    mapped, current : DataFrame
        One without columns decides nothing: there is nothing to compare then.
    key : str, sequence or mapping
    columns : None, sequence or mapping
        All mapped fields; those alone (one that the destination does not have counts as missing there); or all, with
        other names at the destination.
    ignore : iterable of str
        Mapped fields that are not compared; the name of an object stands for all below it.

    Raises
    ------
    ConfigError, FrameError
        A name that there is not.
    """
    names = list(map(str, mapped.columns))
    keys = key_pairs(key)
    ignored = ignored_names(ignore)
    if names:
        _check([name for name, _ in keys], names, "key", FrameError)
        _check(ignored, names, "ignore")
    known = {name for name, _ in keys}
    pairs = [(name, column) for name, column in _asked(names, columns) if name not in known]
    pairs = [(name, column) for name, column in pairs if not any(_covers(one, name) for one in ignored)]
    there = list(map(str, current.columns))
    if not there:
        return ComparedFields(keys, tuple(pairs))
    _check([column for _, column in keys], there, "key", FrameError, "the destination's rows")
    absent = [name for name, column in pairs if column not in there]
    if absent and (columns is None or isinstance(columns, Mapping)):
        _refuse_absent(dict(pairs)[absent[0]], absent, there)
    fields = tuple((name, column) for name, column in pairs if name not in absent)
    return ComparedFields(keys, fields, tuple(absent))


def _asked(names: list[str], columns: object) -> list[Pair]:
    if columns is None:
        return [(name, name) for name in names]
    pairs = _pairs("columns", columns)
    if names:
        _check([name for name, _ in pairs], names, "columns")
    if not isinstance(columns, Mapping):
        return [(name, name) for name in names if any(_covers(one, name) for one, _ in pairs)]
    renamed = dict(pairs)
    return [(name, renamed.get(name, name)) for name in names]


def _pairs(what: str, given: object) -> tuple[Pair, ...]:
    if isinstance(given, str):
        return ((given, given),)
    if isinstance(given, Mapping):
        pairs = tuple(given.items())
    elif isinstance(given, (list, tuple, pd.Index)):
        pairs = tuple((name, name) for name in given)
    else:
        pairs = ((None, None),)
    if all(isinstance(name, str) and isinstance(column, str) for name, column in pairs):
        return pairs
    raise ConfigError(f"{what}: got {shown(given)}; expected a name, a list of names, or a dict of mapped: current.")


def _covers(name: str, column: str) -> bool:
    return column == name or column.startswith(f"{name}.")


def _check(
    asked: Iterable[str],
    known: list[str],
    what: str,
    kind: type[ConfigError] | type[FrameError] = ConfigError,
    where: str = "the mapped records",
) -> None:
    for name in asked:
        if name in known or (what in ("ignore", "columns") and any(_covers(name, column) for column in known)):
            continue
        near = [one for one in known if one.casefold() == name.casefold()] or difflib.get_close_matches(name, known)
        raise kind(
            f"{what}: {where} have no field {name!r}; they have {', '.join(map(repr, known[:20]))}.",
            hint=f"Did you mean {near[0]!r}?" if near else "A dict says what it is called there: {'id': 'ORDER_ID'}.",
        )


def _refuse_absent(column: str, absent: list[str], there: list[str]) -> None:
    raise FrameError(
        f"current: the destination's rows have no column {column!r}"
        + (f" (nor {len(absent) - 1} others)" if len(absent) > 1 else "")
        + f"; they have {', '.join(map(repr, there[:20]))}.",
        hint=f"columns={{{absent[0]!r}: '…'}} says what it is called there, ignore={absent!r} leaves it out, and "
        f"columns=[…, {absent[0]!r}] takes it for empty there.",
        column=column,
    )
