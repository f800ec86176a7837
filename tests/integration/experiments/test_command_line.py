"""``celigo-pandas map``: exit codes for CI, and differences a person can read."""

from __future__ import annotations

import json

import pytest
from support.flights import february, notice_document

from celigo_pandas import Mapping
from celigo_pandas.cli import main


@pytest.fixture
def files(tmp_path):
    changed = Mapping(notice_document()).set("miles", data_type="string").to_import()
    (tmp_path / "before.json").write_text(json.dumps(notice_document()))
    (tmp_path / "after.json").write_text(json.dumps(changed))
    february().head(20).to_parquet(tmp_path / "flights.parquet")
    Mapping(notice_document()).freeze(february().head(5), tmp_path / "frozen.json")
    return tmp_path


def test_map_test_passes_as_frozen(files, capsys):
    assert main(["map", "test", str(files / "frozen.json"), "--import", str(files / "before.json")]) == 0
    assert "as frozen" in capsys.readouterr().out


def test_map_test_changed_rule_exits_1_and_shows_the_difference(files, capsys):
    assert main(["map", "test", str(files / "frozen.json"), "--import", str(files / "after.json")]) == 1

    miles = int(february()["distance"].iloc[0])
    said = capsys.readouterr().out
    assert "5 cells differ" in said
    assert f"example 0, miles (mappings[7]): expected {miles}, got '{miles}'" in said


def test_map_diff_exits_1_and_writes_the_report(files, capsys):
    page = files / "report.html"
    arguments = [str(files / name) for name in ("before.json", "after.json", "flights.parquet")]

    assert main(["map", "diff", *arguments, "--report", str(page)]) == 1
    assert "20 cells in 20 of 20 rows differ" in capsys.readouterr().out
    assert page.read_text().startswith("<!doctype html>")
    assert main(["map", "diff", arguments[0], arguments[0], arguments[2]]) == 0


def test_map_coverage_dead_path_exits_1(files, capsys):
    dead = Mapping(notice_document()).set("gate", "$.gate").to_import()
    (files / "dead.json").write_text(json.dumps(dead))

    assert main(["map", "coverage", str(files / "dead.json"), str(files / "flights.parquet"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["dead"] == ["gate"]
    assert main(["map", "coverage", str(files / "before.json"), str(files / "flights.parquet")]) == 0


@pytest.mark.parametrize("content", [None, "[]", "not JSON", "{}", '{"format": 2, "examples": [3]}'])
def test_map_test_what_is_no_file_of_examples_exits_2_with_the_reason(files, capsys, content):
    if content is not None:
        (files / "other.json").write_text(content)

    assert main(["map", "test", str(files / "other.json")]) == 2
    assert "other.json" in capsys.readouterr().err


@pytest.mark.parametrize("document", ["[]", '{"mappings": [{"generate": "x"}]}'])
@pytest.mark.parametrize("action", ["test", "diff", "coverage"])
def test_map_document_that_is_no_mapping_exits_2(files, action, document, capsys):
    (files / "bad.json").write_text(document)
    bad, rows = str(files / "bad.json"), str(files / "flights.parquet")
    arguments = {
        "test": [str(files / "frozen.json"), "--import", bad],
        "diff": [bad, bad, rows],
        "coverage": [bad, rows],
    }

    assert main(["map", action, *arguments[action]]) == 2
    assert capsys.readouterr().err.startswith("celigo-pandas: ")


def test_map_diff_report_that_cannot_be_written_exits_2_before_any_work(files, capsys):
    arguments = [str(files / name) for name in ("before.json", "after.json", "flights.parquet")]

    assert main(["map", "diff", *arguments, "--report", str(files / "nowhere" / "x.html")]) == 2
    said = capsys.readouterr()
    assert "nowhere" in said.err
    assert said.out == ""


def test_map_diff_rows_that_fail_in_both_exit_1_and_are_told(files, capsys):
    def written(name, extract):
        lookups = [{"name": "asked", "relativeURI": "/x", "extract": "id"}]
        mapping = Mapping({"lookups": lookups}).set("tail", extract, lookup="asked")
        (files / name).write_text(json.dumps(mapping.to_import()))
        return str(files / name)

    arguments = [written("a.json", "$.tailnum"), written("b.json", "$.dest"), str(files / "flights.parquet")]

    assert main(["map", "diff", *arguments]) == 1
    said = capsys.readouterr().out
    assert "20 rows fail in both and could not be compared" in said
    assert main(["map", "diff", *arguments, "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"rules": [], "idle": [], "undecided": ["tail"], "uncompared": 20}
    assert main(["map", "diff", arguments[0], arguments[0], arguments[2]]) == 0


def test_map_coverage_and_diff_read_flattened_columns_as_objects_with_nest(files, capsys):
    (files / "rows.csv").write_text("id,cust.name,cust.zip\n1,Ann,01234\n")
    for name, extract in (("name.json", "$.cust.name"), ("zip.json", "$.cust.zip")):
        (files / name).write_text(json.dumps(Mapping().set("x", extract).to_import()))
    name, zipped, rows = (str(files / one) for one in ("name.json", "zip.json", "rows.csv"))

    assert main(["map", "coverage", name, rows]) == 1
    said = capsys.readouterr()
    assert "DEAD PATH" in said.out
    assert r"not used: id, cust\.name" in said.out
    assert "cust.name: a field with a dot in its name" in said.err
    assert "--nest" in said.err
    assert main(["map", "coverage", name, rows, "--nest"]) == 0
    assert main(["map", "diff", name, zipped, rows, "--nest"]) == 1
    assert "'Ann' → '01234'" in capsys.readouterr().out
