"""Imports: one transaction a batch in which a record that fails is rolled back alone and the good ones stay.

``per_record`` renders one statement a record; ``per_page`` one for the batch; ``first_page`` one for the first batch of
a run, which for a virtual import is the call; ``bulk_insert`` one insert for many records, record by record where that
fails, so that each gets its own error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from celigo_pandas.engine.adaptors.protocol import Call, Outgoing, SourceFailure
from celigo_pandas.engine.adaptors.sql.database import Database, OpenDatabase
from celigo_pandas.engine.adaptors.sql.database_failures import describe, log_statement, opened
from celigo_pandas.engine.adaptors.sql.existence import existence_of, looked_up
from celigo_pandas.engine.adaptors.sql.statements import (
    batch_seen,
    import_queries,
    import_query,
    record_seen,
    sql_renderer,
)
from celigo_pandas.engine.adaptors.sql.tables import Table
from celigo_pandas.engine.adaptors.sql.transactions import NotStored, NotUndone, Result, Session, failed
from celigo_pandas.errors import TemplateError

__all__ = ["write_batch"]

_FIELD = "import.rdbms.query"
_FAILED_BATCH = "The statement for the whole batch failed"


def write_batch(found: OpenDatabase, call: Call, block: Mapping[str, Any], batch: Sequence[Outgoing]) -> list[Result]:
    """Submit `batch`; one result a record.

    Raises
    ------
    SourceFailure
        The database cannot be reached, or the document cannot be used; nothing was written.
    """
    write = _MODES.get(_mode(block))
    if write is None:
        text = f"queryType {_mode(block)!r:.40} is not built; expected one of {', '.join(sorted(_MODES))}."
        raise SourceFailure(text, code="invalid_field", field="import.rdbms.queryType")
    database = found.database
    place = database.place(call.connection.masked.get("rdbms") or {})
    try:
        with (
            call.writing(place),
            opened(found, call) as connection,
            closing(Session(database, connection, call)) as session,
        ):
            results = write(session, call, block, list(batch))
            session.commit()
    except SourceFailure as failure:
        raise failure.copy(_told_of_readers(database, failure.message, call, place)) from None
    for error in (error for result in results for error in result.get("errors", ())):
        error["message"] = _told_of_readers(database, error["message"], call, place)
    return results


def _told_of_readers(database: Database, message: str, call: Call, place: str) -> str:
    """Say who holds a database, where a write failed since it is held."""
    if not database.is_held(message):
        return message
    readers = call.readers(place)
    whom = f"by {'; '.join(readers)}" if readers else "by another program"
    return f"{message}. It is held open {whom}. Send the records again when that has ended."


def _mode(block: Mapping[str, Any]) -> str:
    kind = block.get("queryType")
    if isinstance(kind, list):
        if sorted(map(str, kind)) == ["INSERT", "UPDATE"]:
            return "UPDATE or INSERT"
        if len(kind) > 1:
            return " and ".join(map(str, kind))
        kind = kind[0] if kind else None
    if kind is None:
        return "bulk_insert" if block.get("bulkInsert") else "per_record"
    # The two legacy words name what the statement does, not how often it runs: once a record.
    return "per_record" if kind in ("INSERT", "UPDATE") else str(kind)


def _per_record(session: Session, call: Call, block: Mapping[str, Any], batch: list[Outgoing]) -> list[Result]:
    render = sql_renderer(import_query(block), _FIELD)

    def one(outgoing: Outgoing) -> Result:
        sql = render(record_seen(outgoing, call.context))
        log_statement(call, sql)
        return _stored(session, sql)

    return [_guarded(session, one, outgoing) for outgoing in batch]


def _update_or_insert(session: Session, call: Call, block: Mapping[str, Any], batch: list[Outgoing]) -> list[Result]:
    """Run the first of the two queries for records that exist, as ``queryType`` names them, else the other one."""
    renderers = {
        kind: sql_renderer(query, _FIELD)
        for kind, query in zip(block["queryType"], import_queries(block, 2), strict=True)
    }

    def ask(lookup_doc: Mapping[str, Any], sql: str) -> object:
        # In the batch's own transaction: a record may exist by an earlier one.
        rows = session.run(sql)
        for error in session.take_errors():
            raise NotStored(error["code"], f"The lookup {lookup_doc.get('name')!r} cannot tell. {error['message']}")
        return looked_up(lookup_doc, rows[0]) if rows else None

    exists = existence_of(call, block, "update", ask)
    if exists is None:
        text = 'queryType ["UPDATE", "INSERT"] needs rdbms.updateExtract or rdbms.updateLookupName.'
        raise SourceFailure(text, code="missing_required_field", field="import.rdbms.updateExtract")

    def one(outgoing: Outgoing) -> Result:
        sql = renderers["UPDATE" if exists(outgoing) else "INSERT"](record_seen(outgoing, call.context))
        log_statement(call, sql)
        return _stored(session, sql)

    return [_guarded(session, one, outgoing) for outgoing in batch]


def _per_page(session: Session, call: Call, block: Mapping[str, Any], batch: list[Outgoing]) -> list[Result]:
    render = sql_renderer(import_query(block), _FIELD)

    def whole(outgoing: list[Outgoing]) -> Result:
        sql = render(batch_seen(outgoing, call.context))
        log_statement(call, sql)
        session.run(sql)
        return _ok([])

    result = _guarded(session, whole, batch)
    if "errors" in result:
        (error,) = result["errors"]
        told = {**error, "message": f"{_FAILED_BATCH}: {error['message']}"}
        return [{**result, "errors": [dict(told)]} for _ in batch]
    return [session.promise(_ok([])) for _ in batch]


def _bulk_insert(session: Session, call: Call, block: Mapping[str, Any], batch: list[Outgoing]) -> list[Result]:
    table = Table(session, block)
    log_statement(call, f"-- bulk insert of {len(batch)} records")
    results: list[Result] = []
    size = table.batch_size
    for start in range(0, len(batch), size):
        part = batch[start : start + size]
        found = [failed("invalid_record", "A bulk insert takes objects, not arrays of rows.") for _ in part]
        for columns, positions in _by_columns(part).items():
            rows = [[table.value(name, part[position].mapped[name]) for name in columns] for position in positions]
            for position, result in zip(positions, _insert_rows(session, table, columns, rows), strict=True):
                found[position] = result
        results += found
    return results


def _insert_rows(session: Session, table: Table, columns: tuple[str, ...], rows: list[list[Any]]) -> list[Result]:
    sql = table.insert(columns)
    if table.keeps_transactions:
        try:
            session.run_many(sql, rows)
        except NotUndone as error:
            return [error.result() for _ in rows]
        except Exception:  # whatever the driver raised: undone, and each row then tells its own reason
            pass
        else:
            return [session.promise(_ok([])) for _ in rows]
    return [_guarded(session, partial(_insert, session, sql), row) for row in rows]


def _insert(session: Session, sql: str, row: list[Any]) -> Result:
    return _stored(session, sql, row)


def _by_columns(part: list[Outgoing]) -> dict[tuple[str, ...], list[int]]:
    """Group records by their members: a column that a record lacks takes its default, not null."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for position, outgoing in enumerate(part):
        if isinstance(outgoing.mapped, dict):
            groups.setdefault(tuple(outgoing.mapped), []).append(position)
    return groups


def _guarded(session: Session, work: Callable[[Any], Result], argument: object) -> Result:
    try:
        return work(argument)
    except TemplateError as error:
        return failed("template_error", str(error))
    except NotStored as error:
        return error.result()
    except SourceFailure:
        raise
    except Exception as error:
        code, message = describe(session.database, error)
        return failed(code, message)


def _stored(session: Session, sql: str, row: list[Any] | None = None) -> Result:
    """Run a record's statement; what cannot be read of the rows that it gives is told beside its success."""
    result = _ok(session.run(sql, row))
    unreadable = session.take_errors()
    return session.promise({**result, "errors": unreadable} if unreadable else result)


def _ok(rows: list[Result]) -> Result:
    result: Result = {"statusCode": 200}
    if rows:
        row = rows[0]
        result["_json"] = row if len(rows) == 1 else rows
        if row.get("id") is not None:
            result["id"] = str(row["id"])
    return result


_MODES: Mapping[str, Callable[[Session, Call, Mapping[str, Any], list[Outgoing]], list[Result]]] = {
    "per_record": _per_record,
    "per_page": _per_page,
    "first_page": _per_page,
    "bulk_insert": _bulk_insert,
    "UPDATE or INSERT": _update_or_insert,
}
