"""Imports that the reader of a file's head does not see: by string, inside functions, for types alone.

None goes up the layers and none closes a circle; each one by string has its reason here.
"""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGE = "celigo_pandas"

BY_STRING = {
    "celigo_pandas": "names of the package load on first use",
    "celigo_pandas.accessors": "names of the package load on first use",
    "celigo_pandas.forms": "names of the package load on first use",
    "celigo_pandas.cli": "a command loads what it needs when it is called",
    "celigo_pandas.client.profiles": "tomllib or tomli, by the version of Python; keyring is an extra",
    "celigo_pandas.client.read_only": "the rule which exports write is asked only when an export is sent",
    "celigo_pandas.engine.adaptors.registry": "an adaptor loads with the first connection of its type",
    "celigo_pandas.engine.adaptors.files.opening": "a kind of file place loads with its first use",
}
"""Modules that import by a name they hold, and why."""

LAZY = {
    "celigo_pandas": "importing the package costs little more than pandas",
    "celigo_pandas.accessors.account.saved": "only a comparison with a mapping needs the mapper",
    "celigo_pandas.accessors.destinations.written_fields": "who only pulls loads no mapper",
    "celigo_pandas.accessors.dry_runs": "who only pulls loads no mapper",
    "celigo_pandas.accessors.plans": "who only pulls loads no mapper",
    "celigo_pandas.accessors.pushes.reconciling": "who only pulls loads no mapper",
    "celigo_pandas.accessors.pushes.to_import": "who only pulls loads no mapper",
    "celigo_pandas.cli": "a command loads what it needs when it is called",
    "celigo_pandas.engine.adaptors.sql": "a database's module loads with its first connection",
    "celigo_pandas.engine.api.oauth_handlers": "OAuth is an extra",
    "celigo_pandas.engine.runs.calls": "the sandbox of scripts and the adaptors load with their first call",
    "celigo_pandas.engine.program.program": "what cannot be is told before the server loads",
    "celigo_pandas.experiments": "names of the package load on first use",
    "celigo_pandas.forms": "a form that nobody runs loads no pull and no mapper",
    "celigo_pandas.frames": "names of the package load on first use",
    "celigo_pandas.magics": "only a cell that is run needs a client",
}
"""Packages and modules that import of this package inside functions, and why."""


class Found(NamedTuple):
    source: str
    target: str
    is_lazy: bool


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def names_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            yield whole if whole in MODULES else node.module


def imports(source: str) -> Iterator[Found]:
    tree = TREES[source]
    lazy = {child for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            for child in ast.walk(node)}  # fmt: skip
    for node in ast.walk(tree):
        for target in names_of(node):
            if target in MODULES:
                yield Found(source, target, node in lazy)


@cache
def layers() -> list[tuple[str, list[set[str]]]]:
    """Every container of layers in the contracts, highest layer first."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    return [
        (contracts[name]["containers"].strip(), [set(re.findall(r"\w+", line)) for line in lines.strip().splitlines()])
        for name in contracts.sections()
        if (lines := contracts[name].get("layers"))
    ]


def height(container: str, ordered: list[set[str]], module: str) -> int | None:
    if not module.startswith(container + "."):
        return None
    first = module[len(container) + 1 :].split(".")[0]
    return next((place for place, layer in enumerate(ordered) if first in layer), None)


def is_upward(found: Found) -> bool:
    heights = (
        (height(container, ordered, found.source), height(container, ordered, found.target))
        for container, ordered in layers()
    )
    return any(low is not None and high is not None and high < low for low, high in heights)


def calls_by_string(tree: ast.AST) -> bool:
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(
        (isinstance(function, ast.Name) and function.id in ("import_module", "__import__"))
        or (isinstance(function, ast.Attribute) and function.attr == "import_module")
        for function in called
    )


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that reach each other (Tarjan's strongly connected components of more than one)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for target in sorted(edges.get(module, ())):
            if target not in index:
                visit(target)
                low[module] = min(low[module], low[target])
            elif target in stack:
                low[module] = min(low[module], index[target])
        if low[module] == index[module]:
            place = stack.index(module)
            group = stack[place:]
            del stack[place:]
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(edges):
        if module not in index:
            visit(module)
    return found


EVERY = [found for name in MODULES for found in imports(name)]


def test_each_import_by_string_has_its_reason():
    using = {name for name, tree in TREES.items() if calls_by_string(tree)}

    assert using == set(BY_STRING)


def test_no_import_goes_up_the_layers():
    assert [found for found in EVERY if is_upward(found)] == []


def test_no_import_of_any_kind_closes_a_circle():
    edges: dict[str, set[str]] = {}
    for found in EVERY:
        edges.setdefault(found.source, set()).add(found.target)

    assert circles(edges) == []


def test_each_import_in_a_function_has_its_reason():
    lazy = {found.source for found in EVERY if found.is_lazy}
    reasons = {name: [reason for reason in LAZY if f"{name}.".startswith(f"{reason}.")] for name in lazy}

    assert [name for name, found in reasons.items() if not set(found) - {PACKAGE} and name != PACKAGE] == []
    assert {reason for found in reasons.values() for reason in found} == set(LAZY)


def test_a_circle_and_an_upward_import_are_found():
    upward = Found("celigo_pandas.accessors.pulls.chunks", "celigo_pandas.accessors.account.client", True)

    assert is_upward(upward)
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c"]]
