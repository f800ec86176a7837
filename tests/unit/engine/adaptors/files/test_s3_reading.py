"""An object of S3 in pieces: what each answer must say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict

from celigo_pandas.engine.adaptors.files.s3_reading import Download
from celigo_pandas.engine.adaptors.http.transport import Answer
from celigo_pandas.engine.adaptors.protocol import SourceFailure

CONTENT = b"0123456789"
MD5 = hashlib.md5(CONTENT).hexdigest()


class OneObject:
    """Stands for S3: gives what a test says, and keeps what was asked."""

    def __init__(self, *answers: Answer, hashes: bool = True) -> None:
        self.hashes = hashes
        self.asked_for: list[Mapping[str, str]] = []
        self._answers = list(answers)

    def asked(self, method: str, bucket: str, key: str, *, headers: Mapping[str, str], log: bool) -> Answer:
        self.asked_for.append(dict(headers))
        return self._answers.pop(0)

    send = asked


def piece(body: bytes, span: str = "0-9/10", etag: str = MD5, status: int = 206, **headers: str) -> Answer:
    named = {"ETag": f'"{etag}"', "Content-Range": f"bytes {span}", **headers}
    return Answer(status, CaseInsensitiveDict(named), body, "http://s3/")


def read(s3: Any, etag: str = MD5) -> bytes:
    download = Download(s3, "bucket", "a.csv", etag)
    found = b""
    while part := download.read(4):
        found += part
    return found


def test_pieces_are_asked_for_by_the_etag_that_was_listed() -> None:
    s3 = OneObject(piece(CONTENT[:6], "0-5/10"), piece(CONTENT[6:], "6-9/10"))

    assert read(s3) == CONTENT
    assert [one["If-Match"] for one in s3.asked_for] == [f'"{MD5}"'] * 2
    assert [one["Range"].partition("-")[0] for one in s3.asked_for] == ["bytes=0", "bytes=6"]


def test_first_answer_says_which_object_it_is_where_none_was_listed() -> None:
    s3 = OneObject(piece(CONTENT[:6], "0-5/10"), piece(CONTENT[6:], "6-9/10"))

    assert read(s3, "") == CONTENT
    assert [one.get("If-Match") for one in s3.asked_for] == [None, f'"{MD5}"']


def test_empty_object_has_no_first_byte() -> None:
    empty = hashlib.md5(b"").hexdigest()
    s3 = OneObject(piece(b"", "*/0", empty, 416), piece(b"", "", empty, 200))

    assert read(s3, empty) == b""
    assert "Range" not in s3.asked_for[1]


def test_server_that_knows_no_ranges_gives_all_at_once() -> None:
    assert read(OneObject(piece(CONTENT, status=200))) == CONTENT


@pytest.mark.parametrize(
    "answers",
    [
        [piece(CONTENT, etag="0" * 32)],
        [piece(CONTENT[:6], "0-5/10"), piece(CONTENT[6:], "6-9/10", etag="0" * 32)],
        [piece(CONTENT[:6], "0-5/10"), piece(CONTENT[:4], "0-3/10")],
        [piece(CONTENT[:6], "0-5/10"), piece(CONTENT[6:], "6-9/11")],
        [piece(CONTENT[:6], "0-9/10")],
        [piece(CONTENT, "nonsense")],
        [piece(b"012345678X")],
    ],
    ids=["another etag", "another in the middle", "another place", "another size", "short", "no range", "damaged"],
)
def test_answer_that_is_no_part_of_the_object_is_an_error(answers: list[Answer]) -> None:
    with pytest.raises(SourceFailure) as failed:
        read(OneObject(*answers))

    assert failed.value.code in {"file_changed", "file_error"}
    assert "a.csv" in failed.value.message


@pytest.mark.parametrize(
    ("answer", "hashes"),
    [
        (piece(b"012345678X"), False),
        (piece(b"012345678X", etag=f"{MD5}-2"), True),
        (piece(b"012345678X", **{"x-amz-server-side-encryption": "aws:kms"}), True),
        (piece(b"012345678X", **{"x-amz-server-side-encryption-customer-algorithm": "AES256"}), True),
    ],
    ids=["not AWS", "in parts", "KMS", "own key"],
)
def test_etag_that_is_no_md5_is_not_taken_for_one(answer: Answer, hashes: bool) -> None:
    assert read(OneObject(answer, hashes=hashes), "") == b"012345678X"
