"""Runs the code blocks of a page of documentation as they stand, in one clean process, and compares what they print.

    python tests/support/pages.py README.md          runs a page; the first block that does not hold ends it
    python tests/support/pages.py --write README.md  puts what the blocks print into the blocks of output below them

It needs nothing but the standard library and what the blocks themselves import, so that a page can be run in an
environment that holds the wheel alone. The language of a fence says what becomes of it: ``python``, ``ipython`` and
``bash`` are run, ``json``, ``yaml`` and ``toml`` are read, ``output`` is what the block above it printed (``…`` stands
for anything), ``text`` is only shown. After the language may stand ``no-run="why"``, ``needs="module"`` (more than the
package itself) and ``file="name"`` (the block is written to a file of the page's folder in place of being run).
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^`\n]*)\n(?P<code>.*?)^(?P=indent)```[ ]*$", re.MULTILINE | re.DOTALL)
_OPTION = re.compile(r'([\w-]+)="([^"]*)"')
_RUNS = ("python", "ipython", "bash")
_READS = ("json", "yaml", "toml")
LANGUAGES = (*_RUNS, *_READS, "output", "text")


@dataclass(frozen=True)
class Block:
    """One fence of a page."""

    line: int
    language: str
    options: dict[str, str]
    code: str
    span: tuple[int, int]

    @property
    def acts(self) -> bool:
        """Whether running the page does something with it."""
        return self.language in (*_RUNS, *_READS) and "no-run" not in self.options


class PageError(AssertionError):
    """A block that does not hold."""


def read_blocks(text: str) -> list[Block]:
    """Return the fences of a page; directives (``{include}``) are none."""
    blocks = []
    for found in _FENCE.finditer(text):
        language, _, rest = found["info"].strip().partition(" ")
        if not language.startswith("{"):
            line = text.count("\n", 0, found.start()) + 1
            blocks.append(Block(line, language, dict(_OPTION.findall(rest)), dedent(found["code"]), found.span("code")))
    return blocks


class Page:
    """A page being run: one namespace of Python, one IPython shell, one folder."""

    def __init__(self, name: str, text: str, folder: Path) -> None:
        self.name = name
        self.text = text
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self._shell: Any = None

    def run(self) -> str:
        """Run all blocks; return the page with what they printed in their blocks of output."""
        printed, pieces, at = "", [], 0
        for block in read_blocks(self.text):
            if block.language == "output":
                pieces += [self.text[at : block.span[0]], printed]
                at = block.span[1]
            elif block.acts:
                printed = self._act(block)
        return "".join([*pieces, self.text[at:]])

    def check(self) -> None:
        """Run all blocks and compare what they printed with what the page says."""
        shown = [block for block in read_blocks(self.text) if block.language == "output"]
        made = [block for block in read_blocks(self.run()) if block.language == "output"]
        for says, does in zip(shown, made, strict=True):
            if not is_same_output(says.code, does.code):
                told = f"the page shows\n{says.code}\nand the block printed\n{does.code}"
                raise PageError(f"{self.name}:{says.line}: {told}")

    def _act(self, block: Block) -> str:
        if name := block.options.get("file"):
            (self.folder / name).write_text(block.code, encoding="utf-8")
            return ""
        try:
            return _ACTS[block.language](self, block)
        except PageError:
            raise
        except BaseException as error:
            told = "".join(traceback.format_exception(error))
            raise PageError(f"{self.name}:{block.line}: the block failed\n{block.code}\n{told}") from error

    def _python(self, block: Block) -> str:
        tree = ast.parse(block.code, f"{self.name}:{block.line}")
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(tree, f"{self.name}:{block.line}", "exec"), self.names)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), f"{self.name}:{block.line}", "eval"), self.names)
                if value is not None:
                    print(repr(value))
        return out.getvalue()

    def _ipython(self, block: Block) -> str:
        from IPython.core.interactiveshell import InteractiveShell
        from IPython.utils.capture import capture_output

        if self._shell is None:
            self._shell = InteractiveShell(user_ns=self.names)
        with capture_output() as captured:
            outcome = self._shell.run_cell(block.code)
        outcome.raise_error()
        return str(captured.stdout)

    def _bash(self, block: Block) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.code], cwd=self.folder, capture_output=True, text=True
        )
        if done.returncode:
            raise PageError(f"{self.name}:{block.line}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _read(self, block: Block) -> str:
        if block.language == "json":
            json.loads(block.code)
        elif block.language == "yaml":
            import yaml

            yaml.safe_load(block.code)
        else:
            try:
                import tomllib
            except ImportError:
                import tomli as tomllib

            tomllib.loads(block.code)
        return ""


_ACTS: dict[str, Callable[[Page, Block], str]] = {
    "python": Page._python,
    "ipython": Page._ipython,
    "bash": Page._bash,
    **dict.fromkeys(_READS, Page._read),
}


def is_same_output(says: str, does: str) -> bool:
    """Compare by words; ``…`` in what the page says stands for anything.

    A text that is missing is ``None`` to pandas 2 and ``NaN`` to pandas 3, which wrote the pages.
    """
    says, does = (re.sub(r"\bNone\b", "NaN", text) for text in (says, does))
    parts = [re.escape(" ".join(part.split())) for part in says.split("…")]
    return re.fullmatch(r"\s*.*\s*".join(parts), " ".join(does.split()), re.DOTALL) is not None


def main(arguments: list[str]) -> None:
    """Run the named page in the current folder."""
    write = "--write" in arguments
    path = Path(arguments[-1]).resolve()
    text = path.read_text(encoding="utf-8")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    page = Page(path.name, text, Path.cwd())
    if write:
        path.write_text(page.run(), encoding="utf-8")
    else:
        page.check()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except PageError as failed:
        sys.exit(str(failed))
