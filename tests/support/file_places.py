"""A place that files lie in, as its contract sees it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

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
    """

    name: str
    files: Files
    root: Path
    base: str
    tells_files_apart: bool = True

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

    def names(self, folder: str) -> list[str]:
        return sorted(os.listdir(self.root / folder))
