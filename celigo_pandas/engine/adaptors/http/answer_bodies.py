"""What is wrong with an exchange, in the adaptor's words, and the body of an answer with its faults said so."""

from __future__ import annotations

import requests

from celigo_pandas.wire import bodies

__all__ = ["TransportFailure", "read_body"]


class TransportFailure(Exception):
    """No usable answer; the message holds neither headers nor a query.

    ``sent`` is False when the request surely never left (name, connection, TLS, policy).
    """

    def __init__(self, message: str, *, code: str, sent: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.sent = sent


def read_body(response: requests.Response, size_bytes: int, *, decoded: bool = True) -> bytes:
    """Read a streamed answer to its end; as it came, unless it is to be decoded.

    Raises
    ------
    TransportFailure
        It is larger than `size_bytes`, compressed in a way that was not offered, or its compression is damaged.
    """
    try:
        return bodies.read_body(response.raw, size_bytes, decoded=decoded)
    except bodies.TooLong:
        message, code = f"The answer is larger than {size_bytes:,} bytes.", "answer_too_large"
    except bodies.Damaged as error:
        message, code = f"The answer {error}.", "bad_answer"
    raise TransportFailure(message, code=code)
