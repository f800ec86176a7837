"""One event that ends every request of a thread: what Stop in a form is."""

from __future__ import annotations

import threading

import pytest
from support.client import answer, api_over

from celigo_pandas.client.messages import Request
from celigo_pandas.errors import TransportError


def test_requests_of_a_block_end_with_its_event_and_those_of_others_do_not():
    stop, asked = threading.Event(), []

    def handle(request: Request):
        asked.append(request)
        return answer({})

    api = api_over(handle)
    with api.stopping(stop):
        api.token_info()
        stop.set()
        with pytest.raises(TransportError, match="was stopped before it was sent"):
            api.token_info()
        with api.stopping(threading.Event()):
            api.token_info()
        other = threading.Thread(target=api.token_info)
        other.start()
        other.join(10)
    api.token_info()

    assert len(asked) == 4


def test_request_with_a_stop_of_its_own_keeps_it():
    outer, own = threading.Event(), threading.Event()
    outer.set()
    seen = []

    def handle(request: Request):
        seen.append(request.stop)
        return answer({})

    api = api_over(handle)
    with api.stopping(outer):
        api.send(Request("GET", "/x", stop=own))

    assert seen == [own]
