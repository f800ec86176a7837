"""Many contexts rendered together give what each gives alone, or nothing."""

from __future__ import annotations

import random
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.generated_templates import Generator, random_context

from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars import Contexts, Template
from celigo_pandas.handlebars.context_columns import Batch, Fixed, call_column
from celigo_pandas.handlebars.helpers import HELPERS
from celigo_pandas.handlebars.rendering import Limits, Refusal, Run
from celigo_pandas.javascript.values import UNDEFINED

RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = datetime(2024, 5, 6, tzinfo=timezone.utc)
LOOKUPS = {
    "l": {"name": "l", "map": {"a": "A", "1": 1}, "allowFailures": True, "default": "?"},
    "m": {"name": "m", "map": {"a": "A"}},
}
VALUES: list[Any] = [
    None,
    UNDEFINED,
    "",
    " a ",
    "a",
    "<b>",
    "12",
    "é😀",
    0,
    1,
    -0.0,
    1.5,
    2**60,
    float("nan"),
    True,
    False,
]
VALUES += [True, False, [], ["a", 1], {}, {"a": {"b": 1}}, [{"a": 1}], "2020-07-09T10:00:00Z", "07/09/2020", "x" * 300]
TEMPLATES = (
    "{{record.a}} {{record.b}}",
    "{{{record.a}}}!{{record.a.b.length}}{{record.b.[0]}}",
    "{{#if record.a}}yes {{record.b}}{{else}}no{{/if}}",
    "{{#if record.a}}{{#unless record.b}}x{{uppercase record.a}}{{/unless}}{{else if record.b}}{{record.b}}{{/if}}",
    "{{#if record.a includeZero=true}}a{{/if}}{{#if record.a as |x|}}{{record.b}}{{/if}}",
    "{{#compare record.a '==' record.b}}same{{else}}other{{/compare}}{{#startsWith record.a record.b}}s{{/startsWith}}",
    "{{uppercase (trim (substring record.a 0 3))}}{{replace record.a 'a' record.b}}",
    "{{padLeft record.a 6 '0'}}{{add record.a record.b}}{{join ',' record.a record.b}}",
    "{{getValue 'record.a.b' 'none'}}{{getValue 'a' record.b}}{{$.record.a}}{{@root.record.b}}{{this.record.a}}",
    "{{dateFormat 'YYYY-MM-DD' record.a}}{{dateFormat 'YYYY' record.b 'MM/DD/YYYY'}}",
    "{{lookup 'l' record.a}}{{lookup record 'a'}}{{lookup.x}}",
    "{{lookup 'm' record.a}}",
    "{{#each record.a}}{{this}}{{@index}}{{../record.b}}{{/each}}{{#with record.a}}{{b}}{{/with}}",
    "{{#record.b}}x{{/record.b}}",
    "{{regexReplace record.a 'a' 'b'}}{{nothing record.a}}",
    "{{! nothing }}",
    "text only",
)


def without_gaps(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if value is not UNDEFINED}


def check(template: str, contexts: list[Any], escape: str = "none") -> None:
    compiled = Template(template)
    options: dict[str, Any] = {
        "lookups": LOOKUPS,
        "escape": escape,
        "now": lambda: datetime(2024, 5, 6, tzinfo=timezone.utc),
    }
    alone: list[str | None] = []
    for context in contexts:
        try:
            alone.append(compiled.render(context, **options))
        except TemplateError:
            alone.append(None)

    together = compiled.render_together(Contexts(len(contexts), lambda: contexts), **options)

    assert together == (None if None in alone else alone)


@pytest.mark.parametrize("escape", ["none", "html", "url", "sql"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_template_of_many_contexts_equals_each_alone(template: str, escape: str) -> None:
    source = random.Random(template)
    for kept in (VALUES, VALUES[2:8], VALUES[8:12], ["a", "b"], [1.5, 2], [True, False]):
        for _ in range(8):
            records = [
                {key: value for key in "ab" if (value := source.choice(kept)) is not UNDEFINED} for _ in range(5)
            ]
            check(template, [{"record": record} for record in records], escape)


@pytest.mark.parametrize("name", sorted(set(HELPERS) - {"random"}))
@settings(RELAXED, max_examples=8)
@given(st.lists(st.lists(st.sampled_from(VALUES), min_size=3, max_size=3), min_size=1, max_size=4), st.integers(0, 3))
def test_helper_of_many_contexts_equals_each_alone(name: str, rows: list[list[Any]], count: int) -> None:
    contexts = [{f"v{number}": value for number, value in enumerate(row)} for row in rows]
    arguments = " ".join([f"v{number}" for number in range(count)])

    check(f"{{{{{name} {arguments}}}}}", contexts)
    check(f"{{{{#{name} {arguments}}}}}x{{{{v0}}}}{{{{else}}}}y{{{{/{name}}}}}", contexts)


@RELAXED
@given(st.integers(0, 10**6))
def test_template_generated_of_many_contexts_equals_each_alone(seed: int) -> None:
    try:
        template = Generator(seed).template()[0]
        Template(template)
    except TemplateError:
        return
    check(template, [random_context(random.Random(seed + number)) for number in range(4)])


def test_contexts_are_made_for_templates_that_need_whole_ones_only() -> None:
    made: list[int] = []

    def make() -> list[Any]:
        made.append(1)
        return [{"record": {"a": 1}}, {"record": {"a": 2}}]

    def read(name: str) -> list[Any] | None:
        return [{"a": 1}, {"a": 2}] if name == "record" else None

    plain = (
        "{{#if (compare record.a '>' 1)}}{{uppercase (trim record.a)}}{{else}}-{{/if}}{{dateFormat 'YYYY' record.a}}"
    )

    assert Template(plain).render_together(Contexts(2, make, read)) == ["-1970", "21970"]
    assert made == []
    assert Template("{{#each record}}{{this}}{{/each}}").render_together(Contexts(2, make, read)) == ["1", "2"]
    assert made == [1]


def test_batch_over_a_limit_is_refused_and_its_parts_are_not() -> None:
    template = Template("{{padLeft record.a 900000}}")
    contexts = [{"record": {"a": "x"}}] * 20

    assert template.render_together(Contexts(20, lambda: contexts)) is None
    assert template.render_together(Contexts(20, lambda: contexts).pick(range(2))) == [" " * 899_999 + "x"] * 2


def test_helper_of_texts_keeps_the_limit_of_size() -> None:
    run = Run(None, {}, None, lambda: NOW, lambda most: 0, Limits(characters=99))
    for rows, is_refused in ((33, False), (34, True)):
        batch = Batch(Contexts(rows, lambda rows=rows: [{}] * rows), run)
        column = call_column(HELPERS["uppercase"], [Fixed("abc")])
        if is_refused:
            with pytest.raises(Refusal, match="characters"):
                column(batch)
        else:
            assert column(batch) == ["ABC"] * rows
