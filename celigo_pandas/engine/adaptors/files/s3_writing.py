"""An object of S3 written whole or not at all: one request up to 64 MB, above in parts that are given up if one fails.

What is sent is known before it is: its SHA-256 is signed, and where an answer is lost, the ETag of what is there tells
whether it arrived. A request that may have been carried out is not sent again.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, cast
from xml.sax.saxutils import escape

from celigo_pandas.engine.adaptors.aws.service import FilePart
from celigo_pandas.engine.adaptors.files.places import NOT_KNOWN
from celigo_pandas.engine.adaptors.files.s3_answers import Listed, element_of, etag_of, member_of
from celigo_pandas.engine.adaptors.files.s3_requests import S3
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.errors import shown
from celigo_pandas.sigv4 import encoded_path

__all__ = ["copy_object", "write_object"]

_IN_MEMORY = 8_000_000
_PIECE = 1 << 20
_WHOLE = 64 * 1024 * 1024
_PART = 16 * 1024 * 1024
_MOST_PARTS = 9_000
_MOST_COPIED = 5 * 1024**3
_COPIED_PART = 1024**3
_UNANSWERED = frozenset({"bad_answer", "broken", "server_error", "timeout", "tls"})
"""Codes of failures after which nobody knows whether a request was carried out."""


@dataclass(frozen=True, slots=True)
class _Part:
    number: int
    start: int
    size: int


def write_object(s3: S3, bucket: str, key: str, content: Iterable[bytes], headers: Mapping[str, str]) -> None:
    """Write an object; content that fails while it is made leaves what was there.

    Raises
    ------
    SourceFailure
        S3 refused; with the code ``not_known`` where it may be written.
    """
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as made:
        file = cast(BinaryIO, made)
        for piece in content:
            file.write(piece)
        size = file.tell()
        if size <= _WHOLE:
            _write_whole(s3, bucket, key, file, size, headers)
        else:
            _write_parts(s3, bucket, key, file, size, headers)


def _write_whole(s3: S3, bucket: str, key: str, file: BinaryIO, size: int, headers: Mapping[str, str]) -> None:
    part, md5 = _file_part(file, 0, size)
    try:
        s3.send("PUT", bucket, key, headers=headers, body=part if size else b"", is_safe=False, log=False)
    except SourceFailure as failure:
        _settle(s3, bucket, key, md5.hexdigest(), failure)


def _write_parts(s3: S3, bucket: str, key: str, file: BinaryIO, size: int, headers: Mapping[str, str]) -> None:
    digests: list[bytes] = []

    def send(upload: str, part: _Part) -> str:
        body, md5 = _file_part(file, part.start, part.size)
        query = (("partNumber", str(part.number)), ("uploadId", upload))
        answer = s3.send("PUT", bucket, key, query=query, body=body, log=False)
        digests.append(md5.digest())
        return etag_of(answer)

    def etag() -> str:
        joined = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
        return f"{joined}-{len(digests)}"

    length = max(_PART, -(-size // _MOST_PARTS))
    _in_parts(s3, bucket, key, _parts(size, length), headers, send, etag)


def copy_object(
    s3: S3, source: tuple[str, str], seen: Listed | None, bucket: str, key: str, more: Mapping[str, str]
) -> None:
    """Copy an object inside S3.

    Parameters
    ----------
    source : pair of str
        Bucket and key.
    seen : Listed, optional
        The object as it was listed: another one under its key is not copied.
    more : mapping
        Headers that the new object is written with.

    Raises
    ------
    SourceFailure
        S3 refused, or the object is another one (``file_changed``).
    """
    headers = {"x-amz-copy-source": encoded_path(f"/{source[0]}/{source[1]}")}
    if seen is not None:
        headers["x-amz-copy-source-if-match"] = f'"{seen.etag}"'
    what = f"{shown(source[1])} in bucket {shown(source[0])}"
    if seen is None or seen.size <= _MOST_COPIED:
        element_of(s3.send("PUT", bucket, key, headers={**headers, **more}, what=what), "CopyObjectResult")
        return

    def send(upload: str, part: _Part) -> str:
        query = (("partNumber", str(part.number)), ("uploadId", upload))
        extent = {"x-amz-copy-source-range": f"bytes={part.start}-{part.start + part.size - 1}"}
        answer = s3.send("PUT", bucket, key, query=query, headers={**headers, **extent}, what=what)
        return member_of(element_of(answer, "CopyPartResult"), "ETag").strip('"')

    _in_parts(s3, bucket, key, _parts(seen.size, _COPIED_PART), more, send, lambda: "")


def _in_parts(
    s3: S3,
    bucket: str,
    key: str,
    parts: Iterable[_Part],
    headers: Mapping[str, str],
    send: Callable[[str, _Part], str],
    etag: Callable[[], str],
) -> None:
    """Make an object of parts; if one fails, all are given up, for what is left over is stored and paid for."""
    begun = s3.send("POST", bucket, key, query=(("uploads", ""),), headers=headers, is_safe=False)
    upload = member_of(element_of(begun, "InitiateMultipartUploadResult"), "UploadId")
    try:
        listed = "".join(
            f"<Part><PartNumber>{part.number}</PartNumber><ETag>{escape(send(upload, part))}</ETag></Part>"
            for part in parts
        )
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        try:
            ended = s3.send("POST", bucket, key, query=(("uploadId", upload),), body=body, is_safe=False)
            element_of(ended, "CompleteMultipartUploadResult")
        except SourceFailure as failure:
            _settle(s3, bucket, key, etag(), failure)
    except BaseException:
        with suppress(SourceFailure):
            s3.asked("DELETE", bucket, key, query=(("uploadId", upload),), is_last=True)
        raise


def _settle(s3: S3, bucket: str, key: str, etag: str, failure: SourceFailure) -> None:
    """End a write whose answer was lost: if what is there now is what was sent, it was carried out."""
    if not failure.sent or failure.code not in _UNANSWERED:
        raise failure.copy()
    with suppress(SourceFailure):
        found = s3.asked("HEAD", bucket, key)
        if etag and found.is_success and etag_of(found) == etag:
            return
    raise SourceFailure(f"{failure.message} Whether the file was written is not known.", code=NOT_KNOWN)


def _parts(size: int, length: int) -> Iterator[_Part]:
    for number, start in enumerate(range(0, size, length), start=1):
        yield _Part(number, start, min(length, size - start))


def _file_part(file: BinaryIO, start: int, size: int) -> tuple[FilePart, Any]:
    """Return bytes of a file as a body, and their MD5."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    file.seek(start)
    left = size
    while left and (piece := file.read(min(_PIECE, left))):
        sha256.update(piece)
        md5.update(piece)
        left -= len(piece)
    return FilePart(file, start, size, sha256.hexdigest()), md5
