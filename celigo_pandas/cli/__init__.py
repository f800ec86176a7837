"""The command line: the notebook's functions for the shell.

Exit codes: 0 done, 1 something failed (a refused call, failed rows, a difference found), 2 the command cannot be
carried out as it was typed or configured. ``--json`` prints one JSON document on stdout and nothing else there.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

from celigo_pandas.cli.streams import write_anything
from celigo_pandas.errors import CeligoError, CeligoWarning, ConfigError, MissingExtraError

__all__ = ["main"]

_COMMANDS = (
    "demo", "accounts", "engine", "connections", "pull", "sync", "push", "retry", "mappings", "journals", "doctor",
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    write_anything(sys.stdout, sys.stderr)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _run(argv)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: object = None,
) -> None:
    """Show a warning of this package as a line for people: it points at no line of theirs."""
    is_own = issubclass(category, CeligoWarning)
    said = str(message) if is_own else f"{category.__name__}: {message} ({filename}:{lineno})"
    print(f"celigo-pandas: {said}", file=sys.stderr)


def _run(argv: Sequence[str] | None) -> int:
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and not hasattr(arguments, "engine_options"):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.engine_options = rest
    try:
        return int(arguments.run(arguments))
    except (ConfigError, MissingExtraError) as error:
        print(f"celigo-pandas: {error}", file=sys.stderr)
        return 2
    except CeligoError as error:
        print(f"celigo-pandas: {error}", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader (head, less) has gone; there is nobody left to tell.
        sys.stderr.close()
        return 1
    except OSError as error:
        place = f": {error.filename!r}" if error.filename is not None else ""
        print(f"celigo-pandas: {error.strerror or error}{place}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError) as error:
        print(f"celigo-pandas: {str(error) or 'interrupted'}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="celigo-pandas",
        description="Pull, map, dry-run and push through integrator.io, or through the local engine.",
    )
    parser.add_argument("--version", action="version", version=f"celigo-pandas {version('celigo-pandas')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in _COMMANDS:
        import_module(f"celigo_pandas.cli.{name}").add(commands)
    return parser
