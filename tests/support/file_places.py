"""A place that files lie in, as its contract sees it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.remote_files import Files


@dataclass
class Kind:
    """One kind of place.

    Parameters
    ----------
    root : Path
        Where its files really lie.
    base : str
        What leads there in the documents' folders.
    tells_files_apart : bool
        Whether an entry shows that a file was replaced by one of the same size and time. A gap of servers that list
        names, sizes and times only, and of SFTP, which has nothing else.
    names_are_keys : bool
        Whether a name may hold slashes and a folder no folders, as in S3: nothing is in progress there, nothing links,
        and nobody says whether what is deleted was there.
    """

    name: str
    files: Files
    root: Path
    base: str
    tells_files_apart: bool = True
    names_are_keys: bool = False

    def folder(self, name: str) -> str:
        return f"{self.base}/{name}"

    def put(self, folder: str, name: str, content: bytes) -> Path:
        """Put a file there behind the place's back."""
        path = self.root / folder / name
        path.write_bytes(content)
        return self.owned(path)

    def owned(self, path: Path) -> Path:
        owner = self.root.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
        return path

    def put_unseen(self, folder: str, name: str, content: bytes) -> None:
        """Put a file there in place of another one, as old as any other that is put so."""
        path = self.put(folder, f".{name}.other", content)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        path.replace(self.root / folder / name)

    def content(self, folder: str, name: str) -> bytes:
        return (self.root / folder / name).read_bytes()

    def names(self, folder: str) -> list[str]:
        return sorted(os.listdir(self.root / folder))

    def clear(self) -> None:
        """Leave two empty folders, ``in`` and ``out``."""
        for path in list(self.root.iterdir()):
            shutil.rmtree(path)
        for name in ("in", "out"):
            (self.root / name).mkdir()
            self.owned(self.root / name)


@dataclass
class Buckets:
    """S3 as a kind of place; AWS's own client looks behind its back.

    Parameters
    ----------
    tells_missing_bucket : bool
        Whether writing into a bucket that is not there is refused. SeaweedFS would make it, or fails to.
    """

    name: str
    files: Files
    judge: Any
    tells_missing_bucket: bool = True
    tells_files_apart: bool = True
    names_are_keys: bool = True

    def folder(self, name: str) -> str:
        return f"celigo-{name}"

    def put(self, folder: str, name: str, content: bytes) -> None:
        self.judge.put_object(Bucket=self.folder(folder), Key=name, Body=content)

    put_unseen = put

    def content(self, folder: str, name: str) -> bytes:
        found: bytes = self.judge.get_object(Bucket=self.folder(folder), Key=name)["Body"].read()
        return found

    def names(self, folder: str) -> list[str]:
        pages = self.judge.get_paginator("list_objects_v2").paginate(Bucket=self.folder(folder))
        return sorted(one["Key"] for page in pages for one in page.get("Contents", ()))

    def clear(self) -> None:
        there = {one["Name"] for one in self.judge.list_buckets()["Buckets"]}
        for name in ("in", "out"):
            if self.folder(name) not in there:
                self.judge.create_bucket(Bucket=self.folder(name))
            for key in self.names(name):
                self.judge.delete_object(Bucket=self.folder(name), Key=key)
