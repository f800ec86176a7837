"""What scripts write by ``console``, kept for a day while their ``debugUntil`` lies ahead.

A script may log the records it works on, so entries are encrypted in the store, as debug entries are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from celigo_pandas.documents.scalars import is_date
from celigo_pandas.engine.failures import VaultError
from celigo_pandas.engine.storage.store import Store
from celigo_pandas.engine.storage.vault import Vault
from celigo_pandas.engine.texts import json_text

__all__ = ["ScriptLog"]

_KEPT_S = 86_400.0
_MESSAGE_CHARS = 100_000
_LABEL = "script log"


class ScriptLog:
    """Writes and reads the logs of scripts."""

    def __init__(self, store: Store, vault: Vault, now: Callable[[], datetime]) -> None:
        self._store = store
        self._vault = vault
        self._now = now

    def is_on(self, script: Mapping[str, Any]) -> bool:
        """Whether the script is being debugged: its ``debugUntil`` lies ahead."""
        until = script.get("debugUntil")
        if not isinstance(until, str) or not is_date(until):
            return False
        end = datetime.fromisoformat(until.replace("Z", "+00:00"))
        return (end if end.tzinfo else end.replace(tzinfo=timezone.utc)) > self._now()

    def write(
        self,
        script: Mapping[str, Any],
        lines: Iterable[tuple[str, str]],
        *,
        function: str,
        resource_id: str = "",
    ) -> None:
        """Keep what one call of a script logged; nothing while it is not debugged.

        Parameters
        ----------
        script : mapping
            The stored document.
        lines : iterable of (level, message)
        function : str
            The kind of function: ``preMap``, ``filter``, ….
        resource_id : str
            Of the export or import that called; empty for one that is not saved.
        """
        if not self.is_on(script):
            return
        moment = self._now().astimezone(timezone.utc)
        entries = [
            {
                "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z",
                "logLevel": level,
                "functionType": function,
                "_resourceId": resource_id or None,
                "message": message if len(message) <= _MESSAGE_CHARS else message[:_MESSAGE_CHARS] + "…",
            }
            for level, message in lines
        ]
        if entries:
            packed = self._vault.pack(json_text.dump(entries), _LABEL)
            self._store.add_debug(str(script["_id"]), resource_id, moment.timestamp(), packed)

    def entries(self, script_id: str) -> list[dict[str, Any]]:
        """Return the entries of a script, the oldest first."""
        found: list[dict[str, Any]] = []
        for packed in self._store.debug_entries(script_id, None, self._now().timestamp() - _KEPT_S):
            try:
                found += json_text.load(self._vault.unpack(packed, _LABEL))
            except VaultError:
                continue
        return found

    def clear(self, script_id: str) -> None:
        """Forget the entries of a script that is no more."""
        self._store.clear_debug(script_id)
