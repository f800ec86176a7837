"""Pages of one export over the client's ``send``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import pandas as pd

from celigo_pandas import paging
from celigo_pandas.accessors.pulls.pull_options import PullOptions
from celigo_pandas.accessors.targets import Target
from celigo_pandas.client.messages import Lane, Request, Response
from celigo_pandas.documents.export_documents import consuming_member, digest
from celigo_pandas.errors import (
    ApiError,
    CeligoError,
    DocumentError,
    PagingError,
    Problem,
    TransportError,
)
from celigo_pandas.frames.shape import Shape

__all__ = ["PageSource", "PullOptions"]


class PageSource:
    """Fetches pages of one export: the walk of :mod:`~celigo_pandas.paging` over the client's ``send``.

    Parameters
    ----------
    connection : Connection
    doc : Mapping
        The export document, sent as it is.
    options : PullOptions

    Raises
    ------
    DocumentError
        The export is nothing that JSON can say, or changes its source and ``consume`` is not true.
    """

    def __init__(self, connection: Target, doc: Mapping[str, Any], options: PullOptions) -> None:
        self.connection = connection
        self._connection_id = connection.id
        self._server = connection.client.base_url
        self.doc = doc
        _refuse_unwritable(doc)
        self.consuming = consuming_member(doc)
        if self.consuming is not None and not options.consume:
            raise DocumentError(
                f"This export changes its source: its member {self.consuming!r} writes, marks or deletes.",
                problems=[Problem("consuming_export", "It changes its source.", self.consuming)],
                hint="Pass consume=True to allow it"
                + (", or set file.skipDelete to true." if self.consuming == "file.skipDelete" else "."),
            )
        self.page_size = paging.effective_page_size(doc, options.page_size)
        self.is_own_size = options.page_size == "auto" and self.page_size is not None
        if self.is_own_size and options.limit is not None and self.page_size is not None:
            self.page_size = min(self.page_size, options.limit)
        self.state: bytes | None = None
        self.trail = paging.Trail()
        self.pages = 0
        self.is_done = False
        self.is_beyond = False
        self.reason: str | None = None
        self.ambiguous: str | None = None
        self.stop: threading.Event | None = None
        self.walk_id: str | None = None
        self._digest = digest(doc)
        self.started = datetime.now(timezone.utc)
        path = f"/connections/{quote(connection.id, safe='')}/export/pages"
        self._request = Request("POST", path, repeat="read" if self.consuming is None else "consume")

    def __getstate__(self) -> dict[str, Any]:
        # A connection leads to a token, an event belongs to this process.
        return {**vars(self), "connection": None, "stop": None}

    @property
    def title(self) -> str:
        """What stands before a progress bar."""
        name = self.doc.get("name")
        return name if isinstance(name, str) and name else str(self.connection.name)

    @property
    def sent_page_size(self) -> object:
        """The ``pageSize`` that goes with each request, whoever gave it."""
        return self.doc.get("pageSize") if self.page_size is None else self.page_size

    def keep_page_size(self, size: Any) -> None:
        """Ask as an earlier part of this pull did: its page states count in pages of that size."""
        if size != self.sent_page_size:
            self.page_size = size
        self.is_own_size = False

    def pages_from_here(
        self,
        enough: Callable[[], bool] = lambda: False,
        before_send: Callable[[], None] = lambda: None,
        check: Callable[[], None] = lambda: None,
        decode: Callable[[paging.Page], Any] = lambda page: None,
    ) -> Any:
        """Yield ``(page, bytes as received, what decode made of it)`` until the walk ends.

        `before_send` is called before each request, `check` too: it may raise to end the walk. A page that `decode`
        finds to be no JSON counts as a failed connection: it is asked for again, where that is allowed.
        """
        if self.is_done:
            self.reason = "done"
            return
        walk = paging.walk(
            self.doc,
            page_size=self.page_size,
            may_halve=self.is_own_size and self.consuming is None,
            state=self.state,
            trail=self.trail,
            enough=enough,
        )
        lane = self._lane()
        answer: Any = None
        while True:
            try:
                request = walk.send(answer)
            except StopIteration as stop:
                self.reason = stop.value
                if self.reason == "max_rows":
                    self.leave()
                return
            self.page_size = request.page_size
            check()
            before_send()
            answer, content, decoded = self._fetch(request, lane, decode)
            if lane is not None and self._repeats(answer):  # a late second answer to the last request looks so
                lane = self._lane()
                answer, content, decoded = self._fetch(request, lane, decode)
            if answer is not paging.TOO_LARGE and not self._came_again(answer):
                self.pages += 1
                yield answer, content, decoded
                self.stand_after(answer)

    def _lane(self) -> Lane | None:
        """Keep a connection for the pages of a walk; a page that cannot be asked for again has one of its own."""
        return Lane() if self.consuming is None else None

    def _came_again(self, answer: Any) -> bool:
        """Say whether rows came before; of an export that changes its source, records that look the same are others."""
        return self.consuming is None and self._repeats(answer) and self.trail.has_given(answer)

    def _repeats(self, answer: Any) -> bool:
        return answer is not paging.TOO_LARGE and self.trail.repeats(answer)

    def stand_after(self, page: paging.Page) -> None:
        """Move behind a page: its state asks for the next one."""
        self.state, self.is_done = page.state, page.done

    def leave(self) -> None:
        """End the walk at a server that has a request for it: nobody asks for the pages that have not come."""
        if self.walk_id is not None and not self.is_done:
            with suppress(CeligoError):
                self.connection.client.api.leave_walk(self.connection.id, self.walk_id)
            self.walk_id = None

    def note(self, frame: pd.DataFrame, shape: Shape, total: int | None, **how: Any) -> pd.DataFrame:
        """Write down in ``attrs`` where a frame came from: small, JSON-able, no secrets (pandas copies it often)."""
        frame.attrs["celigo"] = {
            "rows": len(frame),
            "pages": self.pages,
            "total": total,
            **self._origin(shape),
            **how,
        }
        return frame

    def mark(self, frame: pd.DataFrame, shape: Shape) -> pd.DataFrame:
        """Write down the same for one chunk of many: all say the same, or :func:`pandas.concat` would drop it."""
        frame.attrs["celigo"] = {**self._origin(shape), "complete": False, "reason": "chunk"}
        return frame

    def _origin(self, shape: Shape) -> dict[str, Any]:
        return {
            "connection_id": self._connection_id,
            "server": self._server,
            "export_digest": self._digest,
            "page_size": self.sent_page_size,
            "page_size_added": self.page_size is not None,
            "started": self.started.isoformat(timespec="seconds"),
            "flatten": shape.sep if shape.flattens else None,
        }

    def _fetch(
        self, request: paging.PageRequest, lane: Lane | None, decode: Callable[[paging.Page], Any]
    ) -> tuple[Any, bytes, Any]:
        found: list[tuple[paging.Page, Any]] = []

        def inspect(response: Response) -> None:
            page = paging.read_page(response.content)
            try:
                found.append((page, decode(page)))
            except TransportError as error:
                if error.processed is None:
                    raise ValueError(error.message) from error
                raise

        sent = replace(self._request, body=request.body, stop=self.stop, lane=lane)
        try:
            response = self.connection.client.api.send(sent, inspect=inspect)
        except ApiError as error:
            if error.status == 413:
                return paging.TOO_LARGE, b"", None
            if error.status is not None and error.status >= 500:
                self.note_ambiguous(error)
            if request.state is not None and error.status in (400, 404, 410, 422):
                raise PagingError(
                    f"The server no longer takes the page state it gave with the last page: {error.message}",
                    problems=error.problems,
                    status=error.status,
                ) from error
            raise
        except TransportError as error:
            if error.processed is not False:
                self.note_ambiguous(error)
            if self.stop is not None and self.stop.is_set():
                raise KeyboardInterrupt from error
            raise
        except KeyboardInterrupt as error:
            self.note_ambiguous(error)
            raise
        self.walk_id = response.headers.get("celigo-engine-walk")
        page, decoded = found[-1]
        return page, response.content, decoded

    def note_ambiguous(self, error: BaseException | None = None) -> None:
        """Remember that a page of a consuming export may be lost: it is not asked for again."""
        if self.consuming is not None:
            self.ambiguous = (
                f"This export changes its source ({self.consuming}), and it is not known whether the request for page "
                f"{self.pages + 1} was processed: the records of that page may be gone from the source unread. "
                "The request was sent once and is not sent again."
            )
            if isinstance(error, CeligoError):
                error.hint = self.ambiguous


def _refuse_unwritable(doc: Mapping[str, Any]) -> None:
    try:
        paging.dump_json(doc)
    except (TypeError, ValueError, RecursionError) as error:
        raise DocumentError(
            f"The export cannot be written as JSON: {error}.",
            hint="Use dict, list, str, int, float, bool and None; write dates as ISO 8601 text.",
        ) from error
