"""The template language and its helpers. Pure.

Plain data in, text out: no I/O, no pandas. The clock, random numbers and lookups that need a server are arguments.

>>> from celigo_pandas.handlebars import render
>>> render("{{uppercase record.city}}", {"record": {"city": "Oslo"}})
'OSLO'
"""

from __future__ import annotations

from celigo_pandas.handlebars.context_columns import Contexts
from celigo_pandas.handlebars.contexts import Rows, batch_members, record_members
from celigo_pandas.handlebars.rendering import DEFAULT_LIMITS, Limits
from celigo_pandas.handlebars.template import Template, compile_template, render

__all__ = [
    "DEFAULT_LIMITS",
    "Contexts",
    "Limits",
    "Rows",
    "Template",
    "batch_members",
    "compile_template",
    "record_members",
    "render",
]
