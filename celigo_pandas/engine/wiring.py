"""The composition root: the one place that chooses implementations and ties them together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from celigo_pandas.engine.oauth import PendingStates
from celigo_pandas.engine.runs.calls import CallFactory
from celigo_pandas.engine.runs.export_service import ExportService
from celigo_pandas.engine.runs.import_service import ImportService
from celigo_pandas.engine.runs.ping_service import PingService
from celigo_pandas.engine.runs.script_runs import ScriptRuns
from celigo_pandas.engine.runs.sources import Sources
from celigo_pandas.engine.safety.reach import Reach
from celigo_pandas.engine.safety.worker_threads import Gates, Workers
from celigo_pandas.engine.settings import Settings
from celigo_pandas.engine.storage.access import Caches
from celigo_pandas.engine.storage.debug_log import DebugLog
from celigo_pandas.engine.storage.document_service import DocumentService
from celigo_pandas.engine.storage.script_log import ScriptLog
from celigo_pandas.engine.storage.store import Store
from celigo_pandas.engine.storage.vault import Vault
from celigo_pandas.engine.walks.page_spool import Spool
from celigo_pandas.engine.walks.walks import Walks
from celigo_pandas.scripts import Limits, ScriptHost

__all__ = ["Engine"]

USER = {"_id": "5f0000000000000000000001", "email": "local@localhost", "name": "Local user"}
"""The one user of a local engine: who holds its token."""

_SWEEP_S = 30.0
_TEND_S = 1.0


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class Engine:
    """One running engine, without its server."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime] = _utc_now) -> None:
        self.settings = settings
        self.choices = settings.choices
        self.user = USER
        self.vault = Vault([key.reveal() for key in settings.keys])
        self.store = Store(settings.folder)
        forbidden = (settings.folder, *([settings.key_folder] if settings.key_folder else []))
        self.reach = Reach(settings.allow_hosts, settings.allow_dirs, forbidden)
        self.now = now
        self.documents = DocumentService(self.store, self.vault, self.choices, person=USER, now=now)
        self.debug = DebugLog(self.store, self.vault, now)
        self.script_log = ScriptLog(self.store, self.vault, now)
        self.caches = Caches()
        self.workers = Workers()
        self.gates = Gates(settings.gate_patience_s)
        spool = Spool(self.store, self.vault)
        self.walks = Walks(spool, self.vault, self.choices, self.workers, self.gates, settings.call_timeout_s)
        calls = CallFactory(
            self.reach,
            self.choices,
            now,
            self.debug.writer,
            settings.call_timeout_s,
            self.debug.is_on,
            self.walks.writing,
            self.walks.readers,
            self.walks.progress,
        )
        limit_s = settings.call_timeout_s
        self.sources = Sources(self.documents, self.caches, self.workers, self.gates, calls, limit_s)
        self.pings = PingService(self.sources, self.choices)
        limits = Limits(self.choices.script_seconds, self.choices.script_memory_mb * 1024 * 1024)
        self.scripts = ScriptRuns(self.documents, self.script_log, ScriptHost(limits))
        self.exports = ExportService(self.sources, self.walks, self.vault, self.choices, self.scripts)
        self.imports = ImportService(self.sources, self.choices, self.scripts)
        self.pending = PendingStates()
        self._tending: list[asyncio.Task[Any]] = []

    @property
    def url(self) -> str:
        """Where clients find this engine."""
        host = self.settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.settings.port}"

    async def start(self) -> None:
        """Drop what expired while no engine ran, and keep doing so."""
        await self.walks.sweep()
        loop = asyncio.get_running_loop()
        self._tending = [
            loop.create_task(_again(_SWEEP_S, self.walks.sweep)),
            loop.create_task(_again(_TEND_S, self.walks.tend)),
        ]

    async def stop(self) -> None:
        """Close sources, pools and files."""
        for task in self._tending:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.walks.close()
        self.caches.close()
        self.workers.close()
        self.scripts.close()
        self.store.close()


async def _again(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await work()
