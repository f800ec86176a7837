"""What survives: documents, audit records, debug entries, and the spool of the walks. Two SQLite files in WAL mode.

``engine.db`` holds what users made and is written with full synchronisation; ``spool.db`` holds what can be fetched
again. A process killed at any moment leaves both consistent: each change is one transaction. Secrets arrive sealed
and bulk data packed; this module never sees a key.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from celigo_pandas.engine.texts import json_text
from celigo_pandas.errors import ConfigError

__all__ = ["Row", "Store", "WalkRow"]

_DOCUMENTS = sa.MetaData()
_SPOOL = sa.MetaData()

documents = sa.Table(
    "documents",
    _DOCUMENTS,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("type", sa.Text),
    sa.Column("connection_id", sa.Text),
    sa.Column("external_id", sa.Text),
    sa.Column("doc", sa.LargeBinary, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("offline", sa.Boolean, nullable=False, default=False),
    sa.Column("version", sa.Integer, nullable=False, default=1),
    sa.UniqueConstraint("kind", "id"),
)
audit = sa.Table(
    "audit",
    _DOCUMENTS,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("resource_id", sa.Text, nullable=False, index=True),
    sa.Column("record", sa.LargeBinary, nullable=False),
)
debug = sa.Table(
    "debug",
    _SPOOL,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("connection_id", sa.Text, nullable=False, index=True),
    sa.Column("resource_id", sa.Text, nullable=False),
    sa.Column("written", sa.Float, nullable=False),
    sa.Column("entry", sa.LargeBinary, nullable=False),
)
walks = sa.Table(
    "walks",
    _SPOOL,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("used", sa.Float, nullable=False),
    sa.Column("filled", sa.Integer, nullable=False, default=0),
    sa.Column("finished", sa.Boolean, nullable=False, default=False),
)
pages = sa.Table(
    "pages",
    _SPOOL,
    sa.Column("walk_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=True,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One stored document: ``doc`` has its secrets masked, ``sealed`` is the whole of it, encrypted."""

    kind: str
    id: str
    doc: dict[str, Any]
    sealed: bytes | None = None
    offline: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True)
class WalkRow:
    """One walk: when it was last asked for (seconds since 1970), pages filled, whether its end is among them."""

    id: str
    used: float
    filled: int
    finished: bool


class Store:
    """The two files in `folder`, for one process at a time.

    Raises
    ------
    ConfigError
        Another engine has the folder open, it cannot be written, it holds something else than a store, or one of its
        files is empty or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        _take(folder)
        self._lock_file = _lock(folder / "engine.lock")
        self._write = threading.RLock()
        self._spool_write = threading.RLock()
        try:
            self._documents = _opened(folder / "engine.db", "FULL", _DOCUMENTS, _KEPT)
            self._spool = _opened(folder / "spool.db", "NORMAL", _SPOOL, _FETCHED_AGAIN)
        except BaseException:
            self._lock_file.close()
            raise

    def close(self) -> None:
        """Release files and lock."""
        self._documents.dispose()
        self._spool.dispose()
        self._lock_file.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold off other writers while a document is read, changed and written: no update is lost."""
        with self._write:
            yield

    # documents -------------------------------------------------------------------------------------------------

    def get(self, kind: str, id: str) -> Row | None:
        """Return one document, or None."""
        query = sa.select(documents).where(documents.c.kind == kind, documents.c.id == id)
        with self._documents.connect() as connection:
            found = connection.execute(query).mappings().first()
        return _row(found) if found else None

    def rows(self, kind: str, *, skip: int = 0, limit: int | None = None, **where: str) -> list[Row]:
        """Return documents in the order they were made; `where` compares columns."""
        query = sa.select(documents).where(documents.c.kind == kind).order_by(documents.c.seq)
        for name, value in where.items():
            query = query.where(documents.c[name] == value)
        with self._documents.connect() as connection:
            found = connection.execute(query.offset(skip).limit(limit)).mappings().all()
        return [_row(one) for one in found]

    def rows_with(self, kind: str, id: str) -> list[Row]:
        """Return the documents of a kind in whose text an id stands somewhere, in the order they were made."""
        query = sa.select(documents).where(documents.c.kind == kind).order_by(documents.c.seq)
        query = query.where(sa.func.instr(documents.c.doc, sa.literal(id.encode(), sa.LargeBinary)) > 0)
        with self._documents.connect() as connection:
            return [_row(one) for one in connection.execute(query).mappings()]

    def count(self, kind: str) -> int:
        """Return how many documents of a kind there are."""
        with self._documents.connect() as connection:
            query = sa.select(sa.func.count()).where(documents.c.kind == kind)
            return int(connection.execute(query).scalar_one())

    def put(self, row: Row, records: Sequence[Mapping[str, Any]] = ()) -> None:
        """Insert or replace a document and add its audit `records`, in one transaction."""
        values = {
            "type": _text(row.doc.get("type")),
            "connection_id": _text(row.doc.get("_connectionId")),
            "external_id": _text(row.doc.get("externalId")),
            "doc": json_text.dump(row.doc),
            "sealed": row.sealed,
            "offline": row.offline,
            "version": row.version,
        }
        where = (documents.c.kind == row.kind) & (documents.c.id == row.id)
        with self._write, self._documents.begin() as connection:
            if connection.execute(sa.update(documents).where(where).values(**values)).rowcount == 0:
                connection.execute(sa.insert(documents).values(kind=row.kind, id=row.id, **values))
            _add_audit(connection, row.kind, row.id, records)

    def delete(self, kind: str, id: str, records: Sequence[Mapping[str, Any]] = ()) -> bool:
        """Remove a document; False if there was none."""
        with self._write, self._documents.begin() as connection:
            where = (documents.c.kind == kind) & (documents.c.id == id)
            gone = connection.execute(sa.delete(documents).where(where)).rowcount > 0
            if gone:
                _add_audit(connection, kind, id, records)
        return gone

    def set_offline(self, id: str, offline: bool, version: int) -> None:
        """Mark a connection if it has this version; no audit record, no new version: nobody changed its document."""
        where = (documents.c.kind == "connections") & (documents.c.id == id) & (documents.c.version == version)
        with self._write, self._documents.begin() as connection:
            connection.execute(sa.update(documents).where(where).values(offline=offline))

    def audit_records(self, resource_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the audit records of some resources, the newest first."""
        query = sa.select(audit.c.record).where(audit.c.resource_id.in_(resource_ids)).order_by(audit.c.seq.desc())
        with self._documents.connect() as connection:
            return [json_text.load(record) for record in connection.execute(query).scalars()]

    # debug -----------------------------------------------------------------------------------------------------

    def add_debug(self, connection_id: str, resource_id: str, written: float, entry: bytes) -> None:
        """Append one packed debug entry and drop those older than a day."""
        with self._spool_write, self._spool.begin() as connection:
            values = {"connection_id": connection_id, "resource_id": resource_id, "written": written, "entry": entry}
            connection.execute(sa.insert(debug).values(**values))
            connection.execute(sa.delete(debug).where(debug.c.written < written - 86_400))

    def debug_entries(self, connection_id: str, resource_id: str | None, since: float) -> list[bytes]:
        """Return packed debug entries, the oldest first."""
        query = sa.select(debug.c.entry).where(debug.c.connection_id == connection_id, debug.c.written >= since)
        if resource_id is not None:
            query = query.where(debug.c.resource_id == resource_id)
        with self._spool.connect() as connection:
            return list(connection.execute(query.order_by(debug.c.seq)).scalars())

    def clear_debug(self, connection_id: str) -> None:
        """Remove a connection's debug entries."""
        with self._spool_write, self._spool.begin() as connection:
            connection.execute(sa.delete(debug).where(debug.c.connection_id == connection_id))

    # spool -----------------------------------------------------------------------------------------------------

    def add_pages(self, walk_id: str, first: int, bodies: Sequence[bytes], *, finished: bool, used: float) -> None:
        """Write packed pages, the first of them number `first`; page 1 makes the walk."""
        # Often once a page of every export: plain statements, which cost half of built ones.
        last = first + len(bodies) - 1
        with self._spool_write, self._spool.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            with raw:
                if first == 1:
                    raw.execute(
                        "insert into walks (id, used, filled, finished) values (?, ?, ?, ?)",
                        (walk_id, used, last, finished),
                    )
                else:
                    raw.execute("update walks set filled = ?, finished = ? where id = ?", (last, finished, walk_id))
                numbered = ((walk_id, number, body) for number, body in enumerate(bodies, first))
                raw.executemany("insert into pages (walk_id, number, body) values (?, ?, ?)", numbered)

    def page(self, walk_id: str, number: int) -> bytes | None:
        """Return one packed page, or None."""
        query = sa.select(pages.c.body).where(pages.c.walk_id == walk_id, pages.c.number == number)
        with self._spool.connect() as connection:
            return connection.execute(query).scalar()

    def walk(self, walk_id: str) -> WalkRow | None:
        """Return what is known of a walk, or None."""
        with self._spool.connect() as connection:
            found = connection.execute(sa.select(walks).where(walks.c.id == walk_id)).mappings().first()
        return WalkRow(**found) if found else None

    def touch_walk(self, walk_id: str, used: float) -> None:
        """Note when a walk was last asked for."""
        with self._spool_write, self._spool.begin() as connection:
            connection.execute(sa.update(walks).where(walks.c.id == walk_id).values(used=used))

    def drop_walks(self, unused_since: float) -> list[str]:
        """Remove walks not asked for since then, with their pages; return their ids."""
        with self._spool_write, self._spool.begin() as connection:
            ids = list(connection.execute(sa.select(walks.c.id).where(walks.c.used < unused_since)).scalars())
            if ids:
                connection.execute(sa.delete(pages).where(pages.c.walk_id.in_(ids)))
                connection.execute(sa.delete(walks).where(walks.c.id.in_(ids)))
        if ids:
            self._shrink()
        return ids

    def walk_sizes(self) -> list[tuple[str, float, int]]:
        """Return each walk's id, when it was last asked for, and the bytes of its pages."""
        size = sa.func.coalesce(sa.func.sum(sa.func.length(pages.c.body)), 0)
        query = sa.select(walks.c.id, walks.c.used, size).outerjoin(pages, pages.c.walk_id == walks.c.id)
        with self._spool.connect() as connection:
            return [(id, used, size) for id, used, size in connection.execute(query.group_by(walks.c.id))]

    def page_sizes(self, walk_id: str) -> dict[int, int]:
        """Return the bytes of each page of a walk, by number."""
        query = sa.select(pages.c.number, sa.func.length(pages.c.body).label("size")).where(pages.c.walk_id == walk_id)
        with self._spool.connect() as connection:
            return {row.number: row.size for row in connection.execute(query)}

    def drop_walk(self, walk_id: str) -> None:
        """Remove a walk with its pages; their room is taken by later ones."""
        with self._spool_write, self._spool.begin() as connection:
            connection.execute(sa.delete(pages).where(pages.c.walk_id == walk_id))
            connection.execute(sa.delete(walks).where(walks.c.id == walk_id))

    def drop_pages(self, walk_id: str, last: int) -> None:
        """Remove the pages of a walk up to number `last`."""
        with self._spool_write, self._spool.begin() as connection:
            connection.execute(sa.delete(pages).where(pages.c.walk_id == walk_id, pages.c.number <= last))

    def _shrink(self) -> None:
        """Give the room of dropped pages back to the disk."""
        with self._spool_write, self._spool.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.executescript("pragma incremental_vacuum")  # ``execute`` would step once: one page
            raw.execute("pragma wal_checkpoint(truncate)").fetchall()


def _row(found: Any) -> Row:
    return Row(
        kind=found["kind"],
        id=found["id"],
        doc=json_text.load(found["doc"]),
        sealed=found["sealed"],
        offline=bool(found["offline"]),
        version=found["version"],
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _add_audit(connection: sa.Connection, kind: str, id: str, records: Sequence[Mapping[str, Any]]) -> None:
    for record in records:
        connection.execute(sa.insert(audit).values(kind=kind, resource_id=id, record=json_text.dump(record)))


_KEPT = "It holds the connections and documents: put back a copy of it, or move it away to begin with an empty store."
_FETCHED_AGAIN = "It holds only pages that can be fetched again and debug logs: delete it and start the engine again."


def _opened(path: Path, synchronous: str, tables: sa.MetaData, what_to_do: str) -> sa.Engine:
    """Open one of the two files and make its tables; what is no such file, or a damaged one, is left as it is."""
    if path.exists() and path.stat().st_size == 0:
        # SQLite would take it for a new one: whatever emptied it, what was in it would be missed in silence.
        raise ConfigError(f"The store's file {path} is empty.", hint=what_to_do)
    engine: sa.Engine | None = None
    try:
        engine = _open(path, synchronous)
        _check(engine, tables, is_small=path.stat().st_size < _QUICKLY_CHECKED)
        tables.create_all(engine)
    except (sa.exc.DatabaseError, sqlite3.DatabaseError, _Damaged) as error:
        if engine is not None:
            engine.dispose()
        reason = getattr(error, "orig", None) or error
        raise ConfigError(f"The store's file {path} cannot be used: {reason}.", hint=what_to_do) from None
    return engine


_QUICKLY_CHECKED = 100_000_000
"""Bytes; a larger spool would hold up the start, and can be fetched again."""


class _Damaged(Exception):
    """What SQLite's own check, or its list of columns, says."""


def _check(engine: sa.Engine, tables: sa.MetaData, *, is_small: bool) -> None:
    with engine.connect() as connection:
        if is_small:
            said = connection.exec_driver_sql("pragma quick_check(1)").scalar()
            if said != "ok":
                raise _Damaged(str(said).rstrip("."))
        for table in tables.sorted_tables:
            there = {row[1] for row in connection.exec_driver_sql(f'pragma table_info("{table.name}")')}
            missing = sorted({column.name for column in table.columns} - there)
            if there and missing:
                raise _Damaged(f"its table {table.name} has no {', '.join(missing)}")


def _open(path: Path, synchronous: str) -> sa.Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=30.0, check_same_thread=False)
        connection.execute("pragma auto_vacuum = incremental")  # only before the file has its first page
        connection.execute("pragma journal_mode = wal")
        connection.execute(f"pragma synchronous = {synchronous}")
        return connection

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.QueuePool, pool_size=8, max_overflow=40)
    with engine.connect():
        path.chmod(0o600)
    return engine


def _take(folder: Path) -> None:
    """Make the folder, for this user only; never change the permissions of a folder that holds other things."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    others = [path for path in folder.iterdir() if not path.name.startswith(("engine.", "spool."))]
    if others and not (folder / "engine.db").exists():
        raise ConfigError(
            f"The folder {folder} holds other files than an engine's store.",
            hint=f"Give a new or empty folder, for instance {folder / 'celigo-store'}.",
        )
    with suppress(OSError):
        folder.chmod(0o700)


def _lock(path: Path) -> BinaryIO:
    file = open(path, "a+b")  # noqa: SIM115 - held for the life of the store
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:  # pragma: no cover - exercised on Windows only
            import msvcrt

            getattr(msvcrt, "locking")(file.fileno(), getattr(msvcrt, "LK_NBLCK"), 1)  # noqa: B009
    except OSError:
        file.close()
        raise ConfigError(
            f"The store {path.parent} is in use by another engine.", hint="Stop that one, or give another folder."
        ) from None
    return file
