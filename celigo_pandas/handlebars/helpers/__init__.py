"""The helpers of the template language, by name. Each module holds one family of the vendor's helper reference."""

from __future__ import annotations

from typing import Final

from celigo_pandas.handlebars.helpers import (
    arithmetic,
    date_helpers,
    encodings,
    format_helpers,
    hashing,
    lists,
    logic,
    patterns,
    signing,
    texts,
    words,
)
from celigo_pandas.handlebars.helpers.helper import Helper

__all__ = ["HELPERS", "Helper"]

HELPERS: Final[dict[str, Helper]] = {
    helper.name: helper
    for module in (
        arithmetic,
        texts,
        words,
        lists,
        date_helpers,
        encodings,
        patterns,
        hashing,
        signing,
        logic,
        format_helpers,
    )
    for helper in module.HELPERS
}
