"""Where a service of AWS answers, and with which keys a connection asks: regions, endpoints, key ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from celigo_pandas.engine.adaptors.http.origins import shown_origin
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.errors import shown
from celigo_pandas.sigv4 import Keys

__all__ = ["DEFAULT_REGION", "checked_region", "is_region", "keys_of", "own_endpoint", "service_origin"]

DEFAULT_REGION = "us-east-1"

_REGION = re.compile(r"[a-z]{2,}(?:-[a-z0-9]+)+")
_KEY_ID = re.compile(r"[\x21-\x7e]+")
_NOT_IN_A_KEY_ID = frozenset(",/=")


def is_region(text: object) -> bool:
    """Whether a text has the form of a region's name, so that it may become part of a host."""
    return isinstance(text, str) and len(text) <= 40 and _REGION.fullmatch(text) is not None


def checked_region(value: object, field: str) -> str:
    """Return a document's region in small letters; us-east-1 where it names none.

    Raises
    ------
    SourceFailure
        It is no name of a region.
    """
    if value is None or value == "":
        return DEFAULT_REGION
    region = value.lower() if isinstance(value, str) else value
    if not is_region(region):
        name = field.partition(".")[2]
        text = f"{name} {shown(value)} is no region of AWS; expected a name such as eu-west-1."
        raise SourceFailure(text, code="invalid_field", field=field, sent=False)
    return str(region)


def service_origin(service: str, region: str) -> str:
    """Return where a service answers in a region."""
    return f"https://{service}.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def own_endpoint(call: Call) -> str:
    """Return the origin that the connection names in place of AWS, or nothing: ``endpoint``, the local engine's own.

    Raises
    ------
    SourceFailure
        It is more than an origin, or none.
    """
    kind = call.connection.type
    value = (call.connection.masked.get(kind) or {}).get("endpoint")
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        try:
            parts = urlsplit(value.strip())
            plain = (parts.path in {"", "/"}, not parts.query, not parts.fragment, "@" not in parts.netloc)
            if parts.scheme in {"http", "https"} and parts.hostname and all(plain) and parts.port != 0:
                return f"{parts.scheme}://{parts.netloc}"
        except ValueError:
            pass
    got = f"{shown_origin(value)} with more to it" if isinstance(value, str) and "@" in value else shown(value)
    text = f"{kind}.endpoint {got} is no origin; expected http(s)://host:port and nothing else."
    raise SourceFailure(text, code="invalid_field", field=f"{kind}.endpoint", sent=False)


def keys_of(doc: Mapping[str, Any]) -> Keys:
    """Return the keys of a connection document that holds its real secrets.

    Raises
    ------
    SourceFailure
        One is missing, or the key id cannot stand in a header.
    """
    kind = str(doc.get("type"))
    path, block = (f"{kind}.aws", (doc.get(kind) or {}).get("aws")) if kind == "dynamodb" else (kind, doc.get(kind))
    block = block if isinstance(block, Mapping) else {}
    found = []
    for name in ("accessKeyId", "secretAccessKey"):
        value = block.get(name)
        if not isinstance(value, str) or not value.strip():
            text = f"Expected field: {path}.{name} to be present."
            raise SourceFailure(text, code="missing_required_field", field=f"{path}.{name}", sent=False)
        found.append(value.strip())
    if not _KEY_ID.fullmatch(found[0]) or _NOT_IN_A_KEY_ID & set(found[0]):
        # Not shown: the secret of such keys has a slash, and may have come into the wrong field.
        text = f"{path}.accessKeyId ({len(found[0])} characters) is no key id; expected letters and digits only."
        raise SourceFailure(text, code="invalid_field", field=f"{path}.accessKeyId", sent=False)
    return Keys(found[0], found[1])
