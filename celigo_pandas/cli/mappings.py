"""``map``: check frozen examples, compare two mappings, measure one; exit codes for CI."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celigo_pandas.cli.frame_files import add_rows, read_frame
from celigo_pandas.cli.options import print_json, read_document
from celigo_pandas.errors import ConfigError, DocumentError, FrameError

if TYPE_CHECKING:
    from celigo_pandas.experiments import Mapping

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("map", help="test, diff or measure a mapping; no server is needed")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    test = actions.add_parser("test", help="map frozen examples again; exit 1 if anything differs")
    test.add_argument("examples", nargs="+", metavar="EXAMPLES", help="files that mapping.freeze() wrote")
    test.add_argument("--import", dest="document", metavar="DOC", help="import document to check (default: the frozen)")
    diff = actions.add_parser(
        "diff", help="compare two mappings over the same rows; exit 1 if any cell differs or cannot be compared"
    )
    diff.add_argument("before", metavar="BEFORE", help="import document")
    diff.add_argument("after", metavar="AFTER", help="import document")
    diff.add_argument("rows", metavar="ROWS", help="x.parquet, x.csv, x.json or x.jsonl")
    diff.add_argument("--report", metavar="FILE", help="write an HTML page for a change ticket")
    coverage = actions.add_parser(
        "coverage", help="measure what a mapping uses; exit 1 for a dead path or failing rows"
    )
    coverage.add_argument("document", metavar="DOC", help="import document")
    coverage.add_argument("rows", metavar="ROWS")
    for action in (test, coverage):
        action.add_argument(
            "--script", action="append", default=[], metavar="ID=FILE", dest="scripts",
            help="a script that the document names, by its _id or name, and the file that has it; may be repeated",
        )  # fmt: skip
    for action in (diff, coverage):
        add_rows(action)
        action.add_argument(
            "--nest", action="store_true", help="read columns such as cust.name, as a pull writes them, as objects"
        )
    for action, run in ((test, _test), (diff, _diff), (coverage, _coverage)):
        action.add_argument("--json", action="store_true", help="print one JSON document instead of text")
        action.set_defaults(run=_answered(run))


def _answered(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Keep exit code 1 for what was found: documents and rows that cannot be read at all are another matter."""

    def answer(arguments: argparse.Namespace) -> int:
        try:
            return run(arguments)
        except (DocumentError, FrameError) as error:
            raise ConfigError(str(error), problems=error.problems) from error

    return answer


def _scripts(arguments: argparse.Namespace) -> dict[str, Path] | None:
    pairs = [text.partition("=") for text in arguments.scripts]
    for key, _, file in pairs:
        if not key or not file:
            raise ConfigError(f"--script {key or file!r}: expected ID=FILE, e.g. --script 5f2a=orders.js.")
    return {key: Path(file) for key, _, file in pairs} or None


def _rows(arguments: argparse.Namespace, *mappings: Mapping) -> Any:
    """Read the rows, and say so when columns that a path means as objects are one key each."""
    frame = read_frame(arguments.rows, delimiter=arguments.delimiter)
    if arguments.nest:
        from celigo_pandas.frames.outward import to_records

        return to_records(frame, unflatten=True)
    read = {path for mapping in mappings for rule in mapping.compiled.rules for path in rule.reads if "." in path}
    flat = [str(column) for column in frame.columns if column in read]
    if flat:
        print(
            f"celigo-pandas: {', '.join(flat)}: a field with a dot in its name, which a path to the field of an object "
            "does not find; add --nest if it is an object that a pull flattened.",
            file=sys.stderr,
        )
    return frame


def _test(arguments: argparse.Namespace) -> int:
    from celigo_pandas.experiments import check_frozen

    document = read_document(arguments.document) if arguments.document else None
    scripts = _scripts(arguments)
    differences = {path: check_frozen(path, document, scripts=scripts) for path in arguments.examples}
    failed = sum(len(frame) > 0 for frame in differences.values())
    if arguments.json:
        print_json({path: frame.to_dict("records") for path, frame in differences.items()})
        return 1 if failed else 0
    for path, frame in differences.items():
        print(f"{path}: {'as frozen' if frame.empty else f'{len(frame):,} cells differ'}")
        for row in frame.head(20).itertuples(index=False):
            print(f"  example {row.example}, {row.cell} ({row.rule}): expected {row.expected!r}, got {row.got!r}")
        if len(frame) > 20:
            print(f"  and {len(frame) - 20:,} more")
    return 1 if failed else 0


def _diff(arguments: argparse.Namespace) -> int:
    from celigo_pandas.experiments import Mapping

    before, after = (Mapping(read_document(path)) for path in (arguments.before, arguments.after))
    if arguments.report and not Path(arguments.report).parent.is_dir():
        raise ConfigError(f"Cannot write {arguments.report!r}: there is no such folder.")
    rows = _rows(arguments, before, after)
    found = before.diff(after, rows)
    if arguments.report:
        after.report(rows, against=before).save(arguments.report)
    if arguments.json:
        print_json(
            {
                "rules": found.frame.to_dict("records"),
                "idle": found.idle,
                "undecided": found.undecided,
                "uncompared": len(found.uncompared),
            }
        )
    else:
        print(found)
    return 1 if found or found.undecided else 0


def _coverage(arguments: argparse.Namespace) -> int:
    from celigo_pandas.experiments import Mapping

    mapping = Mapping(read_document(arguments.document))
    found = mapping.coverage(_rows(arguments, mapping), scripts=_scripts(arguments))
    if arguments.json:
        print_json({"rules": found.frame.to_dict("records"), "unused": found.unused, "dead": found.dead})
    else:
        print(found)
    return 1 if found.dead or found.coverage.failed else 0
