"""``pull``: one virtual export to a file."""

from __future__ import annotations

import argparse
import csv
from typing import Any

from celigo_pandas.cli.frame_files import check_output, write_frame
from celigo_pandas.cli.options import Commands, add_target, open_client, print_json, read_document
from celigo_pandas.documents.document_files import read_text
from celigo_pandas.errors import ConfigError

__all__ = ["add", "add_export", "document_of", "names_in"]


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("pull", help="pull a virtual export into a file")
    add_export(parser)
    parser.add_argument("-o", "--output", required=True, help="x.parquet, x.csv, x.json or x.jsonl")
    parser.add_argument("--max-rows", type=int, metavar="N")
    parser.add_argument("--page-size", type=int, metavar="N", help="records a request (default: 1,000)")
    parser.add_argument("--columns", metavar="NAMES", help="keep these columns only: a,b,c")
    parser.add_argument(
        "--nested",
        choices=("flatten", "keep", "json"),
        default="flatten",
        help="objects become parent.child columns, stay objects, or become JSON text (default: flatten)",
    )
    parser.add_argument(
        "--parse-dates",
        metavar="NAMES",
        help="columns to read as times: a,b, or auto for all whose values are ISO 8601",
    )
    parser.add_argument(
        "--dtype",
        action="append",
        default=[],
        metavar="NAME=TYPE",
        help="read a column as a pandas dtype: zip=string (may be given several times)",
    )
    parser.add_argument("--consume", action="store_true", help="allow an export that changes its source")
    parser.add_argument("--journal", metavar="FOLDER", help="keep pages on disk, so that a stopped pull goes on")
    add_target(parser)
    parser.set_defaults(run=_run)


def add_export(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which export is meant."""
    parser.add_argument(
        "export",
        nargs="?",
        help="export document (.json, .yaml, or - for stdin), a query (.sql), or the name of a saved export",
    )
    parser.add_argument("--sql", metavar="QUERY", help="a query in place of a document")
    parser.add_argument("--connection", "-c", metavar="NAME", help="name or id (a saved export brings its own)")


def _run(arguments: argparse.Namespace) -> int:
    check_output(arguments.output)
    document = document_of(arguments)
    options: dict[str, Any] = {
        "page_size": "auto" if arguments.page_size is None else arguments.page_size,
        "columns": None if arguments.columns is None else names_in(arguments.columns),
        "nested": arguments.nested,
        "consume": arguments.consume,
        "progress": False if arguments.json else None,
    }
    framed = {
        "max_rows": arguments.max_rows,
        "journal": arguments.journal,
        "parse_dates": _dates(arguments.parse_dates),
        "dtype": _dtypes(arguments.dtype),
    }
    with open_client(arguments) as client:
        connection = client.connections[arguments.connection] if arguments.connection else None
        export: Any = client.exports[arguments.export] if document is None else document
        # A frame is whole in memory; what needs none goes to its file page by page.
        needs_frame = arguments.nested == "keep" or any(value is not None for value in framed.values())
        if arguments.output.lower().endswith(".parquet") and not needs_frame:
            from celigo_pandas.accessors import export_to_parquet

            export_to_parquet(export, connection, arguments.output, **options)
            import pyarrow.parquet as parquet

            metadata = parquet.read_metadata(arguments.output)
            rows, columns = metadata.num_rows, metadata.num_columns
        else:
            from celigo_pandas.accessors import read_export

            frame = read_export(export, connection, **options, **framed)
            write_frame(frame, arguments.output)
            rows, columns = frame.shape
    if arguments.json:
        print_json({"rows": rows, "columns": columns, "output": arguments.output})
    else:
        print(f"{rows:,} rows, {columns} columns → {arguments.output}")
    return 0


def document_of(arguments: argparse.Namespace) -> dict[str, Any] | None:
    """Read the export that a file or ``--sql`` gives; None for the name of a saved one."""
    if (arguments.export is None) == (arguments.sql is None):
        got = "neither" if arguments.sql is None else "both"
        raise ConfigError(
            f"Got {got} an export and --sql; expected one of them.",
            hint='For example: pull orders.sql …, or pull --sql "select * from orders" …',
        )
    from celigo_pandas.builders import sql_export

    if arguments.sql is not None:
        return sql_export(arguments.sql)
    if arguments.export.endswith(".sql"):
        return sql_export(read_text(arguments.export))
    if arguments.export == "-" or arguments.export.endswith((".json", ".yaml", ".yml")):
        return read_document(arguments.export)
    return None


def names_in(text: str) -> list[str]:
    """Split names at commas; one that holds a comma stands in double quotes, as in CSV."""
    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), []) if name.strip()]


def _dates(text: str | None) -> bool | list[str] | None:
    return None if text is None else True if text == "auto" else names_in(text)


def _dtypes(texts: list[str]) -> dict[str, str] | None:
    found = {}
    for text in texts:
        name, sign, dtype = text.rpartition("=")
        if not (name and sign and dtype):
            raise ConfigError(f"--dtype: got {text!r}; expected NAME=TYPE, for example zip=string.")
        found[name] = dtype
    return found or None
