"""Real database servers for tests: started in a temporary folder, on loopback, ended with the test session."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support import needs

USER, PASSWORD, DATABASE = "celigo", "s3cret-of-the-test", "shop"


class DatabaseServer:
    """A running server; ``doc`` is the rdbms block of a connection to it."""

    def __init__(self, kind: str, port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.kind = kind
        self.port = port
        self._process = process
        self._folder = folder

    @property
    def doc(self) -> dict[str, Any]:
        block = {"type": self.kind, "host": "127.0.0.1", "port": self.port, "database": DATABASE}
        return {"name": self.kind, "type": "rdbms", "rdbms": {**block, "user": USER, "password": PASSWORD}}

    def connect(self) -> Any:
        """Open a driver's own connection, in autocommit."""
        if self.kind == "postgresql":
            import psycopg

            return psycopg.connect(
                host="127.0.0.1", port=self.port, dbname=DATABASE, user=USER, password=PASSWORD, autocommit=True
            )
        import pymysql

        return pymysql.connect(
            host="127.0.0.1", port=self.port, database=DATABASE, user=USER, password=PASSWORD, autocommit=True
        )

    def run(self, *statements: str) -> None:
        """Execute statements."""
        connection = self.connect()
        try:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            cursor.close()
        finally:
            connection.close()

    def run_as_root(self, statement: str) -> None:
        """Execute a statement as MariaDB's administrator."""
        import pymysql

        connection = pymysql.connect(unix_socket=str(self._folder / "sock"), user="root", autocommit=True)
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        shutil.rmtree(self._folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def start_postgres() -> DatabaseServer:
    """Start PostgreSQL; as the user ``postgres`` or ``nobody`` when the tests run as root, which it refuses."""
    program = Path(needs.require("postgres")).resolve()
    folder = Path(tempfile.mkdtemp(prefix="celigo-pg-"))
    as_user = _unprivileged(folder, "postgres")
    data, port = folder / "data", free_port()
    initdb = program.with_name("initdb")
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    command = [str(initdb), "-D", str(data), "-U", USER, "-A", "scram-sha-256", "--pwfile", str(password), "-N"]
    subprocess.run(command, check=True, capture_output=True, **as_user)
    options = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
    process = subprocess.Popen(
        [str(program), "-D", str(data), "-p", str(port), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **as_user,
    )
    server = DatabaseServer("postgresql", port, process, folder)

    def create() -> None:
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=port, dbname="postgres", user=USER, password=PASSWORD, autocommit=True
        ) as connection:
            connection.execute(f"create database {DATABASE}")

    _until_up(server, create)
    return server


def start_mariadb() -> DatabaseServer:
    """Start MariaDB."""
    program = needs.require("mariadb")
    folder = Path(tempfile.mkdtemp(prefix="celigo-maria-"))
    as_user = _unprivileged(folder, "mysql")
    data, port = folder / "data", free_port()
    install = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db")
    assert install is not None, "mariadb-install-db is missing beside mariadbd"
    subprocess.run(
        [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True,
        capture_output=True,
        **as_user,
    )
    process = subprocess.Popen(
        [
            program,
            "--no-defaults",
            f"--datadir={data}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={folder / 'sock'}",
            "--innodb-flush-log-at-trx-commit=0",
            "--skip-log-bin",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **as_user,
    )
    server = DatabaseServer("mariadb", port, process, folder)

    def create() -> None:
        import pymysql

        with socket.socket(socket.AF_UNIX) as probe:  # pymysql leaves its socket open when it is refused
            probe.connect(str(folder / "sock"))
        connection = pymysql.connect(unix_socket=str(folder / "sock"), user="root", autocommit=True)
        cursor = connection.cursor()
        cursor.execute(f"create database {DATABASE} character set utf8mb4")
        cursor.execute(f"create user '{USER}'@'%' identified by '{PASSWORD}'")
        cursor.execute(f"grant all on {DATABASE}.* to '{USER}'@'%'")
        connection.close()

    _until_up(server, create)
    return server


def _unprivileged(folder: Path, wanted: str) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    for name in (wanted, "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": str(folder)}
    raise RuntimeError(f"there is neither a user {wanted!r} nor 'nobody' to run the server as")


def _until_up(server: DatabaseServer, create: Callable[[], None]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            create()
            return
        except Exception:  # each driver has its own until the server is up; the last one is raised
            if server._process.poll() is not None or time.monotonic() > deadline:
                server.stop()
                raise
            time.sleep(0.1)
