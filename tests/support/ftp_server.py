"""A real FTP or FTPS server (pyftpdlib) as a child process, with a folder of this machine behind it.

Run as a program it is that server: its settings come as JSON on the command line, its port goes to stdout.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USER, PASSWORD = "celigo", "s3cret-of-the-ftp-test"


@dataclass
class FtpServer:
    """A running server; ``root`` is what its user sees as ``/``."""

    port: int
    root: Path
    type: str
    more: dict[str, Any]

    def doc(self, **ftp: Any) -> dict[str, Any]:
        """Return a connection document."""
        block = {"type": self.type, "hostURI": "127.0.0.1", "port": self.port, "username": USER, "password": PASSWORD}
        return {"name": self.type, "type": "ftp", "ftp": {**block, **ftp}, **self.more}


@contextmanager
def ftp_server(
    root: Path,
    *,
    certificate: Path | None = None,
    authority: str = "",
    implicit: bool = False,
    without: tuple[str, ...] = (),
    home: str = "/",
    permissions: str = "elradfmwMT",
    password: str = PASSWORD,
) -> Iterator[FtpServer]:
    """Run a server until the block ends.

    Parameters
    ----------
    certificate : Path, optional
        Makes it ftps; it refuses logins and transfers that are not protected.
    without : tuple of str
        Commands that it does not know.
    """
    settings = {
        "root": str(root),
        "certificate": str(certificate) if certificate else None,
        "implicit": implicit,
        "without": list(without),
        "permissions": permissions,
        "password": password,
    }
    process = subprocess.Popen(
        [sys.executable, __file__, json.dumps(settings)], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        port = int(process.stdout.readline() or b"0")
        assert port, "the FTP server did not start"
        more = {"ssl": {"ca": authority}} if authority else {}
        yield FtpServer(port, root, "ftps" if certificate else "ftp", more)
    finally:
        process.stdin.close()
        process.terminate()
        process.wait(10)
        process.stdout.close()


def _serve(settings: dict[str, Any]) -> None:
    import logging

    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

    logging.disable(logging.CRITICAL)
    kind: Any = FTPHandler
    if settings["certificate"]:
        from pyftpdlib.handlers import TLS_FTPHandler

        class Explicit(TLS_FTPHandler):
            certfile = settings["certificate"]
            tls_control_required = True
            tls_data_required = True

        class Implicit(Explicit):
            def handle(self) -> None:
                self.secure_connection(self.ssl_context)
                super().handle()

        kind = Implicit if settings["implicit"] else Explicit
    authorizer = DummyAuthorizer()
    authorizer.add_user(USER, settings["password"], settings["root"], perm=settings["permissions"])
    handler = type("Handler", (kind,), {})
    handler.authorizer = authorizer
    handler.auth_failed_timeout = 0
    handler.proto_cmds = {name: one for name, one in kind.proto_cmds.items() if name not in settings["without"]}
    server = FTPServer(("127.0.0.1", 0), handler)
    print(server.address[1], flush=True)
    server.serve_forever(handle_exit=False)


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
