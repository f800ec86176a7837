"""An HTTP export: one request, or a walk over pages, as chunks of records.

Facts: integrator-api.md, section 4.2. A chunk is one page of the source; the next page is asked for only when the
reader wants it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from celigo_pandas.engine.adaptors.http.drafts import Spec
from celigo_pandas.engine.adaptors.http.legacy import http_export
from celigo_pandas.engine.adaptors.http.media import MediaError, decode
from celigo_pandas.engine.adaptors.http.origins import shown_origin
from celigo_pandas.engine.adaptors.http.paging import Page, Step, open_pager
from celigo_pandas.engine.adaptors.http.records import records_of
from celigo_pandas.engine.adaptors.http.refusals import message_of
from celigo_pandas.engine.adaptors.http.sender import Received, Sender, other_origin
from celigo_pandas.engine.adaptors.http.shapes import EXPORT, check_shapes
from celigo_pandas.engine.adaptors.http.templates import record_context
from celigo_pandas.engine.adaptors.http.values import verdict
from celigo_pandas.engine.adaptors.protocol import Chunk, SourceFailure

__all__ = ["read_export"]


def read_export(sender: Sender, export_doc: Mapping[str, Any]) -> Iterator[Chunk]:
    """Yield one chunk per page of the source.

    Raises
    ------
    SourceFailure
        A request failed, an answer is no success by the document's rules, or paging does not advance.
    """
    http = http_export(export_doc)
    check_shapes(http, EXPORT)
    if http.get("type") in ("file", "blob", "csvstream"):
        raise SourceFailure(
            f"http.type {http['type']!r} is not built in the local engine.", code="unsupported", field="http.type"
        )
    reader = _PageReader(sender, export_doc, http)
    pager = open_pager(http.get("paging"))
    step: Step | None = pager.first() if pager else Step({})
    asked: tuple[Any, ...] | None = None
    number = 0
    while step is not None:
        if sender.call.stop.is_set():
            return
        number += 1
        received = reader.ask(step)
        if pager and pager.is_end(received.answer.status):
            return
        if asked == received.asked:
            raise SourceFailure(
                f"Request {number} is the same as the one before: paging does not advance. Does the request use the "
                "paging variable?",
                code="endless_paging",
                field="http.paging",
            )
        asked = received.asked
        page, chunk = reader.read(received, number)
        step = pager.after(page) if pager else None
        if pager and pager.note:
            chunk.errors.append({"code": "empty_page", "message": pager.note, "source": "application"})
        if chunk.records or chunk.errors:
            yield chunk
        errors = list(reader.mark(chunk.records)) if export_doc.get("type") == "once" else []
        if errors:
            yield Chunk([], errors)


class _PageReader:
    """Asks for pages of one export and reads them."""

    def __init__(self, sender: Sender, export_doc: Mapping[str, Any], http: Mapping[str, Any]) -> None:
        self._sender = sender
        self._doc = export_doc
        self._http = http
        self._rules: Mapping[str, Any] = http.get("response") or {}
        self._media = str(http.get("requestMediaType") or sender.media)
        self._accept = str(http.get("successMediaType") or sender.accept)
        self._method = str(http.get("method") or "GET")
        self._csv = _csv_options(export_doc)

    def ask(self, step: Step) -> Received:
        """Send the request of one page."""
        context = {**self._sender.call.context, "export": self._seen_export(step)}
        if step.previous is not None:
            context["previous_page"] = step.previous
        body = step.body if step.body is not None else self._http.get("body")
        return self._sender.send(
            Spec(
                method=self._method,
                uri=step.uri if step.uri is not None else str(self._http.get("relativeURI") or ""),
                url=step.url,
                shown_url=step.shown_url,
                headers=self._http.get("headers") or (),
                body=str(body) if body else None,
                media=self._media,
                accept=self._accept,
                context=context,
                strict=bool(self._http.get("strictHandlebarEvaluation")),
            )
        )

    def _seen_export(self, step: Step) -> dict[str, Any]:
        http = {**self._http, "paging": step.paging}
        return {**self._doc, "http": http}

    def read(self, received: Received, number: int) -> tuple[Page, Chunk]:
        """Judge and parse one answer."""
        answer = received.answer
        note = "" if received.is_own else " " + other_origin(answer.url)
        if not answer.is_success:
            raise self._failure(received, f"answered status {answer.status}", str(answer.status), note)
        body = self._parsed(received, note)
        if verdict(body, self._rules) is False:
            code = str(answer.status) if answer.status != 200 else "source_error"
            raise self._failure(received, "answered what the document counts as a failure", code, note)
        two_d = self._rules.get("twoDArray")
        records = records_of(body, self._path(number), two_d)
        errors = [{"code": "other_origin", "message": note.strip(), "source": "connection"}] if note else []
        page = Page(
            url=answer.url,
            status=answer.status,
            headers=answer.headers,
            body=body,
            count=len(records),
            last=records[-1] if records else None,
            digest=hashlib.sha256(answer.body).digest(),
            shown_url=received.shown_url,
        )
        return page, Chunk(records, errors)

    def _path(self, number: int) -> str | None:
        later = (self._http.get("paging") or {}).get("resourcePath")
        path = later if later and number > 1 else self._rules.get("resourcePath")
        return str(path) if path else None

    def _parsed(self, received: Received, note: str) -> Any:
        answer = received.answer
        content_type = answer.headers.get("Content-Type", "")
        try:
            body = decode(answer.body, self._accept, content_type, self._csv, shown=self._sender.redact)
        except MediaError as error:
            raise SourceFailure(
                self._sender.redact(
                    f"The answer of {shown_origin(answer.url)} cannot be read as {self._accept}: {error}.{note}"
                ),
                code="bad_answer",
                field="http.successMediaType",
            ) from None
        # Assumed: plain text is one record with the text under "text".
        return {"text": body} if self._accept == "plaintext" and body is not None else body

    def _failure(self, received: Received, what: str, code: str, note: str) -> SourceFailure:
        answer = received.answer
        media = str(self._http.get("errorMediaType") or self._sender.http.get("errorMediaType") or self._accept)
        said = message_of(self._sender.hidden(received.body(media)), self._rules.get("errorPath"))
        text = f"{shown_origin(answer.url)} {what}" + (f": {said}" if said else ".") + note
        refused = received.is_own and answer.status in (401, 403)
        return SourceFailure(self._sender.redact(text), code=code, offline=refused)

    def mark(self, records: list[Any]) -> Iterator[dict[str, Any]]:
        """Send the ``once`` request of each record the reader has taken; yield what failed."""
        once = self._http.get("once")
        if not isinstance(once, dict) or not once.get("relativeURI"):
            return
        for record in records:
            context = record_context(self._sender.call.context, record)
            received = self._sender.send(
                Spec(
                    method=str(once.get("method") or "PUT"),
                    uri=str(once["relativeURI"]),
                    headers=self._http.get("headers") or (),
                    body=str(once["body"]) if once.get("body") else None,
                    media=self._media,
                    accept=self._accept,
                    context=context,
                )
            )
            if not received.answer.is_success:
                said = message_of(self._sender.hidden(received.body(self._accept)), self._rules.get("errorPath"))
                yield {
                    "code": str(received.answer.status),
                    "message": self._sender.redact(f"The once request of a record failed: {said or 'no reason'}"),
                    "source": "application",
                }


def _csv_options(export_doc: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``file.csv``, checked."""
    file = export_doc.get("file") or {}
    options = (file.get("csv") or {}) if isinstance(file, dict) else None
    if not isinstance(options, dict):
        where = "file.csv" if isinstance(file, dict) else "file"
        raise SourceFailure(f"{where} must be an object.", code="invalid_field", field=where)
    skipped = options.get("rowsToSkip") or 0
    if isinstance(skipped, bool) or not str(skipped).isdecimal():
        raise SourceFailure(
            f"file.csv.rowsToSkip is {skipped!r:.40}; expected a whole number of 0 or more.",
            code="invalid_field",
            field="file.csv.rowsToSkip",
        )
    return options
