"""Which place a connection's files lie in: one table, its modules imported on first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

from celigo_pandas.engine.adaptors.files.places import Place
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure

__all__ = ["open_place"]

_HERE = "celigo_pandas.engine.adaptors.files"

_OPENERS: Mapping[str, str] = {
    "filesystem": f"{_HERE}.folder:open_folder",
    "ftp:ftp": f"{_HERE}.ftp:open_ftp",
    "ftp:ftps": f"{_HERE}.ftp:open_ftp",
    "ftp:sftp": f"{_HERE}.sftp:open_sftp",
    "s3": f"{_HERE}.s3:open_s3",
}


def open_place(call: Call) -> Place:
    """Open the place of the call's connection; the caller closes it.

    Raises
    ------
    SourceFailure
        ``ftp.type`` is none of ftp, ftps and sftp, or the place cannot be opened.
    MissingExtraError
        What its protocol needs is not installed.

    Notes
    -----
    Source: integrator-api.md, section 3.3.
    """
    opener = _OPENERS.get(_name(call.connection.masked))
    if opener is None:
        kind = (call.connection.masked.get("ftp") or {}).get("type")
        if kind is None:
            # The platform stores such a document; its schema names no default, so none is guessed here.
            text = "Expected field: ftp.type to be present: ftp, ftps or sftp."
            raise SourceFailure(text, code="missing_required_field", field="ftp.type")
        text = f"ftp.type {kind!r:.40} is not known; expected ftp, ftps or sftp."
        raise SourceFailure(text, code="invalid_field", field="ftp.type")
    module, _, attribute = opener.partition(":")
    return cast(Callable[[Call], Place], getattr(import_module(module), attribute))(call)


def _name(connection: Mapping[str, Any]) -> str:
    if connection.get("type") != "ftp":
        return str(connection.get("type"))
    block = connection.get("ftp")
    return f"ftp:{block.get('type') if isinstance(block, Mapping) else None}"
