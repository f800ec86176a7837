"""The rules of an import document as rows, in either mapper's form: one walk, for everybody who shows or edits rules.

A rule has two names. ``path`` is its place in the document, as the mapping package names it:
``mapping.lists[0].fields[1]``, ``mappings[2].buildArrayHelper[0].mappings[1]``. ``writes`` is what it writes:
``address.city``, ``lines[*].sku``, with ``\\.`` for a dot inside a key of Mapper 2.0. Reading passes over what is no
rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.errors import DocumentError, Problem, shown
from celigo_pandas.paths import escape_key, is_rooted

__all__ = ["EACH", "HOWS", "How", "RuleRow", "find_rule", "helpers_of", "iter_rules", "no_rule", "row_at", "rule_rows"]

How = Literal["field", "template", "fixed", "lookup"]
RuleKind = Literal["value", "object", "array", "helper", "list"]
HOWS: tuple[How, ...] = ("field", "template", "fixed", "lookup")

EACH = "[*]"
_OBJECT_TYPES = ("objectarray", "arrayarray")
_SHOWN = 12


class RuleRow(NamedTuple):
    """One rule; ``entry`` is the document's own member, not to be changed."""

    path: str
    depth: int
    kind: RuleKind
    dialect: int
    entry: dict[str, Any]
    writes: str

    @property
    def generate(self) -> str:
        """The destination."""
        return str(self.entry.get("generate") or "")

    @property
    def how(self) -> How:
        """Where the value comes from."""
        entry = self.entry
        if entry.get("lookupName"):
            return "lookup"
        if "hardCodedValue" in entry:
            return "fixed"
        extract = entry.get("extract")
        if not isinstance(extract, str) or not extract:
            return "field"
        if "{{" in extract:
            return "template"
        return "fixed" if self.dialect == 2 and not is_rooted(extract) else "field"

    @property
    def source(self) -> str:
        """The text of the source: a path, a template, or the fixed value."""
        if "hardCodedValue" in self.entry:
            value = self.entry["hardCodedValue"]
            return "" if value is None else str(value)
        return str(self.entry.get("extract") or "")

    @property
    def data_type(self) -> str:
        """``dataType``, or empty text."""
        return str(self.entry.get("dataType") or "")

    @property
    def condition(self) -> str:
        """``conditional.when``, or empty text."""
        conditional = self.entry.get("conditional")
        return str(conditional.get("when") or "") if isinstance(conditional, Mapping) else ""

    @property
    def takes_children(self) -> bool:
        """Whether rules can be added below."""
        return self.kind != "value"

    @property
    def is_draft(self) -> bool:
        """Whether the platform stores it and passes over it."""
        return self.entry.get("status") == "Draft"


def rule_rows(doc: Mapping[str, Any]) -> list[RuleRow]:
    """List the rules of a document, parents before their children; helpers of arrays and lists are rows too."""
    found = MappingDocument.of(doc)
    if found.dialect_to_edit == 2:
        return list(_tree_rows(found.tree, "mappings", 0, ""))
    return list(_field_rows(found.fields, found.fields_path))


def iter_rules(doc: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every rule that writes something by itself, by what it writes."""
    return ((row.writes, row.entry) for row in rule_rows(doc) if row.kind not in ("helper", "list"))


def find_rule(doc: Mapping[str, Any], writes: str) -> RuleRow | None:
    """Return the rule that writes this, or None; a draft only where there is no other."""
    rows = [row for row in rule_rows(doc) if row.writes == writes and row.kind not in ("helper", "list")]
    return next((row for row in rows if not row.is_draft), rows[0] if rows else None)


def row_at(doc: Mapping[str, Any], path: str) -> RuleRow:
    """Return the rule at a path of the document; :class:`DocumentError` where none stands."""
    for row in rule_rows(doc):
        if row.path == path:
            return row
    raise DocumentError(f"There is no rule at {path!r}.")


def no_rule(doc: Mapping[str, Any], writes: str) -> DocumentError:
    """Return the error for what no rule writes; it lists what is written."""
    known = [found for found, _ in iter_rules(doc)]
    more = f", and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return DocumentError(
        f"No rule writes {shown(writes)}; there are rules for {', '.join(known[:_SHOWN]) + more or 'nothing'}.",
        problems=[Problem("no_such_rule", "No rule writes this.", writes)],
    )


def helpers_of(rule: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the helpers of an array's rule that are objects; a single one may stand without a list."""
    helpers = rule.get("buildArrayHelper")
    return [helper for _, helper in _entries([helpers] if isinstance(helpers, dict) else helpers)]


def _field_rows(mapping: Mapping[str, Any], base: str) -> Iterator[RuleRow]:
    for place, entry in _entries(mapping.get("fields")):
        yield RuleRow(f"{base}.fields[{place}]", 0, "value", 1, entry, _name(entry))
    for place, entry in _entries(mapping.get("lists")):
        path, writes = f"{base}.lists[{place}]", f"{_name(entry)}{EACH}"
        yield RuleRow(path, 0, "list", 1, entry, writes)
        for line, inner in _entries(entry.get("fields")):
            yield RuleRow(f"{path}.fields[{line}]", 1, "value", 1, inner, f"{writes}.{_name(inner)}")


def _tree_rows(entries: object, base: str, depth: int, outer: str) -> Iterator[RuleRow]:
    for place, entry in _entries(entries):
        path, writes = f"{base}[{place}]", outer + escape_key(_name(entry))
        helpers = entry.get("buildArrayHelper")
        yield RuleRow(path, depth, _kind(entry), 2, entry, writes)
        yield from _tree_rows(entry.get("mappings"), f"{path}.mappings", depth + 1, f"{writes}.")
        for line, helper in _entries([helpers] if isinstance(helpers, dict) else helpers):
            inside = f"{path}.buildArrayHelper[{line}]"
            yield RuleRow(inside, depth + 1, "helper", 2, helper, f"{writes}{EACH}")
            yield from _tree_rows(helper.get("mappings"), f"{inside}.mappings", depth + 2, f"{writes}{EACH}.")


def _kind(entry: Mapping[str, Any]) -> RuleKind:
    data_type = entry.get("dataType")
    if data_type == "object" or (not data_type and entry.get("mappings")):
        return "object"
    if isinstance(entry.get("buildArrayHelper"), (list, dict)) or data_type in _OBJECT_TYPES:
        return "array"
    return "value"


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("generate", ""))


def _entries(entries: object) -> Iterator[tuple[int, dict[str, Any]]]:
    for place, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield place, entry
