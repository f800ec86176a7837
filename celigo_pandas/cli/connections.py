"""``connections``: what the account holds, and whether it answers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from celigo_pandas.cli.options import Commands, add_target, open_client, print_json

if TYPE_CHECKING:
    from celigo_pandas.accessors import Client

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("connections", help="list connections; with --ping NAME check one")
    parser.add_argument("--ping", metavar="NAME", help="name or id of a connection to check")
    add_target(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    with open_client(arguments) as client:
        if arguments.ping is not None:
            return _ping(client, arguments)
        frame = client.connections.to_frame()
        if arguments.json:
            print_json([con.doc for con in client.connections])
        elif frame.empty:
            print(f"No connections in {client.host}.")
        else:
            print(frame.to_string(index=False))
    return 0


def _ping(client: Client, arguments: argparse.Namespace) -> int:
    connection = client.connections[arguments.ping]
    result = connection.ping()
    if arguments.json:
        errors = [str(error) for error in result.errors]
        told = {"ok": bool(result), "checked": result.checked, "reached": result.reached}
        print_json({**told, "code": result.code, "errors": errors})
    else:
        print(f"{connection.name}: {_SAID.get(result.outcome, result.outcome)} (code {result.code})")
        for error in result.errors:
            print(f"  {error}")
    return 0 if result else 1


_SAID = {"ok": "answers", "failed": "does not answer"}
