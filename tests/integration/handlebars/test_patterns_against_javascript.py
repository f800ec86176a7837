"""Regular expressions and values, against JavaScript's own engine."""

from __future__ import annotations

import json
import math
import random
from collections import Counter

import pytest
from support import node
from support.generated_patterns import PatternGenerator

from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars import render
from celigo_pandas.javascript.regexes import PatternError, compile_pattern
from celigo_pandas.javascript.values import (
    json_text,
    less_than,
    loose_equal,
    number_text,
    strict_equal,
    to_number,
    to_text,
    truthy,
)

pytestmark = pytest.mark.node


def _search(case):
    try:
        pattern = compile_pattern(case["pattern"], case["flags"])
        matches = [[match.start, match.text] for match in pattern.matches(case["text"])]
        return {"matches": matches, "replaced": pattern.replace(case["text"], case["replacement"])}
    except PatternError as error:
        return {"error": str(error)}


def _splits_a_pair(case):
    """With ``u`` V8 finds an empty match between the halves of a pair, which the specification does not have."""
    wide = any(ord(sign) > 0xFFFF for sign in case["text"])
    return "u" in case["flags"] and "\\B" in case["pattern"] and wide


def test_patterns_generated_find_and_replace_what_javascript_does():
    generator = PatternGenerator(5)
    cases = [case for case in (generator.case() for _ in range(6_000)) if not _splits_a_pair(case)]
    answers = node.run("patterns.js", cases)

    counted, differences = Counter(), []
    for case, answer in zip(cases, answers, strict=True):
        actual = _search(case)
        if "error" in answer:
            counted["refused by both" if "error" in actual else "taken here only"] += 1
        elif "error" in actual:
            counted["refused here only"] += 1
            continue
        else:
            counted["compared"] += 1
            counted["found"] += bool(answer["matches"])
        if ("error" in actual) != ("error" in answer) or ("error" not in answer and actual != answer):
            differences.append((case, actual, answer))

    print(dict(counted))
    assert differences[:3] == []
    assert counted["compared"] >= 3_000
    assert counted["found"] >= 1_000
    assert counted["refused here only"] <= 0.03 * len(cases)


def test_patterns_helpers_agree_with_javascript():
    source = random.Random(3)
    cases = []
    for _ in range(600):
        pattern = source.choice(
            ["[0-9]{2,3}", r"(\w+)-(\w+)", "(?<=id=)\\d*", "^a.c$", r"\bfoo\b", "(a)|(b)", "é+", "$", "x?"]
        )
        text = "".join(
            source.choice(["12", "345", "ab-cd", "id=7", "abc", "foo", " ", "é", "\n", "😀"]) for _ in range(5)
        )
        cases.append(
            {"pattern": pattern, "flags": source.choice(["", "g", "gm", "i"]), "text": text, "replacement": "<$1>"}
        )
    answers = node.run("patterns.js", cases)

    for case, answer in zip(cases, answers, strict=True):
        context = {"t": case["text"], "p": case["pattern"], "f": case["flags"]}
        matches = answer["matches"]
        assert render("{{regexMatch t p 0 f}}", context) == (matches[0][1] if matches else "")
        assert render("{{regexMatch t p 1 f}}", context) == (matches[1][1] if len(matches) > 1 else "")
        assert render("{{regexSearch t p f}}", context) == str(matches[0][0] if matches else -1)
        assert render('{{regexReplace t "<$1>" p f}}', context) == answer["replaced"]


VALUES = (
    0, 1, -1, 2, 10, 0.1, 0.5, 1.005, 2.5, -2.5, 25, 1e21, 1.5e-7, 1e-6, 123456789.125, 1e300, 5e-324, 8.345,
    1234.5678, 0.000001234, 99.995, "", " ", "0", "1", "10", "9", "1.50", "1e3", "0x1F", "0b11", "-0x1", "Infinity",
    "-Infinity", "a", "A", "abc", "true", "null", "\t5\n", "5 5", ".5", "5.", "+5", "é", "😀", "\uffff", "1_000",
    "[object Object]", "1,2", True, False, None, [], [0], [1], ["a"], [1, 2], [[1, [2]], None], {}, {"a": 1},
    {"2": 1, "b": [None], "1": {"x": "é\n"}}, [""], ["5"],
)  # fmt: skip


def test_values_convert_and_compare_as_in_javascript():
    pairs = [(a, b) for a in VALUES for b in VALUES]
    answers = node.run("values.js", ({"a": a, "b": b} for a, b in pairs))

    for (a, b), answer in zip(pairs, answers, strict=True):
        fresh = json.loads(json.dumps(b))
        actual = {
            "text": to_text(a),
            "number": number_text(to_number(a)),
            "truthy": truthy(a),
            "json": json_text(a),
            "equal": loose_equal(a, fresh),
            "strict": strict_equal(a, fresh),
            "less": less_than(a, b) is True,
            "lessOrEqual": less_than(b, a) is False,
        }
        assert actual == {name: answer[name] for name in actual}, (a, b)


def test_number_formats_agree_with_javascript():
    source = random.Random(8)
    numbers = [value for value in VALUES if type(value) in (int, float)]
    numbers += [source.uniform(-1000, 1000) for _ in range(300)]
    numbers += [round(source.uniform(0, 100), 2) + 0.005 for _ in range(200)]
    numbers += [source.uniform(1, 10) * 10.0 ** source.randint(-12, 25) for _ in range(300)]
    answers = node.run("values.js", ({"a": number, "b": 0} for number in numbers))

    for number, answer in zip(numbers, answers, strict=True):
        context = {"n": number}
        assert render("{{n}}", context) == answer["text"]
        assert [render(f"{{{{toFixed n {d}}}}}", context) for d in (0, 1, 2, 5)] == answer["fixed"]
        assert [render(f"{{{{toExponential n {d}}}}}", context) for d in (0, 2, 6)] == answer["exponential"]
        assert [render(f"{{{{toPrecision n {d}}}}}", context) for d in (1, 3, 10)] == answer["precision"]


def test_numbers_of_any_size_print_as_in_javascript():
    source = random.Random(9)
    numbers = [math.ldexp(source.random(), source.randint(-1070, 1020)) for _ in range(2_000)]
    answers = node.run("values.js", ({"a": number, "b": 0} for number in numbers))

    assert [number_text(number) for number in numbers] == [answer["text"] for answer in answers]


def test_error_of_a_pattern_names_the_pattern():
    with pytest.raises(TemplateError, match="nothing to repeat"):
        render('{{regexMatch t "a**"}}', {"t": "x"})
