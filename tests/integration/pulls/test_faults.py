"""What goes wrong between two machines, over a real socket: all rows in the end, or an error that keeps what came."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.page_socket import SILENT, Answer, cuts, resets, sends, serving
from support.pulls import EXPORT, PageServer

from celigo_pandas.accessors import iter_export, read_export
from celigo_pandas.errors import (
    AuthError,
    ConfigError,
    DocumentError,
    ExportInterrupted,
    PagingError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TransportError,
)

RECORDS = [json.dumps({"n": number, "t": "x" * 50}).encode() for number in range(10)]
PAGES = 5


class Faulty:
    """Answers with pages of two records, but request number `at` (and `times` - 1 more) with a fault."""

    def __init__(self, fault: Callable[[bytes], Answer], at: int = 2, times: int = 1) -> None:
        self._pages = PageServer(RECORDS, page_size=2)
        self._fault = fault
        self._faulty = range(at, at + times)

    def __call__(self, number: int, body: bytes) -> Answer:
        page = self._pages.body_for(body)
        if number in self._faulty:
            self._pages.states.pop()
            self._pages.bodies.pop()
            return self._fault(page)
        return sends(page)


def _error(code: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": "no"}]}).encode()


RECOVERED = {
    "429_with_retry_after": (lambda page: sends(_error("rate_limited"), "429 Too Many", "Retry-After: 1\r\n"), 3),
    "503": (lambda page: sends(b"busy", "503 Unavailable", kind="text/plain"), 2),
    "408": (lambda page: sends(b"", "408 Timeout"), 2),
    "html": (lambda page: sends(b"<html>login</html>", kind="text/html"), 5),
    "body_cut_off": (lambda page: cuts(page[: len(page) // 2]), 5),
    "body_cut_off_without_length": (lambda page: sends(page[: len(page) // 2]), 5),
    "reset_mid_body": (lambda page: resets(page[: len(page) // 2]), 5),
    "reset_after_the_answer": (lambda page: resets(page), 5),
}


@pytest.mark.parametrize("name", RECOVERED)
@pytest.mark.parametrize("at", [0, 2, 4])
def test_fault_that_passes_costs_no_row(name: str, at: int) -> None:
    fault, times = RECOVERED[name]
    with serving(Faulty(fault, at, times)) as (server, con):
        df = read_export(EXPORT, con)

    assert df["n"].tolist() == list(range(10))
    assert df.attrs["celigo"]["complete"] is True
    assert len(server.bodies) == PAGES + times


FINAL = {
    "503": (lambda page: sends(b"busy", "503 Unavailable", kind="text/plain"), ServerError, 3),
    "html": (lambda page: sends(b"<html>login</html>", kind="text/html"), TransportError, 6),
    "reset": (lambda page: resets(page[:9]), TransportError, 6),
    "token_expired": (lambda page: sends(_error("unauthorized"), "401 No"), AuthError, 1),
    "number_for_data": (lambda page: sends(b'{"data":7,"pagedExportState":{"p":1}}'), TransportError, 1),
    "no_data": (lambda page: sends(b'{"pagedExportState":{"p":1}}'), TransportError, 1),
    "no_content": (lambda page: ("send", b"HTTP/1.1 204 No Content\r\n\r\n"), TransportError, 1),
    "records_that_are_no_json": (
        lambda page: sends(b'{"data":[{"n":NaN}],"pagedExportState":{"p":1,"done":true}}'),
        TransportError,
        1,
    ),
}


@pytest.mark.parametrize("name", FINAL)
def test_fault_that_stays_keeps_the_rows_and_resume_goes_on(name: str) -> None:
    fault, cause, requests = FINAL[name]
    with serving(Faulty(fault, 2, requests)) as (server, con):
        with pytest.raises(ExportInterrupted, match=r"client\.last_pull\.resume\(\)") as caught:
            read_export(EXPORT, con)

        assert isinstance(caught.value.__cause__, cause)
        assert caught.value.partial["n"].tolist() == [0, 1, 2, 3]
        assert con.client.last_pull.partial.equals(caught.value.partial)
        assert caught.value.partial.attrs["celigo"]["complete"] is False
        assert len(server.bodies) == 2 + requests
        assert con.client.last_pull.resume()["n"].tolist() == list(range(10))


def test_bad_records_found_after_later_pages_had_come_are_asked_for_again() -> None:
    pages = PageServer(RECORDS, page_size=2)

    def script(number: int, body: bytes) -> Answer:
        page = pages.body_for(body)
        return sends(page.replace(b'{"n": 4', b'{"n": NaN, "m": 4') if number == 2 else page)

    with serving(script) as (_, con):
        with pytest.raises(ExportInterrupted, match="NaN is not JSON") as caught:
            read_export(EXPORT, con)

        assert caught.value.partial["n"].tolist() == [0, 1, 2, 3]
        pages.states[:] = pages.states[:2]
        assert con.client.last_pull.resume()["n"].tolist() == list(range(10))


def test_silent_server_ends_at_the_timeout_and_keeps_the_rows() -> None:
    with serving(Faulty(lambda page: SILENT, 2, 99), timeout=(2, 0.3), max_retries=1) as (_, con):
        started = time.monotonic()
        with pytest.raises(ExportInterrupted, match="did not answer within") as caught:
            read_export(EXPORT, con)

    assert time.monotonic() - started < 5
    assert isinstance(caught.value.__cause__, RequestTimeoutError)
    assert caught.value.partial["n"].tolist() == [0, 1, 2, 3]


def test_rate_limit_beyond_the_deadline_keeps_the_rows() -> None:
    fault = RECOVERED["429_with_retry_after"][0]
    with serving(Faulty(fault, 2, 9999), deadline_s=0.05) as (_, con), pytest.raises(ExportInterrupted) as caught:
        read_export(EXPORT, con)

    assert isinstance(caught.value.__cause__, RateLimitError)
    assert len(caught.value.partial) == 4


def test_repeated_state_is_an_error_with_the_rows_and_no_loop() -> None:
    def script(number: int, body: bytes) -> Answer:
        return sends(b'{"data":[{"n":%d}],"pagedExportState":{"p":%d,"done":false}}' % (number, min(number, 2)))

    with serving(script) as (server, con):
        with pytest.raises(ExportInterrupted, match="page state that an earlier page had") as caught:
            read_export(EXPORT, con)

        assert isinstance(caught.value.__cause__, PagingError)
        assert caught.value.partial["n"].tolist() == [0, 1, 2, 3]
        assert len(server.bodies) == 4
        with pytest.raises(ConfigError, match="does not take its page state"):
            con.client.last_pull.resume()


@pytest.mark.parametrize("status", ["422 Unprocessable", "400 Bad", "404 Gone"])
def test_expired_state_says_what_is_safe(status: str) -> None:
    fault = Faulty(lambda page: sends(_error("invalid_paged_export_state"), status), 3, 99)
    with serving(fault) as (_, con), pytest.raises(ExportInterrupted, match="no longer takes the page") as caught:
        read_export(EXPORT, con)

    assert isinstance(caught.value.__cause__, PagingError)
    assert caught.value.codes == ("invalid_paged_export_state",)
    assert len(caught.value.partial) == 6


def test_oversize_pages_are_asked_for_in_halves() -> None:
    pages = PageServer([json.dumps({"n": number}).encode() for number in range(700)])

    def script(number: int, body: bytes) -> Answer:
        if json.loads(body)["export"]["pageSize"] > 300:
            return sends(_error("too_large"), "413 Too Large")
        return sends(pages.body_for(body))

    with serving(script) as (server, con):
        df = read_export(EXPORT, con)

    assert df["n"].tolist() == list(range(700))
    assert df.attrs["celigo"]["page_size"] == 250
    assert len(server.bodies) == 2 + 3


def test_oversize_page_of_a_size_that_was_given_says_what_to_ask_for() -> None:
    with serving(lambda number, body: sends(_error("too_large"), "413 Too Large")) as (server, con):
        with pytest.raises(PagingError, match=r"page_size=100"):
            read_export(EXPORT, con, page_size=400)
        with pytest.raises(PagingError, match="413"):
            read_export({**EXPORT, "pageSize": 50}, con)

    assert len(server.bodies) == 2


def test_failure_of_the_first_page_is_raised_as_it_is() -> None:
    with serving(Faulty(lambda page: sends(_error("unauthorized"), "401 No"), 0)) as (_, con):
        with pytest.raises(AuthError):
            read_export(EXPORT, con)

        assert con.client.last_pull.partial.shape == (0, 0)


CONSUMING = {"type": "once", "rdbms": {"query": "q", "once": {"query": "u"}}}


@pytest.mark.parametrize("fault", ["reset_after_the_answer", "503", "html", "body_cut_off"])
def test_consuming_export_is_asked_once_and_the_error_says_what_may_be_lost(fault: str) -> None:
    with serving(Faulty(RECOVERED[fault][0], 2, 1)) as (server, con):
        with pytest.raises(ExportInterrupted, match="may be gone from the source unread") as caught:
            read_export(CONSUMING, con, consume=True)

        assert len(server.bodies) == 3
        assert caught.value.partial["n"].tolist() == [0, 1, 2, 3]
        with pytest.raises(ConfigError, match="is not sent again"):
            con.client.last_pull.resume()
        assert len(server.bodies) == 3


def test_consuming_export_is_resent_after_429_only() -> None:
    fault, times = RECOVERED["429_with_retry_after"]
    with serving(Faulty(fault, 2, times)) as (server, con):
        assert len(read_export(CONSUMING, con, consume=True)) == 10

    assert len(server.bodies) == PAGES + times


@pytest.mark.parametrize(
    ("doc", "member"),
    [
        ({"type": "once"}, "type"),
        ({"once": {"booleanField": "x"}}, "once"),
        ({"rdbms": {"query": "q", "once": {"query": "u"}}}, "rdbms.once"),
        ({"http": {"once": {}}}, "http.once"),
        ({"file": {"type": "csv"}}, "file.skipDelete"),
        ({"file": {"skipDelete": "true"}}, "file.skipDelete"),
    ],
)
def test_consuming_export_without_consent_is_refused_before_the_network(doc: dict[str, Any], member: str) -> None:
    with serving(Faulty(lambda page: sends(page))) as (server, con):
        with pytest.raises(DocumentError, match=f"{member!r}.*consume=True"):
            read_export(doc, con)
        with pytest.raises(DocumentError, match="consume=True"):
            iter_export(doc, con)

    assert server.bodies == []


def test_stream_that_fails_gives_out_what_came() -> None:
    with serving(Faulty(FINAL["html"][0], 2, 99)) as (_, con):
        stream = iter_export(EXPORT, con, chunksize=3)
        assert next(stream)["n"].tolist() == [0, 1, 2]
        with pytest.raises(ExportInterrupted) as caught:
            next(stream)

    assert caught.value.partial["n"].tolist() == [3]
