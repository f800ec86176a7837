"""The helpers of the template language, by name. Each module holds one family of the vendor's helper reference."""

from __future__ import annotations

from typing import Final

from celigo_pandas.handlebars.helpers import (
    arithmetic,
    dates,
    encodings,
    formats,
    hashing,
    lists,
    logic,
    patterns,
    signing,
    texts,
    words,
)
from celigo_pandas.handlebars.helpers.registry import Helper

__all__ = ["HELPERS", "Helper"]

HELPERS: Final[dict[str, Helper]] = {
    helper.name: helper
    for module in (arithmetic, texts, words, lists, dates, encodings, patterns, hashing, signing, logic, formats)
    for helper in module.HELPERS
}
