"""The *Delay desk*: a small REST service on loopback, a destination that behaves like a real one.

It has a token of its own and takes late flights (``/notices``) and late orders (``/orders``): what it accepts it keeps
in memory under an id; what lacks a tail number, a flight or a whole number of minutes, or an order and its email, it
refuses with 422. ``GET`` lists what it stored, paged by ``page`` and ``size``.
"""

from __future__ import annotations

import hmac
import itertools
import secrets
import socket
import threading
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

__all__ = ["DelayDesk", "complaints"]

_REQUIRED = {"notices": ("flight", "tail"), "orders": ("order", "email")}


def complaints(notice: object, kind: str = "notices") -> list[dict[str, str]]:
    """Return what is wrong with a notice: an empty list when the desk takes it."""
    if not isinstance(notice, dict):
        return [{"code": "not_an_object", "message": "A notice is a JSON object."}]
    found = [
        {"code": "required", "message": f"{name} is required.", "field": name}
        for name in _REQUIRED[kind]
        if not isinstance(notice.get(name), str) or not notice[name].strip()
    ]
    minutes = notice.get("minutes")
    if minutes is not None and (isinstance(minutes, bool) or not isinstance(minutes, int) or minutes < 0):
        found.append(
            {"code": "invalid", "message": "minutes must be a whole number, 0 or more, or absent.", "field": "minutes"}
        )
    return found


class DelayDesk:
    """The service; ``start`` serves it on a free loopback port from a daemon thread."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        self.notices: dict[str, dict[str, Any]] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        # With the protocol named, asyncio turns Nagle's algorithm off; without it each answer waits 40 ms for an ACK.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(128)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        """Serve until the process ends."""
        config = uvicorn.Config(self.app(), log_level="critical", lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        # Signals belong to the engine's own server; a second handler would swallow its Ctrl-C.
        threading.Thread(target=server.run, args=([self._socket],), name="delay-desk", daemon=True).start()

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/status", self._status, methods=["GET"]),
                *(Route(f"/{kind}", self._create, methods=["POST"]) for kind in _REQUIRED),
                *(Route(f"/{kind}", self._list, methods=["GET"]) for kind in _REQUIRED),
                *(Route(f"/{kind}/{{number}}", self._read, methods=["GET"]) for kind in _REQUIRED),
            ]
        )

    def _refusal(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), self.token.encode()):
            return None
        return JSONResponse({"errors": [{"code": "unauthorized", "message": "Wrong or missing token."}]}, 401)

    def _stored(self, request: Request) -> tuple[str, dict[str, dict[str, Any]]]:
        kind = request.url.path.split("/")[1]
        return kind, self.orders if kind == "orders" else self.notices

    async def _status(self, request: Request) -> Response:
        return self._refusal(request) or JSONResponse({"status": "open", "notices": len(self.notices)})

    async def _create(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        try:
            notice = await request.json()
        except ValueError:
            return JSONResponse({"errors": [{"code": "not_json", "message": "The body is not JSON."}]}, 400)
        kind, stored = self._stored(request)
        if problems := complaints(notice, kind):
            return JSONResponse({"errors": problems}, 422)
        number = f"N{next(self._numbers):05d}"
        stored[number] = {"id": number, **notice}
        return JSONResponse(stored[number], 201)

    async def _list(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        try:
            page = max(int(request.query_params.get("page", "0")), 0)
            size = min(max(int(request.query_params.get("size", "100")), 1), 1000)
        except ValueError:
            return JSONResponse({"errors": [{"code": "invalid", "message": "page and size are whole numbers."}]}, 400)
        kind, stored = self._stored(request)
        found = list(stored.values())
        return JSONResponse({kind: found[page * size : (page + 1) * size], "total": len(found)})

    async def _read(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        notice = self._stored(request)[1].get(request.path_params["number"])
        if notice is None:
            return JSONResponse({"errors": [{"code": "not_found", "message": "No such notice."}]}, 404)
        return JSONResponse(notice)
