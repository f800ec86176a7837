"""Plans against the destinations of the engine: differences are planted, found exactly, pushed, and gone."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import soak
from support.plan_places import FIELDS, KEY, PLACES, Record

import celigo_pandas as celigo
from celigo_pandas.errors import DocumentError

pytestmark = pytest.mark.filterwarnings("ignore::celigo_pandas.errors.MixedTypesWarning")  # they are planted


@dataclass
class Planted:
    """Rows here and there, and what a plan should find."""

    here: list[Record] = field(default_factory=list)
    there: list[Record] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    changes: set[tuple[int, str]] = field(default_factory=set)
    missing: int = 0

    def add(self, action: str, here: Record | None, *there: Record, changes: tuple[str, ...] = ()) -> None:
        self.there += there
        if here is None:
            self.missing += len(there)
            return
        self.changes |= {(len(self.here), name) for name in changes}
        self.here.append(here)
        self.actions.append(action)


def record(number: int) -> Record:
    return {
        "shop": f"Shop {number % 50}", "day": f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}", "line": number,
        "name": f"Item {number}", "qty": number % 9 + 1, "price": number % 7 + 0.5, "note": f"note {number}",
        "at": f"2026-03-01T{number % 24:02d}:00:00Z",
    }  # fmt: skip


def planted(rng: random.Random, rows: int, is_typed: bool, key: tuple[str, ...]) -> Planted:
    """Make `rows` records, one in twenty of them with a difference of one kind or another."""
    found = Planted()
    for number in range(rows):
        one = record(number)
        kind = rng.choice(KINDS) if rng.random() < 0.05 else "same"
        if kind == "changed":
            found.add("update", one, {**one, "name": one["name"] + " "}, changes=("name",))
        elif kind == "twice changed":
            found.add("update", one, {**one, "qty": one["qty"] + 1, "note": None}, changes=("qty", "note"))
        elif kind == "emptied":
            found.add("update", {**one, "note": None}, one, changes=("note",))
        elif kind == "retyped" and is_typed:
            found.add("update", one, {**one, "qty": str(one["qty"])}, changes=("qty",))
        elif kind == "written otherwise":
            found.add("unchanged", one, {**one, "at": one["at"].replace("T", " ").replace("Z", "+00:00")})
        elif kind == "without zone":
            found.add("conflict", one, {**one, "at": one["at"].removesuffix("Z")}, changes=("at",))
        elif kind == "created":
            found.add("create", one)
        elif kind == "missing":
            found.add("", None, one)
        elif kind == "twice here":
            found.add("conflict", one, one)
            found.add("conflict", {**one, "name": "other"})
        elif kind == "twice there":
            found.add("conflict", one, one, {**one, "name": "other"})
        elif kind == "no key":
            found.add("conflict", {**one, key[-1]: None})
            found.add("", None, one)
        elif kind == "collation" and key != ("line",):
            found.add("conflict", one, {**one, "shop": one["shop"].upper()})
            found.missing += 1
        else:
            found.add("unchanged", one, one)
    return found


KINDS = (
    "changed", "twice changed", "emptied", "retyped", "written otherwise", "without zone", "created", "missing",
    "twice here", "twice there", "no key", "collation",
)  # fmt: skip


@pytest.mark.soak
@pytest.mark.parametrize("key", [("line",), KEY], ids=["one column", "three columns"])
@pytest.mark.parametrize("name", PLACES)
def test_planted_differences_are_found_pushed_and_gone(
    client: celigo.Client, tmp_path: Path, name: str, key: tuple[str, ...]
) -> None:
    rng = random.Random(soak.seed(f"plans of a {name}, {key}"))
    rows = planted(rng, soak.runs(1_500, 100_000), name != "table", key)
    with PLACES[name](client, tmp_path, rng.sample(rows.there, len(rows.there))) as place:
        df = pd.DataFrame(rows.here, columns=FIELDS).convert_dtypes()
        df.index = pd.Index([f"row {number % 1000}" for number in range(len(df))])

        def planned() -> celigo.ImportPlan:
            # What SQL's templates make of a field that is not there is an empty text.
            return celigo.plan_import(df, place.import_doc, place.con, current=place.export, key=list(key),
                                      normalize={"note": "empty"}, progress=False)  # fmt: skip

        plan = planned()
        frame = plan.frame
        assert frame["action"].tolist() == rows.actions
        assert found_changes(plan) == rows.changes
        assert len(plan.missing) == rows.missing
        if name == "files":  # a part of the rows would replace the whole file
            with pytest.raises(DocumentError, match="cannot be pushed alone"):
                plan.push()
            return

        result = plan.push(first=0, batch_size=500, progress=False)

        sent = {"create": "ok", "update": "ok", "unchanged": "unchanged", "conflict": "withheld"}
        assert result.frame["outcome"].tolist() == [sent[action] for action in rows.actions]
        assert result.frame.index.equals(df.index)
        again = planned()
        settled = {"create": "unchanged", "update": "unchanged"}
        assert again.frame["action"].tolist() == [settled.get(action, action) for action in rows.actions]
        assert len(again.missing) == rows.missing


def found_changes(plan: celigo.ImportPlan) -> set[tuple[int, str]]:
    places = [place for place, count in enumerate(plan.frame["changes"]) for _ in range(count)]
    return set(zip(places, plan.changes["field"], strict=True))


def test_file_is_written_anew_with_all_rows(client: celigo.Client, tmp_path: Path) -> None:
    records = [record(number) for number in range(60)]
    df = pd.DataFrame([*records[:50], {**records[50], "qty": 99}])
    with PLACES["files"](client, tmp_path, records[:51]) as place:
        plan = celigo.plan_import(df, place.import_doc, place.con, current=place.export, key="line", progress=False)
        assert plan.counts == {
            "create": 0, "update": 1, "unchanged": 50, "conflict": 0, "failed": 0, "ignored": 0,
        }  # fmt: skip

        result = plan.push(("create", "update", "unchanged"), progress=False)

        assert len(result.ok) == 51
        assert place.stored()[50]["qty"] == 99


def test_plan_that_is_too_old_is_made_anew(client: celigo.Client, tmp_path: Path) -> None:
    records = [record(number) for number in range(30)]
    df = pd.DataFrame([*records[:28], *({**one, "qty": 99} for one in records[28:])])
    with PLACES["service"](client, tmp_path, records[:29]) as place:
        plan = celigo.plan_import(df, place.import_doc, place.con, current=place.export, key="line", progress=False)
        assert (plan.counts["create"], plan.counts["update"]) == (1, 1)
        others = celigo.to_import(df.iloc[28:29], place.import_doc, place.con, first=0, progress=False)
        assert len(others.ok) == 1

        result = plan.push(max_age="0s", progress=False)

        assert result.counts == {"ok": 1, "failed": 0, "ignored": 0, "unknown": 0, "not_sent": 0, "unchanged": 29}
        assert "made anew: 1 actions differ" in result.summary()


def test_server_maps_as_this_process_does(client: celigo.Client, tmp_path: Path) -> None:
    rows = planted(random.Random(1), 300, True, ("line",))
    df = pd.DataFrame(rows.here, columns=FIELDS)
    with PLACES["service"](client, tmp_path, rows.there) as place:
        plans: list[Any] = [
            celigo.plan_import(df, place.import_doc, place.con, current=place.export, key="line", map_on=where,
                               progress=False)
            for where in ("here", "server")
        ]  # fmt: skip
        pd.testing.assert_frame_equal(plans[0].frame, plans[1].frame)
        assert plans[0].digest == plans[1].digest
