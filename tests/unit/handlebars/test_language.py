"""The language's rules that the comparison with Handlebars.js does not cover, or that differ from it on purpose."""

from __future__ import annotations

import copy
import pickle

import pytest

from celigo_pandas.errors import ConfigError, TemplateError
from celigo_pandas.handlebars import Template, compile_template, render
from celigo_pandas.javascript.values import UNDEFINED

LOOKUPS = (
    {"name": "country", "map": {"CA": "Canada", "1": "one", "true": "yes"}, "allowFailures": False},
    {"name": "soft", "map": {}, "allowFailures": True, "default": "??"},
    {"name": "softer", "map": {}, "allowFailures": True},
    {"name": "dynamic", "relativeURI": "/x"},
)


@pytest.mark.parametrize(
    ("escape", "template", "expected"),
    [
        ("none", "{{v}} {{{v}}}", "O'Neil & co/é O'Neil & co/é"),
        ("url", "/a/{{v}}?x={{{v}}}&y={{n}}{{missing}}", "/a/O'Neil%20%26%20co%2F%C3%A9?x=O'Neil & co/é&y=5"),
        ("sql", "a = {{v}} and b = {{{n}}} and c = {{n}}", "a = 'O''Neil & co/é' and b = 5 and c = '5'"),
        ("sql", "{{#each list}}{{this}},{{/each}}{{&v}}", "'1','2',O'Neil & co/é"),
        ("url", "{{uppercase v}}", "O'NEIL%20%26%20CO%2F%C3%89"),
    ],
)
def test_escape_follows_the_context(escape, template, expected):
    context = {"v": "O'Neil & co/é", "n": 5, "list": [1, 2]}

    assert render(template, context, escape=escape) == expected


def test_escape_url_of_half_a_pair_raises():
    with pytest.raises(TemplateError, match="surrogate"):
        render("{{v}}", {"v": "\ud83d"}, escape="url")


def test_escape_unknown_raises():
    with pytest.raises(ConfigError, match="xml"):
        render("{{v}}", {}, escape="xml")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{{lookup "country" c}}', "Canada"),
        ('{{lookup "country" n}}{{lookup "country" t}}', "oneyes"),
        ('[{{lookup "country" missing}}{{lookup "country" none}}]', "[]"),
        ('{{lookup "soft" c}}|{{lookup "softer" c}}', "??|"),
        ("{{lookup name c}}", "Canada"),
        ("{{lookup obj c}}{{lookup list 1}}{{lookup list 9}}{{lookup missing c}}", "fieldb"),
        ('{{lookup "dynamic" c}}{{lookup.dynamic.id}}{{lookup.other}}', "[object Object]7"),
        ("{{#each list}}{{../lookup.dynamic.id}}{{/each}}", "77"),
    ],
)
def test_lookup_renders(template, expected):
    context = {
        "c": "CA",
        "n": 1,
        "t": True,
        "none": None,
        "name": "country",
        "obj": {"CA": "field"},
        "list": ["a", "b"],
    }

    assert render(template, context, lookups=LOOKUPS, dynamic_lookups={"dynamic": {"id": 7}}) == expected


def test_lookup_without_an_entry_raises_with_its_source():
    with pytest.raises(TemplateError) as caught:
        render('{{lookup "country" c}}', {"c": "DE"}, lookups=LOOKUPS)

    assert caught.value.problems[0].source == "lookup"
    assert "'DE'" in str(caught.value)


def test_lookup_dynamic_is_asked_only_when_it_is_read():
    asked = []

    def answer(name):
        asked.append(name)
        return UNDEFINED if name == "none" else f"<{name}>"

    text = render("{{#if a}}{{lookup.never}}{{/if}}{{lookup.once}}{{lookup.none}}", {}, dynamic_lookups=answer)

    assert (text, asked) == ("<once>", ["once", "none"])


def test_lookup_by_the_name_of_a_dynamic_one_gives_its_result():
    assert render('{{lookup "price" 1}}', {}, dynamic_lookups={"price": 5}) == "5"


def test_lookup_member_of_the_context_wins():
    assert render("{{lookup.a}}", {"lookup": {"a": 1}}, dynamic_lookups={"a": 2}) == "1"


@pytest.mark.parametrize(
    "template", ["{{record.a}}", "{{#if a}}{{/if}}", "{{uppercase a.b}}", "{{#each record.x}}{{/each}}"]
)
def test_strict_missing_field_raises(template):
    with pytest.raises(TemplateError, match="is not there"):
        render(template, {"record": {}}, strict=True)

    assert render(template, {"record": {}}) == ""


def test_strict_null_is_there():
    assert render("{{record.a}}", {"record": {"a": None}}, strict=True) == ""


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{first}}|{{this.first}}|{{./first}}|{{r.first}}", "|f|f|g"),
        ("{{{{any thing}}}}{{x}}{{{{/any}}}}", "{{x}}"),
        ("{{ a }}", "1"),
        (r'{{regexMatch t "\d+\.\d"}}', "12.5"),
        ("{{'a'}}{{\"a b\"}}{{1}}{{true}}", "12"),
        ("{{a.b.c}}{{none.x}}", ""),
        ("{{o}}", "[object Object]"),
        ("{{log a}}{{#log a}}x{{/log}}{{#lookup list 0}}x{{/lookup}}", "1"),
        ("[{{nope k=1}}{{uppercase (nope)}}]", "[]"),
        ("{{#each nulls}}{{#if true}}{{this}}{{/if}}{{/each}}", "[object Object]"),
        ("{{#missing.x}}{{/missing.x}}{{#record.d}}{{a}}{{/record.d}}", "1"),
        ("[{{lookup missing}}{{@root.none.x}}{{@../../x}}{{../../x}}]", "[]"),
        ("{{#this.missing}}{{else}}{{#with t}}{{../a}}{{/with}}{{/this.missing}}", "1"),
        # A context that equals the one around it, loosely, is no step: so says Handlebars.js.
        ("{{#with one}}{{#with ../a}}[{{../t}}]{{/with}}{{/with}}", "[12.5]"),
        ("{{#each nested}}{{#each this}}{{../../a}}{{../a}};{{/each}}{{/each}}", "1;1;"),
        ("{{#each o}}{{@key}}{{@index}}{{#if @last}}.{{/if}}{{/each}}", "1021b2."),
        ("{{t.length}}{{e.length}}{{e.[0]}}{{list.length}}{{list.[1]}}{{list.01}}", None),
        ("{{record.a}} {{record.b}}", "x 5"),
        ("{{record.a}}{{record.c}}{{record.d}}{{record.e}}", "x1.5true"),
        ("{{record.big}} {{record.a}}", "9007199254740992 x"),
        ("{{record.a}}%s{{record.a}}", "x%sx"),
    ],
)
def test_language_renders(template, expected):
    context = {
        "nulls": [None], "one": "1", "nested": [["p"], [["q"]]],
        "first": "f", "r": {"first": "g"}, "a": 1, "a b": 2, "t": "12.5", "none": None, "e": "é😀", "list": [1, 2],
        "o": {"b": 1, "2": 0, "1": 0}, "record": {"a": "x", "b": 5, "c": 1.5, "d": True, "e": None, "big": 2**53 + 1},
    }  # fmt: skip
    if expected is None:
        with pytest.raises(TemplateError):
            render(template, context)
    else:
        assert render(template, context) == expected


@pytest.mark.parametrize(
    ("template", "position"),
    [
        ("a {{b", 2),
        ("{{#if a}}", 0),
        ("x{{/if}}", 1),
        ("{{#if a}}{{/each}}", 9),
        ("{{else}}", 0),
        ("{{> partial}}", 0),
        ("{{#> partial}}{{/partial}}", 0),
        ("{{* decorator}}", 0),
        ("{{a.0}}", 4),
        ("{{a b=1 c}}", 8),
        ("{{#each a as ||}}{{/each}}", 14),
        ("{{a/../b}}", 2),
        ("{{{a}}", 4),
        ("{{{{raw}}}}x", 11),
        ("{{{{raw}}}}x{{{{/war}}}}", 12),
        ("{{!-- a }}", 2),
        ("{{(}}", 2),
        ('{{"a}}', 2),
        ("{{a b", 0),
    ],
)
def test_language_unreadable_template_raises_with_its_position(template, position):
    with pytest.raises(TemplateError) as caught:
        Template(template)

    assert (caught.value.position, caught.value.template) == (position, template)
    assert caught.value.hint


def test_language_other_than_text_raises():
    with pytest.raises(TemplateError, match="int"):
        Template(5)


def test_template_survives_pickle_and_copy():
    template = Template("{{record.a}}-{{uppercase b}}")

    for same in (pickle.loads(pickle.dumps(template)), copy.deepcopy(template)):
        assert same.render({"record": {"a": 1}, "b": "x"}) == "1-X"
    assert template.source in repr(template)


def test_compile_template_keeps_what_it_compiled():
    assert compile_template("{{a}}") is compile_template("{{a}}")


@pytest.mark.parametrize(
    ("template", "paths"),
    [
        ("{{record.a}} {{record.a}} {{record.[Ship To]}}", ("record.a", "record.[Ship To]")),
        ("{{#each record.items}}{{sku}}{{../record.id}}{{@root.x}}{{/each}}", (
            "record.items", "record.items[*].sku", "record.id", "x",
        )),
        ("{{#each a as |i n|}}{{i.b}}{{n}}{{#each i.c}}{{d}}{{/each}}{{/each}}", (
            "a", "a[*].b", "a[*].c", "a[*].c[*].d",
        )),
        ("{{#with record.o}}{{p}}{{else}}{{q}}{{/with}}", ("record.o", "record.o.p", "q")),
        ("{{#if (eq record.a 1)}}{{uppercase record.b}}{{else if c}}{{/if}}", ("record.a", "record.b", "c")),
        ('{{getValue "record.x[0].y" record.z}}{{first}}{{lookup "l" record.k}}', (
            "record.z", "record.x.[0].y", "record.k",
        )),
        ("{{#filter record.l 1 'p'}}{{k}}{{/filter}}{{@index}}{{jsonParse t}}", ("record.l", "record.l[*].k", "t")),
        ("no {{! field }}", ()),
    ],
)  # fmt: skip
def test_template_paths_lists_what_is_read(template, paths):
    assert Template(template).paths() == paths


@pytest.mark.parametrize(
    ("template", "warnings"),
    [
        ("{{record.a}}", ()),
        ("{{first}}", ("first is a helper, not the field; for the field write {{this.first}}. (character 1)",)),
        ("x{{ a}}", ("A blank after {{ is refused by the platform's editor; take it out. (character 2)",)),
        ("{{#if a}}{{nope 1}}{{/if}}", ("No helper is called 'nope'; with arguments it is refused. (character 10)",)),
        ("{{if a}}", ("if is a block; without a body it is refused: write {{#if …}}. (character 1)",)),
        ("{{#each a as |first|}}{{first}}{{/each}}{{timestamp}}", ()),
    ],
)
def test_template_warnings_name_what_will_not_work_as_meant(template, warnings):
    assert Template(template).warnings() == warnings


@pytest.mark.parametrize(
    ("template", "lookups"),
    [
        ('{{lookup "a" x}}{{#if (lookup \'b\' y)}}{{lookup "a" z}}{{/if}}', ("a", "b")),
        ('{{#each l}}{{uppercase (lookup "c" this)}}{{else}}{{lookup "d" 1}}{{/each}}', ("c", "d")),
        ('{{lookup x "a"}}{{lookup.b}}{{lookup}}{{getValue "lookup" ""}}', ()),
    ],
)
def test_template_lookups_lists_what_is_asked_by_name(template, lookups):
    assert Template(template).lookups() == lookups
