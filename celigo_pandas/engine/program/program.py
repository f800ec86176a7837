"""``python -m celigo_pandas.engine``: reads options, token and key, and runs one engine.

A token is never an argument (other users see those): it comes over stdin (``--embedded``), from
``CELIGO_ENGINE_TOKEN``, from ``--token-file``, or is made up and written to a fresh file that only this user can read.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
import signal
import stat
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from celigo_pandas.documents.secret import Secret
from celigo_pandas.engine.choices import CHOICES
from celigo_pandas.engine.program.server import bind, serve
from celigo_pandas.engine.settings import Settings
from celigo_pandas.engine.storage.vault import find_keys, new_key
from celigo_pandas.engine.wiring import Engine
from celigo_pandas.errors import CeligoError, ConfigError
from celigo_pandas.folders import user_folder

__all__ = ["main"]

_SWITCH_S = 0.0005
_OWN = ("celigo_pandas", "uvicorn", "asyncio")
TOKEN_VARIABLE = "CELIGO_ENGINE_TOKEN"


def _without_data(record: logging.LogRecord) -> bool:
    """Keep back what a library says: drivers write the rows into their messages that they could not send."""
    if not record.name.startswith(_OWN):
        record.msg, record.args = "said something, which is not shown: it may hold data", ()
        record.exc_info = record.exc_text = None
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the engine until it is told to end; 0, or 2 for options that cannot be used."""
    options = _parser().parse_args(arguments)
    options.made_file = None
    # A thread that fills pages would otherwise keep the event loop waiting for 5 ms at every turn.
    sys.setswitchinterval(_SWITCH_S)
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    logging.getLogger().handlers[0].addFilter(_without_data)
    temporary: tempfile.TemporaryDirectory[str] | None = None
    try:
        if options.store is None:
            temporary = tempfile.TemporaryDirectory(prefix="celigo-engine-", ignore_cleanup_errors=True)
        folder = Path(options.store or (temporary.name if temporary else "."))
        try:
            _run(options, folder)
        except (CeligoError, ValueError, OSError) as error:
            print(f"celigo engine: {error}", file=sys.stderr)  # noqa: T201
            return 2
    finally:
        if temporary is not None:
            temporary.cleanup()
        if options.made_file is not None:
            options.made_file.unlink(missing_ok=True)
    return 0


def _run(options: argparse.Namespace, folder: Path) -> None:
    if options.embedded:
        # Ctrl-C in a notebook reaches the whole process group; this child ends with its stdin, not before.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    embedded = _read_first_line() if options.embedded else {}
    token = _token(options, embedded)
    keys, key_folder = _keys(options, embedded)
    if options.host in {"0.0.0.0", "::"} and not options.name:
        raise ConfigError(
            f"{options.host} is no address that a client can call.", hint="Say by which one it will: --name 192.168.1.5"
        )
    loopback = options.host in {"127.0.0.1", "::1", "localhost"}
    sock = bind("127.0.0.1" if options.host == "localhost" else options.host, options.port)
    port = sock.getsockname()[1]
    settings = Settings(
        token=token,
        keys=keys,
        folder=folder.expanduser().resolve(),
        host="127.0.0.1" if options.host == "localhost" else options.host,
        port=port,
        names=tuple(options.name),
        allow_hosts=tuple(options.allow_host) if options.allow_host or not loopback else None,
        allow_dirs=tuple(Path(one).expanduser() for one in options.allow_dir)
        if options.allow_dir or not loopback
        else None,
        key_folder=key_folder,
        call_timeout_s=options.call_timeout,
        choices=CHOICES.with_pairs(options.choice),
    )
    engine = Engine(settings)
    if options.demo != "none":
        _add_demo(engine, options.demo)

    def ready() -> None:
        if options.embedded:
            _print(json.dumps({"ready": True, "url": engine.url, "pid": os.getpid()}))
        else:
            _print(f"The local engine listens on {engine.url}\nIts store: {settings.folder}")

    serve(engine, sock, ready=ready, until=sys.stdin.buffer.read if options.embedded else None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="celigo-pandas engine serve", description="Run the local engine.")
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: loopback, for this machine only)")
    add("--port", type=_port, default=0, help="port; 0, the default, takes a free one")
    add(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help="another name by which clients call it, or a proxy in front of it; NAME:PORT where that is not 443",
    )
    add("--store", metavar="FOLDER", help="folder that keeps documents (default: a temporary one)")
    add("--token-file", metavar="FILE", help="file that holds the token, readable by you only")
    add("--embedded", action="store_true", help="token over stdin, a ready line on stdout, ends with stdin")
    add("--allow-host", action="append", default=[], metavar="HOST[:PORT]", help="the hosts it may reach")
    add("--allow-dir", action="append", default=[], metavar="FOLDER", help="the folders whose files it may use")
    add("--demo", default="none", metavar="NAME", help="demonstration data: auto, flights, shop or none")
    add("--call-timeout", type=_seconds, default=120.0, metavar="SECONDS", help="longest wait for a source")
    add("--choice", action="append", default=[], metavar="NAME=VALUE", help="decide an undocumented point otherwise")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a port from 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"got {text!r}; expected seconds, more than 0")
    return seconds


def _read_first_line() -> dict[str, Any]:
    line = sys.stdin.buffer.readline()
    try:
        given = json.loads(line)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise ConfigError('The first line of stdin is no JSON object; expected {"token": "…"}.')
    return given


def _token(options: argparse.Namespace, embedded: dict[str, Any]) -> Secret:
    if options.embedded:
        text = embedded.get("token")
    elif os.environ.get(TOKEN_VARIABLE):
        text = os.environ.pop(TOKEN_VARIABLE)
    elif options.token_file:
        text = _private_text(Path(options.token_file))
    else:
        text = secrets.token_urlsafe(32)
        handle, name = tempfile.mkstemp(prefix="celigo-engine-token-")
        options.made_file = Path(name)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        _print(f"Its token is in {name} (for you only, until the engine ends)")
    if not isinstance(text, str) or len(text.strip()) < 16 or not text.strip().isprintable() or " " in text.strip():
        raise ConfigError("The engine's token needs 16 characters or more, without blanks.")
    return Secret(text.strip())


def _private_text(path: Path) -> str:
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigError(f"The token file {path} can be read by others.", hint=f"Run: chmod 600 {path}")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"Cannot read the token file {path}: {error.strerror}.",
            hint="Without --token-file the engine makes a token and says in which file it is.",
        ) from error
    except UnicodeDecodeError:  # not chained: it shows what is in the file
        pass
    raise ConfigError(f"The token file {path} holds no text.")


def _keys(options: argparse.Namespace, embedded: dict[str, Any]) -> tuple[tuple[Secret, ...], Path | None]:
    given = embedded.get("key")
    if isinstance(given, str) and given:
        return (Secret(given),), None
    if options.store is None:
        return (Secret(new_key()),), None
    from_environment = bool(os.environ.get("CELIGO_ENGINE_KEY"))
    keys = tuple(Secret(key) for key in find_keys(os.environ))
    os.environ.pop("CELIGO_ENGINE_KEY", None)
    if from_environment:
        return keys, None
    folder = user_folder("config") / "engine-keys"
    store = Path(options.store).expanduser().resolve()
    if folder.resolve().is_relative_to(store) or store.is_relative_to(folder.resolve()):
        raise ConfigError(f"The store {store} would hold its own key.", hint="Give another folder with --store.")
    return keys, folder


def _add_demo(engine: Engine, name: str) -> None:
    from celigo_pandas.engine.demo import start

    known = {row.doc.get("externalId"): row.id for row in engine.store.rows("connections")}
    for doc in start(name):
        if doc["externalId"] in known:
            engine.documents.replace("connections", known[doc["externalId"]], doc)
        else:
            engine.documents.create("connections", doc)


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201
