"""Every cell that a comparison can name is explained, by what is true of that very cell."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import entry

from celigo_pandas.errors import MappingError
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping import compile_mapping
from celigo_pandas.mapping.explain.blame import Blame, blame_cell
from celigo_pandas.mapping.explain.diff import compare

RECORD = {"n": 7, "l": [{"s": 1}, {"s": 2}], "m": [{"s": 3}], "p": [4, "", 6], "o": {"x": {"y": 1}}}


def blame(document: Any, cell: str, record: Any = RECORD) -> Blame:
    document = document if isinstance(document, dict) else {"mappings": document}
    return blame_cell(compile_mapping(document), record, cell)


def array(*helpers: Any, data_type: str = "objectarray", **more: Any) -> dict[str, Any]:
    return entry("a", data_type, buildArrayHelper=list(helpers), **more)


def each(path: str, *children: Any) -> dict[str, Any]:
    return {"extract": path, "mappings": list(children)}


def test_blame_of_an_element_of_texts_leads_to_its_own_source() -> None:
    found = blame([array({"extract": "$.l[*].s"}, {"extract": "$.m[*].s"}, data_type="stringarray")], "a[2]")

    assert (found.trace.rule, found.value, found.sources) == ("mappings[0]", "3", (("m[*].s", 3),))
    assert [step.step for step in found.trace.steps] == ["extract", "convert"]


def test_blame_of_a_whole_array_shows_its_source_and_its_elements() -> None:
    found = blame([array({"extract": "$.l[*].s"}, data_type="stringarray")], "a")

    assert (found.trace.rule, found.value, found.sources) == ("mappings[0]", ["1", "2"], (("l[*].s", [1, 2]),))
    assert [(part.cell, part.value) for part in found.parts] == [("a[0]", "1"), ("a[1]", "2")]


@pytest.mark.parametrize(
    ("path", "value"), [("$.zz[*]", UNDEFINED), ("$.zz", UNDEFINED), ("$.l[*].zz[*]", []), ("$.l[5]", [])]
)
def test_blame_of_an_array_without_elements_says_that_its_source_is_not_there(path: str, value: Any) -> None:
    found = blame([array({"extract": path})], "a")

    assert (found.trace.rule, found.value) == ("mappings[0]", value)
    assert found.sources == ((path.removeprefix("$."), UNDEFINED),)


def test_blame_of_a_defaulted_element_says_default() -> None:
    document = [array({"extract": "$.p[*]", "default": "-"}, data_type="stringarray")]

    assert [step.step for step in blame(document, "a[1]").trace.steps] == ["default", "convert"]
    assert [step.step for step in blame(document, "a[2]").trace.steps] == ["extract", "convert"]


def test_blame_of_a_defaulted_array_says_default() -> None:
    found = blame([array({"extract": "$.zz[*]"}, data_type="stringarray", default="-")], "a")

    assert ([step.step for step in found.trace.steps], found.value) == (["default", "convert"], ["-"])


def test_blame_inside_a_copied_element_leads_to_that_element() -> None:
    found = blame([array({"extract": "$.l[*]"})], "a[1].s")

    assert (found.trace.cell, found.value, found.sources) == ("a[1]", 2, (("l[*]", {"s": 2}),))


def test_blame_of_an_element_with_rules_of_its_own_shows_them() -> None:
    found = blame([array(each("$.l[*]", entry("t", "string", "$.l.s")))], "a[1]")

    assert (found.trace.rule, found.value, found.sources) == ("mappings[0]", {"t": "2"}, (("l[*]", {"s": 2}),))
    assert [part.cell for part in found.parts] == ["a[1].t"]


def test_blame_of_a_template_in_an_array_reads_the_current_element() -> None:
    found = blame([array(each("$.l[*]", entry("t", "string", "{{record.l.s}}-{{record.n}}")))], "a[1].t")

    assert (found.sources, found.value) == ((("l.s", 2), ("n", 7)), "2-7")


@pytest.mark.parametrize(("extract", "read"), [("$.record.n", "record.n"), ("{{record.n}}", "n")])
def test_blame_reads_the_envelope_where_the_rule_does(extract: str, read: str) -> None:
    found = blame({"inputContext": "envelope", "mappings": [entry("x", "string", extract)]}, "x")

    assert (found.sources, found.value) == (((read, 7),), "7")


def test_blame_of_an_object_names_its_rule_and_what_is_inside() -> None:
    found = blame([entry("a", "object", mappings=[entry("b", "string", "$.n")])], "a")

    assert (found.trace.rule, found.value) == ("mappings[0]", {"b": "7"})
    assert [(part.cell, part.rule) for part in found.parts] == [("a.b", "mappings[0].mappings[0]")]


def test_blame_of_an_object_of_mapper_1_names_the_rules_inside() -> None:
    fields = [{"generate": "a.b", "extract": "n"}, {"generate": "a.c", "extract": "zz"}]
    found = blame({"mapping": {"fields": fields}}, "a")

    assert (found.trace.rule, found.value) == ("mapping.fields[0], mapping.fields[1]", {"b": 7})


def test_blame_of_a_list_of_mapper_1_that_has_no_lines_says_what_is_not_there() -> None:
    lists = [{"generate": "a", "fields": [{"generate": "s", "extract": "zz[*].s"}]}]
    found = blame({"mapping": {"lists": lists}}, "a")

    assert (found.trace.rule, found.sources) == ("mapping.lists[0]", (("zz[*].s", UNDEFINED),))


def test_blame_of_a_kind_of_cell_shows_it_in_every_element() -> None:
    found = blame([array(each("$.l[*]", entry("t", "string", "$.l.s"), entry("u", "string", "$.n")))], "a[*].t")

    assert found.trace.rule == "mappings[0].buildArrayHelper[0].mappings[0]"
    assert [part.cell for part in found.parts] == ["a[0].t", "a[1].t"]


def test_blame_tells_a_key_with_a_dot_from_a_nested_key() -> None:
    document = [entry("a.b", "string", "$.n"), entry("a", "object", mappings=[entry("b", "string", "$.l")])]

    assert blame(document, r"a\.b").trace.rule == "mappings[0]"
    assert blame(document, r"a\.b").value == "7"
    assert blame(document, "a.b").trace.rule == "mappings[1].mappings[0]"


@pytest.mark.parametrize(("record", "value"), [([{"n": 1}, {"n": 2}], 1), ({"n": 5}, UNDEFINED)])
def test_blame_of_a_template_reads_the_rows_that_the_template_does(record: Any, value: Any) -> None:
    field = {"mapping": {"fields": [{"generate": "a", "extract": "{{rows.n}}"}]}}

    assert blame([entry("a", "string", "{{rows.n}}")], "a", record).sources == (("n", value),)
    assert blame(field, "a", record).sources == (("rows.n", value),)


def test_blame_of_an_array_in_an_array_of_arrays() -> None:
    inner = {"dataType": "numberarray", "extract": "$.r.v", "status": "Active"}
    found = blame([array(each("$.r[*]", inner), data_type="arrayarray")], "a[1]", {"r": [{"v": [1, 2]}, {"v": ["3"]}]})

    assert found.value == [3]
    assert found.sources == (("r.v", ["3"]),)


@pytest.mark.parametrize("cell", ["a[5].t", "a[2]", "zz", "a.t", ""])
def test_blame_of_a_cell_that_no_rule_writes_lists_those_there_are(cell: str) -> None:
    with pytest.raises(MappingError, match=r"the cells are a\[0\]"):
        blame([array(each("$.l[*]", entry("t", "string", "$.l.s")))], cell)


def test_blame_of_what_a_copied_object_lacks_is_absent() -> None:
    found = blame([entry("a", "object", "$.o")], "a.x.z")

    assert (found.trace.rule, found.value) == ("mappings[0]", UNDEFINED)
    assert blame([entry("a", "object", "$.o")], "a.x.y").value == 1


def test_blame_explains_every_cell_that_a_comparison_names() -> None:
    before = [
        entry("a.b", "string", "$.n"),
        entry("t", "stringarray", buildArrayHelper=[{"extract": "$.p"}]),
        entry("c", "objectarray", buildArrayHelper=[{"extract": "$.l[*]"}]),
        entry("a", "objectarray", buildArrayHelper=[each("$.l[*]", entry("s", "string", "$.l.s"))]),
        entry("o", "object", "$.o"),
        entry("x[0]", "string", "$.n"),
    ]
    after = [
        entry("a.b", "number", "$.n"),
        entry("t", "numberarray", buildArrayHelper=[{"extract": "$.l[*].s"}]),
        entry("c", "objectarray", buildArrayHelper=[{"extract": "$.m[*]"}]),
        entry("a", "objectarray", buildArrayHelper=[each("$.l[*]", entry("s", "number", "$.l.s"))]),
        entry("o", "object", "$.o.x"),
        entry("x[0]", "number", "$.n"),
    ]
    compiled = [compile_mapping({"mappings": one}) for one in (before, after)]
    found = compare(*compiled, [RECORD])

    assert {change.cell for change in found.changes} == {
        r"a\.b", "t", "c[0].s", "c[1].s", "a[0].s", "a[1].s", "o.x.y", "o.y", "x[0]",
    }  # fmt: skip
    for change in found.changes:
        for mapping, value in zip(compiled, (change.before, change.after), strict=True):
            if value is not UNDEFINED:
                assert blame_cell(mapping, RECORD, change.cell).value == value
    for entry_ in found.rules:
        assert blame_cell(compiled[0], RECORD, entry_.cell).trace.rule


def test_blame_inside_an_object_that_one_rule_copies_and_another_writes_into() -> None:
    fields = [{"generate": "x", "extract": "o"}, {"generate": "x.z", "extract": "n"}]

    assert blame({"mapping": {"fields": fields}}, "x.x.y").trace.rule == "mapping.fields[0]"
    assert blame({"mapping": {"fields": fields}}, "x.z").trace.rule == "mapping.fields[1]"


def test_blame_names_the_rule_that_wrote_last_where_generates_overlap() -> None:
    def fields(*pairs: tuple[str, str]) -> dict[str, Any]:
        return {"mapping": {"fields": [{"generate": name, "extract": path} for name, path in pairs]}}

    record = {"o": {"x": 1, "y": 2}, "n": 7}
    copied_last, copied_first = fields(("o.x", "n"), ("o", "o")), fields(("o", "o"), ("o.x", "n"))

    assert (blame(copied_last, "o.x", record).trace.rule, blame(copied_last, "o.x", record).value) == (
        "mapping.fields[1]",
        1,
    )
    assert (blame(copied_first, "o.x", record).trace.rule, blame(copied_first, "o.x", record).value) == (
        "mapping.fields[1]",
        7,
    )
    without = blame(copied_first, "o.x", {"o": {"x": 1}})
    assert (without.trace.rule, without.value, without.sources) == ("mapping.fields[0]", 1, (("o", {"x": 1}),))
    assert [part.cell for part in blame(copied_last, "o", record).parts] == []
    assert [part.cell for part in blame(copied_first, "o", record).parts] == ["o.x"]


def test_blame_of_an_empty_array_inside_an_element() -> None:
    inner = entry("t", "stringarray", buildArrayHelper=[{"extract": "$.l.m[*]"}])
    found = blame([array(each("$.l[*]", inner))], "a[0].t", {"l": [{"m": []}, {"m": [1]}]})

    assert (found.trace.rule, found.value) == ("mappings[0].buildArrayHelper[0].mappings[0]", [])
    assert found.sources == (("l.m[*]", []),)


def test_blame_of_an_element_that_no_path_made() -> None:
    inner = entry("t", "stringarray", buildArrayHelper=[{"extract": "$.zz[*]"}])
    found = blame([array({"mappings": [entry("b", "object", mappings=[inner])]})], "a[0].b")

    assert (found.trace.rule, found.value) == ("mappings[0].buildArrayHelper[0].mappings[0]", {})


@pytest.mark.parametrize("cell", ["o.k[0]", "o.k[0].z", "o.a[*]", "o.l[1].q[7]"])
def test_blame_inside_a_copied_object_reads_keys_with_brackets(cell: str) -> None:
    record = {"o": {"k[0]": {"z": 5}, "a[*]": 6, "l": [1, {"q[7]": 8}]}}
    found = blame([entry("o", "object", "$.o")], cell, record)

    assert found.value == {"o.k[0]": {"z": 5}, "o.k[0].z": 5, "o.a[*]": 6, "o.l[1].q[7]": 8}[cell]


def test_blame_of_an_object_that_takes_its_default_is_not_laid_at_its_children() -> None:
    document = [
        entry("a", "object", "$.zz", mappings=[entry("b", "string", "$.n")], conditional={"when": "extract_not_empty"})
    ]
    found = blame(document, "a")

    assert found.value is UNDEFINED
    assert [step.step for step in found.trace.steps] == ["extract", "condition"]


def test_blame_counts_only_the_elements_that_an_array_of_arrays_has() -> None:
    inner = {"dataType": "numberarray", "extract": "$.r.v", "status": "Active"}
    document = [array(each("$.r[*]", inner), data_type="arrayarray")]
    found = blame(document, "a[1]", {"r": [{"v": [1]}, {}, {"v": [3]}]})

    assert (found.value, found.sources) == ([3], (("r.v", [3]),))


def from_(generate: str, extract: str) -> dict[str, Any]:
    return {"generate": generate, "extract": extract}


def test_blame_of_a_null_that_fills_an_array_leads_to_the_element_behind_it() -> None:
    document = {"mapping": {"fields": [from_("u[2]", "n")], "lists": []}}

    found = blame(document, "u[0]")

    assert (found.trace.rule, found.value, found.sources) == ("mapping.fields[0]", None, (("n", 7),))
    with pytest.raises(MappingError, match="No rule writes"):
        blame(document, "u[3]")


def test_blame_of_a_null_tells_of_a_rule_that_gave_nothing_and_not_of_a_value_that_the_array_replaced() -> None:
    silent = {"mapping": {"fields": [from_("u[0]", "zz"), from_("u[1]", "n")]}}
    replaced = {"mapping": {"fields": [from_("o", "m[0].s"), from_("o.w[1].v", "n")]}}

    whole = {"mapping": {"fields": [from_("u[*]", "m[0].s"), from_("u[2]", "n")]}}
    both, one, added = blame(silent, "u[0]"), blame(replaced, "o.w[0]"), blame(whole, "u[1]")

    assert (both.trace.rule, both.sources) == ("mapping.fields[0], mapping.fields[1]", (("zz", UNDEFINED), ("n", 7)))
    assert (one.trace.rule, one.sources, one.value) == ("mapping.fields[1]", (("n", 7),), None)
    assert (added.trace.rule, added.sources) == ("mapping.fields[1]", (("n", 7),))


def test_blame_tells_of_positions_in_lines_and_of_a_list_that_a_line_does_not_have() -> None:
    inner = {"mapping": {"lists": [{"generate": "q", "fields": [from_("k", "l.m[*].k")]}]}}
    fields = [from_("w[1]", "l[*].s"), {"generate": "sub", "subRecordMapping": inner}]
    document = {"mapping": {"fields": [], "lists": [{"generate": "L", "fields": fields}]}}
    record = {"l": [{"s": 1, "m": [{"k": 1}]}, {"s": 2, "m": []}, {"s": 3}]}

    assert [part.cell for part in blame(document, "L[*].w[1]", record).parts] == [f"L[{n}].w[1]" for n in range(3)]
    for cell in ("L[1].sub.q", "L[2].sub.q"):
        found = blame(document, cell, record)
        assert found.trace.rule == "mapping.lists[0].fields[1].subRecordMapping.mapping.lists[0]"
        assert found.value is UNDEFINED
    assert blame(document, "L[2].sub.q", record).sources == (("l.m[*].k", UNDEFINED),)
