"""What the tables of the documentation count and quote is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from support.pages import read_blocks

ROOT = Path(__file__).parents[3]
TASKS = (ROOT / "docs" / "recipes" / "ten-tasks.md").read_text(encoding="utf-8")
TROUBLE = (ROOT / "docs" / "questions" / "troubleshooting.md").read_text(encoding="utf-8")


def test_ten_tasks_count_the_lines_of_their_blocks() -> None:
    table = re.findall(r"^\| (\d+) (.*?) \| (\d+) \| (\d+) \|$", TASKS, re.MULTILINE)
    counted = []
    for section in re.split(r"^## ", TASKS, flags=re.MULTILINE)[1:]:
        number, _, title = section.partition("\n")[0].partition(" ")
        ours, theirs, _ = (block.code for block in read_blocks(section) if block.language == "python")
        lines = [str(sum(bool(line.strip()) for line in code.splitlines())) for code in (ours, theirs)]
        counted.append((number, title[0].lower() + title[1:], *lines))

    assert len(table) == 10
    assert table == counted


def _texts(tree: ast.AST) -> list[str]:
    """Return every text of the source; what an f-string fills in is a blank."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else " " for part in node.values)
            found.append("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found


def test_troubleshooting_quotes_messages_that_exist() -> None:
    quoted = re.findall(r"^\| `([^`]+)` \|", TROUBLE, re.MULTILINE)
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "celigo_pandas").rglob("*.py")]
    texts = "\n".join(" ".join(text.split()) for source in sources for text in _texts(ast.parse(source)))
    known = re.sub(r"[ \t]+", " ", texts)
    filled = {"was answered with 401": "was answered with", "was answered with 403": "was answered with"}

    assert len(quoted) > 20
    assert [text for text in quoted if filled.get(text, text) not in known] == []
