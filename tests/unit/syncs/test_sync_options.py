"""Options of a sync that cannot be, or do not go together, and documents without a place for a watermark."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from celigo_pandas.errors import ConfigError, DocumentError
from celigo_pandas.syncs.marked_documents import begins_at, check_place
from celigo_pandas.syncs.sync_options import SyncOptions

USUAL: dict[str, Any] = {
    "mode": "merge", "key": "id", "cursor": "u", "overlap": "10min", "start": None, "deletes": None,
    "max_delete": 0.05, "schema": "evolve", "full_every": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mode": "upsert"}, "mode: got 'upsert'; expected one of 'merge', 'append', 'replace'"),
        ({"schema": "loose"}, "schema: got 'loose'"),
        ({"key": None}, "key= is not given"),
        ({"key": ["a", "a"]}, r"key: got \['a', 'a'\]"),
        ({"key": 5}, "key: got 5"),
        ({"cursor": ""}, "cursor: got ''"),
        ({"mode": "replace"}, "mode='replace' takes all rows"),
        ({"mode": "append", "key": None}, "without key= and with an overlap"),
        ({"cursor": None, "start": 5}, "start=5 says where the cursor begins"),
        ({"cursor": None, "full_every": "7d"}, "full_every= is for pulls of windows"),
        ({"full_every": 7}, "full_every: got 7"),
        ({"full_every": "weekly"}, "full_every: got 'weekly'"),
        ({"deletes": "compare"}, "deletes='compare' sees which rows are gone when all rows are pulled"),
        ({"deletes": "all"}, "deletes: got 'all'"),
        ({"deletes": {"column": "x", "else": 1}}, "deletes: got"),
        ({"deletes": {"column": "x", "value": None}}, "deletes: got"),
        ({"deletes": {"keys": {}}, "mode": "append"}, "deletes= goes with mode='merge'"),
        ({"max_delete": 5}, "max_delete: got 5; expected a share"),
        ({"max_delete": True}, "max_delete: got True"),
    ],
)
def test_options_that_cannot_be_are_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        SyncOptions.of(**{**USUAL, **changes})


def test_options_are_read() -> None:
    made = SyncOptions.of(**{**USUAL, "key": ["a", "b"], "full_every": "7d", "deletes": {"column": "d", "value": "T"}})

    assert made.key == ("a", "b")
    assert made.full_every == pd.Timedelta(days=7)
    assert made.deletes is not None
    assert (made.deletes.how, made.deletes.column, made.deletes.value) == ("column", "d", "T")


@pytest.mark.parametrize(
    ("doc", "place"),
    [
        ({"rdbms": {"query": "select * from t where u >= '{{watermark}}'"}}, "mark"),
        ({"http": {"relativeURI": "/t", "body": [{"since": "{{{ watermark }}}"}]}}, "mark"),
        ({"type": "delta", "rdbms": {"query": "… > {{lastExportDateTime}}"}}, "delta"),
        ({"type": "delta", "delta": {"dateField": "u"}, "netsuite": {}}, "delta"),
        ({"delta": {"lagOffset": 5}, "http": {"relativeURI": "/t?s={{{lastExportDateTimeUTC}}}"}}, "delta"),
    ],
)
def test_where_a_watermark_stands(doc: dict[str, Any], place: str) -> None:
    assert check_place(doc, "u") == place


@pytest.mark.parametrize(
    "doc",
    [
        {"rdbms": {"query": "select * from t"}},
        {"rdbms": {"query": "… > {{lastExportDateTime}}"}},
        {"type": "delta", "rdbms": {"query": "select * from t"}},
        {"rdbms": {"query": "{{record.watermark}} {{watermarks}}"}},
    ],
)
def test_a_cursor_without_a_place_for_its_watermark_is_told(doc: dict[str, Any]) -> None:
    with pytest.raises(DocumentError, match="no place for a watermark") as told:
        check_place(doc, "u")

    assert "{{watermark}}" in str(told.value)


def test_a_place_without_a_cursor_is_told() -> None:
    with pytest.raises(DocumentError, match="cursor= is not given"):
        check_place({"rdbms": {"query": "{{watermark}}"}}, None)
    assert check_place({"type": "delta", "delta": {"dateField": "u"}}, None) is None


def test_the_bound_is_put_in_and_the_document_stays() -> None:
    doc = {"a": ["x {{watermark}} y {{{watermark}}}", 5], "b": {"c": "{{other}}"}}

    made = begins_at(doc, "mark", r"2024-01-01T00:00:00Z")

    assert made == {"a": ["x 2024-01-01T00:00:00Z y 2024-01-01T00:00:00Z", 5], "b": {"c": "{{other}}"}}
    assert "{{watermark}}" in doc["a"][0]  # type: ignore[index]
    assert begins_at(doc, "mark", 7)["a"][0] == "x 7 y 7"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("/orders?since={{watermark}}", "/orders?since=2024-01-01%2010:00:00%2B02:00"),
        ("/{{a}}?since={{{watermark}}}&x=1", "/{{a}}?since=2024-01-01%2010:00:00%2B02:00&x=1"),
        ("/?since={{{encodeURI '{{watermark}}'}}}", "/?since={{{encodeURI '2024-01-01 10:00:00+02:00'}}}"),
    ],
)
def test_a_watermark_in_a_uri_arrives_as_it_is(uri: str, expected: str) -> None:
    doc = {"http": {"relativeURI": uri, "body": "{{watermark}}"}}

    made = begins_at(doc, "mark", "2024-01-01 10:00:00+02:00")

    assert made == {"http": {"relativeURI": expected, "body": "2024-01-01 10:00:00+02:00"}}


def test_a_delta_export_begins_at_its_start_date() -> None:
    doc = {"type": "delta", "delta": {"dateField": "u", "startDate": "2020-01-01"}}

    assert begins_at(doc, "delta", None) == doc
    made = begins_at(doc, "delta", "2024-01-01T02:00:00+02:00")
    assert made["delta"] == {"dateField": "u", "startDate": "2024-01-01T00:00:00.000Z"}
    with pytest.raises(DocumentError, match="its cursor has numbers"):
        begins_at(doc, "delta", 5)
