"""The files adaptor: connection types ``filesystem``, ``ftp`` and ``s3``, written against :class:`Place` only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from celigo_pandas.engine.adaptors.files.file_exports import read_export
from celigo_pandas.engine.adaptors.files.file_imports import write_import
from celigo_pandas.engine.adaptors.files.opening import open_place
from celigo_pandas.engine.adaptors.protocol import Call, Chunk, Outgoing, PingOutcome, SourceFailure
from celigo_pandas.errors import MissingExtraError

__all__ = ["FilesAdaptor"]


class FilesAdaptor:
    """One adaptor for every place that files lie in."""

    capabilities: ClassVar[frozenset[str]] = frozenset({"ping", "export", "import"})

    def ping(self, call: Call) -> PingOutcome:
        """Connect; list ``ping.directoryPath`` where the connection names one, and of S3 the ``pingBucket``."""
        folder = _ping_folder(call)
        try:
            place = open_place(call)
            try:
                if isinstance(folder, str) and folder:
                    place.check(folder)
                elif call.connection.type != "filesystem":
                    place.check(".")  # a server is connected to with its first use
            finally:
                place.close()
        except SourceFailure as failure:
            return PingOutcome.of(failure)
        return PingOutcome(200)

    def open_export(self, call: Call, export_doc: Mapping[str, Any]) -> Iterator[Chunk]:
        """Read the chosen files one after the other; nothing happens before the first chunk is asked for."""
        try:
            yield from read_export(call, export_doc, open_place)
        except MissingExtraError as error:
            raise SourceFailure(str(error), code="missing_extra") from None

    def import_batch(
        self, call: Call, import_doc: Mapping[str, Any], batch: Sequence[Outgoing]
    ) -> list[dict[str, Any]]:
        """Write one file, or one a record; one result a record."""
        try:
            return write_import(call, import_doc, batch, open_place)
        except MissingExtraError as error:
            raise SourceFailure(str(error), code="missing_extra") from None

    def lookup(self, call: Call, lookup_doc: Mapping[str, Any], context: Mapping[str, Any]) -> object:
        """Files answer no lookups."""
        raise SourceFailure("Files answer no dynamic lookups.", code="unsupported", field="import.lookups")


def _ping_folder(call: Call) -> Any:
    block = call.connection.masked.get(call.connection.type)
    if not isinstance(block, Mapping):
        return None
    ping = block.get("ping")
    return block.get("pingBucket") or (ping.get("directoryPath") if isinstance(ping, Mapping) else None)
