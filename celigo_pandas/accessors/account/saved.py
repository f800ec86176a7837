"""Saved exports and imports: the documents that people already have in their account, read only."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pandas as pd

from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.accessors.targets import Account, SavedTarget
from celigo_pandas.documents import export_documents, import_documents
from celigo_pandas.errors import DocumentError
from celigo_pandas.markup import Markup, table, tag

__all__ = ["SavedDocument", "SavedExport", "SavedImport"]


class SavedDocument(SavedTarget):
    """A document of the account; accepted wherever an export or import document is.

    Parameters
    ----------
    client : Client
    doc : mapping
        As the server answered it.
    """

    def __init__(self, client: Account, doc: Mapping[str, Any]) -> None:
        self.client = client
        self._doc = dict(doc)
        self._connection: Connection | None = None

    @property
    def id(self) -> str:
        """The ``_id``."""
        return str(self._doc.get("_id", ""))

    @property
    def name(self) -> str:
        """The name, or the id where there is none."""
        return str(self._doc.get("name") or self.id)

    @property
    def doc(self) -> dict[str, Any]:
        """A copy of the whole document."""
        return copy.deepcopy(self._doc)

    @property
    def connection(self) -> Connection:
        """The connection it belongs to (one request, the first time).

        Raises
        ------
        DocumentError
            It names none.
        """
        if self._connection is None:
            connection_id = self._doc.get("_connectionId")
            if not isinstance(connection_id, str):
                raise DocumentError(
                    f"The saved {self.kind} {self.name!r} has no _connectionId.", hint="Give the connection as con=."
                )
            self._connection = Connection(self.client, self.client.api.get_connection(connection_id))
        return self._connection

    def virtual(self) -> dict[str, Any]:
        """The document without what the server sets, ready for a virtual run."""
        return export_documents.virtual(self.doc) if self.kind == "export" else import_documents.virtual(self.doc)

    def __repr__(self) -> str:
        notes = [str(self._doc.get("adaptorType") or ""), self.id, f"at {self.client.host}"]
        return f"<celigo saved {self.kind} {self.name!r}, {', '.join(note for note in notes if note)}>"

    def _repr_html_(self) -> Markup:
        rows = [
            ("id", self.id),
            ("adaptor", self._doc.get("adaptorType") or ""),
            ("connection", self._doc.get("_connectionId") or ""),
            ("host", self.client.host),
            ("last modified", self._doc.get("lastModified") or ""),
        ]
        return tag("div", tag("b", self.name), table(("", ""), rows))


class SavedExport(SavedDocument):
    """A saved export."""

    kind = "export"


class SavedImport(SavedDocument):
    """A saved import."""

    kind = "import"

    def diff(self, mapping: object) -> pd.DataFrame:
        """Show what to change in this import so that it maps as `mapping` does."""
        from celigo_pandas.experiments import diff_saved

        return diff_saved(self.doc, mapping)
