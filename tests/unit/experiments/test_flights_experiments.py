"""Planted changes over real flights: diff names exactly the rules and the cells, coverage the dead paths."""

from __future__ import annotations

import pandas as pd
import pytest
from support.flights import february, notice_document

from celigo_pandas import Mapping
from celigo_pandas.errors import DocumentError, FrameError, MappingError

FLIGHTS = february()


@pytest.fixture
def before():
    return Mapping.from_import(notice_document())


def cells_of(found):
    return set(found.frame["cell"])


def test_diff_of_a_mapping_with_itself_finds_nothing(before):
    found = before.diff(before.copy(), FLIGHTS)

    assert not found
    assert found.frame.empty
    assert found.cells.empty
    assert found.idle == []


def test_diff_renamed_path_names_that_rule_and_every_row(before):
    found = before.diff(before.copy().set("tail", "$.tail_number"), FLIGHTS)

    assert cells_of(found) == {"tail"}
    row = found.frame.iloc[0]
    assert row["rule_before"] == row["rule_after"] == "mappings[1]"
    assert row["cells"] == FLIGHTS["tailnum"].notna().sum()
    assert set(found.cells["change"]) == {"removed"}
    assert list(found.cells["row"]) == list(FLIGHTS.index[FLIGHTS["tailnum"].notna()])


def test_diff_changed_date_format_names_that_rule_only(before):
    found = before.diff(before.copy().set("scheduled", generate_date_format="DD.MM.YYYY"), FLIGHTS)

    assert cells_of(found) == {"scheduled"}
    assert found.frame.iloc[0]["rows"] == len(FLIGHTS)
    year, month, day = FLIGHTS["time_hour"].iloc[0][:10].split("-")
    assert found.frame.iloc[0]["example_after"] == f"{day}.{month}.{year}"


def test_diff_number_sent_as_text_is_a_change(before):
    found = before.diff(before.copy().set("miles", data_type="string"), FLIGHTS)

    assert cells_of(found) == {"miles"}
    first = found.cells.iloc[0]
    assert (first["before"], first["after"]) == (int(FLIGHTS["distance"].iloc[0]), str(FLIGHTS["distance"].iloc[0]))


def test_diff_dropped_default_changes_the_cancelled_flights_only(before):
    found = before.diff(before.copy().set("minutes", default=...), FLIGHTS)

    assert cells_of(found) == {"minutes"}
    assert found.frame.iloc[0]["rows"] == FLIGHTS["dep_delay"].isna().sum() > 100
    assert set(found.cells["change"]) == {"removed"}


def test_diff_lookup_with_a_missing_key_names_the_rows_that_now_fail(before):
    short = {key: value for key, value in before.lookups[0]["map"].items() if key != "B6"}
    found = before.diff(before.copy().set_lookup("airlines", short, allowFailures=False), FLIGHTS)

    assert found.newly_failed == list(FLIGHTS.index[FLIGHTS["carrier"] == "B6"])
    assert found.newly_mapped == []
    assert found.idle == []
    assert list(found.frame["cell"]) == ["airline"]
    assert found.frame.iloc[0]["rows"] == len(found.newly_failed)
    assert found.frame.iloc[0]["example_before"] == "JetBlue"


def test_diff_rule_without_an_effect_is_listed_as_idle(before):
    found = before.diff(before.copy().set("miles", default="0"), FLIGHTS)

    assert not found
    assert found.idle == ["miles"]


def test_diff_added_and_removed_rules_are_cells_added_and_removed(before):
    after = before.copy().remove("to").set("year", "$.year", data_type="number")
    found = before.diff(after, FLIGHTS)

    assert dict(zip(found.cells["cell"], found.cells["change"], strict=True)) == {"to": "removed", "year": "added"}
    assert len(found.cells) == 2 * len(FLIGHTS)


def test_coverage_finds_each_dead_path_and_each_unused_field(before):
    mapping = before.copy().set("tail", "$.tail_number").set("gate", "$.gate").set("note", "{{record.remark}}!")
    found = mapping.coverage(FLIGHTS)

    assert found.dead == ["tail", "gate", "note"]
    used = {"carrier", "flight", "origin", "dest", "time_hour", "dep_delay", "distance"}
    assert set(found.unused) == set(FLIGHTS.columns) - used


def test_coverage_shares_are_those_of_the_frame(before):
    frame = before.coverage(FLIGHTS).frame.set_index("cell")
    missing = FLIGHTS["dep_delay"].isna().mean()

    assert frame.loc["tail", "found"] == pytest.approx(FLIGHTS["tailnum"].notna().mean())
    assert frame.loc["minutes", "defaulted"] == pytest.approx(missing)
    assert frame.loc["minutes", "found"] == pytest.approx(1 - missing)
    assert frame.loc["airline", "lookup_misses"] == 0
    assert (frame["rows"] == len(FLIGHTS)).all()


def test_coverage_counts_lookup_misses_bad_dates_and_retyped_values(before):
    mapping = before.copy().set_lookup("airlines", {"UA": "United"}, allowFailures=True, default="other")
    mapping.set("scheduled", "$.carrier").set("miles", data_type="string")
    frame = mapping.coverage(FLIGHTS).frame.set_index("cell")

    assert frame.loc["airline", "lookup_misses"] == pytest.approx((FLIGHTS["carrier"] != "UA").mean())
    assert frame.loc["scheduled", "date_failures"] == frame.loc["scheduled", "failures"] == 1
    assert frame.loc["miles", "retyped"] == 1


def test_blame_of_every_cell_leads_to_its_source_value(before):
    row = FLIGHTS.index[FLIGHTS["tailnum"].notna()][7]
    expected = {
        "tail": ("tailnum", "mappings[1]"), "from": ("origin", "mappings[3]"), "miles": ("distance", "mappings[7]"),
        "airline": ("carrier", "mappings[2]"), "scheduled": ("time_hour", "mappings[5]"),
    }  # fmt: skip
    for cell, (source, rule) in expected.items():
        found = before.blame(FLIGHTS, row, cell)

        assert found.rule == rule
        assert found.sources == {source: FLIGHTS.loc[row, source]}
        assert found.value == before.apply(FLIGHTS.loc[[row]])[0][cell]


def test_blame_of_a_template_names_every_path_it_reads(before):
    found = before.blame(FLIGHTS, 0, "flight")

    assert found.sources == {"carrier": FLIGHTS.loc[0, "carrier"], "flight": FLIGHTS.loc[0, "flight"]}


def test_blame_tells_the_steps_of_a_lookup(before):
    found = before.blame(FLIGHTS, 0, "airline")

    assert list(found.steps["step"]) == ["extract", "lookup"]
    assert found.steps["after"].iloc[-1] == found.value


def test_blame_of_a_failed_cell_says_why(before):
    found = before.copy().set("minutes", "$.carrier").blame(FLIGHTS, 0, "minutes")

    assert found.is_absent
    assert "You can't map string (source) to number (destination)" in found.problems[0].message


@pytest.mark.parametrize(("row", "cell", "error"), [(0, "nothing", MappingError), (10**9, "tail", FrameError)])
def test_blame_of_what_is_not_there_says_so(before, row, cell, error):
    with pytest.raises(error, match=str(row) if error is FrameError else cell):
        before.blame(FLIGHTS, row, cell)


def test_blame_needs_a_unique_label(before):
    twice = pd.concat([FLIGHTS.head(1), FLIGHTS.head(1)])

    with pytest.raises(FrameError, match="several rows"):
        before.blame(twice, 0, "tail")


def test_freeze_then_change_shows_the_example_the_cell_and_the_rule(before, tmp_path):
    from celigo_pandas.experiments import check_frozen

    path = tmp_path / "notices.json"
    count = before.freeze(FLIGHTS.head(50), path)

    assert count == 50
    assert check_frozen(path).empty
    assert check_frozen(path, before).empty
    changed = check_frozen(path, before.copy().set("scheduled", generate_date_format="YYYY"))
    assert len(changed) == 50
    assert set(changed["cell"]) == {"scheduled"}
    assert set(changed["rule"]) == {"mappings[5]"}
    assert changed["got"].iloc[0] == "2013"
    assert set(changed["type_change"]) == {""}
    retyped = check_frozen(path, before.copy().set("minutes", data_type="string"))
    assert set(retyped["type_change"]) == {"number → text"}


def test_freeze_keeps_failures_as_failures(before, tmp_path):
    from celigo_pandas.experiments import check_frozen

    path = tmp_path / "failing.json"
    failing = before.copy().set("minutes", "$.carrier")
    failing.freeze(FLIGHTS.head(5), path)

    assert check_frozen(path).empty
    assert len(check_frozen(path, before)) == 5


def test_remove_of_an_unknown_rule_lists_what_is_there(before):
    with pytest.raises(DocumentError, match=r"'tails'.*flight, tail"):
        before.remove("tails")


def test_to_import_leaves_alone_what_it_does_not_own(before):
    production = {"_id": "a" * 24, "http": {"method": ["PUT"]}, "mappings": [], "lookups": [{"name": "z", "map": {}}]}
    written = before.to_import(production)

    assert written["_id"] == "a" * 24
    assert written["http"] == {"method": ["PUT"]}
    assert [lookup["name"] for lookup in written["lookups"]] == ["z", "airlines"]
    assert written["mappings"] == notice_document()["mappings"]
    assert production["mappings"] == []
