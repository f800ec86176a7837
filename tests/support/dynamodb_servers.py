"""Servers that speak DynamoDB, started for a test session: dynalite (pages as AWS's), moto (checks keys)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.config
from support import needs, node
from support.services import free_port, program

__all__ = ["KEY_ID", "SECRET", "DynamoServer", "dynalite", "moto"]

KEY_ID = "CELIGOTESTKEY0002"
SECRET = "dynamodb-secret+with/odd=characters"


@dataclass
class DynamoServer:
    """A running server."""

    url: str
    _client: Any = None

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def doc(self, url: str = "", **aws: Any) -> dict[str, Any]:
        keys = {"accessKeyId": KEY_ID, "secretAccessKey": SECRET, **aws}
        return {"name": "DynamoDB", "type": "dynamodb", "dynamodb": {"aws": keys, "endpoint": url or self.url}}

    def boto(self, key: str = KEY_ID, secret: str = SECRET) -> Any:
        """Return AWS's own client: the judge of what is there."""
        if self._client is None:
            self._client = boto3.client(
                "dynamodb",
                endpoint_url=self.url,
                region_name="us-east-1",
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                config=botocore.config.Config(retries={"max_attempts": 1}),
            )
        return self._client

    def table(self, name: str, partition: str = "id:S", sort: str = "") -> None:
        """Make a table, empty; one of this name goes."""
        client = self.boto()
        if name in client.list_tables()["TableNames"]:
            client.delete_table(TableName=name)
            client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 0})
        keys = [part.split(":") for part in (partition, sort) if part]
        client.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for (key, _), kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 0})

    def put(self, table: str, items: list[dict[str, Any]]) -> None:
        """Write items in their wire form, 25 a request."""
        for start in range(0, len(items), 25):
            waiting: Any = {table: [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]}
            while waiting:
                waiting = self.boto().batch_write_item(RequestItems=waiting).get("UnprocessedItems")

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return all items in their wire form."""
        pages = self.boto().get_paginator("scan").paginate(TableName=table)
        return [item for page in pages for item in page["Items"]]


@contextmanager
def dynalite(scratch: Path) -> Iterator[DynamoServer]:
    """Serve tables in memory."""
    node.install()
    port = free_port()
    script = node.FOLDER / "node_modules" / "dynalite" / "cli.js"
    arguments = [needs.require("node"), str(script), "--port", str(port), "--host", "127.0.0.1"]
    arguments += ["--createTableMs", "0", "--deleteTableMs", "0", "--updateTableMs", "0"]
    with program(arguments, port, folder=scratch, start_s=30, stop_s=0.5) as url:
        yield DynamoServer(url)


@contextmanager
def moto(scratch: Path) -> Iterator[DynamoServer]:
    """Serve tables, and look at keys: only those that its IAM made are good."""
    port = free_port()
    beside = Path(sys.executable).with_name("moto_server")
    program_path = str(beside) if beside.exists() else needs.require("moto_server")
    with program(
        [program_path, "-H", "127.0.0.1", "-p", str(port)], port, folder=scratch, start_s=60, stop_s=0.5
    ) as url:
        yield DynamoServer(url)
