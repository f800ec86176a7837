"""From Mapper 1.0 to Mapper 2.0, where an equal exists; what has none is refused by name.

The two dialects part in ways that data decide (what becomes of an empty text, of a gap in a list), so a caller should
also evaluate both over real records: :meth:`celigo_pandas.Mapping.upgrade` does.
Source: ``integrator-api.md`` §7.1 and §7.2.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from celigo_pandas.errors import DocumentError, Problem
from celigo_pandas.paths import parse_extract

__all__ = ["upgrade"]

_TYPES = {
    "string": "string",
    "number": "number",
    "boolean": "boolean",
    "numberarray": "numberarray",
    "stringarray": "stringarray",
}
_DATE_MEMBERS = ("extractDateFormat", "extractDateTimezone", "generateDateFormat", "generateDateTimezone")
_REFUSED_MEMBERS = ("immutable", "useAsAnInitializeValue", "internalId", "subRecordMapping")
_LITERAL = re.compile(r'\["(?:[^"\\]|\\.)*"\]\Z')
_CONDITIONS = ("record_created", "record_updated", "extract_not_empty")


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
        Rules without an equal; ``problems`` names each with its reason.
    """
    mapping = doc.get("mapping") or {}
    upgrader = _Upgrader(types or {})
    entries: list[dict[str, Any]] = []
    for position, field in enumerate(mapping.get("fields") or ()):
        upgrader.field(entries, field, f"mapping.fields[{position}]")
    for position, lines in enumerate(mapping.get("lists") or ()):
        upgrader.lines(entries, lines, f"mapping.lists[{position}]")
    if upgrader.problems:
        listed = "; ".join(str(problem) for problem in upgrader.problems)
        raise DocumentError(f"No equal in Mapper 2.0 for: {listed}.", problems=upgrader.problems)
    upgraded = copy.deepcopy(dict(doc))
    del upgraded["mapping"]
    upgraded["mappings"] = entries
    return upgraded


class _Upgrader:
    def __init__(self, types: Mapping[str, str]) -> None:
        self.types = types
        self.problems: list[Problem] = []

    def refuse(self, path: str, generate: object, reason: str) -> None:
        self.problems.append(Problem("no_equal", f"{generate!r} {reason}", path))

    def field(self, entries: list[dict[str, Any]], field: Mapping[str, Any], path: str) -> None:
        generate = str(field.get("generate", ""))
        extract = field.get("extract")
        if isinstance(extract, str) and "[*]" in extract and "{{" not in extract:
            self.refuse(path, generate, "reads the first of several values, which 2.0 does not")
            return
        entry = self.entry(field, path, generate, lambda text: f"$.{text}")
        if entry is not None:
            *parents, entry["generate"] = generate.split(".")
            _object(entries, parents).append(entry)

    def lines(self, entries: list[dict[str, Any]], lines: Mapping[str, Any], path: str) -> None:
        fields = lines.get("fields") or ()
        generate = str(lines.get("generate", ""))
        arrays = {source for one in fields if (source := _array_of(one)) is not None}
        if lines.get("jsonPath"):
            arrays.add(str(lines["jsonPath"]).removesuffix("[*]"))
        if len(arrays) != 1:
            reason = "iterates over nothing" if not arrays else f"iterates over {len(arrays)} arrays side by side"
            self.refuse(path, generate, reason)
            return
        array = arrays.pop()
        prefix = array if lines.get("jsonPath") else None
        children = []
        for position, one in enumerate(fields):
            place = f"{path}.fields[{position}]"
            entry = self.entry(one, place, f"{generate}[*].{one.get('generate')}", lambda text: _below(text, prefix))
            if entry is not None:
                entry["generate"] = str(one.get("generate"))
                children.append(entry)
        *parents, name = generate.split(".")
        _object(entries, parents).append(
            {
                "generate": name,
                "dataType": "objectarray",
                "status": "Active",
                "buildArrayHelper": [{"extract": f"$.{array}[*]", "mappings": children}],
            }
        )

    def entry(self, field: Mapping[str, Any], path: str, generate: str, source: Any) -> dict[str, Any] | None:
        """Return the entry of one field without its ``generate``, or None when it was refused."""
        for name in _REFUSED_MEMBERS:
            if field.get(name):
                self.refuse(path, generate, f"uses {name}, which 2.0 does not have")
                return None
        condition = (field.get("conditional") or {}).get("when")
        if condition is not None and condition not in _CONDITIONS:
            self.refuse(path, generate, f"has the condition {condition}, which 2.0 does not have")
            return None
        data_type = field.get("dataType") or self.types.get(generate)
        if data_type is None:
            data_type = "string" if _is_text(field) else None
        if data_type not in _TYPES.values() and data_type != "booleanarray":
            self.refuse(path, generate, "has no dataType; 1.0 keeps the value's own, 2.0 needs one")
            return None
        entry: dict[str, Any] = {"generate": "", "dataType": data_type, "status": "Active"}
        if not self._source(entry, field, path, generate, source):
            return None
        for name in ("default", "lookupName", *_DATE_MEMBERS):
            if name in field:
                entry[name] = field[name]
        if field.get("discardIfEmpty") or condition == "extract_not_empty":
            entry["conditional"] = {"when": "extract_not_empty"}
        elif condition is not None:
            entry["conditional"] = {"when": condition}
        return entry

    def _source(self, entry: dict[str, Any], field: Mapping[str, Any], path: str, generate: str, source: Any) -> bool:
        if "hardCodedValue" in field:
            entry["hardCodedValue"] = field["hardCodedValue"]
            return True
        extract = field.get("extract")
        if not isinstance(extract, str) or not extract:
            self.refuse(path, generate, "has no extract")
            return False
        if _LITERAL.match(extract):
            entry["hardCodedValue"] = extract[2:-2]
        elif "{{" in extract:
            self.refuse(path, generate, "is a template over bare field names; rewrite it with record.")
            return False
        elif extract.startswith(("*.", "0.")) or "_PARENT" in extract:
            self.refuse(path, generate, "reads grouped rows or the parent of one-to-many")
            return False
        else:
            parse_extract(extract)
            entry["extract"] = source(extract)
        return True


def _is_text(field: Mapping[str, Any]) -> bool:
    extract = str(field.get("extract", ""))
    return "hardCodedValue" in field or bool(_LITERAL.match(extract)) or any(name in field for name in _DATE_MEMBERS)


def _array_of(field: Mapping[str, Any]) -> str | None:
    extract = str(field.get("extract", ""))
    if "[*]" not in extract or "{{" in extract or "hardCodedValue" in field:
        return None
    return extract.rsplit("[*]", 1)[0]


def _below(extract: str, prefix: str | None) -> str:
    """Rewrite an extract for the composite record, where each array on the path is one element."""
    if prefix is not None and "[*]" not in extract:
        return f"$.{prefix.replace('[*]', '')}.{extract}"
    return f"$.{extract.replace('[*]', '')}"


def _object(entries: list[dict[str, Any]], parents: list[str]) -> list[dict[str, Any]]:
    for name in parents:
        found = next((one for one in entries if one["generate"] == name and one["dataType"] == "object"), None)
        if found is None:
            found = {"generate": name, "dataType": "object", "status": "Active", "mappings": []}
            entries.append(found)
        entries = found["mappings"]
    return entries
