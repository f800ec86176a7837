"""What differs between databases: the one seam between SQL as the adaptor runs it and the database that runs it.

Each database is one object of one file (``sqlite``, ``postgres``, ``mysql``); what is shared asks it, and never
which one it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import sqlalchemy as sa

from celigo_pandas.engine.adaptors.protocol import Call
from celigo_pandas.engine.adaptors.sql.endings import Transactions
from celigo_pandas.engine.adaptors.sql.sql_values import from_json, to_json
from celigo_pandas.engine.safety.reach import Reach

__all__ = ["Database", "OpenDatabase", "Reader", "numbered"]

Reader = Callable[[Any], Any]
"""Turns a value of a driver into one that :func:`to_json` takes."""


class Database(ABC):
    """One kind of database; this class holds what is so in most of them.

    Parameters
    ----------
    kind : str
        ``rdbms.type`` of the connection: ``sqlite``, ``postgresql``, ``mysql`` or ``mariadb``.
    """

    mark: ClassVar[str] = "%s"
    """Where a parameter goes in a statement."""

    empty_row: ClassVar[str] = "default values"
    """What an insert of no column says."""

    driver_errors: ClassVar[tuple[type[Exception], ...]] = ()
    """What the driver raises."""

    refusals: ClassVar[Collection[str]] = ()
    """Codes by which it refuses user, password or database."""

    locks_while_read: ClassVar[bool] = False
    """Whether an open cursor keeps others from writing."""

    port: ClassVar[int] = 0

    def __init__(self, kind: str) -> None:
        self.kind = kind

    # opening and sessions ---------------------------------------------------------------------------------------------

    @abstractmethod
    def engine(self, secrets: Callable[[], dict[str, Any]], reach: Reach) -> sa.Engine:
        """Return a SQLAlchemy engine; `secrets` and `reach` are asked whenever it opens a connection."""

    def place(self, block: Mapping[str, Any]) -> str:
        """Name the database that a document leads to: the same for every document that leads there."""
        port = block.get("port") or self.port
        return f"{str(block.get('host')).lower()}:{port} {block.get('database', '')}"

    @abstractmethod
    def lend(self, connection: sa.Connection, call: Call) -> None:
        """Bind a connection to a call: a statement past its deadline is interrupted."""

    def is_lost(self, raw: object) -> bool:
        """Whether nothing can be sent over a driver's connection any more."""
        return not getattr(raw, "open", True)

    # transactions -----------------------------------------------------------------------------------------------------

    @abstractmethod
    def transactions(self, raw: object) -> Transactions:
        """Return what begins a connection's transactions and tells how they end."""

    def keeps_transactions(self, raw: object, schema: str, table: str) -> bool:
        """Whether a rollback surely undoes what was written to a table."""
        return True

    # reading ----------------------------------------------------------------------------------------------------------

    @abstractmethod
    def stream(self, raw: object, sql: str) -> Any:
        """Run a statement and return a cursor that does not hold its whole result."""

    def abandon(self, raw: object, cursor: object) -> None:  # noqa: B027 - for most, closing is enough
        """Let go of a cursor whose result is not read to its end, and whose connection is closed next."""

    # values -----------------------------------------------------------------------------------------------------------

    def readers(self, raw: object, description: object) -> Mapping[int, Reader]:
        """Return readers of the columns, by position, whose values the driver gives in a form of its own."""
        return {}

    def values_out(self, values: tuple[Any, ...], kinds: set[type]) -> object:
        """Return the JSON forms of a column's values, which are of these types."""
        return list(map(to_json, values))

    def value_in(self, value: object, column_type: str) -> object:
        """Return what the driver needs to write a JSON value into a column of this type."""
        return from_json(value, column_type)

    # what there is ----------------------------------------------------------------------------------------------------

    @abstractmethod
    def column_types(self, connection: sa.Connection, schema: str, table: str, quoted: str) -> Mapping[str, str] | None:
        """Return the type of each column of a table, lower case as the database names it; None for no such table."""

    def schemas(self, inspector: sa.Inspector) -> list[str | None]:
        """Return the schemas whose tables are shown."""
        return [inspector.default_schema_name]

    # failures ---------------------------------------------------------------------------------------------------------

    def describe(self, error: BaseException) -> tuple[str, str]:
        """Return code and sentence of an error; the statement and its values stay out of the sentence."""
        return numbered(error) or ("database_error", str(error).strip() or type(error).__name__)

    def is_refused_login(self, error: BaseException) -> bool:
        """Whether an error without a code says that the credentials were refused."""
        return False

    def is_held(self, message: str) -> bool:
        """Whether a write failed since others hold the database."""
        return False


@dataclass(frozen=True, slots=True)
class OpenDatabase:
    """A database with the engine that leads to it."""

    database: Database
    engine: sa.Engine

    def dispose(self) -> None:
        """Close its connections."""
        self.engine.dispose()


def numbered(error: BaseException) -> tuple[str, str] | None:
    """Return code and sentence of an error that has a number and a sentence, as the system's and MySQL's have."""
    arguments: tuple[Any, ...] = getattr(error, "args", ())
    if len(arguments) == 2 and isinstance(arguments[0], int):
        return str(arguments[0]), str(arguments[1]) or "the connection to the server is lost"
    return None
