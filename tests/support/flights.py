"""Real flights and a mapping over them, for tests of mapping experiments."""

from __future__ import annotations

import sqlite3
from functools import lru_cache

import pandas as pd

from celigo_pandas.engine.demo import flights as data


@lru_cache(maxsize=1)
def _sample() -> pd.DataFrame:
    with sqlite3.connect(data.database()) as database:
        cursor = database.execute("select * from flights where month = 2 and day between 6 and 10")
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
    database.close()
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    for name in ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "flight", "distance"):
        frame[name] = frame[name].astype("Int64")
    return frame


def february() -> pd.DataFrame:
    """Return the flights of five stormy days, some hundreds of them cancelled."""
    return _sample().copy()


CARRIERS = {
    "9E": "Endeavor", "AA": "American", "AS": "Alaska", "B6": "JetBlue", "DL": "Delta", "EV": "ExpressJet",
    "F9": "Frontier", "FL": "AirTran", "HA": "Hawaiian", "MQ": "Envoy", "OO": "SkyWest", "UA": "United",
    "US": "US Airways", "VX": "Virgin", "WN": "Southwest", "YV": "Mesa",
}  # fmt: skip


def rule(generate: str, data_type: str, extract: str, **more: object) -> dict[str, object]:
    return {"generate": generate, "dataType": data_type, "extract": extract, "status": "Active", **more}


def notice_document() -> dict[str, object]:
    """Return an import document of eight rules."""
    return {
        "http": {"method": ["POST"], "relativeURI": ["/notices"]},
        "mappings": [
            rule("flight", "string", "{{record.carrier}}{{record.flight}}"),
            rule("tail", "string", "$.tailnum"),
            rule("airline", "string", "$.carrier", lookupName="airlines"),
            rule("from", "string", "$.origin"),
            rule("to", "string", "$.dest"),
            rule("scheduled", "string", "$.time_hour", generateDateFormat="YYYY-MM-DD HH:mm"),
            rule("minutes", "number", "$.dep_delay", default="0"),
            rule("miles", "number", "$.distance"),
        ],
        "lookups": [{"name": "airlines", "map": dict(CARRIERS), "allowFailures": False}],
    }
