"""``integrator-api`` over HTTP: what its functions mean as requests, whoever sends them.

One door for a server that asks itself and for a dry run that asks through a client: rights, read-only and limits are
those of what sends. Names as the vendor documents them; shapes of answers where public scripts show them, else assumed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from celigo_pandas.errors import ScriptError, shown
from celigo_pandas.scripts.script_calls import ApiDoor

__all__ = ["Send", "api_door"]

Send = Callable[[str, str, Any], tuple[int, Any]]
"""``send(method, path, body)``: the path begins with ``/v1/``; gives the status and the decoded body, None if empty."""

_PATH: Final = re.compile(r"((?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+)/?(\?[!-\"$-~]*)?")
_SENT_ANYWAY: Final = {"accept": ("application/json", "*/*"), "content-type": ("application/json",)}
"""Headers that say what every request says."""

_TAKEN: Final = {
    "connections.get": ("_id",),
    "exports.run": ("_id",),
    "exports.runVirtual": ("export",),
    "imports.run": ("_id", "data"),
    "imports.runVirtual": ("import", "data"),
    "request": ("relativeURI", "method", "headers", "body"),
}
_PLAIN: Final = "!$&'()*+,;=:@"
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def api_door(send: Send) -> ApiDoor:
    """Return what answers ``integrator-api`` by requests.

    Parameters
    ----------
    send : callable
        Sends one request. What it raises reaches the script if it is a CeligoError.

    Returns
    -------
    callable
        ``door(name, arguments)``.

    Examples
    --------
    >>> door = api_door(lambda method, path, body: (200, {"_id": path.rpartition("/")[2], "name": "Shop"}))
    >>> door("connections.get", [{"_id": "5f"}])
    {'_id': '5f', 'name': 'Shop'}
    """
    requests = _Requests(send)
    served: dict[str, Callable[[Mapping[str, Any]], Any]] = {
        "connections.get": requests.connection,
        "exports.run": requests.run_export,
        "exports.runVirtual": requests.run_virtual_export,
        "imports.run": requests.run_import,
        "imports.runVirtual": requests.run_virtual_import,
        "request": requests.request,
    }

    def door(name: str, arguments: list[Any]) -> Any:
        work = served.get(name)
        if work is None:
            raise ScriptError(
                f"integrator-api: {name} is not available here; it has {', '.join(served)}.", code="not_available"
            )
        options = arguments[0] if arguments else None
        if not isinstance(options, Mapping):
            raise ScriptError(f"integrator-api: {name} takes an object, got {shown(options)}.", code="invalid_field")
        _check_members(name, options)
        return work(options)

    return door


class _Requests:
    def __init__(self, send: Send) -> None:
        self._send = send

    def connection(self, options: Mapping[str, Any]) -> Any:
        return self._asked("connections.get", "GET", f"/v1/connections/{_id(options, 'connections.get')}", None)

    def run_export(self, options: Mapping[str, Any]) -> dict[str, Any]:
        path = f"/v1/exports/{_id(options, 'exports.run')}/invoke"
        return self._pages("exports.run", path, {})

    def run_virtual_export(self, options: Mapping[str, Any]) -> dict[str, Any]:
        name = "exports.runVirtual"
        export = _document(options, "export", name)
        path = f"/v1/connections/{_id(export, name, '_connectionId')}/export/pages"
        return self._pages(name, path, {"export": export})

    def run_import(self, options: Mapping[str, Any]) -> Any:
        path = f"/v1/imports/{_id(options, 'imports.run')}/invoke"
        return self._asked("imports.run", "POST", path, options.get("data"))

    def run_virtual_import(self, options: Mapping[str, Any]) -> Any:
        name = "imports.runVirtual"
        import_doc = _document(options, "import", name)
        path = f"/v1/connections/{_id(import_doc, name, '_connectionId')}/import"
        return self._asked(name, "POST", path, {"import": import_doc, "data": options.get("data")})

    def request(self, options: Mapping[str, Any]) -> dict[str, Any]:
        path, method = options.get("relativeURI"), options.get("method", "GET")
        if method not in _METHODS:
            raise _wrong("request", "method", method, ", ".join(_METHODS))
        _check_headers(options.get("headers"))
        status, body = self._send(method, _path(path), options.get("body"))
        return {"statusCode": status, "body": body}

    def _pages(self, name: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the records of all pages. Assumed: one answer, as scripts use it at once."""
        data: list[Any] = []
        errors: list[Any] = []
        state: Any = None
        while True:
            page = self._asked(name, "POST", path, body if state is None else {**body, "pagedExportState": state})
            data += page.get("data") or []
            errors += page.get("errors") or []
            following = page.get("pagedExportState")
            if not following or following.get("done") or following == state:
                return {"data": data, "errors": errors}
            state = following

    def _asked(self, name: str, method: str, path: str, body: object) -> Any:
        status, answer = self._send(method, path, body)
        if status < 400:
            return answer
        problems = answer.get("errors") if isinstance(answer, Mapping) else None
        first = problems[0] if isinstance(problems, list) and problems and isinstance(problems[0], Mapping) else {}
        text = first.get("message") or f"the answer is {status}"
        raise ScriptError(f"integrator-api: {name}: {text}", code=str(first.get("code") or status))


def _path(given: object) -> str:
    """Return a path in its one spelling, below ``/v1``: what it is about cannot be hidden from who guards it."""
    found = _PATH.fullmatch(given) if isinstance(given, str) else None
    segments = [unquote(segment) for segment in found[1][1:].split("/")] if found else []
    if found is None or any(segment in (".", "..") or "/" in segment for segment in segments):
        raise _wrong("request", "relativeURI", given, "a path such as /v1/connections")
    if segments[0] != "v1":
        segments.insert(0, "v1")
    return "".join(f"/{quote(segment, safe=_PLAIN)}" for segment in segments) + (found[2] or "")


def _check_members(name: str, options: Mapping[str, Any]) -> None:
    others = [member for member in options if member not in _TAKEN[name]]
    if others:
        text = f"integrator-api: {name} does not take {shown(others[0])} here; it takes {', '.join(_TAKEN[name])}."
        raise ScriptError(text, code="not_available")


def _check_headers(headers: object) -> None:
    """Refuse headers that would not be sent: those of a request are the sender's, with its token."""
    if not isinstance(headers, (Mapping, type(None))):
        raise _wrong("request", "headers", headers, "an object")
    for name, value in (headers or {}).items():
        kind = str(value).partition(";")[0].strip().lower()
        if kind not in _SENT_ANYWAY.get(name.lower(), ()):
            text = f"integrator-api: request: the header {shown(name)} cannot be set here; leave it out."
            raise ScriptError(text, code="not_available")


def _id(options: Mapping[str, Any], name: str, member: str = "_id") -> str:
    found = options.get(member)
    if not isinstance(found, str) or not found:
        raise _wrong(name, member, found, "an id")
    return quote(found, safe="")


def _document(options: Mapping[str, Any], member: str, name: str) -> Mapping[str, Any]:
    found = options.get(member)
    if not isinstance(found, Mapping):
        raise _wrong(name, member, found, "a document")
    return found


def _wrong(name: str, member: str, got: object, expected: str) -> ScriptError:
    return ScriptError(f"integrator-api: {name}: {member} is {shown(got)}; expected {expected}.", code="invalid_field")
