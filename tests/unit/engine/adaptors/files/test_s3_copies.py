"""Copies of objects inside S3: one request, or one for each part of an object that is too large for that."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from support.fault_proxy import Canned, FaultProxy, Seen, fault_proxy
from support.remote_files import Files

from celigo_pandas.engine.adaptors.files.s3_answers import Listed
from celigo_pandas.engine.adaptors.files.s3_requests import S3
from celigo_pandas.engine.adaptors.files.s3_writing import copy_object
from celigo_pandas.engine.adaptors.protocol import SourceFailure

ANSWERS = {
    "uploads=": b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
    "partNumber=": b"<CopyPartResult><ETag>&quot;e&quot;</ETag></CopyPartResult>",
    "uploadId=": b"<CompleteMultipartUploadResult/>",
}


def listed(size: int) -> Listed:
    return Listed("in/a é.bin", size, datetime(2026, 1, 2, tzinfo=timezone.utc), "old")


def copy(proxy: FaultProxy, size: int) -> None:
    keys = {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "secret"}
    files = Files({"type": "s3", "s3": {**keys, "endpoint": proxy.url}})
    s3 = S3(files.call(), "us-east-1")
    copy_object(s3, ("bucket", "in/a é.bin"), listed(size), "done", "a.bin", {"x-amz-server-side-encryption": "AES256"})


def answer(request: Seen) -> Canned:
    return next((Canned(200, body) for part, body in ANSWERS.items() if part in request.target), Canned(204))


def test_object_above_5_gb_is_copied_in_parts_of_the_very_object() -> None:
    with fault_proxy("http://127.0.0.1:9") as proxy:
        proxy.fault = answer
        copy(proxy, 6 * 1024**3 + 5)

    begun, *parts, ended = proxy.seen
    assert (begun.method, begun.headers["x-amz-server-side-encryption"]) == ("POST", "AES256")
    assert [one.headers["x-amz-copy-source-range"] for one in parts] == [
        *(f"bytes={at * 1024**3}-{(at + 1) * 1024**3 - 1}" for at in range(6)),
        f"bytes={6 * 1024**3}-{6 * 1024**3 + 4}",
    ]
    assert {one.headers["x-amz-copy-source-if-match"] for one in parts} == {'"old"'}
    assert {one.headers["x-amz-copy-source"] for one in parts} == {"/bucket/in/a%20%C3%A9.bin"}
    assert ended.body.count(b"<PartNumber>") == 7


def test_part_that_cannot_be_copied_gives_all_up() -> None:
    with fault_proxy("http://127.0.0.1:9") as proxy:
        changed = Canned(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        proxy.fault = lambda request: changed if "partNumber=2" in request.target else answer(request)
        with pytest.raises(SourceFailure) as failed:
            copy(proxy, 6 * 1024**3)

    assert failed.value.code == "file_changed"
    assert [one.method for one in proxy.seen] == ["POST", "PUT", "PUT", "DELETE"]


def test_smaller_object_is_copied_at_once() -> None:
    with fault_proxy("http://127.0.0.1:9") as proxy:
        proxy.fault = lambda request: Canned(200, b"<CopyObjectResult><ETag>e</ETag></CopyObjectResult>")
        copy(proxy, 5 * 1024**3)

    (request,) = proxy.seen
    assert request.headers["x-amz-copy-source-if-match"] == '"old"'
