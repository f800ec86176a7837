"""Both mappers against the same mapping written by hand, record by record, as one dict display.

Each pair runs in turn on the same records, the ratio is the median over the rounds. The results of both sides are
compared first: what the platform leaves out is None by hand.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from celigo_pandas.mapping import compile_mapping

RECORDS = 100_000
GAPS = 0.05
ROUNDS = 9


def run() -> list[dict[str, object]]:
    rows = [
        measured("Mapper 2.0, ten rules, 100,000 records", 2.0, orders(RECORDS), TEN_RULES, ten_by_hand),
        measured("a date rule", 4.0, dates(RECORDS), DATE_RULE, date_by_hand),
        measured("a static lookup", 4.0, codes(RECORDS), LOOKUP_RULE, lookup_by_hand),
        measured("a three-level buildArrayHelper", 4.0, trees(RECORDS // 20), TREE_RULE, tree_by_hand),
    ]
    rows.append(preview())
    return rows


def measured(
    name: str, budget: float, records: list[Any], doc: dict[str, Any], by_hand: Callable[[list[Any]], list[Any]]
) -> dict[str, object]:
    mapping = compile_mapping(doc)
    ours, hand = mapping.evaluate(records), by_hand(records)
    assert [without_gaps(row) for row in hand] == ours, name
    del ours, hand
    ratios = []
    for _ in range(ROUNDS):
        floor = seconds(by_hand, records)
        ratios.append(seconds(mapping.evaluate, records) / floor)
    return {"name": name, "ratio": statistics.median(ratios), "budget": budget}


def preview() -> dict[str, object]:
    """A thousand rows from document to result, against the 200 ms after which a form feels slow."""
    records = orders(1000)
    best = min(seconds(lambda rows: compile_mapping(TEN_RULES).evaluate(rows), records) for _ in range(ROUNDS))
    return {"name": "a live preview of 1,000 rows, of 200 ms", "ratio": best / 0.2, "budget": 1.0}


def seconds(work: Callable[[list[Any]], object], records: list[Any]) -> float:
    # CPU time: both sides run on one thread, and other programs must not count.
    started = time.process_time()
    work(records)
    return time.process_time() - started


def without_gaps(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}


def gappy(rng: random.Random, record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if rng.random() >= GAPS}


def entry(generate: str, data_type: str, extract: str | None = None, **more: Any) -> dict[str, Any]:
    made = {"generate": generate, "dataType": data_type, "status": "Active", **more}
    return made if extract is None else {**made, "extract": extract}


# --- ten rules ------------------------------------------------------------------------------------------------------

TEN_RULES = {
    "mappings": [
        entry("orderNumber", "string", "$.number"),
        entry("quantity", "number", "$.qty"),
        entry("price", "number", "$.rate"),
        entry("memo", "string", "$.memo"),
        entry("currency", "string", hardCodedValue="EUR"),
        entry("isPaid", "boolean", "$.paid"),
        entry("status", "string", "$.status"),
        entry("customer", "string", "$.customer.name"),
        entry("email", "string", "$.customer.email"),
        entry("reference", "string", "$.internalId"),
    ]
}


def orders(count: int) -> list[dict[str, Any]]:
    rng = random.Random(1)
    return [
        {
            **gappy(
                rng,
                {
                    "number": f"SO-{place}",
                    "qty": rng.randrange(100),
                    "rate": rng.random() * 100,
                    "memo": f"memo {place}",
                    "paid": rng.random() < 0.5,
                    "status": "open",
                },
            ),
            "internalId": 1_000_000 + place,
            "customer": gappy(rng, {"name": f"Name {place}", "email": f"{place}@example.com"}),
        }
        for place in range(count)
    ]


def ten_by_hand(records: list[Any]) -> list[Any]:
    return [
        {
            "orderNumber": record.get("number"),
            "quantity": record.get("qty"),
            "price": record.get("rate"),
            "memo": record.get("memo"),
            "currency": "EUR",
            "isPaid": record.get("paid"),
            "status": record.get("status"),
            "customer": record["customer"].get("name"),
            "email": record["customer"].get("email"),
            "reference": str(record["internalId"]),
        }
        for record in records
    ]


# --- a date ---------------------------------------------------------------------------------------------------------

DATE_RULE = {
    "mappings": [
        entry(
            "day", "string", "$.at", extractDateFormat="MM/DD/YYYY HH:mm:ss", generateDateFormat="YYYY-MM-DDTHH:mm:ss"
        )
    ]
}


def dates(count: int) -> list[dict[str, Any]]:
    start = datetime(2020, 1, 1)
    return [{"at": (start + timedelta(seconds=617 * place)).strftime("%m/%d/%Y %H:%M:%S")} for place in range(count)]


def date_by_hand(records: list[Any]) -> list[Any]:
    return [
        {"day": datetime.strptime(record["at"], "%m/%d/%Y %H:%M:%S").strftime("%Y-%m-%dT%H:%M:%S")}
        for record in records
    ]


# --- a lookup -------------------------------------------------------------------------------------------------------

COUNTRIES = {f"C{place}": f"Country {place}" for place in range(200)}
LOOKUP_RULE = {
    "mappings": [entry("country", "string", "$.code", lookupName="countries")],
    "lookups": [{"name": "countries", "map": COUNTRIES, "default": "Other", "allowFailures": True}],
}


def codes(count: int) -> list[dict[str, Any]]:
    rng = random.Random(2)
    return [{"code": f"C{rng.randrange(210)}"} for _ in range(count)]


def lookup_by_hand(records: list[Any]) -> list[Any]:
    return [{"country": COUNTRIES.get(record["code"], "Other")} for record in records]


# --- three levels ---------------------------------------------------------------------------------------------------


def helper(extract: str, *entries: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"extract": extract, "mappings": list(entries)}]


TREE_RULE = {
    "mappings": [
        entry("id", "number", "$.id"),
        entry(
            "orders",
            "objectarray",
            buildArrayHelper=helper(
                "$.orders[*]",
                entry("no", "string", "$.orders.no"),
                entry("who", "string", "$.name"),
                entry(
                    "lines",
                    "objectarray",
                    buildArrayHelper=helper(
                        "$.orders.items[*]",
                        entry("sku", "string", "$.orders.items.sku"),
                        entry(
                            "serials",
                            "objectarray",
                            buildArrayHelper=helper(
                                "$.orders.items.serials[*]",
                                entry("serial", "string", "$.orders.items.serials.s"),
                                entry("order", "string", "$.orders.no"),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ]
}


def trees(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": place,
            "name": f"Name {place}",
            "orders": [
                {
                    "no": f"{place}-{order}",
                    "items": [
                        {"sku": f"S{item}", "serials": [{"s": f"{item}{serial}"} for serial in range(3)]}
                        for item in range(3)
                    ],
                }
                for order in range(2)
            ],
        }
        for place in range(count)
    ]


def tree_by_hand(records: list[Any]) -> list[Any]:
    return [
        {
            "id": record["id"],
            "orders": [
                {
                    "no": order["no"],
                    "who": record["name"],
                    "lines": [
                        {
                            "sku": item["sku"],
                            "serials": [{"serial": serial["s"], "order": order["no"]} for serial in item["serials"]],
                        }
                        for item in order["items"]
                    ],
                }
                for order in record["orders"]
            ],
        }
        for record in records
    ]
