"""The stores as the contract sees them: how one is made, read by others, and what it has not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from deltalake import DeltaTable

from celigo_pandas.syncs.stores.store_places import store_at

TABLE = "orders"


@dataclass(frozen=True)
class StoreKind:
    """One kind of store.

    `foreign` reads the table as a program does that knows nothing of syncs. The flags are the declared gaps.
    """

    name: str
    to: Callable[[Path], Any]
    foreign: Callable[[Any], pd.DataFrame]
    has_columns_by_case: bool = False
    """Whether columns may differ in capitals alone."""

    def open(self, to: Any) -> Any:
        return store_at(to, TABLE)


def _from_duckdb(to: Any) -> pd.DataFrame:
    if not isinstance(to, str):
        return pd.DataFrame(to.cursor().execute(f'select * from "{TABLE}"').fetch_df())
    with duckdb.connect(to, read_only=True) as con:
        return pd.DataFrame(con.execute(f'select * from "{TABLE}"').fetch_df())


def _from_delta(to: str) -> pd.DataFrame:
    found = DeltaTable(str(Path(to) / TABLE)).to_pyarrow_table()
    return pd.DataFrame(pa.table(found).to_pandas())


KINDS = (
    StoreKind("duckdb", lambda folder: str(folder / "shop.duckdb"), _from_duckdb),
    StoreKind("duckdb connection", lambda folder: duckdb.connect(), _from_duckdb),
    StoreKind(
        "parquet",
        lambda folder: str(folder),
        lambda to: pd.DataFrame(pa.parquet.read_table(Path(to) / TABLE).to_pandas()),
        has_columns_by_case=True,
    ),
    StoreKind("delta", lambda folder: str(folder / "shop.delta"), _from_delta),
)
"""DuckDB and Delta take names that differ in capitals for one; a connection cannot be opened by another process."""

ON_DISK = tuple(kind for kind in KINDS if kind.name != "duckdb connection")
