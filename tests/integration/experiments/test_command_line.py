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


def test_map_test_of_another_file_exits_1_with_the_reason(files, capsys):
    assert main(["map", "test", str(files / "before.json")]) == 1
    assert "no frozen examples" in capsys.readouterr().err


def test_map_test_missing_file_exits_1_and_names_it(files, capsys):
    assert main(["map", "test", str(files / "nothing.json")]) == 1
    assert "nothing.json" in capsys.readouterr().err
