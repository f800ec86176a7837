"""The public surface, pinned: people already write against it."""

from __future__ import annotations

import builtins
import importlib
import inspect

import celigo_pandas as celigo
from celigo_pandas import errors

SURFACE = {
    "connect",
    "login",
    "logout",
    "local",
    "read_export",
    "read_exports",
    "iter_export",
    "export_to_parquet",
    "to_import",
    "dry_run",
    "map_import",
    "plan_import",
    "nest",
    "build",
    "Mapping",
    "ConnectionForm",
    "ExportForm",
    "MappingEditor",
    "Explorer",
    "Client",
    "Connection",
    "ImportPlan",
    "ImportResult",
    "DryRun",
    "Pulls",
    "Script",
    "SyncResult",
    "sync",
    "sync_state",
}


def test_surface_is_what_people_write_against():
    error_names = {name for name in errors.__all__ if name[0].isupper()}

    assert set(celigo.__all__) == SURFACE | error_names | {"errors"}


def test_completion_offers_the_public_names_only_after_use_too():
    for room in ("frames", "experiments", "handlebars", "magics"):
        importlib.import_module(f"celigo_pandas.{room}")

    # The extras that are installed, too: no star import should load them.
    assert {name for name in dir(celigo) if not name.startswith("__")} == {*celigo.__all__, "dask"}
    assert {"__version__", "__doc__"} <= set(dir(celigo))


def test_help_shows_no_addresses():
    shown = [str(inspect.signature(member)) for name in SURFACE if isinstance(kind := getattr(celigo, name), type)
             for member in vars(kind).values() if inspect.isfunction(member)]  # fmt: skip

    assert len(shown) > 100
    assert not [text for text in shown if " object at 0x" in text]


def test_every_public_name_loads():
    missing = [name for name in celigo.__all__ if getattr(celigo, name, None) is None]

    assert missing == []


def test_every_public_name_has_a_docstring():
    bare = [name for name in SURFACE - {"build"} if not (getattr(celigo, name).__doc__ or "").strip()]

    assert bare == []


def test_error_tree_in_the_docstring_is_the_tree_of_classes():
    lineage: list[type] = []
    drawn = set()
    for line in (errors.__doc__ or "").split("::", 1)[1].splitlines():
        name = line.lstrip(" │├└─").split(" ")[0]
        kind = getattr(errors, name, None) or getattr(builtins, name, None)
        if not isinstance(kind, type):
            continue
        depth = (line.index(name) - 3) // 4
        del lineage[depth:]
        assert not lineage or issubclass(kind, lineage[-1]), f"{name} is not below {lineage[-1].__name__}"
        lineage.append(kind)
        drawn.add(name)
    classes = {name for name in errors.__all__ if name[0].isupper() and name != "Problem"}

    assert drawn - {"KeyboardInterrupt", "UserWarning"} == classes
