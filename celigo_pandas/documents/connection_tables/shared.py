"""What the tables of connection fields share: the names of the form's groups, and rows that several types have."""

from __future__ import annotations

from typing import Any

from celigo_pandas.documents.concurrency import default_level, highest_level
from celigo_pandas.documents.connection_field import ConnectionField as F

__all__ = ["AUTH", "LIMITS", "MORE", "PING", "edi_router", "free_form", "levels", "reference"]

AUTH, PING, LIMITS, MORE = "Authentication", "Ping", "Limits", "More"


def reference(path: str, label: str, **more: Any) -> F:
    """Return the field of another document's id."""
    return F(path, label, form="object id", **more)


def levels(block: str) -> tuple[F, ...]:
    """Return the fields that say how many calls at once a connection allows."""
    most = highest_level(block)
    text = f"1 to {most}. More than the licence allows is lowered silently."
    return (
        F(f"{block}.concurrencyLevel", "Concurrency", "number", help=text, default=default_level(block), minimum=1,
          maximum=most, group=LIMITS),
        F(f"{block}.targetConcurrencyLevel", "Target concurrency", "number", minimum=1, maximum=most, group=LIMITS,
          help="Upper bound while rate limits are recovered from automatically."),
    )  # fmt: skip


def free_form(block: str) -> tuple[F, ...]:
    """Return the fields of a block's values of one's own, encrypted and not."""
    return (
        F(f"{block}.encrypted", "Encrypted values", "secret_map", group=MORE,
          help="Secrets of your own, an object; templates read them as connection.….encrypted.name."),
        F(f"{block}.encryptedFields", "Encrypted value fields", "json", group=MORE),
        F(f"{block}.unencrypted", "Unencrypted values", "json", group=MORE),
        F(f"{block}.unencryptedFields", "Unencrypted value fields", "json", group=MORE),
    )  # fmt: skip


def edi_router(block: str) -> tuple[F, ...]:
    """Return the fields that EDI connections share."""
    return (
        reference(f"{block}._tpConnectorId", "Trading partner connector", group=MORE),
        reference(f"{block}.contentBasedFlowRouter._scriptId", "Router's script", group=MORE,
                  help="Chooses the flow by what a message holds."),
        F(f"{block}.contentBasedFlowRouter.function", "Router's function", group=MORE),
        F(f"{block}.preventCanonicalization", "Keep line ends as they are", "boolean", group=MORE),
    )  # fmt: skip
