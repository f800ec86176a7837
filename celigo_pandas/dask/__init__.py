"""Pulls and pushes on the workers of a Dask cluster: many exports side by side, one rate budget.

Needs the extra ``dask``. Reached as ``celigo_pandas.dask``; ``docs/dask.md`` tells how a token gets to the workers.
"""

from __future__ import annotations

from celigo_pandas.errors import MissingExtraError

try:
    import dask.dataframe as _dask_dataframe  # noqa: F401
    import distributed as _distributed  # noqa: F401
except ImportError as error:
    raise MissingExtraError("celigo_pandas.dask", "dask") from error

from celigo_pandas.dask.partition_pulls import read_exports
from celigo_pandas.dask.partition_pushes import to_import
from celigo_pandas.dask.windows import windows

__all__ = ["read_exports", "to_import", "windows"]
