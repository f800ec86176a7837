"""From one file's bytes to its records: decompress, parse, sort, group; errors say the file and the line."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import BinaryIO

from celigo_pandas.engine.adaptors.files.compression import contents
from celigo_pandas.engine.adaptors.files.csv_reading import read_csv
from celigo_pandas.engine.adaptors.files.file_plans import ExportPlan
from celigo_pandas.engine.adaptors.files.formats import FormatError, NothingFound
from celigo_pandas.engine.adaptors.files.json_files import read_json
from celigo_pandas.engine.adaptors.files.row_groups import grouped_rows, sorted_rows
from celigo_pandas.engine.adaptors.files.xlsx_reading import read_xlsx
from celigo_pandas.engine.adaptors.files.xml_reading import read_xml
from celigo_pandas.engine.adaptors.protocol import Record, SourceFailure

__all__ = ["file_records"]


def file_records(
    stream: BinaryIO,
    name: str,
    plan: ExportPlan,
    all_sheets: bool,
    look: Callable[[], None],
    nothing: Callable[[str], None] = lambda text: None,
) -> Iterator[Record]:
    """Yield the records of one file.

    Parameters
    ----------
    nothing : callable
        Told where ``resourcePath`` leads nowhere, and what is there: no error, but no empty file either.

    Raises
    ------
    SourceFailure
        The file is not what its document says; with its name, the archive's member, and the line.
    """
    member = name
    try:
        for inner, content in contents(stream, name, plan.compression, look):
            member = inner
            with closing(_parsed(content, plan, all_sheets, look)) as parsed:
                records: Iterable[Record] = parsed
                if plan.sort:
                    records = sorted_rows(records, plan.sort)
                try:
                    yield from grouped_rows(records, plan.group, plan.group_empty) if plan.group else records
                except NothingFound as error:
                    nothing(f"{_where(name, member, plan)}: {error.message}.")
    except FormatError as error:
        line = f", line {error.line}" if error.line is not None else ""
        raise SourceFailure(f"{_where(name, member, plan)}{line}: {error.message}.", code="invalid_file") from None


def _where(name: str, member: str, plan: ExportPlan) -> str:
    return f"File {name!r}" + (f", in it {member!r}" if plan.compression == "zip" and member != name else "")


def _parsed(
    content: BinaryIO, plan: ExportPlan, all_sheets: bool, look: Callable[[], None]
) -> Generator[Record, None, None]:
    encoding = plan.encoding or "utf8"
    if plan.type == "csv":
        return read_csv(content, plan.csv, encoding, look)
    if plan.type == "json":
        return read_json(content, plan.json_path, encoding, look)
    if plan.type == "xml":
        return read_xml(content, plan.xml_path, plan.encoding or None, look)
    return read_xlsx(content, plan.xlsx_header, all_sheets, look)
