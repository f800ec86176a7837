"""One batch's transaction: a savepoint for each statement, and the truth when the database ends the whole earlier.

A deadlock, an interrupt or ``on conflict rollback`` undoes what earlier records wrote; DDL in MySQL and MariaDB commits
it; a record's own ``commit`` does so anywhere. A result is therefore a promise until its transaction has ended: the
session holds each, and corrects those that were not kept. The records that follow go into a new transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import sqlalchemy as sa

from celigo_pandas.engine.adaptors.protocol import UNKNOWN, Call
from celigo_pandas.engine.adaptors.sql.database import Database
from celigo_pandas.engine.adaptors.sql.database_failures import describe, left_s
from celigo_pandas.engine.adaptors.sql.endings import Fate
from celigo_pandas.engine.adaptors.sql.result_columns import RecordMaker

__all__ = ["NotStored", "NotUndone", "Result", "Session", "failed"]

T = TypeVar("T")

Result = dict[str, Any]
"""What is answered for one record."""


def failed(code: str, message: str) -> Result:
    """Return the result of a record that was not stored."""
    return {"statusCode": 422, "errors": [{"code": code, "message": message, "source": "application"}]}


def _not_known(code: str, message: str) -> Result:
    return {**failed(code, message), "statusCode": UNKNOWN}


class NotStored(Exception):
    """A record that the session itself has not stored: the time was up, the connection lost, its transaction gone."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def result(self) -> Result:
        """Return what is answered for the record."""
        return failed(self.code, str(self))


class NotUndone(NotStored):
    """A statement failed, and what it had stored by then may be there still."""

    def result(self) -> Result:
        """Return what is answered for the record: its fate is not known."""
        return _not_known(self.code, str(self))


class Session:
    """The statements of one batch, on one connection.

    Parameters
    ----------
    database : Database
    connection : sqlalchemy.Connection
        Lent for the batch; its transaction is begun here.
    call : Call
        Its deadline ends the batch: what was written by then is committed, the rest is not tried.
    """

    def __init__(self, database: Database, connection: sa.Connection, call: Call) -> None:
        self.database = database
        self.connection = connection
        self._call = call
        self._place = database.place(call.connection.masked.get("rdbms") or {})
        raw: Any = connection.connection.dbapi_connection
        self.raw = raw
        self._cursor: Any = raw.cursor()
        self._server = database.transactions(raw)
        self._promised: list[Result] = []
        self._unreadable: list[dict[str, Any]] = []
        self._lost: NotStored | None = None
        self._server.begin()
        self._begun = True

    def run(self, sql: str, parameters: object = None) -> list[Result]:
        """Execute in a savepoint and return the rows it gave; its failure undoes this statement alone if it can.

        Raises
        ------
        NotStored
            Nothing was sent, or it was rolled back with the transaction that it began.
        Exception
            Whatever the driver raises.
        """

        def work() -> list[Result]:
            self._unreadable = []
            if parameters is None:
                self._cursor.execute(sql)
            else:
                self._cursor.execute(sql, parameters)
            return self._rows()

        self._check_size(sql, parameters)
        # One row is stored whole or not at all, in tables without transactions too.
        return self._guard(sql, work, is_one_row=parameters is not None)

    def run_many(self, sql: str, parameters: list[Any]) -> None:
        """Execute for many parameter rows in one savepoint."""
        for row in parameters:
            self._check_size(sql, row)
        self._guard(sql, lambda: self._cursor.executemany(sql, parameters))

    def promise(self, result: Result) -> Result:
        """Note the result of what was just run; it becomes a failure should the database not keep the rows."""
        if self._begun:
            self._promised.append(result)
        return result

    def take_errors(self) -> list[dict[str, Any]]:
        """Return what could not be read of the rows that the last statement gave."""
        taken, self._unreadable = self._unreadable, []
        return taken

    def commit(self) -> None:
        """End the transaction; what it does not keep is corrected in the results, never raised."""
        if not self._begun:
            return
        try:
            self._commit_among_readers()
        except Exception as error:
            code, message = describe(self.database, error)
            if self.database.is_lost(self.raw):
                self._end("unknown", code, f"the connection was lost while it was committed: {message}")
            else:
                self.raw.rollback()
                self._end("undone", code, message)
        self._begun = False

    def close(self) -> None:
        """Undo what is not committed and let go of the cursor: an open one may hold locks."""
        if self.database.is_lost(self.raw):
            self.connection.invalidate()
            return
        with suppress(Exception):  # the pool does the same again, and drops a connection that cannot
            self._cursor.close()
            self.raw.rollback()

    # ----------------------------------------------------------------------------------------------------------

    def _commit_among_readers(self) -> None:
        """Commit; one that finds the database held is tried again while those who hold it read on to their ends."""
        while True:
            before = self._call.progress(self._place)
            try:
                self.raw.commit()
            except Exception as error:
                is_held = self.database.is_held(describe(self.database, error)[1])
                stands = self._call.progress(self._place) == before
                if not is_held or stands or self._call.stop.is_set() or time.monotonic() > self._call.deadline:
                    raise
            else:
                return

    def _check_size(self, sql: str, parameters: object) -> None:
        refusal = self._server.too_large(self._cursor, sql, parameters)
        if refusal is not None:
            raise NotStored("statement_too_large", refusal)

    def _guard(self, sql: str, work: Callable[[], T], *, is_one_row: bool = False) -> T:
        if self._lost is not None:
            raise self._lost
        if self._call.stop.is_set() or time.monotonic() > self._call.deadline:
            self._lost = NotStored("source_timeout", "Not tried: the time of the call was up.")
            raise self._lost
        self._server.limit(left_s(self._call))
        self._mark()
        try:
            found = work()
        except Exception as error:
            if not self._undo(sql, error) and not is_one_row:
                code, message = describe(self.database, error)
                raise NotUndone(code, f"{message}. {_STAYS}") from None
            raise
        self._release(sql)
        return found

    def _mark(self) -> None:
        try:
            self._set_savepoint()
        except Exception as error:
            code, message = describe(self.database, error)
            self._lost = NotStored(code, f"Not tried: {message}")
            with suppress(Exception):
                self.raw.rollback()
            self._end("undone", code, message)
            raise self._lost from None

    def _set_savepoint(self) -> None:
        if not self._begun:
            self._server.begin()
            self._begun = True
        try:
            self._cursor.execute("savepoint one_record")
        except Exception as error:
            if not self._server.needs_commit(describe(self.database, error)[0]):
                raise
            self.raw.commit()
            self._end("kept", "", "")
            self._server.begin()
            self._begun = True
            self._cursor.execute("savepoint one_record")

    def _undo(self, sql: str, error: Exception) -> bool:
        """Undo a failed statement; False where what it had stored may stay."""
        code, message = describe(self.database, error)
        if self.database.is_lost(self.raw):
            # What was not committed is rolled back by the server.
            self._lost = NotStored(code, f"Not tried: the connection was lost at an earlier record: {message}")
            fate = self._server.fate(self._cursor, sql, failed=True)
            self._end(fate, code, f"the connection was lost at another record: {message}")
            return True
        try:
            if self._server.is_open():
                self._cursor.execute("rollback to savepoint one_record")
                undid = self._server.undid(self._cursor, sql, code)
                self._cursor.execute("release savepoint one_record")
                return undid
        except Exception:  # the savepoint went with its transaction; what the statement said is the reason
            with suppress(Exception):
                self.raw.rollback()
        self._end(self._server.fate(self._cursor, sql, failed=True), code, f"another record failed: {message}")
        return True

    def _release(self, sql: str) -> None:
        undid_itself = self._server.undid_itself(self._cursor)
        self._let_go(sql)
        if undid_itself:
            raise NotStored(_ENDED, "The statement rolled back what it had written itself.")

    def _let_go(self, sql: str) -> None:
        if self._server.is_open():
            try:
                self._cursor.execute("release savepoint one_record")
                return
            except Exception:  # each driver has its own: there is no such savepoint, as its transaction has ended
                if not self._server.survives_errors:
                    # The statement ended the transaction and began another, which this error has aborted.
                    self.raw.rollback()
                    self._end("unknown", _ENDED, _BY_STATEMENT)
                    text = "The statement ended the batch's transaction and began another, which was rolled back."
                    raise NotStored(_ENDED, text) from None
        self._end(self._server.fate(self._cursor, sql, failed=False), _ENDED, _BY_STATEMENT)
        self._begun = self._server.is_open()

    def _end(self, fate: Fate, code: str, reason: str) -> None:
        if fate != "kept":
            for result in self._promised:
                result.clear()
                if fate == "undone":
                    result.update(failed(code, f"Rolled back with its whole transaction: {reason}"))
                else:
                    result.update(_not_known(code, f"Whether it was stored is not known: {reason}"))
        self._promised = []
        self._begun = False

    def _rows(self) -> list[Result]:
        if self._cursor.description is None:
            return []
        make = RecordMaker(self.raw, self._cursor, self.database)
        rows = make(self._cursor.fetchall())
        self._unreadable = make.take_errors()
        return rows


_STAYS = "The table keeps no transactions, so what the statement had stored by then may still be there: not known"
_ENDED = "transaction_ended"
_BY_STATEMENT = "the statement of a later record ended the transaction."
