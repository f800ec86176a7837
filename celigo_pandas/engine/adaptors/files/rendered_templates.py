"""Folders, names and bodies: templates of a document, rendered for a call, a file or a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars import compile_template

__all__ = ["rendered"]


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
