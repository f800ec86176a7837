"""Demo databases: SQLite files in the user's cache folder, built once and put in place whole."""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from celigo_pandas.errors import ConfigError
from celigo_pandas.folders import user_folder

__all__ = ["cached"]


def cached(name: str, build: Callable[[sqlite3.Connection], None]) -> Path:
    """Return the path of the database `name`, building it first when it is not there.

    The file appears under its name only when it is complete, so that an interrupted build or two at once leave a
    whole database or none.
    """
    folder = _folder()
    path = folder / f"{name}.sqlite"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(prefix=f"{name}-", suffix=".unfinished", dir=folder)
    os.close(handle)
    try:
        database = sqlite3.connect(unfinished)
        try:
            database.execute("pragma journal_mode = off")
            database.execute("pragma synchronous = off")
            build(database)
            database.commit()
        finally:
            database.close()
        os.replace(unfinished, path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    return path


def _folder() -> Path:
    try:
        return user_folder("cache")
    except ConfigError:  # no home folder: the databases live as long as the engine
        folder = tempfile.mkdtemp(prefix="celigo-pandas-demo-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)
