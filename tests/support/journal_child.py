"""A pull with a journal in a process of its own, killed at one step of the journal's life.

``python journal_child.py URL FOLDER STEP NUMBER MODE``: SIGKILL when STEP is heard for the NUMBER-th time; prints the
pulled column ``n`` otherwise.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from celigo_pandas.accessors import read_export
from celigo_pandas.accessors.client import Client
from celigo_pandas.accessors.connection import Connection
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.transport import RequestsTransport
from celigo_pandas.journal.pulls import PullJournal
from celigo_pandas.resources.secret import Secret


def main(url: str, folder: str, step: str, number: str, mode: str) -> None:
    heard = 0

    def on_step(done: str) -> None:
        nonlocal heard
        heard += done == step
        if done == step and heard == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    client = Client(ApiClient(RequestsTransport(url, Secret("token")), base_url=url), progress=False)
    con = Connection(client, {"_id": "5f0000000000000000000001", "name": "test"})
    export = {"rdbms": {"query": "q", "once": {"query": "u"}}} if mode == "consume" else {"rdbms": {"query": "q"}}
    df = read_export(export, con, journal=PullJournal(folder, on_step=on_step), page_size=2, consume=mode == "consume")
    print(json.dumps(df["n"].tolist()))


if __name__ == "__main__":
    main(*sys.argv[1:])
