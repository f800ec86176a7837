"""The options of a sync, checked before anything is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from celigo_pandas.documents.counts import as_number
from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.syncs.cursors import Mark, Overlap, checked_mark, checked_overlap, span

__all__ = ["Deletes", "SyncOptions"]


@dataclass(frozen=True)
class Deletes:
    """How rows that are gone from the source are known.

    Parameters
    ----------
    how : {"compare", "keys", "column"}
    keys : object
        The export that brings all keys.
    column : str
    value : object
        What the column has in rows that are gone.
    """

    how: str
    keys: Any = None
    column: str = ""
    value: Any = True


@dataclass(frozen=True)
class SyncOptions:
    """Keywords of ``sync`` that say what the table is to be.

    Raises
    ------
    ConfigError
        One of them cannot be, or two do not go together.
    """

    mode: str
    key: tuple[str, ...]
    cursor: str | None
    overlap: Overlap
    start: Mark | None
    deletes: Deletes | None
    max_delete: float
    schema: str
    full_every: pd.Timedelta | None

    @classmethod
    def of(
        cls,
        *,
        mode: Any,
        key: object,
        cursor: object,
        overlap: object,
        start: Any,
        deletes: Any,
        max_delete: Any,
        schema: Any,
        full_every: Any,
    ) -> SyncOptions:
        """Read the keywords of the public function."""
        for name, value, allowed in (
            ("mode", mode, ("merge", "append", "replace")),
            ("schema", schema, ("evolve", "freeze")),
        ):
            if value not in allowed:
                raise ConfigError(f"{name}: got {shown(value)}; expected one of {', '.join(map(repr, allowed))}.")
        if cursor is not None and (not isinstance(cursor, str) or not cursor):
            raise ConfigError(f"cursor: got {shown(cursor)}; expected the name of a column.")
        made = cls(
            mode, _names(key), cursor, checked_overlap(overlap), checked_mark("start", start), _deletes(deletes),
            _share(max_delete), schema, _every(full_every),
        )  # fmt: skip
        made._check_together()
        return made

    def _check_together(self) -> None:
        if self.mode == "merge" and not self.key:
            raise ConfigError(
                "key= is not given; mode='merge' finds rows by it.",
                hint="key='id', or key=('order', 'line'); without a key there are mode='append' and mode='replace'.",
            )
        if self.mode == "replace" and self.cursor is not None:
            raise ConfigError(
                "mode='replace' takes all rows each time; a cursor would leave only those of the last window.",
                hint="Leave cursor= out, or take mode='merge'.",
            )
        if self.mode == "append" and not self.key and self.cursor is not None and _is_some(self.overlap):
            raise ConfigError(
                "mode='append' without key= and with an overlap would add rows again that changed meanwhile.",
                hint="Say key=, by which rows that are there are known; or overlap=0.",
            )
        if self.cursor is None and self.start is not None:
            raise ConfigError(f"start={shown(self.start)} says where the cursor begins; cursor= is not given.")
        if self.cursor is None and self.full_every is not None:
            raise ConfigError("full_every= is for pulls of windows; without cursor= all rows are pulled each time.")
        if self.deletes is not None and self.mode != "merge":
            raise ConfigError(f"deletes= goes with mode='merge'; got mode={self.mode!r}.")
        if self.deletes is not None and self.deletes.how == "compare" and self.cursor and self.full_every is None:
            raise ConfigError(
                "deletes='compare' sees which rows are gone when all rows are pulled; with cursor= that is never.",
                hint="Say full_every='7d', or give an export that brings all keys: deletes={'keys': export}.",
            )


def _is_some(overlap: Overlap) -> bool:
    return overlap != type(overlap)(0)


def _names(key: object) -> tuple[str, ...]:
    names = () if key is None else (key,) if isinstance(key, str) else key
    if (
        not isinstance(names, Sequence)
        or not all(isinstance(name, str) and name for name in names)
        or len(set(names)) < len(names)
    ):
        raise ConfigError(f"key: got {shown(key)}; expected the name of a column, or a list of names.")
    return tuple(names)


def _share(value: object) -> float:
    number = as_number(value)
    if number is None or not 0 <= number <= 1:
        raise ConfigError(f"max_delete: got {shown(value)}; expected a share of the table's rows from 0 to 1.")
    return number


def _every(value: object) -> pd.Timedelta | None:
    if value is None:
        return None
    number = as_number(value)  # of what, it does not say
    try:
        every = span("" if number else value)
        if every >= pd.Timedelta(0):
            return every
    except (ValueError, TypeError):
        pass
    raise ConfigError(f"full_every: got {shown(value)}; expected a span such as '7d' or a timedelta; 0 is now.")


def _deletes(value: object) -> Deletes | None:
    if value is None:
        return None
    if value == "compare":
        return Deletes("compare")
    if isinstance(value, Mapping):
        if set(value) == {"keys"}:
            return Deletes("keys", keys=value["keys"])
        column = value.get("column")
        if set(value) <= {"column", "value"} and isinstance(column, str) and column:
            flag = value.get("value", True)
            if isinstance(flag, (bool, str, int, float)):
                return Deletes("column", column=column, value=flag)
    raise ConfigError(
        f"deletes: got {shown(value)}; expected 'compare', {{'keys': export}}, or {{'column': 'IsDeleted'}} with "
        "'value': what it has in a row that is gone (default: true)."
    )
