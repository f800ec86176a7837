"""``retry``: the rows of a push that failed or were not sent, once more."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from celigo_pandas.cli.frame_files import add_rows, check_output, read_frame
from celigo_pandas.cli.options import Commands, add_target, open_client
from celigo_pandas.cli.push import confirmed, report, save_result
from celigo_pandas.errors import ConfigError
from celigo_pandas.folders import user_path

if TYPE_CHECKING:
    import pandas as pd

    from celigo_pandas.accessors import Client, ImportResult

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("retry", help="send the failed and the not-sent rows of a push again")
    parser.add_argument(
        "result", help="x.parquet that `push --result` or result.save() wrote; it is brought up to date"
    )
    parser.add_argument("--connection", "-c", metavar="NAME", help="name or id (default: that of the push)")
    parser.add_argument(
        "--rows", metavar="FILE", help="the whole file of the push, corrected: as many rows, as ordered"
    )
    parser.add_argument("--unknown", action="store_true", help="also rows of unknown fate, which may be in the target")
    parser.add_argument("--outcomes", metavar="FILE", help="write one outcome a row to this file")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_rows(parser)
    add_target(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    check_output(arguments.outcomes)
    before = _loaded(arguments.result)
    due = ["failed", "not_sent", *(["unknown"] if arguments.unknown else [])]
    count = sum(before.counts[name] for name in due)
    corrected = None if arguments.rows is None else _corrected(before, due, arguments)
    if not count:
        print(f"celigo-pandas: nothing is due: {before.summary()}", file=sys.stderr)
        return report(before, arguments)
    with open_client(arguments) as client:
        connection = client.connections[arguments.connection or before.connection_id]
        said = f"{count:,} of {len(before):,} rows again through {connection.name} ({connection.id}) at {client.host}."
        if not arguments.yes and not confirmed("retry", count, lambda: said):
            print("Nothing was sent.", file=sys.stderr)
            return 1
        with _claimed(arguments.result, client) as path:
            # Loaded anew: until here another process may have had it.
            result = _loaded(path).retry(corrected, unknown=arguments.unknown, con=connection)
    return report(result, arguments) or int(not _file_of(arguments.result).exists())


def _loaded(path: str) -> ImportResult:
    from celigo_pandas.accessors import ImportResult

    claimed = _claim_of(path)
    if claimed.exists() and not _file_of(path).exists():
        raise ConfigError(
            f"{path!r} is being retried, or its retry was killed: its rows may have been sent.",
            hint=f"If no retry runs, look into the target; then rename {str(claimed)!r} back.",
        )
    if not _file_of(path).is_file():
        raise ConfigError(f"Cannot read {path!r}: there is no such file.")
    try:
        return ImportResult.load(path)
    except OSError as error:
        raise ConfigError(f"Cannot read {path!r}: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path!r} holds no result of a push ({error}).") from error


def _corrected(before: ImportResult, due: list[str], arguments: argparse.Namespace) -> pd.DataFrame:
    rows = read_frame(arguments.rows, delimiter=arguments.delimiter)
    if len(rows) != len(before):
        raise ConfigError(
            f"{arguments.rows!r} has {len(rows):,} rows and the push had {len(before):,}; "
            "expected its whole file, corrected, in the same order."
        )
    outcomes = before.frame["outcome"]
    return rows.set_axis(outcomes.index)[outcomes.isin(due).to_numpy()]


@contextmanager
def _claimed(path: str, client: Client) -> Iterator[str]:
    """Hold a result while its rows are sent: under another name, which a second process or a kill leaves in sight."""
    target, claimed = _file_of(path), _claim_of(path)
    if claimed.exists():
        raise ConfigError(
            f"{path!r} is being retried by another process, or a retry of it was killed.",
            hint=f"If none runs, look into the target for what was sent; then remove {str(claimed)!r}.",
        )
    try:
        os.rename(target, claimed)
    except OSError as error:
        raise ConfigError(f"{path!r} cannot be brought up to date: {error.strerror}.") from error
    try:
        yield str(claimed)
    finally:
        if client.last_push is None:  # refused before anything was sent
            os.replace(claimed, target)
        elif save_result(client.last_push, path):
            claimed.unlink()


def _file_of(path: str) -> Path:
    """Find the file behind links: by each of its names it is the same result, and is claimed once."""
    return Path(os.path.realpath(user_path(path)))


def _claim_of(path: str) -> Path:
    target = _file_of(path)
    return target.with_name(f"{target.name}.retrying")
