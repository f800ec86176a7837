"""``journals``: what unfinished pulls and pushes left on disk."""

from __future__ import annotations

import argparse
from typing import Any

from celigo_pandas.cli.options import Commands, print_json
from celigo_pandas.errors import ConfigError
from celigo_pandas.folders import user_path

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("journals", help="list journals below a folder; --delete removes one")
    parser.add_argument("folder", nargs="?", default=".", help="where to look (default: here)")
    parser.add_argument("--delete", metavar="JOURNAL", help="path of a journal to remove")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from celigo_pandas.journal import delete_journal, list_journals

    if arguments.delete:
        delete_journal(user_path(arguments.delete))
        print(f"Removed {arguments.delete}.")
        return 0
    if not user_path(arguments.folder).is_dir():
        raise ConfigError(f"There is no folder {arguments.folder!r}.")
    found = list_journals(user_path(arguments.folder))
    if arguments.json:
        print_json(found)
    elif not found:
        print(f"No journals below {arguments.folder}.")
    else:
        lines = [
            (
                entry["path"],
                entry["kind"],
                entry["state"],
                _counted(entry),
                f"{entry['bytes']:,} bytes",
                entry["last_at"],
            )
            for entry in found
        ]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            print("  ".join(f"{text:{width}}" for text, width in zip(line, widths, strict=True)).rstrip())
    return 0


def _counted(entry: dict[str, Any]) -> str:
    """Say how much a journal holds."""
    if "pages" in entry:
        return f"{entry['pages']:,} pages"
    counts = [f"{count:,} {name.replace('_', ' ')}" for name, count in entry.get("outcomes", {}).items() if count]
    return f"{entry['rows']:,} rows: {', '.join(counts)}" if counts else ""
