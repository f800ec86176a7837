"""The embedded engine: a child process that speaks integrator.io's API on loopback, and a client connected to it.

The child gets its token on stdin and ends when its stdin closes. The operating system closes it when this process
ends, however it ends, so a killed kernel leaves no engine behind. An engine belongs to the process that started it: a
forked child may call it through the client it has, starts its own with :func:`local`, and never ends its parent's.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Literal

from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connecting import open_api
from celigo_pandas.client.addresses import BaseUrl
from celigo_pandas.client.forks import renew_in_child
from celigo_pandas.documents.counts import whole_number
from celigo_pandas.documents.secret import Secret
from celigo_pandas.documents.turns import wait_for_end
from celigo_pandas.errors import ConfigError, TransportError, shown
from celigo_pandas.folders import user_folder, user_path

__all__ = ["LocalClient", "local"]

_START_S = 180.0
_STOP_S = 10.0


class LocalClient(Client):
    """A client of an engine that this process started; closing it stops the engine (in a forked child it does not)."""

    def __init__(self, engine: _EngineProcess, store: Path | None) -> None:
        self._engine = engine
        self.store = store
        api = open_api(engine.token, BaseUrl.parse(engine.url), paced=False)
        super().__init__(api, on_close=engine.stop)

    @property
    def engine_token(self) -> str:
        """Token of this engine, for curl or Postman: ``Authorization: Bearer …``."""
        return self._engine.token.reveal()

    def is_running(self) -> bool:
        """Whether the engine's process is alive."""
        return self._engine.is_running()

    @property
    def is_local_engine(self) -> bool:
        """True, before any call."""
        return True

    def __repr__(self) -> str:
        state = "" if self.is_running() else ", stopped"
        return f"<celigo Client {self.host}, local engine, {self._kept()}{state}>"

    def _facts(self) -> list[tuple[str, str]]:
        state = "" if self.is_running() else " (stopped)"
        return [("server", f"local engine{state}"), ("host", self.host), ("keeps", self._kept())]

    def _kept(self) -> str:
        return f"store {self.store}" if self.store is not None else "temporary store"


def local(
    path: str | os.PathLike[str] | None = None,
    *,
    port: int = 0,
    demo: Literal["auto", "flights", "shop", "none"] | bool = "auto",
) -> LocalClient:
    """Start the local engine, or find the one that is running, and return a client connected to it.

    Parameters
    ----------
    path : str or path, optional
        Where to keep connections, saved documents and logs: a folder, or a bare name below the user's data folder.
        Without it the store is temporary and goes with the engine.
    port : int, default 0
        Loopback port; 0 takes a free one.
    demo : {"auto", "flights", "shop", "none"}, default "auto"
        What to find there at first: the flights where the extra ``demo`` is installed, else a small shop. ``False``
        is ``"none"``.

    Returns
    -------
    LocalClient
        A context manager; ``close()`` stops the engine. The same arguments in one process give the running engine.

    Raises
    ------
    ConfigError
        The path or the port cannot be used.
    TransportError
        The engine did not start; the message holds its last lines.

    Notes
    -----
    No account and no network are needed. ``client.base_url`` and ``client.engine_token`` let any other program use it.

    Examples
    --------
    >>> with celigo.local(demo="shop") as client:  # doctest: +SKIP
    ...     shop = client.connections["Small shop"]
    """
    wanted = demo if isinstance(demo, str) else ("auto" if demo else "none")
    if wanted not in ("auto", "flights", "shop", "none"):
        raise ConfigError(f"demo={shown(demo)}; expected 'auto', 'flights', 'shop' or 'none'.")
    port = whole_number("port", port, 0, most=65535)
    store = None if path is None else _store_folder(path)
    key = (None if store is None else str(store), port, wanted)
    return _engines.client(key, lambda: LocalClient(_EngineProcess(store, port, wanted), store))


class _Engines:
    """The engines that this process has started."""

    def __init__(self) -> None:
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[str | None, int, str], LocalClient] = {}

    def client(self, key: tuple[str | None, int, str], start: Callable[[], LocalClient]) -> LocalClient:
        """Return the client of the engine that runs, or of one that is started."""
        with self._lock:
            client = self._running.get(key)
            if client is None or not client.is_running():
                client = self._running[key] = start()
            return client


_engines = _Engines()


def _store_folder(path: str | os.PathLike[str]) -> Path:
    text = os.fspath(path)
    if not text or "\0" in text:
        raise ConfigError(f"path={shown(path)}; expected a folder or a name.")
    is_bare_name = (
        isinstance(path, str) and not any(part in text for part in ("/", "\\", os.sep)) and text[0] not in ".~"
    )
    if is_bare_name:
        folder = user_folder("data") / "engines" / text
    else:
        folder = user_path(text).absolute()
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"path={shown(path)}: {folder} is a file; expected a folder.")
    return folder


class _EngineProcess:
    """The child, its token and its address; ready once it is made."""

    def __init__(self, store: Path | None, port: int, demo: str) -> None:
        self.token = Secret(secrets.token_urlsafe(32))
        command = [sys.executable, "-m", "celigo_pandas.engine", "--embedded", "--port", str(port), "--demo", demo]
        if store is not None:
            command += ["--store", str(store)]
        self._wanted = f" on port {port}" if port else ""
        self._process = _started(command)
        self._owner = os.getpid()
        renew_in_child(self)
        self._complaints: deque[str] = deque(maxlen=20)
        assert self._process.stderr is not None
        # Read all the time: a full pipe would stop the engine.
        self._listener = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._listener.start()
        atexit.register(self.stop)
        try:
            self._hand_over_token()
            self.url = self._await_ready_line()
        except BaseException:
            self.stop()
            raise

    def is_running(self) -> bool:
        if self._owner == os.getpid():
            return self._process.poll() is None
        try:
            os.kill(self._process.pid, 0)
        except OSError:
            return False
        return True

    def renew(self) -> None:
        """Let go of the parent's engine: it ends with the parent, whose end it sees by its stdin."""
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._process.returncode = 0  # not a child of this process: there is nothing to wait for or to warn of

    def stop(self) -> None:
        """Close the engine's stdin and wait for its end."""
        atexit.unregister(self.stop)
        if self._owner != os.getpid():
            return
        process = self._process
        if process.stdin is not None and not process.stdin.closed:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._listener.join(_STOP_S)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def _hand_over_token(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"token": self.token.reveal()}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it has ended already; the ready line's reader says why

    def _await_ready_line(self) -> str:
        assert self._process.stdout is not None
        lines: list[bytes] = []
        stdout = self._process.stdout
        reader = threading.Thread(target=lambda: lines.append(stdout.readline()), daemon=True)
        reader.start()
        wait_for_end(reader, _START_S)
        try:
            ready = json.loads(lines[0])
        except (IndexError, ValueError):
            ready = None
        if isinstance(ready, dict) and isinstance(ready.get("url"), str):
            return str(ready["url"])
        self._process.kill()
        self._process.wait()
        said = "\n".join(self._complaints) or "it said nothing"
        raise TransportError(f"The local engine did not start{self._wanted}: {said}", processed=False)

    def _listen(self, stream: IO[bytes]) -> None:
        for line in stream:
            self._complaints.append(line.decode("utf-8", "replace").rstrip())


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    problem = None
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            cwd=tempfile.gettempdir(),
            bufsize=0,  # a buffer has a lock, and a child forked while a thread reads would wait for it for ever
        )
    except OSError as error:  # not chained: its frames hold the environment
        problem = error.strerror or type(error).__name__
    raise TransportError(f"The local engine could not be started: {problem}.", processed=False)


def _environment() -> dict[str, Any]:
    """Return this process's environment for the child: without credentials of others, with what the engine needs.

    The engine connects by itself, never through a proxy, and the address of one may hold a password.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name != "CELIGO_API_TOKEN" and not name.lower().endswith("_proxy")
    }
    environment["CELIGO_PANDAS_NO_PANDAS"] = "1"
    environment["PYTHONUNBUFFERED"] = "1"
    # The package may be importable here by a path that a child would not have.
    package_parent = str(Path(__file__).resolve().parents[1])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [environment.get("PYTHONPATH"), package_parent]))
    return environment
