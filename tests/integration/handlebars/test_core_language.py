"""The core language against the real Handlebars.js, on generated templates and contexts."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from support import node
from support.generated_templates import CONSTRUCTS, Generator, random_context

from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars import Template

pytestmark = pytest.mark.node

VALID, BROKEN = 2_500, 100


def _render(template, context):
    try:
        return Template(template).render(context)
    except TemplateError:
        return None


def _cases():
    generator, source = Generator(20260), random.Random(7)
    for number in range(VALID + BROKEN):
        template, constructs = generator.template() if number < VALID else (generator.broken(), set())
        yield template, constructs, random_context(source)


def test_core_language_generated_templates_agree_with_handlebars_js():
    cases = list(_cases())
    answers = node.run("render.js", ({"template": template, "context": context} for template, _, context in cases))

    accepted = Counter()
    differences = []
    for (template, constructs, context), answer in zip(cases, answers, strict=True):
        if "text" in answer:
            accepted.update([*constructs, "any"])
        actual = _render(template, context)
        if actual != answer.get("text"):
            differences.append((template, context, actual, answer))

    print({name: accepted[name] for name in ("any", *CONSTRUCTS)}, "of", len(cases))
    assert differences[:3] == []
    assert accepted["any"] >= 0.9 * len(cases)
    assert accepted["any"] >= 2_000
    assert {name: accepted[name] for name in CONSTRUCTS if accepted[name] < 100} == {}


def test_core_language_broken_templates_are_refused_by_both_or_neither():
    generator = Generator(99)
    templates = [generator.broken() for _ in range(800)]
    context = random_context(random.Random(1))
    answers = node.run("render.js", ({"template": template, "context": context} for template in templates))

    refused = sum("error" in answer for answer in answers)
    differences = [
        (template, answer)
        for template, answer in zip(templates, answers, strict=True)
        if _render(template, context) != answer.get("text")
    ]

    print("refused by Handlebars.js:", refused, "of", len(templates))
    assert differences[:3] == []
    assert refused >= 200
