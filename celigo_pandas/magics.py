"""``%%celigo_export``: a cell whose body is an export document, or SQL.

``%load_ext celigo_pandas`` registers it; ``%%celigo_export flights --connection "NYC flights" --max-rows 1000`` pulls
the document below it into the variable ``flights`` and shows the frame. ``%%celigo_export?`` prints the help.
"""

from __future__ import annotations

import argparse
import json
import keyword
import shlex
from typing import Any, NoReturn

from celigo_pandas.errors import ConfigError, DocumentError, MissingExtraError

__all__ = ["load", "parse_body", "parse_line"]


class _Parser(argparse.ArgumentParser):
    """A parser that raises in place of ending the kernel."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"%%celigo_export: {message}.", hint=self.format_usage().strip())


_DESCRIPTION = """\
Pull what the cell describes through a connection, and show the frame.

The cell holds one export document, in JSON or YAML; with --sql it holds a query:

    %%celigo_export flights -c "NYC flights" --sql --max-rows 1000
    select carrier, flight, dep_delay
    from flights
    where dep_delay > 120
"""


def _parser() -> _Parser:
    parser = _Parser(
        prog="%%celigo_export",
        usage="%%%%celigo_export [NAME] --connection CONNECTION [options]",
        description=_DESCRIPTION,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=96),
        add_help=False,
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="variable that takes the frame")
    parser.add_argument("--connection", "-c", required=True, metavar="CONNECTION", help="name or id of a connection")
    parser.add_argument("--sql", action="store_true", help="the cell is a query, not a document")
    parser.add_argument("--max-rows", type=int, metavar="N", help="stop after so many rows")
    parser.add_argument("--page-size", type=int, metavar="N", help="records a request (default: 1,000)")
    parser.add_argument("--consume", action="store_true", help="allow an export that changes its source")
    parser.add_argument(
        "--client", metavar="NAME", help="variable that holds the client (default: the one client of the notebook)"
    )
    return parser


def parse_line(line: str) -> argparse.Namespace:
    """Read the magic's own line.

    Raises
    ------
    ConfigError
        An unknown or missing option, or a name that cannot be a variable.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise ConfigError(f"%%celigo_export: {error} in {line!r}.") from error
    options = _parser().parse_args(words)
    if options.name is not None and (not options.name.isidentifier() or keyword.iskeyword(options.name)):
        raise ConfigError(f"%%celigo_export: {options.name!r} cannot be the name of a variable.")
    return options


def parse_body(body: str) -> dict[str, Any]:
    """Read the cell's body: JSON, else YAML where the extra ``yaml`` is installed."""
    try:
        document = json.loads(body)
    except ValueError as json_error:
        if body.lstrip().startswith("{"):
            raise DocumentError(f"The cell is not JSON: {json_error}.") from json_error
        try:
            import yaml
        except ImportError as error:
            raise MissingExtraError("A cell in YAML", "yaml") from error
        try:
            document = yaml.safe_load(body)
        except yaml.YAMLError as error:
            raise DocumentError(f"The cell is neither JSON nor YAML: {error}.") from error
    if not isinstance(document, dict):
        hint = "A query is taken with --sql." if isinstance(document, str) else None
        raise DocumentError(f"The cell holds a {type(document).__name__}; expected one export document.", hint=hint)
    return document


def load(ipython: Any) -> None:
    """Register the magic with an IPython shell."""

    def celigo_export(line: str, cell: str) -> object:
        from celigo_pandas.builders import sql_export

        options = parse_line(line)
        client = _client(ipython.user_ns, options.client)
        frame = client.connections[options.connection].read_export(
            sql_export(cell.strip()) if options.sql else parse_body(cell),
            page_size="auto" if options.page_size is None else options.page_size,
            max_rows=options.max_rows,
            consume=options.consume,
        )
        if options.name:
            ipython.push({options.name: frame})
        return frame

    celigo_export.__doc__ = _parser().format_help()
    ipython.register_magic_function(celigo_export, magic_kind="cell", magic_name="celigo_export")


def _client(names: dict[str, Any], wanted: str | None) -> Any:
    from celigo_pandas.accessors import Client

    if wanted is not None:
        if not isinstance(names.get(wanted), Client):
            raise ConfigError(f"%%celigo_export: {wanted!r} is no client of this notebook.")
        return names[wanted]
    clients = {id(value): value for name, value in names.items() if isinstance(value, Client) and name[:1] != "_"}
    if len(clients) != 1:
        raise ConfigError(
            f"%%celigo_export: found {len(clients)} clients in this notebook; expected one.",
            hint="Make one with `client = celigo.connect()` or `celigo.local()`, or name it with --client.",
        )
    return next(iter(clients.values()))
