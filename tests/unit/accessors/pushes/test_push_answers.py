"""The table of resending, and the reader of per-record results."""

from __future__ import annotations

import json

import pytest

import celigo_pandas as celigo
from celigo_pandas.accessors.pushes.import_answers import read_results, verdict_for
from celigo_pandas.errors import (
    ApiError,
    AuthError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TransportError,
)


@pytest.mark.parametrize(
    ("error", "outcome", "stops", "halves"),
    [
        (InvalidRequestError("x", status=400), "failed", False, False),
        (InvalidRequestError("x", status=422), "failed", False, False),
        (AuthError("x", status=401), "failed", True, False),
        (ApiError("x", status=402), "failed", True, False),
        (AuthError("x", status=403), "failed", True, False),
        (NotFoundError("x", status=404), "failed", True, False),
        (ApiError("x", status=405), "failed", True, False),
        (ApiError("x", status=408), "unknown", False, False),
        (ConflictError("x", status=409), "failed", True, False),
        (ApiError("x", status=413), "not_sent", False, True),
        (RateLimitError("x", status=429), "not_sent", True, False),
        (ServerError("x", status=500), "unknown", False, False),
        (ServerError("x", status=504), "unknown", False, False),
        (ApiError("x", status=302), "unknown", True, False),
        (TransportError("x", processed=False), "not_sent", True, False),
        (TransportError("x"), "unknown", False, False),
        (RequestTimeoutError("x"), "unknown", False, False),
        (RequestTimeoutError("x", processed=False), "not_sent", True, False),
        (celigo.ConfigError("read-only"), "not_sent", True, False),
        (RuntimeError("a fault of ours"), "unknown", True, False),
    ],
    ids=lambda value: (
        f"{type(value).__name__} {getattr(value, 'status', '')}" if isinstance(value, Exception) else None
    ),
)
def test_resending_table(error: Exception, outcome: str, stops: bool, halves: bool) -> None:
    verdict = verdict_for(error)

    assert (verdict.outcome, verdict.stops, verdict.halves) == (outcome, stops, halves)


ERROR = {"code": "422", "message": "no", "source": "mapping"}


@pytest.mark.parametrize(
    ("element", "outcome", "code"),
    [
        ({"statusCode": 200, "id": "1"}, "ok", None),
        ({"statusCode": 201}, "ok", None),
        ({"statusCode": "200"}, "ok", None),
        ({"statusCode": 200, "ignored": True}, "ignored", None),
        ({"ignored": True}, "ignored", None),
        ({"statusCode": 200, "ignored": False, "id": 7}, "ok", None),
        ({"statusCode": 422, "errors": [ERROR]}, "failed", "422"),
        ({"statusCode": 422}, "failed", None),
        ({"statusCode": 429, "errors": [ERROR]}, "failed", "422"),
        ({"statusCode": 400, "errors": "plain words"}, "failed", ""),
        ({"statusCode": 500, "errors": "plain words"}, "unknown", ""),
        ({"statusCode": 503}, "unknown", None),
        ({"statusCode": 408, "errors": [ERROR]}, "unknown", "422"),
        ({"errors": [ERROR]}, "failed", "422"),
        ({"statusCode": 200, "errors": [ERROR], "id": "1"}, "ok", "422"),
        ({}, "unknown", None),
        ({"statusCode": True}, "unknown", None),
        (None, "unknown", None),
        ([1], "unknown", None),
    ],
)
def test_result_element_becomes_an_outcome(element: object, outcome: str, code: str | None) -> None:
    rows, problem = read_results(json.dumps([element]).encode(), 1)

    assert problem == ""
    assert rows is not None
    assert (rows[0].outcome, rows[0].code) == (outcome, code)


def test_result_keeps_id_response_and_all_messages() -> None:
    body = [{"statusCode": 422, "id": 2**70, "_json": [1], "errors": [ERROR, {"code": "b", "message": "neither"}]}]

    rows, _ = read_results(json.dumps(body).encode(), 1)

    assert rows is not None
    assert (rows[0].id, rows[0].response, rows[0].message, rows[0].source) == (2**70, [1], "no; neither", "mapping")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"{}",
        b"null",
        b"[]",
        b"[{},{},{}]",
        b'{"errors":[]}',
        b"[NaN,1]",
        b"[1",
        b"\xff\xfe",
        b"[" * 100_000,
    ],
    ids=range(11),
)
def test_answer_that_says_nothing_about_the_rows_is_none(content: bytes) -> None:
    rows, problem = read_results(content, 2)

    assert rows is None
    assert problem


def test_answer_wrapped_in_data_is_accepted() -> None:
    rows, _ = read_results(b'{"data":[{"statusCode":200}]}', 1)

    assert rows is not None
    assert rows[0].outcome == "ok"


def test_number_that_python_does_not_read_leaves_each_row_its_outcome() -> None:
    number = b"9" * 5_000
    content = b'[{"statusCode": 200, "id": %s, "_json": {"n": -%s}}, {"statusCode": 422, "errors": [{"code": "x"}]}]'

    rows, problem = read_results(content % (number, number), 2)

    assert problem == ""
    assert rows is not None
    assert [row.outcome for row in rows] == ["ok", "failed"]
    assert (rows[0].id, rows[0].response) == (number.decode(), {"n": "-" + number.decode()})
