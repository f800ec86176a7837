"""``pagedExportState``: what a client sends back verbatim, signed so that nothing in it can be changed.

The signature covers every member, the connection, and a digest of the export model: a state is good for the walk it
was issued for and for nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from celigo_pandas.engine.refusals import Refusal, invalid
from celigo_pandas.engine.storage.vault import Vault

__all__ = ["PageState", "model_digest", "refused_state"]

CODE = "invalid_paged_export_state"


@dataclass(frozen=True, slots=True)
class PageState:
    """The next page of a walk; ``totals`` is ``(pages, records)`` once both are known."""

    walk_id: str
    page_index: int
    page_size: int
    done: bool
    issued_at: int
    totals: tuple[int, int] | None = None

    def to_wire(self, vault: Vault, connection_id: str, digest: str) -> dict[str, Any]:
        """Return the signed JSON object."""
        members: dict[str, Any] = {
            "walkId": self.walk_id,
            "pageIndex": self.page_index,
            "pageSize": self.page_size,
        }
        if self.totals is not None:
            members["totalPages"], members["totalRecords"] = self.totals
        members |= {"done": self.done, "issuedAt": self.issued_at}
        return {**members, "sig": vault.sign(_message(members, connection_id, digest))}

    @classmethod
    def from_wire(cls, state: object, vault: Vault, connection_id: str, digest: str) -> PageState:
        """Check a state that came back.

        Raises
        ------
        Refusal
            422: it was altered, or issued for another connection or model.
        """
        if not isinstance(state, Mapping) or not isinstance(state.get("sig"), str):
            raise refused_state("It is no object with a signature.")
        members = {name: value for name, value in state.items() if name != "sig"}
        if not vault.is_signed(_message(members, connection_id, digest), state["sig"]):
            raise refused_state(
                "Its signature does not fit. Send the last state verbatim, with the same export model, to the same "
                "connection."
            )
        totals = (members["totalPages"], members["totalRecords"]) if "totalPages" in members else None
        return cls(
            members["walkId"], members["pageIndex"], members["pageSize"], members["done"], members["issuedAt"], totals
        )


def model_digest(export_doc: Mapping[str, Any]) -> str:
    """Return a digest of an export model that does not depend on the order of its members."""
    text = json.dumps(export_doc, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def refused_state(why: str) -> Refusal:
    """Return the 422 for a state that cannot be used."""
    return invalid(CODE, f"The pagedExportState is refused. {why}", "pagedExportState")


def _message(members: Mapping[str, Any], connection_id: str, digest: str) -> bytes:
    return json.dumps([members, connection_id, digest], sort_keys=True, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
