"""Random records of every kind, synced again and again, against a dictionary."""

from __future__ import annotations

import random
import warnings
from typing import Any

import pytest
from support import soak
from support.pulls import is_same, records_of, without_nulls
from support.synced_place import Place

from celigo_pandas.errors import CeligoWarning

NAMES = ("plain", "dot.ted", 'qu"ote`', "sp ace;", "ünï", "select", "{{x}}")
TEXTS = (
    "",
    " ",
    "a",
    "Ä\u00a0ß",
    "emoji 🙂",
    "0012",
    "2024-01-01",
    "null",
    "nul \x00 in it",
    "\ud800",
    '"',
    "1.0",
    "{}",
)


def value(chance: random.Random, kinds: str) -> Any:
    kind = chance.choice(kinds)
    if kind == "i":
        return chance.choice([0, -1, 2**31, 2**53 + 1, -(2**63), chance.randrange(1000)])
    if kind == "f":
        return chance.choice([0.5, -0.0, 1e300, 5e-324, 0.1, 3.0])
    if kind == "s":
        return chance.choice(TEXTS)
    if kind == "b":
        return chance.random() < 0.5
    if kind == "l":
        return chance.choice([[], [1, "a", None], [{"a": 1}], [[1.5]], [2**70]])
    if kind == "o":
        return chance.choice([{"city": "Oslo"}, {"city": None, "zip": 5}, {"deep": {"er": [1]}}])
    return 2**64 if kind == "g" else None


@pytest.mark.soak
def test_random_records_are_kept_as_they_came(place: Place) -> None:
    chance = random.Random(soak.seed(f"values, {place.kind.name}"))
    kinds = {name: chance.choice(["i", "if", "s", "b", "l", "o", "n", "f"]) + "n" for name in NAMES}
    known: dict[str, dict[str, Any]] = {}
    for _ in range(soak.runs(6, 200)):
        if chance.random() < 0.7:
            name = chance.choice(NAMES)
            kinds[name] += chance.choice("ifsblog")
        keys = chance.sample(range(12), chance.randrange(1, 6))
        records = [
            {"id": f"k{key}", **{name: value(chance, kinds[name]) for name in NAMES if chance.random() < 0.8}}
            for key in keys
        ]
        place.rows = records
        inserted = len({record["id"] for record in records} - known.keys())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CeligoWarning)
            result = place.all()
        known |= {record["id"]: without_nulls(record) for record in records}

        frame = result.frame().sort_values("id", ignore_index=True)
        assert result.inserted == inserted
        found = [without_nulls(record) for record in records_of(frame)]
        expected = [known[key] for key in sorted(known)]
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert is_same(one, other), (one, other)
        again = place.all()
        assert (again.inserted, again.updated, again.unchanged) == (0, 0, len(records))
