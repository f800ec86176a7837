"""What every request must pass before anything looks at it: host, origin, token, size, media type.

In this order, and before routing: who holds no token learns nothing, not even which routes there are.
"""

from __future__ import annotations

import hmac
import math
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from celigo_pandas.engine.api.exchange import Answer, refused
from celigo_pandas.engine.refusals import Refusal
from celigo_pandas.engine.settings import Settings
from celigo_pandas.errors import Problem

__all__ = ["Guard", "send_answer"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """ASGI middleware; the body it has read is in ``scope["state"]["content"]``."""

    def __init__(self, app: App, settings: Settings, open_paths: frozenset[str]) -> None:
        self._app = app
        self._settings = settings
        self._open_paths = open_paths
        self._level = float(settings.choices.rate_capacity)
        self._leaked = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with an envelope, or pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        try:
            self._check_place(scope, headers)
            if scope["path"] not in self._open_paths:
                self._check_token(headers)
            self._check_rate()
            content = await self._body(headers, receive)
            if content.strip():
                _check_media_type(headers)
        except Refusal as refusal:
            await send_answer(send, refused(refusal), closing=True)
            return
        scope.setdefault("state", {})["content"] = content
        await self._app(scope, receive, send)

    def _check_place(self, scope: Scope, headers: dict[str, list[str]]) -> None:
        hosts = headers.get("host", [])
        port = scope["server"][1] if scope.get("server") else self._settings.port
        own = {self._settings.host, *(("localhost", "127.0.0.1", "::1") if self._settings.is_loopback else ())}
        named = {(f"[{name}]" if ":" in name else name).lower() for name in own}
        places = {f"{name}:{port}" for name in named}
        pages = {f"http://{place}" for place in places}
        for name in self._settings.names:
            more_places, more_pages = _named_places(name.lower(), port)
            places |= more_places
            pages |= more_pages
        if len(hosts) != 1 or hosts[0].lower() not in places:
            text = f"Host {', '.join(hosts)[:100]!r} is not this engine's address. Call it by the URL that it printed."
            raise Refusal(403, [Problem("foreign_host", text)])
        foreign = [origin for origin in headers.get("origin", []) if origin.lower() not in pages]
        if foreign:
            text = f"Origin {foreign[0][:100]!r} is foreign; pages of other sites may not call this engine."
            raise Refusal(403, [Problem("foreign_origin", text)])

    def _check_token(self, headers: dict[str, list[str]]) -> None:
        given = headers.get("authorization", [])
        scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
        wanted = self._settings.token.reveal().encode()
        good = hmac.compare_digest(token.strip().encode("latin-1", "replace"), wanted)
        if scheme.lower() != "bearer" or not good:
            text = "The token is missing or wrong. Send the header Authorization: Bearer <token>."
            raise Refusal(401, [Problem("unauthorized", text)], {"WWW-Authenticate": "Bearer"})

    def _check_rate(self) -> None:
        choices = self._settings.choices
        if not choices.rate_capacity:
            return
        now = time.monotonic()
        refilled = self._level + (now - self._leaked) * choices.rate_refill_per_s
        self._level, self._leaked = min(float(choices.rate_capacity), refilled), now
        if self._level < 1:
            wait = max(1, math.ceil((1 - self._level) / choices.rate_refill_per_s))
            raise Refusal(429, [Problem("rate_limited", "Too many requests.")], {"Retry-After": str(wait)})
        self._level -= 1

    async def _body(self, headers: dict[str, list[str]], receive: Receive) -> bytes:
        limit = self._settings.choices.max_body_bytes
        too_large = Refusal(
            413, [Problem("body_too_large", f"The body is larger than {limit} bytes. Send less at once.")]
        )
        length = headers.get("content-length", ["0"])[0]
        if length.isdigit() and int(length) > limit:
            raise too_large
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refusal(400, [Problem("incomplete_body", "The connection ended before the body did.")])
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise too_large
            if not message.get("more_body"):
                return parts[0] if len(parts) == 1 else b"".join(parts)


def _named_places(name: str, port: int) -> tuple[set[str], set[str]]:
    """Return the ``Host`` and ``Origin`` headers of a further name: the engine's own port, or a TLS proxy in front.

    A proxy is taken to listen on 443, whose number clients leave out, unless the name says another.
    """
    bare, _, proxy_port = name.rpartition(":") if re.search(r"(?:\]|^[^:]*):\d+$", name) else (name, "", "")
    if ":" in bare and not bare.startswith("["):
        bare = f"[{bare}]"
    if proxy_port:
        proxies = {f"{bare}:{proxy_port}"}
    else:
        proxies = {bare, f"{bare}:443"}
    own = f"{bare}:{port}"
    return {own, *proxies}, {f"http://{own}", *(f"https://{place}" for place in (own, *proxies))}


def _check_media_type(headers: dict[str, list[str]]) -> None:
    given = headers.get("content-type", [""])[0].partition(";")[0].strip().lower()
    if given != "application/json" and not (given.startswith("application/") and given.endswith("+json")):
        text = f"Content-Type {given[:60]!r} is not taken; expected application/json."
        raise Refusal(415, [Problem("unsupported_media_type", text)])


async def send_answer(send: Send, answer: Answer, *, closing: bool = False, bodiless: bool = False) -> None:
    """Send an answer; `closing` ends the connection, whose unread body would be taken for the next request."""
    content = b"" if bodiless else answer.content()
    headers = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
    if answer.status != 204:
        headers += [
            (b"content-type", answer.media_type.encode()),
            (b"content-length", str(len(answer.content() if bodiless else content)).encode()),
        ]
    headers += [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in answer.headers.items()]
    if closing and answer.status in {400, 413}:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
