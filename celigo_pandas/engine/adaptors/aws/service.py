"""One service of AWS as a call asks it: each request signed, logged without its signature, repeated where it may be.

Requests go through the engine's own transport, so that reach, deadlines and limits hold for them as for any other.
What was surely not carried out is asked again after a pause; what may have been, only where that changes nothing.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timezone
from io import RawIOBase
from typing import Any, BinaryIO, Final

from requests.models import PreparedRequest
from requests.structures import CaseInsensitiveDict

from celigo_pandas.documents.secret import MASK
from celigo_pandas.engine.adaptors.aws.endpoints import keys_of
from celigo_pandas.engine.adaptors.aws.refusals import THROTTLED, Said, refusal_of
from celigo_pandas.engine.adaptors.http.kept_connection import pause
from celigo_pandas.engine.adaptors.http.sealing import sealed
from celigo_pandas.engine.adaptors.http.transport import Answer, Limits, Transport, TransportFailure
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.safety.reach import ReachError
from celigo_pandas.sigv4 import Keys, Scope, authorization, canonical_path, encoded_query, host_of

__all__ = ["NOTHING", "AwsRequest", "AwsState", "FilePart", "Service", "state_of"]

NOTHING: Final = hashlib.sha256(b"").hexdigest()

_MOST_THROTTLED = 10
_MOST_BROKEN = 4
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_TIDYING_S = 10.0
_KEY = "aws"
_SHOWN_BODY = 20_000


class FilePart(RawIOBase):
    """Some bytes of a file as the body of a request, which can be sent again; ``digest`` is their SHA-256."""

    def __init__(self, file: BinaryIO, start: int, size: int, digest: str) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._at = 0
        self.size = size
        self.digest = digest

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def begin(self) -> None:
        """Go back to the first byte."""
        self._at = 0

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        self._file.seek(self._start + self._at)
        piece = self._file.read(min(len(buffer), self.size - self._at))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """A request before it is signed.

    Parameters
    ----------
    path : str
        Percent-encoded, and sent as it is: what a key holds is never resolved.
    query : tuple of pairs
        Not encoded.
    log : bool
        Whether the debug log may hold what is sent and answered; never for the content of files.
    is_last : bool
        It tidies up behind a call, and is sent also when that is over.
    """

    method: str
    origin: str
    path: str = "/"
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | FilePart = b""
    log: bool = True
    is_last: bool = False

    @property
    def url(self) -> str:
        """The URL as it is sent."""
        query = encoded_query(self.query)
        return f"{self.origin}{self.path}{'?' if query else ''}{query}"


class AwsState:
    """What a connection keeps between calls: open sockets, the regions of buckets, the keys of tables."""

    def __init__(self, call: Call) -> None:
        self.transport = Transport(call.reach, limits=Limits(request_s=300.0))
        self.known: dict[Any, Any] = {}

    def close(self) -> None:
        """Close idle sockets."""
        self.transport.close()


def state_of(call: Call) -> AwsState:
    """Return the state of a call's connection; two threads that meet here get the same one."""
    cache = call.connection.cache()
    found = cache.get(_KEY)
    if not isinstance(found, AwsState) or found.transport.reach is not call.reach:
        found = cache.setdefault(_KEY, AwsState(call)) if found is None else AwsState(call)
        cache[_KEY] = found
    return found


class Service:
    """Sends the requests of one call to one service.

    Parameters
    ----------
    call : Call
    name : str
        As it stands in signatures: ``s3``, ``dynamodb``.
    said : callable
        Reads an answer; None for a success.
    """

    def __init__(self, call: Call, name: str, said: Callable[[Answer], Said | None]) -> None:
        self.call = call
        self.said = said
        self.state = state_of(call)
        self._name = name

    def send(self, request: AwsRequest, region: str, *, is_safe: bool) -> Answer:
        """Send a request until there is an answer to it; return that, whatever it says of the request itself.

        Parameters
        ----------
        is_safe : bool
            Whether doing it twice changes nothing: then it is also sent again where nobody knows what became of it.

        Raises
        ------
        SourceFailure
            The keys, the clock or the rights are refused, the service is asked too often, or no answer came; ``sent``
            says whether it may have been carried out.
        """
        throttled = broken = 0
        while True:
            if not request.is_last:
                self._look()
            if self.call.refusal is not None:
                raise self.call.refusal.copy()
            try:
                answer, stamp = self._exchange(request, region)
            except SourceFailure as failure:
                broken += 1
                if failure.code != "broken" or (failure.sent and not is_safe) or broken > _MOST_BROKEN:
                    raise
            else:
                said = self.said(answer)
                if said is None:
                    return answer
                if said.code in THROTTLED and throttled < _MOST_THROTTLED:
                    throttled += 1
                elif is_safe and answer.status >= 500 and said.code not in THROTTLED and broken < _MOST_BROKEN:
                    broken += 1
                else:
                    return self._judged(said, answer, stamp)
            most = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (throttled + broken))
            pause(self.call, random.uniform(most / 4, most))

    def _look(self) -> None:
        try:
            self.call.look()
        except SourceFailure as failure:
            raise failure.copy(sent=False) from None

    def _judged(self, said: Said, answer: Answer, stamp: str) -> Answer:
        failure = refusal_of(said, answer, stamp)
        if failure is None:
            return answer
        failure = failure.copy(self.call.connection.redactor().text(failure.message))
        if failure.offline:
            self.call.refusal = failure.copy()
        raise failure

    @sealed
    def _exchange(self, request: AwsRequest, region: str) -> tuple[Answer, str]:
        """Sign and send once. The real keys live in this frame only."""
        call, redactor = self.call, self.call.connection.redactor()
        try:
            call.reach.check_url(request.url)
        except ReachError as error:
            raise SourceFailure(str(error), code="out_of_reach", sent=False) from None
        keys = keys_of(call.connection.secrets())
        stamp = call.now().astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        prepared = self._signed(request, keys, Scope(region, self._name, stamp))
        redactor.learn([str(prepared.headers["Authorization"]).rpartition("=")[2]], passing=True)
        if call.is_debugging:
            call.debug("request", redactor.value(_shown_request(request, prepared)))
        try:
            last = time.monotonic() + _TIDYING_S if request.is_last else 0.0
            answer = self.state.transport.send(prepared, deadline=max(call.deadline, last), decoded=False)
        except TransportFailure as error:
            call.debug("response", {"error": redactor.text(error.message), "code": error.code})
            raise TransportFailure(redactor.text(error.message), code=error.code, sent=error.sent) from None
        if call.is_debugging:
            call.debug("response", redactor.value(_shown_answer(request, answer)))
        return answer, stamp

    def _signed(self, request: AwsRequest, keys: Keys, scope: Scope) -> PreparedRequest:
        body = request.body
        digest = body.digest if isinstance(body, FilePart) else hashlib.sha256(body).hexdigest()
        size = body.size if isinstance(body, FilePart) else len(body)
        headers = {
            **request.headers,
            "Host": host_of(request.url),
            "X-Amz-Date": scope.stamp,
            "X-Amz-Content-Sha256": digest,
        }
        path = canonical_path(request.path, self._name)
        query = encoded_query(request.query)
        signature = authorization(request.method, path, query, headers, digest, keys, scope)
        # Made by hand: requests would resolve dots and slashes in the path, and a key may hold both.
        prepared = PreparedRequest()
        prepared.method, prepared.url = request.method, request.url
        prepared.headers = CaseInsensitiveDict({**headers, "Authorization": signature})
        prepared.headers["Accept-Encoding"] = "identity"
        prepared.headers["User-Agent"] = "celigo-pandas-engine"
        if size or request.method in {"PUT", "POST"}:
            prepared.headers["Content-Length"] = str(size)
        if isinstance(body, FilePart):
            body.begin()
        prepared.body = body or None  # type: ignore[assignment]
        return prepared


def _shown_request(request: AwsRequest, prepared: PreparedRequest) -> dict[str, Any]:
    headers = {name: MASK if name == "Authorization" else value for name, value in prepared.headers.items()}
    body = request.body
    text = body.decode("utf-8", "replace")[:_SHOWN_BODY] if request.log and isinstance(body, bytes) else ""
    return {"url": request.url, "method": request.method, "headers": headers, "body": text}


def _shown_answer(request: AwsRequest, answer: Answer) -> dict[str, Any]:
    is_shown = request.log or not answer.is_success
    return {
        "statusCode": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body[:_SHOWN_BODY].decode("utf-8", "replace") if is_shown else f"({len(answer.body)} bytes)",
        "elapsedMs": round(answer.elapsed_s * 1000),
    }
