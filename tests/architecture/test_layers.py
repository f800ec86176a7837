"""The one-page architecture agrees with the contracts that the import linter checks."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def contract_layers() -> list[set[str]]:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    lines = contracts["importlinter:contract:layers"]["layers"].strip().splitlines()
    return [set(re.findall(r"\w+", line)) for line in lines]


def documented_layers() -> list[set[str]]:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \d+ \| ([^|]+) \|", text, re.MULTILINE)
    return [set(re.findall(r"`(\w+)`", row)) for row in rows]


def test_documented_layers_are_the_contract_layers():
    assert documented_layers() == contract_layers()


def test_every_package_stands_in_a_layer():
    package = ROOT / "celigo_pandas"
    found = {path.stem for path in package.glob("*.py") if path.stem != "__init__"}
    found |= {path.parent.name for path in package.glob("*/__init__.py")}

    assert found <= set().union(*contract_layers())


def test_module_names_say_what_they_hold():
    forbidden = {"utils", "helpers", "common", "misc", "manager"}
    named = [path for path in (ROOT / "celigo_pandas").rglob("*.py") if path.stem in forbidden]

    assert named == []


def test_what_databases_share_asks_none_which_one_it_is():
    folder = ROOT / "celigo_pandas" / "engine" / "adaptors" / "sql"
    own = {"sqlite.py", "postgres.py", "postgres_types.py", "mysql.py", "databases.py"}
    shared = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.py") if path.name not in own}
    names = re.compile(r"""["'](?:sqlite|postgresql|mysql|mariadb)["']|\bdialect(?:\.name)?\s*(?:==|!=|in\b)|sqlite3""")

    assert len(shared) > 10
    assert {name for name, text in shared.items() if names.search(text)} == set()
