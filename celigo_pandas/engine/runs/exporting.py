"""A virtual export, in the vendor's order of work: fetch, group, transform, filter, then pages, each to preSavePage.

Source of the order: the vendor's export schema (transform, then output filter). A step that cannot be done here is
refused, never skipped: the records would not be what production gets.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from celigo_pandas.documents.canonical import canonical
from celigo_pandas.documents.export_documents import consuming_member
from celigo_pandas.documents.members import OBJECT, shape_problems
from celigo_pandas.documents.saved_documents import (
    member_problems,
    mock_output_problem,
    page_size_problem,
    test_limit_problem,
)
from celigo_pandas.engine.adaptors.protocol import Call, Chunk, Record, SourceFailure
from celigo_pandas.engine.choices import Choices
from celigo_pandas.engine.refusals import invalid, refuse_any
from celigo_pandas.engine.runs.calls import Access, built_adaptor, failed_source, not_built
from celigo_pandas.engine.runs.page_hooks import saved_pages
from celigo_pandas.engine.runs.script_runs import RunHooks, ScriptRuns, check_references, hooks_of, refused_script
from celigo_pandas.engine.safety.masking import Redactor
from celigo_pandas.engine.texts import json_text
from celigo_pandas.engine.walks.pages import Page, cut_pages, whole_pages
from celigo_pandas.errors import CeligoError, MissingExtraError, ScriptError
from celigo_pandas.handlebars import compile_template
from celigo_pandas.handlebars.contexts import record_context
from celigo_pandas.mapping.pipeline import run_export_steps
from celigo_pandas.scripts import ExportHooks

__all__ = [
    "DEFAULT_PAGE_SIZE",
    "ExportRun",
    "check_export",
    "page_size_of",
]

DEFAULT_PAGE_SIZE = 20
"""Source: the vendor's page on exports."""

_SHAPES = dict.fromkeys(("hooks", "transform", "filter", "delta", "test", "mockOutput", "settings"), OBJECT)
_STEP = 500
"""Records between two looks at the clock."""


def page_size_of(export_doc: Mapping[str, Any]) -> int:
    """Return the records of a full page; :class:`Refusal` for one that is no whole number of 1 or more."""
    size = export_doc.get("pageSize")
    if size is None:
        return DEFAULT_PAGE_SIZE
    problem = page_size_problem(size)
    if problem:
        raise invalid("invalid_field", problem, "export.pageSize")
    return int(size)


def check_export(export_doc: object) -> dict[str, Any]:
    """Check what holds for every system and return the document, as the platform keeps it.

    Raises
    ------
    Refusal
        422: no object, a member of another type, a step that only the platform can run.
    """
    if not isinstance(export_doc, dict):
        raise invalid("missing_required_field", "Expected field: export to be an object.", "export")
    doc: dict[str, Any] = canonical("exports", export_doc)
    page_size_of(doc)
    refuse_any(shape_problems(doc, _SHAPES), "export")
    check_references("export", doc)
    _test_limit(doc)
    _group_fields(doc)
    refuse_any(member_problems("exports", doc), "export")
    return doc


@dataclass(frozen=True, slots=True)
class ExportRun:
    """One export of one connection, told what to do: give pages, one page, or what each step makes.

    Parameters
    ----------
    call : Call
        Made for this document.
    doc : dict
        An export document that :func:`check_export` passed.
    access : SavedAccess or VirtualAccess
    choices : Choices
    scripts : ScriptRuns, optional
        Makes the functions that the document names.
    """

    call: Call
    doc: dict[str, Any]
    access: Access
    choices: Choices
    scripts: ScriptRuns | None = None

    def pages(self) -> Iterator[Page]:
        """Yield the pages, encoded; closing the iterator releases the source.

        Raises
        ------
        Refusal
            422: the source failed, nothing is built for it, or a step's document cannot be read.
        """
        if self.access.is_offline:
            text = "The connection is offline: its last call was refused by its system. Correct it, then ping it."
            raise invalid("connection_offline", text, "_connectionId")
        call, doc, redactor = self.call, self.doc, self.access.redactor()
        source: Iterator[Chunk] | None = None
        hooked: RunHooks[ExportHooks] | None = None
        with self._answered():
            try:
                hooked = self._hooked()
                source = self._source()
                chunks: Iterable[Chunk] = _limited(source, _test_limit(doc))
                chunks = _grouped(chunks, _group_fields(doc))
                if doc.get("transform") or doc.get("filter"):
                    chunks = _stepped(chunks, doc, call, hooked)
                for page in self._cut(_redacted(chunks, redactor), hooked):
                    call.lost += page.lost
                    page.head = redactor.page(page.head)
                    yield page
                    hooked.keep_log()
            finally:
                if hooked is not None:
                    hooked.keep_log()
                close = getattr(source, "close", None)
                if close is not None:
                    close()

    def settle(self) -> None:
        """Do to the source what is left once the reader has everything: what succeeds is not done again.

        Where records were lost, nothing is done: the source is the only place where they are.

        Raises
        ------
        Refusal
            422: the source refused; what is left can be tried again.
        """
        call = self.call
        if call.lost and call.at_end:
            call.at_end.clear()
            body = f"{call.lost} records were not given out, so the source was left as it is."
            call.debug("response", {"url": "", "method": "", "headers": {}, "body": body})
        with self._answered():
            while call.at_end:
                call.at_end[0]()
                del call.at_end[0]

    def only_page(self) -> bytes:
        """Return the first page as ``/export`` answers it; the source is settled if that page is all there is."""
        with _closing(self.pages()) as pages:
            page = next(pages)
            # Whether more would come is asked only where it decides about the source: it may cost reading on.
            is_all = consuming_member(self.doc) == "file.skipDelete" and next(pages, None) is None
        if is_all:
            self.settle()
        return page.head + b"}"

    def preview(self) -> bytes:
        """Return the first page as ``/exports/preview`` shows it: with what each step made of it beside the result.

        Assumed: the names of the stages; the schema of the answer shows only that each has ``name``, ``errors``,
        ``data``.
        """
        redactor = self.access.redactor()
        page = self._parsed_page()
        stages = [{"name": "parse", "errors": page.get("errors", []), "data": page["data"]}]
        with self._answered():
            hooked = self._hooked()
            # Assumed: what is only shown is a test for scripts.
            hooks = replace(hooked.hooks, common={**hooked.hooks.common, "testMode": True})
            for name in ("transform", "filter"):
                if self.doc.get(name):
                    step = {name: self.doc[name]}
                    records, errors = _steps(stages[-1]["data"], step, self.call, _only(hooks, name))
                    shown = [redactor.value(error) for error in errors]
                    stages.append({"name": name, "errors": shown, "data": records})
            if hooks.pre_save_page is not None:
                size = len(stages[-1]["data"]) or 1
                chunk = Chunk(stages[-1]["data"])
                for saved in saved_pages([chunk], size, hooks, self.call, redactor, ""):
                    stages.append({"name": "preSavePage", "errors": saved.errors, "data": saved.records})
            hooked.keep_log()
        data = stages[-1]["data"]
        uri_of = _uri_writer(self.doc.get("dataURITemplate"), self.call.context)
        uris = [uri_of(record) for record in data] if uri_of else [None] * len(data)
        return redactor.json(json_text.dump({"data": data, "dataURIs": uris, "stages": stages}))

    def _parsed_page(self) -> dict[str, Any]:
        """Return the first page as it comes from the source, before any step."""
        left_out = {"transform", "filter", "hooks", "dataURITemplate"}
        plain = {name: value for name, value in self.doc.items() if name not in left_out}
        with _closing(replace(self, doc=plain).pages()) as pages:
            found: dict[str, Any] = json_text.load(next(pages).head + b"}")
        return found

    def _source(self) -> Iterator[Chunk]:
        masked = self.access.masked
        adaptor = built_adaptor(masked, "export")
        if adaptor is not None:
            return iter(adaptor.open_export(self.call, self.doc))
        mock = self.doc.get("mockOutput")
        if mock is None:
            raise not_built(masked, "exports", "Give the export a mockOutput to work with sample records.")
        return iter([Chunk(_mock_records(mock, self.choices))])

    def _hooked(self) -> RunHooks[ExportHooks]:
        """Return the functions that the document names."""
        return hooks_of(self.scripts, self.call, self.doc, self.access)

    def _cut(self, chunks: Iterable[Chunk], hooked: RunHooks[ExportHooks]) -> Iterator[Page]:
        size, note = page_size_of(self.doc), _note(self.doc)
        uri_of = _uri_writer(self.doc.get("dataURITemplate"), self.call.context)
        if hooked.hooks.pre_save_page is None:
            return cut_pages(chunks, size, uri_of, note)
        redactor = self.access.redactor()
        return whole_pages(saved_pages(chunks, size, hooked.hooks, self.call, redactor, note), uri_of, note)

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """Turn what fails inside into what the request is answered with."""
        try:
            yield
        except SourceFailure as failure:
            raise failed_source(failure, self.access, self.access.redactor(), self.choices) from None
        except MissingExtraError:
            raise
        except ScriptError as error:
            raise refused_script(error, "export") from None
        except CeligoError as error:
            raise invalid("invalid_document", self.access.redactor().text(str(error)), "export") from None


@contextmanager
def _closing(pages: Iterator[Page]) -> Iterator[Iterator[Page]]:
    try:
        yield pages
    finally:
        pages.close()  # type: ignore[attr-defined]


def _mock_records(mock: Mapping[str, Any], choices: Choices) -> list[Record]:
    problem = mock_output_problem(mock)
    if problem:
        raise invalid("invalid_field", problem, "export.mockOutput.page_of_records")
    listed: list[dict[str, Any]] = mock["page_of_records"]
    if choices.mock_output_limit and len(listed) > choices.mock_output_limit:
        text = f"mockOutput holds {len(listed)} records; expected at most {choices.mock_output_limit}."
        raise invalid("invalid_field", text, "export.mockOutput.page_of_records")
    return [one["record"] for one in listed]


def _test_limit(export_doc: Mapping[str, Any]) -> int | None:
    if export_doc.get("type") != "test":
        return None
    limit = (export_doc.get("test") or {}).get("limit", 1)
    problem = test_limit_problem(limit)
    if problem:
        raise invalid("invalid_field", problem, "export.test.limit")
    return int(limit)


def _group_fields(export_doc: Mapping[str, Any]) -> list[str]:
    fields = export_doc.get("groupByFields")
    if fields is None:
        return []
    if not isinstance(fields, list) or not all(isinstance(field, str) for field in fields):
        raise invalid("invalid_field", "groupByFields is no list of field names.", "export.groupByFields")
    return fields


def _limited(chunks: Iterable[Chunk], limit: int | None) -> Iterator[Chunk]:
    if limit is None:
        yield from chunks
        return
    left = limit
    for chunk in chunks:
        yield Chunk(chunk.records[:left], chunk.errors, file=chunk.file)
        left -= len(chunk.records)
        if left <= 0:
            return


def _grouped(chunks: Iterable[Chunk], fields: list[str]) -> Iterator[Chunk]:
    """Join neighbouring rows that agree in all `fields` into one record, an array of rows."""
    if not fields:
        yield from chunks
        return
    open_group: list[Any] = []

    def key(row: object) -> list[Any]:
        return [row.get(field) if isinstance(row, dict) else None for field in fields]

    for chunk in chunks:
        done: list[Record] = []
        for group_key, rows in itertools.groupby(chunk.records, key):
            group = list(rows)
            if open_group and key(open_group[-1]) == group_key:
                open_group += group
            else:
                if open_group:
                    done.append(open_group)
                open_group = group
        yield Chunk(done, chunk.errors, file=chunk.file)
    if open_group:
        yield Chunk([open_group])


def _note(export_doc: dict[str, Any]) -> str:
    consumes = consuming_member(export_doc) == "file.skipDelete"
    return " No file of this export is deleted or moved, since this record was not given out." if consumes else ""


def _stepped(
    chunks: Iterable[Chunk], export_doc: dict[str, Any], call: Call, hooked: RunHooks[ExportHooks]
) -> Iterator[Chunk]:
    note = _note(export_doc)
    for chunk in chunks:
        records, errors = _steps(chunk.records, export_doc, call, hooked.hooks)
        call.lost += len(errors)
        errors = [{**error, "message": f"{error['message']}{note}"} for error in errors]
        # The source's count is not the count of what the filter keeps.
        total = None if export_doc.get("filter") else chunk.total
        yield Chunk(records, [*chunk.errors, *errors], total, chunk.file)


def _steps(
    records: list[Record], export_doc: dict[str, Any], call: Call, hooks: ExportHooks
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Transform and filter, a few records at a time: a slow step ends with its call."""
    kept: list[Any] = []
    errors: list[dict[str, Any]] = []
    for start in range(0, len(records) or 1, _STEP):
        call.look()
        some, wrong = run_export_steps(records[start : start + _STEP], export_doc, context=call.context, hooks=hooks)
        kept += some
        errors += [{**error, "position": error["position"] + start} for error in wrong]
    return kept, errors


def _redacted(chunks: Iterable[Chunk], redactor: Redactor) -> Iterator[Chunk]:
    for chunk in chunks:
        if chunk.errors:
            chunk.errors = [redactor.value(error) for error in chunk.errors]
        yield chunk


def _uri_writer(template: object, context: Mapping[str, Any]) -> Callable[[Record], str | None] | None:
    if not isinstance(template, str) or not template:
        return None
    compiled = compile_template(template)

    def write(record: Record) -> str | None:
        rendered: str = compiled.render(record_context(record, context))
        return rendered

    return write


def _only(hooks: ExportHooks, step: str) -> ExportHooks:
    """Return the functions with none of any other step, for a document that has only this one."""
    return ExportHooks(hooks.common, **{step: getattr(hooks, step)})
