"""``engine serve``: the same engine as ``celigo.local()``, as a program of its own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from celigo_pandas.cli.options import Commands
from celigo_pandas.documents.environment import set_flag

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("engine", help="run the local engine as a server")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    serve = actions.add_parser(
        "serve",
        help="serve the API on loopback until Ctrl-C",
        add_help=False,
        description="All options are the engine's own; `--help` shows them.",
    )
    # Options that this parser does not know are handed on; `main` puts them here.
    serve.set_defaults(run=_serve, engine_options=[])


def _serve(arguments: argparse.Namespace) -> int:
    # The engine's process loads no pandas; this one has it already, so the engine gets a process of its own.
    command = [sys.executable, "-m", "celigo_pandas.engine", *arguments.engine_options]
    set_flag("CELIGO_PANDAS_NO_PANDAS")
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(sys.executable, command)
    return subprocess.run(command, check=False).returncode
