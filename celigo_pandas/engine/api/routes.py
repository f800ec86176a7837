"""The one route table: routing, ``/openapi.json`` and ``/postman.json`` come from it.

A row says what the wire does: methods, path, success code, what the body is, an example of it. The handler's first
line of docstring is the summary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from celigo_pandas.engine.api import oauth_handlers, observing, virtual
from celigo_pandas.engine.api.document_handlers import DocumentHandlers, SavedHandlers
from celigo_pandas.engine.api.exchange import ApiRequest
from celigo_pandas.engine.api.script_handlers import ScriptHandlers

__all__ = ["PREFIX", "Route", "table"]

PREFIX = "/v1"

Handler = Callable[[ApiRequest], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path.

    Parameters
    ----------
    name : str
        Unique: the ``operationId``, and the key of its example and body schema.
    handler : callable
        Takes an :class:`ApiRequest`; a plain function runs on the store's threads, a coroutine on the event loop.
    status : int
        The success code.
    query : tuple of str
        Query parameters it reads.
    body : str
        Name of the body's schema, empty for none; ``optional:`` before it where the body may be left out.
    is_open : bool
        Whether it is answered without a token: the OAuth callback, which a browser calls.
    """

    name: str
    method: str
    path: str
    handler: Handler
    status: int = 200
    query: tuple[str, ...] = ()
    body: str = ""
    prefix: str = PREFIX
    is_open: bool = False


_LIST = ("limit", "skip", "include", "exclude", "type", "_integrationId", "_connectionId", "adaptorType", "externalId")
_LOGS = ("limit", "skip", "time_gt", "time_lte", "_resourceId", "functionType", "logLevel", "level")
_AUDIT = ("limit", "skip", "from", "to", "action", "source", "_byUserId", "resourceType", "_resourceId")


def table() -> list[Route]:
    """Return all routes."""
    connections, watching = DocumentHandlers("connections"), observing.ObservingHandlers("connections")
    rows = [
        Route("tokenInfo", "GET", "/tokenInfo", observing.token_info),
        *_crud("connection", connections, virtual.ChangingHandlers(connections)),
        Route("pingConnection", "GET", "/connections/{connectionId}/ping", virtual.ping_saved),
        Route(
            "pingConnectionByPost",
            "POST",
            "/connections/{connectionId}/ping",
            virtual.ping_saved,
            body="optional:nothing",
        ),
        Route(
            "testConnection", "POST", "/connections/{connectionId}/test", virtual.ping_saved, body="optional:nothing"
        ),
        Route("pingVirtualConnection", "POST", "/connections/ping", virtual.ping_virtual, body="unsaved"),
        Route(
            "getDebugLog",
            "GET",
            "/connections/{connectionId}/debug",
            observing.debug_entries,
            query=("_resourceId",),
        ),
        Route("getResourceDebugLog", "GET", "/connections/{connectionId}/debug/{resourceId}", observing.debug_entries),
        Route("clearDebugLog", "DELETE", "/connections/{connectionId}/debug", observing.clear_debug, 204),
        Route("virtualExport", "POST", "/connections/{connectionId}/export", virtual.export_once, body="virtualExport"),
        Route(
            "virtualExportPage",
            "POST",
            "/connections/{connectionId}/export/pages",
            virtual.export_page,
            body="virtualPage",
        ),
        Route("leaveWalk", "DELETE", "/connections/{connectionId}/walks/{walkId}", virtual.leave_walk, 204),
        Route(
            "virtualImport", "POST", "/connections/{connectionId}/import", virtual.import_records, body="virtualImport"
        ),
        Route(
            "virtualImportMap",
            "POST",
            "/connections/{connectionId}/import/map",
            virtual.import_map,
            body="virtualMap",
        ),
        Route("getAudit", "GET", "/connections/{connectionId}/audit", watching.audit_records, query=_AUDIT),
        Route(
            "getMetadata", "PUT", "/connections/{connectionId}/metadata", virtual.connection_metadata, body="metadata"
        ),
        Route(
            "purgeMessages",
            "POST",
            "/connections/{connectionId}/purgeMessages",
            virtual.purge_messages,
            204,
            body="optional:nothing",
        ),
    ]
    for noun in ("connection", "connections"):
        ending = "" if noun == "connection" else "Plural"
        rows += [
            Route(f"getDependencies{ending}", "GET", f"/{noun}/{{connectionId}}/dependencies", watching.dependencies),
            Route(f"authorize{ending}", "GET", f"/{noun}/{{connectionId}}/oauth2", oauth_handlers.authorization_url),
        ]
    rows += [
        Route("previewExport", "POST", "/exports/preview", virtual.export_preview, body="exportPreview"),
        *_saved("export"),
        Route(
            "invokeExport", "POST", "/exports/{exportId}/invoke", virtual.run_saved_export, body="optional:invokeExport"
        ),
        Route("previewImport", "POST", "/imports/preview", virtual.import_preview, body="importPreview"),
        *_saved("import"),
        Route("invokeImport", "POST", "/imports/{importId}/invoke", virtual.run_saved_import, body="records"),
        *_scripts(),
        Route("oauthCallback", "GET", oauth_handlers.CALLBACK, oauth_handlers.callback, prefix="", is_open=True),
    ]
    return rows


def _crud(noun: str, handlers: DocumentHandlers, changing: Any, replacement: str = "") -> list[Route]:
    title, path = noun.capitalize(), f"/{noun}s"
    return [
        Route(f"list{title}s", "GET", path, handlers.list, query=_LIST),
        Route(f"create{title}", "POST", path, handlers.create, 201, body=noun),
        Route(f"get{title}", "GET", f"{path}/{{{noun}Id}}", handlers.get),
        Route(f"replace{title}", "PUT", f"{path}/{{{noun}Id}}", changing.replace, body=replacement or noun),
        Route(f"patch{title}", "PATCH", f"{path}/{{{noun}Id}}", handlers.patch, 204, body="patch"),
        Route(f"delete{title}", "DELETE", f"{path}/{{{noun}Id}}", changing.delete, 204),
    ]


def _saved(noun: str) -> list[Route]:
    title, path = noun.capitalize(), f"/{noun}s/{{{noun}Id}}"
    handlers, watching = SavedHandlers(f"{noun}s"), observing.ObservingHandlers(f"{noun}s")
    return [
        *_crud(noun, handlers, handlers),
        Route(f"clone{title}", "POST", f"{path}/clone", handlers.clone, 201, body="optional:clone"),
        Route(
            f"replace{title}Connection",
            "PUT",
            f"{path}/replaceConnection",
            handlers.replace_connection,
            body="newConnection",
        ),
        Route(f"get{title}Audit", "GET", f"{path}/audit", watching.audit_records, query=_AUDIT),
        Route(f"get{title}Dependencies", "GET", f"{path}/dependencies", watching.dependencies),
    ]


def _scripts() -> list[Route]:
    handlers, watching = ScriptHandlers(), observing.ObservingHandlers("scripts")
    return [
        *_crud("script", handlers, handlers, "scriptReplacement"),
        Route("getScriptLogs", "GET", "/scripts/{scriptId}/logs", handlers.logs, query=_LOGS),
        Route("getScriptAudit", "GET", "/scripts/{scriptId}/audit", watching.audit_records, query=_AUDIT),
        Route("getScriptDependencies", "GET", "/scripts/{scriptId}/dependencies", watching.dependencies),
    ]
