"""Pulls with a journal in processes of their own, killed at one step of the journal's life.

Reads lines ``[url, folder, step, number, mode]`` from stdin. For each it forks, and the child pulls: SIGKILL when
`step` is heard for the `number`-th time. Writes a line ``[signal or exit code, text]``: the pulled column ``n`` as
JSON, or the error. Forking saves the imports; nothing has made a thread before.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from celigo_pandas.accessors import read_export
from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.transport import RequestsTransport
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import CeligoError
from celigo_pandas.journal.pulls import PullJournal


def pull(url: str, folder: str, step: str, number: int, mode: str) -> str:
    heard = 0

    def on_step(done: str) -> None:
        nonlocal heard
        heard += done == step
        if done == step and heard == number:
            os.kill(os.getpid(), signal.SIGKILL)

    client = Client(ApiClient(RequestsTransport(url, Secret("token")), base_url=url), progress=False)
    con = Connection(client, {"_id": "5f0000000000000000000001", "name": "test"})
    export = {"rdbms": {"query": "q", "once": {"query": "u"}}} if mode == "consume" else {"rdbms": {"query": "q"}}
    journal = PullJournal(folder, on_step=on_step)
    df = read_export(export, con, journal=journal, page_size=2, consume=mode == "consume")
    return json.dumps(df["n"].tolist())


def main() -> None:
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            code = 0
            try:
                text = pull(*json.loads(line))
            except CeligoError as error:
                code, text = 1, str(error)
            os.write(writing, text.encode())
            os._exit(code)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            text = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([status, text]), flush=True)


if __name__ == "__main__":
    main()
