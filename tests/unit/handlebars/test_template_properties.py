"""Whatever the template and the context: text, or a TemplateError."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.generated_templates import Generator, random_context

from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars import Template
from celigo_pandas.handlebars.helpers import HELPERS
from celigo_pandas.javascript.values import UNDEFINED

WORDS = "2020-07-09T10:00:00Z YYYY-MM-DD Europe/Berlin (a+)+$ [ utf8 hex sha256 1e400 crypto 0x10".split()
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(10**300, 10**320),
    st.floats(),
    st.text(),
    st.just(UNDEFINED),
    st.sampled_from(WORDS),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
SIGNS = "{{ }} {{{ }}} {{# {{/ {{^ {{else {{!-- --}} {{{{ }}}} {{{{/ \\ ~ #if a a.b ../ @index [ ] ( ) = | ' \""
PIECES = st.sampled_from(
    [
        *SIGNS.split(),
        "1",
        ".5",
        "if",
        "each",
        "#each ",
        "lookup ",
        "as |x|",
        "with",
        "this",
        "sort ",
        "é😀",
        "\0",
        "\n",
        " ",
        "&",
        ">",
    ]
)
BLOCKS = (
    "{{#each v}}{{@key}}{{this}}{{/each}}",
    "{{#with v}}{{.}}{{/with}}",
    "{{#v}}{{this.a}}{{/v}}",
    "{{v.a.b}}{{v.length}}{{v.[0]}}",
    "{{lookup v 0}}{{lookup v 'a'}}",
    "{{#if v}}{{v}}{{/if}}",
)
RELAXED = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _outcome(template, context, **options):
    """Render, and let everything but a TemplateError pass."""
    try:
        text = Template(template).render(context, **options)
    except TemplateError:
        return None
    assert isinstance(text, str)
    return text


@RELAXED
@given(st.lists(PIECES, max_size=25).map("".join), VALUES)
def test_template_of_any_pieces_renders_or_is_refused(template, value):
    _outcome(template, {"a": value, "record": value})


@pytest.mark.parametrize("name", sorted(HELPERS))
@settings(RELAXED, max_examples=8)
@given(st.lists(VALUES, max_size=5), st.sampled_from(["none", "url", "sql"]))
def test_helper_of_any_values_renders_or_refuses(name, values, escape):
    context = {f"v{number}": value for number, value in enumerate(values)}
    arguments = " ".join(context)

    _outcome(f"{{{{{name} {arguments}}}}}", context, escape=escape)
    _outcome(f"{{{{{name} {arguments} number='true'}}}}", context, strict=True)
    _outcome(f"{{{{#{name} {arguments}}}}}x{{{{else}}}}y{{{{/{name}}}}}", context)


@RELAXED
@given(VALUES, st.sampled_from(BLOCKS))
def test_block_of_any_value_renders_or_refuses(value, template):
    _outcome(template, {"v": value})


@settings(RELAXED, max_examples=60)
@given(st.integers(0, 10**6))
def test_template_generated_renders_the_same_twice_and_leaves_its_context(seed):
    template = Generator(seed).template()[0]
    context, same = random_context(random.Random(seed)), random_context(random.Random(seed))

    first = _outcome(template, context)

    assert first == _outcome(template, context)
    assert context == same


@settings(RELAXED, max_examples=60)
@given(st.integers(0, 10**6))
def test_template_generated_names_its_paths_and_warnings(seed):
    try:
        template = Template(Generator(seed).template()[0])
    except TemplateError:
        return

    assert all(isinstance(path, str) and path for path in template.paths())
    assert all("(character " in warning for warning in template.warnings())
