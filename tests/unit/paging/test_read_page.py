"""Reading an answer without reading its records."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.records import RECORDS, json_texts

from celigo_pandas.errors import TransportError
from celigo_pandas.paging import Page, read_page

STATE = b'{"pageIndex" : 2,"totalRecords":7,"totalPages":3,"done":false, "sig":"\\u00e9","x":1.0}'


def test_usual_page_gives_data_state_and_totals() -> None:
    page = read_page(b'{"data":[{"a":1}],"dataURIs":[null],"pagedExportState":' + STATE + b"}")

    assert page == Page(b'[{"a":1}]', STATE, False, None, [], 7, 3)


@pytest.mark.parametrize(
    ("body", "state", "done"),
    [
        (b'{"data":[]}', None, True),
        (b'{"data":[],"pagedExportState":null}', None, True),
        (b'{"data":[],"pagedExportState":{"done":true}}', b'{"done":true}', True),
        (b'{"data":[],"pagedExportState":{"done":false}}', b'{"done":false}', False),
        (b'{"data":[],"pagedExportState":{"done":"true"}}', b'{"done":"true"}', False),
        (b'{"data":[],"pagedExportState":"token"}', b'"token"', False),
        (b'{"pagedExportState":{"p":1},"data":[{"pagedExportState":{"p":9}}]}', b'{"p":1}', False),
        (b'{"data":[],"pagedExportState":{"p":1},"pagedExportState":{"p":2}}', b'{"p":2}', False),
        (b'{"data":[],"pagedExportState":{"p":{"pagedExportState":5}}}', b'{"p":{"pagedExportState":5}}', False),
        (b'{"a":{"data":[1]},"data":[{"b":2}],"pagedExportState":{"p":1},"more":[]}', b'{"p":1}', False),
    ],
)
def test_state_is_found_wherever_it_stands(body: bytes, state: bytes | None, done: bool) -> None:
    page = read_page(body)

    assert (page.state, page.done) == (state, done)
    assert json.loads(page.data) == json.loads(body)["data"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"{}",
        b'{"data":null}',
        b'{"data":5}',
        b'{"data":{}}',
        b'{"data":"[]"}',
        b"[]",
        b"7",
        b'"x"',
        b"null",
    ],
)
def test_json_that_is_no_page_is_a_transport_error(body: bytes) -> None:
    with pytest.raises(TransportError):
        read_page(body)


NO_JSON = [
    b"<html></html>", b'{"data":[1', b'{"data":[]} x', b'{"data":[]}{}', b'{"data":[NaN]}', b"\xff",
    b'{"data":["\xff"]}', b'{"data":[],}', b"{'data':[]}",
]  # fmt: skip


@pytest.mark.parametrize("body", NO_JSON)
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a page of JSON"):
        read_page(body)


def test_errors_and_uris_beside_the_data_are_kept() -> None:
    page = read_page(b'{"errors":[{"code":"x"}],"data":[{},{}],"dataURIs":[null,"u"],"pagedExportState":{"p":1}}')

    assert page.errors == [{"code": "x"}]
    assert page.data_uris == [None, "u"]


@pytest.mark.parametrize("errors", ["hook failed", {"message": "hook failed"}, ["hook failed"]])
def test_errors_of_any_shape_are_kept(errors: Any) -> None:
    page = read_page(b'{"data":[],"errors":%s,"pagedExportState":{"p":1}}' % json.dumps(errors).encode())

    assert page.errors == (errors if isinstance(errors, list) else [errors])


@pytest.mark.parametrize("errors", [None, [], "", {}])
def test_no_errors_are_none(errors: Any) -> None:
    assert read_page(b'{"data":[],"errors":%s}' % json.dumps(errors).encode()).errors == []


def test_errors_in_place_of_data_are_told() -> None:
    with pytest.raises(TransportError, match=r"no member 'data'.*no such table") as caught:
        read_page(b'{"errors":[{"code":"x","message":"no such table"}]}')

    assert caught.value.codes == ("x",)
    assert caught.value.problems[0].message == "no such table"


@pytest.mark.parametrize("body", [b'{"data":[{"a":1}]}', b'{"data":[{"a":1}],"pagedExportState":{"p":1}}'])
def test_byte_order_mark_before_a_page_is_passed_over(body: bytes) -> None:
    assert read_page(b"\xef\xbb\xbf" + body) == read_page(body)


def test_every_cut_of_a_body_is_refused() -> None:
    body = (
        b'{"data":[{"a":[{"x":[1]}],"t":"]}"},{"b":{"c":"\\"}]"}}],"dataURIs":[null,null],"pagedExportState":{"p":1}}'
    )
    for length in range(len(body)):
        with pytest.raises((ValueError, TransportError)):
            read_page(body[:length])


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_any_page_gives_the_data_and_the_state_as_they_stand(data: st.DataObject) -> None:
    texts = data.draw(json_texts(data.draw(RECORDS)))
    state = data.draw(st.dictionaries(st.text(max_size=4), st.text(max_size=6) | st.integers(), max_size=3))
    indent = data.draw(st.sampled_from([None, 1]))
    state_text = json.dumps(state, indent=indent).encode()
    members = [
        b'"data": [' + b", ".join(texts) + b"]",
        b'"pagedExportState":' + state_text,
        b'"dataURIs":[]',
        b'"errors":[{"message":"pagedExportState"}]',
    ]
    order = data.draw(st.permutations(members))

    page = read_page(b"{" + b" ,\n".join(order) + b"}")

    assert page.state == state_text
    assert _whole(page) == json.loads(b"[" + b",".join(texts) + b"]")


def _whole(page: Page) -> Any:
    return json.loads(b'{"data":' + page.data + b"}")["data"]
