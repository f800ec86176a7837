from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.flights import february

from celigo_pandas import Mapping
from celigo_pandas.errors import DocumentError
from celigo_pandas.experiments.suggestion import match_names, tokens
from celigo_pandas.frames.names import escape_key


@pytest.mark.parametrize("name", ["customerID", "cust_id", "Customer Id", "CUSTOMER-ID", "customer.id", "clientNo"])
def test_tokens_of_every_spelling_are_the_same(name):
    assert tokens(name) == ("customer", "id")


def test_match_names_prefers_the_exact_name_and_uses_a_source_once():
    pairs = {pair.target: pair.source for pair in match_names(["name", "customerName"], ["customer_name", "name"])}

    assert pairs == {"name": "name", "customerName": "customer_name"}


def test_match_names_guesses_nothing_for_names_without_a_likeness():
    assert match_names(["color"], ["qty", "price", "sku"]) == []


@pytest.mark.parametrize(
    ("target", "source", "confidence", "reason"),
    [
        ("age", "age", 1.0, "the same name"),
        ("customerAge", "customer_age", 0.95, "the same words"),
        ("orderedAt", "placed_at", 0.9, "the same meaning: placed for ordered"),
        ("customer_age", "age", 0.6, "age is the end of the target's name"),
        ("orderId", "id", 0.6, "id is the end of the target's name"),
        ("unitPrice", "price", 0.6, "price is the end of the target's name"),
        ("age", "customer_age", 0.58, "the target's name is the end of customer age"),
        ("flightNumber", "flight", 0.64, "in common: flight"),
    ],
)
def test_match_names_says_how_sure_it_is_and_why(target, source, confidence, reason):
    [pair] = match_names([target], ["color", source])

    assert (pair.source, round(pair.score, 2), pair.reason) == (source, confidence, reason)


def test_match_names_tells_a_source_that_is_nearly_as_near():
    [pair] = match_names(["shippingCity"], ["billing_city", "city", "town_city"])

    assert pair.source == "city"
    assert match_names(["city"], ["home_city", "work_city"])[0].reason.endswith("; work_city is nearly as near")


def test_day_is_not_taken_for_the_end_of_a_time():
    assert match_names(["shippedAt"], ["day"]) == []


def test_suggestions_are_a_frame_and_stand_beside_the_rules_until_they_are_changed():
    df = pd.DataFrame({"age": [30], "id": ["1"]})
    mapping = Mapping.suggest(df, ["customer_age", "orderId", "color"])

    assert mapping.suggestions.to_dict("records") == [
        {"target": "customer_age", "source": "age", "confidence": 0.6, "reason": "age is the end of the target's name"},
        {"target": "orderId", "source": "id", "confidence": 0.6, "reason": "id is the end of the target's name"},
    ]
    assert "(60%, id is the end of the target's name)" in repr(mapping)
    mapping.set("orderId", "{{record.id}}-x").set("customer_age", default=0)
    assert mapping.copy().suggestions["target"].tolist() == ["customer_age"]
    assert "id is the end" not in repr(mapping)
    assert mapping.remove("customer_age").suggestions.empty
    assert list(Mapping().suggestions.columns) == ["target", "source", "confidence", "reason"]


def test_suggest_maps_real_flights_to_a_desk_of_other_names():
    mapping = Mapping.suggest(february(), ["flightNumber", "tail", "from", "to", "Carrier", "miles", "color"])
    written = {path: mapping[path]["extract"] for path in mapping.to_frame()["path"]}

    assert written == {
        "flightNumber": "$.flight", "tail": "$.tailnum", "from": "$.origin", "to": "$.dest", "Carrier": "$.carrier",
    }  # fmt: skip
    assert mapping.unmatched == ("miles", "color")
    assert "miles, color" in repr(mapping)
    assert mapping["flightNumber"]["dataType"] == "number"
    assert len(mapping.apply(february())) == len(february())


def test_suggest_takes_the_types_of_the_target():
    df = pd.DataFrame({"order_no": ["1"], "qty": [2], "created": ["02/25/2026"], "vip": [True]})
    mapping = Mapping.suggest(df, {"orderId": "number", "quantity": "string", "createdAt": "string", "vip": "boolean"})

    assert mapping.apply(df) == [{"orderId": 1, "quantity": "2", "createdAt": "2026-02-25", "vip": True}]
    assert mapping["createdAt"]["extractDateFormat"] == "M/D/YYYY"


def test_suggest_keeps_iso_dates_as_they_are():
    df = pd.DataFrame({"ordered_at": ["2026-02-25T10:00:00Z"]})

    assert Mapping.suggest(df, ["orderDate"]).apply(df) == [{"orderDate": "2026-02-25T10:00:00Z"}]


def test_suggest_from_a_sample_record_nests_objects_and_lists():
    df = pd.DataFrame(
        {"order_no": [7], "cust.name": ["Ann"], "lines": [[{"article": "A", "qty": 2}, {"article": "B", "qty": 1}]]}
    )
    df.attrs["celigo"] = {"flatten": "."}
    target = {"orderId": 1, "customer": {"name": "x"}, "items": [{"sku": "x", "quantity": 1}]}
    mapping = Mapping.suggest(df, target)

    assert mapping.apply(df) == [
        {
            "orderId": 7,
            "customer": {"name": "Ann"},
            "items": [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}],
        }
    ]


def test_suggest_from_a_frame_takes_its_columns():
    target = pd.DataFrame({"tailnumber": ["N1"], "destination": ["ORD"]})

    assert set(Mapping.suggest(february(), target).to_frame()["path"]) == {"tailnumber", "destination"}


def test_suggest_writes_keys_with_blanks_so_that_the_mapper_reads_them():
    df = pd.DataFrame({"Ship To": ["Oslo"]})

    assert Mapping.suggest(df, ["ship_to"]).apply(df) == [{"ship_to": "Oslo"}]


def test_suggest_of_no_target_says_what_is_expected():
    with pytest.raises(DocumentError, match="expected names"):
        Mapping.suggest(february(), 7)


def test_suggest_reads_a_column_whose_name_holds_a_dot():
    df = pd.json_normalize([{"cust": {"name": "Ann"}}])
    mapping = Mapping.suggest(df, ["customerName"])

    assert mapping["customerName"]["extract"] == "$.[cust.name]"
    assert mapping.apply(df) == [{"customerName": "Ann"}]


def test_suggest_tells_a_dotted_key_from_a_nested_one():
    record = {"cust.name": "flat", "cust": {"name": "nested"}}

    assert Mapping.suggest([record], ["cust\\.name", "cust.name"]).apply([record]) == [record]


# A target with [*] names a field of a list, and a path with {{ is a template.
KEYS = st.text(min_size=1).filter(lambda key: "[*]" not in key and "{{" not in key)


@example({"0:1": "xx", "1:0": "x"})
@given(st.dictionaries(KEYS, st.text(alphabet="xyz", min_size=1), min_size=1, max_size=4))
def test_suggest_reads_every_key_by_its_own_name(record):
    assert Mapping.suggest([record], [escape_key(key) for key in record]).apply([record]) == [record]


def test_suggest_leaves_out_what_no_path_can_read():
    deep = {"name": 1}
    for _ in range(2_000):
        deep = {"a": deep}
    mapping = Mapping.suggest([{"{{name}}": 1, "deep": deep}], ["name"])

    assert mapping.unmatched == ("name",)


@pytest.mark.parametrize(
    ("value", "data_type"),
    [
        ([[1, 2], [3]], "arrayarray"),
        ([[1], ["a"]], "arrayarray"),
        ([1, None], "numberarray"),
        ([1, "a"], "stringarray"),
        ([], "stringarray"),
    ],
)
def test_suggest_takes_a_data_type_that_there_is(value, data_type):
    mapping = Mapping.suggest([{"m": value}], ["m"])

    assert mapping["m"]["dataType"] == data_type
    assert mapping.apply([{"m": None}]) == [{"m": None}]


def test_suggest_of_a_target_without_a_name_is_refused():
    with pytest.raises(DocumentError, match="without a name"):
        Mapping.suggest([{"": 1}], [""])
