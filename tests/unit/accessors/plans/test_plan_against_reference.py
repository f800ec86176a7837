"""Plans of random rows against a reference in plain Python: planted differences are found exactly, nothing else."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest
from support import soak
from support.plan_reference import Record, Reference

import celigo_pandas as celigo
from celigo_pandas.frames.reading import frame_of

IMPORT: dict[str, Any] = {"name": "Items", "http": {"method": ["POST"], "relativeURI": ["/items"]}}
FIELDS = ["name", "price", "count", "when", "is_new", "tags", "ship.city"]

TEXTS = ["", "a", "A", "ä", "a ", " a", "é", "e\u0301", "01", "1", "true", "null", "x" * 50, "日本", "İ"]
NUMBERS = [0, 1, -1, 0.1, 1.5, 100, 2**53 + 1, 1e300, -0.0, 7]
TIMES = [
    "2026-03-01", "2026-03-01T00:00:00", "2026-03-01T00:00:00Z", "2026-03-01 01:00:00+01:00", "2026-03-01T00:00",
    "2026-03-01T00:00:00.000", "2026-03-01T00:00:00.000000001Z", "2026-02-30", "2026-03-01T12:00:00-0500",
]  # fmt: skip
POOLS: dict[str, list[Any]] = {
    "name": TEXTS, "price": NUMBERS, "count": [0, 1, 2, "1", "2", 2.0], "when": TIMES,
    "is_new": [True, False, 1, "true"], "tags": [[], ["a"], ["a", "b"], [1], [1.0], ["2026-03-01"]], "ship.city": TEXTS,
}  # fmt: skip
KEYS: dict[str, list[Any]] = {
    "id": [*range(40), "7", "007", "A1", "a1", "Á1", "A1 ", "2026-03-01", "2026-03-01T00:00:00"],
    "shop": ["N", "n", "S", 1],
    "line": [1, 2, 2.0, "2"],
}


def drawn(rng: random.Random, key: list[str]) -> Record:
    """Make a record; each member may be missing."""
    record = {name: rng.choice(POOLS[name]) for name in FIELDS if rng.random() < 0.85}
    for name in key:
        if rng.random() < 0.97:
            record[name] = rng.choice(KEYS[name])
    return record


def altered(rng: random.Random, record: Record) -> Record:
    """Plant a difference, or another writing of the same."""
    other = dict(record)
    for name in rng.sample(FIELDS, rng.choice([0, 0, 1, 1, 3])):
        if rng.random() < 0.3:
            other.pop(name, None)
        else:
            other[name] = rng.choice(POOLS[name])
    return other


def framed(records: list[Record], rng: random.Random) -> pd.DataFrame:
    """Give records as a pull gives them, or as pandas makes them of dicts where that changes no value."""
    if rng.random() < 0.3:
        names = list(dict.fromkeys(name for record in records for name in record))
        columns = {name: pd.Series([record.get(name) for record in records], dtype=object) for name in names}
        return pd.DataFrame(columns, index=pd.RangeIndex(len(records)), columns=names)
    return frame_of(map(nested, records), quiet=True)


def nested(record: Record) -> Record:
    city = record.get("ship.city")
    plain = {name: value for name, value in record.items() if name != "ship.city"}
    return plain if city is None else {**plain, "ship": {"city": city}}


@pytest.mark.soak
@pytest.mark.parametrize("key", [["id"], ["id", "shop", "line"]], ids=["one column", "three columns"])
def test_plan_finds_planted_differences_and_nothing_else(key: list[str]) -> None:
    rng = random.Random(soak.seed(f"plans of {key}"))
    seen: set[str] = set()
    for _ in range(soak.runs(40, 2000)):
        there = [drawn(rng, key) for _ in range(rng.randrange(1, 30))]
        here = [altered(rng, rng.choice(there)) if rng.random() < 0.7 else drawn(rng, key) for _ in range(20)]
        fields = [name for name in FIELDS if any(name in record for record in here)]
        if not all(any(name in record for record in rows) for name in key for rows in (here, there)):
            continue
        normal = {
            name: tuple(rng.sample(["trim", "case", "empty", "number"], rng.randrange(1, 3)))
            for name in (*fields, *key)
            if rng.random() < 0.2
        }
        df = framed(here, rng)
        df.index = pd.Index([rng.randrange(5) for _ in here], name="label")
        df.attrs["celigo"] = {"flatten": "."}
        before = df.copy()

        plan = df.celigo.plan_import(IMPORT, current=framed(there, rng), key=key, columns=fields, normalize=normal)

        expected = Reference(here, there, key, fields, normal)
        assert plan.frame["action"].tolist() == expected.actions
        assert found_changes(plan, df) == sorted(expected.changes)
        assert plan.missing.index.tolist() == expected.missing
        assert plan.frame.index.equals(df.index)
        pd.testing.assert_frame_equal(df, before)
        seen.update(expected.actions)
    assert seen >= {"create", "update", "unchanged", "conflict"}


def found_changes(plan: celigo.ImportPlan, df: pd.DataFrame) -> list[tuple[int, str]]:
    """Name the cells by position: labels repeat. The changes stand in the order of the rows."""
    counts = plan.frame["changes"].tolist()
    fields = plan.changes["field"].tolist()
    places = [place for place, count in enumerate(counts) for _ in range(count)]
    assert plan.changes.index.tolist() == [df.index[place] for place in places]
    return sorted(zip(places, fields, strict=True))
