"""``pull``: one virtual export to a file."""

from __future__ import annotations

import argparse
from typing import Any

from celigo_pandas.cli.frame_files import check_output, write_frame
from celigo_pandas.cli.options import add_target, open_client, print_json, read_document

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("pull", help="pull a virtual export into a file")
    parser.add_argument("export", help="export document (.json, .yaml, or - for stdin), or the name of a saved export")
    parser.add_argument("--connection", "-c", metavar="NAME", help="name or id (a saved export brings its own)")
    parser.add_argument("-o", "--output", required=True, help="x.parquet, x.csv, x.json or x.jsonl")
    parser.add_argument("--max-rows", type=int, metavar="N")
    parser.add_argument("--page-size", type=int, metavar="N", help="records a request (default: 1,000)")
    parser.add_argument("--consume", action="store_true", help="allow an export that changes its source")
    parser.add_argument("--journal", metavar="FOLDER", help="keep pages on disk, so that a stopped pull goes on")
    add_target(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    check_output(arguments.output)
    is_file = arguments.export == "-" or arguments.export.endswith((".json", ".yaml", ".yml"))
    document = read_document(arguments.export) if is_file else None
    with open_client(arguments) as client:
        connection = client.connections[arguments.connection] if arguments.connection else None
        export: Any = document if is_file else client.exports[arguments.export]
        settings = {
            "page_size": "auto" if arguments.page_size is None else arguments.page_size,
            "consume": arguments.consume,
            "progress": False if arguments.json else None,
        }
        if arguments.output.lower().endswith(".parquet") and arguments.max_rows is None and arguments.journal is None:
            from celigo_pandas.accessors import export_to_parquet

            export_to_parquet(export, connection, arguments.output, **settings)
            import pyarrow.parquet as parquet

            metadata = parquet.read_metadata(arguments.output)
            rows, columns = metadata.num_rows, metadata.num_columns
        else:
            from celigo_pandas.accessors import read_export

            frame = read_export(export, connection, max_rows=arguments.max_rows, journal=arguments.journal, **settings)
            write_frame(frame, arguments.output)
            rows, columns = frame.shape
    if arguments.json:
        print_json({"rows": rows, "columns": columns, "output": arguments.output})
    else:
        print(f"{rows:,} rows, {columns} columns → {arguments.output}")
    return 0
