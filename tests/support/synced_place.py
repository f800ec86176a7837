"""A source in memory and the table that it is synced to."""

from __future__ import annotations

from typing import Any

from support.changing_source import PagedRows
from support.store_kinds import StoreKind

import celigo_pandas as celigo
from celigo_pandas import SyncResult

WINDOW = {"http": {"relativeURI": "/orders?since={{watermark}}", "method": "GET"}}
ALL = {"http": {"relativeURI": "/orders", "method": "GET"}}


class Place:
    """A source of rows, and a table that it is synced to."""

    def __init__(self, kind: StoreKind, to: Any) -> None:
        self.kind = kind
        self.to = to
        self.rows: list[dict[str, Any]] = []
        self.server = PagedRows(self._asked, page_size=5)

    def _asked(self, export: dict[str, Any]) -> list[dict[str, Any]]:
        uri = export["http"]["relativeURI"]
        if uri.endswith("/keys"):
            return [{"id": row["id"]} for row in self.rows]
        since = uri.partition("since=")[2]
        return [row for row in self.rows if not since or str(row.get("updated") or "9") >= since]

    def sync(self, export: Any = None, **changes: Any) -> SyncResult:
        usual: dict[str, Any] = {
            "to": self.to, "table": "orders", "key": "id", "cursor": "updated", "start": "2020-01-01T00:00:00Z",
            "progress": False,
        }  # fmt: skip
        settings = {name: value for name, value in {**usual, **changes}.items() if value is not ...}
        con = settings.pop("con", None) or self.server.connection()
        return celigo.sync(WINDOW if export is None else export, con, **settings)

    def all(self, **changes: Any) -> SyncResult:
        """Sync without a cursor."""
        return self.sync(ALL, **{"cursor": ..., "start": ..., **changes})

    def held(self) -> list[dict[str, Any]]:
        store = self.kind.open(self.to)
        if not store.exists():
            return []
        with store.opened(writes=False):
            state = store.state()
            rows = [] if state is None else store.read(state).to_pylist()
        return sorted(rows, key=lambda row: str(row["id"]))

    def state(self) -> Any:
        store = self.kind.open(self.to)
        with store.opened(writes=False):
            return store.state()


def row(number: int, updated: str = "", **values: Any) -> dict[str, Any]:
    return {"id": number, "updated": updated or f"2024-01-{number:02d}T00:00:00Z", **values}
