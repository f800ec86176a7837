"""TLS of a connection: ``mongodb.ssl`` switches it on, the block ``ssl`` brings authorities and a certificate.

Both the driver and :mod:`ssl` take a certificate with its key from a file only: one that its owner alone can read, and
that is gone when both have read it.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import certifi

from celigo_pandas.engine.adaptors.protocol import SourceFailure

__all__ = ["Certificates", "lent_certificates"]


class Certificates:
    """What a connection with TLS trusts and shows: as options of the driver, and as a context.

    Parameters
    ----------
    options : mapping
        Of the driver; empty without TLS.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    def context(self) -> ssl.SSLContext | None:
        """Return a context of its own, None without TLS."""
        if not self.options:
            return None
        context = ssl.create_default_context(cafile=self.options["tlsCAFile"])
        own = self.options.get("tlsCertificateKeyFile")
        if own is not None:
            # A function, so that an encrypted key without a passphrase fails instead of asking at the terminal.
            context.load_cert_chain(own, password=lambda: self.options.get("tlsCertificateKeyFilePassword", ""))
        return context


@contextmanager
def lent_certificates(doc: Mapping[str, Any]) -> Iterator[Certificates]:
    """Lend what TLS needs.

    Parameters
    ----------
    doc : mapping
        The whole connection document, with its secrets.

    Raises
    ------
    SourceFailure
        A certificate, key or passphrase cannot be used; the message does not say what it held.

    Notes
    -----
    Certificates are checked against the usual authorities and ``ssl.ca``. No OCSP responder is asked: its address would
    come from the certificate.
    """
    made: list[Path] = []
    try:
        found = Certificates(_options(doc, made))
        try:
            found.context()
        except (OSError, ValueError, TypeError):  # their messages may quote what they could not read
            text = "The connection's certificate, key or passphrase cannot be used; expected PEM texts that fit."
            raise SourceFailure(text, code="invalid_certificate", field="ssl", sent=False) from None
        yield found
    finally:
        for path in made:
            path.unlink(missing_ok=True)


def _options(doc: Mapping[str, Any], made: list[Path]) -> dict[str, Any]:
    if not (doc.get("mongodb") or {}).get("ssl"):
        return {}
    block = doc.get("ssl")
    own: Mapping[str, Any] = block if isinstance(block, Mapping) else {}
    authorities = Path(certifi.where()).read_text(encoding="utf-8") + "\n" + str(own.get("ca") or "")
    options: dict[str, Any] = {"tls": True, "tlsDisableOCSPEndpointCheck": True}
    options["tlsCAFile"] = _written(authorities, made)
    if own.get("cert"):
        options["tlsCertificateKeyFile"] = _written(f"{own['cert']}\n{own.get('key') or ''}", made)
        options |= {"tlsCertificateKeyFilePassword": str(own["passphrase"])} if own.get("passphrase") else {}
    return options


def _written(text: str, made: list[Path]) -> str:
    handle, name = tempfile.mkstemp(suffix=".pem")
    made.append(Path(name))
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return name
