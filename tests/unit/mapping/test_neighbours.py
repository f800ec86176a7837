"""Values are read and converted many at a time: whatever stands beside a record, its output is that of it alone."""

from __future__ import annotations

import random
from typing import Any

import pytest
from support.mapping import entry

from celigo_pandas.errors import MappingError
from celigo_pandas.mapping import compile_mapping

ENTRIES = [
    entry("text", "string", "$.s"),
    entry("number", "number", "$.n"),
    entry("flag", "boolean", "$.b"),
    entry("deep", "string", "$.o.p.q"),
    entry("k0", "string", "$.o['it\\'s \"quoted\" \\\\ \\n']"),
    entry("whole", "string", "$.w"),
    entry("fraction", "string", "$.n"),
    entry("said", "string", "$.b"),
    entry("count", "number", "$.t"),
    entry("price", "number", "$.p"),
    entry("truth", "boolean", "$.y"),
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
    "t": "12",
    "p": "1.50",
    "y": "true",
    "l": [{"m": 1}],
}
STRANGE: list[Any] = [None, "", "x", 0, 1, 2**60, 1.0, True, [], [1], {}, {"p": 5}, {"p": {}}, {"p": {"q": 5}}]
STRANGE += [-0.0, 1e21, 5e-7, 2**53, -(2**53), float("inf"), float("nan")]
STRANGE += ["12.0", " 7 ", "-0", "+5", "1_0", "1e400", "9007199254740993", "0" * 400, "\u0663"]
STRANGE += ["0x1F", "T", " FALSE", "0"]


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
@pytest.mark.parametrize("usual", [1000, 0])
def test_long_list_equals_records_alone(seed: int, usual: int) -> None:
    compiled = compile_mapping(DOC)
    records = strange_records(1200, seed)[1000 - usual :]

    long = compiled.evaluate(records)
    alone = [compiled.evaluate([record])[0] for record in records]

    for place, (actual, expected) in enumerate(zip(long, alone, strict=True)):
        if isinstance(expected, MappingError):
            expected.position = place
        assert outcome(actual) == outcome(expected)
        assert list(actual) == list(expected) if isinstance(actual, dict) else True
    assert any(isinstance(output, MappingError) for output in long)


def test_first_mapper_takes_grouped_records_among_others() -> None:
    doc = {"mapping": {"fields": [{"generate": f"x{name}", "extract": name} for name in "abc"]}}
    records: list[Any] = [{"a": 1, "b": [2], "c": None}] * 2500 + [[{"a": 5}]] + [{"a": {}}]

    outputs = compile_mapping(doc).evaluate(records)

    assert outputs[2499:] == [{"xa": 1, "xb": [2], "xc": None}, {"xa": 5}, {"xa": {}}]


def test_path_that_no_record_has_is_absent_for_rules_of_every_type() -> None:
    types = ["string", "number", "boolean", "string"]
    doc = {"mappings": [entry(f"x{place}", data_type, "$.gone") for place, data_type in enumerate(types)]}

    assert compile_mapping(doc).evaluate([{"a": 1}, {}, {"a": "b"}]) == [{}, {}, {}]
