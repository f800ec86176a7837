"""What ``integrator-api`` of a script reaches from here: calls of one client, with its token and its limits.

Names and arguments are the platform's. Nothing is opened unless a caller hands a client in (``allow_api=``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from celigo_pandas.accessors.targets import Account
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.json_bodies import decode, encode
from celigo_pandas.client.messages import Request
from celigo_pandas.client.sending import anything
from celigo_pandas.errors import ConfigError, ScriptError, shown
from celigo_pandas.scripts import ApiDoor

__all__ = ["door_of"]

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def door_of(account: Account | None) -> ApiDoor | None:
    """Return what answers a script's calls by a client; None where none is allowed.

    Raises
    ------
    ConfigError
        `account` is no client.
    """
    if account is None:
        return None
    api = getattr(account, "api", None)
    if not isinstance(api, ApiClient):
        raise ConfigError(f"allow_api: got {shown(account)}; expected a client, whose rights the script then has.")

    def answer(name: str, arguments: list[Any]) -> Any:
        call = _CALLS.get(name)
        if call is None:
            raise ScriptError(f"integrator-api: {name} is not available here", code="not_available")
        options = arguments[0] if arguments else {}
        if not isinstance(options, Mapping):
            raise _wrong(name, "its argument", options, "an object")
        return call(api, name, options)

    return answer


def _run_export(api: ApiClient, name: str, options: Mapping[str, Any]) -> Any:
    return api.invoke_export(_text(name, options, "_id"))


def _run_virtual_export(api: ApiClient, name: str, options: Mapping[str, Any]) -> Any:
    doc = _object(name, options, "export")
    return api.export(_text(f"{name}: export", doc, "_connectionId"), doc)


def _run_import(api: ApiClient, name: str, options: Mapping[str, Any]) -> Any:
    return api.invoke_import(_text(name, options, "_id"), _records(name, options))


def _run_virtual_import(api: ApiClient, name: str, options: Mapping[str, Any]) -> Any:
    doc = _object(name, options, "import")
    return api.import_records(_text(f"{name}: import", doc, "_connectionId"), doc, _records(name, options))


def _get_connection(api: ApiClient, name: str, options: Mapping[str, Any]) -> Any:
    return api.get_connection(_text(name, options, "_id"))


def _request(api: ApiClient, name: str, options: Mapping[str, Any]) -> Any:
    """Call the API itself: below ``/v1``, whichever way it is spelled."""
    method = str(options.get("method") or "GET").upper()
    if method not in _METHODS:
        raise _wrong(name, "method", options.get("method"), f"one of {', '.join(_METHODS)}")
    if options.get("headers"):
        raise _wrong(name, "headers", options["headers"], "none: the client sets them")
    target = re.sub(r"\A/?(?:v1/)?", "/", _text(name, options, "relativeURI"))
    path, _, query = target.partition("?")
    pairs = tuple((key, value) for key, _, value in (one.partition("=") for one in query.split("&") if one))
    body = None if options.get("body") is None else encode(options["body"], "body of a script's request")
    repeat: Any = "read" if method == "GET" else "write"
    response = api.send(Request(method, path, pairs, body=body, repeat=repeat), inspect=anything)
    return decode(response.content) if response.content.strip() else None


_CALLS: Final[Mapping[str, Callable[[ApiClient, str, Mapping[str, Any]], Any]]] = {
    "exports.run": _run_export,
    "exports.runVirtual": _run_virtual_export,
    "imports.run": _run_import,
    "imports.runVirtual": _run_virtual_import,
    "connections.get": _get_connection,
    "request": _request,
}


def _text(name: str, options: Mapping[str, Any], member: str) -> str:
    value = options.get(member)
    if not isinstance(value, str) or not value:
        raise _wrong(name, member, value, "text")
    return value


def _object(name: str, options: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    value = options.get(member)
    if not isinstance(value, Mapping):
        raise _wrong(name, member, value, "an object")
    return value


def _records(name: str, options: Mapping[str, Any]) -> list[Any]:
    value = options.get("data")
    if not isinstance(value, list):
        raise _wrong(name, "data", value, "an array of records")
    return value


def _wrong(name: str, member: str, value: object, expected: str) -> ScriptError:
    return ScriptError(f"integrator-api: {name}: {member} is {shown(value)}; expected {expected}", code="bad_argument")
