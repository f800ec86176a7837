"""From Mapper 1.0 to Mapper 2.0, where an equal exists; what has none is refused by name.

What the document alone decides is equal or refused here. The two dialects also part in ways that data decide (what
becomes of an empty text, of an array where a value is expected, of grouped rows), so a caller should also evaluate both
over real records: :meth:`celigo_pandas.Mapping.upgrade` does.
Source: ``integrator-api.md`` §7.1 and §7.2.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from celigo_pandas.documents.dotted import remove_member
from celigo_pandas.documents.mapping_documents import FIELD_HOMES, MappingDocument
from celigo_pandas.documents.scalars import truth
from celigo_pandas.errors import DocumentError, Problem
from celigo_pandas.mapping.compile.compiled_mapping import compile_mapping
from celigo_pandas.mapping.compile.rule_parts import DATE_NAMES
from celigo_pandas.mapping.steps.conversions import ARRAY_ELEMENTS, CASTS, CONVERTERS, RefusedType, kind_of
from celigo_pandas.paths import WILDCARD, Step, literal_text, parse_extract, rooted_text

__all__ = ["upgrade"]

_REFUSED_MEMBERS = (
    "immutable",
    "useAsAnInitializeValue",
    "internalId",
    "subRecordMapping",
    "useFirstRow",
    "useIterativeRow",
)
_CONDITIONS = ("record_created", "record_updated", "extract_not_empty")
_EACH = "[*]."
_ELEMENT = re.compile(r"\[(?:[0-9]+|\*)\]")
Steps = tuple[Step, ...]
Field = Mapping[str, Any]


def upgrade(doc: Mapping[str, Any], types: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Rewrite the mapping of an import document in Mapper 2.0.

    Parameters
    ----------
    doc : mapping
        Import document with ``mapping`` (1.0). Not modified.
    types : mapping of str to str, optional
        Data type by ``generate`` for fields without one: 1.0 keeps the JSON type of the value, 2.0 needs it said.

    Returns
    -------
    dict
        A copy with ``mappings`` in place of ``mapping``.

    Raises
    ------
    DocumentError
        The mapping cannot be compiled, or has rules without an equal; ``problems`` names each with its reason.
    """
    compile_mapping(doc)
    found = MappingDocument.of(doc)
    if found.dialect_to_edit == 2:
        raise DocumentError("The mapping is Mapper 2.0 already; there is nothing to upgrade.")
    if found.takes_fields_only:
        raise DocumentError(f"{found.adaptor} takes Mapper 1.0 only; its mapping cannot be upgraded.")
    mapping, base = found.fields, found.fields_path
    upgrader = _Upgrader(types or {}, found.lookup_docs())
    lists: dict[str, list[_Line]] = {}
    for position, field in enumerate(mapping.get("fields") or ()):
        path, generate = f"{base}.fields[{position}]", field["generate"]
        if _writes_nothing(field):
            continue
        if _EACH in generate:
            above, _, name = generate.rpartition(_EACH)
            lists.setdefault(above.replace(_EACH, "."), []).append(_Line(field, name, path, None))
        else:
            upgrader.field(field, path)
    for position, one in enumerate(mapping.get("lists") or ()):
        array = parse_extract(str(one["jsonPath"])).steps if one.get("jsonPath") else None
        lists.setdefault(one["generate"], []).extend(
            _Line(field, field["generate"], f"{base}.lists[{position}].fields[{place}]", array)
            for place, field in enumerate(one.get("fields") or ())
            if not _writes_nothing(field)
        )
    for generate, lines in lists.items():
        upgrader.lines(generate, lines)
    if upgrader.problems:
        listed = "; ".join(str(problem) for problem in upgrader.problems)
        raise DocumentError(f"No equal in Mapper 2.0 for: {listed}.", problems=upgrader.problems)
    upgraded = copy.deepcopy(dict(doc))
    for home in FIELD_HOMES:
        remove_member(upgraded, home)
    upgraded["mappings"] = upgrader.entries
    compile_mapping(upgraded)
    return upgraded


def _writes_nothing(field: Field) -> bool:
    """Whether a field was never filled in: its key is left out."""
    given = any(field.get(name) for name in ("extract", "lookupName", "subRecordMapping"))
    return not given and "hardCodedValue" not in field and "default" not in field


class _Line:
    """A field of a list, and the steps it reads: None where it reads no path."""

    def __init__(self, field: Field, generate: str, path: str, array: Steps | None) -> None:
        self.field = field
        self.generate = generate
        self.path = path
        self.steps = _steps_of(field)
        if array is not None and self.steps is not None and WILDCARD not in self.steps:
            self.steps = (*array, *(() if array[-1:] == (WILDCARD,) else (WILDCARD,)), *self.steps)

    @property
    def array(self) -> Steps | None:
        """The array it iterates over: its steps up to the last wildcard."""
        if self.steps is None or WILDCARD not in self.steps:
            return None
        return self.steps[: len(self.steps) - self.steps[::-1].index(WILDCARD)]


class _Upgrader:
    def __init__(self, types: Mapping[str, str], lookups: Mapping[str, Mapping[str, Any]]) -> None:
        self.types = types
        self.lookups = lookups
        self.entries: list[dict[str, Any]] = []
        self.problems: list[Problem] = []

    def refuse(self, path: str, generate: object, reason: str) -> None:
        self.problems.append(Problem("no_equal", f"{generate!r} {reason}", path))

    def field(self, field: Field, path: str) -> None:
        generate, steps = field["generate"], None if field.get("subRecordMapping") else _steps_of(field)
        if steps is not None and WILDCARD in steps[1:]:
            self.refuse(path, generate, "reads the first of several values, which 2.0 does not")
            return
        entry = self.entry(field, path, generate, steps)
        if entry is not None:
            self.put(self.entries, generate, entry, path, generate)

    def lines(self, generate: str, lines: Sequence[_Line]) -> None:
        if not lines:
            return
        if _ELEMENT.search(generate):
            reason = "lies in an element of an array, which 2.0 takes for a part of the name"
            self.refuse(lines[0].path.partition(".fields[")[0], generate, reason)
            return
        arrays = {line.array for line in lines} - {None}
        if len(arrays) != 1:
            reason = "iterates over nothing" if not arrays else f"iterates over {len(arrays)} arrays side by side"
            self.refuse(lines[0].path.partition(".fields[")[0], generate, reason)
            return
        array: Steps = arrays.pop() or ()
        children: list[dict[str, Any]] = []
        for line in lines:
            cell = f"{generate}[*].{line.generate}"
            steps = line.steps
            if steps is not None and line.array is not None:
                # In the composite record each array on the way is its current element.
                if array[0] is not WILDCARD:
                    steps = (*(step for step in array if isinstance(step, str)), *steps[len(array) :])
            elif steps is not None and _meets(steps, array):
                self.refuse(line.path, cell, "reads the array that the list iterates over; 2.0 sees one element there")
                continue
            entry = self.entry(line.field, line.path, cell, steps)
            if entry is not None:
                self.put(children, line.generate, entry, line.path, cell)
        entry = {
            "generate": "",
            "dataType": "objectarray",
            "status": "Active",
            "buildArrayHelper": [{"extract": rooted_text(array), "mappings": children}],
        }
        self.put(self.entries, generate, entry, lines[0].path.partition(".fields[")[0], generate)

    def put(self, entries: list[dict[str, Any]], generate: str, entry: dict[str, Any], path: str, shown: str) -> None:
        """Place an entry into the objects that its dots mean."""
        *parents, name = generate.split(".")
        for parent in parents:
            found = next((one for one in entries if one["generate"] == parent), None)
            if found is None:
                found = {"generate": parent, "dataType": "object", "status": "Active", "mappings": []}
                entries.append(found)
            if "mappings" not in found:
                self.refuse(path, shown, f"lies inside {parent!r}, which another rule writes")
                return
            entries = found["mappings"]
        if any(one["generate"] == name for one in entries):
            self.refuse(path, shown, "is an object that other rules write into")
            return
        entry["generate"] = name
        entries.append(entry)

    def entry(self, field: Field, path: str, generate: str, steps: Steps | None) -> dict[str, Any] | None:
        """Return the entry of one field without its ``generate``, or None when it was refused."""
        data_type = field.get("dataType") or self.types.get(generate) or _own_type(field)
        reason = self._reason(field, data_type, steps)
        if reason is not None:
            self.refuse(path, generate, reason)
            return None
        entry: dict[str, Any] = {"generate": "", "dataType": data_type, "status": "Active", **_source(field, steps)}
        for name in ("default", "lookupName"):
            if name in field:
                entry[name] = field[name]
        for name, old_name in DATE_NAMES:
            if value := field.get(name) or field.get(old_name):
                entry[name] = value
        when = _when(field)
        if truth(field.get("discardIfEmpty")):
            when = "extract_not_empty"
        if when:
            entry["conditional"] = {"when": when}
        return entry

    def _reason(self, field: Field, data_type: object, steps: Steps | None) -> str | None:
        """Say why a field has no equal, or None."""
        if (reason := _unknown_to_tree(field)) is not None:
            return reason
        if (when := _when(field)) and when not in _CONDITIONS:
            return f"has the condition {when}, which 2.0 does not have"
        if not isinstance(data_type, str) or data_type not in CASTS:
            return "has no dataType; 1.0 keeps the value's own, 2.0 needs one"
        if "default" in field and not _stays(field["default"], data_type):
            return f"has the default {field['default']!r}, which 1.0 writes as it is and 2.0 converts to {data_type}"
        table = self.lookups.get(str(field.get("lookupName")), {}).get("map") if field.get("lookupName") else None
        guarded = "default" in field or truth(field.get("discardIfEmpty")) or when == "extract_not_empty"
        if isinstance(table, Mapping) and "" in table and not guarded:
            return "translates empty text, which 2.0 does not look up"
        if _is_constant(field):
            return None
        extract = field.get("extract")
        if extract is None or extract == "":
            return "has no extract"
        if "{{" in str(extract):
            return "is a template over bare field names; rewrite it with record."
        if steps is not None and steps[:1] and (not isinstance(steps[0], str) or steps[0].isdigit()):
            return "reads grouped rows"
        if steps is not None and "_PARENT" in steps:
            return "reads the parent of one-to-many"
        return None


def _unknown_to_tree(field: Field) -> str | None:
    """Say what a field has that 2.0 has not at all, or None."""
    if _ELEMENT.search(str(field["generate"]).rpartition(_EACH)[2]):
        return "makes an array by the brackets in its generate, which 2.0 takes for a part of the name"
    for name in _REFUSED_MEMBERS:
        if field.get(name):
            return f"uses {name}, which 2.0 does not have"
    return None


def _is_constant(field: Field) -> bool:
    """Whether it writes hard-coded or literal text; a lookup comes before what is hard-coded."""
    if "hardCodedValue" in field and not field.get("lookupName"):
        return True
    extract = str(field.get("extract") or "")
    return "{{" not in extract and literal_text(extract) is not None


def _source(field: Field, steps: Steps | None) -> dict[str, Any]:
    if "hardCodedValue" in field and not field.get("lookupName"):
        return {"hardCodedValue": field["hardCodedValue"]}
    if steps is None:
        return {"hardCodedValue": literal_text(str(field["extract"]))}
    return {"extract": rooted_text(steps)}


def _steps_of(field: Field) -> Steps | None:
    """Read the path of a field; None for constants and templates."""
    extract = str(field.get("extract") or "")
    if not extract or "{{" in extract or _is_constant(field):
        return None
    return parse_extract(extract).steps


def _own_type(field: Field) -> str | None:
    """Tell the type of what needs no data: constants, and dates, which are text."""
    if any(field.get(name) for names in DATE_NAMES for name in names):
        return "string"
    if not _is_constant(field) or field.get("lookupName"):
        return None
    value = field.get("hardCodedValue", "")
    return "string" if value is None else kind_of(value)


def _when(field: Field) -> object:
    conditional = field.get("conditional")
    return conditional.get("when") if isinstance(conditional, Mapping) else conditional


def _stays(default: object, data_type: str) -> bool:
    if data_type in ARRAY_ELEMENTS and isinstance(default, str) and default:
        # Both mappers read its elements from the text.
        return True
    try:
        converted = CONVERTERS[data_type](default)
    except RefusedType:
        return False
    return type(converted) is type(default) and bool(converted == default)


def _meets(steps: Steps, array: Steps) -> bool:
    """Whether a path from the root leads through, to, or above an array that the list stands inside."""
    keys: list[str] = []
    for step in array:
        if isinstance(step, str):
            keys.append(step)
            continue
        common = min(len(keys), len(steps))
        if steps[:common] == tuple(keys[:common]):
            return True
    return False
