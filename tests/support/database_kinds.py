"""One database as the contract sees it: a connection to it, what it says, and what it cannot."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from threading import Event
from typing import Any

from support.http_calls import MemoryAccess

from celigo_pandas.engine.adaptors.protocol import Call, Outgoing
from celigo_pandas.engine.adaptors.sql import adaptor
from celigo_pandas.engine.safety.reach import Reach


@dataclass
class Kind:
    """One database, and its declared gaps.

    Parameters
    ----------
    name : str
        ``rdbms.type``.
    doc : dict
        A connection to it.
    taken : str
        Its code for a key that is taken.
    missing : str
        Its code for a table that is not there.
    slow : str
        A statement that takes far longer than a test may.
    undoes_tables : bool
        Whether a rollback undoes the making of a table.
    has_logins : bool
        Whether it asks for user and password.
    """

    name: str
    doc: dict[str, Any]
    taken: str
    missing: str
    slow: str
    undoes_tables: bool = True
    has_logins: bool = True
    access: MemoryAccess = field(init=False)

    def __post_init__(self) -> None:
        self.access = MemoryAccess(self.doc)

    def call(self, seconds: float = 60.0, doc: dict[str, Any] | None = None) -> Call:
        """Return a call that has so much time, through another document where one is given."""
        access = self.access if doc is None else MemoryAccess(doc)
        return Call(
            connection=access,
            reach=Reach(),
            context={"connection": access.masked, "settings": {}},
            debug=lambda kind, payload: None,
            stop=Event(),
            deadline=time.monotonic() + seconds,
            now=lambda: datetime.now(timezone.utc),
        )

    def read(self, query: str, rows: int = 100) -> list[Any]:
        """Return all records of a query, as an export reads them."""
        doc = {"rdbms": {"query": query}, "pageSize": rows}
        return [record for chunk in adaptor.open_export(self.call(), doc) for record in chunk.records]

    def write(self, records: list[Any], **block: Any) -> list[dict[str, Any]]:
        """Return the results of a batch."""
        batch = [Outgoing(position, record, record) for position, record in enumerate(records)]
        return adaptor.import_batch(self.call(), {"rdbms": block}, batch)

    def run(self, *statements: str) -> None:
        """Execute statements, each of which must work."""
        results = self.write([{"q": one} for one in statements], queryType=["per_record"], query=["{{{record.q}}}"])
        assert [result for result in results if result["statusCode"] != 200] == []
