"""Ctrl-C in a real notebook kernel."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from support.page_socket import Stalling, serving

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

_SETUP = """
from celigo_pandas.accessors import read_export
from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.transport import RequestsTransport
from celigo_pandas.documents.secret import Secret
client = Client(ApiClient(RequestsTransport({url!r}, Secret("t")), base_url={url!r}))
con = Connection(client, {{"_id": "5f0000000000000000000001", "name": "test"}})
"""


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
        client = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3")
        with client.setup_kernel():
            client.execute_cell(notebook.cells[0], 0)
            times: list[float] = []
            threading.Thread(target=_interrupt_when, args=(script.stalled, client, times), daemon=True).start()
            with pytest.raises(nbclient.exceptions.CellExecutionError) as caught:
                client.execute_cell(notebook.cells[1], 1)
            took = time.monotonic() - times[0]
            script.is_over = True
            client.execute_cell(notebook.cells[2], 2)
            client.execute_cell(notebook.cells[3], 3)

    assert caught.value.ename == "PullCancelled"
    assert "client.last_pull.resume()" in caught.value.evalue
    assert took < 30  # it stalls for good otherwise
    assert _printed(notebook.cells[2]) == "[0, 1, 2, 3, 4, 5]\n"
    assert _printed(notebook.cells[3]) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n"


def _printed(cell: Any) -> str:
    """What a cell printed, without its progress bar."""
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


def _interrupt_when(stalled: threading.Event, client: Any, times: list[float]) -> None:
    stalled.wait(300)
    time.sleep(0.3)
    times.append(time.monotonic())
    interrupted = client.km.interrupt_kernel()
    if asyncio.iscoroutine(interrupted):
        asyncio.run(interrupted)
