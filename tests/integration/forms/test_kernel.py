"""The forms in a real kernel, driven by the comm messages a browser sends, and what the executors leave in a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

REPOSITORY = Path(__file__).parents[3]
CANARY = "canary-c0ffee-41"
SETUP = """
import sys; sys.path.insert(0, {tests!r})
import celigo_pandas as celigo, pandas as pd
from support.forms import FakeClient
client = FakeClient()
con = client.connection({{"name": "Shop", "type": "http", "http": {{"baseURI": "https://shop.example",
    "mediaType": "json", "auth": {{"type": "basic", "basic": {{"username": "u", "password": "stored"}}}}}}}})
df = pd.DataFrame({{"a": ["1", "x"]}})
doc = {{"mappings": [{{"generate": "n", "dataType": "number", "extract": "$.a", "status": "Active"}}]}}
""".format(tests=str(REPOSITORY / "tests"))
TYPED = (
    SETUP
    + """
import os
form = celigo.ConnectionForm(con)
form.handle({"event": "secret", "id": "http.auth.basic.password", "value": os.environ["CELIGO_TEST_CANARY"]})
form.handle({"event": "set", "id": "http.baseURI", "value": "https://other.example"})
form.handle({"event": "press", "action": "ping", "argument": None})
form.wait(10)
form
"""
)


@contextmanager
def running(*cells: str) -> Iterator[tuple[Any, NotebookClient]]:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", store_widget_state=True)
    with client.setup_kernel(env={**os.environ, "PYTHONPATH": str(REPOSITORY), "CELIGO_TEST_CANARY": CANARY}):
        for place, cell in enumerate(notebook.cells):
            client.execute_cell(cell, place)
        yield notebook, client


class Kernel:
    """A kernel with the setup run: runs cells, and sends what a browser would."""

    def __init__(self, notebook: Any, client: NotebookClient) -> None:
        self.notebook = notebook
        self.client = client

    def run(self, code: str) -> str:
        """Run one more cell and return what it prints; messages sent before it have been handled."""
        cell = nbformat.v4.new_code_cell(code)
        self.notebook.cells.append(cell)
        self.client.execute_cell(cell, len(self.notebook.cells) - 1)
        return "".join(output.get("text", "") for output in cell.outputs).strip()

    def show(self, code: str) -> str:
        """Run a cell that shows a form and return the id of its comm."""
        before = set(self.client.widget_state)
        self.run(code)
        return next(id for id, state in self.client.widget_state.items() if id not in before and "form_id" in state)

    def send(self, comm: str, **content: Any) -> None:
        data = {"method": "custom", "content": content}
        self.client.kc.shell_channel.send(self.client.kc.session.msg("comm_msg", {"comm_id": comm, "data": data}))


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with running(SETUP) as (notebook, client):
        yield Kernel(notebook, client)


def test_kernel_connection_form_takes_typed_values_and_a_secret_over_the_wire(kernel: Kernel) -> None:
    comm = kernel.show("form = celigo.ConnectionForm(con)\nform")
    kernel.send(comm, event="set", id="http.baseURI", value="https://new.example")
    kernel.send(comm, event="secret", id="http.auth.basic.password", value=CANARY)
    kernel.send(comm, event="press", action="save", argument=None)
    text = kernel.run("form.wait(10); print(client.sent[0][0], client.sent[0][1]['http'], form.problems)")

    assert text.startswith("replace")
    assert "https://new.example" in text
    assert CANARY in text
    synced = kernel.run("import json; print(json.dumps(form.widget.get_state(), default=str))")
    assert "https://new.example" in synced
    assert CANARY not in synced
    assert CANARY not in json.dumps(kernel.client.widget_state)


def test_kernel_mapping_editor_is_edited_over_the_wire(kernel: Kernel) -> None:
    comm = kernel.show("editor = celigo.MappingEditor(df, doc)\neditor")
    kernel.send(comm, event="set", id="mappings[0]|dataType", value="string")
    kernel.send(comm, event="cell", id="output", row=1, column=1)
    text = kernel.run("print(editor.import_doc['mappings'][0]['dataType'], editor.state.blame()[0].rule)")

    assert text == "string mappings[0]"


def test_kernel_error_of_a_click_shows_in_the_form(kernel: Kernel) -> None:
    comm = kernel.show("editor = celigo.MappingEditor(df, doc)\neditor")
    kernel.send(comm, event="press", action="no_such", argument=None)

    assert "no action" in kernel.run("print([n.text for n in editor.state.notices])")


WAITING = """
form = celigo.ConnectionForm(con)
form.state.run_long("Wait", lambda task: task.sleep(60), lambda value: None)
form
"""


def test_kernel_long_action_lets_other_cells_run_and_stops(kernel: Kernel) -> None:
    comm = kernel.show(WAITING)
    began = time.monotonic()
    assert kernel.run("print(form.state.busy)") == "Wait"
    kernel.send(comm, event="press", action="stop", argument=None)

    assert kernel.run("print(form.wait(5), form.state.notices[0].text)") == "True Wait was stopped."
    assert time.monotonic() - began < 20


BUSY = """
import time
began = time.monotonic()
while form.state.busy and time.monotonic() - began < 8:
    time.sleep(0.05)
print("stopped" if not form.state.busy else "still running")
"""


def test_kernel_stop_arrives_beside_a_running_cell(kernel: Kernel) -> None:
    """The browser opens a comm in a subshell of the kernel; it is handled while the main shell is busy."""
    comm = kernel.show(WAITING)
    form_id = kernel.client.widget_state[comm]["form_id"]
    kc = kernel.client.kc
    request = kc.session.msg("create_subshell_request")
    kc.control_channel.send(request)
    subshell = wait_for(kc.control_channel.get_msg, request, "create_subshell_reply")["content"]["subshell_id"]
    content = {"code": BUSY, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False,
               "stop_on_error": True}  # fmt: skip
    cell = kc.session.msg("execute_request", content)
    kc.shell_channel.send(cell)
    time.sleep(0.5)

    data = {"form": form_id, "action": "stop"}
    opened = kc.session.msg("comm_open", {"comm_id": "f" * 32, "target_name": "celigo_pandas.stop", "data": data})
    opened["header"]["subshell_id"] = subshell
    kc.shell_channel.send(opened)

    assert wait_for(kc.iopub_channel.get_msg, cell, "stream")["content"]["text"].strip() == "stopped"


def wait_for(get: Any, request: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the answer of that kind to a request."""
    from jupyter_core.utils import run_sync

    async def next_message() -> Any:
        return await get(timeout=20)

    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        reply = run_sync(next_message)()
        if reply["parent_header"].get("msg_id") == request["header"]["msg_id"] and reply["header"]["msg_type"] == kind:
            return dict(reply)
    raise TimeoutError(kind)


def executed_by(executor: str, source: Path, target: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "CELIGO_TEST_CANARY": CANARY}
    commands = {
        "nbconvert": [
            "-m",
            "jupyter",
            "nbconvert",
            "--to",
            "notebook",
            "--execute",
            str(source),
            "--output",
            str(target),
        ],
        "html": ["-m", "jupyter", "nbconvert", "--to", "html", "--execute", str(source), "--output", str(target)],
        "execute": ["-m", "jupyter", "execute", str(source), f"--output={target}"],
        "papermill": ["-m", "papermill", str(source), str(target)],
    }
    done = subprocess.run([sys.executable, *commands[executor]], env=env, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("executor", ["nbclient", "nbconvert", "html", "execute", "papermill"])
def test_executed_notebook_holds_no_typed_secret(executor: str, tmp_path: Path) -> None:
    source, target = tmp_path / "source.ipynb", tmp_path / ("done.html" if executor == "html" else "done.ipynb")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(TYPED)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, source)
    if executor == "nbclient":
        with running(TYPED) as (executed, client):
            client.set_widgets_metadata()
            nbformat.write(executed, target)
    else:
        executed_by(executor, source, target)

    text = target.read_text(encoding="utf-8")
    assert "https://other.example" in text, "the form was not shown, so the test proves nothing"
    assert "••••••" in text or "u2022" in text
    assert CANARY not in text
    for left in tmp_path.rglob("*"):
        assert CANARY not in left.read_text(encoding="utf-8", errors="replace"), left
