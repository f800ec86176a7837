"""How fast one account may call: a leaky bucket that all clients of an account in this process share.

Capacity 1,000 and a refill of 300 a second are the platform's published limits per account.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from celigo_pandas.client.forks import renew_in_child

__all__ = ["Clock", "RateBucket", "bucket_for"]


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as the client sees it; tests pass their own.

    ``wait`` is a sleep that an event ends, and says whether it is set.
    """

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    wait: Callable[[threading.Event, float], bool] = threading.Event.wait


class RateBucket:
    """Requests that may go out now; each takes one place, places come back at a steady rate.

    Parameters
    ----------
    capacity : float, default 1000
    refill_per_s : float, default 300
    monotonic : callable
        Seconds, never going back.
    """

    def __init__(
        self,
        capacity: float = 1000,
        refill_per_s: float = 300,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.capacity = capacity
        self.refill_per_s = refill_per_s
        self._whole = capacity, refill_per_s
        self._monotonic = monotonic
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        """Begin full: of what another process sends nothing is known here."""
        self._lock = threading.Lock()
        self._level = float(self.capacity)
        self._seen = self._monotonic()
        self._paused_until = self._seen

    def reserve(self) -> float:
        """Take one place and return how many seconds to wait before using it."""
        with self._lock:
            now = self._monotonic()
            self._level = min(self.capacity, self._level + (now - self._seen) * self.refill_per_s)
            self._seen = now
            self._level -= 1
            return max(0.0, -self._level / self.refill_per_s, self._paused_until - now)

    def share(self, processes: int) -> None:
        """Keep to one part of the budget: `processes` of them send for the account, each with a bucket of its own."""
        with self._lock:
            self.capacity, self.refill_per_s = (part / processes for part in self._whole)

    def pause(self, seconds: float) -> None:
        """Let nobody send for so long: the server said that the account is over its limit."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._monotonic() + seconds)


class _Buckets:
    """The buckets of this process, by origin and account."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], RateBucket] = {}
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        self._lock = threading.Lock()

    def bucket_for(self, origin: str, account: str, known: RateBucket | None = None) -> RateBucket:
        """Return the bucket of an account (or, until its id is known, of a token) at one origin.

        `known` becomes the account's bucket if it has none yet, so that places already taken still count.
        """
        with self._lock:
            bucket = self._found.get((origin, account))
            if bucket is None:
                bucket = self._found[origin, account] = known or RateBucket()
            return bucket


bucket_for = _Buckets().bucket_for
