"""What is read of a script without running it: tokens, imports, exports, functions."""

from __future__ import annotations

import itertools
import random
from importlib.resources import files

import pytest
from support import soak

from celigo_pandas.scripts import function_names
from celigo_pandas.scripts.libraries import LIBRARIES, library_text
from celigo_pandas.scripts.script_modules import read_module
from celigo_pandas.scripts.script_tokens import tokens_of


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("function a() {}\nasync function b() {}\nfunction* c() {}", ["a", "b", "c"]),
        ("const a = (x) => x, b = async x => x; let c = function () {}; var d = async function () {}", list("abcd")),
        ("const a = 5, b = (1 + 2), c = f(x => x), d = new Map()", []),
        (
            "export function a() {}\nexport const b = () => 1;\nexport default function c() {}",
            ["a", "b", "c", "default"],
        ),
        ("export default (o) => o", ["default"]),
        ("export default async function (o) { return o }", ["default"]),
        ("function inner() {}\nexport { inner as preMap, inner as postMap }", ["inner", "preMap", "postMap"]),
        ("function a() { function hidden() {} const b = () => 1 }", ["a"]),
        ("(function hidden() {})(); !function other() {}(); x = function third() {}", []),
        ("// function a() {}\n/* function b() {} */ 'function c() {}'; `function d() {} ${function e() {}}`", []),
        ("if (1) { function a() {} }\nfunction b() {}", ["b"]),
        ("class A { function() {} }\nfunction a(b = function c() {}) {}", ["a"]),
        ("function á$_1() {}", ["á$_1"]),
        ("", []),
    ],
)
def test_functions_are_those_declared_at_the_top(text: str, names: list[str]) -> None:
    assert function_names(text) == names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import d from 'dayjs'", [("dayjs", "default", "d")]),
        ('import {default as d, x as y} from "sjcl";', [("sjcl", "default", "d"), ("sjcl", "x", "y")]),
        ("import * as all from 'dayjs'", [("dayjs", "*", "all")]),
        ("import d, * as all from 'dayjs'", [("dayjs", "default", "d"), ("dayjs", "*", "all")]),
        ("import d,{x}from'dayjs'", [("dayjs", "default", "d"), ("dayjs", "x", "x")]),
        ("import\n{ exports as runs,\n }\nfrom\n'integrator-api'", [("integrator-api", "exports", "runs")]),
        ("import{request}from'integrator-api'", [("integrator-api", "request", "request")]),
        ("import 'dayjs'", []),
        ("const x = import('dayjs'); import.meta; a.import; ({import: 1})", []),
    ],
)  # fmt: skip
def test_imports_are_bound_and_blanked_out(text: str, found: list[tuple[str, str, str]]) -> None:
    module = read_module(text)

    assert module.problems == []
    assert [(one.module, one.imported, one.local) for one in module.bindings] == found
    assert len(module.body) == len(text)
    assert module.body.count("\n") == text.count("\n")
    if found:
        assert module.body.strip() == ""


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("\n  import a from 'lodash'", "unknown_import", 2, 3),
        ("import a from './own.js'", "unknown_import", 1, 1),
        ("import {nope} from 'integrator-api'", "unknown_import", 1, 1),
        ("import a;", "bad_import", 1, 1),
        ("import", None, None, None),
        ("let a\nexport * from 'dayjs'", "bad_export", 2, 1),
        ("export {a} from 'dayjs'", "bad_export", 1, 1),
        ("export", "bad_export", 1, 1),
    ],
)
def test_what_no_script_can_import_or_export_is_told(
    text: str, code: str | None, line: int | None, column: int | None
) -> None:
    problems = [(one.code, one.line, one.column) for one in read_module(text).problems]

    assert problems == ([(code, line, column)] if code else [])


_PIECES = [
    "'a\\'b'", '"c\\"d // e"', "`f ${g + `h ${'}'} ${{i: 1}.i}`} j`", "/k[/\\]]l/gi", "// m ' ` \"\n", "/* n ' ` \n */",
    "o", "p / q / r", "(s) / t", "(u)\n", "[v] / w", "x++ / y", "return /z'/", "0.5e-3", "0xFFn", "1_000", ".5", "{",
    "}", "(", ")", "=>", "...", "?.", "import 'no'", "\u2028", "é", "#!not at the start", "`unfinished",
    "'unfinished\n", "/* unfinished",
]  # fmt: skip


@pytest.mark.soak
def test_tokens_are_the_text_whatever_it_is() -> None:
    chance = random.Random(soak.seed("tokens"))
    for _ in range(soak.runs(300, 20_000)):
        text = " ".join(chance.choice(_PIECES) for _ in range(chance.randint(0, 25)))
        tokens = list(tokens_of(text))

        assert all(token.text == text[token.start : token.end] for token in tokens)
        assert all(one.end <= other.start for one, other in itertools.pairwise(tokens))
        assert all(token.depth >= 0 and token.text for token in tokens)
        assert len(read_module(text).body) == len(text)


def test_deep_templates_end_with_a_problem() -> None:
    assert [one.code for one in read_module("`${" * 5000).problems] == ["syntax_error"]


def test_long_texts_take_no_long_time() -> None:
    text = "function a() { return 'x' + /y/.test(`z`) }\n" * 20_000

    assert len(read_module(text).functions) == 20_000


def test_libraries_are_the_pinned_ones_with_their_licences() -> None:
    assert "dayjs" in library_text("dayjs")
    assert "sjcl" in library_text("sjcl")
    for name, words in {"dayjs": "MIT License", "sjcl": "BSD"}.items():
        assert words in files("celigo_pandas.scripts.libraries").joinpath(f"{name}-LICENSE.txt").read_text("utf-8")
    assert len(LIBRARIES) == 2
