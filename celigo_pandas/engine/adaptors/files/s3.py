"""Objects of Amazon S3, and of what speaks its protocol, as a place for files.

A folder is a bucket, or a bucket and a beginning of keys (``archive/done-``) that files are moved behind; a name is a
whole key. Facts: the vendor's schemas of ``s3``; AWS, "Amazon S3 REST API"; decision 0260.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO, cast

from celigo_pandas.engine.adaptors.aws.endpoints import checked_region
from celigo_pandas.engine.adaptors.files.file_names import FileNameError, check_key
from celigo_pandas.engine.adaptors.files.places import FileEntry, ignore
from celigo_pandas.engine.adaptors.files.s3_answers import Listed
from celigo_pandas.engine.adaptors.files.s3_reading import Download
from celigo_pandas.engine.adaptors.files.s3_requests import S3, check_bucket
from celigo_pandas.engine.adaptors.files.s3_writing import copy_object, write_object
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.errors import shown

__all__ = ["S3Place", "open_s3"]

_BUFFER = 1 << 18
_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_ENCRYPTIONS = ("AES256",)


def open_s3(call: Call) -> S3Place:
    """Return the objects of an ``s3`` connection, in the region that the call's own document names.

    Raises
    ------
    SourceFailure
        A member of the connection or of the document cannot be used.
    """
    kind = (call.connection.masked.get("s3") or {}).get("authType")
    if kind not in {None, "", "accesskey"}:
        text = f"s3.authType {shown(kind)} is not built in the local engine, which signs with keys: use accesskey."
        raise SourceFailure(text, code="unsupported", field="s3.authType", sent=False)
    member = "export" if "export" in call.context else "import"
    document = call.context.get(member)
    block: Mapping[str, Any] = (document.get("s3") if isinstance(document, Mapping) else None) or {}
    region = checked_region(block.get("region"), f"{member}.s3.region")
    encryption = block.get("serverSideEncryptionType")
    if encryption not in (None, "", *_ENCRYPTIONS):
        text = f"s3.serverSideEncryptionType {shown(encryption)} is not known; expected {', '.join(_ENCRYPTIONS)}."
        raise SourceFailure(text, code="invalid_field", field=f"{member}.s3.serverSideEncryptionType", sent=False)
    return S3Place(S3(call, region), {"x-amz-server-side-encryption": encryption} if encryption else {})


class S3Place:
    """A :class:`~celigo_pandas.engine.adaptors.files.places.Place` in the buckets of one region.

    Parameters
    ----------
    s3 : S3
    headers : mapping
        Sent with every object that is written.
    """

    def __init__(self, s3: S3, headers: Mapping[str, str]) -> None:
        self._s3 = s3
        self._headers = headers
        self._seen: dict[tuple[str, str], Listed] = {}

    def check(self, folder: str) -> None:
        """Make sure that the bucket is there and can be listed; ``.`` is none, and asks whether the keys are good."""
        if folder == ".":
            self._s3.buckets()
            return
        self._s3.first_page(*_split(folder))

    def entries(
        self, folder: str, unread: Callable[[str], None] = ignore, *, begins: str = "", ends: str = ""
    ) -> list[FileEntry]:
        """Return the objects of a bucket, sorted by key; what only stands for a folder is passed over."""
        bucket, prefix = _split(folder)
        found = []
        for one in self._s3.listing(bucket, prefix + begins):
            name = one.key[len(prefix) :]
            if not one.key.startswith(prefix + begins) or not name.endswith(ends) or name.endswith("/"):
                continue
            if one.storage in _ARCHIVES:
                unread(f"{shown(one.key)} is in the archive {one.storage}, from which it must be restored first.")
                continue
            self._seen[bucket, one.key] = one
            found.append(FileEntry(name, one.size, one.modified, one.etag))
        return sorted(found, key=lambda entry: entry.name)

    def open(self, folder: str, name: str) -> BinaryIO:
        """Open an object for reading: the one that was listed, if it was."""
        bucket, key = self._key(folder, name)
        seen = self._seen.get((bucket, key))
        download = Download(self._s3, bucket, key, seen.etag if seen else "")
        return cast(BinaryIO, io.BufferedReader(download, _BUFFER))

    def write(self, folder: str, name: str, content: Iterable[bytes], in_progress: str | None = None) -> None:
        """Write an object; nobody sees it before it is whole, so it needs no other name meanwhile."""
        bucket, key = self._key(folder, name)
        write_object(self._s3, bucket, key, content, self._headers)

    def remove(self, folder: str, name: str) -> None:
        """Delete an object; S3 does not say whether there was one."""
        bucket, key = self._key(folder, name)
        self._s3.send("DELETE", bucket, key)

    def move(self, folder: str, name: str, to_folder: str) -> None:
        """Copy an object into another bucket, then delete it; behind a beginning of keys only its file name stays."""
        bucket, key = self._key(folder, name)
        to_bucket, prefix = _split(to_folder)
        # Assumed: without a prefix the whole key stays, so that no two objects can meet under one name.
        target = prefix + key.rpartition("/")[2] if prefix else name
        if (to_bucket, target) == (bucket, key):
            text = f"{shown(folder)} and {shown(to_folder)} are one folder; a file cannot be moved there."
            raise SourceFailure(text, code="file_error")
        seen = self._seen.get((bucket, key))
        copy_object(self._s3, (bucket, key), seen, to_bucket, target, self._headers)
        self._s3.send("DELETE", bucket, key)

    def close(self) -> None:
        """Nothing is held: sockets are the connection's."""

    @staticmethod
    def _key(folder: str, name: str) -> tuple[str, str]:
        bucket, prefix = _split(folder)
        try:
            return bucket, prefix + check_key(name)
        except FileNameError as error:
            raise SourceFailure(str(error), code="invalid_name", sent=False) from None


def _split(folder: str) -> tuple[str, str]:
    """Return the bucket of a folder, and the beginning of keys behind it."""
    bucket, _, prefix = folder.partition("/")
    return check_bucket(bucket), prefix
