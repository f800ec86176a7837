"""Dotted paths: what they read, write and leave alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from celigo_pandas.documents.dotted import (
    find_at,
    find_member,
    indexed,
    put_member,
    remove_member,
    with_member,
    without_member,
)
from celigo_pandas.errors import DocumentError


def document() -> dict[str, Any]:
    return {"http": {"headers": [{"name": "Accept"}], "auth": None}, "name": "n"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("name", "n"),
        ("http.headers.0.name", "Accept"),
        ("http.headers.1.name", "none"),
        ("http.headers.first", "none"),
        ("http.headers.²", "none"),
        ("http.auth", None),
        ("http.auth.type", "none"),
        ("name.length", "none"),
        ("", "none"),
    ],
)
def test_find_member_gives_what_is_there_or_the_default(path: str, expected: Any) -> None:
    assert find_member(document(), path, "none") == expected


def test_places_of_problems_are_read_with_their_positions() -> None:
    assert find_at({"a": [{"b": [1, 2]}]}, indexed("a[0].b[1]")) == 2


def test_put_member_makes_objects_and_steps_into_lists() -> None:
    doc = document()

    put_member(doc, "http.auth.type", "token")
    put_member(doc, "http.headers.0.name", "Host")
    put_member(doc, "http.headers.1", {})

    assert doc == {"http": {"headers": [{"name": "Host"}, {}], "auth": {"type": "token"}}, "name": "n"}


@pytest.mark.parametrize("path", ["name.x", "name.x.y", "http.headers.2", "http.headers.x", "http.headers.5.name"])
def test_put_member_replaces_nothing_that_is_no_object(path: str) -> None:
    doc = document()

    with pytest.raises(DocumentError, match="leads through a value that is no object"):
        put_member(doc, path, 1)

    assert doc == document()


def test_removing_what_is_not_there_changes_nothing() -> None:
    doc = document()

    for path in ("http.ping.method", "name.x", "other"):
        remove_member(doc, path)
        assert without_member(doc, path) == document()

    assert doc == document()


def test_copies_leave_the_document_alone() -> None:
    doc = document()
    before = copy.deepcopy(doc)

    assert with_member(doc, "name.first", 1)["name"] == {"first": 1}
    assert without_member(with_member(doc, "http.ping.method", "GET"), "http.ping.method") == before
    assert doc == before
