"""``push``: rows of a file through a virtual import, one outcome a row."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from celigo_pandas.cli.frame_files import add_rows, check_output, read_frame, write_frame
from celigo_pandas.cli.options import add_target, open_client, print_json, read_document
from celigo_pandas.cli.push_plan import add_plan, check_plan, planned, shown_plan
from celigo_pandas.errors import CeligoError, ConfigError

if TYPE_CHECKING:
    from celigo_pandas.accessors import Client, ImportPlan, ImportResult
    from celigo_pandas.frames.outward import Unflatten

__all__ = ["add", "check_result", "confirmed", "report", "save_result"]


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("push", help="push the rows of a file through a virtual import")
    parser.add_argument("rows", help="x.parquet, x.csv, x.json or x.jsonl")
    parser.add_argument("import_doc", metavar="IMPORT", help="import document (.json, .yaml) or name of a saved import")
    parser.add_argument("--connection", "-c", metavar="NAME", help="name or id (a saved import brings its own)")
    parser.add_argument("--batch-size", type=int, default=100, metavar="N")
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    parser.add_argument("--first", type=int, default=5, metavar="N", help="rows that go alone first (0: none)")
    parser.add_argument("--max-failures", type=int, metavar="N")
    parser.add_argument("--journal", metavar="FOLDER", help="make the push resumable")
    parser.add_argument("--outcomes", metavar="FILE", help="write one outcome a row to this file")
    parser.add_argument("--result", metavar="FILE", help="keep rows and outcomes in x.parquet, for `retry`")
    parser.add_argument(
        "--nest", action="store_true", help="send columns such as cust.name, as a pull writes them, as objects"
    )
    parser.add_argument("--dry-run", action="store_true", help="only map the rows on the server, send nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_plan(parser)
    add_rows(parser)
    add_target(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    check_output(arguments.outcomes)
    check_result(arguments.result)
    check_plan(arguments)
    frame = read_frame(arguments.rows, delimiter=arguments.delimiter)
    is_file = arguments.import_doc.endswith((".json", ".yaml", ".yml"))
    written = read_document(arguments.import_doc) if is_file else None
    with open_client(arguments) as client:
        connection = client.connections[arguments.connection] if arguments.connection else None
        document: Any = written if is_file else client.imports[arguments.import_doc]
        if arguments.plan is not None:
            return _push_plan(planned(frame, document, connection, client, arguments), client, arguments)
        if arguments.dry_run:
            return _dry_run(frame, document, connection, arguments)
        if not arguments.yes and not _confirmed(frame, document, connection, arguments):
            print("Nothing was sent.", file=sys.stderr)
            return 1
        from celigo_pandas.accessors import to_import

        try:
            result = to_import(
                frame,
                document,
                connection,
                batch_size=arguments.batch_size,
                max_workers=arguments.workers,
                first=arguments.first,
                max_failures=arguments.max_failures,
                unflatten=_unflatten(arguments),
                journal=arguments.journal,
                progress=False if arguments.json else None,
            )
        except BaseException:  # what was sent before the end is known all the same
            if client.last_push is not None:
                save_result(client.last_push, arguments.result)
            raise
    is_kept = save_result(result, arguments.result)
    return report(result, arguments) or int(not is_kept)


def _push_plan(plan: ImportPlan, client: Client, arguments: argparse.Namespace) -> int:
    """Show a plan, ask, and send what it would create and update."""
    due = plan.counts["create"] + plan.counts["update"]
    if arguments.dry_run or not due:
        if arguments.outcomes is not None and not _written(plan.frame, arguments.outcomes, "the plan was made"):
            return 1
        return shown_plan(plan, as_json=arguments.json)

    def shown() -> object:
        shown_plan(plan, as_json=False)
        return f"{due:,} of {len(plan):,} rows would be sent."

    if not arguments.yes and not confirmed("push", due, shown):
        print("Nothing was sent.", file=sys.stderr)
        return 1
    try:
        result = plan.push(
            batch_size=arguments.batch_size,
            max_workers=arguments.workers,
            first=arguments.first,
            max_failures=arguments.max_failures,
            journal=arguments.journal,
            progress=False if arguments.json else None,
        )
    except BaseException:  # what was sent before the end is known all the same
        if client.last_push is not None:
            save_result(client.last_push, arguments.result)
        raise
    is_kept = save_result(result, arguments.result)
    return report(result, arguments) or int(not is_kept)


def check_result(path: str | None) -> None:
    """Refuse a place for a result before anything is sent."""
    check_output(path)
    if path is not None and not path.lower().endswith(".parquet"):
        raise ConfigError(f"--result {path!r}: a result is kept as Parquet; expected a name that ends in .parquet.")


def save_result(result: ImportResult, path: str | None) -> bool:
    """Keep a result in a file; what was done is not undone by a file that cannot be written."""
    try:
        if path is not None:
            result.save(path)
    except (OSError, CeligoError) as error:
        print(f"celigo-pandas: the rows were sent, but {path!r} was not written: {error}", file=sys.stderr)
        return False
    return True


def report(result: ImportResult, arguments: argparse.Namespace) -> int:
    """Say what became of the rows, and return the exit code."""
    is_written = arguments.outcomes is None or _written(result.frame, arguments.outcomes)
    counts = {name: count for name, count in result.counts.items() if count}
    errors = result.errors()
    if arguments.json:
        groups = errors.astype(object).where(errors.notna(), None).to_dict("records")
        told = {"rows": len(result), "outcomes": counts, "errors": groups}
        print_json(told if result.stop_reason is None else {**told, "stopped": result.stop_reason})
    else:
        print(result.summary())
        if len(errors):
            print(errors.to_string(index=False))
    return 0 if is_written and set(counts) <= {"ok", "ignored", "unchanged"} else 1


def _unflatten(arguments: argparse.Namespace) -> Unflatten:
    return True if arguments.nest else "auto"


def _written(outcomes: object, path: str, done: str = "the rows were sent") -> bool:
    """Write outcomes under their row numbers; what was done is not undone by a file that cannot be written."""
    try:
        write_frame(_numbered(outcomes), path)
    except (OSError, CeligoError) as error:
        print(f"celigo-pandas: {done}, but {path!r} was not written: {error}", file=sys.stderr)
        return False
    return True


def _numbered(outcomes: Any) -> Any:
    names = chain(("index", "row number"), (f"row number {number}" for number in count(2)))
    name = next(name for name in names if name not in outcomes.columns)
    frame = outcomes.copy(deep=False)
    frame.insert(0, name, outcomes.index)
    return frame


def _dry_run(frame: Any, document: Any, connection: Any, arguments: argparse.Namespace) -> int:
    from celigo_pandas.accessors import dry_run

    trial = dry_run(frame, document, connection, unflatten=_unflatten(arguments))
    states = {str(name): int(count) for name, count in trial.frame["state"].value_counts().items()}
    is_written = arguments.outcomes is None or _written(trial.mapped, arguments.outcomes, "the rows were mapped")
    if arguments.json:
        print_json({"rows": len(frame), "states": states})
    else:
        print(trial.mapped.head(10).to_string())
        print(", ".join(f"{count:,} {name}" for name, count in states.items()))
    return 0 if is_written and set(states) <= {"mapped", "ignored"} else 1


def _confirmed(frame: Any, document: Any, connection: Any, arguments: argparse.Namespace) -> bool:
    from celigo_pandas.accessors import to_import

    def shown() -> object:
        return to_import(frame, document, connection, unflatten=_unflatten(arguments), preview=True)

    return confirmed("push", len(frame), shown)


def confirmed(command: str, rows: int, shown: Callable[[], object]) -> bool:
    """Ask a person whether rows shall be sent, after showing what and where to."""
    if not sys.stdin.isatty():
        print(f"celigo-pandas: {command} asks before it sends; add --yes where nobody can answer.", file=sys.stderr)
        return False
    print(shown())
    try:
        return input(f"Send {rows:,} rows? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
