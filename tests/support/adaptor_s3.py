"""S3 as the contract of all adaptors sees it: a place is what the keys begin with, each record an object."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.adaptor_kinds import Kind
from support.fault_proxy import Canned, FaultProxy, fault_proxy
from support.s3_servers import S3Server, seaweed

from celigo_pandas.engine.adaptors.files import adaptor

_BUCKET = "celigo-places"
_EXPIRED = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"


@contextmanager
def s3() -> Iterator[Kind]:
    """Start SeaweedFS, which looks at keys."""
    with tempfile.TemporaryDirectory() as scratch, seaweed(Path(scratch)) as server, fault_proxy(server.url) as proxy:
        server.boto().create_bucket(Bucket=_BUCKET)
        yield Kind(
            "s3",
            adaptor,
            server.doc(endpoint=proxy.url),
            int(proxy.url.rpartition(":")[2]),
            lambda doc, port: {**doc, "s3": {**doc["s3"], "endpoint": f"http://127.0.0.1:{port}"}},
            "s3.secretAccessKey",
            lambda place: {"s3": _place(keyStartsWith=f"{place}/"), "file": {"type": "json", "skipDelete": True}},
            _insert,
            lambda place, records: _put(server, place, records),
            lambda place: _stored(server, place),
            expired=lambda: _expired(proxy),
            gaps={
                "order": "objects come in the order of their keys",
                "sources": "nothing is open between two pieces of an object",
                "slow": "what is asked of it is answered from its disk",
                "taken": "an object of the same key is replaced",
                "doubt": "the object that is there says whether it is the one that was sent",
            },
        )


def _place(**more: str) -> dict[str, str]:
    return {"region": "us-east-1", "bucket": _BUCKET, **more}


def _insert(place: str) -> dict[str, Any]:
    return {"s3": _place(fileKey=f"{place}/{{{{record.id}}}}.json"), "file": {"type": "json", "skipAggregation": True}}


def _put(server: S3Server, place: str, records: Sequence[Mapping[str, Any]]) -> None:
    for key in _keys(server, place):
        server.boto().delete_object(Bucket=_BUCKET, Key=key)
    if records:
        # Many records behind a place's back are one object: what is read is the same.
        lines = "\n".join(json.dumps(dict(one)) for one in records)
        server.boto().put_object(Bucket=_BUCKET, Key=f"{place}/records.json", Body=lines.encode())


def _stored(server: S3Server, place: str) -> list[dict[str, Any]]:
    found = []
    for key in _keys(server, place):
        text = server.boto().get_object(Bucket=_BUCKET, Key=key)["Body"].read().decode()
        found += [json.loads(line) for line in text.splitlines()]
    return sorted(found, key=lambda one: int(one["id"]))


def _keys(server: S3Server, place: str) -> list[str]:
    pages = server.boto().get_paginator("list_objects_v2").paginate(Bucket=_BUCKET, Prefix=f"{place}/")
    return [one["Key"] for page in pages for one in page.get("Contents", ())]


@contextmanager
def _expired(proxy: FaultProxy) -> Iterator[None]:
    proxy.fault = lambda request: Canned(400, _EXPIRED)
    try:
        yield
    finally:
        proxy.fault = lambda request: None
