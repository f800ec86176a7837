"""The rules of a document as a person reads them: what each writes, from what, and why it was suggested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.documents.rule_rows import helpers_of, iter_rules
from celigo_pandas.errors import printable
from celigo_pandas.markup import Markup, table, tag

__all__ = ["mapping_html", "mapping_text"]

_MORE = (
    "lookupName",
    "default",
    "conditional",
    "extractDateFormat",
    "generateDateFormat",
    "generateDateTimezone",
)


def mapping_text(document: Mapping[str, Any], unmatched: Sequence[str], reasons: Mapping[str, str]) -> str:
    """Write one line a rule; `reasons` say by what a rule writes why it was suggested."""
    rules = list(iter_rules(document))
    lines = [f"<Mapping {MappingDocument.of(document).dialect_to_edit}.0, {len(rules)} rules>"]
    for path, rule in rules:
        line = f"  {path:<28} ← {_source(rule)}"
        lines.append(f"{line:<60}  ({reasons[path]})" if path in reasons else line)
    if unmatched:
        lines.append("  no source found for: " + ", ".join(unmatched))
    return printable("\n".join(lines))


def mapping_html(document: Mapping[str, Any], unmatched: Sequence[str]) -> Markup:
    """Write the same as a table."""
    rows = [
        (tag("code", path), _source(rule), rule.get("dataType", ""), _more(rule)) for path, rule in iter_rules(document)
    ]
    parts = [table(("writes", "from", "type", "more"), rows)]
    if unmatched:
        parts.append(tag("p", tag("b", "No source found for: "), ", ".join(unmatched)))
    return tag("div", *parts)


def _source(rule: dict[str, Any]) -> str:
    if "hardCodedValue" in rule:
        return f"the value {rule['hardCodedValue']!r}"
    if helpers := helpers_of(rule):
        return ", ".join(str(helper.get("extract", "its own fields")) for helper in helpers)
    if rule.get("extract") is None:
        return "its own fields" if rule.get("mappings") is not None else "nothing"
    return str(rule["extract"])


def _more(rule: dict[str, Any]) -> str:
    return ", ".join(f"{name}={rule[name]!r}" for name in _MORE if name in rule)
