"""Long lists take a quick way for rules that only copy: the results must be those of the general way."""

from __future__ import annotations

import random
from typing import Any

import pytest
from support.mapping import entry

from celigo_pandas.errors import MappingError
from celigo_pandas.mapping import compile_mapping
from celigo_pandas.mapping.scopes import Scope
from celigo_pandas.mapping.shortcut import find_shortcut

ENTRIES = [
    entry("text", "string", "$.s"),
    entry("number", "number", "$.n"),
    entry("flag", "boolean", "$.b"),
    entry("deep", "string", "$.o.p.q"),
    entry("k0", "string", "$.o['it\\'s \"quoted\" \\\\ \\n']"),
    entry("whole", "string", "$.w"),
    entry("object", "object", "$.o"),
    entry("constant", "number", "5"),
    entry("null", "string", hardCodedValue=None),
    entry("worked", "string", "{{record.s}}!"),
    entry("guarded", "string", "$.s", default="d"),
    entry("looked", "string", "$.s", lookupName="l"),
    entry(
        "listed", "objectarray", buildArrayHelper=[{"extract": "$.l[*]", "mappings": [entry("m", "number", "$.l.m")]}]
    ),
]
DOC = {"mappings": ENTRIES, "lookups": [{"name": "l", "map": {"a": "A"}, "allowFailures": True}]}
USUAL: dict[str, Any] = {
    "s": "a",
    "n": 1.5,
    "b": True,
    "o": {"p": {"q": "deep"}, 'it\'s "quoted" \\ \\n': "odd name"},
    "w": 12,
    "l": [{"m": 1}],
}
STRANGE: list[Any] = [None, "", "x", 0, 1, 2**60, 1.0, True, [], [1], {}, {"p": 5}, {"p": {}}, {"p": {"q": 5}}]


def strange_records(count: int, seed: int) -> list[Any]:
    rng = random.Random(seed)
    records: list[Any] = [dict(USUAL) for _ in range(1000)]
    for _ in range(count):
        record = dict(USUAL)
        for key in rng.sample(sorted(USUAL), rng.choice([0, 0, 0, 1, 2])):
            if rng.random() < 0.4:
                del record[key]
            else:
                record[key] = rng.choice(STRANGE)
        records.append(rng.choice([[], [USUAL], "text", None]) if rng.random() < 0.02 else record)
    return records


def outcome(output: Any) -> str:
    if isinstance(output, MappingError):
        return repr((output.position, output.code, output.problems))
    return repr(output)


@pytest.mark.parametrize("seed", range(3))
def test_shortcut_long_list_equals_records_by_chunk(seed: int) -> None:
    compiled = compile_mapping(DOC)
    records = strange_records(2200, seed)

    long = compiled.evaluate(records)
    short = [
        output for start in range(0, len(records), 700) for output in compiled.evaluate(records[start : start + 700])
    ]

    for place, (actual, expected) in enumerate(zip(long, short, strict=True)):
        if isinstance(expected, MappingError):
            expected.position = place
        assert outcome(actual) == outcome(expected)
        assert list(actual) == list(expected) if isinstance(actual, dict) else True
    assert any(isinstance(output, MappingError) for output in long[1000:])


def test_shortcut_is_found_for_rules_that_only_copied() -> None:
    compiled = compile_mapping(DOC)
    scope = Scope([dict(USUAL) for _ in range(10)], lambda record: {"record": record})

    shortcut = find_shortcut(compiled.tree, scope)

    assert shortcut is not None
    assert [compiled.tree[place].generate for place in shortcut.others] == ["worked", "guarded", "looked", "listed"]
    columns = [["x", "y"] for _ in shortcut.others]
    rows, odd = shortcut.build([USUAL, {**USUAL, "n": "1"}], columns)
    assert (rows[1], odd) == (None, [1])
    assert rows[0] == {
        "text": "a",
        "number": 1.5,
        "flag": True,
        "deep": "deep",
        "k0": "odd name",
        "whole": "12",
        "object": USUAL["o"],
        "constant": 5,
        "null": None,
        "worked": "x",
        "guarded": "x",
        "looked": "x",
        "listed": "x",
    }


def test_shortcut_needs_several_copies_and_plain_names() -> None:
    scope = Scope([{"a": "x", "b": "y", "c": "z"}], lambda record: {"record": record})
    few = compile_mapping({"mappings": [entry("a", "string", "$.a"), entry("b", "string", "$.b")]})
    nested = compile_mapping({"mapping": {"fields": [{"generate": f"o.{name}", "extract": name} for name in "abc"]}})

    assert find_shortcut(few.tree, scope) is None
    assert find_shortcut(nested.tree, scope) is None


def test_shortcut_serves_first_mapper_and_leaves_grouped_records_to_the_general_way() -> None:
    doc = {"mapping": {"fields": [{"generate": f"x{name}", "extract": name} for name in "abc"]}}
    records: list[Any] = [{"a": 1, "b": [2], "c": None}] * 2500 + [[{"a": 5}]] + [{"a": {}}]

    outputs = compile_mapping(doc).evaluate(records)

    assert outputs[2499:] == [{"xa": 1, "xb": [2], "xc": None}, {"xa": 5}, {"xa": {}}]
