"""Both mappers against the same mapping written by hand, record by record, as one dict display.

The results of both sides are compared first.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from documents import SEED, Document
from measuring import ROUNDS, compared, row, seconds

from celigo_pandas.mapping import compile_mapping

RECORDS = 100_000
DOCUMENTS, DRAWN_RECORDS = 40, 5_000


def run() -> list[dict[str, object]]:
    return [
        measured("Mapper 2.0, ten rules, 100,000 records", 2.0, orders(RECORDS), TEN_RULES, ten_by_hand),
        *drawn(),
        *conversions(),
        measured("Mapper 1.0, ten fields", 2.5, orders(RECORDS), TEN_FIELDS, ten_by_hand),
        measured("a date rule", 4.0, dates(RECORDS), DATE_RULE, date_by_hand),
        measured("a static lookup", 4.0, codes(RECORDS), LOOKUP_RULE, lookup_by_hand),
        measured("a three-level buildArrayHelper", 4.0, trees(RECORDS // 20), TREE_RULE, tree_by_hand),
        preview(),
    ]


def measured(
    name: str,
    budget: float,
    records: list[Any],
    doc: dict[str, Any],
    by_hand: Callable[[list[Any]], list[Any]],
    rounds: int = ROUNDS,
) -> dict[str, object]:
    mapping = compile_mapping(doc)
    assert by_hand(records) == mapping.evaluate(records), name
    return row(name, compared(lambda: mapping.evaluate(records), lambda: by_hand(records), rounds=rounds), budget)


def drawn() -> list[dict[str, object]]:
    """Forty documents that nobody tuned for."""
    found = []
    for number in range(DOCUMENTS):
        document = Document(SEED * 1000 + number, DRAWN_RECORDS)
        made = measured("", 0, document.records, document.doc, document.by_hand, rounds=2)
        found.append((made["ratio"], made["spread"]))
    ratios = sorted(ratio for ratio, _ in found)
    spread = statistics.median(spread for _, spread in found)
    return [
        row(f"{DOCUMENTS} documents at random, seed {SEED}: median", (statistics.median(ratios), spread), 2.0),
        row(f"{DOCUMENTS} documents at random, seed {SEED}: worst", (ratios[-1], spread), 3.5),
    ]


def conversions() -> list[dict[str, object]]:
    """One rule that converts, against the conversion by hand."""
    rng = random.Random(3)
    made = {
        "digits to number": ([str(rng.randrange(10**6)) for _ in range(RECORDS)], "number", int),
        "decimals to number": ([f"{rng.randrange(10**5)}.5" for _ in range(RECORDS)], "number", float),
        "whole number to text": ([rng.randrange(10**6) for _ in range(RECORDS)], "string", str),
        "fraction to text": ([1 + rng.random() for _ in range(RECORDS)], "string", str),
        "text to boolean": ([rng.choice(["true", "false"]) for _ in range(RECORDS)], "boolean", "true".__eq__),
    }
    rows = []
    for name, (values, data_type, convert) in made.items():
        records = [{"id": place, "value": value} for place, value in enumerate(values)]
        doc = {"mappings": [entry("out", data_type, "$.value")]}

        def by_hand(records: list[Any], convert: Callable[[Any], Any] = convert) -> list[Any]:
            return [{"out": convert(record["value"])} for record in records]

        rows.append(measured(name, 2.5, records, doc, by_hand))
    return rows


def preview() -> dict[str, object]:
    """A thousand rows from document to result, against the 200 ms after which a form feels slow."""
    records = orders(1000)
    times = [seconds(lambda: compile_mapping(TEN_RULES).evaluate(records)) for _ in range(9)]
    return row("a live preview of 1,000 rows, of 200 ms", (min(times) / 0.2, 0.0), 1.0)


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

TEN_FIELDS = {
    "mapping": {
        "fields": [
            {"generate": "orderNumber", "extract": "number"},
            {"generate": "quantity", "extract": "qty", "dataType": "number"},
            {"generate": "price", "extract": "rate"},
            {"generate": "memo", "extract": "memo"},
            {"generate": "currency", "hardCodedValue": "EUR"},
            {"generate": "isPaid", "extract": "paid"},
            {"generate": "status", "extract": "status"},
            {"generate": "customer", "extract": "customer.name"},
            {"generate": "email", "extract": "customer.email"},
            {"generate": "reference", "extract": "internalId", "dataType": "string"},
        ]
    }
}


def orders(count: int) -> list[dict[str, Any]]:
    rng = random.Random(1)
    return [
        {
            "number": f"SO-{place}",
            "qty": str(rng.randrange(100)),
            "rate": rng.random() * 100,
            "memo": f"memo {place}",
            "paid": rng.random() < 0.5,
            "status": "open",
            "internalId": 1_000_000 + place,
            "customer": {"name": f"Name {place}", "email": f"{place}@example.com"},
        }
        for place in range(count)
    ]


def ten_by_hand(records: list[Any]) -> list[Any]:
    return [
        {
            "orderNumber": record["number"],
            "quantity": int(record["qty"]),
            "price": record["rate"],
            "memo": record["memo"],
            "currency": "EUR",
            "isPaid": record["paid"],
            "status": record["status"],
            "customer": record["customer"]["name"],
            "email": record["customer"]["email"],
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
