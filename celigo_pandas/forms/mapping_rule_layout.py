"""The rules of a MappingEditor: one line each, indented as a tree, with the details of the one that is open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from celigo_pandas.documents.lookup_editing import lookups, table_text
from celigo_pandas.documents.rule_rows import RuleRow
from celigo_pandas.forms.elements import Element, box, button, field, group, meter, paragraph
from celigo_pandas.forms.field_values import plain_text
from celigo_pandas.forms.mapping_state import MappingState

__all__ = ["lookup_part", "rule_lines"]

_HOWS = (("field", "field"), ("template", "template"), ("fixed", "fixed"), ("lookup", "lookup"))
_EMPTY_KINDS = (("none", "none"), ("empty", 'empty text ""'), ("null", "null"), ("text", "this text"))
_FIRST_TYPES = ("string", "number", "boolean", "stringarray", "numberarray")
_SECOND_TYPES = ("string", "number", "boolean", "object", "stringarray", "numberarray", "booleanarray", "objectarray",
                 "arrayarray")  # fmt: skip
_WHEN = {
    1: ("extract_not_empty", "record_created", "record_updated", "lookup_not_empty", "lookup_empty", "ignore_if_set"),
    2: ("extract_not_empty", "record_created", "record_updated"),
}
_DATES = (
    ("extractDateFormat", "Date format read"),
    ("extractDateTimezone", "in the zone"),
    ("generateDateFormat", "Date format written"),
    ("generateDateTimezone", "in the zone (written)"),
)
_KIND_WORDS = {"object": "object", "array": "list", "list": "list", "helper": "for each"}


def rule_lines(state: MappingState) -> Iterator[Element]:
    """Yield the lines of all rules, and the details below the open one."""
    fed = {} if state.coverage is None or state.stale else {rule.path: rule for rule in state.coverage.rules}
    for number, row in enumerate(state.rows, 1):
        yield _line(state, row, number, fed.get(row.path))
        if state.picked == row.path:
            yield _details(state, row)


def _line(state: MappingState, row: RuleRow, number: int, fed: object) -> Element:
    problems = state.problems_at(row.path)
    doubts = " ".join(f"Doubtful: {text}" for text in state.remarks_at(row.path))
    has_source = row.kind in ("value", "helper", "object")
    name = None
    if row.kind != "helper":
        name = field(f"{row.path}|generate", f"Destination of rule {number}", row.generate, compact=True,
                     placeholder="destination", problems=() if has_source else problems,
                     help="" if has_source else doubts)  # fmt: skip
    if row.kind == "value":
        word = field(f"{row.path}|how", f"How rule {number} takes its value", row.how, kind="choice", choices=_HOWS,
                     compact=True)  # fmt: skip
    else:
        word = paragraph(_KIND_WORDS[row.kind], "muted")
    source = None
    if has_source:
        label = f"Value of rule {number}" if row.how == "fixed" else f"Source of rule {number}"
        source = field(f"{row.path}|source", label, row.source, compact=True, live=True, problems=problems,
                       help=doubts,
                       suggest_from="paths" if row.how in ("field", "lookup") else "",
                       placeholder="(the record)" if row.kind == "object" else "")  # fmt: skip
    is_open = state.picked == row.path
    opener = button("pick", "▾" if is_open else "▸", tone="small", argument=row.path,
                    title=f"details of rule {number}, {row.generate or 'unnamed'}")  # fmt: skip
    shown = meter(*_fed(fed)) if fed is not None and row.kind == "value" else None
    return box(opener, name, word, source, shown, row=True, look="picked" if is_open else "rule", depth=row.depth,
               id=f"line:{row.path}")  # fmt: skip


def _fed(rule: Any) -> tuple[float, str, str]:
    if not rule.rows:
        return 0.0, "–", "never evaluated: nothing reaches this rule"
    if not rule.reads:
        return 1.0, "100%", "a fixed value"
    there = max(0, rule.found - rule.null - rule.empty)
    share = max(0, there - rule.lookup_misses - rule.date_failures) / rule.rows
    parts = [f"{there:,} of {rule.rows:,} values are there"]
    parts += [
        f"{count:,} {text}"
        for count, text in (
            (rule.null, "null"),
            (rule.empty, "empty"),
            (rule.defaulted, "take the default"),
            (rule.lookup_misses, "not in the lookup"),
            (rule.date_failures, "are no date"),
            (rule.failures, "rows fail here"),
        )
        if count
    ]
    text = f"{share:.0%}" if share in (0.0, 1.0) or 0.01 <= share <= 0.99 else f"{share:.1%}"
    return share, text + (" !" if rule.failures else ""), "; ".join(parts)


def _details(state: MappingState, row: RuleRow) -> Element:
    fields = list(_detail_fields(state, row))
    names = [
        button("add_below", "Add rule below", argument=row.path) if row.takes_children else None,
        button("add_object_below", "Add object below", argument=row.path) if row.kind in ("object", "helper") else None,
        button("add_list_below", "Add list below", argument=row.path) if row.kind in ("object", "helper") else None,
        button("duplicate", "Duplicate", argument=row.path),
        button("move_up", "Up", argument=row.path),
        button("move_down", "Down", argument=row.path),
        button("remove", "Remove", tone="danger", argument=row.path),
    ]
    return box(box(*fields, look="fields") if fields else None, box(*names, row=True), look="panel",
               depth=row.depth + 1, id=f"details:{row.path}")  # fmt: skip


def _detail_fields(state: MappingState, row: RuleRow) -> Iterator[Element]:
    path, entry = row.path, row.entry
    if row.kind == "list":
        return
    if row.kind != "helper":
        types = _FIRST_TYPES if row.dialect == 1 else _SECOND_TYPES
        choices = [("", "(as it is)")] if row.dialect == 1 else [("", "(needed)")]
        yield field(f"{path}|dataType", "Data type", row.data_type, kind="choice",
                    choices=[*choices, *((name, name) for name in types)])  # fmt: skip
    if row.how == "lookup":
        yield field(f"{path}|lookupName", "Lookup", str(entry.get("lookupName")), kind="choice",
                    choices=state.lookup_names)  # fmt: skip
    if row.how == "fixed":
        kinds = _EMPTY_KINDS[1:]
        yield field(f"{path}|fixed_kind", "Fixed value is", _kind_of(entry, "hardCodedValue", "text"), kind="choice",
                    choices=kinds)  # fmt: skip
    kind = _kind_of(entry, "default", "none")
    yield field(f"{path}|default_kind", "Default", kind, kind="choice", choices=_EMPTY_KINDS,
                help="Where there is no value.")  # fmt: skip
    if kind == "text":
        yield field(f"{path}|default", "Default text", str(entry["default"]))
    yield field(f"{path}|when", "Only if", row.condition, kind="choice",
                choices=[("", "always"), *((name, name.replace("_", " ")) for name in _WHEN[row.dialect])])  # fmt: skip
    if row.kind == "value":
        for name, label in _DATES:
            yield field(f"{path}|{name}", label, str(entry.get(name) or ""),
                        placeholder="YYYY-MM-DD" if name.endswith("Format") else "UTC")  # fmt: skip
    if row.dialect == 1:
        yield field(f"{path}|discardIfEmpty", "Leave out when empty", entry.get("discardIfEmpty") is True,
                    kind="boolean")  # fmt: skip
    yield field(f"{path}|description", "Description", str(entry.get("description") or ""))


def _kind_of(entry: Mapping[str, Any], name: str, absent: str) -> str:
    if name not in entry:
        return absent
    value = entry[name]
    return "null" if value is None else "empty" if value == "" else "text"


def lookup_part(state: MappingState) -> Element:
    """Describe the lookup tables."""
    found = lookups(state.import_doc)
    children = [_lookup(entry) for entry in found]
    return group(f"Lookups ({len(found)})", *children, button("add_lookup", "Add lookup"), is_open=False, id="lookups")


def _lookup(entry: Mapping[str, Any]) -> Element:
    name = str(entry.get("name") or "")
    at = f"lookup:{name}"
    kind = _kind_of(entry, "default", "none")
    if "map" in entry or not set(entry) - {"name", "default", "allowFailures"}:
        text = table_text(entry.get("map"))
        spelling = "JSON: a key or value does not fit in a line." if text.startswith("{") else "key = value, one a line"
        table = field(f"{at}|map", "Table", text, kind="multiline", help=spelling)
    else:
        table = paragraph(f"Asked of the server: {plain_text(dict(entry))}", "muted")
    return box(
        box(
            field(f"{at}|name", "Lookup", name),
            field(f"{at}|default_kind", "Default", kind, kind="choice", choices=_EMPTY_KINDS),
            field(f"{at}|default", "Default text", str(entry["default"])) if kind == "text" else None,
            field(f"{at}|allowFailures", "A key without a match is no failure", entry.get("allowFailures") is True,
                  kind="boolean"),
            button("remove_lookup", "Remove", tone="danger", argument=name),
            row=True,
        ),
        table,
        look="panel",
        id=at,
    )  # fmt: skip
