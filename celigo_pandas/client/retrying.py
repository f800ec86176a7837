"""When a request is sent again, and after how long: the one table.

========================================  =============================  =============================================
what happened                              a read                         a write, or an export that changes its source
========================================  =============================  =============================================
429                                        until the deadline (10 min)    the same: it was surely not processed
500, 502, 503, 504 and other 5xx; 408      2 more times                   never: the outcome is unknown
connection refused, DNS, TLS               5 more times                   5 more times: surely not processed
timeout, reset, cut-off or non-JSON body   5 more times                   never: the outcome is unknown
========================================  =============================  =============================================

``max_retries`` lowers each of these counts. At its default of 5 a 429 is bounded by the deadline alone.
Sources: the API's rate-limit page (``Retry-After``, jitter) and the schema's advice to retry 5xx once or twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from celigo_pandas.client.messages import Repeat

__all__ = ["DEADLINE_S", "Attempts"]

DEADLINE_S = 600.0
_DEFAULT_RETRIES = 5
_SERVER_RETRIES = 2
_CONNECTION_RETRIES = 5


@dataclass(slots=True)
class Attempts:
    """The attempts of one call: counts them, and says whether and when there is another.

    Parameters
    ----------
    repeat : {"read", "write", "consume"}
    max_retries : int
    deadline_s : float
        Seconds after the start of the call beyond which no attempt begins.
    """

    repeat: Repeat
    max_retries: int = _DEFAULT_RETRIES
    deadline_s: float = DEADLINE_S
    made: int = 0
    _limited: int = field(default=0, init=False)
    _server: int = field(default=0, init=False)
    _broken: int = field(default=0, init=False)

    def after_status(self, status: int, retry_after_s: float | None, elapsed_s: float, jitter: float) -> float | None:
        """Return the seconds to wait after an answer of `status`, or None when it is final.

        `jitter` is a random number from 0 to 1; the wait is never shorter than what the server asked for.
        """
        if status == 429:
            if self.max_retries < _DEFAULT_RETRIES and self._limited >= self.max_retries:
                return None
            self._limited += 1
            base = retry_after_s if retry_after_s is not None else min(30.0, 2.0 ** (self._limited - 1))
            return self._within(base + jitter * max(0.25, 0.25 * base), elapsed_s)
        if (status >= 500 or status == 408) and self.repeat == "read":
            if self._server >= min(_SERVER_RETRIES, self.max_retries):
                return None
            self._server += 1
            base = retry_after_s if retry_after_s is not None else 0.5 * 2.0 ** (self._server - 1)
            return self._within(base * (1 + 0.25 * jitter), elapsed_s)
        return None

    def after_failure(self, processed: bool | None, elapsed_s: float, jitter: float) -> float | None:
        """Return the seconds to wait after no usable answer, or None when the failure is final."""
        if self.repeat != "read" and processed is not False:
            return None
        if self._broken >= min(_CONNECTION_RETRIES, self.max_retries):
            return None
        self._broken += 1
        return self._within(0.2 * 2.0 ** (self._broken - 1) * (0.5 + 0.5 * jitter), elapsed_s)

    def _within(self, delay_s: float, elapsed_s: float) -> float | None:
        return delay_s if elapsed_s + delay_s <= self.deadline_s else None
