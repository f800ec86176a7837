"""``celigo-pandas push --plan``: what a push would change, shown first."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from celigo_pandas.cli.frame_files import read_frame
from celigo_pandas.cli.options import print_json, read_document
from celigo_pandas.errors import CeligoError, ConfigError

if TYPE_CHECKING:
    from celigo_pandas.accessors import Client, ImportPlan
    from celigo_pandas.accessors.destinations.current_rows import CurrentLike

__all__ = ["add_plan", "check_plan", "planned", "shown_plan"]

_ROWS = (".parquet", ".csv", ".jsonl")
_DOCUMENTS = (".json", ".yaml", ".yml")
_SHOWN = 20


def add_plan(parser: argparse.ArgumentParser) -> None:
    """Add the options of a plan."""
    parser.add_argument(
        "--plan", metavar="CURRENT", help="show first what would change at the destination, and send nothing else: an "
        "export that reads it (.json, .yaml, the name of a saved one, or SQL), or its rows (.parquet, .csv, .jsonl)",
    )  # fmt: skip
    parser.add_argument("--key", metavar="NAMES", help="with --plan: the fields by which a row is known, by commas")
    parser.add_argument("--ignore", metavar="NAMES", default="", help="with --plan: fields that are not compared")
    parser.add_argument("--normalize", metavar="WORDS", help="with --plan: trim, case, empty, number, … by commas")
    parser.add_argument("--plan-report", metavar="FILE", help="with --plan: write it as an HTML page")


def check_plan(arguments: argparse.Namespace) -> None:
    """Refuse options of a plan that belong to none."""
    if arguments.plan is None and (arguments.key or arguments.ignore or arguments.normalize or arguments.plan_report):
        raise ConfigError("--key, --ignore, --normalize and --plan-report belong to --plan CURRENT, which is missing.")
    if arguments.plan is not None and not arguments.key:
        raise ConfigError("--plan needs --key: the fields by which a row is known at the destination.")


def planned(frame: Any, document: Any, connection: Any, client: Client, arguments: argparse.Namespace) -> ImportPlan:
    """Make the plan, and write its page where one is asked for."""
    from celigo_pandas.accessors import plan_import

    plan = plan_import(
        frame,
        document,
        connection,
        current=_current(arguments.plan, client, arguments.delimiter),
        key=_names(arguments.key),
        ignore=_names(arguments.ignore),
        normalize=_names(arguments.normalize) or None,
        unflatten=True if arguments.nest else "auto",
        progress=False if arguments.json else None,
    )
    if arguments.plan_report is not None:
        try:
            plan.report().save(arguments.plan_report)
        except CeligoError as error:
            print(f"celigo-pandas: the plan was made, but {error}", file=sys.stderr)
    return plan


def shown_plan(plan: ImportPlan, *, as_json: bool) -> int:
    """Print a plan; the exit code is 1 where rows could not be planned."""
    if as_json:
        told = {"rows": len(plan), "actions": plan.counts, "missing": len(plan.missing), "digest": plan.digest}
        print_json(told)
    else:
        print(plan.summary())
        changes = plan.changes
        if len(changes):
            print(changes.head(_SHOWN).to_string())
            if len(changes) > _SHOWN:
                print(f"… the first {_SHOWN} of {len(changes):,} cells that differ")
        held = plan.frame[plan.frame["action"].isin(["conflict", "failed"])]
        if len(held):
            print(held[["action", "reason"]].head(_SHOWN).to_string())
    return 1 if plan.counts["conflict"] or plan.counts["failed"] else 0


def _current(given: str, client: Client, delimiter: str | None) -> CurrentLike:
    if given.lower().endswith(_ROWS):
        return read_frame(given, delimiter=delimiter)
    if given.lower().endswith(_DOCUMENTS):
        return read_document(given)
    if given.split(maxsplit=1)[:1] and given.split(maxsplit=1)[0].lower() in ("select", "with"):
        return {"rdbms": {"query": given}}
    return client.exports[given]


def _names(given: str | None) -> list[str]:
    return [name.strip() for name in (given or "").split(",") if name.strip()]
