"""What a service of AWS says when it refuses: which codes mean the keys, the clock, the rights, or "not so fast".

Source: AWS, "Error responses" of Amazon S3, "Error handling with DynamoDB".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from celigo_pandas.engine.adaptors.http.origins import shown_origin
from celigo_pandas.engine.adaptors.http.transport import Answer
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.errors import shown

__all__ = ["THROTTLED", "Said", "refusal_of"]

THROTTLED = frozenset({
    "BandwidthLimitExceeded", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
    "RequestThrottledException", "SlowDown", "Throttling", "ThrottledException", "ThrottlingException",
    "TooManyRequestsException",
})  # fmt: skip
"""Codes that say that a request was not looked at because there are too many: it was surely not carried out."""

_KEYS = frozenset({
    "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "IncompleteSignatureException",
    "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSecurity", "InvalidSignatureException", "InvalidToken",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotSignedUp", "SignatureDoesNotMatch",
    "TokenRefreshRequired", "UnrecognizedClientException",
})  # fmt: skip

_CLOCK = frozenset({"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"})
_CLOCK_TEXT = re.compile(r"signature (?:expired|not yet current)", re.IGNORECASE)
_RIGHTS = frozenset({"AccessDenied", "AccessDeniedException", "AllAccessDisabled"})


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says that is no success; ``more`` holds further members of an S3 error."""

    code: str
    message: str
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Code and message as messages quote them."""
        return f"{self.code}: {shown(self.message)}" if self.message else self.code


def refusal_of(said: Said, answer: Answer, stamp: str) -> SourceFailure | None:
    """Return the failure of a whole call that an answer means; None where it is about the request itself.

    Parameters
    ----------
    stamp : str
        The time that the request was signed with.
    """
    place = shown_origin(answer.url)
    if said.code in _CLOCK or _CLOCK_TEXT.search(said.message):
        theirs = said.more.get("ServerTime") or answer.headers.get("Date") or "another"
        text = (
            f"{place} refused the time of the request: it was signed at {stamp} by this machine's clock, and the "
            f"service's is {theirs}. Correct this machine's clock ({said.code})."
        )
        return SourceFailure(text, code="clock_skew", sent=False)
    if said.code in _KEYS:
        text = f"{place} refused the connection's keys: {said.text}."
        return SourceFailure(text, code=said.code, offline=True, sent=False)
    if said.code in _RIGHTS:
        text = f"{place} knows the connection's keys, but does not let them do this: {said.text}."
        return SourceFailure(text, code="permission_denied", sent=False)
    if said.code in THROTTLED:
        text = f"{place} was asked too often, and went on saying so: {said.text}."
        return SourceFailure(text, code="rate_limited", sent=False)
    return None
