"""``doctor``: what is installed, what is configured, what answers; never a secret."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import re
import sys
from typing import Any

from celigo_pandas.cli.options import add_server, print_json
from celigo_pandas.client.addresses import without_userinfo
from celigo_pandas.documents.environment import secret_setting
from celigo_pandas.errors import CeligoError

__all__ = ["add"]

_PACKAGES = ("celigo-pandas", "pandas", "pyarrow", "orjson", "requests", "ipywidgets", "anywidget", "starlette")
_OF_DEVELOPERS = frozenset({"all", "dev", "docs"})
_WANTED_BY_EXTRA = re.compile(r"""(?P<package>[\w.-]+).*;.*\bextra == ['"](?P<extra>[\w-]+)['"]""")


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("doctor", help="say what is installed and what answers")
    add_server(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    findings = {
        "python": f"{platform.python_version()} ({sys.executable})",
        **{name: importlib.metadata.version(name) for name in _PACKAGES},
        **{f"extra {name}": said for name, said in _extras().items()},
        "CELIGO_API_TOKEN": "set" if secret_setting("CELIGO_API_TOKEN") else "not set",
    }
    healthy = True
    server = without_userinfo(arguments.base_url) or "integrator.io"
    for name, (said, good) in ((server, _account(arguments)), ("local engine", _engine())):
        findings[name] = said
        healthy = healthy and good
    if arguments.json:
        print_json(findings)
    else:
        width = max(map(len, findings))
        for name, value in findings.items():
            print(f"{name:{width}}  {value}")
    return 0 if healthy else 1


def _extras() -> dict[str, str]:
    """Say of every extra of the package whether all that it asks for is installed."""
    missing: dict[str, list[str]] = {}
    for requirement in importlib.metadata.requires("celigo-pandas") or ():
        wanted = _WANTED_BY_EXTRA.match(requirement)
        if wanted is not None and wanted["extra"] not in _OF_DEVELOPERS:
            missing.setdefault(wanted["extra"], []).extend(_unless_installed(wanted["package"]))
    return {name: f"no ({', '.join(names)})" if names else "yes" for name, names in missing.items()}


def _unless_installed(package: str) -> list[str]:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return [package]
    return []


def _account(arguments: argparse.Namespace) -> tuple[str, bool]:
    from celigo_pandas.accessors import connect
    from celigo_pandas.errors import ConfigError

    wanted = {name: getattr(arguments, name) for name in ("profile", "region", "base_url")}
    try:
        with connect(**wanted) as client:
            client.check()
            return f"{client.host} answers", True
    except ConfigError as error:
        return f"not configured: {error}", not any(wanted.values())
    except CeligoError as error:
        return f"does not answer: {error}", False


def _engine() -> tuple[str, bool]:
    from celigo_pandas.local_engine import local

    try:
        with local(demo="none") as client:
            client.check()
            return f"starts and answers ({client.host})", True
    except CeligoError as error:
        return f"does not start: {error}", False
