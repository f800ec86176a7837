"""An HTTP export: one request, or a walk over pages, as chunks of records.

Facts: integrator-api.md, section 4.2. A chunk is one page of the source; the next page is asked for only when the
reader wants it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from celigo_pandas.engine.adaptors.files.csv_reading import CsvOptions
from celigo_pandas.engine.adaptors.files.file_plans import csv_plan
from celigo_pandas.engine.adaptors.files.row_groups import grouped_rows
from celigo_pandas.engine.adaptors.http.answer_paths import check_path, names_there
from celigo_pandas.engine.adaptors.http.document_shapes import EXPORT, check_shapes
from celigo_pandas.engine.adaptors.http.drafts import Spec
from celigo_pandas.engine.adaptors.http.legacy import http_export
from celigo_pandas.engine.adaptors.http.media import MediaError, decode
from celigo_pandas.engine.adaptors.http.origins import shown_origin
from celigo_pandas.engine.adaptors.http.paging import Page, Pager, Step, open_pager
from celigo_pandas.engine.adaptors.http.received import Received, other_origin
from celigo_pandas.engine.adaptors.http.records import lists_in, records_of
from celigo_pandas.engine.adaptors.http.refusal_messages import message_of
from celigo_pandas.engine.adaptors.http.sender import Sender
from celigo_pandas.engine.adaptors.http.templates import render
from celigo_pandas.engine.adaptors.http.verdicts import verdict, why_not
from celigo_pandas.engine.adaptors.protocol import Chunk, Record, SourceFailure
from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars.contexts import record_context

__all__ = ["read_export"]

_WHOLE = re.compile(r"\d+")


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
    pager = open_pager(http.get("paging"))
    reader = _PageReader(sender, export_doc, http)
    step: Step | None = pager.first() if pager else Step({})
    asked: tuple[Any, ...] | None = None
    number = 0
    while step is not None and not sender.call.stop.is_set() and not reader.is_blank(step):
        number += 1
        received = reader.ask(step)
        if pager and reader.is_end(pager, received):
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
            chunk.errors.append(_note("empty_page" if not page.count else "paging_ended", sender.redact(pager.note)))
        if chunk.records or chunk.errors:
            yield chunk
        errors = list(reader.mark(chunk.records)) if export_doc.get("type") == "once" else []
        if errors:
            yield Chunk([], errors)


def _note(code: str, message: str, source: str = "application") -> dict[str, Any]:
    return {"code": code, "message": message, "source": source}


class _PageReader:
    """Asks for pages of one export and reads them."""

    def __init__(self, sender: Sender, export_doc: Mapping[str, Any], http: Mapping[str, Any]) -> None:
        self._sender = sender
        self._doc = export_doc
        self._http = http
        self._rules: Mapping[str, Any] = http.get("response") or {}
        self._paging: Mapping[str, Any] = http.get("paging") or {}
        self._media = str(http.get("requestMediaType") or sender.media)
        self._accept = str(http.get("successMediaType") or sender.accept)
        self._method = str(http.get("method") or "GET")
        self._csv, keys = _csv_plan(export_doc, sender)
        self._keys = keys if self._accept == "csv" else ()
        for name in ("resourcePath", "successPath", "failPath"):
            check_path(self._rules.get(name), self._accept, f"http.response.{name}")
        for name in ("resourcePath", "path", "pathAfterFirstRequest", "lastPagePath", "maxPagePath", "maxCountPath"):
            in_header = name.startswith("path") and self._paging.get("pathLocation") == "header"
            check_path(None if in_header else self._paging.get(name), self._accept, f"http.paging.{name}")

    def _context(self, step: Step) -> dict[str, Any]:
        context = {**self._sender.call.context, "export": self._seen_export(step)}
        if step.previous is not None:
            context["previous_page"] = step.previous
        return context

    def is_blank(self, step: Step) -> bool:
        """Whether the URI or body that makes the next request has nothing in it, which is the end.

        Rendered over masks: whether there is a next page says the page before, not a secret.
        """
        template = step.uri if step.uri is not None else step.body
        if not step.ends_if_blank or template is None:
            return False
        try:
            return not render(template, self._context(step), escape="url").strip()
        except TemplateError:
            # It fails once more, with its own message, where it is rendered to be sent.
            return False

    def is_end(self, pager: Pager, received: Received) -> bool:
        """Whether an answer is the end rather than a page or an error."""
        status = received.answer.status
        named = str(self._paging.get("lastPageStatusCode") or "404")
        return str(status) == named and pager.is_end(status, received.body(self._accept))

    def ask(self, step: Step) -> Received:
        """Send the request of one page."""
        context = self._context(step)
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
            reason = why_not(body, self._rules)
            what = "answered what the document counts as a failure" + (f" ({reason})" if reason else "")
            raise self._failure(received, what, code, note)
        errors = [_note("other_origin", note.strip(), "connection")] if note else []
        records = self._records(body, number, errors)
        page = Page(
            url=answer.url,
            status=answer.status,
            headers=answer.headers,
            body=body,
            count=len(records),
            last=records[-1] if records else None,
            digest=hashlib.sha256(answer.body).digest(),
            shown_url=received.shown_url,
            is_full=self._is_full(received, len(records)),
            shown_link=self._sender.redact(answer.headers.get("Link", "")),
        )
        return page, Chunk(list(grouped_rows(records, self._keys)) if self._keys else records, errors)

    def _is_full(self, received: Received, count: int) -> bool:
        """Whether the request named the number of records that came, as ``limit=100`` does."""
        _, url, content, _ = received.asked
        asked = url.partition("?")[2] + (content or b"").decode("utf-8", "replace")
        return count > 1 and str(count) in _WHOLE.findall(asked)

    def _records(self, body: object, number: int, errors: list[dict[str, Any]]) -> list[Record]:
        path = self._path(number)
        choices = self._sender.call.choices
        found = records_of(body, path, self._rules.get("twoDArray"), choices.csv_first_column)
        if found is None:
            message = self._sender.redact(
                f"http.response.resourcePath {path!r} finds nothing in page {number}: {names_there(body, path)}."
            )
            if number == 1 and choices.missing_records_are_errors:
                raise SourceFailure(message, code="nothing_found", field="http.response.resourcePath")
            errors.append(_note("nothing_found", message))
            return []
        lists = lists_in(body) if not path and number == 1 and self._paging.get("method") else ""
        if lists:
            errors.append(_note("one_record", f"Without http.response.resourcePath each page is one record. {lists}"))
        return found

    def _path(self, number: int) -> str | None:
        later = self._paging.get("resourcePath")
        path = later if later and number > 1 else self._rules.get("resourcePath")
        return str(path) if path else None

    def _parsed(self, received: Received, note: str) -> object:
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
        said = message_of(received.body(media), self._rules.get("errorPath"), self._sender.hidden)
        text = f"{shown_origin(answer.url)} {what}" + (f": {said}" if said else ".") + note
        refused = received.is_own and answer.status in (401, 403)
        return SourceFailure(self._sender.redact(text), code=code, offline=refused)

    def mark(self, records: list[Any]) -> Iterator[dict[str, Any]]:
        """Send the ``once`` request of each record the reader has taken; yield what failed."""
        once = self._http.get("once")
        if not isinstance(once, dict) or not once.get("relativeURI"):
            return
        for record in records:
            context = record_context(record, self._sender.call.context)
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
                said = message_of(received.body(self._accept), self._rules.get("errorPath"), self._sender.hidden)
                yield {
                    "code": str(received.answer.status),
                    "message": self._sender.redact(f"The once request of a record failed: {said or 'no reason'}"),
                    "source": "application",
                }


def _csv_plan(export_doc: Mapping[str, Any], sender: Sender) -> tuple[CsvOptions, tuple[str, ...]]:
    try:
        return csv_plan(export_doc, sender.call.choices)
    except SourceFailure as error:
        message, code, field = error.message, error.code, str(error.field).removeprefix("export.")
    raise SourceFailure(message, code=code, field=field, sent=False)
