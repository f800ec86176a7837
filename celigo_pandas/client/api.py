"""One method per endpoint: dict in, dict out.

Wire names stay as they are spelled there. Each docstring names the route; its fields, sources and gaps are listed in
``docs/wire.md``. Where the sources are not of one mind (paths in the singular, GET or POST, a body or none), every
plausible form is accepted here, and nowhere above.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar

from celigo_pandas.client.addresses import BaseUrl
from celigo_pandas.client.answer_shapes import (
    as_list,
    as_object,
    as_object_or_list,
    as_objects,
    as_stored,
    import_body,
    path_of,
    saved_path,
)
from celigo_pandas.client.debug_text import parse_debug_log
from celigo_pandas.client.json_bodies import Sealed, decode, encode, encode_rows, seal_connection
from celigo_pandas.client.messages import Repeat, Request, Response
from celigo_pandas.client.sending import Sender, anything
from celigo_pandas.documents.script_documents import log_entries
from celigo_pandas.errors import ApiError, AuthError, ConfigError, NotFoundError, PagingError
from celigo_pandas.paging import STALE_REQUESTS
from celigo_pandas.wire.links import next_target

__all__ = ["ApiClient"]

Document = Mapping[str, Any]
Kind = Literal["exports", "imports", "scripts"]
ConnectionDocument = Mapping[str, Any] | Sealed
T = TypeVar("T")


class ApiClient(Sender):
    """The Connection API of integrator.io, and the saved documents beside it.

    Every method makes one request unless it says otherwise, and raises what :meth:`Sender.send` raises.
    """

    # Credentials

    def token_info(self) -> dict[str, Any]:
        """``GET /tokenInfo``: ``{"_userId", "scope"}``; the cheap check of a token."""
        return self._object(Request("GET", "/tokenInfo"))

    # Connections

    def list_connections(self, **options: Any) -> Iterator[dict[str, Any]]:
        """``GET /connections``, every page of it; see :meth:`iter_list` for the options."""
        return self.iter_list("/connections", **options)

    def create_connection(self, doc: ConnectionDocument) -> dict[str, Any]:
        """``POST /connections``: the stored document, secrets masked."""
        doc = seal_connection(doc)
        request = Request("POST", "/connections", body=doc.reveal(), repeat="write", secrets=doc.secrets)
        return self._decoded(request, as_stored)

    def get_connection(self, connection_id: str) -> dict[str, Any]:
        """``GET /connections/{id}``: adds ``offline`` and ``queues``."""
        return self._decoded(Request("GET", path_of("connections", connection_id)), as_stored)

    def replace_connection(self, connection_id: str, doc: ConnectionDocument) -> dict[str, Any]:
        """``PUT /connections/{id}``: a full replacement; what `doc` leaves out is erased.

        The new document is the answer, or is read (one more request) where the server answers something else.
        """
        doc = seal_connection(doc)
        path = path_of("connections", connection_id)
        answer = self._maybe(Request("PUT", path, body=doc.reveal(), repeat="write", secrets=doc.secrets))
        if answer and isinstance(answer.get("_id"), str):
            return answer
        return self._decoded(Request("GET", path, secrets=doc.secrets), as_stored)

    def patch_connection(self, connection_id: str, operations: Sequence[Document]) -> dict[str, Any] | None:
        """``PATCH /connections/{id}`` with a JSON Patch; the new document if the server answers one, None for 204."""
        body = encode(list(operations), "patch")
        return self._maybe(Request("PATCH", path_of("connections", connection_id), body=body, repeat="write"))

    def delete_connection(self, connection_id: str) -> None:
        """``DELETE /connections/{id}``."""
        self.send(Request("DELETE", path_of("connections", connection_id), repeat="write"), inspect=anything)

    def ping_connection(self, connection_id: str) -> dict[str, Any]:
        """``POST /connections/{id}/ping``, or ``GET`` where the server knows no POST there.

        Returns
        -------
        dict
            ``{"code": 200}``, or ``code`` and ``errors``: a ping that failed is an answer, not an exception, whichever
            status it came with. An error of the token itself is raised (one more request tells the two apart).
        """
        path = path_of("connections", connection_id, "ping")

        def ping() -> dict[str, Any]:
            try:
                return self._object(Request("POST", path))
            except ApiError as error:
                if error.status not in (404, 405):
                    raise
            return self._object(Request("GET", path))

        return self._ping(ping)

    def ping_document(self, doc: ConnectionDocument) -> dict[str, Any]:
        """``POST /connections/ping``: check an unsaved connection; answers as :meth:`ping_connection`."""
        sealed = seal_connection(doc)
        del doc
        request = Request("POST", "/connections/ping", body=sealed.reveal(), secrets=sealed.secrets)
        return self._ping(lambda: self._object(request))

    def test_connection(self, connection_id: str) -> dict[str, Any]:
        """``POST /connections/{id}/test``: said to be a fuller check than ping; answers as it."""
        return self._ping(lambda: self._object(Request("POST", path_of("connections", connection_id, "test"))))

    def purge_messages(self, connection_id: str) -> None:
        """``POST /connections/{id}/purgeMessages``: drop the messages that wait in the connection's queue."""
        self.send(
            Request("POST", path_of("connections", connection_id, "purgeMessages"), repeat="write"), inspect=anything
        )

    def oauth2(self, connection_id: str) -> dict[str, Any]:
        """``GET /connection/{id}/oauth2`` (or the plural): holds the URL to open in a browser."""
        return self._either("oauth2", "connection", "connections", connection_id, as_object)

    def dependencies(self, connection_id: str) -> dict[str, Any] | list[Any]:
        """``GET /connections/{id}/dependencies`` (or the singular): what uses the connection, by kind or as a list."""
        return self._either("dependencies", "connections", "connection", connection_id, as_object_or_list)

    def connection_metadata(self, connection_id: str, order: Document, *, refresh: bool = False) -> object:
        """``PUT /connections/{id}/metadata``: what there is in the connection's system.

        Parameters
        ----------
        connection_id : str
        order : mapping
            What is asked, in a block of the connection type's name: ``{"rdbms": {"type": "tables"}}``, or
            ``{"rdbms": {"type": "columns", "tables": ["orders"]}}``.
        refresh : bool, default False
            Ask the system again, whatever the server has kept.

        Returns
        -------
        dict or list
            As the server answers it; no stored text shows its form.
        """
        body = encode({**order, "refreshCache": refresh}, "metadata")
        return self._decoded(
            Request("PUT", path_of("connections", connection_id, "metadata"), body=body), as_object_or_list
        )

    # Logs

    def debug_log(self, connection_id: str, resource_id: str | None = None) -> list[dict[str, Any]]:
        """``GET /connections/{id}/debug[/{resourceId}]``: the entries, from text or JSON.

        A server that has no such path for one resource is asked with ``?_resourceId=`` (one more request).
        """
        whole = path_of("connections", connection_id, "debug")
        if resource_id is None:
            return parse_debug_log(self.send(Request("GET", whole), inspect=anything).content)
        one = path_of("connections", connection_id, "debug", resource_id)
        try:
            response = self.send(Request("GET", one), inspect=anything)
        except NotFoundError:
            response = self.send(Request("GET", whole, (("_resourceId", resource_id),)), inspect=anything)
        return parse_debug_log(response.content)

    def clear_debug_log(self, connection_id: str) -> None:
        """``DELETE /connections/{id}/debug``."""
        self.send(Request("DELETE", path_of("connections", connection_id, "debug"), repeat="write"), inspect=anything)

    def audit_log(self, connection_id: str, **filters: str) -> Iterator[dict[str, Any]]:
        """``GET /connections/{id}/audit``, every page of it.

        Filters known to the server: ``from, to, limit, action, source, _byUserId, resourceType, _resourceId``.
        """
        # Assumed: a bare list, or one in the member "audit"; no stored text shows the body of this route.
        return self._walk_list(path_of("connections", connection_id, "audit"), tuple(filters.items()), member="audit")

    # Virtual exports and imports

    def export(self, connection_id: str, export_doc: Document, *, repeat: Repeat = "read") -> dict[str, Any]:
        """``POST /connections/{id}/export``: run a document once; ``{"data", "dataURIs"?, "errors"?}``."""
        body = b'{"export":' + encode(export_doc, "export") + b"}"
        return self._object(Request("POST", path_of("connections", connection_id, "export"), body=body, repeat=repeat))

    def export_page(
        self, connection_id: str, export_doc: Document, page_state: object = None, *, repeat: Repeat = "read"
    ) -> dict[str, Any]:
        """``POST /connections/{id}/export/pages``: one page; the state of the last answer asks for the next."""
        return self._object(self.export_page_request(connection_id, export_doc, page_state, repeat=repeat))

    def export_page_request(
        self, connection_id: str, export_doc: Document, page_state: object = None, *, repeat: Repeat = "read"
    ) -> Request:
        """Make the request of :meth:`export_page`; a `page_state` of ``bytes`` is JSON and goes out as it is."""
        body = b'{"export":' + encode(export_doc, "export")
        if page_state is not None:
            state = page_state if isinstance(page_state, bytes) else encode(page_state, "page state")
            body += b',"pagedExportState":' + state
        return Request("POST", path_of("connections", connection_id, "export/pages"), body=body + b"}", repeat=repeat)

    def leave_walk(self, connection_id: str, walk_id: str) -> None:
        """``DELETE /connections/{id}/walks/{walkId}``: end a walk before its last page. Of the local engine only."""
        self.send(Request("DELETE", path_of("connections", connection_id, "walks", walk_id)), inspect=anything)

    def import_records(self, connection_id: str, import_doc: Document, records: Sequence[Any]) -> list[dict[str, Any]]:
        """``POST /connections/{id}/import``: one result per record, in order. Not idempotent.

        Records that are ``bytes`` are JSON already. The length of the answer is the caller's to check.
        """
        path = path_of("connections", connection_id, "import")
        return self._list(Request("POST", path, body=import_body(import_doc, records), repeat="write"))

    def map_records(self, connection_id: str, import_doc: Document, records: Sequence[Any]) -> list[Any]:
        """``POST /connections/{id}/import/map``: the mapped records, in order; nothing is submitted."""
        path = path_of("connections", connection_id, "import/map")
        return self._list(Request("POST", path, body=import_body(import_doc, records)))

    # Saved exports and imports

    def list_exports(self, **options: Any) -> Iterator[dict[str, Any]]:
        """``GET /exports``, every page of it."""
        return self.iter_list("/exports", **options)

    def get_export(self, export_id: str) -> dict[str, Any]:
        """``GET /exports/{id}``."""
        return self._decoded(Request("GET", path_of("exports", export_id)), as_stored)

    def list_imports(self, **options: Any) -> Iterator[dict[str, Any]]:
        """``GET /imports``, every page of it."""
        return self.iter_list("/imports", **options)

    def get_import(self, import_id: str) -> dict[str, Any]:
        """``GET /imports/{id}``."""
        return self._decoded(Request("GET", path_of("imports", import_id)), as_stored)

    def preview_export(self, export_doc: Document) -> dict[str, Any]:
        """``POST /exports/preview``: the body is the export document; ``{"data", "stages", …}``."""
        return self._object(Request("POST", "/exports/preview", body=encode(export_doc, "export")))

    def invoke_export(self, export_id: str, page_state: object = None) -> dict[str, Any]:
        """``POST /exports/{id}/invoke``: one page of a saved export. Sent as a write: it may change its source."""
        body = None if page_state is None else encode({"pagedExportState": page_state}, "page state")
        return self._object(Request("POST", path_of("exports", export_id, "invoke"), body=body, repeat="consume"))

    def invoke_import(self, import_id: str, records: Sequence[Any]) -> list[dict[str, Any]]:
        """``POST /imports/{id}/invoke``: the body is the bare list of records."""
        path = path_of("imports", import_id, "invoke")
        return self._list(Request("POST", path, body=encode_rows(records), repeat="write"))

    def preview_import(self, import_doc: Document, records: Sequence[Any]) -> object:
        """``POST /imports/preview``: the body is the import document with its records as ``data``; nothing is written.

        Assumed: the body, and so the answer, which is given as it came (``{"data", "stages"}``, or a list).
        """
        body = encode({name: value for name, value in import_doc.items() if name != "data"}, "import")
        body = body[:-1] + (b"," if len(body) > 2 else b"") + b'"data":' + encode_rows(records) + b"}"
        return self._decoded(Request("POST", "/imports/preview", body=body), as_object_or_list)

    def patch_document(self, kind: Kind, resource_id: str, operations: Sequence[Document]) -> dict[str, Any] | None:
        """``PATCH /exports|imports|scripts/{id}`` with a JSON Patch; the new document if answered, else None."""
        body = encode(list(operations), "patch")
        return self._maybe(Request("PATCH", saved_path(kind, resource_id), body=body, repeat="write"))

    def clone_document(
        self, kind: Kind, resource_id: str, name: str | None = None, connections: Mapping[str, str] | None = None
    ) -> dict[str, Any] | list[Any]:
        """``POST /exports|imports/{id}/clone``: a copy; `connections` (id to id) says which are replaced.

        Returns
        -------
        dict or list
            The new document, or a list of ``{"model", "_id", "name"}``: the vendor's schema allows both.
        """
        given = {"name": name, "connectionMap": dict(connections) if connections else None}
        body = encode({member: value for member, value in given.items() if value is not None}, "clone")
        request = Request("POST", saved_path(kind, resource_id, "clone"), body=body, repeat="write")
        return self._decoded(request, as_object_or_list)

    def dependencies_of(self, kind: Kind, resource_id: str) -> dict[str, Any] | list[Any]:
        """``GET /exports|imports|scripts/{id}/dependencies``: what uses the document, by kind or as a list."""
        return self._decoded(Request("GET", saved_path(kind, resource_id, "dependencies")), as_object_or_list)

    def audit_log_of(self, kind: Kind, resource_id: str, **filters: str) -> Iterator[dict[str, Any]]:
        """``GET /exports|imports|scripts/{id}/audit``, every page of it; filters as in :meth:`audit_log`."""
        return self._walk_list(saved_path(kind, resource_id, "audit"), tuple(filters.items()), member="audit")

    def replace_connection_of(self, kind: Kind, resource_id: str, connection_id: str) -> dict[str, Any] | None:
        """``PUT /exports|imports/{id}/replaceConnection``: let the document work through another connection."""
        body = encode({"_newConnectionId": connection_id})
        path = saved_path(kind, resource_id, "replaceConnection")
        return self._maybe(Request("PUT", path, body=body, repeat="write"))

    # Scripts

    def list_scripts(self, **options: Any) -> Iterator[dict[str, Any]]:
        """``GET /scripts``, every page of it; without their code."""
        return self.iter_list("/scripts", **options)

    def get_script(self, script_id: str) -> dict[str, Any]:
        """``GET /scripts/{id}``: with its ``content``."""
        return self._decoded(Request("GET", path_of("scripts", script_id)), as_stored)

    def create_script(self, doc: Document) -> dict[str, Any]:
        """``POST /scripts``: the stored document."""
        return self._decoded(Request("POST", "/scripts", body=encode(doc, "script"), repeat="write"), as_stored)

    def replace_script(self, script_id: str, doc: Document) -> dict[str, Any] | None:
        """``PUT /scripts/{id}``: a full replacement; a `doc` without ``content`` erases the code.

        Returns
        -------
        dict or None
            The new document, where the server answers it.
        """
        path = path_of("scripts", script_id)
        return self._maybe(Request("PUT", path, body=encode(doc, "script"), repeat="write"))

    def delete_script(self, script_id: str) -> None:
        """``DELETE /scripts/{id}``."""
        self.send(Request("DELETE", path_of("scripts", script_id), repeat="write"), inspect=anything)

    def script_log(self, script_id: str, **filters: str | int) -> Iterator[dict[str, Any]]:
        """``GET /scripts/{id}/logs``, every page of it, following ``nextPageURL``; the newest first.

        Filters known to the server: ``time_gt``, ``time_lte`` (milliseconds since 1970), ``_resourceId``, ``_flowId``,
        ``functionType``.
        """
        path, params = path_of("scripts", script_id, "logs"), tuple((n, str(v)) for n, v in filters.items())
        seen = set()
        while (path, params) not in seen:
            seen.add((path, params))
            entries, following = self._decoded(Request("GET", path, params), log_entries)
            yield from entries
            if following is None:
                return
            # The vendor's own pages are given the path of their proxy.
            path, params = self._address.path_of(re.sub(r"\A/api/(?=scripts/)", "/v1/", following))
        raise PagingError(f"The log {path} named the same next page twice; reading stopped.")

    # Lists

    def iter_list(
        self,
        path: str,
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        **filters: str | None,
    ) -> Iterator[dict[str, Any]]:
        """Walk a list to its end: one request per page, following ``Link``; a 204 is an empty list.

        Parameters
        ----------
        path : str
        include, exclude : sequence of str
            Summary projections, dotted names; only one of the two.
        **filters : str
            Other query parameters, e.g. ``type="http"``, ``_integrationId="…"``; None is left out.
        """
        if include and exclude:
            raise ConfigError("Both include= and exclude= are given; the server takes one of them.")
        pairs = [(name, ",".join(names)) for name, names in (("include", include), ("exclude", exclude)) if names]
        pairs += [(name, value) for name, value in filters.items() if value is not None]
        return self._walk_list(path, tuple(pairs))

    def _walk_list(
        self, path: str, params: tuple[tuple[str, str], ...], member: str | None = None
    ) -> Iterator[dict[str, Any]]:
        seen = set()
        known: set[str] = set()
        empty = 0
        while True:
            if (path, params) in seen:
                raise PagingError(f"The list {path} named the same next page twice; reading stopped.")
            seen.add((path, params))
            documents, link = self._list_page(Request("GET", path, params), member)
            empty = 0 if documents else empty + 1
            names = {_name_of(document) for document in documents}
            if (names and names <= known) or empty > STALE_REQUESTS:
                raise PagingError(
                    f"The list {path} brings nothing new and names ever more pages; reading stopped after "
                    f"{len(known):,} entries."
                )
            # What moved on to the next page while the list was read is not there twice.
            yield from (document for document in documents if "_id" not in document or _name_of(document) not in known)
            known |= names
            target = next_target(link)
            if target is None:
                return
            path, params = self._address.path_of(target)

    def _list_page(self, request: Request, member: str | None) -> tuple[list[dict[str, Any]], str]:
        found: list[list[dict[str, Any]]] = []

        def inspect(response: Response) -> None:
            if response.status == 204:
                found.append([])
                return
            value = decode(response.content)
            found.append(as_objects(value[member] if isinstance(value, dict) and member in value else value))

        response = self.send(request, inspect=inspect)
        return found[-1], response.headers.get("link", "")

    @property
    def _address(self) -> BaseUrl:
        return BaseUrl.parse(self.base_url)

    # Shapes

    def _decoded(self, request: Request, check: Callable[[Any], T]) -> T:
        found: list[T] = []
        self.send(request, inspect=lambda response: found.append(check(decode(response.content))))
        return found[-1]

    def _object(self, request: Request) -> dict[str, Any]:
        return self._decoded(request, as_object)

    def _list(self, request: Request) -> list[Any]:
        return self._decoded(request, as_list)

    def _maybe(self, request: Request) -> dict[str, Any] | None:
        """Send; the answer's object, or None for a 204 or an empty or other body."""
        response = self.send(request, inspect=anything)
        try:
            value = decode(response.content)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def _either(self, tail: str, first: str, second: str, connection_id: str, check: Callable[[Any], T]) -> T:
        """Ask the one spelling of a route, then the other; the first refusal is the one that is told."""
        try:
            return self._decoded(Request("GET", path_of(first, connection_id, tail)), check)
        except NotFoundError as error:
            refusal = error
        try:
            return self._decoded(Request("GET", path_of(second, connection_id, tail)), check)
        except NotFoundError:
            pass
        raise refusal

    def _ping(self, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return ask()
        except AuthError as error:
            refusal: ApiError = error
        except ApiError as error:
            refusal = error
            if error.status in (404, 405, 429) or not error.problems:
                raise
        if isinstance(refusal, AuthError):
            self.token_info()  # raises if it is the token that is refused, and not the connection's credentials
        return {"code": refusal.status, "errors": [problem.to_dict() for problem in refusal.problems]}


def _name_of(document: Mapping[str, Any]) -> str:
    """Name an entry of a list by its id, or by all it says."""
    found = document.get("_id")
    return found if isinstance(found, str) else json.dumps(document, sort_keys=True)
