"""An object of S3 as a stream: read in pieces, each the next bytes of the very object that was listed.

No request stays open between two pieces, so a reader may take its time, and a piece that breaks off is asked for again.
Decision 0260.
"""

from __future__ import annotations

import hashlib
import io
import re
from typing import Any

from celigo_pandas.engine.adaptors.files.s3_answers import etag_of
from celigo_pandas.engine.adaptors.files.s3_requests import S3
from celigo_pandas.engine.adaptors.http.transport import Answer
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.errors import shown

__all__ = ["Download"]

_PIECE = 8 * 1024 * 1024
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_MD5 = re.compile(r"[0-9a-f]{32}")


class Download(io.RawIOBase):
    """One object on its way.

    Parameters
    ----------
    s3 : S3
        Asked for each piece.
    bucket, key : str
    etag : str
        Of the object that is meant; empty where it was not listed, and any will do.
    """

    def __init__(self, s3: S3, bucket: str, key: str, etag: str) -> None:
        super().__init__()
        self._s3 = s3
        self._bucket = bucket
        self._key = key
        self._etag = etag
        self._at = 0
        self._size: int | None = None
        self._piece = memoryview(b"")
        self._digest: Any = hashlib.md5(usedforsecurity=False)
        self._is_hash = False
        self._fetch()

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes; the last ones only if all together are what the ETag says."""
        if not self._piece and self._at != self._size:
            self._fetch()
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def _fetch(self) -> None:
        headers = {"Range": f"bytes={self._at}-{self._at + _PIECE - 1}"}
        if self._etag:
            headers["If-Match"] = f'"{self._etag}"'
        answer = self._s3.asked("GET", self._bucket, self._key, headers=headers, log=False)
        if answer.status == 416 and self._at == 0:
            # Nothing has no first byte.
            del headers["Range"]
            answer = self._s3.send("GET", self._bucket, self._key, headers=headers, log=False)
        elif not answer.is_success:
            answer = self._s3.checked(answer, f"{shown(self._key)} in bucket {shown(self._bucket)}")
        self._take(answer)

    def _take(self, answer: Answer) -> None:
        etag = etag_of(answer)
        if self._etag and etag and etag != self._etag:
            raise self._failure("was replaced while it was read", "file_changed")
        if self._size is None:
            self._etag = self._etag or etag
            encryption = answer.headers.get("x-amz-server-side-encryption", "")
            is_foreign = "x-amz-server-side-encryption-customer-algorithm" in answer.headers
            is_plain = encryption in {"", "AES256"} and not is_foreign
            self._is_hash = self._s3.hashes and is_plain and _MD5.fullmatch(self._etag) is not None
        first, size = self._extent(answer)
        if first != self._at or (self._size is not None and size != self._size):
            raise self._failure("did not come in the pieces that were asked for")
        self._size = size
        self._at += len(answer.body)
        self._digest.update(answer.body)
        self._piece = memoryview(answer.body)
        if self._at == size and self._is_hash and self._digest.hexdigest() != self._etag:
            raise self._failure("did not arrive as it was stored: its MD5 is not its ETag")

    def _extent(self, answer: Answer) -> tuple[int, int]:
        """Return the position of an answer's first byte, and the size of the object."""
        if answer.status != 206:
            return 0, len(answer.body)
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
        if found is None or int(found[2]) - int(found[1]) + 1 != len(answer.body):
            raise self._failure("did not come in the pieces that were asked for")
        return int(found[1]), int(found[3])

    def _failure(self, what: str, code: str = "file_error") -> SourceFailure:
        return SourceFailure(f"{shown(self._key)} in bucket {shown(self._bucket)} {what}.", code=code)
