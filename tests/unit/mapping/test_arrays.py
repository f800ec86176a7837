"""Arrays of Mapper 2.0: the three forms of buildArrayHelper, the composite record, rows, arrays of arrays."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import entry, map_tree

from celigo_pandas.errors import MappingError
from celigo_pandas.mapping import map_records

NOT_EMPTY = {"when": "extract_not_empty"}
ORDERS = {
    "id": 9,
    "cust": "Ann",
    "orders": [
        {"no": "A", "items": [{"s": "x", "q": "2"}, {"s": "y", "q": 1}]},
        {"no": "B", "items": [{"s": "z", "q": 5}]},
    ],
}


def array(data_type: str, *helpers: dict[str, Any], generate: str = "v", **more: Any) -> dict[str, Any]:
    return entry(generate, data_type, buildArrayHelper=list(helpers), **more)


def helper(extract: str | None = None, *mappings: dict[str, Any], **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = dict(more)
    if extract is not None:
        made["extract"] = extract
    if mappings:
        made["mappings"] = list(mappings)
    return made


@pytest.mark.parametrize(
    ("data_type", "helpers", "record", "expected"),
    [
        ("stringarray", [helper("$.a")], {"a": [1, 2]}, ["1", "2"]),
        ("stringarray", [helper("$.a[*]")], {"a": [1, 2]}, ["1", "2"]),
        ("stringarray", [helper("$.a[*].b")], {"a": [{"b": 1}, {}, {"b": [2, 3]}]}, ["1", "2", "3"]),
        ("stringarray", [helper("$.a"), helper("$.b"), helper("lit")], {"a": ["x"], "b": "y"}, ["x", "y", "lit"]),
        ("stringarray", [helper("{{record.b}}!")], {"b": "y"}, ["y!"]),
        ("stringarray", [helper("$.a", conditional=NOT_EMPTY)], {"a": ["x", "", None, "y"]}, ["x", "y"]),
        ("stringarray", [helper("$.a")], {"a": ["x", "", None]}, ["x", "", None]),
        ("stringarray", [helper("$.a", default="d")], {}, ["d"]),
        ("stringarray", [helper("$.a", default="d")], {"a": ["x", ""]}, ["x", "d"]),
        ("stringarray", [helper("$.a[*].b", default="d")], {"a": [{"b": "x"}, {}]}, ["x", "d"]),
        ("numberarray", [helper("$.a", default="7")], {}, [7]),
        ("numberarray", [helper("$.a")], {"a": ["1", 2]}, [1, 2]),
        ("numberarray", [helper("$.a[0]"), helper("$.a[2]")], {"a": [1, 2, 3]}, [1, 3]),
        ("booleanarray", [helper("$.a")], {"a": ["t", 0]}, [True, False]),
        ("objectarray", [helper("$.a")], {"a": [{"b": 1}, {"b": 2}]}, [{"b": 1}, {"b": 2}]),
        ("objectarray", [helper("$.a[1]")], {"a": [{"b": 1}, {"b": 2}]}, [{"b": 2}]),
        ("objectarray", [helper("$.a")], {"a": {"b": 1}}, [{"b": 1}]),
        ("objectarray", [helper("$.a"), helper("$.c")], {"a": [{"b": 1}], "c": [{"d": 2}]}, [{"b": 1}, {"d": 2}]),
        ("arrayarray", [helper("$.m")], {"m": [[1, 2], [3]]}, [[1, 2], [3]]),
        ("arrayarray", [helper("$.m[*]")], {"m": [[1, 2], [3]]}, [[1, 2], [3]]),
    ],
    ids=lambda part: str(part)[:50],
)
def test_array_helpers_contribute_in_order(data_type: str, helpers: Any, record: Any, expected: Any) -> None:
    assert map_tree(record, array(data_type, *helpers)) == {"v": expected}


@pytest.mark.parametrize(
    ("record", "expected"),
    [({}, {}), ({"a": None}, {}), ({"a": []}, {"v": []}), ({"b": [1]}, {"v": ["1"]})],
    ids=str,
)
def test_array_without_elements_is_empty_only_if_an_array_was_there(record: Any, expected: Any) -> None:
    assert map_tree(record, array("stringarray", helper("$.a"), helper("$.b"))) == expected


@pytest.mark.parametrize("record", [{}, {"a": []}, {"a": None}])
def test_array_without_elements_takes_entry_default_or_condition(record: Any) -> None:
    assert map_tree(record, array("stringarray", helper("$.a"), default="d")) == {"v": ["d"]}
    assert map_tree(record, array("stringarray", helper("$.a"), conditional=NOT_EMPTY)) == {}


def test_array_worked_example_flattens_with_composite_record() -> None:
    one = array(
        "objectarray",
        helper(
            "$.orders[*].items[*]",
            entry("sku", "string", "$.orders.items.s"),
            entry("qty", "number", "$.orders.items.q"),
            entry("order", "string", "$.orders.no"),
            entry("who", "string", "$.cust"),
        ),
        generate="lines",
    )

    assert map_tree(ORDERS, one) == {
        "lines": [
            {"sku": "x", "qty": 2, "order": "A", "who": "Ann"},
            {"sku": "y", "qty": 1, "order": "A", "who": "Ann"},
            {"sku": "z", "qty": 5, "order": "B", "who": "Ann"},
        ]
    }


def test_array_template_children_see_composite_record() -> None:
    one = array(
        "objectarray",
        helper(
            "$.orders[*].items[*]", entry("t", "string", "{{record.orders.items.s}}{{record.orders.no}}{{record.id}}")
        ),
    )

    assert map_tree(ORDERS, one) == {"v": [{"t": "xA9"}, {"t": "yA9"}, {"t": "zB9"}]}


def test_array_position_on_path_is_replaced_by_its_element_too() -> None:
    one = array(
        "objectarray",
        helper("$.orders[1].items[*]", entry("s", "string", "$.orders.items.s"), entry("no", "string", "$.orders.no")),
    )

    assert map_tree(ORDERS, one) == {"v": [{"s": "z", "no": "B"}]}


def test_array_nested_helper_continues_from_composite() -> None:
    one = array(
        "objectarray",
        helper(
            "$.orders[*]",
            entry("no", "string", "$.orders.no"),
            array(
                "objectarray",
                helper(
                    "$.orders.items[*]", entry("s", "string", "$.orders.items.s"), entry("o", "string", "$.orders.no")
                ),
                generate="items",
            ),
            array("stringarray", helper("$.orders.items[*].q"), generate="qs"),
        ),
    )

    assert map_tree(ORDERS, one) == {
        "v": [
            {"no": "A", "items": [{"s": "x", "o": "A"}, {"s": "y", "o": "A"}], "qs": ["2", "1"]},
            {"no": "B", "items": [{"s": "z", "o": "B"}], "qs": ["5"]},
        ]
    }


def test_array_children_read_whole_composite_objects() -> None:
    one = array(
        "objectarray",
        helper("$.orders[*].items[*]", entry("order", "object", "$.orders"), entry("all", "object", "$")),
    )

    first = map_tree(ORDERS, one)["v"][0]

    assert first["order"] == {"no": "A", "items": {"s": "x", "q": "2"}}
    assert first["all"] == {"id": 9, "cust": "Ann", "orders": {"no": "A", "items": {"s": "x", "q": "2"}}}
    assert ORDERS["orders"][0]["items"][0] == {"s": "x", "q": "2"}


def test_array_wildcard_may_be_left_out_on_last_array() -> None:
    with_star = array("objectarray", helper("$.orders[*].items[*]", entry("s", "string", "$.orders.items.s")))
    without = array("objectarray", helper("$.orders[*].items", entry("s", "string", "$.orders.items.s")))

    assert map_tree(ORDERS, with_star) == map_tree(ORDERS, without)


def test_array_mappings_only_makes_exactly_one_object() -> None:
    one = array("objectarray", helper(None, entry("k", "string", "$.none")), helper(None, entry("k", "string", "b")))

    assert map_tree({}, one) == {"v": [{}, {"k": "b"}]}


def test_array_path_that_ends_on_one_object_counts_as_one_element() -> None:
    one = array("objectarray", helper("$.c", entry("n", "string", "$.c.n"), entry("id", "number", "$.id")))

    assert map_tree({"id": 1, "c": {"n": "x"}}, one) == {"v": [{"n": "x", "id": 1}]}


def test_array_of_primitives_gives_each_element_to_children() -> None:
    one = array("objectarray", helper("$.tags[*]", entry("t", "string", "$.tags")))

    assert map_tree({"tags": ["a", 2]}, one) == {"v": [{"t": "a"}, {"t": "2"}]}


def test_array_condition_drops_empty_elements_of_objects() -> None:
    one = array("objectarray", helper("$.tags[*]", entry("t", "string", "$.tags"), conditional=NOT_EMPTY))

    assert map_tree({"tags": ["a", "", None]}, one) == {"v": [{"t": "a"}]}


def test_array_without_generate_makes_rows() -> None:
    one = {
        k: v
        for k, v in array("objectarray", helper("$.orders[*]", entry("no", "string", "$.orders.no"))).items()
        if k != "generate"
    }

    assert map_records([ORDERS, {}], {"mappings": [one]}) == [[{"no": "A"}, {"no": "B"}], []]


def test_array_over_rows_of_grouped_record_sees_each_row() -> None:
    one = array("objectarray", helper("$[*]", entry("s", "string", "$.s"), entry("t", "string", "{{record.s}}")))

    assert map_tree([{"s": "a"}, {"s": "b"}], one) == {"v": [{"s": "a", "t": "a"}, {"s": "b", "t": "b"}]}
    assert map_tree([{"s": "a"}], array("objectarray", helper("$", entry("s", "string", "$.s")))) == {"v": [{"s": "a"}]}


def test_array_of_arrays_makes_one_inner_array_per_element() -> None:
    inner = {"dataType": "stringarray", "status": "Active", "buildArrayHelper": [{"extract": "$.orders.items[*].s"}]}

    assert map_tree(ORDERS, array("arrayarray", helper("$.orders[*]", inner))) == {"v": [["x", "y"], ["z"]]}


def test_array_of_arrays_with_several_inner_entries_adds_each() -> None:
    first = {"dataType": "stringarray", "status": "Active", "buildArrayHelper": [{"extract": "$.a"}]}
    second = {"dataType": "numberarray", "status": "Active", "buildArrayHelper": [{"extract": "$.b"}]}

    output = map_tree({"a": ["x"], "b": [1, 2]}, array("arrayarray", helper(None, first, second)))

    assert output == {"v": [["x"], [1, 2]]}


@pytest.mark.parametrize(
    ("data_type", "one", "message"),
    [
        ("numberarray", helper("$.a"), "v: You can't map string (source) to [number] (destination)"),
        ("objectarray", helper("$.a"), "v: You can't map string (source) to [object] (destination)"),
        ("arrayarray", helper("$.a"), "v: You can't map string (source) to [array] (destination)"),
    ],
)
def test_array_element_of_wrong_type_fails_record(data_type: str, one: Any, message: str) -> None:
    good, bad = map_records([{}, {"a": ["x"]}], {"mappings": [array(data_type, one)]})

    assert good == {}
    assert isinstance(bad, MappingError)
    assert bad.message == f"Mapper 2.0: {message}"
    assert bad.rule == "mappings[0]"


def test_array_failure_deep_inside_fails_its_record_only() -> None:
    one = array(
        "objectarray",
        helper(
            "$.orders[*]", array("objectarray", helper("$.orders.items[*]", entry("q", "number", "$.orders.items.q")))
        ),
    )
    bad_order = {"orders": [{"items": [{"q": 1}, {"q": "many"}]}]}

    good, bad, other = map_records([ORDERS, bad_order, ORDERS], {"mappings": [one]})

    assert good == other == {"v": [{"v": [{"q": 2}, {"q": 1}]}, {"v": [{"q": 5}]}]}
    assert isinstance(bad, MappingError)
    assert bad.rule == "mappings[0].buildArrayHelper[0].mappings[0].buildArrayHelper[0].mappings[0]"
    assert (bad.position, bad.value) == (1, "many")


def test_array_many_records_keep_their_own_elements() -> None:
    records = [{"l": [{"n": place * 10 + item} for item in range(place % 4)]} for place in range(2500)]
    one = array("objectarray", helper("$.l[*]", entry("n", "number", "$.l.n")))

    outputs = map_records(records, {"mappings": [one]})

    assert [[item["n"] for item in output["v"]] for output in outputs] == [
        [item["n"] for item in record["l"]] for record in records
    ]


def test_array_helper_given_as_object_is_accepted() -> None:
    assert map_tree({"a": ["x"]}, entry("v", "stringarray", buildArrayHelper={"extract": "$.a"})) == {"v": ["x"]}
