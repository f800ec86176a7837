"""Objects and arrays built from columns, against the same keys set one after the other."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.mapping import map_fields

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping import map_records
from celigo_pandas.mapping.evaluate.output_rows import Layout

KEYS = st.lists(st.one_of(st.sampled_from("abc"), st.integers(0, 3)), max_size=3).map(tuple)
PLACES = st.lists(st.tuples(st.sampled_from("abc"), KEYS).map(lambda pair: (pair[0], *pair[1])), max_size=6)
VALUES = st.sampled_from([1, "t", None, UNDEFINED])


def set_in_turn(places: list[tuple[Any, ...]], values: list[Any]) -> dict[str, Any]:
    """Set each value at its keys in a tree of dicts; then make arrays of those that have positions."""
    tree: dict[Any, Any] = {}
    for keys, value in zip(places, values, strict=True):
        node = tree
        if value is UNDEFINED:
            continue
        for here, after in pairwise(keys):
            below = node.get(here)
            if not isinstance(below, dict) or any(isinstance(key, int) != isinstance(after, int) for key in below):
                node[here] = {}
            node = node[here]
        node[keys[-1]] = value
    return {key: arrays_of(value) for key, value in tree.items()}


def arrays_of(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if isinstance(next(iter(node)), int):
        return [arrays_of(node.get(place)) for place in range(max(node) + 1)]
    return {key: arrays_of(value) for key, value in node.items()}


@given(PLACES.flatmap(lambda places: st.tuples(st.just(places), st.lists(st.tuples(*[VALUES] * len(places))))))
def test_layout_builds_what_setting_in_turn_makes(case: tuple[list[Any], list[tuple[Any, ...]]]) -> None:
    places, rows = case
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in places]

    built = Layout(places).build(columns, len(rows))

    assert built == [set_in_turn(places, list(row)) for row in rows]


def test_positions_beside_names_in_one_place_follow_the_later_rule() -> None:
    rules = [{"generate": "a[1]", "extract": "x"}, {"generate": "a.b", "extract": "y"}]

    assert map_fields({"x": 1, "y": 2}, *rules) == {"a": {"b": 2}}
    assert map_fields({"x": 1}, *rules) == {"a": [None, 1]}


def test_arrays_are_built_for_records_beyond_the_first_chunks() -> None:
    fields = [{"generate": name, "extract": "x"} for name in ("a", "b", "c", "d[1].e")]
    records = [{"x": number} for number in range(5000)]

    mapped = map_records(records, {"mapping": {"fields": fields}})

    assert mapped == [{"a": n, "b": n, "c": n, "d": [None, {"e": n}]} for n in range(5000)]
