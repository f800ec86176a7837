"""Options and small readings that several commands share."""

from __future__ import annotations

import argparse
import json
import sys
from numbers import Number
from typing import TYPE_CHECKING, Any, TypeAlias

from celigo_pandas.cli.streams import is_unicode
from celigo_pandas.client.addresses import REGIONS
from celigo_pandas.documents import document_files
from celigo_pandas.errors import ConfigError

if TYPE_CHECKING:
    from celigo_pandas.accessors import Client

__all__ = ["Commands", "add_server", "add_target", "open_client", "print_json", "read_document"]

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""The commands of the parser, to which each module adds its own."""


def add_server(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options that say which account is meant; a token is never one of them."""
    group = parser.add_argument_group("server")
    group.add_argument("--profile", help="a profile that `celigo-pandas login` stored")
    group.add_argument("--region", choices=tuple(REGIONS), help="integrator.io's region")
    group.add_argument("--base-url", help="another server's address; the token comes from CELIGO_API_TOKEN")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    return group


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which server is meant, an account's or a local engine."""
    group = add_server(parser)
    group.add_argument(
        "--local",
        nargs="?",
        const="",
        metavar="STORE",
        help="start the local engine for this command; with STORE (a folder or a name) it keeps what it learns",
    )
    group.add_argument(
        "--demo",
        choices=("auto", "flights", "shop", "none"),
        default="auto",
        help="what a new local engine holds (default: the flights where they are installed, else a small shop)",
    )


def open_client(arguments: argparse.Namespace, *, read_only: bool | None = None) -> Client:
    """Open the client that the options ask for."""
    if arguments.local is not None:
        for name in ("profile", "region", "base_url"):
            if getattr(arguments, name) is not None:
                raise ConfigError(f"--local and --{name.replace('_', '-')} name two servers.", hint="Give one of them.")
        from celigo_pandas.local_engine import local

        return local(arguments.local or None, demo=arguments.demo)
    from celigo_pandas.accessors import connect

    settings: dict[str, Any] = {} if read_only is None else {"read_only": read_only}
    return connect(profile=arguments.profile, region=arguments.region, base_url=arguments.base_url, **settings)


def read_document(source: str) -> dict[str, Any]:
    """Read a JSON (or, with the extra ``yaml``, YAML) document from a file, or from stdin for ``-``."""
    if source != "-":
        return document_files.read_document(source)
    return document_files.parse_document(sys.stdin.buffer.read(), source)


def print_json(document: object) -> None:
    """Print one JSON document on stdout."""
    text = json.dumps(document, indent=2, default=_plain, ensure_ascii=False)
    if not is_unicode(sys.stdout) or not _is_whole(text):
        text = json.dumps(document, indent=2, default=_plain)
    print(text)


def _plain(value: object) -> object:
    return value.item() if isinstance(value, Number) and hasattr(value, "item") else str(value)


def _is_whole(text: str) -> bool:
    """Say whether a text has no half of a pair of surrogates, which only an escape can carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
