"""Mappings drawn at random, each with its records and the same mapping written by hand.

By hand means one dict display for what every record has, and an ``if`` for a field that some lack; results are equal.
``BENCH_SEED`` draws others.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

SEED = int(os.environ.get("BENCH_SEED", "24"))
GAPS = (0.0, 0.0, 0.05, 0.5)
COUNTRIES = {f"C{place}": f"Country {place}" for place in range(200)}

# Kind of a field: how its value is made, to which type it is mapped, and the conversion by hand.
KINDS: dict[str, tuple[Callable[[random.Random, int], Any], str, str]] = {
    "text": (lambda rng, place: f"text {place}", "string", "{}"),
    "whole": (lambda rng, place: rng.randrange(10**6), "number", "{}"),
    "fraction": (lambda rng, place: rng.random() * 100, "number", "{}"),
    "flag": (lambda rng, place: rng.random() < 0.5, "boolean", "{}"),
    "whole to text": (lambda rng, place: rng.randrange(10**6), "string", "str({})"),
    "fraction to text": (lambda rng, place: 1 + rng.random() * 100, "string", "str({})"),
    "flag to text": (lambda rng, place: rng.random() < 0.5, "string", "('true' if {} else 'false')"),
    "digits to number": (lambda rng, place: str(rng.randrange(10**6)), "number", "int({})"),
    "decimals to number": (lambda rng, place: f"{rng.randrange(10**5)}.{rng.randrange(1, 10)}", "number", "float({})"),
    "text to flag": (lambda rng, place: rng.choice(["true", "false"]), "boolean", "({} == 'true')"),
    "code": (lambda rng, place: f"C{rng.randrange(200)}", "string", "countries[{}]"),
}


class Document:
    """One mapping: its document, its records, and the function of records written by hand."""

    def __init__(self, seed: int, count: int) -> None:
        self.random = random.Random(seed)
        self.gap = self.random.choice(GAPS)
        self.tree: dict[str, Any] = {}
        self.entries: list[dict[str, Any]] = []
        self.always: dict[str, Any] = {}
        self.sometimes: list[str] = []
        for number in range(self.random.randrange(6, 15)):
            self._rule(number)
        self.doc = {"mappings": self.entries, "lookups": [{"name": "countries", "map": COUNTRIES}]}
        self.records = [self._record(self.tree, place) for place in range(count)]
        self.by_hand = self._compiled()

    def _rule(self, number: int) -> None:
        rng, name = self.random, f"out{number}"
        if rng.random() < 0.1:
            self._place(name, {"dataType": "string", "hardCodedValue": "EUR"}, "'EUR'", [])
            return
        kind = rng.choice(list(KINDS))
        make, data_type, conversion = KINDS[kind]
        steps = [f"level{rng.randrange(2)}_{depth}" for depth in range(rng.choice([0, 0, 1, 2]))] + [f"in{number}"]
        gap = self.gap if rng.random() < 0.7 else 0.0
        node = self.tree
        for step in steps[:-1]:
            node = node.setdefault(step, {})
        holder = "record" + "".join(f"[{step!r}]" for step in steps[:-1])
        value = f"{holder}[{steps[-1]!r}]"
        converted, there = conversion.format(value), f"{steps[-1]!r} in {holder}"
        entry: dict[str, Any] = {"dataType": data_type, "extract": f"$.{'.'.join(steps)}"}
        if kind == "code":
            entry["lookupName"] = "countries"
        node[steps[-1]] = (make, gap)
        if kind == "text" and rng.random() < 0.3:
            entry["extract"] = f"{{{{record.{'.'.join(steps)}}}}} - {name}"
            text = f'f"{{{value}}} - {name}"'
            self._place(name, entry, f"{text} if {there} else ' - {name}'" if gap else text, [])
        elif rng.random() < 0.15:
            entry["default"] = "true" if data_type == "boolean" else "7"
            default = {"string": "'7'", "number": "7", "boolean": "True"}[data_type]
            self._place(name, entry, f"{converted} if {there} else {default}" if gap else converted, [])
        elif kind == "text" and rng.random() < 0.2:
            entry["conditional"] = {"when": "extract_not_empty"}
            node[steps[-1]] = (lambda rng, place: rng.choice(["", "a", "b"]), gap)
            read = f"{holder}.get({steps[-1]!r})" if gap else value
            self._place(name, entry, value, [f"if {read}:"])
        else:
            self._place(name, entry, converted, [f"if {there}:"] if gap else [])

    def _place(self, name: str, entry: dict[str, Any], code: str, test: list[str]) -> None:
        """Put a rule into the mapping, now and then inside an object, and its code into what is written by hand."""
        made = {"generate": name, "status": "Active", **entry}
        group = self.random.choice(["", "", "first", "second"])
        if not group:
            self.entries.append(made)
        else:
            holder = next((found for found in self.entries if found["generate"] == group), None)
            if holder is None:
                first = {"generate": "kind", "dataType": "string", "hardCodedValue": group, "status": "Active"}
                holder = {"generate": group, "dataType": "object", "status": "Active", "mappings": [first]}
                self.entries.append(holder)
                self.always[group] = {"kind": repr(group)}
            holder["mappings"].append(made)
        target = self.always[group] if group else self.always
        if test:
            self.sometimes.append(f"{test[0]} row{f'[{group!r}]' if group else ''}[{name!r}] = {code}")
        else:
            target[name] = code

    def _record(self, tree: dict[str, Any], place: int) -> dict[str, Any]:
        record: dict[str, Any] = {}
        for name, made in tree.items():
            if isinstance(made, dict):
                record[name] = self._record(made, place)
            elif self.random.random() >= made[1]:
                record[name] = made[0](self.random, place)
        return record

    def _compiled(self) -> Callable[[list[Any]], list[Any]]:
        display = _display(self.always)
        if not self.sometimes:
            text = f"def by_hand(records):\n    return [{display} for record in records]\n"
        else:
            lines = [f"        {line}\n" for line in (f"row = {display}", *self.sometimes, "add(row)")]
            text = "def by_hand(records):\n    rows = []\n    add = rows.append\n    for record in records:\n"
            text += "".join(lines) + "    return rows\n"
        space: dict[str, Any] = {"countries": COUNTRIES}
        exec(text, space)
        made: Callable[[list[Any]], list[Any]] = space["by_hand"]
        return made


def _display(members: dict[str, Any]) -> str:
    parts = [f"{name!r}: {_display(code) if isinstance(code, dict) else code}" for name, code in members.items()]
    return "{" + ", ".join(parts) + "}"
