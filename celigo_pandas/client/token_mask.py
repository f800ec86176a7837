"""The token, replaced wherever an answer repeats it.

Servers and gateways echo request headers, in errors and (echo services, debug pages) in whole answers. What is masked
here reaches no frame, message, journal or notebook.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from celigo_pandas.client.bearer_token import bearer_value
from celigo_pandas.documents.secret import MASK, Secret

__all__ = ["TokenMask"]

_LEAST_IN_RECORDS = 8
"""Records are searched for tokens of this length or more: data must not change because a short word in it is one."""


class TokenMask:
    """Replaces a token in what a server answers: raw, in JSON, URL, HTML, base64 and hex form.

    Parameters
    ----------
    token : Secret
    """

    def __init__(self, token: Secret) -> None:
        # Longest first: a spelling may hold another. Secrets again, so that no object outlives a call with the text.
        spelled = sorted(_spellings(token), key=len, reverse=True)
        self._spellings = tuple(Secret(spelling.decode("latin-1")) for spelling in spelled)
        self._is_long = len(token.reveal()) >= _LEAST_IN_RECORDS

    def body(self, content: bytes, *, records: bool) -> bytes:
        """Mask a body; `records` tells an answer of data from one of errors."""
        return self._masked(content) if content and (self._is_long or not records) else content

    def headers(self, found: Iterable[tuple[str, str]]) -> Mapping[str, str]:
        """Give names in lower case and masked values."""
        values = dict(found)
        joined = "\n".join(values.values()).encode("latin-1", "replace")  # http.client has read them as Latin-1
        if self._masked(joined) != joined:  # hardly ever
            values = {name: self._masked(text.encode("latin-1")).decode("latin-1") for name, text in values.items()}
        return {name.lower(): value for name, value in values.items()}

    def _masked(self, content: bytes) -> bytes:
        for spelling in self._spellings:
            text = spelling.reveal().encode("latin-1")
            if text in content:
                content = content.replace(text, MASK.encode())
        return content


def _spellings(token: Secret) -> set[bytes]:
    text = token.reveal()
    if not text:
        return set()
    raw = text.encode("utf-8", "surrogatepass")
    return {
        raw,
        bearer_value(token)[len("Bearer ") :],
        json.dumps(text)[1:-1].encode(),
        json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass"),
        json.dumps(text)[1:-1].replace("/", "\\/").encode(),
        quote(raw).encode(),
        quote(raw, safe="").encode(),
        html.escape(text).encode("utf-8", "surrogatepass"),
        base64.b64encode(raw),
        raw.hex().encode(),
    }
