"""Every public function, method and builder names its parameters and shows an example, and the examples run."""

from __future__ import annotations

import doctest
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import celigo_pandas as celigo
from celigo_pandas.accessors.account.collections import Scripts
from celigo_pandas.accessors.account.saved_script import SavedScript
from celigo_pandas.accessors.frame_accessor import FrameAccessor
from celigo_pandas.accessors.scripts.script_run import ScriptRun
from celigo_pandas.magics import load

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FUNCTIONS = (
    "connect", "login", "logout", "local", "read_export", "read_exports", "iter_export", "export_to_parquet",
    "sync", "sync_state", "dry_run", "map_import", "plan_import", "to_import", "nest",
)  # fmt: skip
MADE: tuple[type, ...] = (
    celigo.ConnectionForm, celigo.ExportForm, celigo.MappingEditor, celigo.Explorer, celigo.Mapping, celigo.Problem,
    celigo.Script,
)  # fmt: skip
CLASSES: tuple[type, ...] = (
    *MADE, celigo.Client, celigo.Connection, celigo.DryRun, celigo.ImportPlan, celigo.ImportResult, celigo.Pulls,
    celigo.SyncResult, FrameAccessor,
    SavedScript, Scripts, ScriptRun,
)  # fmt: skip


def _public() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in FUNCTIONS:
        yield name, getattr(celigo, name)
    for name in celigo.build.__all__:
        if inspect.isfunction(found := getattr(celigo.build, name)):
            yield f"build.{name}", found
    for kind in MADE:
        yield kind.__name__, kind
    for kind in CLASSES:
        for name, found in inspect.getmembers(kind, inspect.isroutine):
            owner = next(base for base in kind.__mro__ if name in vars(base))
            if not name.startswith("_") and owner.__module__.startswith("celigo_pandas."):
                yield f"{owner.__name__}.{name}", found


PUBLIC = dict(_public())


@pytest.fixture(scope="module")
def names() -> Iterator[dict[str, Any]]:
    with celigo.local(demo="shop") as client:
        shop, desk = client.connections["Small shop"], client.connections["Delay desk"]
        query = """select o.id, o.status, c.email from orders o join customers c on c.id = o.customer_id
                   where o.status = 'open' order by o.id"""
        orders = celigo.read_export({"rdbms": {"query": query}}, shop, progress=False).head(20)
        rules = celigo.Mapping().set("order", "{{record.id}}").set("email", "$.email")
        import_doc = celigo.build.http_import("/orders", mapping=rules).to_dict()
        code = "function preMap(options) { return options.data.map((data) => ({data})) }"
        script = client.scripts.create("Orders", code)
        two = orders.head(2)
        late = pd.DataFrame(
            {"order": [*two["id"].astype(str), "9999"], "email": [two["email"][0], "old@example.com", "x"]}
        )
        yield {
            "celigo": celigo, "pd": pd, "client": client, "shop": shop, "desk": desk, "orders": orders, "late": late,
            "import_doc": import_doc, "script": script, "Mapping": celigo.Mapping, "nest": celigo.nest,
        }  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_docstring_names_every_parameter_and_shows_an_example(name: str) -> None:
    text = inspect.getdoc(PUBLIC[name]) or ""
    found = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-{3,}|\Z)", text, re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^([*\w][*\w, ]*?),?(?: :.*)?$", found[1] if found else "", re.MULTILINE)
    named = {part.strip("* ") for head in heads for part in head.split(",")}
    expected = set(inspect.signature(PUBLIC[name]).parameters) - {"self", "cls"}

    assert expected == named - {""}
    assert ">>>" in text


@pytest.mark.parametrize("name", PUBLIC)
def test_example_of_a_docstring_runs(
    name: str, names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = inspect.getdoc(PUBLIC[name]) or ""
    said: list[str] = []
    example = doctest.DocTestParser().get_doctest(text, dict(names), name, None, None)
    doctest.DocTestRunner(optionflags=FLAGS, verbose=False).run(example, out=said.append)

    assert not said, "".join(said)


def test_help_of_the_magic_names_its_options() -> None:
    class Shell:
        registered: Any = None

        def register_magic_function(self, function: Any, **_: Any) -> None:
            self.registered = function

    shell = Shell()
    load(shell)

    for option in ("NAME", "--connection", "--max-rows", "--page-size", "--consume", "--client"):
        assert option in shell.registered.__doc__
