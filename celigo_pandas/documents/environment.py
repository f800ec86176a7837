"""The one place that reads and changes the environment.

A traceback with locals, as IPython's ``%xmode Verbose`` writes it, shows the value of every name in the lines around a
call: a frame whose source names the environment would show all of it, the token too. The frames of these functions are
gone before anything can fail.
"""

from __future__ import annotations

import os

from celigo_pandas.documents.secret import Secret

__all__ = ["flag", "secret_setting", "set_flag", "setting", "settings"]


def setting(name: str) -> str | None:
    """Return one variable, None where it is not set. Not for secrets."""
    return os.environ.get(name)


def settings(*names: str) -> dict[str, str]:
    """Return those of the named variables that are set. Not for secrets."""
    return {name: os.environ[name] for name in names if name in os.environ}


def secret_setting(name: str) -> Secret | None:
    """Return a variable that holds a secret, None where it is missing or blank."""
    return Secret(os.environ[name]) if os.environ.get(name, "").strip() else None


def flag(name: str) -> bool:
    """Return whether a variable says yes: anything but nothing, 0, false, no and off."""
    return os.environ.get(name, "").strip().lower() not in ("", "0", "false", "no", "off")


def set_flag(name: str) -> None:
    """Let a variable say yes, to this process and to those that it starts or becomes."""
    os.environ[name] = "1"
