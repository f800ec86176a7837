"""The retry table, the rate bucket, and what the loop around the transport tells."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from support.client import FakeTime, answer, api_over, scripted

from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.messages import CallableTransport, Request
from celigo_pandas.client.pacing import Clock, RateBucket, bucket_for
from celigo_pandas.errors import ApiError, ConfigError, RateLimitError, ServerError, TransportError

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "cases" / "retries.jsonl").read_text(encoding="utf-8").splitlines()
]


def _outcome(kind: str) -> Any:
    if kind == "refused":
        return TransportError("refused", processed=False)
    if kind == "reset":
        return TransportError("reset", processed=None)
    if kind == "html":
        return answer(b"<html></html>")
    return answer({"errors": []}, int(kind), retry_after="1")


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_request_that_always_fails_is_sent_as_often_as_the_table_says(case: dict[str, Any]) -> None:
    handle, asked = scripted(_outcome(case["outcome"]))
    api = api_over(handle, max_retries=case.get("max_retries", 5))

    with pytest.raises((ApiError, TransportError)):
        api.send(Request("POST", "/x", body=b"{}", repeat=case["repeat"]))

    assert len(asked) == case["attempts"]
    assert [call.attempts for call in api.history] == [case["attempts"]]


@pytest.mark.parametrize("repeat", ["read", "write", "consume"])
def test_rate_limit_lasts_until_the_deadline(repeat: Any) -> None:
    time = FakeTime()
    handle, asked = scripted(answer(None, 429, retry_after="60"))
    api = api_over(handle, time)

    with pytest.raises(RateLimitError) as caught:
        api.send(Request("POST", "/x", repeat=repeat))

    assert len(asked) == 11
    assert sum(time.slept) == 600
    assert caught.value.retry_after_s == 60
    assert caught.value.retriable


def test_rate_limit_that_ends_is_survived_and_waits_at_least_as_long_as_asked() -> None:
    time = FakeTime(jitter=1.0)
    handle, _asked = scripted(*[answer(None, 429, retry_after="2")] * 8, answer({"ok": 1}))

    response = api_over(handle, time).send(Request("GET", "/x"))

    assert response.attempts == 9
    assert all(delay > 2 for delay in time.slept)


def test_retry_after_beyond_the_deadline_is_not_waited_for() -> None:
    time = FakeTime()
    handle, _asked = scripted(answer(None, 429, retry_after="601"))

    with pytest.raises(RateLimitError):
        api_over(handle, time).send(Request("GET", "/x"))

    assert time.slept == []


def test_server_errors_then_success_is_a_success() -> None:
    handle, _asked = scripted(answer(None, 503), answer(None, 500), answer({}))

    assert api_over(handle).send(Request("GET", "/x")).attempts == 3


def test_kinds_of_failure_have_counts_of_their_own() -> None:
    outcomes = [_outcome(kind) for kind in ("502", "refused", "502", "reset", "html", "reset", "429", "reset")]
    handle, _asked = scripted(*outcomes, answer({}))

    assert api_over(handle).send(Request("GET", "/x")).attempts == 9


def test_ambiguous_failure_of_a_write_says_that_nothing_is_known() -> None:
    handle, _asked = scripted(_outcome("html"))

    with pytest.raises(TransportError) as caught:
        api_over(handle).send(Request("POST", "/x", repeat="write"))

    assert caught.value.processed is None


def test_error_after_retries_names_the_attempts() -> None:
    handle, _ = scripted(_outcome("refused"))

    with pytest.raises(TransportError, match="6 attempts were made"):
        api_over(handle).send(Request("GET", "/x"))


def test_history_keeps_facts_and_no_values() -> None:
    handle, _ = scripted(answer({"a": 1}))
    api = api_over(handle)

    api.send(Request("GET", "/connections/5a1/debug/<img>", (("q", "private"),)))

    (call,) = api.history
    assert (call.method, call.path, call.status, call.bytes) == ("GET", "/connections/5a1/debug/…", 200, 8)


def test_history_has_the_call_that_was_interrupted() -> None:
    def interrupted(request: Request) -> Any:
        raise KeyboardInterrupt

    api = api_over(interrupted)
    with pytest.raises(KeyboardInterrupt):
        api.send(Request("GET", "/x"))

    assert [(call.status, call.attempts) for call in api.history] == [(None, 1)]


def test_bucket_lets_its_capacity_through_at_once_and_then_paces() -> None:
    time = FakeTime()
    bucket = RateBucket(1000, 300, time.monotonic)

    waits = [bucket.reserve() for _ in range(1300)]

    assert max(waits[:1000]) == 0
    assert waits[1000] > 0
    assert waits[1299] == pytest.approx(1.0)


def test_bucket_refills_and_never_beyond_its_capacity() -> None:
    time = FakeTime()
    bucket = RateBucket(10, 10, time.monotonic)
    for _ in range(10):
        bucket.reserve()
    time.now += 3600

    assert [bucket.reserve() > 0 for _ in range(11)] == [False] * 10 + [True]


def test_rate_limit_of_one_client_pauses_the_others_of_the_account() -> None:
    time, other_time = FakeTime(), FakeTime()
    bucket = RateBucket(1000, 300, time.monotonic)
    limited, _ = scripted(answer(None, 429, retry_after="30"))
    with pytest.raises(RateLimitError):
        api_over(limited, time, bucket=bucket, max_retries=0).send(Request("GET", "/x"))
    free, _ = scripted(answer({}))

    api_over(free, other_time, bucket=bucket).send(Request("GET", "/x"))

    assert time.slept == []
    assert other_time.slept == [30]


def test_clients_of_one_account_share_one_bucket_once_it_is_known() -> None:
    first, second = bucket_for("https://h", "token one"), bucket_for("https://h", "token two")
    assert first is not second

    assert bucket_for("https://h", "the account", first) is first
    assert bucket_for("https://h", "the account", second) is first
    assert bucket_for("https://other", "the account") is not first


def test_bucket_taken_by_many_threads_counts_each_once() -> None:
    time = FakeTime()
    bucket = RateBucket(100, 1, time.monotonic)
    waits: list[float] = []

    def take() -> None:
        for _ in range(50):
            waits.append(bucket.reserve())

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(wait > 0 for wait in waits) == 100


@pytest.mark.parametrize(
    ("method", "path", "repeat", "body"),
    [
        ("POST", "/connections", "write", b"{}"),
        ("PUT", "/connections/5", "write", b"{}"),
        ("PATCH", "/connections/5", "write", b"[]"),
        ("DELETE", "/connections/5", "write", None),
        ("DELETE", "/connections/5/debug", "write", None),
        ("POST", "/connections/5/import", "write", b"{}"),
        ("POST", "/connections/5/purgeMessages", "write", None),
        ("POST", "/imports/5/invoke", "write", b"[]"),
        ("POST", "/exports/5/invoke", "consume", None),
        ("PUT", "/exports/5/replaceConnection", "write", b"{}"),
        ("GET", "/connection/5/oauth2", "read", None),
        ("GET", "/connections/5/oauth2", "read", None),
        ("POST", "/connections/5/export", "consume", b'{"export":{}}'),
        ("POST", "/connections/5/export", "read", b'{"export":{"type":"once"}}'),
        ("POST", "/connections/5/export/pages", "read", b'{"export":{"file":{"type":"csv"}}}'),
        ("POST", "/exports/preview", "read", b'{"rdbms":{"once":{"query":"x"}}}'),
        ("POST", "/connections/5/export", "read", b'{"export":{"rdbms":{"query":"delete from t"}}}'),
        ("POST", "/connections/5/export/pages", "read", b'{"export":{"jdbc":{"query":"call p()"}}}'),
        ("POST", "/connections/5/export", "read", b"not json"),
        ("POST", "/somewhere/new", "read", b"{}"),
        ("DELETE", "/connections/5#/walks/7", "write", None),
        ("DELETE", "/connections/5?/walks/7", "write", None),
        ("DELETE", "/connections/5/walks/..", "write", None),
        ("PUT", "/connections/5#/metadata", "write", b"{}"),
        ("POST", "/connections/#/ping", "write", b"{}"),
        ("GET", "/Connections/5/OAuth2/", "read", None),
    ],
)
def test_read_only_client_refuses_before_the_network(method: str, path: str, repeat: Any, body: bytes | None) -> None:
    handle, asked = scripted(answer({}))

    with pytest.raises(ConfigError, match="read-only"):
        api_over(handle, read_only=True).send(Request(method, path, body=body, repeat=repeat))

    assert asked == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/connections", None),
        ("GET", "/connections/5/audit", None),
        ("POST", "/connections/ping", b"{}"),
        ("POST", "/connections/5/ping", None),
        ("POST", "/connections/5/export", b'{"export":{"rdbms":{"query":"select 1"}}}'),
        ("POST", "/connections/5/export/pages", b'{"export":{"file":{"skipDelete":true}},"pagedExportState":{}}'),
        ("POST", "/connections/5/import/map", b"{}"),
        ("POST", "/exports/preview", b'{"rdbms":{"query":"select 1"}}'),
    ],
)
def test_read_only_client_sends_what_changes_nothing(method: str, path: str, body: bytes | None) -> None:
    handle, asked = scripted(answer({}))

    api_over(handle, read_only=True).send(Request(method, path, body=body))

    assert len(asked) == 1


def test_error_of_a_server_keeps_codes_and_fields() -> None:
    body = {"errors": [{"code": "missing_required_field", "message": "Expected field: key.", "field": "rdbms.key"}]}
    handle, _ = scripted(answer(body, 422))

    with pytest.raises(ApiError) as caught:
        api_over(handle).send(Request("POST", "/connections", repeat="write"))

    error = caught.value
    assert (error.status, error.codes, error.method, error.path) == (
        422,
        ("missing_required_field",),
        "POST",
        "/connections",
    )
    assert "rdbms.key: Expected field: key. (missing_required_field)" in str(error)


def test_error_with_a_body_that_is_not_json_is_still_of_the_tree() -> None:
    handle, _ = scripted(answer(b"<html>Bad gateway</html>", 502, content_type="text/html"))

    with pytest.raises(ServerError, match=r"text/html, 24 bytes"):
        api_over(handle).send(Request("POST", "/x", repeat="write"))


@pytest.mark.parametrize(
    ("base_url", "question"),
    [
        ("https://api.eu.integrator.io", "A US token on the EU host?"),
        ("https://api.integrator.io", "A token of another region on the US host?"),
        ("https://api.ca.integrator.io", "A US token on the CA host?"),
        ("http://localhost:1", "a US token on the EU host?"),
    ],
)
def test_wrong_token_asks_about_the_region(base_url: str, question: str) -> None:
    handle, asked = scripted(answer({"errors": [{"code": "unauthorized", "message": "no"}]}, 401))

    with pytest.raises(ApiError, match="401") as caught:
        api_over(handle, base_url=base_url).token_info()

    assert question in str(caught.value)
    assert len(asked) == 1


@pytest.mark.parametrize("repeat", ["read", "write", "consume"])
def test_stop_ends_a_wait_and_the_request_was_surely_not_processed(repeat: Any) -> None:
    stop = threading.Event()
    refused = threading.Event()

    def limited(request: Request) -> Any:
        refused.set()
        return answer(None, 429, retry_after="100")

    asked: list[Request] = []
    api = ApiClient(CallableTransport(lambda request: (asked.append(request), limited(request))[1]))
    failures: list[TransportError] = []

    def call() -> None:
        try:
            api.send(Request("POST", "/x", repeat=repeat, stop=stop))
        except TransportError as error:
            failures.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    assert refused.wait(10)
    stop.set()
    thread.join(10)

    assert len(asked) == 1
    assert failures[0].processed is False
    assert "stopped before it was sent again" in str(failures[0])


def test_stop_while_the_bucket_is_full_sends_nothing() -> None:
    stop = threading.Event()
    time = FakeTime()
    bucket = RateBucket(1, 1, time.monotonic)
    bucket.pause(500)
    handle, asked = scripted(answer({}))
    clock = Clock(time.monotonic, time.sleep, wait=lambda event, seconds: event.set() or event.is_set())
    api = ApiClient(CallableTransport(handle), bucket=bucket, clock=clock)

    with pytest.raises(TransportError, match="stopped before it was sent") as caught:
        api.send(Request("GET", "/x", stop=stop))

    assert asked == []
    assert caught.value.processed is False


def test_stop_during_the_request_keeps_its_answer() -> None:
    stop = threading.Event()

    def handle(request: Request) -> Any:
        stop.set()
        return answer({"a": 1})

    assert api_over(handle).send(Request("POST", "/x", repeat="write", stop=stop)).status == 200


@pytest.mark.parametrize(("outcome", "processed"), [("503", None), ("reset", None), ("refused", False)])
def test_stop_after_a_failure_tells_what_the_failure_proves(outcome: str, processed: bool | None) -> None:
    stop = threading.Event()

    def handle(request: Request) -> Any:
        stop.set()
        found = _outcome(outcome)
        if isinstance(found, Exception):
            raise found
        return found

    with pytest.raises(TransportError) as caught:
        api_over(handle).send(Request("GET", "/x", stop=stop))

    assert caught.value.processed is processed


def test_stop_of_a_thread_holds_for_its_requests_and_no_others() -> None:
    handle, asked = scripted(answer({}))
    api = api_over(handle)
    stop, own = threading.Event(), threading.Event()
    stop.set()

    with api.stopping(stop):
        with pytest.raises(TransportError, match="stopped before it was sent"):
            api.token_info()
        api.send(Request("GET", "/x", stop=own))  # one that brings its own
        other = threading.Thread(target=api.token_info)
        other.start()
        other.join(10)
    api.token_info()

    assert len(asked) == 3
