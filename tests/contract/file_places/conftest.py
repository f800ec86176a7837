"""The places that files lie in, as the contract sees them: real servers, and a folder of this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from support.file_places import Kind
from support.ftp_server import ftp_server
from support.remote_files import Files
from support.sftp_server import KINDS, sshd
from support.tls_files import write_certificates

KIND_NAMES = ["folder", "ftp", "ftp, LIST only", "ftps, explicit", "ftps, implicit", "ftps, resumed", "sftp"]


@pytest.fixture(scope="module", params=KIND_NAMES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kind]:
    name = request.param
    root = tmp_path_factory.mktemp("place")
    with ExitStack() as stack:
        if name == "folder":
            doc = {"name": "folder", "type": "filesystem", "filesystem": {}}
            yield Kind(name, Files(doc), root, str(root))
        elif name == "sftp":
            key = KINDS["ed25519"]()
            server = stack.enter_context(sshd(key))
            yield Kind(name, Files(server.doc(key)), server.root, "", tells_files_apart=False)
        else:
            authority, certificate = write_certificates(tmp_path_factory.mktemp("tls"))
            tls = {"certificate": certificate, "authority": authority, "implicit": name.endswith("implicit")}
            lists_only = name.endswith("LIST only")
            ftp = stack.enter_context(
                ftp_server(root, without=("MLSD", "MLST") if lists_only else (), **(tls if "ftps" in name else {}))
            )
            more = {"useImplicitFtps": name.endswith("implicit"), "requireSocketReUse": name.endswith("resumed")}
            yield Kind(name, Files(ftp.doc(**more)), root, "", tells_files_apart=not lists_only)


@pytest.fixture
def kind(running: Kind) -> Kind:
    """A place with two empty folders, ``in`` and ``out``."""
    for path in list(running.root.iterdir()):
        shutil.rmtree(path)
    for name in ("in", "out"):
        (running.root / name).mkdir()
        running.owned(running.root / name)
    return running
