"""Where a connection's servers are: ``host:port`` and nothing else, so that no text is a URI with options.

Facts: ``mongodb.host`` is a list of ``name:port``; there is no SRV form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.errors import shown

__all__ = ["Address", "addresses_of", "read_address"]

_PORT = 27017
_FORM = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.%a-z]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?")


class Address(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def addresses_of(block: Mapping[str, Any]) -> list[Address]:
    """Return the addresses that a connection document gives, in its order.

    Raises
    ------
    SourceFailure
        There is none, or one is no ``host:port``.
    """
    hosts = block.get("host")
    found = [hosts] if isinstance(hosts, str) else hosts
    if not isinstance(found, list) or not found:
        text = "Expected field: mongodb.host to be present: a list of host:port."
        raise SourceFailure(text, code="missing_required_field", field="mongodb.host", sent=False)
    return [read_address(one) for one in found]


def read_address(text: object) -> Address:
    """Return the address that a text is; :class:`SourceFailure` for any other."""
    match = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    port = int(match["port"] or _PORT) if match else 0
    if match is None or not 0 < port < 65_536:
        hint = ""
        if isinstance(text, str) and "://" in text:
            hint = " A URI is not taken: give each server's host:port" + (
                ", of mongodb+srv the names that its SRV record lists." if "+srv" in text else "."
            )
            text = text.partition("://")[0] + "://…"
        message = f"mongodb.host {shown(text)} is no host:port.{hint}"
        raise SourceFailure(message, code="invalid_field", field="mongodb.host", sent=False)
    return Address(match["v6"] or match["name"], port)
