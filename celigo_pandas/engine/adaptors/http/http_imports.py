"""An HTTP import: one request per record (or per ``batchSize`` records), one outcome per record, in order.

Facts: integrator-api.md, sections 6.2 and 6.9. URI and headers see the record before the mapping, the body the one
after it. ``statusCode`` of an outcome is the platform's word, not the remote's status: 200, 422, or 403 when the
credentials are refused (the rest of the batch is then not sent).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from celigo_pandas.documents.mapping_documents import MappingDocument, lookup_problems
from celigo_pandas.engine.adaptors.http.aligned import as_list, position
from celigo_pandas.engine.adaptors.http.answer_paths import check_path, is_given, one
from celigo_pandas.engine.adaptors.http.document_shapes import IMPORT, check_shapes
from celigo_pandas.engine.adaptors.http.drafts import Spec
from celigo_pandas.engine.adaptors.http.dynamic_lookups import find_lookup, run_lookup
from celigo_pandas.engine.adaptors.http.empty_nodes import without_empty
from celigo_pandas.engine.adaptors.http.legacy import http_import
from celigo_pandas.engine.adaptors.http.sender import Sender
from celigo_pandas.engine.adaptors.http.templates import DynamicLookup
from celigo_pandas.engine.adaptors.http.write_outcomes import Judge, Outcome, failed, failed_sending
from celigo_pandas.engine.adaptors.protocol import Outgoing, SourceFailure
from celigo_pandas.handlebars.contexts import batch_context, record_context
from celigo_pandas.javascript.values import UNDEFINED

__all__ = ["Importer"]

_MESSAGE_NOT_SENT = "Not sent: the connection's credentials were refused before."


class Importer:
    """Submits the records of one call.

    Raises
    ------
    SourceFailure
        The document cannot work: no method, aligned arrays of different lengths, a batch without its path.
    """

    def __init__(self, sender: Sender, import_doc: Mapping[str, Any]) -> None:
        self._sender = sender
        self._doc = import_doc
        self._http = http_import(import_doc)
        check_shapes(self._http, IMPORT)
        self._rules: Mapping[str, Any] = self._http.get("response") or {}
        self._media = str(self._http.get("requestMediaType") or sender.media)
        self._accept = str(self._http.get("successMediaType") or sender.accept)
        for problem in lookup_problems(import_doc):
            if problem.code in ("not_a_list", "not_an_object"):
                raise _broken(problem.message, "lookups")
        self._lookups = list(MappingDocument.of(import_doc).lookup_docs().values())
        self._types = [str(kind).upper() for kind in as_list(self._http.get("requestType") or [])]
        self._batch_size = self._check()
        self._judge = Judge(sender, self._http, self._accept)
        for name in ("resourcePath", "resourceIdPath", "successPath", "failPath", "errorPath"):
            for path in as_list(self._rules.get(name)):
                media = self._judge.error_media if name == "errorPath" else self._accept
                check_path(path, media, f"http.response.{name}")
        for lookup in self._lookups:
            check_path(lookup.get("extract"), sender.accept, "http.lookups.extract")

    def _check(self) -> int:
        methods = self._http.get("method")
        if not methods:
            raise _broken('An HTTP import needs http.method, e.g. ["POST"].', "http.method")
        count = len(as_list(methods))
        for name in ("relativeURI", "body", "requestType"):
            values = self._http.get(name)
            if isinstance(values, list) and len(values) not in (0, count):
                raise _broken(
                    f"http.method holds {count} and http.{name} {len(values)} elements; they are read side by side "
                    "and must be as many.",
                    f"http.{name}",
                )
        if count > 1 and len(self._types) != count:
            raise _broken(
                f"http.method holds {count} elements; http.requestType must say which is CREATE and which UPDATE.",
                "http.requestType",
            )
        size = self._http.get("batchSize") or 1
        if not isinstance(size, int) or size < 1:
            raise _broken(f"http.batchSize must be 1 or more, not {size!r}.", "http.batchSize")
        if size > 1 and not position(self._rules.get("resourcePath"), 0):
            raise _broken(
                "http.batchSize above 1 needs http.response.resourcePath, which tells the records' answers apart.",
                "http.response.resourcePath",
            )
        return size

    def submit(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """Return one outcome per record, in order."""
        outcomes: list[Outcome | None] = [None] * len(batch)
        refused: SourceFailure | None = None
        for index, members in self._requests(batch, outcomes):
            if refused is not None:
                self._settle(outcomes, members, [failed(403, refused.code, _MESSAGE_NOT_SENT, "connection")])
                continue
            try:
                results = self._send(index, [batch[member] for member in members])
            except SourceFailure as error:
                refused = error if error.offline else None
                results = [failed_sending(error)]
            self._settle(outcomes, members, results)
        return [
            outcome if outcome is not None else failed(422, "internal", "No outcome.", "internal")
            for outcome in outcomes
        ]

    @staticmethod
    def _settle(outcomes: list[Outcome | None], members: Sequence[int], results: list[Outcome]) -> None:
        aligned = results if len(results) == len(members) else results * len(members)
        for member, result in zip(members, aligned, strict=False):
            outcomes[member] = dict(result)

    def _requests(self, batch: Sequence[Outgoing], outcomes: list[Outcome | None]) -> Iterator[tuple[int, list[int]]]:
        """Yield ``(index, members)`` of each request; records that are ignored or fail before get their outcome here.

        A batch holds neighbours of one request type, so that records keep their order.
        """
        index = 0
        members: list[int] = []
        was_refused = False
        for member, outgoing in enumerate(batch):
            try:
                chosen = self._choose(outgoing)
            except SourceFailure as error:
                # Once the credentials were refused, no record's lookup is sent any more, nor the record itself.
                code, message = error.code, error.message
                if was_refused:
                    message = _MESSAGE_NOT_SENT
                was_refused = was_refused or error.offline
                outcomes[member] = failed(403 if error.offline else 422, code, message, "lookup")
                continue
            if chosen is None:
                outcomes[member] = {"statusCode": 200, "ignored": True}
                continue
            if members and (chosen != index or len(members) >= self._batch_size):
                yield index, members
                members = []
            index = chosen
            members.append(member)
            if self._batch_size == 1:
                yield index, members
                members = []
        if members:
            yield index, members

    # Which request

    def _choose(self, outgoing: Outgoing) -> int | None:
        """Return the position in the aligned arrays, or None for a record to ignore."""
        if self._ignores(outgoing):
            return None
        if len(self._types) < 2:
            return 0
        exists = self._exists(outgoing, "existingExtract", "existingLookupName")
        wanted = "UPDATE" if exists else "CREATE"
        return self._types.index(wanted) if wanted in self._types else 0

    def _ignores(self, outgoing: Outgoing) -> bool:
        skips_existing = bool(self._doc.get("ignoreExisting"))
        skips_missing = bool(self._doc.get("ignoreMissing"))
        if not skips_existing and not skips_missing:
            return False
        names = ("ignoreExtract", "ignoreLookupName")
        if not any(self._http.get(name) for name in names):
            names = ("existingExtract", "existingLookupName")
        if not any(self._http.get(name) for name in names):
            raise SourceFailure(
                "ignoreExisting and ignoreMissing need http.ignoreExtract or http.ignoreLookupName.",
                code="missing_required_field",
                field="http.ignoreExtract",
            )
        exists = self._exists(outgoing, *names)
        return exists if skips_existing else not exists

    def _exists(self, outgoing: Outgoing, extract_name: str, lookup_name: str) -> bool:
        extract, lookup = self._http.get(extract_name), self._http.get(lookup_name)
        if extract:
            return is_given(one(outgoing.source, extract))
        if not lookup:
            return False
        found = find_lookup(self._lookups, str(lookup))
        if found is None:
            raise SourceFailure(
                f"http.{lookup_name} names {lookup!r}, which is not in lookups.",
                code="invalid_ref",
                field=f"http.{lookup_name}",
            )
        context = record_context(outgoing.source, self._sender.call.context)
        return is_given(run_lookup(self._sender, found, context))

    # One request

    def _send(self, index: int, records: list[Outgoing]) -> list[Outcome]:
        received = self._sender.send(self._spec(index, records))
        return self._judge.outcomes(received, index, len(records), is_batch=self._batch_size > 1)

    def _spec(self, index: int, records: list[Outgoing]) -> Spec:
        base = self._sender.call.context
        sends_mapped = self._http.get("sendPostMappedData", True) is not False
        sources = [record.source for record in records]
        bodies = [record.mapped if sends_mapped else record.source for record in records]
        is_batch = self._batch_size > 1
        body = position(self._http.get("body"), index)
        context = record_context(sources[0], base)
        if is_batch:
            context = batch_context(sources, base)
        content: Any = bodies if is_batch else bodies[0]
        drops_empty = bool(self._http.get("ignoreEmptyNodes"))
        dynamic = self._dynamic(context)
        seen = self._lookup_values(index, dynamic)
        return Spec(
            method=str(position(self._http.get("method"), index, "POST")),
            uri=str(position(self._http.get("relativeURI"), index) or ""),
            headers=self._http.get("headers") or (),
            body=str(body) if body else None,
            content=without_empty(content) if drops_empty else content,
            drops_empty=drops_empty,
            media=self._media,
            accept=self._accept,
            context={**context, **seen},
            body_context={**(batch_context(bodies, base) if is_batch else record_context(bodies[0], base)), **seen},
            lookups=self._lookups,
            dynamic_lookups=dynamic,
            strict=bool(self._http.get("strictHandlebarEvaluation")),
        )

    def _dynamic(self, context: Mapping[str, Any]) -> DynamicLookup:
        """Return what answers the dynamic lookups of one request, each asked once."""
        answered: dict[str, Any] = {}

        def answer(name: str) -> Any:
            if name not in answered:
                lookup = find_lookup(self._lookups, name)
                found = run_lookup(self._sender, lookup, context) if lookup and lookup.get("relativeURI") else None
                answered[name] = UNDEFINED if found is None else found
            return answered[name]

        return answer

    def _lookup_values(self, index: int, dynamic: DynamicLookup) -> dict[str, Any]:
        """Return ``lookup`` of the context where a template reads it (``{{lookup.byTail}}``)."""
        parts = [position(self._http.get(name), index) for name in ("relativeURI", "body")]
        parts += [header.get("value") for header in self._http.get("headers") or ()]
        if not any("lookup." in str(part) for part in parts if part):
            return {}
        names = [str(lookup.get("name")) for lookup in self._lookups if lookup.get("relativeURI")]
        values = {name: dynamic(name) for name in names}
        return {"lookup": {name: value for name, value in values.items() if value is not UNDEFINED}}


def _broken(message: str, field: str) -> SourceFailure:
    return SourceFailure(message, code="invalid_field", field=field)
