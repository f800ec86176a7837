"""JSON both ways, ``Link`` headers, and dotted paths of connection documents."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.client import FakeTime, answer, api_over, scripted

from celigo_pandas.client.json_bodies import decode, encode, encode_rows, seal
from celigo_pandas.client.messages import Request, Response
from celigo_pandas.documents.dotted import find_member
from celigo_pandas.documents.patching import masked_paths, merged, patch_operations
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import ConfigError, DocumentError, PagingError, TransportError
from celigo_pandas.json_numbers import TooManyDigits
from celigo_pandas.wire.links import next_target

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON)
def test_document_survives_both_ways(value: Any) -> None:
    assert decode(encode(value)) == value


def test_document_keeps_integers_of_any_size_and_lone_surrogates() -> None:
    value = {"n": 2**70, "s": "\ud800"}

    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, {"a": -math.inf}, object(), {"d": date(2026, 1, 1)}, {1, 2}, b"x"]
)
def test_document_that_json_cannot_say_is_a_document_error(value: Any) -> None:
    with pytest.raises(DocumentError, match="cannot be written as JSON"):
        encode(value)


def test_document_that_holds_itself_is_a_document_error() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(DocumentError):
        encode(value)


@pytest.mark.parametrize("content", [b"", b"nan", b'{"a": NaN}', b"[Infinity]", b"{} {}", b"\xff", b"[" * 100_000])
def test_text_that_is_not_json_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the callers turn any of them into their own error
        decode(content)


def test_secret_in_a_document_is_sent_and_not_shown() -> None:
    sealed = seal({"password": Secret("hush")}, "connection")

    assert sealed.reveal() == b'{"password":"hush"}'
    assert "hush" not in repr(sealed)


def test_rows_that_are_bytes_are_sent_as_they_are() -> None:
    assert encode_rows([b'{"a" : 1}', {"b": 2}]) == b'[{"a" : 1},{"b":2}]'
    assert encode_rows([]) == b"[]"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        (
            '<https://h/v1/c?skip=100&limit=100>; rel="next", <https://h/v1/c>; rel="prev"',
            "https://h/v1/c?skip=100&limit=100",
        ),
        ('<https://h/a,b>; rel="prev", <https://h/c>; rel=next', "https://h/c"),
        ('<https://h/c>; title="a, b; rel=next"; rel="last"', None),
        ('<https://h/c>; title="next"; rel="last"', None),
        ('<https://h/c>; rel="last next"', "https://h/c"),
        ('<https://h/c>;REL="NEXT"', "https://h/c"),
        ("<https://h/c>", None),
        ("garbage", None),
        ('<https://h/c>; rel="prev"', None),
        ('<https://h/c>; rel="nextish"', None),
        ("<" + "a" * 20_000, None),
    ],
)
def test_link_header_gives_the_next_target(header: str, expected: str | None) -> None:
    assert next_target(header) == expected


def test_paths_read_and_write_objects_and_lists() -> None:
    doc = {"a": {"b": [{"c": 1}]}, "n": None}

    assert find_member(doc, "a.b.0.c") == 1
    assert find_member(doc, "a.x.y", "none") == "none"
    assert merged(doc, {"a.b.0.c": 2, "n.m": 3, "new.deep": 4}) == {
        "a": {"b": [{"c": 2}]},
        "n": {"m": 3},
        "new": {"deep": 4},
    }
    assert doc == {"a": {"b": [{"c": 1}]}, "n": None}


def test_masks_are_found_wherever_they_are() -> None:
    doc = {"a": "******", "b": {"c": ["x", {"d": "******"}]}, "e": "*****", "f": "*******"}

    assert masked_paths(doc) == ("a", "b.c.1.d")


def test_patch_escapes_its_pointers() -> None:
    assert patch_operations({"http.a/b~c": 1}) == [{"op": "replace", "path": "/http/a~1b~0c", "value": 1}]


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    [
        (lambda api: api.test_connection("5"), "POST", "/connections/5/test", None),
        (lambda api: api.purge_messages("5"), "POST", "/connections/5/purgeMessages", None),
        (lambda api: api.clear_debug_log("5"), "DELETE", "/connections/5/debug", None),
        (lambda api: api.get_export("5"), "GET", "/exports/5", None),
        (lambda api: api.get_import("5"), "GET", "/imports/5", None),
        (lambda api: api.preview_export({"a": 1}), "POST", "/exports/preview", {"a": 1}),
        (lambda api: api.invoke_export("5"), "POST", "/exports/5/invoke", None),
        (lambda api: api.invoke_export("5", {"s": 1}), "POST", "/exports/5/invoke", {"pagedExportState": {"s": 1}}),
        (lambda api: api.export("5", {"a": 1}), "POST", "/connections/5/export", {"export": {"a": 1}}),
        (lambda api: api.export_page("5", {"a": 1}), "POST", "/connections/5/export/pages", {"export": {"a": 1}}),
        (
            lambda api: api.export_page("5", {"a": 1}, b'{"s" : 1.0}'),
            "POST",
            "/connections/5/export/pages",
            {"export": {"a": 1}, "pagedExportState": {"s": 1.0}},
        ),
        (
            lambda api: api.replace_connection_of("exports", "5", "6"),
            "PUT",
            "/exports/5/replaceConnection",
            {"_newConnectionId": "6"},
        ),
        (
            lambda api: api.preview_import({"name": "i", "data": "no record"}, [{"a": 1}, b'{"b" : 2}']),
            "POST",
            "/imports/preview",
            {"name": "i", "data": [{"a": 1}, {"b": 2}]},
        ),
        (lambda api: api.preview_import({}, []), "POST", "/imports/preview", {"data": []}),
        (
            lambda api: api.patch_document("imports", "5", [{"op": "remove", "path": "/debugUntil"}]),
            "PATCH",
            "/imports/5",
            [{"op": "remove", "path": "/debugUntil"}],
        ),
        (lambda api: api.clone_document("exports", "5"), "POST", "/exports/5/clone", {}),
        (
            lambda api: api.clone_document("imports", "5", "copy", {"6": "7"}),
            "POST",
            "/imports/5/clone",
            {"name": "copy", "connectionMap": {"6": "7"}},
        ),
        (lambda api: api.dependencies_of("imports", "5"), "GET", "/imports/5/dependencies", None),
        (
            lambda api: api.connection_metadata("5", {"rdbms": {"type": "tables"}}, refresh=True),
            "PUT",
            "/connections/5/metadata",
            {"rdbms": {"type": "tables"}, "refreshCache": True},
        ),
    ],
)
def test_endpoint_sends_what_is_documented(call: Any, method: str, path: str, body: Any) -> None:
    handle, asked = scripted(answer({"_id": "5"}))

    call(api_over(handle))

    (request,) = asked
    assert (request.method, request.path) == (method, path)
    assert (None if request.body is None else json.loads(request.body)) == body


def test_page_state_of_bytes_goes_out_character_for_character() -> None:
    handle, asked = scripted(answer({"data": []}))
    state = b'{ "issuedAt" : 1.0, "sig":"\\u0061" }'

    api_over(handle).export_page("5", {"pageSize": 5}, state)

    assert state in (asked[0].body or b"")


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.import_records("5", {}, []),
        lambda api: api.map_records("5", {}, []),
        lambda api: api.invoke_import("5", []),
    ],
)
def test_answer_of_another_shape_is_a_transport_error(call: Any) -> None:
    handle, _ = scripted(answer({"not": "a list"}))

    with pytest.raises(TransportError, match="expected a list"):
        call(api_over(handle, FakeTime()))


def test_imports_are_sent_once_and_on_a_connection_of_their_own() -> None:
    handle, asked = scripted(answer([]))

    api_over(handle).import_records("5", {"mapping": {}}, [b"{}"])
    api_over(handle).invoke_import("5", [{}])

    assert [(request.repeat, request.lane) for request in asked] == [("write", None)] * 2


def test_list_takes_include_or_exclude_and_drops_unset_filters() -> None:
    handle, asked = scripted(answer([]))
    api = api_over(handle)

    list(api.list_connections(include=["name", "http.baseURI"], type="http", _integrationId=None))

    assert asked[0].params == (("include", "name,http.baseURI"), ("type", "http"))
    with pytest.raises(ConfigError):
        list(api.list_connections(include=["a"], exclude=["b"]))


def test_connection_of_an_unknown_kind_is_a_config_error() -> None:
    handle, _ = scripted(answer({}))

    for call in (
        lambda api: api.replace_connection_of("flows", "5", "6"),
        lambda api: api.clone_document("flows", "5"),
        lambda api: api.dependencies_of("../connections", "5"),
        lambda api: list(api.audit_log_of("flows", "5")),
        lambda api: api.patch_document("connections", "5", []),
    ):
        with pytest.raises(ConfigError, match="expected 'exports'"):
            call(api_over(handle))


def test_debug_log_of_a_resource_is_asked_in_both_ways() -> None:
    handle, asked = scripted(answer({"errors": []}, status=404), answer([]))

    assert api_over(handle).debug_log("5", "6") == []

    assert [(one.path, one.params) for one in asked] == [
        ("/connections/5/debug/6", ()),
        ("/connections/5/debug", (("_resourceId", "6"),)),
    ]


def test_audit_log_of_a_document_walks_its_pages() -> None:
    handle, asked = scripted(answer([{"event": "create"}]))

    assert list(api_over(handle).audit_log_of("exports", "5", source="api")) == [{"event": "create"}]

    assert (asked[0].path, asked[0].params) == ("/exports/5/audit", (("source", "api"),))


def _lists(
    pages: Callable[[int], list[dict[str, Any]]], limit: int = 5000
) -> tuple[Callable[[Request], Response], list]:
    """A list whose every page names another one; fails the test where nothing ends it."""
    asked: list[Request] = []

    def handle(request: Request) -> Response:
        asked.append(request)
        assert len(asked) < limit
        target = f'<https://api.integrator.io/v1/connections?cursor={len(asked)}>; rel="next"'
        return answer(pages(len(asked)), link=target)

    return handle, asked


@pytest.mark.parametrize(
    ("pages", "requests"),
    [
        (lambda number: [{"_id": "1"}, {"_id": "2"}], 2),
        (lambda number: [{"event": "update", "time": 1}], 2),
        (lambda number: [{"_id": str(number % 3)}], 4),
        (lambda number: [], 1001),
    ],
    ids=["the_same_documents", "the_same_entries", "in_a_circle", "empty"],
)
def test_list_of_ever_more_pages_ends(pages: Callable[[int], list[dict[str, Any]]], requests: int) -> None:
    handle, asked = _lists(pages)

    with pytest.raises(PagingError, match="brings nothing new"):
        list(api_over(handle).list_connections())

    assert len(asked) == requests


def test_list_that_moved_while_it_was_read_has_each_document_once() -> None:
    pages = [[{"_id": "1"}, {"_id": "2"}], [{"_id": "2"}, {"_id": "3"}]]
    handle, _ = scripted(
        answer(pages[0], link='<https://api.integrator.io/v1/connections?skip=2>; rel="next"'), answer(pages[1])
    )

    assert [found["_id"] for found in api_over(handle).list_connections()] == ["1", "2", "3"]


@pytest.mark.parametrize("content", [b"[%s]", b'{"a": {"b": -%s}}', b"%s"])
def test_number_of_more_digits_than_python_reads_is_named_and_not_asked_for_again(content: bytes) -> None:
    asked: list[Request] = []

    def handle(request: Request) -> Response:
        asked.append(request)
        return answer(b'[{"_id": "1", "n": %s}]' % (b"7" * 5_000))

    with pytest.raises(TooManyDigits, match=r"7+… is an integer of 5,000 digits; Python reads 4,300"):
        decode(content % (b"7" * 5_000))
    with pytest.raises(TransportError, match=r"7+… is an integer of 5,000 digits") as caught:
        list(api_over(handle, FakeTime()).list_connections())
    assert "is not JSON" not in str(caught.value)
    assert "set_int_max_str_digits" in (caught.value.hint or "")
    assert (len(asked), caught.value.retriable) == (1, False)


def test_lenient_decoder_keeps_the_digits_of_such_a_number() -> None:
    digits = "-" + "7" * 5_000

    assert decode(f"[{digits}, {'1' * 4_000}]".encode(), is_lenient=True) == [digits, int("1" * 4_000)]
