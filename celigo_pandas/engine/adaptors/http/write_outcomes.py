"""What the answer of a write means: one outcome per record.

``statusCode`` of an outcome is the platform's word, not the remote's status: 200, 422, 403, or 502 where it is not
known whether the record was stored. Facts: integrator-api.md, sections 6.2 and 6.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.engine.adaptors.http.aligned import position
from celigo_pandas.engine.adaptors.http.answer_paths import (
    MISSING,
    PathFailure,
    find,
    is_given,
    names_there,
    one,
    parts,
    plain,
)
from celigo_pandas.engine.adaptors.http.received import Received, other_origin
from celigo_pandas.engine.adaptors.http.refusal_messages import errors_of
from celigo_pandas.engine.adaptors.http.sender import Sender
from celigo_pandas.engine.adaptors.http.verdicts import verdict, why_not
from celigo_pandas.engine.adaptors.protocol import UNKNOWN, SourceFailure

__all__ = ["Judge", "Outcome", "failed", "failed_sending"]

Outcome = dict[str, Any]

_NOT_KNOWN = " Whether the record was stored is not known."
_GATEWAY = frozenset({408, 502, 504})
"""Statuses by which something on the way says that it has no answer: the service may have stored the record.

So may one whose final status is none: 101, or beyond 599."""

_CONNECTION_CODES = frozenset({"unreachable", "timeout", "tls", "broken", "out_of_reach"})


def failed(status: int, code: str, message: str, source: str) -> Outcome:
    """Return an outcome with one error."""
    return {"statusCode": status, "errors": [{"code": code, "message": message, "source": source}]}


def failed_sending(error: SourceFailure) -> Outcome:
    """Return the outcome of a request that got no answer to judge."""
    source = "connection" if error.offline or error.code in _CONNECTION_CODES else "application"
    if error.offline:
        return failed(403, error.code, error.message, source)
    if error.sent and error.code in _UNANSWERED:
        return failed(UNKNOWN, error.code, error.message + _NOT_KNOWN, source)
    return failed(422, error.code, error.message, source)


_UNANSWERED = frozenset({"timeout", "tls", "broken", "answer_too_large", "bad_answer", "invalid_path"})


class Judge:
    """Reads the answers of one import."""

    def __init__(self, sender: Sender, http: Mapping[str, Any], accept: str) -> None:
        self._sender = sender
        self._rules: Mapping[str, Any] = http.get("response") or {}
        self._accept = accept
        self.error_media = str(http.get("errorMediaType") or sender.http.get("errorMediaType") or accept)

    def outcomes(self, received: Received, index: int, count: int, *, is_batch: bool) -> list[Outcome]:
        """Return one outcome for each of `count` records.

        Raises
        ------
        PathFailure
            A path cannot be followed in this answer.
        """
        answer = received.answer
        body = received.body(self._accept if answer.is_success else self.error_media)
        note = "" if received.is_own else " " + other_origin(answer.url)
        if not answer.is_success:
            is_unknown = answer.status in _GATEWAY or received.is_after_write or not 200 <= answer.status < 600
            if 300 <= answer.status < 400:
                note += " A redirected write is not sent again as a read."
            return [self._refused(body, body, str(answer.status), note, is_unknown)] * count
        path = position(self._rules.get("resourcePath"), index)
        if is_batch:
            return self._of_batch(body, path, index, count, note)
        found = find(body, path)
        elements = parts(body, found) if path else []
        element = elements[0] if len(elements) == 1 else found
        return [self._outcome(element, body, index, note)]

    def _of_batch(self, body: object, path: object, index: int, count: int, note: str) -> list[Outcome]:
        found = find(body, path)
        elements = parts(body, found)
        if len(elements) == count:
            return [self._outcome(element, element, index, note) for element in elements]
        there = f" ({names_there(body, path)})" if found is MISSING else ""
        text = (
            f"The answer holds {len(elements)} elements at http.response.resourcePath {path!r}{there} for {count} "
            "records; whether they were stored is not known."
        )
        outcome = failed(UNKNOWN, "response_mismatch", self._sender.redact(text), "application")
        return [{**outcome, "_json": plain(body)}] * count

    def _outcome(self, element: object, whole: object, index: int, note: str) -> Outcome:
        for judged in (element, whole):
            met = verdict(judged, self._rules, index) if judged is not MISSING else None
            if met is not False:
                break
        if met is False:
            reason = why_not(whole, self._rules, index)
            said = whole if element is MISSING else element
            return self._refused(said, whole, "422", f" ({reason}){note}" if reason else note)
        outcome: Outcome = {"statusCode": 200}
        found = self._id_of(element, whole, index)
        if found is not None:
            outcome["id"] = found
        if whole is not None:
            outcome["_json"] = plain(whole)
        return outcome

    def _id_of(self, element: object, whole: object, index: int) -> str | None:
        path = position(self._rules.get("resourceIdPath"), index)
        for name in [str(path)] if path else ["id", "_id"]:
            for place in (element, whole):
                found = MISSING if isinstance(place, str) or place is MISSING else one(place, name)
                if is_given(found) and isinstance(found, str | int | float) and not isinstance(found, bool):
                    return str(found)
        return None

    def _refused(self, said: object, whole: object, status: str, note: str, is_unknown: bool = False) -> Outcome:
        try:
            pairs = errors_of(said, self._rules.get("errorPath"), self._sender.hidden)
        except PathFailure:
            pairs = errors_of(said, None, self._sender.hidden)
        note += _NOT_KNOWN if is_unknown else ""
        errors = [
            {"code": code or status, "message": self._sender.redact(message + note), "source": "application"}
            for code, message in pairs or [(None, f"The source answered status {status} without a reason.")]
        ]
        outcome: Outcome = {"statusCode": UNKNOWN if is_unknown else 422, "errors": errors}
        if plain(whole) is not None:
            outcome["_json"] = plain(whole)
        return outcome
