"""Names and folders that come from documents, templates and listings: a name is one segment, never a path.

Facts: integrator-api.md, sections 4.4 and 6.4.
"""

from __future__ import annotations

import re

from celigo_pandas.errors import shown

__all__ = ["FileNameError", "check_folder", "check_key", "check_name", "check_new_key", "check_new_name", "is_text"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_KEY_BYTES = 1024


class FileNameError(ValueError):
    """A text that is no name of a file, or no folder; the message says why."""


def check_name(name: str) -> str:
    """Return the name of a listed file if it is one segment.

    Raises
    ------
    FileNameError
        It is empty, ``.`` or ``..``, or holds a slash or NUL.
    """
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise FileNameError(f"{shown(name)} is no file name: it must be one segment, without a slash and not '..'.")
    return name


def is_text(name: str) -> bool:
    """Whether a name can be written anywhere: bytes that are no UTF-8 come as halves of surrogate pairs."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def check_new_name(name: str) -> str:
    """Return the name of a file to write: one segment, also where the backslash separates, and no control character.

    Raises
    ------
    FileNameError
        As :func:`check_name`; also for a backslash and for control characters, which no server takes the same way.
    """
    check_name(name)
    if "\\" in name or _CONTROL.search(name):
        raise FileNameError(f"{shown(name)} is no file name: it holds a backslash or a control character.")
    return name


def check_key(key: str) -> str:
    """Return the key of an object: any text of up to 1024 bytes that a URL can hold.

    Raises
    ------
    FileNameError
        It is empty or too long, holds NUL, or is no text.
    """
    if not key or "\0" in key or not is_text(key) or len(key.encode()) > _KEY_BYTES:
        raise FileNameError(f"{shown(key)} is no key of an object: it must be text of 1 to {_KEY_BYTES} bytes.")
    return key


def check_new_key(key: str) -> str:
    """Return the key of an object to write; what a record brings in may add to it, but not lead up out of its place.

    Raises
    ------
    FileNameError
        As :func:`check_key`; also for a segment ``.`` or ``..``, a control character, and a slash at the end.
    """
    check_key(key)
    if any(part in {".", ".."} for part in key.split("/")) or _CONTROL.search(key) or key.endswith("/"):
        text = f"{shown(key)} is no key to write to: it has a segment '.' or '..', a control character or no name."
        raise FileNameError(text)
    return key


def check_folder(folder: str) -> str:
    """Return a folder's path if it is written as one.

    Raises
    ------
    FileNameError
        It is blank or holds a control character. What ``..`` leads to is for the place to judge.
    """
    if not folder.strip() or _CONTROL.search(folder):
        raise FileNameError(f"{shown(folder)} is no folder: it is blank or holds a control character.")
    return folder
