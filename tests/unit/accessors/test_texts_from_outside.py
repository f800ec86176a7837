"""Half an emoji, and megabytes, in what a server says: wherever it is shown or saved."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.pulls import EXPORT, answer, connection_to
from support.pushes import DOCUMENT, calling, orders

import celigo_pandas as celigo
from celigo_pandas.accessors import read_export
from celigo_pandas.client.messages import Request, Response
from celigo_pandas.errors import CeligoError, FrameError, HintWarning, Problem, RecordErrorsWarning, legible
from celigo_pandas.frames.notices import notify

HALVES = ["\ud83d", "half \ude00 of it", "\ud83d\ud83d", "é \ud83d é"]
LONG = "begin " + "x" * 3_000_000 + " end"


def _refusing(message: str) -> Any:
    def handle(request: Request) -> Response:
        entry = {"code": message, "message": message, "source": message}
        results = [
            {"statusCode": 422, "errors": [entry], "id": message, "_json": {message: [message]}}
            for _ in json.loads(request.body or b"")["data"]
        ]
        return Response(200, {}, json.dumps(results).encode())

    return calling(handle)


@pytest.mark.parametrize("half", HALVES)
def test_outcomes_with_half_an_emoji_are_shown_saved_and_grouped(half: str, tmp_path: Path) -> None:
    result = orders(6).celigo.to_import(DOCUMENT, _refusing(half))

    assert result.errors()["count"].sum() == len(result.failed) > 0
    for text in (result._repr_html_(), repr(result), result.summary(), str(result.frame["message"].iloc[0])):
        text.encode()
    assert result.frame["response"].iloc[0] == {half: [half]}
    assert "message" in result.join()
    result.save(tmp_path / "result.parquet")
    back = celigo.ImportResult.load(tmp_path / "result.parquet")
    assert back.frame["id"].tolist() == result.frame["id"].tolist()
    assert pickle.loads(pickle.dumps(result)).counts == copy.deepcopy(result).counts == result.counts
    with pytest.raises(celigo.ImportRejectedError) as caught:
        result.raise_for_failures()
    str(caught.value).encode()


@pytest.mark.parametrize("half", HALVES)
def test_errors_beside_records_with_half_an_emoji_are_a_frame(half: str) -> None:
    errors = [{"code": 7, "message": half, half: [half]}, half, {"message": None}]
    body = json.dumps({"data": [{"a": half}], "errors": errors}).encode()
    con = connection_to(lambda request: answer(body))

    with pytest.warns(RecordErrorsWarning):
        read_export(EXPORT, con)
    found = con.client.last_pull.errors

    assert found["message"].tolist()[:2] == [half, half]
    assert list(found) == ["code", "message", half]


def test_no_errors_beside_records_are_an_empty_frame() -> None:
    con = connection_to(lambda request: answer(b'{"data":[{"a":1}]}'))
    read_export(EXPORT, con)

    assert con.client.last_pull.errors.empty


@pytest.mark.parametrize("half", HALVES)
def test_dry_run_with_half_an_emoji_in_keys_and_values_is_compared(half: str) -> None:
    doc = {
        "mappings": [
            {"generate": half, "hardCodedValue": half, "dataType": "string", "status": "Active"},
            {"generate": "n", "extract": "$.key", "dataType": "number", "status": "Active"},
        ]
    }
    trial = celigo.dry_run(orders(2), doc)

    compared = trial.compare()

    assert compared[half, "after"].tolist() == [half, half]
    assert compared["n", "after"].tolist() == [0, 1]
    trial._repr_html_().encode()
    repr(trial).encode()


@pytest.mark.parametrize("half", HALVES)
def test_error_of_a_whole_call_with_half_an_emoji_can_be_printed(half: str) -> None:
    body = json.dumps({"errors": [{"code": half, "message": half, "field": half}]}).encode()
    con = connection_to(lambda request: answer(body, 422))

    with pytest.raises(CeligoError) as caught:
        read_export(EXPORT, con)

    for text in (str(caught.value), repr(caught.value), str(caught.value.problems[0]), *caught.value.args):
        text.encode()


def test_long_text_keeps_both_ends_and_says_its_length() -> None:
    error = CeligoError(LONG, hint=LONG, problems=[Problem("c", LONG)])

    assert len(str(error)) < 10_000
    assert str(error).startswith("begin xxx")
    assert str(error).endswith("xxx end")
    assert f"({len(LONG):,} characters in all)" in str(error)
    assert error.problems[0].message == LONG
    assert len(str(pickle.loads(pickle.dumps(error)))) < 10_000


@pytest.mark.parametrize("limit", [1, 40, 100, 4000])
def test_legible_is_bounded(limit: int) -> None:
    assert len(legible(LONG, limit)) <= max(limit, 60)
    assert legible("short \ud83d", 40) == "short \\ud83d"


def test_answers_of_megabytes_make_no_error_or_page_of_megabytes() -> None:
    result = orders(6).celigo.to_import(DOCUMENT, _refusing(LONG))

    assert len(result._repr_html_()) < 20_000
    assert len(repr(result)) < 2_000
    assert result.frame["message"].iloc[0] == LONG
    with pytest.raises(celigo.ImportRejectedError) as caught:
        result.raise_for_failures()
    assert len(str(caught.value)) < 10_000

    body = json.dumps({"errors": [{"code": "c", "message": LONG}] * 3}).encode()
    with pytest.raises(CeligoError) as whole:
        read_export(EXPORT, connection_to(lambda request: answer(body, 422)))
    assert len(str(whole.value)) < 10_000


def test_long_labels_and_values_make_no_long_error() -> None:
    df = pd.DataFrame({LONG: [float("inf")]}, index=[LONG])

    with pytest.raises(FrameError) as caught:
        df.celigo.to_import(DOCUMENT, _refusing("x"))
    with pytest.warns(HintWarning) as warned:
        notify(LONG, HintWarning)

    assert len(str(caught.value)) < 10_000
    assert len(str(warned[0].message)) < 5_000


def test_groups_of_failures_show_no_megabytes_and_the_frame_keeps_them() -> None:
    result = orders(3).celigo.to_import(DOCUMENT, _refusing(LONG), first=0)

    assert len(result.errors().to_string()) < 100_000
    assert result.errors()["example"][0].endswith(" end")
    assert result.errors()["count"].sum() == 3
    assert set(result.frame["message"]) == {LONG}
