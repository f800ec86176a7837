"""Authorizations that have begun: single-use states of ten minutes, each bound to one connection and one verifier."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["LIFETIME_S", "Pending", "PendingStates", "challenge_of"]

LIFETIME_S = 600.0
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Pending:
    """One authorization in a browser somewhere."""

    connection_id: str
    version: int
    callback_url: str
    began_s: float
    verifier: str = field(repr=False)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


class PendingStates:
    """The states of one engine process; a restart forgets them, and the authorization is begun again.

    Parameters
    ----------
    clock : callable
        Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pending: dict[str, Pending] = {}

    def begin(self, connection_id: str, callback_url: str, version: int = 0) -> tuple[str, str]:
        """Return a new state and its code challenge; an older state of the same connection ends.

        Parameters
        ----------
        version : int
            Which document of the connection consent is asked for.
        """
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        now = self._clock()
        with self._lock:
            live = {
                name: pending
                for name, pending in self._pending.items()
                if now - pending.began_s < LIFETIME_S and pending.connection_id != connection_id
            }
            self._pending = dict(list(live.items())[-_MOST:])
            self._pending[state] = Pending(connection_id, version, callback_url, now, verifier)
        return state, challenge_of(verifier)

    def take(self, state: str) -> Pending | None:
        """Return what a state stands for, once; None when it is unknown, used or older than ten minutes."""
        with self._lock:
            pending = self._pending.pop(state, None)
        if pending is None or self._clock() - pending.began_s >= LIFETIME_S:
            return None
        return pending
