"""Measure the package's structure and write the table of docs/architecture.md.

    python docs/structure.py          prints the table
    python docs/structure.py --write  puts it into docs/architecture.md

A test holds the table against the code, and each figure that has a goal against its ceiling of today: it may fall, and
then the ceiling falls with it.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE, TESTS, PAGE = ROOT / "celigo_pandas", ROOT / "tests", ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- structure: begin -->\n", "<!-- structure: end -->"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Figure:
    """One row of the table."""

    name: str
    value: float
    goal: str = ""
    ceiling: float | None = None
    """The most that the test lets through; None where there is no goal, or the goal is a floor."""

    @property
    def text(self) -> str:
        return f"{self.value:,.0f}" if self.value == int(self.value) else f"{self.value:.1f}"


@dataclass(frozen=True)
class Source:
    """A module, read once."""

    path: Path
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, path: Path) -> Source:
        text = path.read_text(encoding="utf-8")
        return cls(path, text, ast.parse(text))

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))


def measured() -> list[Figure]:
    """Measure everything that the table holds."""
    modules = [Source.of(path) for path in sorted(PACKAGE.rglob("*.py"))]
    functions = [function for module in modules for function in module.functions()]
    lengths = [_length(function) for function in functions]
    files = [module.lines for module in modules]
    parameters = [argument for function in functions for argument in _annotated(function)]
    names = Counter(module.path.stem for module in modules if not module.path.stem.startswith("__"))
    shared = sum(count for count in names.values() if count > 1)
    documented = [_is_sectioned(function) for module in modules for function in _public(module)]
    messages = [_has_value(node) for module in modules for node in ast.walk(module.tree) if _is_error(node)]
    tests = [Source.of(path) for path in sorted(TESTS.rglob("*.py"))]
    test_count = sum(function.name.startswith("test_") for test in tests for function in test.functions())
    mocks = sum(len(re.findall(r"monkeypatch\.setattr|mock\.patch|MagicMock|mocker\.", test.text)) for test in tests)
    return [
        Figure("files", len(files)),
        Figure("lines a file, median", statistics.median(files), "62–323"),
        Figure("lines a file, 90 of 100", _at(files, 0.9)),
        Figure("lines of the largest file", max(files), "one thing each"),
        Figure("functions", len(functions)),
        Figure("lines a function without its docstring, median", statistics.median(lengths), "≤ 7", 7),
        Figure("the same, 90 of 100", _at(lengths, 0.9), "≤ 20", 20),
        Figure("the same, longest", max(lengths)),
        Figure("parameters that are bare `Any`, %", _share(map(_is_any, parameters)), "≤ 3", 4),
        Figure("functions that return bare `Any`, %", _share(_is_any(f.returns) for f in functions), "≤ 2", 4),
        Figure("`dict[str, Any]` and the like in signatures", sum(loose_in(function) for function in functions)),
        Figure("modules whose name another has, %", 100 * shared / len(modules), "≤ 5", 5),
        Figure("public functions of more than two parameters with NumPy sections, %", _share(documented), "100"),
        Figure("error messages that hold a value, %", _share(messages), "≥ 70"),
        Figure("comment lines in 100", 100 * sum(_comments(m) for m in modules) / sum(files)),
        Figure("replaced attributes and mocks in 100 tests", 100 * mocks / test_count, "≤ 1"),
        Figure("lines of tests a line of source", sum(t.lines for t in tests) / sum(files), "≥ 1"),
    ]  # fmt: skip


def _length(function: Function) -> int:
    """Count the lines of a function without its docstring, whose examples are no code to be followed."""
    first = function.body[0]
    is_told = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    told = first.end_lineno - first.lineno + 1 if is_told else 0
    return function.end_lineno - function.lineno + 1 - told


def loose_in(function: Function) -> int:
    """Count the members of a signature that say no more than *an object of something*."""
    return len(re.findall(r"\b(?:dict|Mapping|MutableMapping)\[str, Any\]", _signature(function)))


def _at(values: list[int], share: float) -> int:
    return sorted(values)[int(share * (len(values) - 1))]


def _share(found: object) -> float:
    given = list(found)  # type: ignore[call-overload]
    return 100 * sum(given) / len(given)


def _annotated(function: Function) -> list[ast.expr]:
    given = function.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return [argument.annotation for argument in arguments if argument.annotation is not None]


def _is_any(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id == "Any"


def _signature(function: Function) -> str:
    parts = [*_annotated(function), *([function.returns] if function.returns is not None else [])]
    return " ".join(ast.unparse(part) for part in parts)


def _public(module: Source) -> Iterator[Function]:
    """Yield what a module offers, functions and methods, of more than two parameters."""
    if any(part.startswith("_") and part != "__init__.py" for part in module.path.parts[len(PACKAGE.parts) :]):
        return
    offered = _offered(module)
    for node in module.tree.body:
        if isinstance(node, Function) and node.name in offered and len(_annotated(node)) > 2:
            yield node
        if isinstance(node, ast.ClassDef) and node.name in offered:
            for member in node.body:
                if isinstance(member, Function) and not member.name.startswith("_") and len(_annotated(member)) > 2:
                    yield member


def _offered(module: Source) -> set[str]:
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def _is_sectioned(function: Function) -> bool:
    return "Parameters\n" in (ast.get_docstring(function) or "")


def _is_error(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args):
        return False
    name = node.exc.func
    return isinstance(name, ast.Name) and name.id.endswith("Error")


def _has_value(node: ast.AST) -> bool:
    assert isinstance(node, ast.Raise)
    assert isinstance(node.exc, ast.Call)
    message = node.exc.args[0]
    return not isinstance(message, ast.Constant)


def _comments(module: Source) -> int:
    return sum(line.lstrip().startswith("#") for line in module.text.splitlines())


def table(figures: list[Figure]) -> str:
    """Return the table as Markdown."""
    rows = [f"| {figure.name} | {figure.text} | {figure.goal} |" for figure in figures]
    return "\n".join(["| measured | now | goal |", "| --- | ---: | --- |", *rows, ""])


def written() -> dict[str, float]:
    """Return the figures that the page states."""
    between = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    rows = [line.strip("| ").split("|") for line in between.splitlines()[2:]]
    return {name.strip(): float(value.replace(",", "")) for name, value, *_ in rows}


def main(arguments: list[str]) -> None:
    """Print the table, or put it into the page."""
    found = table(measured())
    if "--write" in arguments:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        PAGE.write_text(before + BEGIN + found + END + rest.split(END)[1], encoding="utf-8")
    else:
        sys.stdout.write(found)


if __name__ == "__main__":
    main(sys.argv[1:])
