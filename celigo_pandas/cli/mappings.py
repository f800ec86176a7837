"""``map``: check frozen examples, compare two mappings, measure one; exit codes for CI."""

from __future__ import annotations

import argparse
from typing import Any

from celigo_pandas.cli.frame_files import read_frame
from celigo_pandas.cli.options import print_json, read_document

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("map", help="test, diff or measure a mapping; no server is needed")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    test = actions.add_parser("test", help="map frozen examples again; exit 1 if anything differs")
    test.add_argument("examples", nargs="+", metavar="EXAMPLES", help="files that mapping.freeze() wrote")
    test.add_argument("--import", dest="document", metavar="DOC", help="import document to check (default: the frozen)")
    diff = actions.add_parser("diff", help="compare two mappings over the same rows; exit 1 if any cell differs")
    diff.add_argument("before", metavar="BEFORE", help="import document")
    diff.add_argument("after", metavar="AFTER", help="import document")
    diff.add_argument("rows", metavar="ROWS", help="x.parquet, x.csv, x.json or x.jsonl")
    diff.add_argument("--report", metavar="FILE", help="write an HTML page for a change ticket")
    coverage = actions.add_parser(
        "coverage", help="measure what a mapping uses; exit 1 for a dead path or failing rows"
    )
    coverage.add_argument("document", metavar="DOC", help="import document")
    coverage.add_argument("rows", metavar="ROWS")
    for action, run in ((test, _test), (diff, _diff), (coverage, _coverage)):
        action.add_argument("--json", action="store_true", help="print one JSON document instead of text")
        action.set_defaults(run=run)


def _test(arguments: argparse.Namespace) -> int:
    from celigo_pandas.experiments import check_frozen

    document = read_document(arguments.document) if arguments.document else None
    differences = {path: check_frozen(path, document) for path in arguments.examples}
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

    frame = read_frame(arguments.rows)
    before, after = (Mapping(read_document(path)) for path in (arguments.before, arguments.after))
    found = before.diff(after, frame)
    if arguments.report:
        after.report(frame, against=before).save(arguments.report)
    if arguments.json:
        print_json({"rules": found.frame.to_dict("records"), "idle": found.idle})
    else:
        print(found)
    return 1 if found else 0


def _coverage(arguments: argparse.Namespace) -> int:
    from celigo_pandas.experiments import Mapping

    found = Mapping(read_document(arguments.document)).coverage(read_frame(arguments.rows))
    if arguments.json:
        print_json({"rules": found.frame.to_dict("records"), "unused": found.unused, "dead": found.dead})
    else:
        print(found)
    return 1 if found.dead or found.coverage.failed else 0
