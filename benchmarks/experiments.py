"""Coverage and diff over 100,000 rows and 30 rules, against one evaluation of the same mapping."""

from __future__ import annotations

from typing import Any

from measuring import compared, row

from celigo_pandas.mapping import compile_mapping
from celigo_pandas.mapping.explain.coverage import measure
from celigo_pandas.mapping.explain.diff import compare

ROWS = 100_000
BUDGET = 2.5


def records() -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "name": f"customer {number % 977}",
            "country": ("US", "DE", "FR")[number % 3],
            "at": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T10:00:00Z",
            **{f"n{column}": number * column for column in range(12)},
            **({"note": "x" * (number % 20)} if number % 10 else {}),
        }
        for number in range(ROWS)
    ]


def document() -> dict[str, Any]:
    def rule(generate: str, data_type: str, extract: str, **more: Any) -> dict[str, Any]:
        return {"generate": generate, "dataType": data_type, "extract": extract, "status": "Active", **more}

    rules = [rule(f"number{column}", "number", f"$.n{column}") for column in range(12)]
    rules += [rule(f"text{column}", "string", f"$.n{column}") for column in range(10)]
    rules += [
        rule("id", "string", "$.id"),
        rule("name", "string", "$.name"),
        rule("note", "string", "$.note", default=""),
    ]
    rules += [rule("country", "string", "$.country", lookupName="countries")]
    rules += [rule("day", "string", "$.at", generateDateFormat="YYYY-MM-DD")]
    rules += [rule("label", "string", "{{record.id}} {{record.name}}"), rule("kind", "string", "order")]
    rules += [rule("again", "string", "$.name")]
    lookup = {"name": "countries", "map": {"US": "United States", "DE": "Germany", "FR": "France"}}
    return {"mappings": rules, "lookups": [lookup]}


def run() -> list[dict[str, Any]]:
    rows = records()
    one = compile_mapping(document())
    changed = document()
    changed["mappings"][3]["dataType"] = "string"
    other = compile_mapping(changed)
    works = {"coverage": lambda: measure(one, rows), "diff": lambda: compare(one, other, rows)}
    return [
        row(
            f"{name} of 100,000 rows × 30 rules, of one evaluation",
            compared(work, lambda: one.evaluate(rows), rounds=1),
            BUDGET,
        )
        for name, work in works.items()
    ]


if __name__ == "__main__":
    for found in run():
        print(found)
