"""Plans piece by piece: rows that make several records or none, names, errors, what is shown, what is kept."""

from __future__ import annotations

import copy
import json
import pickle
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.pushes import calling, orders

import celigo_pandas as celigo
from celigo_pandas.client.messages import Request, Response
from celigo_pandas.errors import ConfigError, FrameError
from celigo_pandas.frames.reading import frame_of

PLAIN: dict[str, Any] = {"name": "Items", "http": {"method": ["POST"], "relativeURI": ["/items"]}}


def rule(generate: str, extract: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"generate": generate, "extract": extract, "dataType": kind, "status": "Active", **more}


def plan_of(here: Any, there: Any, key: Any = "id", doc: Any = PLAIN, **options: Any) -> celigo.ImportPlan:
    df = here if isinstance(here, pd.DataFrame) else pd.DataFrame(here)
    current = there if isinstance(there, pd.DataFrame) else pd.DataFrame(there)
    return celigo.plan_import(df, doc, current=current, key=key, **options)


def test_rows_that_make_several_records_or_none() -> None:
    doc = {**PLAIN, "oneToMany": True, "pathToMany": "lines",
           "mappings": [rule("sku", "$.sku"), rule("qty", "$.qty", "number")]}  # fmt: skip
    lines = [
        [{"sku": "A", "qty": 1}, {"sku": "B", "qty": 2}], [{"sku": "C", "qty": 3}, {"sku": "N", "qty": 1}],
        [{"sku": "D", "qty": 9}, {"sku": "E", "qty": 5}], [], [{"sku": "F", "qty": 1}, {"sku": "TWICE", "qty": 1}],
        [{"sku": "NEW", "qty": 1}], [{"sku": "G", "qty": "x"}],
    ]  # fmt: skip
    there = [("A", 1), ("B", 2), ("C", 3), ("D", 4), ("E", 5), ("F", 1), ("TWICE", 1), ("TWICE", 1), ("G", 1)]
    plan = plan_of({"lines": lines}, pd.DataFrame(there, columns=["sku", "qty"]), "sku", doc)

    frame = plan.frame
    assert frame["action"].tolist() == [
        "unchanged", "create", "update", "ignored", "conflict", "create", "failed",
    ]  # fmt: skip
    assert frame["reason"].iloc[1] == "2 records: 1 create, 1 unchanged"
    assert frame["reason"].iloc[4].startswith("2 records: 1 unchanged, 1 conflict; 2 rows at the destination")
    assert frame["key"].iloc[0] == ["A", "B"]
    assert frame["key"].iloc[5] == "NEW"
    assert frame["key"].iloc[3] is None
    assert plan.changes[["key", "field", "before", "after"]].values.tolist() == [["D", "qty", 4, 9]]
    assert plan.missing["sku"].tolist() == ["G"]
    assert "Rows here that are not mapped: 2; rows that seem missing may be theirs." in plan.summary()


RENAMED = {**PLAIN, "mappings": [rule("id", "$.id"), rule("name", "$.name"), rule("info", "$.note")]}


@pytest.mark.parametrize(
    ("doc", "field", "there", "columns"),
    [
        (PLAIN, "note", "note", None),
        (PLAIN, "note", "remark", {"note": "remark"}),
        (RENAMED, "info", "info", None),
        (RENAMED, "info", "remark", {"info": "remark"}),
    ],
)
def test_what_becomes_of_a_row_is_the_same_whatever_rows_are_beside_it(
    doc: Any, field: str, there: str, columns: Any
) -> None:
    here = pd.DataFrame({"id": ["A", "B", "C"], "name": ["a", "b", "c"], "note": [None, None, "new"]})
    current = pd.DataFrame({"id": ["A", "B"], "name": ["a", "b"], there: ["old", None], "made_by": ["x", "y"]})
    whole = plan_of(here, current, doc=doc, columns=columns)
    part = plan_of(here[:2], current, doc=doc, columns=columns)

    assert whole.frame["action"].tolist() == ["update", "unchanged", "create"]
    assert part.frame["action"].tolist() == ["update", "unchanged"]
    assert part.changes[["key", "field", "before", "after"]].values.tolist() == [["A", field, "old", None]]
    assert plan_of(here[:2], current, doc=doc, columns=columns, ignore=field).counts["unchanged"] == 2


def test_fields_that_no_record_has_and_the_destination_has_not_are_none() -> None:
    plan = plan_of({"id": [1], "note": [None]}, {"id": [1]})

    assert plan.counts["unchanged"] == 1


def test_filtered_rows_are_ignored() -> None:
    rules = ["notequals", ["extract", "id"], "2"]
    doc = {**PLAIN, "filter": {"type": "expression", "expression": {"version": "1", "rules": rules}}}
    plan = plan_of({"id": ["1", "2"]}, {"id": ["1"]}, doc=doc)

    assert plan.frame["action"].tolist() == ["unchanged", "ignored"]
    assert len(plan.rows("ignored")) == 1


def test_fields_below_objects_and_other_names_there() -> None:
    here = frame_of([{"id": 1, "ship": {"city": "X", "zip": "1"}, "memo": "m"}])
    there = pd.DataFrame({"ORDER_ID": [1], "ship.city": ["X"], "SHIP_ZIP": ["2"]})

    plan = plan_of(here, there, {"id": "ORDER_ID"}, columns={"ship.zip": "SHIP_ZIP"}, ignore="memo")
    assert plan.changes["field"].tolist() == ["ship.zip"]
    assert plan_of(here, there, {"id": "ORDER_ID"}, ignore=["memo", "ship"]).counts["unchanged"] == 1
    only = plan_of(here, there, {"id": "ORDER_ID"}, columns=["ship.city", "memo"])
    assert only.changes[["field", "before", "after"]].values.tolist() == [["memo", None, "m"]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "ID"}, r"mapped records have no field 'ID'; they have 'id', 'name'.*Did you mean 'id'"),
        ({"key": {"id": "ID"}}, r"destination's rows have no field 'ID'"),
        ({"key": []}, "expected the field"),
        ({"key": ["id", "id"]}, "distinct"),
        ({"key": 7}, "key: got 7"),
        ({"key": "id", "columns": "nam"}, "columns: .* no field 'nam'"),
        ({"key": "id", "columns": {"name": 7}}, "columns: got"),
        ({"key": "id", "ignore": ["nam"]}, "ignore: .* no field 'nam'"),
        ({"key": "id", "normalize": {"nam": "trim"}}, "normalize: got column 'nam'"),
        ({"key": "id", "map_on": "there"}, "map_on: got 'there'"),
        ({"key": "id", "map_on": "server"}, "needs a connection"),
    ],
)
def test_options_that_cannot_be_say_what_can(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, FrameError)) as caught:
        celigo.plan_import(orders(2, id=[1, 2], name="x")[["id", "name"]], PLAIN,
                           current=pd.DataFrame({"id": [1], "name": ["x"]}), **options)  # fmt: skip
    assert re.search(message, str(caught.value), re.DOTALL)


def test_a_field_that_the_destination_does_not_have_is_an_error_with_three_ways_out() -> None:
    with pytest.raises(FrameError, match="no column 'note'") as caught:
        plan_of({"id": [1], "note": ["a"]}, {"id": [1]})

    for way in ("columns={'note': '…'}", "ignore=['note']", "columns=[…, 'note']"):
        assert way in str(caught.value)


@pytest.mark.parametrize("ignore", [5, [5], [None], {"a": 1}.items()])
def test_what_is_ignored_is_named(ignore: Any) -> None:
    with pytest.raises(ConfigError, match=r"ignore: got .*expected a name"):
        plan_of({"id": [1], "a": [1]}, {"id": [1], "a": [2]}, ignore=ignore)
    assert plan_of({"id": [1], "a": [1]}, {"id": [1], "a": [2]}, ignore={"a"}).counts["unchanged"] == 1


def test_an_empty_destination_makes_every_row_new_and_no_rows_make_every_other_missing() -> None:
    assert plan_of({"id": [1, 2], "a": ["x", "y"]}, pd.DataFrame()).counts["create"] == 2
    assert plan_of({"id": [1, 2], "a": ["x", "y"]}, {"id": [], "a": []}).counts["create"] == 2
    plan = plan_of(pd.DataFrame({"id": []}), {"id": [1, 2]})
    assert (len(plan), len(plan.missing), len(plan.frame), len(plan.changes)) == (0, 2, 0, 0)
    assert plan.summary() == "0 rows: nothing to plan. 2 rows at the destination are not among them."
    assert "2 rows" in plan._repr_html_()


@pytest.mark.parametrize(
    ("note", "message"),
    [({"complete": False, "reason": "max_rows"}, r"\(max_rows\)"), ({"record_errors": 3}, "3 record")],
)
def test_a_part_of_the_destination_is_refused(note: dict[str, Any], message: str) -> None:
    there = pd.DataFrame({"id": [1]})
    there.attrs["celigo"] = note

    with pytest.raises(ConfigError, match=message):
        plan_of({"id": [1]}, there)


def test_an_export_that_changes_its_source_is_refused() -> None:
    con = calling(lambda request: Response(500, {}, b"{}"))
    with pytest.raises(celigo.DocumentError, match="consume=True"):
        orders(1).celigo.plan_import(PLAIN, con, current={"type": "once", "http": {"relativeURI": "/x"}}, key="key")


def test_columns_of_one_name_and_keys_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(FrameError, match="two columns are named 'id'"):
        plan_of({"id": [1]}, pd.DataFrame([[1, 2]], columns=["id", "id"]))
    with pytest.raises(FrameError, match="type bytes in row 1"):
        plan_of({"id": ["a"]}, {"id": ["a", b"a"]})


def test_near_keys_are_conflicts_until_someone_says_how_the_destination_reads_them() -> None:
    here, there = {"sku": ["abc", "x", "7"], "a": [1, 1, 1]}, {"sku": ["ABC", "y", 7], "a": [1, 1, 1]}

    assert plan_of(here, there, "sku").frame["action"].tolist() == ["conflict", "create", "conflict"]
    assert plan_of(here, there, "sku", normalize={"sku": "exact"}).counts["create"] == 3
    alike = plan_of(here, there, "sku", normalize={"sku": ["case", "text"]})
    assert alike.frame["action"].tolist() == ["unchanged", "create", "unchanged"]


def test_changes_make_types_visible_and_say_what_cannot_be_compared() -> None:
    here = {"id": [1, 2], "a": ["7", "x"], "when": ["2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"]}
    there = {"id": [1, 2], "a": [7, "x"], "when": ["2026-03-01", "2026-03-01"]}
    plan = plan_of(here, there)

    assert plan.frame["action"].tolist() == ["update", "conflict"]
    assert plan.frame["changes"].tolist() == [2, 1]
    assert plan.changes["type_change"].tolist() == ["number → text", None, None]
    assert plan.changes["note"].notna().tolist() == [False, True, True]
    html = plan._repr_html_()
    assert "&#x27;7&#x27;" in html
    assert "without a zone" in html
    assert plan_of(here, there, normalize={"when": "utc", "a": "text"}).counts["unchanged"] == 2


def test_html_escapes_and_stays_short() -> None:
    evil = "<script>alert(1)</script>"
    here = {"id": range(500), evil: [evil] * 500}
    there = {"id": [*range(400), *[evil] * 100], evil: [f"{evil}!"] * 500}
    plan = plan_of(here, there, doc={**PLAIN, "name": evil})

    for html in (plan._repr_html_(), plan.report(evil).html):
        assert "<script" not in html
        assert len(html) < 60_000
    assert "The first 20 of 400." in plan._repr_html_()


def test_digest_names_what_is_planned() -> None:
    here, there = {"id": [1, 2], "a": ["x", "y"]}, {"id": [1], "a": ["x"]}
    plan = plan_of(here, there)

    assert plan_of(here, there).digest == plan.digest
    others = [
        plan_of({**here, "a": ["x", "z"]}, there), plan_of(here, {"id": [1], "a": ["z"]}),
        plan_of(here, {"id": [1, 3], "a": ["x", "x"]}), plan_of(here, there, doc={**PLAIN, "name": "Other"}),
        plan_of({**here, "a": ["x", 2**70]}, there),
    ]  # fmt: skip
    assert len({plan.digest, *(other.digest for other in others)}) == 6


def test_a_plan_is_not_changed_by_what_is_done_to_its_frames_afterwards() -> None:
    df = pd.DataFrame({"id": [1, 2], "tags": [["a"], ["b"]]})
    plan = plan_of(df, {"id": [1], "tags": [["z"]]})
    before = plan.changes

    df["tags"].iloc[0].append("later")
    frame, changes = plan.frame, plan.changes
    frame.loc[0, "action"] = "nothing"
    changes["after"].iloc[0].append("later")

    pd.testing.assert_frame_equal(plan.changes, before)
    assert plan.frame["action"].tolist() == ["update", "create"]
    assert plan.rows("update")["tags"].tolist() == [["a"]]


def test_a_pickled_plan_holds_no_client_and_cannot_push() -> None:
    con = calling(lambda request: Response(200, {}, b"[]"))
    plan = orders(2).celigo.plan_import(PLAIN, con, current=pd.DataFrame({"key": [0]}), key="key")

    packed = pickle.dumps(plan)
    again = pickle.loads(packed)

    assert con.client.api.base_url.encode() not in packed
    pd.testing.assert_frame_equal(again.frame, plan.frame)
    assert again.digest == plan.digest
    assert copy.deepcopy(plan).digest == plan.digest
    with pytest.raises(ConfigError, match="No connection"):
        again.push()
    with pytest.raises(ConfigError, match="another process"):
        again.renew()


def test_destination_is_read_through_the_connection_of_the_import_or_another() -> None:
    asked: list[str] = []

    def handle(request: Request) -> Response:
        asked.append(request.path)
        return Response(200, {}, json.dumps({"data": [{"key": 0}, {"key": 9}], "pagedExportState": None}).encode())

    con = calling(handle)
    export = {"rdbms": {"query": "select key from t"}}
    plan = orders(2).celigo.plan_import(PLAIN, con, current=export, key="key")
    assert plan.frame["action"].tolist() == ["unchanged", "create"]
    assert asked == [f"/connections/{con.id}/export/pages"]
    other = celigo.Connection(con.client, {"_id": "6" * 24, "name": "Other", "type": "rdbms"})
    orders(2).celigo.plan_import(PLAIN, con, current=export, key="key", current_con=other)
    assert asked[-1] == f"/connections/{other.id}/export/pages"


def test_report_of_a_mapping_holds_a_plan() -> None:
    rules = celigo.Mapping().set("id", "$.id", data_type="number").set("name", "$.name")
    df = pd.DataFrame({"id": [1], "name": ["new"]})
    plan = plan_of(df, {"id": [1], "name": ["old"]}, doc={**PLAIN, **rules.to_import()})

    html = rules.report(df, plan=plan).html

    assert "What a push would change" in html
    assert "1 update" in html


def test_index_of_any_kind_stays() -> None:
    index = pd.MultiIndex.from_arrays([["a", "a", "b"], [1, 1, 2]], names=["x", "y"])
    df = pd.DataFrame({"id": [1, 2, 3], "a": [1.5, np.nan, 2.5]}, index=index)
    plan = plan_of(df, {"id": [1, 2, 3], "a": [1.5, 2.5, None]})

    assert plan.frame.index.equals(index)
    assert plan.changes.index.tolist() == [("a", 1), ("b", 2)]
