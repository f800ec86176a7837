"""Whatever the document and the records: a result, or an error of the tree; and columns equal single records."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from celigo_pandas.errors import CeligoError, MappingError
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping import (
    compile_mapping,
    map_records,
    run_export_steps,
    run_import_steps,
    transform_records,
    validate,
)
from celigo_pandas.mapping.explain.blame import blame_cell
from celigo_pandas.mapping.explain.coverage import measure
from celigo_pandas.mapping.explain.diff import compare

KEYS = st.sampled_from(["a", "b", "l", "0", "Ship To"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2**70)
    | st.floats()
    | st.sampled_from(["", "a", "12", "1.5", "t", "2024-01-01", "CA"])
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(KEYS, VALUES, max_size=4) | st.lists(VALUES, max_size=2) | VALUES, max_size=4)
PATHS = st.sampled_from(
    ["$", "$.a", "$.a.b", "$.l[*]", "$.l[*].a", "$.l[0].a", "$.l.a", "$[*].a", "$[0]", "$.a[*].b[*]", "$['Ship To']"]
)
BARE = st.sampled_from(["a", "a.b", "l[*].a", "*.a", "0.a", "l[0]", '["x"]', "[Ship To]", "_PARENT.a", "l[*]"])
TEMPLATES = st.sampled_from(
    [
        "{{record.a}}",
        "{{a}} {{b}}",
        "{{#each record.l}}{{a}}{{/each}}",
        '{{lookup "cc" record.a}}',
        "{{jsonParse a}}",
        "{{add a b}}",
    ]
)
TYPES = st.sampled_from(
    ["string", "number", "boolean", "object", "stringarray", "numberarray", "booleanarray", "objectarray", "arrayarray"]
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "default": st.sampled_from(["", None, "5", "d"]),
        "conditional": st.just({"when": "extract_not_empty"}),
        "lookupName": st.just("cc"),
        "extractDateFormat": st.sampled_from(["YYYY-MM-DD", "HH:mm", "X"]),
        "generateDateFormat": st.sampled_from(["YYYY", "LLLL"]),
        "discardIfEmpty": st.booleans(),
        "hardCodedValue": st.sampled_from(["", None, "h"]),
    },
)
LOOKUPS = [{"name": "cc", "map": {"CA": "Canada", "12": "5"}, "allowFailures": True, "default": "d"}]


def joined(*parts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for part in parts for name, value in part.items() if value is not None or name == "default"}


def numbered(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"generate": f"g{place}", "status": "Active", **item} for place, item in enumerate(found)]


LEAVES = st.builds(
    joined,
    st.fixed_dictionaries({"dataType": TYPES, "extract": PATHS | TEMPLATES | st.just("text")}),
    OPTIONS,
)
SIMPLE_HELPERS = st.fixed_dictionaries(
    {"extract": PATHS | TEMPLATES},
    optional={"default": st.sampled_from(["", "5"]), "conditional": st.just({"when": "extract_not_empty"})},
)


def containers(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(children, min_size=1, max_size=3).map(numbered)
    helpers = SIMPLE_HELPERS | st.fixed_dictionaries({"mappings": several}, optional={"extract": PATHS})
    return (
        st.builds(
            joined,
            st.fixed_dictionaries({"dataType": st.just("object"), "mappings": several}, optional={"extract": PATHS}),
            OPTIONS,
        )
        | st.fixed_dictionaries(
            {
                "dataType": st.sampled_from(["objectarray", "arrayarray"]),
                "buildArrayHelper": st.lists(helpers, min_size=1, max_size=2),
            }
        )
        | st.fixed_dictionaries(
            {
                "dataType": st.sampled_from(["stringarray", "numberarray", "booleanarray"]),
                "buildArrayHelper": st.lists(SIMPLE_HELPERS, min_size=1, max_size=2),
            }
        )
    )


TREES = st.lists(st.recursive(LEAVES, containers, max_leaves=5), min_size=1, max_size=4).map(numbered)
FIELDS = st.lists(
    st.builds(
        joined,
        st.fixed_dictionaries({"generate": st.sampled_from(["x", "y", "x.z", "l[*].q"]), "extract": BARE | TEMPLATES}),
        OPTIONS,
        st.fixed_dictionaries(
            {}, optional={"dataType": st.sampled_from(["string", "number", "boolean", "stringarray"])}
        ),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda field: field["generate"],
)
DOCS = st.one_of(
    st.builds(lambda tree: {"mappings": tree, "lookups": LOOKUPS}, TREES),
    st.builds(
        lambda fields, lines: {
            "mapping": {"fields": fields, "lists": [{"generate": "items", "fields": lines}]},
            "lookups": LOOKUPS,
        },
        FIELDS,
        FIELDS,
    ),
)


def outcome(output: Any) -> Any:
    return ("error", output.source, output.code, output.rule) if isinstance(output, MappingError) else output


@settings(max_examples=120, deadline=None)
@given(DOCS, RECORDS)
def test_mapping_any_document_and_records_give_results_or_tree_errors(doc: Any, records: Any) -> None:
    before = copy.deepcopy(records)

    try:
        outputs = map_records(records, doc)
    except CeligoError:
        assert validate(doc)
        return

    assert len(outputs) == len(records)
    assert all(isinstance(output, (dict, list, MappingError)) for output in outputs) or not doc.get("mappings")
    assert repr(records) == repr(before)


@settings(max_examples=120, deadline=None)
@given(DOCS, RECORDS)
def test_mapping_records_together_equal_records_alone(doc: Any, records: Any) -> None:
    try:
        compiled = compile_mapping(doc)
    except CeligoError:
        return

    together = compiled.evaluate(records * 3)
    alone = [compiled.evaluate([record])[0] for record in records]

    assert repr([outcome(output) for output in together]) == repr([outcome(output) for output in alone * 3])
    assert all(error.position == place for place, error in enumerate(together) if isinstance(error, MappingError))


@settings(max_examples=60, deadline=None)
@given(DOCS, RECORDS)
def test_trace_any_record_tells_without_changing_the_result(doc: Any, records: Any) -> None:
    try:
        compiled = compile_mapping(doc)
    except CeligoError:
        return

    for record in records:
        compiled.trace(record)


def is_same(a: Any, b: Any) -> bool:
    """Compare as JSON does: 1 is 1.0 and not true, whatever the order of keys."""
    if isinstance(a, bool) or isinstance(b, bool) or not isinstance(a, (dict, list)):
        return bool(a is b or (type(a) is not bool and type(b) is not bool and a == b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(is_same(a[key], b[key]) for key in a)
    return isinstance(b, list) and len(a) == len(b) and all(map(is_same, a, b))


@settings(max_examples=150, deadline=None)
@given(DOCS, DOCS, RECORDS)
def test_comparison_names_every_record_that_differs_and_blame_explains_its_cells(
    before: Any, after: Any, records: Any
) -> None:
    try:
        compiled = [compile_mapping(doc) for doc in (before, after)]
    except CeligoError:
        return
    outputs = [one.evaluate(records) for one in compiled]

    found = compare(*compiled, records)

    changed = {change.position for change in found.changes}
    for place, (a, b) in enumerate(zip(*outputs, strict=True)):
        if isinstance(a, MappingError) and isinstance(b, MappingError):
            assert place in found.uncompared
        else:
            assert is_same(a, b) == (place not in changed)
    assert sum(rule.count for rule in found.rules) == len(found.changes)
    for change in found.changes:
        assert found.rule_of(change) or change.steps == () or not change.cell
        for mapping, output, value in zip(compiled, (o[change.position] for o in outputs), change[2:], strict=True):
            if value is not UNDEFINED and not isinstance(output, MappingError) and "*" not in change.cell:
                explained = blame_cell(mapping, records[change.position], change.cell)
                assert repr(explained.value) == repr(value)


@settings(max_examples=100, deadline=None)
@given(DOCS, RECORDS)
def test_comparison_with_itself_finds_nothing_and_coverage_counts_add_up(doc: Any, records: Any) -> None:
    try:
        compiled = compile_mapping(doc)
    except CeligoError:
        return

    found = compare(compiled, compile_mapping(copy.deepcopy(doc)), records)
    coverage = measure(compiled, records)

    assert (found.changes, found.idle, found.undecided) == ((), (), ())
    for rule in coverage.rules:
        assert 0 <= rule.found <= rule.rows
        assert rule.null <= rule.found
        assert not (rule.is_dead and rule.found)


@settings(max_examples=120, deadline=None)
@given(
    st.recursive(
        VALUES,
        lambda inner: st.dictionaries(
            st.sampled_from(
                "mapping mappings fields lists generate extract dataType buildArrayHelper lookups name map transform "
                "expression rules rulesTwoDotZero mode filter oneToMany pathToMany type".split()
            ),
            inner | st.lists(inner, max_size=2) | st.sampled_from(["string", "$.a", "a", True]),
            max_size=4,
        ),
        max_leaves=12,
    ),
    RECORDS,
)
def test_documents_of_any_shape_give_results_or_tree_errors(doc: Any, records: Any) -> None:
    doc = doc if isinstance(doc, dict) else {"mappings": doc}

    validate(doc, records)
    for work in (map_records, run_import_steps, run_export_steps, transform_records):
        try:
            work(records, doc)
        except CeligoError:
            continue


def test_mapping_records_nested_beyond_pythons_depth_fail_alone() -> None:
    deep: Any = "x"
    for _ in range(3000):
        deep = [deep]
    doc = {"mappings": [{"generate": "v", "dataType": "string", "extract": "$.v", "status": "Active"}]}

    good, bad = map_records([{"v": 1}, {"v": deep}], doc)

    assert good == {"v": "1"}
    assert isinstance(bad, MappingError)
