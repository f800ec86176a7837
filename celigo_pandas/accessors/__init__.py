"""What a notebook calls: clients, connections, pulls, dry runs, pushes, plans. Names load on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from celigo_pandas.accessors.account.client import Client
    from celigo_pandas.accessors.account.connecting import connect, login, logout
    from celigo_pandas.accessors.account.connection import Connection
    from celigo_pandas.accessors.dry_runs.dry_run import DryRun, dry_run, map_import
    from celigo_pandas.accessors.frame_accessor import FrameAccessor
    from celigo_pandas.accessors.plans.import_plan import ImportPlan
    from celigo_pandas.accessors.plans.plan_import import plan_import
    from celigo_pandas.accessors.pulls.several import Pulls, read_exports
    from celigo_pandas.accessors.pulls.to_frames import iter_export, read_export
    from celigo_pandas.accessors.pulls.to_parquet import export_to_parquet
    from celigo_pandas.accessors.pushes.import_result import ImportResult
    from celigo_pandas.accessors.pushes.to_import import to_import
    from celigo_pandas.accessors.scripts.script import Script

_HOMES: dict[str, str] = {
    "Client": "account.client",
    "Connection": "account.connection",
    "DryRun": "dry_runs.dry_run",
    "FrameAccessor": "frame_accessor",
    "ImportPlan": "plans.import_plan",
    "ImportResult": "pushes.import_result",
    "Pulls": "pulls.several",
    "Script": "scripts.script",
    "connect": "account.connecting",
    "dry_run": "dry_runs.dry_run",
    "export_to_parquet": "pulls.to_parquet",
    "iter_export": "pulls.to_frames",
    "login": "account.connecting",
    "logout": "account.connecting",
    "map_import": "dry_runs.dry_run",
    "plan_import": "plans.plan_import",
    "read_export": "pulls.to_frames",
    "read_exports": "pulls.several",
    "to_import": "pushes.to_import",
}

__all__ = [
    "Client",
    "Connection",
    "DryRun",
    "FrameAccessor",
    "ImportPlan",
    "ImportResult",
    "Pulls",
    "Script",
    "connect",
    "dry_run",
    "export_to_parquet",
    "iter_export",
    "login",
    "logout",
    "map_import",
    "plan_import",
    "read_export",
    "read_exports",
    "to_import",
]

if not TYPE_CHECKING:  # a checker would take any name for an Any

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
