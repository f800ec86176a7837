"""Import documents: what acts once per call, what a virtual import may carry, which steps a record passes.

A batch of a push is one call of the API. Some imports act per call, not per record: a file import writes one file for
each call, a ``first_page`` query runs for the first page only. Cut into batches these would leave many files, or run
for the first batch alone.

Source: the vendor's import schema (``file``, ``ftp``, ``s3``, ``rdbms.queryType``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["acts_per_call", "describe", "digest", "file_names", "file_names_vary", "virtual", "writes_file"]

_READ_ONLY = frozenset(
    {"_id", "createdAt", "lastModified", "lastModifiedBy", "createdBy", "_integrationId", "_connectorId", "_sourceId",
     "_templateId", "_userId", "apiIdentifier", "aiDescription", "sandbox"}
)  # fmt: skip

_NAME_MEMBERS = (("file", "fileName"), ("ftp", "fileName"), ("s3", "fileKey"), ("filesystem", "fileName"))


def virtual(doc: Mapping[str, Any]) -> dict[str, Any]:
    """Return a saved import as a virtual one: without the members that only the server writes."""
    return {name: value for name, value in doc.items() if name not in _READ_ONLY}


def digest(doc: Mapping[str, Any]) -> str:
    """Return 64 hexadecimal characters that name what an import does, the same for any order of members."""
    return hashlib.sha256(json.dumps(doc, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def acts_per_call(doc: Mapping[str, Any]) -> str | None:
    """Name the member that makes an import act once per call.

    Parameters
    ----------
    doc : Mapping
        Import document, wire spelling.

    Returns
    -------
    str or None
        ``"file"`` (or ``"ftp"``, ``"s3"``, ``"filesystem"``), ``"rdbms.queryType"`` (or another block's); None when
        each record stands for itself, so that batches of any size have the same effect.
    """
    # Assumed: a blob import (``blobKeyPath``) transfers one stored file per record.
    if "blobKeyPath" not in doc:
        for name in _FILE_BLOCKS:
            if isinstance(doc.get(name), Mapping):
                return name
    for name, block in doc.items():
        if isinstance(block, Mapping) and "first_page" in _listed(block.get("queryType")):
            return f"{name}.queryType"
    return None


_FILE_BLOCKS = ("file", "ftp", "s3", "filesystem")


def writes_file(member: str | None) -> bool:
    """Say whether what :func:`acts_per_call` named is a file."""
    return member in _FILE_BLOCKS


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def file_names(doc: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the members that name the file an import writes: dotted path and template."""
    for block_name, member in _NAME_MEMBERS:
        block = doc.get(block_name)
        if isinstance(block, Mapping) and isinstance(block.get(member), str):
            yield f"{block_name}.{member}", block[member]


def file_names_vary(doc: Mapping[str, Any]) -> bool:
    """Say whether two calls of a file import surely write two files.

    Only a random part counts. A time does not: two calls may fall into the same tick, and the second file would
    replace the first.
    """
    return any(_RANDOM.search(template) for _, template in file_names(doc))


_RANDOM = re.compile(r"\{\{\{?\s*(?:random|uuid|guid)\b[^}]*\}\}")


def describe(doc: Mapping[str, Any]) -> str:
    """Name an import in one short phrase for a person: its name, else its adaptor."""
    name = doc.get("name")
    if isinstance(name, str) and name:
        return name
    adaptor = doc.get("adaptorType")
    if isinstance(adaptor, str) and adaptor:
        return adaptor
    blocks = [key for key in doc if key in _BLOCKS]
    return f"{blocks[0]} import" if blocks else "import"


_BLOCKS = frozenset(
    {"http", "rest", "rdbms", "jdbc", "ftp", "s3", "filesystem", "mongodb", "dynamodb", "netsuite", "netsuite_da",
     "salesforce", "wrapper", "as2", "file"}
)  # fmt: skip
