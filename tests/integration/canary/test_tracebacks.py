"""Tracebacks with the values of names, as IPython writes them: every public entry raises, and none shows a secret."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from IPython.core.ultratb import FormattedTB
from support.canary import CANARY, assert_no_canary
from support.client import client_of
from support.sockets import free_port

import celigo_pandas as celigo
from celigo_pandas.accessors.account.connection import Connection

MODES = ("Plain", "Context", "Verbose")
ID = "5a1000000000000000000001"
DOC = {"_id": ID, "name": "Shop", "type": "http", "http": {"baseURI": "https://x.example"}}
EXPORT = {"http": {"method": "GET", "relativeURI": "/x"}}
IMPORT = {"http": {"method": ["POST"], "relativeURI": ["/x"]}}
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def frame() -> pd.DataFrame:
    return pd.DataFrame({"a": [1]})


class Gone:
    """The address of a server that is not there, with a token."""

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.token = CANARY


@pytest.fixture
def con(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    monkeypatch.setenv("CELIGO_API_TOKEN", CANARY)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("getpass.getpass", lambda prompt: CANARY)
    with client_of(Gone(), max_retries=0) as client:
        yield Connection(client, DOC)


def secretly(doc: dict[str, Any]) -> dict[str, Any]:
    return {**doc, "http": {**doc["http"], "auth": {"type": "token", "token": {"token": CANARY}}}}


def gone_url() -> str:
    return Gone().url


Entry = Callable[[Connection], Any]

ENTRIES: dict[str, Entry] = {
    "connect, region": lambda con: celigo.connect(region="moon"),
    "connect, url": lambda con: celigo.connect(base_url="http://far.example"),
    "connect, timeout": lambda con: celigo.connect(timeout=-1),
    "connect, retries": lambda con: celigo.connect(max_retries=-1),
    "connect, profile": lambda con: celigo.connect(profile="none"),
    "connect, progress": lambda con: celigo.connect(progress="loud"),
    "connect, check": lambda con: celigo.connect(base_url=gone_url(), max_retries=0).check(),
    "login, region": lambda con: celigo.login(region="moon"),
    "login": lambda con: celigo.login(base_url=gone_url()),
    "local, demo": lambda con: celigo.local(demo="moon"),
    "local, port": lambda con: celigo.local(port=-1),
    "local, path": lambda con: celigo.local("/proc/nothing/at/all", demo="none"),
    "read_export": lambda con: celigo.read_export(EXPORT, con),
    "read_export, option": lambda con: celigo.read_export(EXPORT, con, page_size=0),
    "read_exports": lambda con: celigo.read_exports([EXPORT], con, on_error="raise"),
    "iter_export": lambda con: next(celigo.iter_export(EXPORT, con)),
    "export_to_parquet": lambda con: celigo.export_to_parquet(EXPORT, con, "/nowhere/x.parquet"),
    "to_import": lambda con: celigo.to_import(frame(), IMPORT, con, on_error="raise"),
    "to_import, option": lambda con: celigo.to_import(frame(), IMPORT, con, batch_size=0),
    "to_import, accessor": lambda con: frame().celigo.to_import(IMPORT, con, on_error="raise"),
    "dry_run": lambda con: celigo.dry_run(frame(), IMPORT, con),
    "map_import": lambda con: celigo.map_import(frame(), IMPORT, con),
    "plan_import": lambda con: celigo.plan_import(frame(), IMPORT, con, current=EXPORT, key="a"),
    "sync": lambda con: celigo.sync(EXPORT, con, to="lake", key="a"),
    "sync, option": lambda con: celigo.sync(EXPORT, con, to="lake", key="a", overlap="-1s"),
    "sync_state": lambda con: celigo.sync_state(3),
    "Script": lambda con: celigo.Script(3),
    "Script, run": lambda con: celigo.Script("function preMap(o) { throw new Error('x') }").run("none", frame()),
    "nest": lambda con: celigo.nest(frame(), by="none"),
    "build": lambda con: celigo.build.sql_export(""),
    "Mapping": lambda con: celigo.Mapping(dialect=3),
    "Mapping.verify": lambda con: celigo.Mapping().set("b", "$.a").verify(frame(), con),
    "ConnectionForm": lambda con: celigo.ConnectionForm(3),
    "ExportForm": lambda con: celigo.ExportForm(3),
    "MappingEditor": lambda con: celigo.MappingEditor(3, IMPORT),
    "Explorer": lambda con: celigo.Explorer(3),
    "client.check": lambda con: con.client.check(),
    "client.connections": lambda con: con.client.connections["Shop"],
    "client.connections, id": lambda con: con.client.connections[ID],
    "client.connections, frame": lambda con: con.client.connections.to_frame(),
    "client.connections, create": lambda con: con.client.connections.create(secretly(DOC)),
    "client.connections, ping": lambda con: con.client.connections.ping(secretly(DOC)),
    "client.exports": lambda con: con.client.exports["x"],
    "client.imports": lambda con: con.client.imports["x"],
    "client.scripts": lambda con: con.client.scripts["x"],
    "client.scripts, create": lambda con: con.client.scripts.create("x", "function preMap(o) {}"),
    "client, pickled": lambda con: __import__("pickle").dumps(con.client),
    "con.refresh": lambda con: con.refresh(),
    "con.replace": lambda con: con.replace(secretly(DOC)),
    "con.replace, mask": lambda con: con.replace({**secretly(DOC), "pgp": {"passphrase": "******"}}),
    "con.update": lambda con: con.update({"x": 1}, secrets={"http.auth.token.token": secretly(DOC)}),
    "con.patch": lambda con: con.patch({"name": "x"}),
    "con.delete": lambda con: con.delete(),
    "con.ping": lambda con: con.ping(),
    "con.debug_log": lambda con: con.debug_log(),
    "con.enable_debug": lambda con: con.enable_debug(),
    "con.enable_debug, minutes": lambda con: con.enable_debug(-1),
    "con.audit_log": lambda con: con.audit_log(),
    "con.dependencies": lambda con: con.dependencies(),
    "con.authorize": lambda con: con.authorize(),
    "con.preview_export": lambda con: con.preview_export(EXPORT),
    "con.read_export": lambda con: con.read_export(EXPORT),
    "con.to_import": lambda con: con.to_import(frame(), IMPORT, on_error="raise"),
    "con.dry_run": lambda con: con.dry_run(frame(), IMPORT),
    "con.map_import": lambda con: con.map_import(frame(), IMPORT),
    "con.plan_import": lambda con: con.plan_import(frame(), IMPORT, current=EXPORT, key="a"),
    "con.sync": lambda con: con.sync(EXPORT, to="lake", key="a"),
}

ENDS_WITHOUT_A_SERVER = {
    "logout", "Client", "Connection", "ImportResult", "ImportPlan", "DryRun", "Pulls", "SyncResult", "errors"
}  # fmt: skip


def raised(entry: Entry, con: Connection) -> BaseException:
    try:
        entry(con)
    except Exception as error:
        return error
    raise AssertionError("it did not raise, so that nothing was tested")


def written(error: BaseException, mode: str) -> str:
    """Write a traceback as a notebook would show it, causes and contexts too."""
    formatter = FormattedTB(mode=mode)
    shown = formatter.structured_traceback(type(error), error, error.__traceback__)
    return _COLOURS.sub("", formatter.stb2text(shown))


@pytest.mark.parametrize("name", ENTRIES)
def test_no_traceback_of_ipython_shows_a_secret(name: str, con: Connection) -> None:
    error = raised(ENTRIES[name], con)

    for mode in MODES:
        text = written(error, mode)
        assert type(error).__name__ in text
        assert_no_canary(text)


def test_every_public_function_is_among_the_entries() -> None:
    covered = {name.partition(",")[0].partition(".")[0] for name in ENTRIES}
    errors = {name for name, kind in vars(sys.modules["celigo_pandas.errors"]).items() if inspect.isclass(kind)}

    assert set(celigo.__all__) - errors - covered - ENDS_WITHOUT_A_SERVER == set()


def test_traceback_that_shows_the_environment_is_found(con: Connection) -> None:
    """The check can fail: a frame that names what holds the token shows it."""

    def connects(_: Connection) -> None:
        environment = os.environ
        raise ValueError(environment.get("NOTHING"))

    text = written(raised(connects, con), "Verbose")

    assert "environment" in text
    with pytest.raises(AssertionError, match="leaked"):
        assert_no_canary(text)


def test_environment_is_read_in_one_place() -> None:
    """The engine is a program of its own and runs in no notebook; the environments of children are made apart."""
    root = Path(celigo.__file__).parent
    apart = {"documents/environment.py", "local_engine.py", "scripts/worker_process.py"}

    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))
    }

    assert {path for path in found if not path.startswith("engine/")} == apart
