"""Syncs in processes of their own, killed at one step of the store's life.

Reads lines of JSON from stdin: ``kind, to, records, step, journal, mode``. For each it forks, and the child syncs;
SIGKILL when `step` is heard. Writes a line ``[signal or exit code, text]``. Forking saves the imports; nothing has made
a thread before.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings

from support.changing_source import PagedRows
from support.store_kinds import KINDS

from celigo_pandas.syncs.sync_options import SyncOptions
from celigo_pandas.syncs.sync_run import SyncRun

EXPORT = {"http": {"relativeURI": "/orders?since={{watermark}}", "method": "GET"}}
ALL = {"http": {"relativeURI": "/orders", "method": "GET"}}


def sync(asked: dict) -> str:
    kind = next(kind for kind in KINDS if kind.name == asked["kind"])
    store = kind.open(asked["to"])
    step = asked["step"]

    def kill(done: str) -> None:
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    store.on_step = kill
    merges = asked["mode"] == "merge"
    options = SyncOptions.of(
        mode=asked["mode"], key="id" if merges else None, cursor="updated" if merges else None, overlap="1h",
        start="2023-01-01T00:00:00Z" if merges else None, deletes="compare" if merges else None, max_delete=1,
        schema="evolve", full_every=0 if merges else None,
    )  # fmt: skip
    con = PagedRows(lambda export: asked["records"], page_size=3).connection()
    warnings.simplefilter("ignore")
    result = SyncRun(con, EXPORT if merges else ALL, store, "orders", options, progress=False).run(asked["journal"])
    return result.summary()


def main() -> None:
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            code = 0
            try:
                text = sync(json.loads(line))
            except Exception as error:
                code, text = 1, f"{type(error).__name__}: {error}"
            os.write(writing, text.encode())
            os._exit(code)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            text = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([status, text]), flush=True)


if __name__ == "__main__":
    main()
