"""Every page of the documentation, run as it stands: its blocks in one clean process, what they print compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.pages import LANGUAGES, Page, PageError, is_same_output, read_blocks

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[3]
RUNNER = ROOT / "tests" / "support" / "pages.py"
SOURCES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in SOURCES
    if not {"_build", "generated"} & set(path.parts)
}
BLOCKS = [(name, block) for name, text in PAGES.items() for block in read_blocks(text)]
RUN = sorted({name for name, block in BLOCKS if block.acts})


@pytest.mark.parametrize("name", RUN)
def test_page_runs_as_it_stands(name: str, tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    folder.mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("CELIGO_", "PYTEST_"))}
    homes = dict.fromkeys(
        ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR"), str(home)
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", str(RUNNER), str(ROOT / name)],
        cwd=folder,
        env={**kept, **homes},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr


def test_readme_and_each_recipe_are_among_the_pages() -> None:
    assert "README.md" in RUN
    recipes = {f"docs/recipes/{path.name}" for path in (ROOT / "docs" / "recipes").glob("*.md")}
    assert recipes - {"docs/recipes/index.md"} <= set(RUN)


def description() -> str:
    """What a package index shows: the README as the project's settings change it, whatever is installed here."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hook = settings["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    text = "".join((ROOT / fragment["path"]).read_text(encoding="utf-8") for fragment in hook["fragments"])
    for change in hook["substitutions"]:
        assert re.search(change["pattern"], text), f"nothing in the README is changed by {change['pattern']!r}"
        text = re.sub(change["pattern"], change["replacement"], text)
    return text


def test_description_on_a_package_index_leads_to_no_file() -> None:
    text = description()

    assert text.startswith("# celigo_pandas")
    assert "pip install" in text
    assert re.findall(r"\]\((?!https?:)[^)]*\)|<picture|<img", text) == []


@pytest.mark.parametrize(("name", "block"), BLOCKS, ids=lambda value: value if isinstance(value, str) else value.line)
def test_block_says_what_becomes_of_it(name: str, block) -> None:
    assert block.language in LANGUAGES, f"{name}:{block.line}: a fence without a language that the pages know"
    assert set(block.options) <= {"no-run", "needs", "file"}
    assert all(value.strip() for value in block.options.values())


def run(text: str, folder: Path) -> None:
    Page("page.md", text, folder).check()


def test_runner_sees_a_block_that_fails(tmp_path: Path) -> None:
    with pytest.raises(PageError, match=r"page\.md:1: the block failed"):
        run("```python\n1 / 0\n```\n", tmp_path)


def test_runner_sees_output_that_is_another(tmp_path: Path) -> None:
    with pytest.raises(PageError, match="the page shows"):
        run("```python\nprint(1)\n```\n\n```output\n2\n```\n", tmp_path)


def test_runner_sees_a_command_that_fails_and_a_document_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(PageError, match="exit code 3"):
        run("```bash\nexit 3\n```\n", tmp_path)
    with pytest.raises(PageError, match="the block failed"):
        run('```json\n{"a": }\n```\n', tmp_path)


def test_runner_keeps_names_from_block_to_block_and_writes_files(tmp_path: Path) -> None:
    run("```python\nx = 2\n```\n\n```python\nx + 1\n```\n\n```output\n3\n```\n", tmp_path)
    made = '```python file="made.py"\nprint("made")\n```\n\n```bash\npython3 made.py\n```\n\n'
    run(made + "```output\nmade\n```\n", tmp_path)


def test_dots_stand_for_anything() -> None:
    assert is_same_output("a … z", "a b\nc z\n")
    assert not is_same_output("a … z", "a b")
    assert not is_same_output("a", "ab")
