"""A source that changes day by day as real ones do, behind the pages of a server in memory.

Late rows (stamped before, committed after), ties, clocks that are off, rows that come twice in one window while pages
shift, deletes, and columns that are new, renamed and hold other values.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from support.pulls import PageServer, connection_to, encoded

from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.client.messages import Request, Response

START = datetime(2023, 1, 1, tzinfo=timezone.utc)
START_TEXT = "2023-01-01T00:00:00Z"
EXPORT = {"http": {"relativeURI": "/orders?since={{watermark}}", "method": "GET"}}
KEYS = {"http": {"relativeURI": "/orders/keys", "method": "GET"}}


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class PagedRows:
    """Answers each first request with the rows of now, and the rest of its walk from them."""

    def __init__(self, rows: Callable[[dict[str, Any]], list[dict[str, Any]]], page_size: int = 20) -> None:
        self._rows = rows
        self._page_size = page_size
        self._pages: PageServer | None = None
        self.exports: list[dict[str, Any]] = []

    def __call__(self, request: Request) -> Response:
        body = json.loads(request.body or b"")
        if body.get("pagedExportState") is None:
            self.exports.append(body["export"])
            self._pages = PageServer(encoded(self._rows(body["export"])), page_size=self._page_size)
        assert self._pages is not None
        return self._pages(request)

    def connection(self, **options: Any) -> Connection:
        return connection_to(self, **options)


class ChangingSource:
    """Orders by id, with a few changes a day."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.rows: dict[int, dict[str, Any]] = {}
        self.day = 0
        self.stale: list[dict[str, Any]] = []
        self.late: list[dict[str, Any]] = []
        self.next_id = 1
        self.server = PagedRows(self.asked)

    @property
    def now(self) -> datetime:
        return START + timedelta(days=self.day)

    def pass_day(self) -> None:
        """Let a day of changes happen."""
        chance, self.day = self.chance, self.day + 1
        self.stale = []
        for row in self.late:
            self.rows[row["id"]] = row
        self.late = []
        moments = sorted(self.now - timedelta(seconds=chance.randrange(1, 86_400)) for _ in range(4))
        for moment in moments:
            for _ in range(chance.choice([0, 1, 1, 3])):  # several of one second are ties
                self._insert(moment)
            if self.rows and chance.random() < 0.7:
                self._update(chance.choice(list(self.rows)), moment)
        if chance.random() < 0.3:  # stamped before the sync of today, committed after it
            self.late.append(self._row(self.now - timedelta(minutes=chance.randrange(1, 50))))
        if len(self.rows) > 5 and chance.random() < 0.3:
            del self.rows[chance.choice(list(self.rows))]

    def _insert(self, moment: datetime) -> None:
        row = self._row(moment)
        self.rows[row["id"]] = row

    def _row(self, moment: datetime) -> dict[str, Any]:
        self.next_id += 1
        return {"id": self.next_id, "updated": self._stamped(moment), **self._values()}

    def _stamped(self, moment: datetime) -> str:
        skew = self.chance.choice([0, 0, 0, -4, 4, 525_600 if self.chance.random() < 0.02 else 0])
        return stamp(moment + timedelta(minutes=skew))

    def _values(self) -> dict[str, Any]:
        chance = self.chance
        values: dict[str, Any] = {"status": chance.choice(["open", "paid", None])}
        values["amount"] = chance.randrange(100)
        if self.day > 300:
            values["amount"] = chance.choice([chance.randrange(100), chance.randrange(100) / 4])
        if self.day > 500:
            values["amount"] = chance.choice([chance.randrange(100), "n/a", 1.5])
        if self.day > 200:
            values["tags"] = chance.choice([[], ["a", 1], None])
        if self.day > 100:
            values["ship"] = {"city": chance.choice(["Oslo", "Łódź"])}
        return values

    def _update(self, key: int, moment: datetime) -> None:
        self.stale.append(dict(self.rows[key]))
        self.rows[key] = {**self.rows[key], "updated": self._stamped(moment), **self._values()}

    def asked(self, export: dict[str, Any]) -> list[dict[str, Any]]:
        uri = export["http"]["relativeURI"]
        if uri.endswith("/keys"):
            return [{"id": key} for key in self.rows]
        since = uri.partition("since=")[2]
        found = [row for row in self.rows.values() if row["updated"] >= since]
        again = [row for row in self.stale if row["updated"] >= since and row["id"] in self.rows]
        # What was read on an early page and changed meanwhile comes again on a later one: the old rows fill the first.
        padding = [found[0]] * (-len(again) % 20) if again and found else []
        return [self._named(row) for row in [*again, *padding, *sorted(found, key=lambda row: row["updated"])]]

    def _named(self, row: dict[str, Any]) -> dict[str, Any]:
        """Show a row as the source does today: a column is called otherwise from one day on."""
        name = "state" if self.day > 400 else "status"
        return {**{key: value for key, value in row.items() if key != "status"}, name: row["status"]}

    def records(self) -> list[dict[str, Any]]:
        """The source as it is now, in order of its keys."""
        return [self._named(self.rows[key]) for key in sorted(self.rows)]
