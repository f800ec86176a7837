"""What survives a crash: pulls and pushes."""

from __future__ import annotations

from celigo_pandas.journal.listing import delete_journal, list_journals

__all__ = ["delete_journal", "list_journals"]
