"""Folders, names and bodies: templates of a document, rendered for a call, a file or a record.

Facts: integrator-api.md, section 8.1: bare names, ``data`` and ``batch_of_records`` stand beside ``record``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars import batch_members, compile_template, record_members

__all__ = ["batch_context", "rendered"]


def rendered(
    text: str, call: Call, field: str, context: Mapping[str, Any], lookups: Sequence[Mapping[str, Any]] = ()
) -> str:
    """Render one template.

    Raises
    ------
    SourceFailure
        It cannot be read or rendered.
    """
    if "{{" not in text:
        return text
    try:
        return compile_template(text).render(context, lookups=list(lookups), now=call.now)
    except TemplateError as error:
        raise SourceFailure(str(error), code="template_error", field=field) from None


def batch_context(call: Call, records: Sequence[Any]) -> dict[str, Any]:
    """Return what the templates of a file see: its mapped records, the first one also as ``record``."""
    first = records[0] if records else {}
    bare = first if isinstance(first, dict) else {}
    return {**bare, **batch_members(records), "0": first, **call.context, **record_members(first)}
