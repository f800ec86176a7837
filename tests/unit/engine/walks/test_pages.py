from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celigo_pandas.engine.adaptors.protocol import Chunk
from celigo_pandas.engine.walks import pages
from celigo_pandas.engine.walks.pages import PAGE_BYTES, Page, cut_pages


def read(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.head + b"}")
    assert len(found["data"]) == len(found["dataURIs"]) == page.records
    return found


def test_pages_nothing_gives_one_empty_page() -> None:
    assert [read(page) for page in cut_pages([], 10)] == [{"data": [], "dataURIs": []}]
    assert [read(page) for page in cut_pages([Chunk([]), Chunk([])], 10)] == [{"data": [], "dataURIs": []}]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=12), st.integers(1, 9))
def test_pages_any_chunks_give_each_record_once_in_full_pages(chunks: list[int], size: int) -> None:
    records = iter(range(1000))
    made = [Chunk([{"n": next(records)} for _ in range(count)]) for count in chunks]

    found = [read(page)["data"] for page in cut_pages(made, size)]

    assert [one["n"] for page in found for one in page] == list(range(sum(chunks)))
    assert all(len(page) == size for page in found[:-1])


def test_pages_too_large_ends_early_and_stays_below_5_mb() -> None:
    record = {"text": "x" * 600_000}

    found = list(cut_pages([Chunk([record] * 20)], 20))

    assert [page.records for page in found] == [8, 8, 4]
    assert all(len(page.head) < PAGE_BYTES for page in found)


def test_pages_record_above_5_mb_is_an_error_beside_the_data() -> None:
    records = [{"n": 1}, {"text": "x" * 5_100_000}, {"n": 3}]

    found = [read(page) for page in cut_pages([Chunk(records, [{"code": "earlier"}])], 10)]

    assert [page["data"] for page in found] == [[{"n": 1}, {"n": 3}]]
    assert [error["code"] for error in found[0]["errors"]] == ["earlier", "record_too_large"]


def test_pages_of_records_that_share_one_text_are_never_encoded_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A workbook keeps a text once, however many cells show it: as JSON, the page below would be 2 GB."""
    largest = 0

    def dump(value: Any) -> bytes:
        nonlocal largest
        encoded = json.dumps(value, separators=(",", ":")).encode()
        largest = max(largest, len(encoded))
        return encoded

    monkeypatch.setattr(pages.json_text, "dump", dump)
    record = {"text": "x" * 1_000_000}

    first = next(cut_pages([Chunk([record] * 2_000)], 2_000))

    assert first.records == 4
    assert largest < 25_000_000


def test_pages_say_how_many_records_they_lost() -> None:
    large = {"text": "x" * 5_100_000}

    found = list(cut_pages([Chunk([large, {"n": 1}, large])], 3, note=" It stays."))

    assert [page.lost for page in found] == [2]
    assert all(error["message"].endswith("may have 5000000. It stays.") for error in read(found[0])["errors"])


def test_pages_data_uris_are_parallel_to_the_data() -> None:
    chunks = [Chunk([{"n": 1}, {"n": 2}, {"n": 3}])]

    found = [read(page) for page in cut_pages(chunks, 2, lambda record: f"u{record['n']}")]  # type: ignore[call-overload]

    assert [page["dataURIs"] for page in found] == [["u1", "u2"], ["u3"]]


def test_pages_errors_of_a_chunk_are_told_once() -> None:
    chunks = [
        Chunk([{"n": 1}], [{"code": "a"}]),
        Chunk([{"n": 2}, {"n": 3}], [{"code": "b"}]),
        Chunk([], [{"code": "c"}]),
    ]

    errors = [error["code"] for page in cut_pages(chunks, 1) for error in read(page).get("errors", [])]

    assert errors == ["a", "b", "c"]


@pytest.mark.parametrize("value", [2**70, "\ud800", 1e300, None, {"": []}])
def test_pages_odd_values_survive(value: Any) -> None:
    (page,) = cut_pages([Chunk([{"v": value}])], 10)

    assert read(page)["data"] == [{"v": value}]
