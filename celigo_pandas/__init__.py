"""integrator.io in Jupyter and pandas: pull, map, dry-run and push, with a local engine that needs no account.

Names load on first use (PEP 562), so that importing the package costs little more than pandas itself.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec as _find_spec
from typing import TYPE_CHECKING, Any

from celigo_pandas.documents.environment import setting as _setting

if TYPE_CHECKING:
    from celigo_pandas import builders as build
    from celigo_pandas import dask as dask
    from celigo_pandas import errors as errors
    from celigo_pandas.accessors import (
        Client,
        Connection,
        DryRun,
        ImportPlan,
        ImportResult,
        Pulls,
        Script,
        connect,
        dry_run,
        export_to_parquet,
        iter_export,
        login,
        logout,
        map_import,
        plan_import,
        read_export,
        read_exports,
        to_import,
    )
    from celigo_pandas.accessors.frame_accessor import FrameAccessor
    from celigo_pandas.errors import (
        ApiError,
        AuthError,
        CeligoError,
        CeligoWarning,
        ConfigError,
        ConflictError,
        DocumentError,
        DriftWarning,
        ExportInterrupted,
        FilterError,
        FrameError,
        HintWarning,
        ImportRejectedError,
        InvalidRequestError,
        JournalError,
        MappingError,
        MissingExtraError,
        MixedTypesWarning,
        NotFoundError,
        PagingError,
        Problem,
        PullCancelled,
        PushCancelled,
        RateLimitError,
        RecordErrorsWarning,
        RequestTimeoutError,
        ScriptError,
        ServerError,
        SyncError,
        TemplateError,
        TransportError,
    )
    from celigo_pandas.experiments import Mapping
    from celigo_pandas.forms.views.connection_form import ConnectionForm
    from celigo_pandas.forms.views.explorer import Explorer
    from celigo_pandas.forms.views.export_form import ExportForm
    from celigo_pandas.forms.views.mapping_editor import MappingEditor
    from celigo_pandas.frames.nesting import nest
    from celigo_pandas.local_engine import local
    from celigo_pandas.syncs import SyncResult, sync, sync_state

_PUBLIC: dict[str, str] = {
    "Client": "accessors",
    "Connection": "accessors",
    "ConnectionForm": "forms",
    "DryRun": "accessors",
    "Explorer": "forms",
    "ExportForm": "forms",
    "ImportPlan": "accessors",
    "ImportResult": "accessors",
    "Mapping": "experiments",
    "MappingEditor": "forms",
    "Pulls": "accessors",
    "Script": "accessors",
    "SyncResult": "syncs",
    "connect": "accessors",
    "dry_run": "accessors",
    "export_to_parquet": "accessors",
    "iter_export": "accessors",
    "local": "local_engine",
    "login": "accessors",
    "logout": "accessors",
    "map_import": "accessors",
    "nest": "frames",
    "plan_import": "accessors",
    "read_export": "accessors",
    "read_exports": "accessors",
    "sync": "syncs",
    "sync_state": "syncs",
    "to_import": "accessors",
}

_MODULES: dict[str, str] = {"build": "builders", "dask": "dask", "errors": "errors"}

__all__ = [
    "ApiError", "AuthError", "CeligoError", "CeligoWarning", "Client", "ConfigError", "ConflictError", "Connection",
    "ConnectionForm", "DocumentError", "DriftWarning", "DryRun", "Explorer", "ExportForm", "ExportInterrupted",
    "FilterError", "FrameError", "HintWarning", "ImportPlan", "ImportRejectedError", "ImportResult",
    "InvalidRequestError",
    "JournalError", "Mapping", "MappingEditor", "MappingError", "MissingExtraError", "MixedTypesWarning",
    "NotFoundError", "PagingError", "Problem", "PullCancelled", "Pulls", "PushCancelled", "RateLimitError",
    "RecordErrorsWarning", "RequestTimeoutError", "Script", "ScriptError", "ServerError", "SyncError", "SyncResult",
    "TemplateError", "TransportError", "build", "connect", "dry_run", "errors", "export_to_parquet", "iter_export",
    "local", "login", "logout", "map_import", "nest", "plan_import", "read_export", "read_exports", "sync",
    "sync_state", "to_import",
]  # fmt: skip

__version__ = "0.1.0"


if not TYPE_CHECKING:  # a checker would take any name for an Any

    def __getattr__(name: str) -> Any:
        if name in _PUBLIC:
            value = getattr(import_module(f"celigo_pandas.{_PUBLIC[name]}"), name)
        elif name in _MODULES:
            value = import_module(f"celigo_pandas.{_MODULES[name]}")
        elif name in __all__:
            value = getattr(import_module("celigo_pandas.errors"), name)
        else:
            raise AttributeError(f"module 'celigo_pandas' has no attribute {name!r}")
        globals()[name] = value
        return value


if not _setting("CELIGO_PANDAS_NO_PANDAS"):  # set for the engine's process, which never loads pandas
    import pandas as _pandas

    from celigo_pandas.accessors.account.editor import set_editor as _set_editor
    from celigo_pandas.accessors.account.syncing import set_sync as _set_sync

    def _frame_accessor(df: _pandas.DataFrame) -> FrameAccessor:
        from celigo_pandas.accessors.frame_accessor import FrameAccessor

        return FrameAccessor(df)

    def _connection_form(connection: Connection) -> ConnectionForm:
        from celigo_pandas.forms.views.connection_form import ConnectionForm

        return ConnectionForm(connection)

    def _sync(export: Any, connection: Connection, **settings: Any) -> SyncResult:
        from celigo_pandas.syncs import sync as _run_sync

        return _run_sync(export, connection, **settings)

    _set_editor(_connection_form)
    _set_sync(_sync)

    _register: Any = _pandas.api.extensions.register_dataframe_accessor("celigo")  # typed as if for classes alone
    _register(_frame_accessor)


def __dir__() -> list[str]:
    # Rooms that were used become attributes, too; people write against the names in __all__. Dask is an extra: not in
    # __all__, which a star import loads whole.
    extra = {"dask"} if _find_spec("dask") is not None else set()
    return sorted({*__all__, *extra, *(name for name in globals() if name.startswith("__"))})


def load_ipython_extension(ipython: object) -> None:
    """Register ``%%celigo_export`` (called by ``%load_ext celigo_pandas``)."""
    from celigo_pandas.magics import load

    load(ipython)
