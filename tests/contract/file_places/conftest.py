"""The places that files lie in, as the contract sees them: real servers, and a folder of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from support.file_places import Buckets, Kind
from support.ftp_server import ftp_server
from support.remote_files import Files
from support.s3_servers import rclone, seaweed
from support.sftp_server import KINDS, sshd
from support.tls_files import write_certificates

KIND_NAMES = ["folder", "ftp", "ftp, LIST only", "ftps, explicit", "ftps, implicit", "ftps, resumed", "sftp",
              "s3, rclone", "s3, SeaweedFS"]  # fmt: skip


@pytest.fixture(scope="module", params=KIND_NAMES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kind | Buckets]:
    name = request.param
    root = tmp_path_factory.mktemp("place")
    with ExitStack() as stack:
        if name == "folder":
            doc = {"name": "folder", "type": "filesystem", "filesystem": {}}
            yield Kind(name, Files(doc), root, str(root))
        elif name.startswith("s3"):
            scratch = tmp_path_factory.mktemp("s3")
            server = stack.enter_context(rclone(root, scratch) if name.endswith("rclone") else seaweed(scratch))
            yield Buckets(name, Files(server.doc()), server.boto(), tells_missing_bucket=name.endswith("rclone"))
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
def kind(running: Kind | Buckets) -> Kind | Buckets:
    """A place with two empty folders, ``in`` and ``out``."""
    running.clear()
    return running
