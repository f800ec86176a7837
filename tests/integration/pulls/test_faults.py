"""What goes wrong between two machines, over a real socket: all rows in the end, or an error that keeps what came."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.page_socket import SILENT, Answer, cuts, resets, sends, serving
from support.pulls import EXPORT, PageServer

from celigo_pandas.accessors import export_to_parquet, iter_export, read_export
from celigo_pandas.accessors.pulls.pull_options import PullOptions
from celigo_pandas.accessors.pulls.resumable import Pull
from celigo_pandas.errors import (
    AuthError,
    ConfigError,
    DocumentError,
    ExportInterrupted,
    FrameError,
    PagingError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TransportError,
)
from celigo_pandas.frames.ladder import Ladder
from celigo_pandas.frames.shape import Shape
from celigo_pandas.journal.pulls import PullJournal

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
        7,  # seen when it was decoded, then as often as any damaged body
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


class Stateless:
    """Pages of two records by whatever state comes; page 3 is spoilt the first `times` times."""

    def __init__(self, spoil: Callable[[bytes], bytes], times: int = 1) -> None:
        self._spoil = spoil
        self.left = times

    def __call__(self, number: int, body: bytes) -> Answer:
        at = (json.loads(body).get("pagedExportState") or {"p": 0})["p"]
        state = b'{"p":%d,"done":%s}' % (at + 1, b"true" if at + 1 == PAGES else b"false")
        page = b'{"data":[%s],"pagedExportState":%s}' % (b",".join(RECORDS[2 * at : 2 * at + 2]), state)
        if at == 2 and self.left:
            self.left -= 1
            page = self._spoil(page)
        return sends(page)


DAMAGE = {
    "not_json": lambda page: page.replace(b'{"n": 4', b'{"n": NaN, "m": 4'),
    "comma": lambda page: page.replace(b'{"n": 4,', b'{"n": 4,,'),
    "latin_1": lambda page: page.replace(b"xxx", b"\xe9xx", 1),
}


@pytest.mark.parametrize("journalled", [False, True])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_among_the_records_that_passes_costs_no_row(damage: str, journalled: bool, tmp_path: Path) -> None:
    with serving(Stateless(DAMAGE[damage])) as (_, con):
        df = read_export(EXPORT, con, journal=tmp_path / "j" if journalled else None)

        assert df["n"].tolist() == list(range(10))
        assert df.attrs["celigo"]["pages"] == PAGES


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_among_the_records_that_passes_costs_a_stream_no_row(damage: str, tmp_path: Path) -> None:
    with serving(Stateless(DAMAGE[damage])) as (_, con):
        assert pd.concat(iter_export(EXPORT, con))["n"].tolist() == list(range(10))
    with serving(Stateless(DAMAGE[damage])) as (_, con):
        path = export_to_parquet(EXPORT, con, tmp_path / "x.parquet")

    assert pd.read_parquet(path)["n"].tolist() == list(range(10))


def test_damaged_page_is_not_kept_in_a_journal(tmp_path: Path) -> None:
    with serving(Stateless(DAMAGE["not_json"], 6)) as (server, con):
        with pytest.raises(ExportInterrupted, match="NaN is not JSON") as caught:
            read_export(EXPORT, con, journal=tmp_path / "j")
        assert caught.value.partial["n"].tolist() == [0, 1, 2, 3]
        assert len(server.bodies) == 2 + 6

        assert read_export(EXPORT, con, journal=tmp_path / "j")["n"].tolist() == list(range(10))
        assert len(server.bodies) == 2 + 6 + 3


def test_damaged_page_of_a_consuming_export_is_kept_as_it_came(tmp_path: Path) -> None:
    with serving(Stateless(DAMAGE["not_json"])) as (_, con):
        with pytest.raises(ExportInterrupted, match="NaN is not JSON"):
            read_export(CONSUMING, con, consume=True, journal=tmp_path / "j")

        with PullJournal(tmp_path / "j").opened(con.id, CONSUMING, True) as journal:
            assert b'"n": NaN' in list(journal.stored_pages())[2]


class Failing(Ladder):
    """Fails at its second block as a machine does that runs out of memory."""

    def __init__(self) -> None:
        super().__init__(Shape())
        self.calls = 0

    def decode(self, *args: Any, **options: Any) -> Any:
        self.calls += 1
        if self.calls == 2:
            raise MemoryError("malloc of size 1234 failed")
        return super().decode(*args, **options)


def test_failure_of_any_kind_while_decoding_keeps_the_rows_and_resume_gives_each_once() -> None:
    with serving(Stateless(bytes)) as (_, con):
        pull = Pull(con, EXPORT, PullOptions(max_rows=100))  # max_rows: each page is decoded by itself
        pull._ladder = Failing()
        with pytest.raises(ExportInterrupted, match="MemoryError: malloc") as caught:
            pull.run()

        assert isinstance(caught.value.__cause__, MemoryError)
        assert caught.value.partial["n"].tolist() == [0, 1]
        assert con.client.last_pull.resume()["n"].tolist() == list(range(10))


@pytest.mark.parametrize("depth", [250, 700, 1015, 1500, 3000])
def test_record_nested_too_deeply_is_a_clear_error_with_the_rows(depth: int) -> None:
    deep = b'{"x":' * depth + b"1" + b"}" * depth
    with serving(Stateless(lambda page: page.replace(b'{"n": 4', b'{"y":%s,"n": 4' % deep), 99)) as (_, con):
        with pytest.raises(ExportInterrupted, match="deep") as caught:
            read_export(EXPORT, con)

        assert isinstance(caught.value.__cause__, FrameError)
        assert caught.value.partial["n"].tolist() == [0, 1, 2, 3]
        if depth < 1000:
            assert read_export(EXPORT, con, nested="keep")["n"].tolist() == list(range(10))


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
        at = json.loads(body).get("pagedExportState", {"p": -1})["p"] + 1
        return sends(b'{"data":[{"n":%d}],"pagedExportState":{"p":%d,"done":false}}' % (at, min(at, 2)))

    with serving(script) as (server, con):
        with pytest.raises(ExportInterrupted, match="page state that an earlier page had") as caught:
            read_export(EXPORT, con)

        assert isinstance(caught.value.__cause__, PagingError)
        assert caught.value.partial["n"].tolist() == [0, 1, 2, 3]
        assert len(server.bodies) == 5  # the last page twice: a late second answer would look the same
        with pytest.raises(ConfigError, match="does not take its page state"):
            con.client.last_pull.resume()


def _stale(page: bytes) -> bytes:
    """Give page 3 the state that page 2 had."""
    return page.replace(b'{"p":3,', b'{"p":2,')


def test_repeated_state_does_not_spoil_a_journal(tmp_path: Path) -> None:
    with serving(Stateless(_stale, 4)) as (_, con):
        for _ in range(2):
            with pytest.raises(ExportInterrupted, match="asks for the same page again; with resume=False") as caught:
                read_export(EXPORT, con, journal=tmp_path / "j")
            assert caught.value.partial["n"].tolist() == [0, 1, 2, 3, 4, 5]

        df = read_export(EXPORT, con, journal=tmp_path / "j")

    assert df["n"].tolist() == list(range(10))
    assert df.attrs["celigo"]["complete"] is True


def test_repeated_state_of_a_consuming_export_keeps_the_page_and_asks_for_none(tmp_path: Path) -> None:
    """Its records are gone from the source, so the journal has them; nobody knows which page would come next."""
    with serving(Stateless(_stale, 2)) as (server, con):
        for _ in range(2):
            with pytest.raises(ExportInterrupted, match="page state that an earlier page had") as caught:
                read_export(CONSUMING, con, consume=True, journal=tmp_path / "j")
            assert caught.value.partial["n"].tolist() == [0, 1, 2, 3, 4, 5]

        assert len(server.bodies) == 3


def test_expired_state_with_a_journal_says_that_it_has_to_start_over(tmp_path: Path) -> None:
    fault = Faulty(lambda page: sends(_error("invalid_paged_export_state"), "422 Unprocessable"), 3, 2)
    with serving(fault) as (_, con):
        for _ in range(2):
            with pytest.raises(ExportInterrupted, match="with resume=False it starts over"):
                read_export(EXPORT, con, journal=tmp_path / "j")

        df = read_export(EXPORT, con, journal=tmp_path / "j", resume=False)

    assert df["n"].tolist() == list(range(10))


@pytest.mark.parametrize("own", [{"pageSize": 2}, {}])
@pytest.mark.parametrize("later", [{"pageSize": 3}, {"pageSize": 2}, {}])
def test_journal_goes_on_with_the_page_size_it_began_with(own: dict, later: dict, tmp_path: Path) -> None:
    """The state counts in pages: with another size, rows would be passed over or come twice."""
    pages = PageServer(RECORDS)
    failed = False

    def script(number: int, body: bytes) -> Answer:
        nonlocal failed
        if number == 1:
            failed = True
            return sends(_error("unauthorized"), "401 No")
        return sends(pages.body_for(body))

    with serving(script) as (_, con):
        with pytest.raises(ExportInterrupted):
            read_export({**EXPORT, **own}, con, journal=tmp_path / "j", page_size="auto" if own else 4)
        df = read_export({**EXPORT, **later}, con, journal=tmp_path / "j")

    assert failed
    assert df["n"].tolist() == list(range(10))
    assert {body["export"]["pageSize"] for body in pages.bodies} == {own.get("pageSize", 4)}


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
