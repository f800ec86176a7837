"""JupyterLab and Chromium for the browser tests: one of each for a session, a new page for a test.

Facts behind it (JupyterLab 4.6, Playwright 1.65): a click on *Run All Cells* is lost while the kernel connects, so the
commands go through the application object; root needs ``--allow-root``; everything a user's home could add is kept out.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REPOSITORY = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def jupyter_lab(root: Path, *, save_state: bool = True) -> Iterator[tuple[str, str]]:
    """Start JupyterLab on loopback; yields its address and token.

    ``save_state`` turns on *Save Widget State Automatically*: what a form must survive without leaking.
    """
    port, token = free_port(), secrets.token_hex(16)
    home = Path(tempfile.mkdtemp(prefix="celigo-lab-"))
    places = {
        "HOME": home,
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "run",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
    }
    env = {**os.environ, **{name: str(path) for name, path in places.items()}, "JUPYTER_TOKEN": token}
    env.update(JUPYTER_PLATFORM_DIRS="1", PYTHONPATH=str(REPOSITORY), PYTHONWARNINGS="default")
    setting(home, "@jupyterlab/apputils-extension/notification", {"fetchNews": "false", "checkForUpdates": False})
    setting(home, "@jupyter-widgets/jupyterlab-manager/plugin", {"saveState": save_state})
    # Tests save for themselves: beside a slow disk two saves that overlap end in a dialog over the page.
    setting(home, "@jupyterlab/docmanager-extension/plugin", {"autosave": False})
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root",
               "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}", "--ServerApp.terminals_enabled=False",
               "--LabApp.expose_app_in_browser=True"]  # fmt: skip
    with open(home / "lab.log", "wb") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{base}/api/status?token={token}", server, home / "lab.log")
        yield base, token
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(5)
        shutil.rmtree(home, ignore_errors=True)


def setting(home: Path, name: str, values: dict[str, Any]) -> None:
    path = home / "settings" / f"{name}.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1800):
        if server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended early: {log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(url, timeout=1).read()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not answer: {log.read_text()[-2000:]}")


def notebook(path: Path, *cells: str) -> Path:
    """Write a notebook of code cells."""
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    document.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(document, path)
    return path


class LabPage:
    """A notebook open in JupyterLab."""

    def __init__(self, page: Any, base: str, token: str, path: Path) -> None:
        self.page = page
        self.path = path
        self.foreign: list[str] = []
        self.errors: list[str] = []
        own = (base, base.replace("http", "ws"), "data:", "blob:")
        page.on("request", lambda request: None if request.url.startswith(own) else self.foreign.append(request.url))
        page.on("pageerror", self._note)
        page.goto(f"{base}/doc/tree/{path.name}?token={token}")
        page.locator(".jp-Notebook").wait_for(timeout=60_000)

    def _note(self, error: Any) -> None:
        # JupyterLab's own: nobody there takes the end of a subshell when its kernel is restarted.
        if "create_subshell_request" not in str(error):
            self.errors.append(str(error))

    def command(self, name: str) -> Any:
        return self.page.evaluate(
            """async (name) => {
                const app = window.jupyterapp; await app.restored;
                const panel = app.shell.currentWidget;
                await panel.context.ready; await panel.sessionContext.ready;
                await panel.sessionContext.session.kernel.info;
                return await app.commands.execute(name); }""",
            name,
        )

    def run_all(self) -> None:
        assert self.command("notebook:run-all-cells") is not False

    def start_cell(self, index: int, code: str | None = None) -> None:
        """Run one cell and do not wait for it; with `code`, after putting that into it."""
        self.page.evaluate(
            """async ([index, code]) => {
                const app = window.jupyterapp;
                const notebook = app.shell.currentWidget.content;
                notebook.activeCellIndex = index;
                if (code !== null) notebook.widgets[index].model.sharedModel.setSource(code);
                app.commands.execute('notebook:run-cell'); }""",
            [index, code],
        )

    def text_of(self, code: str) -> str:
        """Run code in the kernel beside the notebook and return what it prints."""
        return str(
            self.page.evaluate(
                """async (code) => {
                    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                    let out = '';
                    const future = kernel.requestExecute({ code, store_history: false });
                    future.onIOPub = (m) => {
                        if (m.header.msg_type === 'stream') out += m.content.text;
                        if (m.header.msg_type === 'error') out += m.content.ename + ': ' + m.content.evalue;
                    };
                    await future.done; return out.trim(); }""",
                code,
            )
        )

    def save(self) -> str:
        self.command("docmanager:save")
        return self.path.read_text(encoding="utf-8")

    def form(self, place: int = 0) -> Any:
        form = self.page.locator(".cp-form").nth(place)
        form.wait_for(timeout=60_000)
        return form

    def field(self, id: str, place: int = 0) -> Any:
        return self.form(place).locator(f'[data-field="{id}"]').first

    def type(self, id: str, text: str) -> None:
        """Fill a field and leave it."""
        box = self.field(id).locator("input:not([type=checkbox]), textarea").first
        box.fill(text)
        box.blur()

    def choose(self, id: str, value: str) -> None:
        self.field(id).locator("select").select_option(value)

    def press(self, action: str, argument: object = None) -> None:
        more = "" if argument is None else f'[data-argument="{argument}"]'
        self.form().locator(f'button[data-action="{action}"]{more}').first.click()


def slug(name: str) -> str:
    """A file name that Lab opens, from a test's name."""
    return re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
