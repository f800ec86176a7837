"""A table in a DuckDB file, or behind a connection of the caller's: rows and state change in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from celigo_pandas.errors import MissingExtraError, SyncError, shown
from celigo_pandas.syncs.stores.store import Change, State, Store, named_twice
from celigo_pandas.syncs.table_columns import arrow_type, as_kind

__all__ = ["DuckDBStore", "is_connection"]

_STATES = "_celigo_sync"
_TYPES = {"null": "VARCHAR", "bool": "BOOLEAN", "int": "BIGINT", "float": "DOUBLE", "str": "VARCHAR", "json": "VARCHAR"}
_ONE_WRITER = (
    "One process at a time can write a DuckDB file, and none while others read it: close it there and call again. "
    "Where this process has it open, pass that connection: to=connection."
)


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError("A DuckDB file", "duckdb") from error
    return duckdb


def is_connection(value: object) -> bool:
    """Say whether a value is a connection of DuckDB's, without loading it."""
    return type(value).__name__ == "DuckDBPyConnection"


class DuckDBStore(Store):
    """One table of a DuckDB database.

    Parameters
    ----------
    database : Path or duckdb.DuckDBPyConnection
        A connection is used by a cursor of its own: what the caller has begun on it is left alone.
    table : str
    """

    STEPS = ("begun", "columns changed", "rows replaced", "rows added", "rows removed", "state written", "committed")

    def __init__(self, database: Any, table: str) -> None:
        _duckdb()
        self._database = database
        self._table = table
        self._con: Any = None

    @property
    def _duckdb(self) -> Any:
        return _duckdb()  # a module cannot be pickled

    @property
    def name(self) -> str:
        """The table's name."""
        return self._table

    @property
    def place(self) -> str:
        """The file, and the table in it."""
        where = shown(self._database) if isinstance(self._database, Path) else "the DuckDB connection"
        return f"table {self._table!r} of {where}"

    @contextmanager
    def opened(self, *, writes: bool = True) -> Iterator[None]:
        """Open the file; it is closed again before pages are pulled, so that others may read it meanwhile."""
        self._con = self._connect(writes)
        try:
            yield
        finally:
            con, self._con = self._con, None
            con.close()

    def _connect(self, writes: bool) -> Any:
        if not isinstance(self._database, Path):
            with self._told("used"):
                return self._database.cursor()
        _check_magic(self._database)
        if not writes:  # a file that another process reads can be read, too
            with suppress(self._duckdb.Error):
                return self._duckdb.connect(str(self._database), read_only=True)
        try:
            return self._duckdb.connect(str(self._database))
        except self._duckdb.Error as error:
            raise SyncError(
                f"{shown(self._database)} cannot be opened: {_first_line(error)}", hint=_ONE_WRITER
            ) from error

    @contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (self._duckdb.Error, pa.ArrowException) as error:
            raise SyncError(f"The {self.place} cannot be {verb}: {_first_line(error)}") from error

    def exists(self) -> bool:
        """Whether there is a file to look into."""
        return not isinstance(self._database, Path) or self._database.exists()

    def tables(self) -> list[State]:
        """Return what is remembered of all tables in the file."""
        with self._told("read"):
            if not self._has(_STATES):
                return []
            found = self._con.execute(f'select state from "{_STATES}" order by name').fetchall()
        return [State.read(text, self._where()) for (text,) in found]

    def _where(self) -> object:
        return self._database if isinstance(self._database, Path) else "the DuckDB connection"

    def state(self) -> State | None:
        """Return what is remembered of the table."""
        with self._told("read"):
            if self._has(_STATES):
                found = self._con.execute(f'select state from "{_STATES}" where name = ?', [self._table]).fetchall()
                if found:
                    return State.read(found[0][0], self._where())
            if self._has(self._table):
                raise SyncError(
                    f"The {self.place} is there, and was made by no sync.", hint="Name another table: table='…'."
                )
        return None

    def _has(self, table: str) -> bool:
        query = (
            "select count(*) from information_schema.tables where table_catalog = current_database() "
            "and table_schema = current_schema() and lower(table_name) = lower(?)"
        )
        return bool(self._con.execute(query, [table]).fetchall()[0][0])

    def rows_of(self, state: State, keys: pa.Table) -> pa.Table:
        """Return the rows whose columns have the values of one row of `keys`."""
        with self._told("read"), self._registered(keys) as wanted:
            return self._read(state, tuple(state.columns), f"t semi join {wanted} k on {_same(keys.column_names, 'k')}")

    def read(self, state: State, columns: tuple[str, ...] | None = None) -> pa.Table:
        """Return all rows."""
        with self._told("read"):
            return self._read(state, tuple(state.columns) if columns is None else columns, "t")

    def _read(self, state: State, columns: tuple[str, ...], source: str) -> pa.Table:
        listed = ", ".join(f"t.{_quoted(name)}" for name in columns)
        if not columns:
            return pa.table({})
        found = self._con.sql(f"select {listed} from {_quoted(self._table)} {source}").to_arrow_table()
        fields = [(name, arrow_type(state.columns[name])) for name in columns]
        return found.cast(pa.schema(fields))

    @contextmanager
    def _registered(self, table: pa.Table) -> Iterator[str]:
        name = f"_celigo_{uuid.uuid4().hex}"
        self._con.register(name, table)
        try:
            yield name
        finally:
            with suppress(self._duckdb.Error):
                self._con.unregister(name)

    def write(self, change: Change, before: State | None, after: State) -> None:
        """Carry out a change in one transaction."""
        twice = named_twice(change.columns)
        if twice is not None:
            raise SyncError(
                f"DuckDB takes the columns {twice[0]!r} and {twice[1]!r} for one.",
                hint="Let the query or a transform of the export name one of them otherwise.",
            )
        try:
            self._con.execute("begin transaction")
            try:
                self._check_unmoved(before)
                self.on_step("begun")
                self._write(change, before)
                self._remember(after)
                self.on_step("state written")
                self._con.execute("commit")
            except BaseException:
                with suppress(self._duckdb.Error):
                    self._con.execute("rollback")
                raise
        except self._duckdb.Error as error:
            raise SyncError(
                f"The {self.place} could not be written: {_first_line(error)} It is as it was.",
                hint="Where the disk is full, free some space; then call again.",
            ) from error
        self.on_step("committed")

    def _check_unmoved(self, before: State | None) -> None:
        now = self.state()
        if (None if now is None else now.number) != (None if before is None else before.number):
            raise SyncError(f"The {self.place} was synced by another call meanwhile.", hint="Call again.")

    def _write(self, change: Change, before: State | None) -> None:
        self._change_columns(change, before)
        self.on_step("columns changed")
        table = _quoted(self._table)
        if change.empties:
            self._con.execute(f"delete from {table}")
        listed = ", ".join(map(_quoted, change.columns))
        with self._registered(change.rows) as rows:
            if change.replaced is not None and change.replaced.num_rows and not change.empties:
                others = [name for name in change.columns if name not in change.key]
                changed = ", ".join(f"{_quoted(name)} = r.{_quoted(name)}" for name in others)
                self._con.execute(f"update {table} t set {changed} from {rows} r where {_same(change.key, 'r')}")
                self.on_step("rows replaced")
                with self._registered(change.replaced) as replaced:
                    rest = f"t anti join {replaced} r on {_same(change.key, 'r')}"
                    self._con.execute(f"insert into {table} ({listed}) select {listed} from {rows} {rest}")
            else:
                self._con.execute(f"insert into {table} ({listed}) select {listed} from {rows}")
        self.on_step("rows added")
        if change.gone is not None and change.gone.num_rows and not change.empties:
            with self._registered(change.gone) as gone:
                self._con.execute(f"delete from {table} t using {gone} g where {_same(change.key, 'g')}")
            self.on_step("rows removed")

    def _change_columns(self, change: Change, before: State | None) -> None:
        table = _quoted(self._table)
        if before is None:
            listed = ", ".join(f"{_quoted(name)} {_TYPES[kind]}" for name, kind in change.columns.items())
            self._con.execute(f"create table {table} ({listed})")
            return
        for name, kind in change.columns.items():
            if name not in before.columns:
                self._con.execute(f"alter table {table} add column {_quoted(name)} {_TYPES[kind]}")
        for name, (was, kind) in change.retyped.items():
            self._retype(table, name, was, kind)

    def _retype(self, table: str, name: str, was: str, kind: str) -> None:
        """Change the type of a column by a cast of DuckDB's own, then write JSON texts over what that made.

        A function of Python's in the change of the type would stand in the write-ahead log, and a database whose
        process was killed then could not be opened again.
        """
        column, texts = _quoted(name), None
        if kind == "json" and was != "null":
            found = self._con.sql(f"select distinct {column} v, cast({column} as varchar) t from {table}")
            values = found.to_arrow_table()
            texts = pa.table({"t": values["t"], "json": as_kind(values["v"], was, "json")})
        self._con.execute(f"alter table {table} alter column {column} set data type {_TYPES[kind]}")
        if texts is not None:
            with self._registered(texts) as made:
                self._con.execute(f"update {table} t set {column} = m.json from {made} m where t.{column} = m.t")

    def _remember(self, state: State) -> None:
        self._con.execute(f'create table if not exists "{_STATES}" (name varchar, state varchar)')
        self._con.execute(f'delete from "{_STATES}" where name = ?', [self._table])
        self._con.execute(f'insert into "{_STATES}" values (?, ?)', [self._table, state.text()])


def _check_magic(path: Path) -> None:
    """Refuse a file of another kind; DuckDB's own message would read as if it were damaged."""
    if path.is_dir():
        raise SyncError(f"{shown(path)} is a folder; expected a DuckDB file.")
    if path.exists():
        with open(path, "rb") as file:
            head = file.read(12)
        if head and head[8:] != b"DUCK":
            raise SyncError(f"{shown(path)} is no DuckDB file.", hint="Name another file, such as 'orders.duckdb'.")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _same(names: Any, other: str) -> str:
    return " and ".join(f"t.{_quoted(name)} = {other}.{_quoted(name)}" for name in names)


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return text if text.endswith(".") else f"{text}."
