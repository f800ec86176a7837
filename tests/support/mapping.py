"""Reading the documented cases, and short forms of mapping documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from celigo_pandas.errors import MappingError
from celigo_pandas.mapping import map_records, transform_records

CASES = Path(__file__).parent.parent / "cases"


def read_cases(name: str) -> list[dict[str, Any]]:
    """Read a file of cases, one JSON object a line."""
    return [json.loads(line) for line in (CASES / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def import_doc(case: dict[str, Any]) -> dict[str, Any]:
    """Make the import document that a case's mapping stands for."""
    mapping, lookups = case["mapping"], case["lookups"]
    if case["mapper"] == 1:
        return {"mapping": mapping, "lookups": lookups}
    return {**mapping, "lookups": lookups}


def run_case(case: dict[str, Any]) -> list[Any]:
    """Map the records of a case; a failed record becomes the case's own error marker."""
    if case.get("kind") == "transform":
        transform = case["mapping"]["transform"]
        if case["mapper"] == 1:
            expression = {"version": "1", **transform}
        else:
            expression = {"version": "2", "rulesTwoDotZero": {**transform, "lookups": case["lookups"]}}
        outputs = transform_records(case["records"], {"type": "expression", "expression": expression})
    else:
        outputs = map_records(case["records"], import_doc(case))
    return [marked(output) for output in outputs]


def marked(output: Any) -> Any:
    """Write a MappingError as the case files do."""
    if isinstance(output, MappingError):
        return {"__error__": {"source": output.source, "message": output.message}}
    return output


def entry(generate: str, data_type: str, extract: str | None = None, **more: Any) -> dict[str, Any]:
    """Make an entry of Mapper 2.0."""
    made: dict[str, Any] = {"generate": generate, "dataType": data_type, "status": "Active"}
    if extract is not None:
        made["extract"] = extract
    return {**made, **more}


def map_tree(record: Any, *entries: dict[str, Any], lookups: tuple[Any, ...] = (), **options: Any) -> Any:
    """Map one record by Mapper 2.0 entries."""
    return map_records([record], {"mappings": list(entries), "lookups": list(lookups)}, **options)[0]


def map_fields(record: Any, *fields: dict[str, Any], lookups: tuple[Any, ...] = (), **options: Any) -> Any:
    """Map one record by Mapper 1.0 fields."""
    doc = {"mapping": {"fields": list(fields), "lists": []}, "lookups": list(lookups)}
    return map_records([record], doc, **options)[0]


def map_list(record: Any, *fields: dict[str, Any], lookups: tuple[Any, ...] = (), **list_members: Any) -> Any:
    """Map one record by one Mapper 1.0 list named ``items``."""
    doc = {
        "mapping": {"fields": [], "lists": [{"generate": "items", "fields": list(fields), **list_members}]},
        "lookups": list(lookups),
    }
    return map_records([record], doc)[0]
