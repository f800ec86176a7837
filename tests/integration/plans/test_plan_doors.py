"""Plans from the command line and in the mapping editor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.plan_places import PLACES, Place

import celigo_pandas as celigo
from celigo_pandas.cli import main
from celigo_pandas.errors import ConfigError
from celigo_pandas.forms.elements import walk

Run = Callable[..., tuple[int, str, str]]

RECORDS = [
    {"shop": "N", "day": "2026-03-01", "line": line, "name": f"Item {line}", "qty": 1, "price": 0.5, "note": "n",
     "at": "2026-03-01T00:00:00Z"}
    for line in range(8)
]  # fmt: skip


@pytest.fixture
def place(client: celigo.Client, tmp_path: Path) -> Iterator[Place]:
    with PLACES["service"](client, tmp_path, RECORDS[:6]) as opened:
        yield opened


@pytest.fixture
def run(
    client: celigo.Client,
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("CELIGO_BASE_URL", client.base_url)
    monkeypatch.setenv("CELIGO_API_TOKEN", str(client.engine_token))
    frame().to_parquet("rows.parquet")
    Path("import.json").write_text(json.dumps(place.import_doc.to_dict()))
    Path("current.json").write_text(json.dumps(place.export.to_dict()))

    def run_command(*arguments: str) -> tuple[int, str, str]:
        code = main(["push", "rows.parquet", "import.json", "-c", place.con.name, *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_command


def frame() -> pd.DataFrame:
    """Seven rows: one is changed, one is new, of one the key stands there in other letters."""
    df = pd.DataFrame(RECORDS[:7])
    df.loc[2, "qty"] = 9
    df.loc[3, "shop"] = "n"
    return df


PLAN = ("--plan", "current.json", "--key", "shop,day,line")


def test_push_with_a_plan_shows_it_and_sends_what_it_says(run: Run, place: Place) -> None:
    before = place.stored()

    code, said, complaints = run(*PLAN, "--dry-run", "--plan-report", "plan.html")
    assert (code, place.stored()) == (1, before), complaints
    assert said.startswith("7 rows: 1 create, 1 update, 4 unchanged, 1 conflict.")
    assert "which it may take for the same" in said
    assert "<h1>Import plan</h1>" in Path("plan.html").read_text()

    code, said, complaints = run(*PLAN)
    assert (code, place.stored()) == (1, before)
    assert "--yes" in complaints

    code, said, complaints = run(*PLAN, "--yes", "--json", "--first", "0", "--outcomes", "outcomes.csv")
    assert code == 1  # one row was withheld
    assert json.loads(said)["outcomes"] == {"ok": 2, "unchanged": 4, "withheld": 1}
    assert len(place.stored()) == 7
    assert place.stored()[2]["qty"] == 9
    assert "withheld" in Path("outcomes.csv").read_text()


def test_push_with_a_plan_of_rows_in_a_file(run: Run, place: Place) -> None:
    frame().to_parquet("there.parquet")

    code, said, complaints = run("--plan", "there.parquet", "--key", "line", "--json", "--yes")

    assert code == 0, complaints
    told = json.loads(said)
    assert told["actions"] == {"create": 0, "update": 0, "unchanged": 7, "conflict": 0, "failed": 0, "ignored": 0}
    assert len(told["digest"]) == 64


@pytest.mark.parametrize(
    ("options", "expected"),
    [(("--plan", "current.json"), "--plan needs --key"), (("--key", "line"), "belong to --plan"),
     (("--plan", "current.json", "--key", "lime"), "Did you mean 'line'")],
)  # fmt: skip
def test_push_says_what_a_plan_lacks(run: Run, options: tuple[str, ...], expected: str) -> None:
    code, _, complaints = run(*options)

    assert code in (1, 2)
    assert expected in complaints


def test_editor_plans_and_pushes_what_was_shown(place: Place) -> None:
    editor = celigo.MappingEditor(
        frame(), place.import_doc, place.con, current=place.export, key=["shop", "day", "line"]
    )

    plan = editor.plan()

    assert plan.counts["update"] == 1
    texts = [str(element.get("text", element.get("label", ""))) for element in walk(editor.layout())]
    assert any(text.startswith("7 rows: 1 create, 1 update") for text in texts)
    assert "Push 2 rows" in texts
    tables = {element["id"]: element for element in walk(editor.layout()) if element.get("k") == "table"}
    assert [cell["t"] for cell in tables["plan_changes"]["rows"][0]["cells"]][2:5] == ["qty", "1", "9"]
    assert tables["plan_held"]["caption"] == "1 row that stays here"

    result = editor.push_plan()

    assert result.summary() == "7 rows: 2 ok, 4 unchanged, 1 withheld."
    assert editor.state.shown_plan is None
    with pytest.raises(ConfigError, match="Nothing was planned yet"):
        editor.push_plan()


def test_editor_takes_what_is_typed_and_forgets_a_plan_of_other_rules(place: Place) -> None:
    editor = celigo.MappingEditor(frame(), place.import_doc, place.con)
    with pytest.raises(ConfigError, match="needs a key"):
        editor.plan()
    editor.set_value("plan|key", "shop, day,line")
    with pytest.raises(ConfigError, match="what is at the destination"):
        editor.plan()
    editor.set_value("plan|current", "{")
    with pytest.raises(ConfigError, match="not JSON"):
        editor.plan()
    editor.set_value("plan|current", json.dumps(place.export.to_dict()))
    assert editor.plan().counts["update"] == 1

    editor.set("mappings[4]", "how", "fixed")
    editor.set("mappings[4]", "source", "1")

    assert editor.state.shown_plan is None
    assert not editor.state.actions["push_plan"]
    assert editor.plan().counts == {
        "create": 1, "update": 0, "unchanged": 5, "conflict": 1, "failed": 0, "ignored": 0,
    }  # fmt: skip
    editor.cancel()
    assert editor.state.shown_plan is None


def test_editor_reads_sql_and_saved_exports(client: celigo.Client) -> None:
    editor: Any = celigo.MappingEditor(frame(), {"http": {}})
    planning = editor.state.planning
    planning.set("key", "line")
    planning.set("current", " SELECT line FROM items")
    assert planning.read(client) == ({"rdbms": {"query": "SELECT line FROM items"}}, ["line"])
    planning.set("current", "Items that nobody saved")
    with pytest.raises(celigo.NotFoundError):
        planning.read(client)
    with pytest.raises(ConfigError, match="key"):
        celigo.MappingEditor(frame(), {"http": {}}, key=[1])
