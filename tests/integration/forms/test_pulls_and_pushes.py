"""The export form and the mapping editor against the local engine."""

from __future__ import annotations

import threading
import time
from typing import Any

import pandas as pd
import pytest

import celigo_pandas as celigo
from celigo_pandas.errors import DocumentError

NUMBERS_BECOME_TEXT = pytest.mark.filterwarnings("ignore:Numbers of the frame become text")
"""A mapping of numbers to texts, which is beside what the test is about."""

# A row that costs the database some milliseconds, so that a pull takes its time.
SLOW = """with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
select i, (select count(*) from (
    with recursive m(j) as (select i union all select j + 1 from m where j < i + 300) select j from m)) as c
from n"""


def entry(generate: str, extract: str, data_type: str = "string", **more: Any) -> dict[str, Any]:
    return {"generate": generate, "dataType": data_type, "extract": extract, "status": "Active", **more}


def test_export_form_previews_and_pulls_what_read_export_reads(client: Any) -> None:
    shop = client.connections["Small shop"]
    export = {"rdbms": {"query": "select * from orders"}}
    form = celigo.ExportForm(shop, export)

    preview = form.preview()
    df = form.pull()

    expected = shop.read_export(export, progress=False)
    assert 0 < len(preview) <= 20
    pd.testing.assert_frame_equal(df, expected)
    assert form.df is df


def test_export_form_shows_what_the_server_refuses(client: Any) -> None:
    form = celigo.ExportForm(client.connections["Small shop"], {"rdbms": {"query": "select * from nothing"}})

    with pytest.raises(Exception, match="nothing"):
        form.pull()
    assert form.state.notices[0].level == "error"
    assert "nothing" in form.state.notices[0].text


def test_export_form_stop_ends_a_long_pull_within_one_request_and_keeps_its_rows(client: Any) -> None:
    form = celigo.ExportForm(client.connections["Small shop"], {"rdbms": {"query": SLOW}})
    form.set("page_size", "200")
    client.last_pull = None
    form.pull(wait=False)
    deadline = time.monotonic() + 30
    while getattr(client.last_pull, "pages", 0) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert form.state.busy == "Pull"
    assert form.state.progress_note.startswith("page ")

    form.stop()
    answered = len(client.history)

    assert form.wait(20)
    assert form.state.partial
    assert 400 <= len(form.df) < 100_000
    assert len(client.history) - answered <= 1
    assert "was stopped" in form.state.notices[0].text


def test_export_form_runs_beside_other_work(client: Any) -> None:
    form = celigo.ExportForm(client.connections["Small shop"], {"rdbms": {"query": SLOW}})
    form.set("page_size", "200")
    began = time.monotonic()
    form.pull(wait=False)
    returned = time.monotonic() - began
    assert client.connections["Small shop"].ping()
    form.stop()
    form.wait(20)

    assert returned < 1


@pytest.fixture
def orders(client: Any) -> pd.DataFrame:
    return pd.DataFrame({"id": range(8), "qty": ["1", "2", "x", "4", "5", "6", "7", "y"], "who": list("abcdefgh")})


@pytest.mark.filterwarnings(r"ignore:no reads \$.absent:celigo_pandas.errors.HintWarning")
@pytest.mark.parametrize(("kind", "records"), [("string", 8), ("number", 6)])
def test_editor_dry_run_on_server_agrees(client: Any, orders: pd.DataFrame, kind: str, records: int) -> None:
    rules = {"mappings": [entry("id", "$.id", "number"), entry("n.deep", "$.qty", kind), entry("no", "$.absent")]}
    editor = celigo.MappingEditor(orders, rules, client.connections["Delay desk"])

    editor.dry_run()

    assert editor.state.server_differences == []
    assert f"to the same {records} records" in editor.state.notices[0].text


def desk_import(*mappings: dict[str, Any]) -> dict[str, Any]:
    return {"http": {"method": ["POST"], "relativeURI": ["/notices"], "requestMediaType": "json"},
            "mappings": list(mappings)}  # fmt: skip


@NUMBERS_BECOME_TEXT
def test_editor_push_shows_first_then_sends_and_retries_what_failed(client: Any, orders: pd.DataFrame) -> None:
    editor = celigo.MappingEditor(
        orders,
        desk_import(entry("flight", "$.id"), entry("tail", "$.who"), entry("minutes", "$.qty", "number")),
        client.connections["Delay desk"],
    )
    assert editor.state.preview is not None
    assert editor.state.preview.counts["failed"] == 2
    preview = editor.push()
    assert len(preview) == 8
    assert editor.result is None

    result = editor.send()
    assert (result.counts["ok"], result.counts["failed"]) == (6, 2)
    assert editor.state.can_retry
    over_all = editor.retry_failed()
    assert (len(over_all), over_all.counts["failed"]) == (8, 2)

    editor.set("mappings[2]", "how", "fixed")
    editor.set("mappings[2]", "source", "0")
    assert editor.state.preview.counts["failed"] == 0
    again = editor.retry_failed()
    assert (len(again), again.counts["ok"]) == (2, 2)
    assert list(again.frame.index) == [2, 7]
    assert not editor.state.can_retry


def test_editor_push_can_be_cancelled_and_nothing_is_sent(client: Any, orders: pd.DataFrame) -> None:
    editor = celigo.MappingEditor(orders, desk_import(entry("n", "$.qty")), client.connections["Delay desk"])
    editor.push()
    before = len(client.history)

    editor.cancel()

    with pytest.raises(Exception, match="Press Push first"):
        editor.send()
    assert len(client.history) == before


def test_editor_edit_after_the_preview_drops_it(client: Any, orders: pd.DataFrame) -> None:
    editor = celigo.MappingEditor(orders, desk_import(entry("n", "$.qty")), client.connections["Delay desk"])
    editor.push()

    editor.set("mappings[0]", "generate", "other")

    assert editor.state.push_preview is None
    assert not editor.state.actions["send"]


def test_editor_with_a_problem_does_not_push(client: Any, orders: pd.DataFrame) -> None:
    editor = celigo.MappingEditor(orders, desk_import(entry("n", "{{oops")), client.connections["Delay desk"])

    with pytest.raises(DocumentError, match="nothing was sent"):
        editor.push()


@NUMBERS_BECOME_TEXT
def test_editor_stop_ends_a_push_and_keeps_every_outcome(client: Any) -> None:
    frame = pd.DataFrame({"id": range(3000)})
    editor = celigo.MappingEditor(frame, desk_import(entry("flight", "$.id"), entry("tail", "$.id")),
                                  client.connections["Delay desk"])  # fmt: skip
    editor.state.set_push_option("batch_size", "5")
    editor.state.set_push_option("first", "0")
    editor.push()
    moved = threading.Event()
    editor.state.subscribe(lambda: editor.state.progress[0] >= 10 and moved.set())
    editor.send(wait=False)
    moved.wait(30)

    editor.stop()

    assert editor.wait(60)
    counts = editor.result.counts
    assert sum(counts.values()) == 3000
    assert counts["not_sent"] > 0
    assert counts["unknown"] == 0
    assert len(editor.result.frame) == 3000
