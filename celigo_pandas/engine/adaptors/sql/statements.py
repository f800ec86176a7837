"""SQL text from templates: ``{{x}}`` is a quoted value, ``{{{x}}}`` is the text as it is.

Secrets never get here: the context's connection is the masked one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from celigo_pandas.engine.adaptors.protocol import Outgoing, SourceFailure
from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars import compile_template
from celigo_pandas.handlebars.contexts import Context, batch_context, lookup_context, record_context

__all__ = [
    "batch_seen",
    "exact",
    "export_query",
    "import_queries",
    "import_query",
    "lookup_seen",
    "only_reads",
    "record_seen",
    "render_sql",
    "sql_renderer",
]


def export_query(export_doc: Mapping[str, Any]) -> str:
    """Return ``rdbms.query`` of an export; :class:`SourceFailure` if it has none."""
    block = export_doc.get("rdbms")
    query = block.get("query") if isinstance(block, Mapping) else None
    if not isinstance(query, str) or not query.strip():
        text = "Expected field: query to be present."
        raise SourceFailure(text, code="missing_required_field", field="export.rdbms.query")
    return query


def import_query(block: Mapping[str, Any]) -> str:
    """Return the one query of an import; the documented form is an array."""
    return import_queries(block, 1)[0]


def import_queries(block: Mapping[str, Any], count: int) -> list[str]:
    """Return the queries of an import; :class:`SourceFailure` if there are not as many: none is left out."""
    found = block.get("query")
    queries = [query for query in (found if isinstance(found, list) else [found]) if query]
    if not queries or not all(isinstance(query, str) and query.strip() for query in queries):
        text = "Expected field: query to be present."
        raise SourceFailure(text, code="missing_required_field", field="import.rdbms.query")
    if len(queries) != count:
        text = f"rdbms.query holds {len(queries)} queries; this queryType runs {count}."
        raise SourceFailure(text, code="invalid_field", field="import.rdbms.query")
    return queries


Renderer = Callable[[Mapping[str, Any]], str]
"""From a context to SQL text; raises :class:`TemplateError`."""


def sql_renderer(text: str, field: str) -> Renderer:
    """Compile a query; a template that cannot be read fails the call with :class:`SourceFailure`."""
    if "{{" not in text:
        return lambda context: text
    try:
        template = compile_template(text)
    except TemplateError as error:
        raise SourceFailure(str(error), code="template_error", field=field) from None
    return lambda context: template.render(context, escape="sql")


def render_sql(text: str, context: Mapping[str, Any], field: str) -> str:
    """Compile and render a query for one call; :class:`SourceFailure` if that fails."""
    try:
        return sql_renderer(text, field)(context)
    except TemplateError as error:
        raise SourceFailure(str(error), code="template_error", field=field) from None


def record_seen(outgoing: Outgoing, around: Mapping[str, Any]) -> Context:
    """Return what a per-record query sees."""
    return record_context(exact(outgoing.mapped), around)


def batch_seen(batch: list[Outgoing], around: Mapping[str, Any]) -> Context:
    """Return what a per-page query sees."""
    return batch_context([exact(one.mapped) for one in batch], around)


def lookup_seen(asked: Mapping[str, Any], around: Mapping[str, Any]) -> Context:
    """Return what a lookup's query sees; `asked` is the context of the mapping that asks."""
    seen = lookup_context(asked, around)
    return {**seen, **record_context(exact(seen["record"]), around), "lookupKey": exact(seen["lookupKey"])}


def exact(value: object) -> Any:
    """Return a value whose integers survive a template, as text where a double cannot hold them."""
    # The template language's numbers are doubles, as JavaScript's; a key of 2**53 + 1 must not become its neighbour.
    if type(value) is int:
        return value if -_SAFE <= value <= _SAFE else str(value)
    if isinstance(value, dict):
        return {name: exact(one) for name, one in value.items()}
    return [exact(one) for one in value] if isinstance(value, list) else value


_SAFE = 2**53 - 1


def only_reads(sql: str) -> bool:
    """Whether a statement reads and does nothing else, by its first words."""
    return bool(_SELECTS.match(sql))


_SELECTS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:select|values|table|with(?!.*\b(?:insert|update|delete|merge)\b))\b",
    re.IGNORECASE | re.DOTALL,
)
"""What PostgreSQL can declare a cursor for; other statements (``insert … returning``) run at once."""
