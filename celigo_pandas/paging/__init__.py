"""Which page comes next, and what an answer is: pure, nothing is sent here."""

from __future__ import annotations

from celigo_pandas.paging.answers import Page, errors_beside, read_page
from celigo_pandas.paging.trail import STALE_REQUESTS, Trail, state_key
from celigo_pandas.paging.walking import (
    DEFAULT_PAGE_SIZE,
    TOO_LARGE,
    PageRequest,
    dump_json,
    effective_page_size,
    walk,
)

__all__ = [
    "DEFAULT_PAGE_SIZE",
    "STALE_REQUESTS",
    "TOO_LARGE",
    "Page",
    "PageRequest",
    "Trail",
    "dump_json",
    "effective_page_size",
    "errors_beside",
    "read_page",
    "state_key",
    "walk",
]
