"""Whether an ``s3`` connection works: its keys, and the bucket that it names.

An answer that the keys may not do this is one to good keys: it says nothing against the connection, unless it is about
the bucket that a ping is asked for.
"""

from __future__ import annotations

from celigo_pandas.engine.adaptors.aws.endpoints import DEFAULT_REGION
from celigo_pandas.engine.adaptors.files.s3 import open_s3
from celigo_pandas.engine.adaptors.files.s3_requests import S3
from celigo_pandas.engine.adaptors.protocol import Call, PingOutcome, SourceFailure

__all__ = ["ping_s3"]


def ping_s3(call: Call) -> PingOutcome:
    """List one object of ``pingBucket``, wherever it is; without one, ask for the names of the buckets."""
    bucket = (call.connection.masked.get("s3") or {}).get("pingBucket")
    try:
        place = open_s3(call)
        if isinstance(bucket, str) and bucket:
            place.check(bucket)
        else:
            _ask_for_buckets(call)
    except SourceFailure as failure:
        return PingOutcome.of(failure)
    return PingOutcome(200)


def _ask_for_buckets(call: Call) -> None:
    try:
        S3(call, DEFAULT_REGION).buckets()
    except SourceFailure as failure:
        if failure.code != "permission_denied":
            raise
