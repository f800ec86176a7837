"""What people read of a comparison, a coverage and a blame, and what programs get of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from celigo_pandas import Mapping
from celigo_pandas.errors import FrameError

ROWS = pd.DataFrame(
    {"a": [1, 2, 3], "t": ["x", "7", "8"], "l": [[{"s": 1}], [], [{"s": 2}, {"s": 3}]]}, index=list("ABC")
)


def test_diff_tells_rows_that_fail_in_both_in_text_and_html():
    before = Mapping().set("n", "$.t", data_type="number").set("x", "$.a", default="0")
    found = before.diff(before.copy().set("x", default="1"), ROWS)

    assert found.uncompared == ["A"]
    assert (found.idle, found.undecided, bool(found)) == ([], ["x"], False)
    for said in (repr(found), found._repr_html_()):
        assert "1 rows fail in both and could not be compared" in said
        assert "could be compared" in said
    assert "Rows that fail in both: </b>A" in found._repr_html_()


def test_diff_frames_keep_each_value_as_it_is():
    before = Mapping().set("x", "$.a", data_type="number")
    after = Mapping().set("x", "$.b", data_type="number")
    found = before.diff(after, [{"a": 1, "b": None}, {"a": 2, "b": "3"}, {"a": "4"}])

    assert found.cells["after"].tolist() == [None, 3, "(left out)"]
    assert [type(value) for value in found.cells["before"]] == [int, int, int]
    assert Mapping().set("y", "$.a").diff(before, [{"a": 1}]).frame["rule_before"].tolist()[0] is None


def test_diff_of_half_a_character_can_be_framed():
    found = Mapping().set("x", "$.a").diff(Mapping().set("x", "$.b"), [{"a": "\ud800", "b": "b"}])

    assert found.cells["before"].tolist() == ["\ud800"]
    assert found.frame["example_after"].tolist() == ["b"]


def test_cells_that_diff_names_are_rules_of_the_mapping_and_cells_to_blame():
    before = Mapping().set(r"a\.b", "$.a").set("items", "$.l[*]", data_type="objectarray").set("items[*].s", "$.l.s")
    after = before.copy().set(r"a\.b", "$.t").set("items[*].s", "$.a")
    found = before.diff(after, ROWS)

    assert found.frame["cell"].tolist() == [r"a\.b", "items[*].s"]
    for cell, rule in zip(found.frame["cell"], found.frame["rule_after"], strict=True):
        assert after[cell]["extract"] in ("$.t", "$.a")
        assert after.blame(ROWS, "C", cell).rule == rule
    for one in found.cells.itertuples():
        assert before.blame(ROWS, one.row, one.cell).value == one.before
        assert after.blame(ROWS, one.row, one.cell).value == one.after


def test_blame_of_a_list_shows_the_cells_inside():
    mapping = Mapping().set("items", "$.l[*]", data_type="objectarray").set("items[*].s", "$.l.s")
    found = mapping.blame(ROWS, "C", "items")

    assert found.value == [{"s": "2"}, {"s": "3"}]
    assert found.sources == {"l[*]": [{"s": 2}, {"s": 3}]}
    assert found.parts[["cell", "value"]].values.tolist() == [["items[0].s", "2"], ["items[1].s", "3"]]
    assert "inside    items[1].s = 3" in repr(found)
    assert "items[1].s" in found._repr_html_()


def test_blame_inside_a_copy_shows_the_value_of_that_cell():
    found = Mapping().set("o", "$.o", data_type="object").blame([{"o": {"x": {"y": 5}}}], 0, "o.x.y")

    assert (found.value, found.sources) == (5, {"o": {"x": {"y": 5}}})
    assert "value     5" in repr(found)


@pytest.mark.parametrize("row", [slice(0, 1), ["A"], None, {"A"}])
def test_blame_of_what_is_no_label_says_so(row):
    with pytest.raises(FrameError, match="is no label"):
        Mapping().set("x", "$.a").blame(ROWS, row, "x")


@pytest.mark.parametrize("row", [True, -1, 1, "0", 0.0])
def test_blame_of_what_is_no_position_says_so(row):
    with pytest.raises(FrameError, match="expected a position"):
        Mapping().set("x", "$.a").blame([{"a": 1}], row, "x")


def test_blame_takes_a_position_of_numpy():
    assert Mapping().set("x", "$.a").blame([{"a": 1}], np.int64(0), "x").value == "1"


def test_coverage_shows_helpers_apart_and_names_a_dead_cell_once():
    helpers = [{"extract": path} for path in ("$.l[*].s", "$.y[*]", "$.z[*]")]
    array = {"generate": "o", "dataType": "stringarray", "status": "Active", "buildArrayHelper": helpers}
    found = Mapping({"mappings": [array]}).coverage(ROWS)

    assert found.dead == ["o[*]"]
    assert found.frame["reads"].tolist() == ["l[*].s, y[*], z[*]", "l[*].s", "y[*]", "z[*]"]
    assert "o[*] from y[*]                 DEAD PATH found 0%" in repr(found)
    assert "o[*] from y[*] — dead path" in found._repr_html_()


def test_coverage_calls_constant_only_what_is():
    said = repr(Mapping().set("a", "text").set("b", "{{settings.x}}").set("c.d", "$.a").coverage(ROWS))

    assert [line.split()[1:] for line in said.splitlines()[1:4]] == [["constant"], ["reads", "no", "field"], ["object"]]


def test_a_change_of_the_type_alone_is_seen_wherever_two_values_stand_side_by_side():
    df = pd.DataFrame({"n": [79]})
    before = Mapping().set("minutes", "$.n", data_type="number")
    after = Mapping().set("minutes", "$.n", data_type="string")
    found = before.diff(after, df)

    assert found.frame["type_change"].tolist() == found.cells["type_change"].tolist() == ["number → text"]
    assert "79 → '79'" in repr(found)
    assert ">79</del> → <ins" in found._repr_html_()
    assert ">&#x27;79&#x27;</ins>" in found._repr_html_()
    assert ">&#x27;79&#x27;</ins>" in after.report(df, against=before).html
    assert "'79'" in repr(after.blame(df, 0, "minutes"))


def test_texts_beside_each_other_stand_without_quotes():
    df = pd.DataFrame({"a": ["x"], "b": ["y"]})
    found = Mapping().set("v", "$.a").diff(Mapping().set("v", "$.b"), df)

    assert found.frame["type_change"].tolist() == [""]
    assert ">x</del> → <ins" in found._repr_html_()
