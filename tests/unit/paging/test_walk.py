"""The walk: which request comes next, and when it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celigo_pandas.errors import PagingError
from celigo_pandas.paging import STALE_REQUESTS, TOO_LARGE, Page, Trail, effective_page_size, read_page, state_key, walk

EXPORT = {"rdbms": {"query": "select 'é'"}}


def _page(state: bytes | None, done: bool = False) -> Page:
    return Page(b"[]", state, done)


def test_first_request_sends_the_document_as_it_is() -> None:
    request = next(walk(EXPORT))

    assert json.loads(request.body) == {"export": EXPORT}
    assert (request.number, request.state, request.page_size) == (1, None, None)


def test_page_size_is_the_only_member_added() -> None:
    assert json.loads(next(walk(EXPORT, page_size=7)).body) == {"export": {**EXPORT, "pageSize": 7}}
    assert EXPORT == {"rdbms": {"query": "select 'é'"}}


@pytest.mark.parametrize(
    ("doc", "asked", "expected"), [({}, "auto", 1000), ({"pageSize": 20}, "auto", None), ({"pageSize": 20}, 50, 50)]
)
def test_effective_page_size_auto_respects_the_document(doc: dict[str, Any], asked: Any, expected: int | None) -> None:
    assert effective_page_size(doc, asked) == expected


def test_state_goes_back_byte_for_byte() -> None:
    state = b'{ "z":1.0, "a" : "\\u00e9", "n":12345678901234567890 }'
    pages = walk(EXPORT)
    next(pages)

    request = pages.send(_page(state))

    assert request.body.endswith(b',"pagedExportState":' + state + b"}")
    assert json.loads(request.body)["export"] == EXPORT


@pytest.mark.parametrize(("page", "reason"), [(_page(None, True), "no state"), (_page(b'{"done":true}', True), "done")])
def test_walk_ends_when_state_is_missing_or_done(page: Page, reason: str) -> None:
    pages = walk(EXPORT)
    next(pages)

    with pytest.raises(StopIteration) as stop:
        pages.send(page)

    assert stop.value.value == reason


def test_empty_page_is_not_the_end() -> None:
    pages = walk(EXPORT)
    next(pages)

    assert pages.send(Page(b"[]", b'{"p":2}', False)).number == 2


@pytest.mark.parametrize("distance", [1, 3])
def test_repeated_state_raises(distance: int) -> None:
    pages = walk(EXPORT)
    next(pages)
    for number in range(distance):
        pages.send(_page(b'{"p":%d,"issuedAt":1,"sig":"a"}' % number))

    with pytest.raises(PagingError, match="state that an earlier page had"):
        pages.send(_page(b'{"issuedAt":2, "p":0,"sig":"b"}'))


def test_states_that_differ_only_in_signature_members_are_told_apart_when_there_is_nothing_else() -> None:
    assert state_key(b'{"sig":"a"}') != state_key(b'{"sig":"b"}')
    assert state_key(b'{"done":false,"sig":"a"}') != state_key(b'{"done":false,"sig":"b"}')
    assert state_key(b'{"totalRecords":9,"issuedAt":1}') != state_key(b'{"totalRecords":9,"issuedAt":2}')
    assert state_key(b'"token-1"') != state_key(b'"token-2"')
    assert state_key(b'{"p":1,"sig":"a"}') == state_key(b'{"sig":"b","p":1}')


def test_enough_ends_before_the_next_request() -> None:
    pages = walk(EXPORT, enough=lambda: True)
    next(pages)

    with pytest.raises(StopIteration) as stop:
        pages.send(_page(b'{"p":2}'))

    assert stop.value.value == "max_rows"


def test_too_large_halves_until_it_fits_and_then_stays() -> None:
    pages = walk(EXPORT, page_size=1000, may_halve=True)
    sizes = [next(pages).page_size, pages.send(TOO_LARGE).page_size, pages.send(TOO_LARGE).page_size]

    request = pages.send(_page(b'{"p":2}'))

    assert sizes == [1000, 500, 250]
    assert json.loads(request.body)["export"]["pageSize"] == 250
    with pytest.raises(PagingError, match="413"):
        pages.send(TOO_LARGE)


@pytest.mark.parametrize(("size", "halve"), [(1, True), (1000, False), (None, False)])
def test_too_large_that_cannot_be_halved_raises(size: int | None, halve: bool) -> None:
    pages = walk(EXPORT, page_size=size, may_halve=halve)
    next(pages)

    with pytest.raises(PagingError, match="413"):
        pages.send(TOO_LARGE)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_walk_of_any_pages_asks_for_each_once(sizes: list[int]) -> None:
    pages = walk(EXPORT)
    request = next(pages)
    asked = []
    with pytest.raises(StopIteration) as stop:  # noqa: PT012
        while True:
            position = json.loads(request.state)["p"] if request.state else 0
            asked.append(position)
            request = pages.send(Page(b"[]", b'{"p":%d}' % (position + 1), position + 1 == len(sizes)))
    assert stop.value.value == "done"
    assert asked == list(range(len(sizes)))


def test_walk_taken_up_again_knows_the_states_before() -> None:
    trail = Trail()
    trail.stand(b'{"p":1}')
    pages = walk(EXPORT, state=b'{"p":3}', trail=trail)
    assert next(pages).body.endswith(b'"pagedExportState":{"p":3}}')

    with pytest.raises(PagingError):
        pages.send(_page(b'{"p":1}'))


def _walked(states: list[bytes]) -> list[int]:
    """Walk pages with these states; give the numbers of the pages that were asked for."""
    pages = walk(EXPORT)
    asked = [next(pages).number]
    for number, state in enumerate(states):
        asked.append(pages.send(Page(b'[{"n":%d}]' % number, state, False)).number)
    return asked


@pytest.mark.parametrize(
    "state",
    [
        '{"p":2,"totalRecords":%d}',
        '{"p":2,"totalPages":%d,"totalRecords":1}',
        '{"p":2,"pageSize":%d}',
        '{"p":2,"totalRecords":%d,"issuedAt":1,"sig":"x"}',
    ],
)
def test_position_that_comes_again_with_other_totals_raises(state: str) -> None:
    with pytest.raises(PagingError, match="state that an earlier page had"):
        _walked([(state % number).encode() for number in range(3)])


@pytest.mark.parametrize("stamp", ["nonce", "at", "requestId"])
def test_documented_position_that_stands_still_with_the_same_records_raises(stamp: str) -> None:
    pages = walk(EXPORT)
    next(pages)
    answers = [
        b'{"data":[{"n":1}],"pagedExportState":{"pageIndex":2,"%s":%d}}' % (stamp.encode(), number)
        for number in range(2)
    ]
    pages.send(read_page(answers[0]))

    with pytest.raises(PagingError, match="state that an earlier page had"):
        pages.send(read_page(answers[1]))


def test_walk_of_empty_pages_with_ever_new_states_ends_and_can_go_on() -> None:
    trail = Trail()
    pages = walk(EXPORT, trail=trail)
    number = next(pages).number
    with pytest.raises(PagingError, match="1,000 pages brought no new record") as caught:  # noqa: PT012
        while True:
            number = pages.send(_page(b'{"token":"%d"}' % number)).number
    assert (number, caught.value.retriable) == (STALE_REQUESTS, True)

    again = walk(EXPORT, state=b'{"token":"%d"}' % number, trail=trail)
    next(again)
    assert again.send(_page(b'{"token":"new"}')).number == 2


def test_walk_of_equal_pages_counts_them_and_ends() -> None:
    trail = Trail()
    pages = walk(EXPORT, trail=trail)
    number = next(pages).number
    with pytest.raises(PagingError, match="no new record"):  # noqa: PT012
        while True:
            number = pages.send(Page(b'[{"n":1}]', b'{"token":"%d"}' % number, False)).number
    assert number == STALE_REQUESTS + 1
    assert trail.twice == STALE_REQUESTS


@pytest.mark.parametrize("period", [2, 7])
def test_walk_in_a_circle_with_ever_new_tokens_ends(period: int) -> None:
    pages = walk(EXPORT)
    number = next(pages).number
    with pytest.raises(PagingError, match="no new record"):  # noqa: PT012
        while number < 2 * STALE_REQUESTS:
            page = Page(b'[{"n":%d}]' % (number % period), b'{"token":"%d"}' % number, False)
            number = pages.send(page).number
    assert number == period + STALE_REQUESTS


def test_records_that_come_again_and_again_at_rising_positions_are_no_circle() -> None:
    pages = walk(EXPORT)
    number = next(pages).number
    while number < STALE_REQUESTS + 100:
        page = Page(b'[{"n":%d}]' % (number % 2), b'{"pageIndex":%d}' % number, False)
        number = pages.send(page).number


def test_equal_pages_at_rising_positions_are_no_repeat() -> None:
    """A query that gives the same row many times."""
    trail = Trail()
    pages = walk(EXPORT, trail=trail)
    next(pages)
    for index in range(2, 500):
        pages.send(Page(b'[{"one":1}]', b'{"pageIndex":%d}' % index, False))
    assert trail.twice == 0


def test_old_records_beyond_the_pages_that_were_announced_end_a_walk() -> None:
    """A circle of five pages, whose position rises for ever."""
    pages = walk(EXPORT)
    number = next(pages).number
    with pytest.raises(PagingError, match="it had announced 3 pages"):  # noqa: PT012
        while True:
            data, state = b'[{"n":%d}]' % (number % 5), b'{"pageIndex":%d}' % number
            number = pages.send(Page(data, state, False, total_pages=3)).number
    assert number == 5 + STALE_REQUESTS


def test_new_records_beyond_the_pages_that_were_announced_are_taken() -> None:
    pages = walk(EXPORT)
    number = next(pages).number
    for _ in range(2 * STALE_REQUESTS):
        number = pages.send(Page(b'[{"n":%d}]' % number, b'{"pageIndex":%d}' % number, False, total_pages=3)).number
    assert number == 2 * STALE_REQUESTS + 1


def test_page_index_that_begins_anew_with_another_search_is_no_repeat() -> None:
    states = [b'{"searchId":"%s","pageIndex":%d}' % (search, index) for search in (b"a", b"b") for index in (2, 3)]

    assert _walked(states) == [1, 2, 3, 4, 5]
