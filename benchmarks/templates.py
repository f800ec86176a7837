"""Templates and dates against the same work written by hand, record by record.

Each pair runs in turn on the same records; the ratio is that of the best times. The results of both sides are compared
first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from celigo_pandas.handlebars import compile_template
from celigo_pandas.javascript.dates import compile_reader, compile_writer

# Short rounds, many of them: the best of each side is one that nothing interrupted.
RECORDS = 1_000
ROUNDS = 300
START = datetime(2020, 1, 1, tzinfo=timezone.utc)
NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")


def run() -> list[dict[str, Any]]:
    contexts = [
        {"record": {"a": f"name {place}", "b": place, "d": f"{START + timedelta(minutes=97 * place):%m/%d/%Y %H:%M}"}}
        for place in range(RECORDS)
    ]
    return [
        measured("a template {{record.a}} {{record.b}} a record", 3.0, contexts, fields(), fields_by_hand),
        measured("the same through Template.renderer()", 3.0, contexts, bound_fields(), fields_by_hand),
        measured("reading and writing a date a record", 4.0, contexts, dates(), dates_by_hand),
    ]


def fields() -> Callable[[list[Any]], list[str]]:
    template = compile_template("{{record.a}} {{record.b}}")
    return lambda contexts: [template.render(context) for context in contexts]


def bound_fields() -> Callable[[list[Any]], list[str]]:
    render = compile_template("{{record.a}} {{record.b}}").renderer()
    return lambda contexts: [render(context) for context in contexts]


def fields_by_hand(contexts: list[Any]) -> list[str]:
    return [f"{context['record']['a']} {context['record']['b']}" for context in contexts]


def dates() -> Callable[[list[Any]], list[str]]:
    read = compile_reader("MM/DD/YYYY HH:mm", "America/New_York")
    write = compile_writer("YYYY-MM-DD HH:mm:ss", "Europe/Berlin")
    return lambda contexts: [write(read(context["record"]["d"])) for context in contexts]


def dates_by_hand(contexts: list[Any]) -> list[str]:
    return [
        datetime.strptime(context["record"]["d"], "%m/%d/%Y %H:%M")
        .replace(tzinfo=NEW_YORK)
        .astimezone(BERLIN)
        .strftime("%Y-%m-%d %H:%M:%S")
        for context in contexts
    ]


def measured(
    name: str,
    budget: float,
    contexts: list[Any],
    ours: Callable[[list[Any]], list[str]],
    by_hand: Callable[[list[Any]], list[str]],
) -> dict[str, Any]:
    assert ours(contexts) == by_hand(contexts), name
    best_ours = best_hand = float("inf")
    for _ in range(ROUNDS):
        best_ours = min(best_ours, seconds(ours, contexts))
        best_hand = min(best_hand, seconds(by_hand, contexts))
    return {"name": name, "ratio": round(best_ours / best_hand, 2), "budget": budget}


def seconds(work: Callable[[list[Any]], Any], contexts: list[Any]) -> float:
    start = time.perf_counter()
    work(contexts)
    return time.perf_counter() - start


if __name__ == "__main__":
    for row in run():
        print(f"{row['name']:<50} {row['ratio']:6.2f}  budget {row['budget']}")
