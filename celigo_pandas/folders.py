"""Paths that a user names, files that are replaced as a whole, and the folders of the user's own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import platformdirs

from celigo_pandas.errors import ConfigError

__all__ = ["replacing", "user_folder", "user_path"]

_FOLDERS = {
    "config": ("XDG_CONFIG_HOME", platformdirs.user_config_dir),
    "data": ("XDG_DATA_HOME", platformdirs.user_data_dir),
    "cache": ("XDG_CACHE_HOME", platformdirs.user_cache_dir),
}


def user_path(path: str | os.PathLike[str]) -> Path:
    """Return the path that `path` means: ``~`` and ``~name`` at its start are home folders, as in a shell.

    Raises
    ------
    ConfigError
        There is no such home folder.
    """
    given = Path(os.fspath(path))
    try:
        return given.expanduser()
    except RuntimeError:
        raise ConfigError(
            f"The path {str(given)!r} begins with a home folder, and {given.parts[0]!r} is not to be found.",
            hint="Write the folder out, or set HOME.",
        ) from None


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a new file beside `path` to write, which takes its place when the block ends; until then the old one stays.

    The file behind a link is replaced, and the link stays. When the block raises, nothing is left of the new file.

    Raises
    ------
    OSError
        The new file cannot be kept, or `path` cannot be replaced.
    """
    target = Path(os.path.realpath(user_path(path)))
    unfinished = target.with_name(f"{target.name}.{secrets.token_hex(4)}.writing")
    try:
        yield unfinished
        with unfinished.open("rb+") as written:  # a name that outlives a crash must not lead to an empty file
            os.fsync(written.fileno())
        os.replace(unfinished, target)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def user_folder(kind: Literal["config", "data", "cache"]) -> Path:
    """Return this package's folder among the user's; it need not exist.

    Raises
    ------
    ConfigError
        The user has no home folder, as some containers and services have none.
    """
    variable, find = _FOLDERS[kind]
    try:
        return Path(find("celigo_pandas", appauthor=False))
    except RuntimeError:
        raise ConfigError(
            f"There is no home folder to keep the {kind} of celigo_pandas in.", hint=f"Set HOME or {variable}."
        ) from None
