"""TLS: unknown certificates are refused, own authorities and client certificates work, keys stay out of messages."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from support.http_calls import Bench, connection
from support.rest_standin import Server, answer_json, serve

READ = {"http": {"method": "GET", "relativeURI": "/"}}


@dataclass
class Issued:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def cert_pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def key_pem(self, passphrase: str | None = None) -> str:
        how: Any = serialization.NoEncryption()
        if passphrase:
            how = serialization.BestAvailableEncryption(passphrase.encode())
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how).decode()


def issue(name: str, by: Issued | None = None) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_usage(signs_certificates=by is None), critical=True)
    )
    issuer_key = by.key if by else key
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
    )
    return Issued(key, builder.sign(issuer_key, hashes.SHA256()))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Say what a key is for: Python 3.13 takes no authority that does not."""
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass
class Tls:
    server: Server
    authority: Issued
    client: Issued


def context_for(folder: Path, server: Issued, authority: Issued, *, asks_client: bool) -> ssl.SSLContext:
    (folder / "server.pem").write_text(server.cert_pem() + server.key_pem())
    (folder / "ca.pem").write_text(authority.cert_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    if asks_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "ca.pem")
    return context


@pytest.fixture(params=[False, True], ids=["server_only", "mutual"])
def tls(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Tls]:
    authority = issue("An authority of our own")
    context = context_for(tmp_path, issue("server", authority), authority, asks_client=request.param)
    with serve(lambda asked: answer_json({"ok": True}), context) as server:
        yield Tls(server, authority, issue("client", authority))


def doc(tls: Tls, certificates: dict[str, str] | None = None, ca: bool = True, **http: Any) -> dict[str, Any]:
    found = connection(tls.server.url, **http)
    if certificates:
        found["http"]["clientCertificates"] = certificates
    return {**found, "ssl": {"ca": tls.authority.cert_pem()}} if ca else found


@pytest.mark.parametrize("tls", [False], indirect=True)
def test_unknown_authority_is_refused_and_known_or_waived_ones_are_not(tls: Tls) -> None:
    with Bench(doc(tls, ca=False)) as bench:
        failed = bench.failure(READ)
    with Bench(doc(tls)) as bench:
        assert bench.records(READ) == [{"ok": True}]
    with Bench(doc(tls, ca=False, disableStrictSSL=True)) as bench:
        assert bench.records(READ) == [{"ok": True}]

    assert failed.code == "tls"
    assert len(tls.server.asked) == 2


@pytest.mark.parametrize("tls", [False], indirect=True)
def test_certificate_of_another_host_is_refused(tls: Tls) -> None:
    found = doc(tls)
    found["http"]["baseURI"] = tls.server.url.replace("127.0.0.1", "localhost")
    with Bench(found) as bench:
        failed = bench.failure(READ)

    assert failed.code == "tls"
    assert tls.server.asked == []


@pytest.mark.parametrize("form", ["pem", "encrypted", "pfx"])
@pytest.mark.parametrize("tls", [True], indirect=True)
def test_client_certificate_opens_a_server_that_asks_for_one(tls: Tls, form: str, tmp_path: Path) -> None:
    client = tls.client
    certificates = {"cert": client.cert_pem(), "key": client.key_pem()}
    if form == "encrypted":
        certificates = {**certificates, "key": client.key_pem("pass-phrase-5"), "passphrase": "pass-phrase-5"}
    elif form == "pfx":
        how = serialization.BestAvailableEncryption(b"pass-phrase-5")
        packed = pkcs12.serialize_key_and_certificates(b"c", client.key, client.certificate, None, how)
        certificates = {"pfx": base64.b64encode(packed).decode(), "passphrase": "pass-phrase-5"}

    with Bench(doc(tls, certificates)) as bench:
        assert bench.records(READ) == [{"ok": True}]
    with Bench(doc(tls)) as bench:
        assert bench.failure(READ).code in ("tls", "broken")

    assert len(tls.server.asked) == 1


@pytest.mark.parametrize("tls", [True], indirect=True)
def test_certificates_that_do_not_belong_together_are_named_and_not_shown(tls: Tls) -> None:
    client = tls.client
    for certificates in (
        {"cert": client.cert_pem(), "key": tls.authority.key_pem()},
        {"cert": client.cert_pem(), "key": "-----BEGIN NONSENSE-----"},
        {"cert": client.cert_pem(), "key": client.key_pem("pass-phrase-5"), "passphrase": "wrong-phrase"},
        {"cert": client.cert_pem(), "key": client.key_pem("pass-phrase-5")},
        {"pfx": "no base64 at all"},
    ):
        with Bench(doc(tls, certificates)) as bench:
            failed = bench.failure(READ)
            assert bench.ping().errors[0]["code"] == "invalid_certificate"

        assert failed.code == "invalid_certificate"
        assert failed.__context__ is None
        assert "NONSENSE" not in failed.message
