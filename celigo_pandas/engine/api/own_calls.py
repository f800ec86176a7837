"""The engine asks itself: what a script asks by ``integrator-api`` goes the way of every request, guard and all."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from celigo_pandas.engine.api.guard import App
from celigo_pandas.engine.settings import Settings
from celigo_pandas.engine.texts import json_text

__all__ = ["OwnCalls"]


class OwnCalls:
    """Sends requests to an application in its own process, under the engine's token.

    Parameters
    ----------
    app : callable
        The ASGI application, with its guard.
    settings : Settings
    """

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self.loop: asyncio.AbstractEventLoop | None = None
        """Where the application runs; set when it starts."""

    def send(self, method: str, path: str, body: object) -> tuple[int, Any]:
        """Send a request from a worker's thread and return the status and the decoded body."""
        assert self.loop is not None
        content = b"" if body is None else json_text.dump(body)
        status, answer = asyncio.run_coroutine_threadsafe(self._asked(method, path, content), self.loop).result()
        return status, json_text.load(answer) if answer.strip() else None

    async def _asked(self, method: str, path: str, content: bytes) -> tuple[int, bytes]:
        settings = self._settings
        address = f"[{settings.host}]" if ":" in settings.host else settings.host
        token = settings.token.reveal()
        bare, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": bare,
            "raw_path": bare.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [
                (b"host", f"{address}:{settings.port}".encode()),
                (b"authorization", f"Bearer {token}".encode()),
                (b"content-type", b"application/json"),
            ],
            "server": (settings.host, settings.port),
            "client": None,
        }
        found: dict[str, Any] = {"status": 500, "parts": []}

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                found["status"] = message["status"]
            else:
                found["parts"].append(message.get("body", b""))

        await self._app(scope, receive, send)
        return found["status"], b"".join(found["parts"])
