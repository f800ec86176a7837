"""Templates and dates against the same work written by hand, record by record: as rules of a mapping, and alone.

The results of both sides are compared first.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from measuring import compared, row

from celigo_pandas.handlebars import compile_template
from celigo_pandas.javascript.dates import compile_reader, compile_writer
from celigo_pandas.mapping import compile_mapping

RECORDS, ALONE = 50_000, 1_000
START = datetime(2020, 1, 1, tzinfo=timezone.utc)
NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")

ByHand = Callable[[list[Any]], list[Any]]
RULES: tuple[tuple[str, float, str, ByHand], ...] = (
    (
        "two paths",
        2.5,
        "{{record.a}} {{record.b}}",
        lambda records: [{"out": f"{record['a']} {record['b']}"} for record in records],
    ),
    (
        "a path and text",
        2.5,
        "Order {{record.a}}",
        lambda records: [{"out": f"Order {record['a']}"} for record in records],
    ),
    (
        "an if",
        3.0,
        "{{#if record.paid}}paid{{else}}open{{/if}}",
        lambda records: [{"out": "paid" if record["paid"] else "open"} for record in records],
    ),
    (
        "a date format",
        4.0,
        '{{dateFormat "MM/DD/YYYY" record.at}}',
        lambda records: [{"out": datetime.fromisoformat(record["at"]).strftime("%m/%d/%Y")} for record in records],
    ),
    (
        "three helpers",
        4.0,
        '{{uppercase (trim (replace record.a "name" "no"))}}',
        lambda records: [{"out": record["a"].replace("name", "no").strip().upper()} for record in records],
    ),
)


def run() -> list[dict[str, Any]]:
    records = [
        {
            "a": f"name {place}",
            "b": place,
            "paid": place % 3 == 0,
            "at": f"{START + timedelta(minutes=97 * place):%Y-%m-%dT%H:%M:%S+00:00}",
        }
        for place in range(RECORDS)
    ]
    return [*(as_rule(records, *rule) for rule in RULES), *alone()]


def as_rule(records: list[Any], name: str, budget: float, template: str, by_hand: ByHand) -> dict[str, Any]:
    entry = {"generate": "out", "dataType": "string", "status": "Active", "extract": template}
    mapping = compile_mapping({"mappings": [entry]})
    return measured(f"template of a mapping: {name}", budget, records, mapping.evaluate, by_hand)


def alone() -> list[dict[str, Any]]:
    """One rendering a context, as the engine renders an address."""
    contexts = [
        {"record": {"a": f"name {place}", "b": place, "d": f"{START + timedelta(minutes=97 * place):%m/%d/%Y %H:%M}"}}
        for place in range(ALONE)
    ] * 10
    render = compile_template("/orders/{{record.a}}/{{record.b}}").render
    read = compile_reader("MM/DD/YYYY HH:mm", "America/New_York")
    write = compile_writer("YYYY-MM-DD HH:mm:ss", "Europe/Berlin")
    return [
        measured(
            "an address of two paths, alone",
            4.0,
            contexts,
            lambda contexts: [render(context, escape="url") for context in contexts],
            lambda contexts: [
                f"/orders/{quote(context['record']['a'], safe='')}/{quote(str(context['record']['b']), safe='')}"
                for context in contexts
            ],
        ),
        measured(
            "reading and writing a date",
            4.0,
            contexts,
            lambda contexts: [write(read(context["record"]["d"])) for context in contexts],
            lambda contexts: [
                datetime.strptime(context["record"]["d"], "%m/%d/%Y %H:%M")
                .replace(tzinfo=NEW_YORK)
                .astimezone(BERLIN)
                .strftime("%Y-%m-%d %H:%M:%S")
                for context in contexts
            ],
        ),
    ]


def measured(name: str, budget: float, values: list[Any], ours: ByHand, by_hand: ByHand) -> dict[str, Any]:
    assert ours(values) == by_hand(values), name
    return row(name, compared(lambda: ours(values), lambda: by_hand(values)), budget)


if __name__ == "__main__":
    for found in run():
        print(f"{found['name']:<50} {found['ratio']:6.2f}  budget {found['budget']}")
