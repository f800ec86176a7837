"""The ASGI application: the route table on Starlette's router, every outcome in its envelope."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import Receive, Scope, Send

from celigo_pandas.engine.api.exchange import Answer, ApiRequest, refused
from celigo_pandas.engine.api.guard import App, Guard
from celigo_pandas.engine.api.openapi import describe_openapi
from celigo_pandas.engine.api.own_calls import OwnCalls
from celigo_pandas.engine.api.postman import describe_postman
from celigo_pandas.engine.api.routes import Route, table
from celigo_pandas.engine.refusals import Refusal, refusal_of
from celigo_pandas.engine.wiring import Engine
from celigo_pandas.errors import Problem
from celigo_pandas.scripts import api_door

__all__ = ["build_application"]


def build_application(engine: Engine) -> App:
    """Return the application of an engine, its guard around it."""
    routes = [route for route in table() if _is_offered(route, engine)]
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        by_path.setdefault(route.prefix + route.path, {})[route.method] = route

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        own_calls.loop = asyncio.get_running_loop()
        await engine.start()
        try:
            yield
        finally:
            await engine.stop()

    described = [
        StarletteRoute("/openapi.json", _description(describe_openapi(routes, engine.url)), methods=["GET"]),
        StarletteRoute("/postman.json", _description(describe_postman(routes, engine.url)), methods=["GET"]),
    ]
    application = Starlette(
        routes=described
        + [
            StarletteRoute(path, _Endpoint(engine, methods))
            for path, methods in sorted(by_path.items(), key=lambda item: item[0].count("{"))
        ],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )
    application.router.redirect_slashes = False
    open_paths = frozenset(route.prefix + route.path for route in routes if route.is_open)
    guarded = Guard(_without_slash(application), engine.settings, open_paths)
    own_calls = OwnCalls(guarded, engine.settings)
    engine.scripts.door = api_door(own_calls.send)
    return guarded


def _without_slash(application: Starlette) -> App:
    """Take a path with one slash at its end for the same path without: so do the platform's own clients write some."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path.endswith("/") and not path.endswith("//") and len(path) > 1:
            scope = {**scope, "path": path[:-1]}
        await application(scope, receive, send)

    return routed


def _is_offered(route: Route, engine: Engine) -> bool:
    return not route.name.startswith("pingConnection") or route.method in engine.choices.ping_methods


class _Endpoint:
    """All methods of one path; the router gives it every method, so that it answers 405 where it has none.

    With functions, a path with a parameter would take the request for its own (``PUT /connections/ping``).
    """

    def __init__(self, engine: Engine, methods: Mapping[str, Route]) -> None:
        self._engine = engine
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response = _response(await self._answer(request))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Answer:
        looked_at = self._methods.get("GET")
        # Looking must change nothing; the one open route ends an authorization.
        has_head = looked_at is not None and not looked_at.is_open
        route = self._methods.get("GET" if request.method == "HEAD" and has_head else request.method)
        if route is None:
            allow = ", ".join(sorted({*self._methods, *(["HEAD"] if has_head else [])}))
            text = f"{request.method[:20]} is not allowed on this route; allowed: {allow}."
            return refused(Refusal(405, [Problem("method_not_allowed", text)], {"Allow": allow}))
        api_request = ApiRequest(
            self._engine,
            request.method,
            str(request.url.replace(query="")),
            dict(request.path_params),
            dict(request.query_params),
            request.scope["state"]["content"],
        )
        try:
            if inspect.iscoroutinefunction(route.handler):
                answer: Answer = await route.handler(api_request)
            else:
                answer = await self._engine.workers.store(route.handler, api_request)
        except Exception as error:
            refusal = refusal_of(error)
            if isinstance(error, UnicodeEncodeError) and refusal.status == 422:
                refusal = Refusal(422, [replace(refusal.problems[0], field=api_request.path_of_half_pair())])
            return refused(refusal)
        return answer


def _description(document: dict[str, Any]) -> Any:
    async def answer(_: Request) -> Response:
        return _response(Answer(200, document))

    return answer


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    allow = dict(error.headers or {})
    if error.status_code == 405:
        text = f"{request.method} is not allowed on this route; allowed: {allow.get('Allow', '')}."
        problem = Problem("method_not_allowed", text)
    else:
        problem = Problem("not_found", f"There is no route {request.url.path[:100]!r}.")
    return _response(refused(Refusal(error.status_code, [problem], allow)))


def _response(answer: Answer) -> Response:
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff", **answer.headers}
    if answer.status == 204:
        return Response(status_code=204, headers=headers)
    return Response(answer.content(), answer.status, {**headers, "content-type": answer.media_type})
