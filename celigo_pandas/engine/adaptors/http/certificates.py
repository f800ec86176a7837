"""TLS of a connection: own authorities, client certificates.

``ssl{ca,cert,key,passphrase}`` on the connection and ``http.clientCertificates{cert,key,passphrase,pfx}``. Facts:
integrator-api.md, sections 3.1 and 3.3. Assumed: certificates and keys are PEM texts, ``pfx`` is base64.
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import certifi
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from urllib3.util.ssl_ import create_urllib3_context

from celigo_pandas.engine.adaptors.protocol import SourceFailure

__all__ = ["tls_context"]


def tls_context(doc: Mapping[str, Any]) -> ssl.SSLContext | None:
    """Return the context of a connection that brings certificates, or None for the usual one.

    Parameters
    ----------
    doc : mapping
        The real document in the ``http`` form.

    Raises
    ------
    SourceFailure
        A certificate, key or passphrase cannot be used; the message does not say what it held.
    """
    http = doc.get("http") or {}
    block = {**_texts(doc.get("ssl")), **_texts(http.get("clientCertificates"))}
    if not block:
        return None
    context = create_urllib3_context()
    context.load_verify_locations(certifi.where())
    if http.get("disableStrictSSL"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    is_good = True
    try:
        if "ca" in block:
            context.load_verify_locations(cadata=block["ca"])
        if "pfx" in block:
            _load_chain(context, _from_pfx(block["pfx"], block.get("passphrase")), None)
        elif "cert" in block:
            _load_chain(context, block["cert"] + "\n" + block.get("key", ""), block.get("passphrase"))
    except (ValueError, TypeError, OSError):
        # The libraries' messages may quote what they could not read.
        is_good = False
    if not is_good:
        raise SourceFailure(
            "The connection's certificate, key or passphrase cannot be used; expected PEM texts that belong together.",
            code="invalid_certificate",
            field="http.clientCertificates",
        )
    return context


def _texts(block: object) -> dict[str, str]:
    if not isinstance(block, dict):
        return {}
    return {name: str(value) for name, value in block.items() if value and name in _MEMBERS}


_MEMBERS = frozenset({"ca", "cert", "key", "passphrase", "pfx"})


def _from_pfx(text: str, passphrase: str | None) -> str:
    secret = passphrase.encode() if passphrase else None
    key, certificate, more = pkcs12.load_key_and_certificates(base64.b64decode(text), secret)
    if key is None or certificate is None:
        raise ValueError("no key or no certificate")
    plain = serialization.NoEncryption()
    parts = [key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)]
    parts += [one.public_bytes(serialization.Encoding.PEM) for one in (certificate, *more)]
    return b"\n".join(parts).decode()


def _load_chain(context: ssl.SSLContext, pem: str, passphrase: str | None) -> None:
    """``ssl`` loads a chain from a file only: one that its owner alone can read, and that is gone at once."""
    handle, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(pem)
        # A function, so that an encrypted key without a passphrase fails instead of asking at the terminal.
        context.load_cert_chain(name, password=lambda: passphrase or "")
    finally:
        Path(name).unlink()
