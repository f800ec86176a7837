"""Ctrl-C: in a real notebook kernel, and while many pulls run."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from support.page_socket import SILENT, Answer, sends, serving
from support.pulls import EXPORT, PageServer

from celigo_pandas.accessors import read_export, read_exports
from celigo_pandas.errors import ConfigError, PullCancelled

RECORDS = [json.dumps({"n": number}).encode() for number in range(10)]

_SETUP = """
from celigo_pandas.accessors import read_export
from celigo_pandas.accessors.client import Client
from celigo_pandas.accessors.connection import Connection
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.transport import RequestsTransport
from celigo_pandas.resources.secret import Secret
client = Client(ApiClient(RequestsTransport({url!r}, Secret("t")), base_url={url!r}))
con = Connection(client, {{"_id": "5f0000000000000000000001", "name": "test"}})
"""


class Stalling:
    """Three pages, then a request that is never answered."""

    def __init__(self) -> None:
        self._pages = PageServer(RECORDS, page_size=2)
        self.stalled = threading.Event()
        self.is_over = False

    def __call__(self, number: int, body: bytes) -> Answer:
        if number == 3 and not self.is_over:
            self.stalled.set()
            return SILENT
        return sends(self._pages.body_for(body))


@pytest.mark.filterwarnings("ignore")
def test_interrupted_kernel_keeps_the_rows_and_goes_on() -> None:
    script = Stalling()
    with serving(script) as (server, _):
        notebook = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_code_cell(_SETUP.format(url=server.url)),
                nbformat.v4.new_code_cell("read_export({'rdbms': {'query': 'q'}}, con)"),
                nbformat.v4.new_code_cell("print(client.last_pull.partial['n'].tolist())"),
                nbformat.v4.new_code_cell("print(client.last_pull.resume()['n'].tolist())"),
            ]
        )
        client = NotebookClient(notebook, timeout=60, kernel_name="python3")
        with client.setup_kernel():
            client.execute_cell(notebook.cells[0], 0)
            times: list[float] = []
            threading.Thread(target=_interrupt_when, args=(script.stalled, client, times), daemon=True).start()
            with pytest.raises(CellExecutionError) as caught:
                client.execute_cell(notebook.cells[1], 1)
            took = time.monotonic() - times[0]
            script.is_over = True
            client.execute_cell(notebook.cells[2], 2)
            client.execute_cell(notebook.cells[3], 3)

    assert caught.value.ename == "PullCancelled"
    assert "client.last_pull.resume()" in caught.value.evalue
    assert took < 5
    assert _printed(notebook.cells[2]) == "[0, 1, 2, 3, 4, 5]\n"
    assert _printed(notebook.cells[3]) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n"


def _printed(cell: Any) -> str:
    """What a cell printed, without its progress bar."""
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


def _interrupt_when(stalled: threading.Event, client: NotebookClient, times: list[float]) -> None:
    stalled.wait(60)
    time.sleep(0.3)
    times.append(time.monotonic())
    interrupted = client.km.interrupt_kernel()
    if asyncio.iscoroutine(interrupted):
        asyncio.run(interrupted)


def _interrupt_this_process_when(stalled: threading.Event) -> None:
    def wait() -> None:
        stalled.wait(30)
        time.sleep(0.2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()


def test_ctrl_c_raises_at_once_with_the_rows() -> None:
    script = Stalling()
    with serving(script) as (_, con):
        _interrupt_this_process_when(script.stalled)

        with pytest.raises(PullCancelled, match=r"client\.last_pull\.resume\(\)") as caught:
            read_export(EXPORT, con)

        assert isinstance(caught.value, KeyboardInterrupt)
        assert caught.value.partial["n"].tolist() == [0, 1, 2, 3, 4, 5]


def test_ctrl_c_in_a_consuming_export_is_not_taken_up_again() -> None:
    script = Stalling()
    with serving(script) as (server, con):
        _interrupt_this_process_when(script.stalled)

        with pytest.raises(PullCancelled):
            read_export({"type": "once"}, con, consume=True)

        with pytest.raises(ConfigError, match="may be gone from the source unread"):
            con.client.last_pull.resume()
        assert len(server.bodies) == 4


def test_ctrl_c_in_many_pulls_ends_them_within_one_request() -> None:
    begun = threading.Event()

    def script(number: int, body: bytes) -> Answer:
        if number > 6:
            begun.set()
        time.sleep(0.05)
        state = json.loads(body).get("pagedExportState") or {"p": 0}
        return sends(b'{"data":[{"n":1}],"pagedExportState":{"p":%d,"done":false}}' % (state["p"] + 1))

    with serving(script) as (_, con):
        _interrupt_this_process_when(begun)
        started = time.monotonic()
        with pytest.raises(PullCancelled) as caught:
            read_exports({"a": EXPORT, "b": EXPORT, "c": EXPORT}, con, max_workers=2)

    assert time.monotonic() - started < 10
    assert sorted(caught.value.partial.failures) == ["a", "b", "c"]
    assert len(caught.value.partial.pulls["a"].partial) >= 1
