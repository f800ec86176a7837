"""MongoDB's errors, translated once: code and sentence, whether the credentials were refused, whether it was sent."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pymongo
from bson.errors import BSONError
from pymongo import errors, monitoring

from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure

__all__ = ["Sending", "described", "is_not_known", "left_s", "limited", "sentence", "source_failure", "translated"]

_REFUSED = frozenset({18})
"""AuthenticationFailed; on Atlas 8000 says so of a login, and other things of other commands."""

_ATLAS = 8000

_UNDECIDED = frozenset({64, 89, 91, 100, 189, 262, 11600, 11602})
"""Codes after which a write may stand: the time was up, the server stepped down or shuts down, no majority in time."""

_NO_PRIMARY = frozenset({10058, 10107, 13435, 13436})
"""Codes of a server that takes no writes, and took none."""


class Sending(monitoring.CommandListener):
    """Knows of each thread whether a command that writes has left it; handshakes and logins come before."""

    _WRITES = frozenset({"insert", "findAndModify", "update"})

    def __init__(self) -> None:
        self._local = threading.local()

    def begin(self) -> None:
        """Forget what this thread sent before."""
        self._local.sent = False

    @property
    def is_sent(self) -> bool:
        """Whether this thread has sent a write since :meth:`begin`."""
        return bool(getattr(self._local, "sent", False))

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note a command, just before its first byte."""
        if event.command_name in self._WRITES:
            self._local.sent = True

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to note."""


def left_s(call: Call) -> float:
    """Return the seconds that a call has left; a little, if none."""
    return max(0.1, call.deadline - time.monotonic())


@contextmanager
def limited(call: Call) -> Iterator[None]:
    """Let what is asked inside end with its call; never around a ``yield`` of a source."""
    with pymongo.timeout(left_s(call)):
        yield


def described(error: BaseException) -> tuple[str, str]:
    """Return code and sentence of an error; values of documents stay out of the sentence."""
    if _is_timeout(error):
        return "timeout", "the database did not answer in time"
    if isinstance(error, errors.OperationFailure):
        details: Mapping[str, Any] = error.details or {}
        if isinstance(error, errors.WriteConcernError):
            return "write_concern", _short(error)
        return str(error.code or "database_error"), sentence(details, str(error))
    if isinstance(error, errors.ServerSelectionTimeoutError):
        return "unreachable", _short(error)
    if isinstance(error, errors.NotPrimaryError) and _code(error) in _NO_PRIMARY:
        return "not_primary", "the server takes no writes any more: another one was elected"
    if isinstance(error, (errors.ConnectionFailure, errors.InvalidOperation)):
        return "connection_lost", _short(error)
    # What the database refuses is above: this answer could not be read, and may have said anything.
    return "bad_answer", _short(error)


def sentence(details: Mapping[str, Any], otherwise: str = "") -> str:
    """Return what the server says of an error, without the key that was taken."""
    text = str(details.get("errmsg") or otherwise.partition(", full error:")[0]).partition(" dup key:")[0]
    pattern = details.get("keyPattern")
    if isinstance(pattern, Mapping):
        text += f" ({', '.join(map(str, pattern))})"
    broken = _unsatisfied(details.get("errInfo"))
    return f"{text}: {broken}" if broken else text


def _code(error: errors.NotPrimaryError) -> Any:
    details = error.details
    return details.get("code") if isinstance(details, Mapping) else None


def _unsatisfied(info: object) -> str:
    """Name the members for which a document does not satisfy its collection's schema."""
    found: set[str] = set()
    waiting = [info]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            name = one.get("propertyName")
            found |= {str(name)} if name else set()
            missing = one.get("missingProperties")
            found |= {f"{name} (missing)" for name in missing} if isinstance(missing, list) else set()
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return ", ".join(sorted(found))


def _is_timeout(error: BaseException) -> bool:
    """Whether the time was up, here or in the server."""
    is_unreachable = isinstance(error, errors.ServerSelectionTimeoutError)
    return isinstance(error, errors.PyMongoError) and error.timeout and not is_unreachable


def is_not_known(failure: SourceFailure) -> bool:
    """Whether a write that was sent and failed so may stand."""
    codes = ("bad_answer", "timeout", "connection_lost", "write_concern")
    return failure.code in codes or failure.code in map(str, _UNDECIDED)


def source_failure(error: BaseException, *, at_login: bool = False) -> SourceFailure:
    """Return the failure of a whole call."""
    code, message = described(error)
    is_refused = isinstance(error, errors.OperationFailure) and (
        error.code in _REFUSED or (at_login and error.code == _ATLAS)
    )
    if code in ("unreachable", "connection_lost"):
        return SourceFailure(f"The database cannot be reached: {message}", code=code, sent=code != "unreachable")
    if code == "timeout":
        return SourceFailure("The database did not answer in the time of this call.", code=code)
    said = message if message.endswith(".") else f"{message}."
    if code == "bad_answer":
        return SourceFailure(f"The database's answer cannot be read: {said}", code=code)
    return SourceFailure(f"The database refused: {said}", code=code, offline=is_refused)


@contextmanager
def translated(*, at_login: bool = False) -> Iterator[None]:
    """Turn every error of the database or its driver inside into a :class:`SourceFailure`."""
    try:
        yield
    except SourceFailure:
        raise
    except (errors.PyMongoError, BSONError, OSError, UnicodeError) as error:
        raise source_failure(error, at_login=at_login) from None


def _short(error: BaseException) -> str:
    """Return a driver's sentence without what it appends: its settings, the whole topology."""
    text = re.split(r" \(configured timeouts|, Timeout: |, Topology Description", str(error), maxsplit=1)[0]
    return text.strip() or type(error).__name__
