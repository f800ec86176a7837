"""What a store of synced tables has to do: give rows back by key, and take a change with its state, or neither.

What a change is, is decided above (:mod:`celigo_pandas.syncs.table_changes`); a store only carries it out.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import pyarrow as pa

from celigo_pandas.errors import SyncError, shown

__all__ = ["FORMAT", "Change", "State", "Store", "named_twice"]

FORMAT = 1


@dataclass(frozen=True)
class State:
    """What is remembered of a synced table, beside its rows and changed with them.

    Parameters
    ----------
    number : int
        One more with each run: who writes names the one that it read.
    table, export, connection, connection_id : str
        What is synced: the digest of the export without its watermark, and the connection's name and id.
    mode : str
    key : tuple of str
    cursor : str, optional
    columns : dict of str to str
        What the values of each column are: ``int, float, bool, str, json, null``.
    watermark : str or number, optional
        The greatest cursor of complete pulls, as it came.
    rows : int
    last_run, last_full : str
        When the last run, and the last one that pulled all, began: ISO 8601, UTC.
    complete : bool
        Whether the last run moved the watermark over all that it pulled.
    start : str or number, optional
        The bound of a pull of all rows, where one was given.
    pull : str, optional
        Which pull's rows are in the table, where a journal keeps the pages.
    """

    number: int
    table: str
    export: str
    connection: str
    connection_id: str
    mode: str
    key: tuple[str, ...]
    cursor: str | None
    columns: Mapping[str, str]
    watermark: str | int | float | None = None
    rows: int = 0
    last_run: str = ""
    last_full: str | None = None
    complete: bool = True
    start: str | int | float | None = None
    pull: str | None = None

    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps({"celigo_pandas": "sync", "format": FORMAT, **asdict(self)})

    @classmethod
    def read(cls, text: str, where: object) -> State:
        """Read what :meth:`text` wrote.

        Raises
        ------
        SyncError
            It is no such record, or of another version of the format.
        """
        try:
            members = json.loads(text)
            kind, version = members.pop("celigo_pandas"), members.pop("format")
            if (kind, version) != ("sync", FORMAT):
                raise ValueError(f"format {shown(version)}; this version reads {FORMAT}")
            return cls(**{**members, "key": tuple(members["key"])})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SyncError(f"What {shown(where)} remembers of its syncs cannot be read: {error}.") from None


@dataclass(frozen=True)
class Change:
    """What one run does to a table.

    Parameters
    ----------
    columns : dict of str to str
        All columns after it, in order.
    retyped : dict of str to (str, str)
        Columns that hold other kinds of values from now on: before, after.
    rows : pyarrow.Table
        New rows and rows that take the place of those with their keys; all columns.
    key : tuple of str
    replaced, gone : pyarrow.Table
        Keys of the rows that `rows` takes the place of, and of those that go.
    empties : bool
        Whether no row stays that is not in `rows`.
    """

    columns: Mapping[str, str]
    rows: pa.Table
    key: tuple[str, ...] = ()
    retyped: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    replaced: pa.Table | None = None
    gone: pa.Table | None = None
    empties: bool = False

    def leaving(self) -> pa.Table | None:
        """Return the keys of all rows that leave the table, replaced ones too."""
        parts = [part for part in (self.replaced, self.gone) if part is not None and part.num_rows]
        return pa.concat_tables(parts) if parts else None


class Store(ABC):
    """One table, and what is remembered of it.

    A store is used within :meth:`opened`, for a short time: nobody is kept out while pages are pulled.
    """

    on_step: Callable[[str], None] = staticmethod(lambda step: None)
    """Hears each of :attr:`STEPS` as it is done; a test ends a process at each."""

    STEPS: tuple[str, ...] = ()

    @property
    @abstractmethod
    def name(self) -> str:
        """The table's name."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the table is, for messages."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other syncs of this table out for a whole run, where the store itself would not."""
        yield

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is anything to open."""

    @contextmanager
    @abstractmethod
    def opened(self, *, writes: bool = True) -> Iterator[None]:
        """Open the table for the calls below.

        Raises
        ------
        SyncError
            It cannot be opened: in use by another process, no room, damaged, or not a table of syncs.
        """
        yield

    @abstractmethod
    def state(self) -> State | None:
        """Return what is remembered; None where the table is not there yet."""

    @abstractmethod
    def rows_of(self, state: State, keys: pa.Table) -> pa.Table:
        """Return the rows whose columns have the values of one row of `keys`."""

    @abstractmethod
    def read(self, state: State, columns: tuple[str, ...] | None = None) -> pa.Table:
        """Return all rows."""

    @abstractmethod
    def write(self, change: Change, before: State | None, after: State) -> None:
        """Carry out a change and remember `after`: both, or neither.

        Raises
        ------
        SyncError
            It could not be; or the table is not as `before` says, because another process has synced it meanwhile.
        """


def named_twice(columns: Mapping[str, str]) -> tuple[str, str] | None:
    """Return two columns that differ only in capitals, which most databases take for one."""
    seen: dict[str, str] = {}
    for name in columns:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            return other, name
    return None
