"""Coverage, blame and frozen examples of a mapping with scripts around it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import celigo_pandas as celigo
from celigo_pandas.cli import main
from celigo_pandas.errors import ConfigError, DocumentError, HintWarning, MappingError
from celigo_pandas.experiments import check_frozen

ID = "5f00000000000000000000aa"
CODE = """// orders

function preMap({data}) {
  return data.map((d) => d.skip ? {} : {data: {...d, gross: d.net * 1.5, first: data[0].net}})
}

function postMap({postMapData}) {
  return postMapData.map((data) => ({data: {...data, gross: Math.round(data.gross), note: 'ok'}}))
}
"""


def entry(generate: str, extract: str, kind: str = "number") -> dict[str, Any]:
    return {"generate": generate, "dataType": kind, "extract": extract, "status": "Active"}


DOC: dict[str, Any] = {
    "mappings": [entry("gross", "$.gross"), entry("net", "$.net"), entry("first", "$.first"), entry("gone", "$.x")],
    "hooks": {"preMap": {"_scriptId": ID, "function": "preMap"}, "postMap": {"_scriptId": ID, "function": "postMap"}},
}
ROWS = pd.DataFrame({"net": [n + 0.5 for n in range(120)]}, index=[f"r{n}" for n in range(120)])


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.js"
    path.write_text(CODE, encoding="utf-8")
    return path


def test_coverage_reads_what_a_hook_wrote_as_present(orders: Path) -> None:
    mapping = celigo.Mapping(DOC)

    with_hooks = mapping.coverage(ROWS, scripts={ID: orders})
    with pytest.warns(HintWarning, match=r"what hooks.preMap writes is not there"):
        without = mapping.coverage(ROWS)

    assert with_hooks.dead == ["gone"]
    assert without.dead == ["gross", "first", "gone"]


def test_coverage_counts_what_a_hook_lets_pass(orders: Path) -> None:
    rows = pd.DataFrame({"net": [1.0, 2.0, 3.0], "skip": [True, False, False]})

    assert celigo.Mapping(DOC).coverage(rows, scripts={ID: orders}).coverage.records == 2


def test_blame_names_the_hook_and_its_line_where_it_wrote_the_cells_field(orders: Path) -> None:
    mapping = celigo.Mapping(DOC)

    gross = mapping.blame(ROWS, "r1", "gross", scripts={ID: orders})
    net = mapping.blame(ROWS, "r1", "net", scripts={ID: orders})
    note = mapping.blame(ROWS, "r1", "note", scripts={ID: orders})

    steps = gross.steps
    assert steps.step.iloc[0] == "preMap (orders.js:3)"
    assert (steps.before.iloc[0], steps.after.iloc[0]) == ("(left out)", 2.25)
    assert steps.step.iloc[-1] == "postMap (orders.js:7)"
    assert (gross.value, gross.sources) == (2, {"gross": 2.25})
    assert not [step for step in net.steps.step if "orders.js" in step]
    assert (note.rule, note.value) == ("hooks.postMap", "ok")
    assert "preMap (orders.js:3) (left out) → 2.25" in repr(gross)


def test_blame_gives_the_hook_the_page_that_a_push_would_give_it(orders: Path) -> None:
    mapping = celigo.Mapping(DOC)

    assert mapping.blame(ROWS, "r99", "first", scripts={ID: orders}).value == 0.5
    assert mapping.blame(ROWS, "r101", "first", scripts={ID: orders}).value == 100.5


def test_blame_of_a_row_that_a_hook_does_not_let_pass_says_so(orders: Path) -> None:
    rows = pd.DataFrame({"net": [1.0], "skip": [True]})

    with pytest.raises(MappingError, match="preMap ignores this record"):
        celigo.Mapping(DOC).blame(rows, 0, "net", scripts={ID: orders})


def test_frozen_examples_pin_the_scripts(orders: Path, tmp_path: Path) -> None:
    frozen = tmp_path / "orders.frozen.json"
    rows = pd.concat([ROWS.head(3), pd.DataFrame({"net": [1.0], "skip": [True]})])
    count = celigo.Mapping(DOC).freeze(rows, frozen, scripts={ID: orders})
    orders.unlink()

    kept = json.loads(frozen.read_text())
    same = check_frozen(frozen)
    changed = check_frozen(frozen, scripts={"orders.js": CODE.replace("1.5", "3")})

    assert count == 4
    assert kept["format"] == 3
    assert kept["scripts"][ID]["content"] == CODE
    assert kept["examples"][3]["error"]["code"] == "ignored"
    assert kept["examples"][1]["mapped"] == {"gross": 2, "net": 1.5, "first": 0.5, "note": "ok"}
    assert same.empty
    assert set(changed.cell) == {"gross"}
    assert changed.got.tolist()[:2] == [2, 5]


def test_frozen_examples_without_scripts_stay_as_they_were(tmp_path: Path) -> None:
    frozen = tmp_path / "plain.frozen.json"
    doc = {name: value for name, value in DOC.items() if name != "hooks"}
    celigo.Mapping(doc).freeze(ROWS.head(2), frozen)

    assert json.loads(frozen.read_text())["format"] == 2
    assert "scripts" not in json.loads(frozen.read_text())
    with pytest.raises(DocumentError, match="was not frozen with the examples"):
        check_frozen(frozen, DOC, scripts={})


@pytest.mark.parametrize("damage", ["content", "digest", "name"])
def test_pinned_script_that_was_changed_is_damage_and_not_a_difference(
    orders: Path, tmp_path: Path, damage: str
) -> None:
    frozen = tmp_path / "orders.frozen.json"
    celigo.Mapping(DOC).freeze(ROWS.head(2), frozen, scripts={ID: orders})
    kept = json.loads(frozen.read_text())
    kept["scripts"][ID][damage] = "x" if damage != "name" else None
    frozen.write_text(json.dumps(kept))

    with pytest.raises(DocumentError, match="damaged frozen examples"):
        check_frozen(frozen)


def test_map_test_and_coverage_take_scripts_on_the_command_line(
    orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frozen, doc, rows = tmp_path / "o.frozen.json", tmp_path / "doc.json", tmp_path / "rows.json"
    celigo.Mapping(DOC).freeze(ROWS.head(3), frozen, scripts={ID: orders})
    (tmp_path / "new.js").write_text(CODE.replace("'ok'", "'fine'"))
    doc.write_text(json.dumps(DOC))
    rows.write_text(json.dumps([{"net": 1.5}]))

    def run(*arguments: str) -> tuple[int, str]:
        code = main(["map", *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    same, other = run("test", str(frozen)), run("test", str(frozen), "--script", f"orders.js={tmp_path / 'new.js'}")
    covered = run("coverage", str(doc), str(rows), "--script", f"{ID}={orders}")
    bad = run("test", str(frozen), "--script", "orders.js")

    assert same == (0, f"{frozen}: as frozen\n")
    assert other[0] == 1
    assert "note" in other[1]
    assert covered[0] == 1
    assert "gone" in covered[1]
    assert bad[0] == 2
    assert "expected ID=FILE" in bad[1]


@pytest.mark.parametrize("scripts", ["orders.js", Path("orders.js"), 0])
def test_scripts_that_stand_in_for_nothing_are_refused(scripts: Any) -> None:
    with pytest.raises(ConfigError, match="expected scripts by _id or name"):
        ROWS.celigo.dry_run(DOC, scripts=scripts)


def test_unknown_entry_of_scripts_is_refused(orders: Path) -> None:
    with pytest.raises(ConfigError, match="'Ordrs', which the document does not refer to"):
        celigo.Mapping(DOC).coverage(ROWS, scripts={ID: orders, "Ordrs": orders})


def transform(version: str) -> dict[str, Any]:
    if version == "script":
        return {"type": "script", "script": {"_scriptId": ID, "function": "shape"}}
    rules: dict[str, Any] = {
        "1": {"rules": [[{"extract": "net", "generate": "amount"}]]},
        "2": {"rulesTwoDotZero": {"mode": "create", "mappings": [entry("amount", "$.net")]}},
    }[version]
    return {"type": "expression", "version": version, "expression": {"version": version, **rules}}


def transformed(version: str) -> dict[str, Any]:
    rules = ["greaterthan", ["number", ["extract", "amount"]], ["number", 100]]
    return {
        "transform": transform(version),
        "filter": {"type": "expression", "expression": {"version": "1", "rules": rules}},
        "mappings": [entry("gross", "$.amount"), entry("net", "$.net")],
    }


SHAPE = "function shape({record}) { return {amount: record.net} }"


def test_transform_of_an_import_is_the_same_by_rules_and_by_a_script_here_and_on_the_server() -> None:
    with celigo.local(demo="none") as client:
        desk = client.connections.create(
            {"name": "Desk", "type": "http", "http": {"baseURI": "http://127.0.0.1:9", "mediaType": "json"}}
        )
        id = client.scripts.create("Shape", SHAPE).id
        found = []
        for version in ("1", "2", "script"):
            doc = json.loads(json.dumps(transformed(version)).replace(ID, id))
            here = ROWS.celigo.dry_run(doc, scripts={id: SHAPE} if version == "script" else None)
            there = ROWS.celigo.dry_run(doc, desk, progress=False)
            found += [(trial.counts["mapped"], trial.mapped.gross.tolist()) for trial in (here, there)]

    assert found == [(20, [n + 0.5 for n in range(100, 120)])] * 6


def test_coverage_and_blame_read_what_a_transform_makes(tmp_path: Path) -> None:
    mapping = celigo.Mapping(transformed("1"))

    story = mapping.blame(ROWS, "r3", "gross")

    assert mapping.coverage(ROWS).dead == ["net"]
    assert story.steps.iloc[0].tolist() == ["transform", "(left out)", 3.5]
    mapping.freeze(ROWS.iloc[:2], tmp_path / "frozen.json")
    examples = json.loads((tmp_path / "frozen.json").read_text(encoding="utf-8"))["examples"]
    assert [one["mapped"] for one in examples] == [{"gross": 0.5}, {"gross": 1.5}]
    assert check_frozen(tmp_path / "frozen.json").empty
    changed = {**transformed("1"), "transform": transform("2"), "mappings": [entry("gross", "$.net")]}
    assert check_frozen(tmp_path / "frozen.json", changed).cell.tolist() == ["gross", "gross"]


def test_record_that_a_transform_of_an_import_fails_at_is_told_as_that() -> None:
    doc = transformed("2")
    rows = pd.DataFrame({"net": ["x", "200"]})

    trial = rows.celigo.dry_run(doc)

    assert trial.frame.state.tolist() == ["failed", "mapped"]
    assert trial.frame.source[0] == "transformation"
    doc["transform"]["expression"]["rulesTwoDotZero"]["mode"] = "other"
    with pytest.raises(DocumentError, match="mode"):
        rows.celigo.dry_run(doc)
