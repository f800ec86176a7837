"""A file import: the records of one call become one file, or one each with ``skipAggregation``.

Facts: integrator-api.md, sections 6.4 and 6.9. A file is made as a whole before its place hears of it: if any of its
records cannot be written, none is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, cast

from celigo_pandas.engine.adaptors.files.compression import compressed
from celigo_pandas.engine.adaptors.files.csv_writing import write_csv
from celigo_pandas.engine.adaptors.files.file_exports import Opener, log
from celigo_pandas.engine.adaptors.files.file_names import FileNameError
from celigo_pandas.engine.adaptors.files.file_plans import ImportPlan, import_plan
from celigo_pandas.engine.adaptors.files.formats import CODECS, FormatError, encoded
from celigo_pandas.engine.adaptors.files.header_names import column_order
from celigo_pandas.engine.adaptors.files.json_files import write_json
from celigo_pandas.engine.adaptors.files.places import NOT_KNOWN, Place
from celigo_pandas.engine.adaptors.files.rendered_templates import checked, rendered
from celigo_pandas.engine.adaptors.files.xlsx_writing import write_xlsx
from celigo_pandas.engine.adaptors.protocol import UNKNOWN, Call, Outgoing, SourceFailure
from celigo_pandas.engine.texts import json_text
from celigo_pandas.engine.texts.xml_tree import XmlError, parse_xml
from celigo_pandas.handlebars.contexts import batch_context

__all__ = ["write_import"]

Result = dict[str, Any]

_PIECE = 1 << 18
_IN_MEMORY = 8_000_000


def write_import(
    call: Call, import_doc: Mapping[str, Any], batch: Sequence[Outgoing], open_place: Opener
) -> list[Result]:
    """Write the files of one call; one result a record, in order, with the file's name as its id.

    Raises
    ------
    SourceFailure
        The document cannot be used, or the place cannot be reached; nothing was written.
    """
    plan = import_plan(import_doc, call.connection.type)
    place = open_place(call)
    try:
        size = plan.records_per_file or len(batch)
        results: list[Result] = []
        written: set[str] = set()
        for start in range(0, len(batch), size):
            results += _one_file(call, plan, place, batch[start : start + size], written)
        return results
    finally:
        place.close()


def _one_file(call: Call, plan: ImportPlan, place: Place, part: Sequence[Outgoing], written: set[str]) -> list[Result]:
    try:
        name = _write(call, plan, place, [one.mapped for one in part], written)
    except FormatError as error:
        return _failed(len(part), "invalid_record", f"The file was not written: {_said(error)}.", error.record)
    except SourceFailure as failure:
        if failure.offline:
            raise
        if failure.code == NOT_KNOWN:
            return _failed(len(part), failure.code, failure.message, status=UNKNOWN)
        return _failed(len(part), failure.code, f"The file was not written: {failure.message}")
    return [{"statusCode": 200, "id": name} for _ in part]


def _said(error: FormatError) -> str:
    return error.message if error.record is None else f"record {error.record} of it: {error.message}"


def _failed(count: int, code: str, message: str, culprit: int | None = None, status: int = 422) -> list[Result]:
    """Return the results of records that share the fate of one file; the one that is to blame keeps its own code."""
    results = []
    for position in range(count):
        own = code if culprit is None or position == culprit else "file_not_written"
        error = {"code": own, "message": message, "source": "application"}
        results.append({"statusCode": status, "errors": [error]})
    return results


def _write(call: Call, plan: ImportPlan, place: Place, records: list[Any], written: set[str]) -> str:
    context = batch_context(records, call.context)
    kind = call.connection.type
    call.look()

    def render(text: str, field: str) -> str:
        return rendered(text, call, field, context, plan.lookups)

    def segment(text: str, field: str) -> str:
        try:
            return plan.members.check_new(render(text, field))
        except FileNameError as error:
            raise SourceFailure(str(error), code="invalid_name", field=field) from None

    def place_of(text: str, member: str) -> str:
        field = f"import.{kind}.{member}"
        return checked(render(text, field), plan.members.check_folder, field)

    folder = place_of(plan.folder, plan.members.folder)
    name = segment(plan.name, plan.name_field)
    path = f"{folder.rstrip('/')}/{name}"
    if path in written:
        text = f"Another record of this call was written to {name!r} already; name the file by something of its record."
        raise SourceFailure(text, code="name_taken", field=plan.name_field)
    in_progress = None
    if plan.in_progress:
        in_progress = segment(plan.in_progress, f"import.{kind}.inProgressFileName")
        in_progress = None if in_progress == name else in_progress
    body = render(plan.body, f"import.file.{plan.type}.body") if plan.body is not None else None
    # Made before the place is touched: a record that cannot be written must not leave a file, nor replace one.
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as made:
        for piece in compressed(_content(plan, records, body), name, plan.compression):
            made.write(piece)
            call.look()
        content = cast(BinaryIO, made)
        backup = place_of(plan.backup_folder, plan.members.backup) if plan.backup_folder else None
        if backup is not None:
            if backup.rstrip("/") == folder.rstrip("/"):
                text = f"{plan.members.backup} is {plan.members.folder} itself: a file is no copy of itself."
                field = f"import.{kind}.{plan.members.backup}"
                raise SourceFailure(text, code="invalid_field", field=field)
            log(call, "WRITE", backup, name)
            place.write(backup, name, _pieces(content))
        log(call, "WRITE", folder, name)
        try:
            place.write(folder, name, _pieces(content), in_progress)
        except BaseException as error:
            is_known = getattr(error, "code", None) != NOT_KNOWN
            if backup is not None and is_known:
                with suppress(SourceFailure):
                    place.remove(backup, name)
            raise
    written.add(path)
    return name


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    content.seek(0)
    while piece := content.read(_PIECE):
        yield piece


def _content(plan: ImportPlan, records: list[Any], body: str | None) -> Iterable[bytes]:
    if body is not None:
        return [_checked_body(plan, body)]
    if plan.type == "json":
        alone = plan.records_per_file == 1
        return encoded([_alone(records[0])] if alone else write_json(records), plan.encoding)
    rows = _rows(records)
    columns = column_order((row for _, row in rows), plan.columns)
    if plan.type == "xlsx":
        return _by_record(write_xlsx([row for _, row in rows], columns, plan.xlsx_header), rows)
    return encoded(write_csv((row for _, row in rows), columns, plan.csv), plan.encoding)


def _alone(record: object) -> str:
    return json_text.dump(record).decode("utf-8", "surrogatepass") + "\n"


def _rows(records: list[Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """Return the rows of a table, each with its record: a grouped record has several."""
    rows: list[tuple[int, Mapping[str, Any]]] = []
    for position, record in enumerate(records):
        for row in record if isinstance(record, list) else [record]:
            if not isinstance(row, Mapping):
                text = f"{type(row).__name__} is no row; a table takes objects, or an array of them"
                raise FormatError(text, record=position)
            rows.append((position, row))
    return rows


def _by_record(pieces: Iterator[bytes], rows: list[tuple[int, Mapping[str, Any]]]) -> Iterator[bytes]:
    try:
        yield from pieces
    except FormatError as error:
        if error.record is not None:
            raise FormatError(error.message, record=rows[error.record][0]) from None
        raise


def _checked_body(plan: ImportPlan, body: str) -> bytes:
    """Return a rendered body, if it is what the file says that it is."""
    content = b"".join(encoded([body], plan.encoding))
    try:
        if plan.type == "json":
            json_text.load(body)
        elif plan.encoding in {"utf8", "utf-16le"} or "encoding" in body.partition("?>")[0]:
            parse_xml(content)
        else:
            parse_xml(content.decode(CODECS[plan.encoding]).encode())
    except (XmlError, ValueError) as error:
        text = f"the rendered {plan.type}.body is no {plan.type.upper()}: {error}"
        raise FormatError(text) from None
    return content
