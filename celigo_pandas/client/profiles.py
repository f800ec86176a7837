"""Stored tokens: ``profiles.toml`` in the user's configuration folder, or the system's keyring.

The file is 0600 in a 0700 folder and refused when it is looser. Tokens become :class:`Secret` where they are read, so
that no frame that raises, and no dict that is shown, holds one as text.
"""

from __future__ import annotations

import importlib
import json
import os
import stat
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import ConfigError
from celigo_pandas.folders import user_folder

__all__ = ["ProfileStore", "StoredToken"]

_SERVICE = "celigo-pandas"
_NOT_TOML = "is not valid TOML; expected tables such as [default] with a token"


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token and the base URL it was checked at."""

    token: Secret
    base_url: str | None
    place: str


def _user_folder() -> Path | None:
    try:
        return user_folder("config")
    except ConfigError:  # a service without a home folder keeps no profiles; its token comes another way
        return None


@dataclass(frozen=True)
class ProfileStore:
    """Where tokens are stored.

    Parameters
    ----------
    folder : Path, optional
        Holds ``profiles.toml``; the default is the user's configuration folder, None where there is no home folder.
    keyring : object, optional
        Something with ``get_password``, ``set_password``, ``delete_password``, or ``None`` for none; by default the
        ``keyring`` package, imported on use, where it is installed and has a working backend.
    """

    folder: Path | None = field(default_factory=_user_folder)
    keyring: Any = field(default="system", repr=False)

    @property
    def path(self) -> Path | None:
        """The profile file; None where there is no home folder."""
        return None if self.folder is None else self.folder / "profiles.toml"

    def find(self, profile: str) -> StoredToken | None:
        """Return the stored token of a profile: the file first, then the keyring."""
        entry = self._read().get(profile, {})
        base_url = entry.get("base_url")
        base_url = base_url if isinstance(base_url, str) else None
        if isinstance(entry.get("token"), Secret):
            return StoredToken(entry["token"], base_url, str(self.path))
        token = _from_keyring(self._keyring(), profile)
        return None if token is None else StoredToken(token, base_url, "the system's keyring")

    def save(self, profile: str, token: Secret, base_url: str) -> str:
        """Store a token, in the keyring if there is one; return the place for the message."""
        profiles = self._read()
        in_keyring = _to_keyring(self._keyring(), profile, token)
        entry: dict[str, Any] = {"base_url": base_url}
        if not in_keyring:
            entry["token"] = token
        profiles[profile] = entry
        self._write(profiles)
        return "the system's keyring" if in_keyring else str(self.path)

    def remove(self, profile: str) -> bool:
        """Remove a profile from both places; return whether it was in one."""
        profiles = self._read()
        in_file = profiles.pop(profile, None) is not None
        in_keyring = _delete_from_keyring(self._keyring(), profile)
        if in_file:
            self._write(profiles)
        return in_file or in_keyring

    def _keyring(self) -> object:
        return _system_keyring() if self.keyring == "system" else self.keyring

    def _read(self) -> dict[str, dict[str, Any]]:
        if self.path is None or not os.path.lexists(self.path):
            return {}
        problem = _looseness(self.path)
        if problem is not None:
            raise problem
        profiles = _load(self.path)
        if isinstance(profiles, str):
            raise ConfigError(
                f"The profile file {self.path} {profiles}.", hint="Correct it, or delete it and run celigo.login()."
            )
        return profiles

    def _write(self, profiles: dict[str, dict[str, Any]]) -> None:
        problem = "there is no home folder" if self.path is None else _dump(self.path, profiles)
        if problem is not None:
            raise ConfigError(
                f"The token could not be stored in {self.path or 'a profile'}: {problem}.",
                hint="Set CELIGO_API_TOKEN instead.",
            )


def _looseness(file: Path) -> ConfigError | None:
    if os.name == "nt":  # access there is by ACL, not by mode
        return None
    for path, allowed in ((file.parent, 0o700), (file, 0o600)):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            return ConfigError(f"{path} cannot be looked at: {error.strerror}.", hint="Check its owner and mode.")
        if mode & ~allowed & 0o777:
            return ConfigError(
                f"Others could read the token: {path} has mode {mode:04o}; expected {allowed:04o}.",
                hint=f"Run: chmod {allowed:o} '{path}'",
            )
    return None


def _load(path: Path) -> dict[str, dict[str, Any]] | str:
    """Read the file; a text is what is wrong with it."""
    module = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        content = module.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError:  # also what is not UTF-8
        return _NOT_TOML
    profiles: dict[str, dict[str, Any]] = {}
    for name, entry in content.items():
        if not isinstance(entry, dict):
            return _NOT_TOML
        token = entry.get("token")
        profiles[name] = {**entry, "token": Secret(token)} if isinstance(token, str) else entry
    return profiles


def _dump(path: Path, profiles: dict[str, dict[str, Any]]) -> str | None:
    """Replace the file as a whole, so that a crash leaves the old one; return what went wrong."""
    lines = ["# Written by celigo.login(). Keep it private."]
    for name, entry in profiles.items():
        lines += ["", f"[{_quoted(name)}]"]
        for key, value in entry.items():
            text = value.reveal() if isinstance(value, Secret) else value
            if isinstance(text, str):
                lines.append(f"{_quoted(key)} = {_quoted(text)}")
    temporary: str | None = None
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.chmod(path.parent, 0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".profiles-")  # mode 0600
        with os.fdopen(handle, "wb") as stream:
            stream.write(("\n".join(lines) + "\n").encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        return error.strerror or type(error).__name__
    return None


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, but for DEL, which JSON leaves bare.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _system_keyring() -> object:
    try:
        keyring = importlib.import_module("keyring")
        usable = getattr(keyring.get_keyring(), "priority", 0) > 0
    except Exception:  # a backend may fail in any way while it looks for its service
        return None
    return keyring if usable else None


def _from_keyring(keyring: Any, profile: str) -> Secret | None:
    if keyring is None:
        return None
    try:
        token = keyring.get_password(_SERVICE, profile)
    except Exception:  # a locked or broken keyring is one that has nothing
        return None
    return Secret(token) if token else None


def _to_keyring(keyring: Any, profile: str, token: Secret) -> bool:
    if keyring is None:
        return False
    try:
        keyring.set_password(_SERVICE, profile, token.reveal())
    except Exception:  # then the file is used
        return False
    return True


def _delete_from_keyring(keyring: Any, profile: str) -> bool:
    if keyring is None:
        return False
    try:
        keyring.delete_password(_SERVICE, profile)
    except Exception:  # not there, or no working backend
        return False
    return True
