"""Calls of the DynamoDB adaptor without an engine around them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from threading import Event
from typing import Any

from support.http_calls import MemoryAccess

from celigo_pandas.engine.adaptors.dynamodb import adaptor
from celigo_pandas.engine.adaptors.protocol import Call, Outgoing
from celigo_pandas.engine.choices import CHOICES
from celigo_pandas.engine.safety.reach import Reach


@dataclass
class Bench:
    """One connection to one table; ``log`` is what its debug log would hold."""

    doc: Mapping[str, Any]
    table: str
    reach: Reach = field(default_factory=Reach)
    time_s: float = 60.0
    scans: bool = False
    log: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.access = MemoryAccess(self.doc)
        self.stop = Event()

    def call(self, **context: Any) -> Call:
        return Call(
            connection=self.access,
            reach=self.reach,
            context={"connection": self.access.masked, "settings": {}, **context},
            debug=lambda kind, payload: self.log.append((kind, dict(payload))),
            stop=self.stop,
            deadline=time.monotonic() + self.time_s,
            now=lambda: datetime.now(timezone.utc),
            choices=replace(CHOICES, dynamodb_scans=self.scans),
        )

    def export(self, condition: str = "", values: Any = None, names: Any = None, **block: Any) -> dict[str, Any]:
        found = {"tableName": self.table, "region": "us-east-1", **block}
        if condition:
            found["keyConditionExpression"] = condition
        for name, value in (("expressionAttributeValues", values), ("expressionAttributeNames", names)):
            if value is not None:
                found[name] = value if isinstance(value, str) else json.dumps(value)
        return {"dynamodb": found}

    def records(self, export: Mapping[str, Any], **context: Any) -> list[Any]:
        chunks = adaptor.open_export(self.call(**context), export)
        return [record for chunk in chunks for record in chunk.records]

    def push(self, records: Sequence[Any], method: str = "putItem", *, top: Any = None, **block: Any) -> list[Any]:
        batch = [Outgoing(at, record, record) for at, record in enumerate(records)]
        document = {
            "dynamodb": {"tableName": self.table, "region": "us-east-1", "method": method, **block},
            **(top or {}),
        }
        return adaptor.import_batch(self.call(), document, batch)

    def close(self) -> None:
        self.access.close()
