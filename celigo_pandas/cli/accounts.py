"""``login`` and ``logout``."""

from __future__ import annotations

import argparse

from celigo_pandas.cli.options import Commands

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("login", help="ask for a token, check it, and store it")
    parser.add_argument("profile", nargs="?", help="name to store it under (default: the default profile)")
    parser.set_defaults(run=_login)
    parser = commands.add_parser("logout", help="forget a stored token")
    parser.add_argument("profile", nargs="?")
    parser.set_defaults(run=_logout)


def _login(arguments: argparse.Namespace) -> int:
    from celigo_pandas.accessors import login

    login(arguments.profile)
    return 0


def _logout(arguments: argparse.Namespace) -> int:
    from celigo_pandas.accessors import logout

    name = arguments.profile or "default"
    print(f"Forgot the token of {name!r}." if logout(arguments.profile) else f"No token was stored as {name!r}.")
    return 0
