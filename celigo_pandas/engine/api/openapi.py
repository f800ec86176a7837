"""``/openapi.json`` from the route table."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from celigo_pandas.engine.api.examples import EXAMPLES
from celigo_pandas.engine.api.routes import Route
from celigo_pandas.engine.api.schemas import BODIES, COMPONENTS, answer_schema

__all__ = ["describe_openapi"]

_ERRORS = {
    "400": "The body is no JSON, or a query parameter cannot be read.",
    "401": "The token is missing or wrong.",
    "403": "The Host or Origin is foreign.",
    "404": "There is no such document.",
    "405": "The method is not allowed on this route.",
    "409": "Another document has this externalId.",
    "413": "The body is too large.",
    "415": "The body is not application/json.",
    "422": "The document, or what it asks of its system, was refused.",
    "429": "All places of the connection are taken; see Retry-After.",
}
_ANY = frozenset({"resourceId", "walkId"})
_IDS = {"type": "string", "pattern": "^[0-9a-f]{24}$"}


def describe_openapi(routes: Iterable[Route], url: str) -> dict[str, Any]:
    """Return an OpenAPI 3.1 description.

    Parameters
    ----------
    url : str
        Where the engine is, without a path.
    """
    paths: dict[str, Any] = {}
    for route in routes:
        if not route.is_open:
            paths.setdefault(route.prefix + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "celigo_pandas local engine",
            "version": "1",
            "description": "The Connection API of integrator.io, answered on this machine.",
        },
        "servers": [{"url": url}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": dict(COMPONENTS),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    summary = (inspect.getdoc(route.handler) or "").partition("\n")[0]
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": summary,
        "parameters": [*_path_parameters(route), *map(_query_parameter, route.query)],
        "responses": _responses(route),
    }
    if route.body:
        kind, _, name = route.body.rpartition(":")
        media: dict[str, Any] = {"schema": BODIES[name]}
        example = EXAMPLES.get(route.name)
        if example is not None:
            # Not ``example``: it holds variables of the Postman collection, which stand for ids of one engine.
            media["x-example"] = example
        operation["requestBody"] = {"required": kind != "optional", "content": {"application/json": media}}
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", route.path)
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"} if name in _ANY else _IDS}
        for name in names
    ]


def _query_parameter(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if name in {"limit", "skip"}:
        schema = {"type": "integer", "minimum": 1 if name == "limit" else 0, "maximum": 2**31 - 1}
    elif name in {"include", "exclude"}:
        schema = {"type": "string", "pattern": "^[A-Za-z0-9._,]*$"}
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _responses(route: Route) -> dict[str, Any]:
    errors = {
        status: {
            "description": text,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Errors"}}},
        }
        for status, text in _ERRORS.items()
    }
    if route.status == 204:
        return {"204": {"description": "Done."}, **errors}
    content = {"application/json": {"schema": answer_schema(route.name)}}
    if route.name in {"getDebugLog", "getResourceDebugLog"}:
        content = {"text/plain": {"schema": {"type": "string"}}}
    good = {str(route.status): {"description": "Success.", "content": content}}
    if route.name.startswith("list"):
        good["204"] = {"description": "There is nothing."}
    return {**good, **errors}
