"""Frozen examples: what is written, what a later check says, and what is no such file."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from celigo_pandas import Mapping
from celigo_pandas.errors import ConfigError, DocumentError
from celigo_pandas.experiments import check_frozen

RECORD = {"a": "1", "l": ["1", "2"], "k": ["3"]}


def strings(path):
    helpers = [{"extract": path}]
    array = {"generate": "o", "dataType": "stringarray", "status": "Active", "buildArrayHelper": helpers}
    return Mapping({"mappings": [array]})


def test_frozen_array_that_changes_names_its_rule(tmp_path):
    strings("$.l[*]").freeze([RECORD], tmp_path / "x.json")
    (row,) = check_frozen(tmp_path / "x.json", strings("$.k[*]")).itertuples(index=False)

    assert row == (0, "o", "mappings[0]", ["1", "2"], ["3"], "")


def test_frozen_failure_that_is_gone_names_the_rule_that_failed(tmp_path):
    mapping = Mapping().set("x", "$.a").set("n", "$.l", data_type="number")
    mapping.freeze([RECORD], tmp_path / "x.json")
    (row,) = check_frozen(tmp_path / "x.json", mapping.copy().remove("x").set("n", "$.a")).itertuples(index=False)

    assert (row.cell, row.rule, row.got) == ("n", "mappings[0]", 1)
    assert row.expected.startswith("(fails: ")


def test_frozen_check_sees_the_time_of_freezing_and_leaves_out_random_text(tmp_path):
    mapping = Mapping().set("at", "{{timestamp 'x'}}").set("id", "{{random 'uuid'}}").set("a", "$.a")
    mapping.freeze([RECORD], tmp_path / "x.json")
    frozen = json.loads((tmp_path / "x.json").read_text())

    assert frozen["varying"] == ["id"]
    assert frozen["examples"][0]["mapped"]["at"] == str(int(datetime.fromisoformat(frozen["now"]).timestamp() * 1000))
    assert check_frozen(tmp_path / "x.json").empty
    assert list(check_frozen(tmp_path / "x.json", mapping.copy().set("a", "b"))["cell"]) == ["a"]


def test_frozen_key_that_looks_like_a_failure_is_a_key(tmp_path):
    Mapping().set("__error__", "$.a").freeze([RECORD], tmp_path / "x.json")

    assert check_frozen(tmp_path / "x.json").empty


def test_frozen_records_whose_keys_are_ordered_differently_are_two(tmp_path):
    records = [{"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 2}]

    assert Mapping().set("x", "$", data_type="string").freeze(records, tmp_path / "x.json") == 2
    assert check_frozen(tmp_path / "x.json").empty


def test_frozen_half_a_character_is_kept(tmp_path):
    Mapping().set("x", "$.a").freeze([{"a": "\ud800|"}], tmp_path / "x.json")

    assert check_frozen(tmp_path / "x.json").empty
    assert check_frozen(tmp_path / "x.json", Mapping().set("x", "b"))["expected"].tolist() == ["\ud800|"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime(2024, 1, 1), {1, 2}])
def test_freeze_value_that_json_cannot_hold_names_the_record(value, tmp_path):
    with pytest.raises(DocumentError, match=r"Record 1 cannot be frozen"):
        Mapping().set("x", "$.a").freeze([RECORD, {"a": value}], tmp_path / "x.json")

    assert list(tmp_path.iterdir()) == []


def test_freeze_into_a_folder_that_is_not_there_says_so(tmp_path):
    with pytest.raises(ConfigError, match=r"Cannot write the frozen examples .*nowhere"):
        Mapping().set("x", "$.a").freeze([RECORD], tmp_path / "nowhere" / "x.json")


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (lambda frozen: frozen.pop("import"), "import"),
        (lambda frozen: frozen.pop("now"), "now"),
        (lambda frozen: frozen.update(now="yesterday"), "now"),
        (lambda frozen: frozen.update(examples={}), "examples"),
        (lambda frozen: frozen["examples"][0].pop("record"), r"examples\[0\]"),
        (lambda frozen: frozen["examples"][0].pop("mapped"), r"examples\[0\]"),
        (lambda frozen: frozen["examples"].append(3), r"examples\[1\]"),
        (lambda frozen: frozen["examples"].append({"record": {}, "error": {"code": 1}}), r"examples\[1\]\.error"),
    ],
)
def test_check_of_a_damaged_file_says_what_is_damaged(spoil, place, tmp_path):
    path = tmp_path / "x.json"
    Mapping().set("x", "$.a").freeze([RECORD], path)
    frozen = json.loads(path.read_text())
    spoil(frozen)
    path.write_text(json.dumps(frozen))

    with pytest.raises(DocumentError, match=rf"x\.json.*damaged.*{place}"):
        check_frozen(path)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[" * 100_000, b"[]", b"{}"])
def test_check_of_another_file_says_so(content, tmp_path):
    (tmp_path / "x.json").write_bytes(content)

    with pytest.raises(DocumentError, match=r"x\.json"):
        check_frozen(tmp_path / "x.json")


def test_report_that_cannot_be_written_says_so(tmp_path):
    report = Mapping().set("x", "$.a").report([RECORD])

    with pytest.raises(ConfigError, match=r"Cannot write the report .*nowhere"):
        report.save(tmp_path / "nowhere" / "x.html")


def test_report_against_the_same_mapping_shows_no_change():
    mapping = Mapping().set("id", "{{random}}").set("at", "{{timestamp 'x'}}")

    assert "0 cells in 0 of 1 rows differ" in mapping.report([RECORD], against=mapping.copy()).html


def rows_of(path):
    row = {
        "extract": path,
        "mappings": [{"generate": "s", "dataType": "string", "extract": "text", "status": "Active"}],
    }
    return Mapping({"mappings": [{"dataType": "objectarray", "status": "Active", "buildArrayHelper": [row]}]})


def test_frozen_output_without_rows_does_not_vary_and_no_object_passes_for_a_list(tmp_path):
    rows_of("$.l[*]").freeze([{"l": []}, RECORD], tmp_path / "x.json")

    assert json.loads((tmp_path / "x.json").read_text())["varying"] == []
    assert check_frozen(tmp_path / "x.json").empty
    assert check_frozen(tmp_path / "x.json", Mapping().set("s", "text"))["example"].tolist() == [0, 1]


def test_file_that_names_every_element_of_an_array_is_read_as_it_was_meant(tmp_path):
    """Earlier versions wrote ``u[*]`` for the positions that rules write, too."""
    file = tmp_path / "x.json"
    fields = [{"generate": "u[0]", "extract": "{{random}}"}, {"generate": "v[0].a", "extract": "{{random}}"}]
    Mapping({"mapping": {"fields": fields, "lists": []}}).freeze([RECORD], file)
    frozen = json.loads(file.read_text())
    assert frozen["varying"] == ["u[0]", "v[0].a"]
    file.write_text(json.dumps({**frozen, "varying": ["u[*]", "v[*].a"]}))

    assert check_frozen(file).empty


def test_frozen_element_beside_random_text_is_checked(tmp_path):
    def document(path):
        fields = [{"generate": "u[0]", "extract": "{{random}}"}, {"generate": "u[1]", "extract": path}]
        return {"mapping": {"fields": fields, "lists": []}}

    Mapping(document("a")).freeze([RECORD], tmp_path / "x.json")

    assert json.loads((tmp_path / "x.json").read_text())["varying"] == ["u[0]"]
    assert check_frozen(tmp_path / "x.json").empty
    assert check_frozen(tmp_path / "x.json", document("zz"))["cell"].tolist() == ["u[1]"]
