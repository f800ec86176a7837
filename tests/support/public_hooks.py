"""The hooks in ``tests/cases/hooks``: a file's name begins with its kind, which says what the function gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.script_judge import Case

from celigo_pandas.scripts import function_names

_COMMON: dict[str, Any] = {
    "_connectionId": "5f0000000000000000000002",
    "settings": {"integration": {"country": "US"}, "flow": {"tag": "new"}},
    "testMode": False,
}


def hook_case(path: Path, records: list[Any]) -> Case:
    """Return a call of a hook's first function with a page of records."""
    text = path.read_text("utf-8")
    kind = path.name.partition("-")[0]
    name = function_names(text)[0]
    is_module = "import " in text.split("*/")[-1].split("function")[0]
    if kind in ("filter", "transform", "branching"):
        return Case(text, name, records, _COMMON, kind == "filter", is_module)
    return Case(text, name, {**_OPTIONS[kind](records), **_COMMON}, module=is_module)


def _responses(records: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "statusCode": 200 if at % 3 else 422,
            "errors": [] if at % 3 else [{"code": "DUPLICATE", "message": f"order {at} exists already"}],
            "ignored": False,
            "id": str(at),
            "_json": {"id": at, "status": "ok"},
        }
        for at in range(len(records))
    ]


_OPTIONS: dict[str, Any] = {
    "preSavePage": lambda records: {
        "data": records,
        "errors": [{"code": "e", "message": "m", "retryDataKey": "k"}],
        "retryData": {"k": {"data": {"id": 1}}},
        "files": [{"fileMeta": {"fileName": "orders_2024.csv"}}] * len(records),
        "pageIndex": 0,
        "lastExportDateTime": "2024-01-01T00:00:00.000Z",
    },
    "preMap": lambda records: {"data": records, "_importId": "5f0000000000000000000001"},
    "postMap": lambda records: {"preMapData": records, "postMapData": [{"order": one.get("id")} for one in records]},
    "postSubmit": lambda records: {
        "preMapData": records,
        "postMapData": records,
        "responseData": _responses(records),
    },
    "postAggregate": lambda records: {"postAggregateData": {"success": True, "_json": {"name": "a.csv"}}},
    "postResponseMap": lambda records: {
        "postResponseMapData": records,
        "responseData": _responses(records),
        "oneToMany": False,
    },
}
