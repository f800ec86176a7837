"""``sync``: what is new of an export, into a table; ``--state`` says what is remembered."""

from __future__ import annotations

import argparse
import json
from typing import Any

from celigo_pandas.cli.options import add_target, open_client, print_json, read_document
from celigo_pandas.cli.pull import add_export, document_of, names_in
from celigo_pandas.errors import ConfigError

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("sync", help="pull what is new of an export into a table, which remembers it")
    add_export(parser)
    parser.add_argument("--to", required=True, metavar="PLACE", help="x.duckdb, a folder of Parquet, or x.delta")
    parser.add_argument("--state", action="store_true", help="pull nothing; say what is remembered at that place")
    parser.add_argument("--table", metavar="NAME", help="default: the file's name, or the folder itself")
    parser.add_argument("--key", metavar="NAMES", help="columns that tell rows apart: a,b")
    parser.add_argument("--cursor", metavar="NAME", help="column that grows when a row changes")
    parser.add_argument("--overlap", default="10min", metavar="SPAN", help="go back before the watermark (10min)")
    parser.add_argument("--start", metavar="VALUE", help="where the first pull begins, as the cursor's values are")
    parser.add_argument("--deletes", metavar="HOW", help="compare, keys:EXPORT.json, column:NAME or column:NAME=VALUE")
    parser.add_argument("--max-delete", type=float, default=0.05, metavar="SHARE", help="most rows to delete (0.05)")
    parser.add_argument("--schema", choices=("evolve", "freeze"), default="evolve", help="new columns: take or refuse")
    parser.add_argument("--full-every", metavar="SPAN", help="pull all rows when the last such pull is so old: 7d")
    parser.add_argument("--mode", choices=("merge", "append", "replace"), default="merge")
    parser.add_argument("--consume", action="store_true", help="allow an export that changes its source")
    parser.add_argument("--journal", metavar="FOLDER", help="keep pages on disk, so that a stopped pull goes on")
    add_target(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from celigo_pandas.syncs import sync

    if arguments.state:
        return _show_state(arguments)
    document = document_of(arguments)
    deletes = None if arguments.deletes is None else _deletes(arguments.deletes)
    with open_client(arguments) as client:
        result = sync(
            client.exports[arguments.export] if document is None else document,
            client.connections[arguments.connection] if arguments.connection else None,
            to=arguments.to,
            table=arguments.table,
            key=None if arguments.key is None else names_in(arguments.key),
            cursor=arguments.cursor,
            overlap=_value(arguments.overlap),
            start=None if arguments.start is None else _value(arguments.start),
            deletes=deletes,
            max_delete=arguments.max_delete,
            schema=arguments.schema,
            full_every=None if arguments.full_every is None else _value(arguments.full_every),
            mode=arguments.mode,
            consume=arguments.consume,
            journal=arguments.journal,
            progress=False if arguments.json else None,
        )
    if arguments.json:
        shown = ("place", "rows", "inserted", "updated", "unchanged", "deleted", "watermark", "window",
                 "schema_changes", "complete", "full", "seconds")  # fmt: skip
        print_json({name: getattr(result, name) for name in shown})
    else:
        watermark = "" if result.watermark is None else f" Watermark: {result.watermark}."
        print(f"{result.summary()}{watermark}")
    return 0 if result.complete else 1


def _show_state(arguments: argparse.Namespace) -> int:
    from celigo_pandas.syncs import sync_state

    found = sync_state(arguments.to)
    if arguments.json:
        print_json(found.to_dict("records"))
    elif found.empty:
        print(f"No tables of syncs at {arguments.to}.")
    else:
        print(found[["table", "rows", "watermark", "last_run", "complete"]].to_string(index=False))
    return 0


def _value(text: str) -> Any:
    """Read a number as a number: a span or a time is none."""
    try:
        number = json.loads(text)
    except ValueError:
        return text
    return number if isinstance(number, (int, float)) and not isinstance(number, bool) else text


def _deletes(text: str) -> Any:
    how, _, what = text.partition(":")
    if text == "compare":
        return text
    if how == "keys" and what:
        return {"keys": read_document(what)}
    if how == "column" and what:
        column, sign, value = what.partition("=")
        return {"column": column, **({"value": _flag(value)} if sign else {})}
    raise ConfigError(f"--deletes: got {text!r}; expected compare, keys:EXPORT.json, column:NAME or column:NAME=VALUE.")


def _flag(text: str) -> Any:
    return {"true": True, "false": False}.get(text, _value(text))
