"""What a hostile template cannot do."""

from __future__ import annotations

import time

import pytest

from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars import Limits, Template, render
from celigo_pandas.handlebars.parsing import MAX_NESTING, MAX_TEMPLATE


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 40 + "!"),
        ("(a|aa)+$", "a" * 60 + "!"),
        ("(.*a){30}b", "a" * 60),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 60),
        ("(x+x+)+y", "x" * 60),
    ],
)
@pytest.mark.parametrize("helper", ["{{regexMatch t p}}", '{{regexReplace t "" p "g"}}', "{{regexSearch t p}}"])
def test_pattern_that_runs_away_ends_within_a_second(helper, pattern, text):
    # The limit counts processor time, so that is what is measured here.
    start = time.process_time()

    if pattern in ("(a+)+$", "(a|aa)+$"):
        with pytest.raises(TemplateError, match="takes too long"):
            render(helper, {"t": text, "p": pattern})
    else:
        # The regex module answers these at once, and rightly: nothing matches.
        assert render(helper, {"t": text, "p": pattern}) in ("", text, "-1")
    assert time.process_time() - start < 1


def test_pattern_that_repeats_a_repeat_is_refused_at_once():
    start = time.process_time()

    with pytest.raises(TemplateError, match=r"\(a\+\)\+"):
        render('{{regexMatch t "(a+)+$"}}', {"t": "a" * 40 + "!"})
    assert time.process_time() - start < 1


def test_pattern_time_is_shared_by_all_searches_of_a_rendering():
    start = time.process_time()

    with pytest.raises(TemplateError, match="takes too long"):
        render('{{#each l}}{{regexMatch this "(a|aa)+$"}}{{/each}}', {"l": ["a" * 60 + "!"] * 1000})
    assert time.process_time() - start < 1


def test_pattern_that_matches_is_not_stopped():
    assert render('{{regexMatch t "(a+)+$"}}', {"t": "a" * 40}) == "a" * 40


@pytest.mark.parametrize(
    ("template", "context", "message"),
    [
        ("{{#each l}}{{#each ../l}}{{@root.t}}{{/each}}{{/each}}", {"l": [0] * 900, "t": "x" * 1000}, "characters"),
        ('{{replace t "x" t}}', {"t": "x" * 5000}, "characters"),
        ('{{regexReplace t t "x" "g"}}', {"t": "x" * 5000}, "longer than"),
        ('{{join t l}}', {"t": "x" * 5000, "l": [1] * 5000}, "characters"),
        ("{{#filter l 1}}{{@root.t}}{{/filter}}", {"l": [1] * 20_000, "t": "x" * 1000}, "characters"),
        ("{{t}}{{t}}", {"t": "x" * 6_000_000}, "characters"),
    ],
)  # fmt: skip
def test_limit_reached_raises(template, context, message):
    with pytest.raises(TemplateError, match=message):
        render(template, context)


@pytest.mark.parametrize(
    ("template", "count"),
    [
        ("{{#each l}}{{#each ../l}}{{#each ../../l}}{{/each}}{{/each}}{{/each}}", 1_000),
        ("{{#each l}}{{#if (sort ../l)}}{{/if}}{{/each}}", 30_000),
        ("{{#each l}}{{uppercase 'x'}}{{/each}}", 12_000),
    ],
)
def test_limit_of_steps_raises(template, count):
    with pytest.raises(TemplateError, match="more than 20000 steps"):
        render(template, {"l": list(range(count))}, limits=Limits(steps=20_000))


def test_limit_of_steps_lets_ten_thousand_lines_pass():
    assert len(render("{{#each l}}{{add this 1}},{{/each}}", {"l": [0] * 10_000})) == 20_000


def test_limit_of_time_raises():
    context = {"l": list(range(900))}

    with pytest.raises(TemplateError, match=r"longer than 0\.05 s"):
        render(
            "{{#each l}}{{#each ../l}}{{uppercase 'x'}}{{/each}}{{/each}}", context, limits=Limits(10**9, time_s=0.05)
        )


def test_nesting_at_the_limit_renders_and_beyond_it_raises():
    def nested(depth):
        return "{{#if true}}" * depth + "x" + "{{/if}}" * depth

    def called(depth):
        return "{{not " + "(not " * depth + "1" + ")" * depth + "}}"

    assert render(nested(MAX_NESTING), {}) == "x"
    assert render(called(MAX_NESTING), {}) == "false"
    for template in (nested(MAX_NESTING + 1), called(MAX_NESTING + 1), nested(5000), called(5000)):
        with pytest.raises(TemplateError, match="in each other"):
            Template(template)


def test_else_chain_beyond_the_limit_raises():
    with pytest.raises(TemplateError, match="in each other"):
        Template("{{#if a}}" + "{{else if a}}" * 5000 + "{{/if}}")


def test_blocks_side_by_side_are_not_nested():
    assert render("{{#if 1}}x{{/if}}{{^a}}y{{/a}}" * 500, {}) == "xy" * 500


def test_template_too_long_raises():
    with pytest.raises(TemplateError, match="too long"):
        Template("x" * (MAX_TEMPLATE + 1))


@pytest.mark.parametrize("template", ["{{v}}", "{{jsonSerialize v}}", "{{join '-' v}}", "{{sum v}}", "{{jsonParse t}}"])
def test_value_nested_too_deeply_raises(template):
    value = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(TemplateError):
        render(template, {"v": value, "t": "[" * 100_000})
    while value:
        value = value[0]


@pytest.mark.parametrize(
    "hostile", ["<" * 300_000, "{" * 300_000, "-" * 300_000 + "a", " " * 300_000 + "x", "&#" * 100_000]
)
def test_text_of_one_sign_is_handled_in_linear_time(hostile):
    start = time.process_time()

    for helper in ("sanitize", "chop", "trim", "camelcase", "sentence", "htmlDecode", "capitalizeAll", "addCommas"):
        render(f"{{{{{helper} t}}}}", {"t": hostile})
    Template(hostile.replace("{", "x"))
    assert time.process_time() - start < 5
