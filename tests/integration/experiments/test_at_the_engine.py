"""Builders and mappings where a notebook uses them: pulls, dry runs, pushes, and against saved imports."""

from __future__ import annotations

import pandas as pd
import pytest
import requests
from support.flights import rule

import celigo_pandas as celigo
from celigo_pandas import Mapping, build


def typed(generate, data_type, extract):
    return {"generate": generate, "dataType": data_type, "extract": extract, "status": "Active"}


ROWS = {
    "dataType": "objectarray",
    "status": "Active",
    "buildArrayHelper": [{"extract": "$.s[*]", "mappings": [typed("t", "string", "$.s.t")]}],
}
NUMBERS = {**ROWS, "buildArrayHelper": [{"extract": "$", "mappings": [typed("n", "number", "$.n")]}]}


@pytest.fixture(scope="module")
def client():
    with celigo.local(demo="shop") as client:
        yield client


def test_builders_are_accepted_wherever_a_document_is(client):
    shop, desk = client.connections["Small shop"], client.connections["Delay desk"]
    orders = celigo.read_export(build.sql_export("select id, status from orders order by id"), shop, progress=False)
    mapping = Mapping().set("flight", "{{record.id}}").set("tail", "$.status")
    document = build.http_import("/notices", mapping=mapping)

    assert len(orders) == 400
    assert len(orders.head(3).celigo.dry_run(document).mapped) == 3
    assert len(orders.head(3).celigo.dry_run(document, desk).mapped) == 3
    result = orders.head(3).celigo.to_import(document, desk, progress=False)
    assert list(result.frame["outcome"]) == ["ok"] * 3
    frames = list(celigo.iter_export(build.sql_export("select * from products", page_size=3), shop))
    assert sum(map(len, frames)) == 8


def test_saved_import_diff_shows_what_to_change_in_production(client):
    desk = client.connections["Delay desk"]
    document = {
        "name": "Notices",
        "_connectionId": desk.id,
        "adaptorType": "HTTPImport",
        "http": {"method": ["POST"], "relativeURI": ["/notices"]},
        "mappings": [rule("flight", "string", "$.id"), rule("tail", "string", "$.status")],
    }
    headers = {"Authorization": f"Bearer {client.engine_token}"}
    created = requests.post(f"{client.base_url}/v1/imports", json=document, headers=headers, timeout=20)
    assert created.status_code == 201

    saved = client.imports["Notices"]
    changed = Mapping.from_import(saved).set("tail", "$.registration").set("minutes", "$.delay", data_type="number")
    found = saved.diff(changed)

    assert {(row.rule, row.member, row.before, row.after) for row in found.itertuples() if row.rule == "tail"} == {
        ("tail", "extract", "$.status", "$.registration")
    }
    assert set(found.loc[found["rule"] == "minutes", "change"]) == {"added"}
    assert saved.diff(Mapping.from_import(saved)).empty


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param({"mappings": [typed("n", "number", "$.n")]}, id="some children fail"),
        pytest.param({"mappings": [ROWS]}, id="each child becomes a list"),
        pytest.param({"mappings": [NUMBERS]}, id="some children become lists and others fail"),
        pytest.param({"mapping": {"fields": [{"generate": name, "extract": name} for name in ("statusCode", "data")]}},
                     id="records that look wrapped"),
        pytest.param({}, id="children as they came"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("fan_out", [{"oneToMany": True, "pathToMany": "l"}, {}])
def test_dry_run_at_the_engine_is_the_one_here(client, rules, fan_out):
    child = {"n": "1", "s": [{"t": "a"}, {"t": "b"}], "statusCode": 200, "data": {"statusCode": 7}}
    bad = {"n": "x", "s": [], "statusCode": 422, "data": [1]}
    records = [{"l": [child, bad]}, {"l": [child]}, {"l": [bad]}, {"l": []}, {"l": [child, child], **child}]
    df, document = pd.DataFrame(records), {**rules, **fan_out}
    here, there = (df.celigo.dry_run(document, con) for con in (None, client.connections["Small shop"]))

    pd.testing.assert_frame_equal(there.frame, here.frame)
    pd.testing.assert_frame_equal(there.mapped, here.mapped)
