"""The pager alone: what it asks for next, without a server."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from celigo_pandas.engine.adaptors.http.paging import METHODS, Page, Pager, open_pager
from celigo_pandas.engine.adaptors.protocol import SourceFailure


def page(body: Any, count: int = 1, **headers: str) -> Page:
    return Page(
        url="https://x.com/api/items?p=1",
        status=200,
        headers=CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()}),
        body=body,
        count=count,
        last={"id": 9},
        digest=hashlib.sha256(repr((body, count)).encode()).digest(),
    )


@pytest.mark.parametrize(
    ("values", "value", "is_last"),
    [
        (["true"], True, True),
        (["true"], "true", True),
        (["True"], True, False),
        (["null"], None, True),
        (["0"], 0, True),
        (["0"], "00", False),
        ("done", "done", True),
        (None, "anything", True),
        (None, None, False),
        (None, False, False),
        (None, "", False),
    ],
)
def test_last_page_values_are_exact_texts(values: Any, value: Any, is_last: bool) -> None:
    paging = {"method": "page", "lastPagePath": "meta.last", "lastPageValues": values}

    step = Pager(paging).after(page({"meta": {"last": value}}))

    assert (step is None) is is_last


def test_last_page_path_that_is_missing_is_not_met() -> None:
    assert Pager({"method": "page", "lastPagePath": "gone", "lastPageValues": ["null"]}).after(page({})) is not None


def test_max_page_path_wins_over_max_count_path() -> None:
    paging = {"method": "page", "maxPagePath": "pages", "maxCountPath": "count"}

    assert Pager(paging).after(page({"pages": 2, "count": 1})) is not None
    assert Pager(paging).after(page({"pages": "1", "count": 99})) is None
    assert Pager(paging).after(page({"count": 1})) is None
    assert Pager(paging).after(page({"pages": "unknown", "count": "many"})) is not None


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://x.com/api/items?p=2", "https://x.com/api/items?p=2"),
        ("/api/items?p=2", "https://x.com/api/items?p=2"),
        ("?p=2", "https://x.com/api/items?p=2"),
        ("items2", "https://x.com/api/items2"),
        ("", None),
        (None, None),
        (False, None),
        (7, None),
    ],
)
def test_next_url_may_be_relative_to_its_page(link: Any, expected: str | None) -> None:
    step = Pager({"method": "url", "path": "next"}).after(page({"next": link}))

    assert (step.url if step else None) == expected


@pytest.mark.parametrize(
    ("header", "relation", "expected"),
    [
        ('<https://x.com/2>; rel="next"', None, "https://x.com/2"),
        ('<https://x.com/1>; rel="prev", <https://x.com/2>; rel=next', None, "https://x.com/2"),
        ('<https://x.com/2>; rel="NEXT last"', None, "https://x.com/2"),
        ('<https://x.com/2>; rel="more"', "more", "https://x.com/2"),
        ('<https://x.com/2?a=1,2;b>; title="x"; rel="next"', None, "https://x.com/2?a=1,2;b"),
        (
            '<https://x.com/1>; title="a, <b>; rel=next"; rel="prev", <https://x.com/2>;rel="next"',
            None,
            "https://x.com/2",
        ),
        ('<https://x.com/1>; rel="prev"', None, None),
        ('<https://x.com/1>; myrel="next"', None, None),
        ("", None, None),
    ],
)
def test_link_header_relation_is_found(header: str, relation: str | None, expected: str | None) -> None:
    paging = {"method": "linkheader", **({"linkHeaderRelation": relation} if relation else {})}

    step = Pager(paging).after(page([], Link=header))

    assert (step.url if step else None) == expected


@pytest.mark.parametrize(
    ("paging", "field"),
    [
        ({"method": "cursor"}, "http.paging.method"),
        ({"method": "token"}, "http.paging.path"),
        ({"method": "url"}, "http.paging.path"),
        ({"method": "relativeuri"}, "http.paging.relativeURI"),
        ({"method": "body"}, "http.paging.body"),
    ],
)
def test_pager_of_an_unfit_document_names_the_field(paging: dict[str, Any], field: str) -> None:
    with pytest.raises(SourceFailure) as failed:
        Pager(paging)

    assert failed.value.field == field


def test_no_method_is_one_page() -> None:
    assert open_pager(None) is open_pager({}) is open_pager({"method": ""}) is None
    assert set(METHODS) == {"page", "skip", "token", "url", "linkheader", "relativeuri", "body"}


@settings(max_examples=60, deadline=None)
@given(counts=st.lists(st.integers(1, 50), max_size=30), start=st.integers(0, 5))
def test_skip_and_page_count_what_came(counts: list[int], start: int) -> None:
    """Whatever the pages hold, ``skip`` is the records so far and ``page`` the pages so far."""
    skip, number = Pager({"method": "skip", "skip": start}), Pager({"method": "page", "page": start})
    asked = [(skip.first().paging["skip"], number.first().paging["page"])]
    for position, count in enumerate(counts):
        first, second = skip.after(page(position, count)), number.after(page(position, count))
        assert first is not None
        assert second is not None
        asked.append((first.paging["skip"], second.paging["page"]))

    assert asked == [(start + sum(counts[:n]), start + n) for n in range(len(counts) + 1)]
    assert skip.after(page("end", 0)) is None


@settings(max_examples=60, deadline=None)
@given(tokens=st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=20))
def test_token_walk_never_asks_twice_for_one_token(tokens: list[str]) -> None:
    pager = Pager({"method": "token", "path": "next"})
    asked: list[Any] = []
    for token in tokens:
        if token in asked:
            with pytest.raises(SourceFailure, match="read already"):
                pager.after(page({"next": token}))
            break
        step = pager.after(page({"next": token}))
        assert step is not None
        asked.append(step.paging["token"])

    assert asked == list(dict.fromkeys(tokens))[: len(asked)]
