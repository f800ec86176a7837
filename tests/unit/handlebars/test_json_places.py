"""Templates that are JSON: whatever a value is, it stays in the place that the template gives it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars import compile_template

HOSTILE = [
    '","$where":"1', '"}, "$or": [{}', "\\", '\\"', "\\u0022", "\x01v\x02", "\x01r\"\x02", "\n", "\u2028", "é🚲",
    "{{x}}", '{"$ne":null}', "[1]", "1,2", "true", "null", "12.5", "", " 1", "01", "NaN", "1e5",
]  # fmt: skip

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(HOSTILE)


def render(template: str, **context: Any) -> str:
    return compile_template(template).render(context, escape="json")


@given(texts, texts)
def test_value_between_quotes_is_the_text_and_nothing_else(a: str, b: str) -> None:
    found = json.loads(render('{"a": "<{{a}}>", "{{b}} key": [true, "{{b}}"]}', a=a, b=b))

    assert found == {"a": f"<{a}>", f"{b} key": [True, b]}


def test_backslash_before_a_value_is_said_and_has_another_form() -> None:
    with pytest.raises(TemplateError, match="u005c"):
        render('{"path": "C:\\\\{{a}}"}', a="new")

    assert json.loads(render('{"path": "C:\\u005c{{a}}"}', a="new")) == {"path": "C:\\new"}


def attempt(template: str, value: str) -> Any:
    """Return what the rendered template says, or the refusal."""
    try:
        return json.loads(render(template, a=value))
    except TemplateError as error:
        return error


def read(text: str) -> Any:
    """Return a JSON value, or NOTHING."""
    try:
        return json.loads(text, parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError):
        return NOTHING


NOTHING = object()


@given(texts)
def test_raw_value_between_quotes_is_its_inside_or_refused(a: str) -> None:
    found, inside = attempt('{"a": "{{{a}}}", "b": 1}', a), read(f'"{a}"')

    assert isinstance(found, TemplateError) if inside is NOTHING else found == {"a": inside, "b": 1}


@given(texts | st.integers().map(str) | st.floats(allow_nan=False, allow_infinity=False).map(json.dumps))
def test_value_outside_of_quotes_is_one_scalar_or_refused(a: str) -> None:
    found, value = attempt('{"a": {{a}} , "b": 1}', a), read(a)

    if isinstance(found, TemplateError):
        assert value is NOTHING or isinstance(value, (str, list, dict)) or a != a.strip()
    else:
        assert found == {"a": value, "b": 1}
        assert not isinstance(value, (str, list, dict))


@given(texts)
def test_raw_value_outside_of_quotes_is_one_value_or_refused(a: str) -> None:
    found, value = attempt('{"a": {{{a}}} , "b": 1}', a), read(a)

    assert isinstance(found, TemplateError) if value is NOTHING else found == {"a": value, "b": 1}


@pytest.mark.parametrize(
    ("template", "context", "expected"),
    [
        ('{"n": {{n}} }', {"n": 12}, {"n": 12}),
        ('{"a": {{jsonSerialize a}} }', {"a": {"k": ['"']}}, {"a": {"k": ['"']}}),
        ('{"a": {{{jsonSerialize a}}} }', {"a": '"'}, {"a": '"'}),
        ('{"a": "{{jsonEncode a}}"}', {"a": 'q"\\'}, {"a": 'q"\\'}),
        ('{"a": "{{{jsonEncode a}}}"}', {"a": 'q"\\'}, {"a": 'q"\\'}),
        ('[{{#each l}}"{{this}}"{{#unless @last}},{{/unless}}{{/each}}]', {"l": ['"', "b"]}, ['"', "b"]),
        ('{"a": "say \\"{{a}}\\""}', {"a": '"'}, {"a": 'say """'}),
        ('{"a": "{{#if a}}{{a}}{{else}}none{{/if}}"}', {"a": ""}, {"a": "none"}),
        ('{"a": "{{a}}"}', {}, {"a": ""}),
    ],
)
def test_templates_as_people_write_them(template: str, context: dict[str, Any], expected: Any) -> None:
    assert json.loads(render(template, **context)) == expected


def test_control_character_of_the_template_itself_is_refused() -> None:
    with pytest.raises(TemplateError, match="control character"):
        render('{"a": "\x01"}')


def test_other_escapes_are_as_they_were() -> None:
    template = compile_template('{"a": "{{a}}", "b": {{{a}}} }')

    assert template.render({"a": '"'}) == '{"a": """, "b": " }'
