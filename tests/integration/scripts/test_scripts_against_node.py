"""The same script, options and page under node's ``vm`` and here give the same result."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import soak
from support.generated_scripts import case, record
from support.public_hooks import hook_case
from support.script_judge import Case, here, under_node

from celigo_pandas.scripts import ScriptHost

HOOKS = sorted((Path(__file__).parents[2] / "cases" / "hooks").glob("*.js"))


@pytest.fixture(scope="module")
def host() -> Iterator[ScriptHost]:
    running = ScriptHost()
    yield running
    running.close()


@pytest.mark.node
@pytest.mark.soak
def test_random_scripts_do_the_same_as_under_node(host: ScriptHost) -> None:
    seed = soak.seed("scripts")
    cases = [case(random.Random(f"{seed} {number}")) for number in range(soak.runs(320, 5000))]

    answers = under_node(cases)

    for number, (one, wanted) in enumerate(zip(cases, answers, strict=True)):
        assert here(host, one) == wanted, f"seed {seed}, case {number}\n{one.text}\n{one.options}"

    assert sum("error" not in answer for answer in answers) > len(cases) / 2
    assert any("error" in answer for answer in answers)
    assert sum(one.module for one in cases) > len(cases) / 5
    assert sum(one.each is not None for one in cases) > len(cases) / 5


@pytest.mark.node
def test_hooks_as_people_write_them_do_the_same_as_under_node(host: ScriptHost) -> None:
    chance = random.Random(5)
    cases = [hook_case(path, [record(chance) for _ in range(12)]) for path in HOOKS]

    answers = under_node(cases)

    assert len(cases) >= 25
    for path, one, wanted in zip(HOOKS, cases, answers, strict=True):
        assert "error" not in wanted, (path.name, wanted)
        assert here(host, one) == wanted, path.name


@pytest.mark.node
def test_what_crosses_is_what_json_makes_of_it(host: ScriptHost) -> None:
    text = "function f(o) { return {...o, u: undefined, d: new Date(5), n: NaN, f() {}, s: Symbol(), m: new Map()} }"
    options = {
        "half": "\ud83d",
        "long": 2**53 + 1,
        "deep": [[[[{}]]]],
        "": None,
        "__proto__": {"a": 1},
        "é": "\u2028\x00",
    }
    one = Case(text, "f", options)

    assert [here(host, one)] == under_node([one])
