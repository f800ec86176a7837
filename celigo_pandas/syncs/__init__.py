"""Pulls that land in a table and go on where they ended: ``sync``, ``sync_state``.

``sync_options`` and ``marked_documents`` check, ``sync_pull`` pulls, ``cursors``, ``table_columns``, ``keyed_rows`` and
``table_changes`` decide, ``stores`` write. ``docs/sync.md`` tells how it is used.
"""

from __future__ import annotations

from celigo_pandas.accessors.account.syncing import SyncResult
from celigo_pandas.syncs.sync_export import sync, sync_state

__all__ = ["SyncResult", "sync", "sync_state"]
