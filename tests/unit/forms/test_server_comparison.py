"""What a server maps beside what is mapped here: by row, with types, and nothing invented."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from support.forms import FakeClient

from celigo_pandas.forms.elements import walk
from celigo_pandas.forms.mapping_layout import mapping_layout
from celigo_pandas.forms.mapping_state import MappingState

FRAME = pd.DataFrame({"id": ["1", "bad", "3", "4"]}, index=[10, 11, 11, 13])
DOC = {"mappings": [{"generate": "n", "dataType": "number", "extract": "$.id", "status": "Active"}]}


class Trial:
    def __init__(self, states: list[str], mapped: dict[int, Any]) -> None:
        self.frame = pd.DataFrame({"state": states, "message": [None if s == "mapped" else "no" for s in states]})
        self.mapped = pd.DataFrame({"n": pd.Series(list(mapped.values()), list(mapped), dtype=object)})


class Server:
    name, type = "S", "http"

    def __init__(self, trial: Trial) -> None:
        self.client = FakeClient()
        self.trial = trial
        self.asked: list[pd.DataFrame] = []

    def dry_run(self, frame: pd.DataFrame, doc: Any, progress: Any) -> Trial:
        self.asked.append(frame)
        return self.trial


def compared(states: list[str], mapped: dict[int, Any]) -> MappingState:
    server = Server(Trial(states, mapped))
    state = MappingState(FRAME, DOC, server)
    state.dry_run()
    assert state.wait(5)
    assert state.last_error is None
    assert list(server.asked[0]["id"]) == list(FRAME["id"])
    return state


GOOD = ["mapped", "failed", "mapped", "mapped"]


def test_comparison_of_the_same_finds_nothing() -> None:
    state = compared(GOOD, {0: 1, 2: 3.0, 3: 4})

    assert state.server_differences == []
    assert "to the same 3 records" in state.notices[0].text


def test_comparison_sees_a_text_that_looks_like_the_number() -> None:
    state = compared(GOOD, {0: "1", 2: 3, 3: True})

    assert state.server_differences == [(0, "n", "1", '"1"'), (3, "n", "4", "true")]


def test_comparison_with_a_row_more_that_failed_invents_no_difference() -> None:
    state = compared(["failed", "failed", "mapped", "mapped"], {2: 3, 3: 4})

    assert state.server_differences == [(0, "(outcome)", "mapped", "failed: no")]
    assert "1 of these 4 rows" in state.notices[0].text
    [table] = [element for element in walk(mapping_layout(state)) if element.get("id") == "server"]
    assert [cell["t"] for cell in table["rows"][0]["cells"]] == ["10", "(outcome)", "mapped", "failed: no"]


def test_comparison_counts_the_records_of_a_row() -> None:
    server = Trial(GOOD, {0: 1, 2: 3, 3: 4})
    server.mapped = pd.DataFrame({"n": [1, 3, 3, 4]}, index=[0, 2, 2, 3])
    state = MappingState(FRAME, DOC, Server(server))
    state.dry_run()
    state.wait(5)

    assert state.server_differences == [(2, "(records)", "1", "2")]


@pytest.mark.parametrize("action", ["dry_run", "check_all"])
def test_comparison_of_rules_that_were_edited_meanwhile_is_not_shown(action: str) -> None:
    state = MappingState(FRAME, DOC, Server(Trial(GOOD, {0: 1, 2: 3, 3: 4})))
    run_long = state.run_long

    def edited(name: str, run: Any, done: Any) -> None:
        def later(value: Any) -> None:
            state.set_rule("mappings[0]", "generate", "other")
            done(value)

        run_long(name, run, later)

    state.run_long = edited  # type: ignore[method-assign]
    getattr(state, action)()
    state.wait(5)

    assert state.server_differences is None
    assert state.all_rows is None
    assert "edited meanwhile" in state.notices[0].text
