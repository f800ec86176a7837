"""Where a rule takes its value from, changed: field, template, fixed value or lookup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from celigo_pandas.documents.rule_editing import Document, changed
from celigo_pandas.documents.rule_rows import HOWS, row_at
from celigo_pandas.errors import DocumentError
from celigo_pandas.paths import is_rooted

__all__ = ["set_how", "set_source"]

_ONE_PATH = re.compile(r"\{\{\{?\s*(?:record\.)?([^{}\s()\"']+)\s*\}?\}\}\Z")


def set_how(doc: Mapping[str, Any], path: str, how: str, lookup: str = "") -> Document:
    """Return a document whose rule takes its value another way, keeping what of the source still makes sense."""
    row = row_at(doc, path)
    if how not in HOWS or row.kind not in ("value", "helper"):
        raise DocumentError(f"A {row.kind} cannot be made a {how!r}; expected one of {', '.join(HOWS)}.")
    old = row.source

    def change(entry: Document) -> None:
        if how != "lookup":
            entry.pop("lookupName", None)
        if how == "fixed":
            _set_fixed(entry, _plain(old) or old, row.dialect)
            return
        entry.pop("hardCodedValue", None)
        if how == "lookup":
            entry["lookupName"] = lookup
            entry["extract"] = _as_path(old, row.dialect) if row.how == "fixed" else old
        elif how == "template":
            entry["extract"] = _as_template(old, row.dialect)
        else:
            entry["extract"] = _as_path(old, row.dialect)

    return changed(doc, path, change)


def set_source(doc: Mapping[str, Any], path: str, text: str) -> Document:
    """Return a document whose rule reads another source; what kind it is stays, except that ``{{`` makes a template."""
    row = row_at(doc, path)

    def change(entry: Document) -> None:
        if row.how == "fixed" and "{{" not in text:
            _set_fixed(entry, text, row.dialect)
            return
        entry.pop("hardCodedValue", None)
        entry["extract"] = text

    return changed(doc, path, change)


def _set_fixed(entry: Document, text: str, dialect: int) -> None:
    # Mapper 2.0's published schema keeps a literal in extract; one that would be read as a path or a template, or
    # that is empty, goes where it cannot be misread.
    if dialect == 2 and text and "{{" not in text and not is_rooted(text):
        entry.pop("hardCodedValue", None)
        entry["extract"] = text
    else:
        entry.pop("extract", None)
        entry["hardCodedValue"] = text


def _plain(source: str) -> str | None:
    """Return the dotted path that a source reads, if it is a path or a template of one path."""
    match = _ONE_PATH.match(source)
    if match:
        return match.group(1)
    if "{{" in source:
        return None
    return source.removeprefix("$").removeprefix(".")


def _as_path(source: str, dialect: int) -> str:
    plain = _plain(source) or ""
    if dialect == 1:
        return plain
    return f"$.{plain}" if plain and not plain.startswith("[") else f"${plain}" if plain else "$."


def _as_template(source: str, dialect: int) -> str:
    if "{{" in source:
        return source
    plain = _plain(source) or ""
    return "{{" + (f"record.{plain}" if dialect == 2 else plain) + "}}"
