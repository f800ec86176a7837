"""Stop in a form whose server asks to wait: no other request is sent, and the form says that it was stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from support.rest_standin import Answer, Asked, answer_json, serve

import celigo_pandas as celigo

FRAME = pd.DataFrame({"a": [1, 2]})
RULES = {"mappings": [{"generate": "a", "dataType": "number", "extract": "$.a", "status": "Active"}]}
DOC = {
    "_id": "6b063bc309fab5c62697fbd0",
    "type": "http",
    "name": "n",
    "http": {"baseURI": "http://h.example", "mediaType": "json", "auth": {"type": "custom"}},
}


def pinged(con: Any) -> Any:
    form = celigo.ConnectionForm(con)
    form.ping(wait=False)
    return form


def saved(con: Any) -> Any:
    form = celigo.ConnectionForm(con)
    form.set("name", "other")
    form.save(wait=False)
    return form


def listed(con: Any) -> Any:
    return celigo.Explorer(con.client)


def previewed(con: Any) -> Any:
    form = celigo.ExportForm(con, {"http": {"method": "GET", "relativeURI": "/x"}})
    form.preview(wait=False)
    return form


def pulled(con: Any) -> Any:
    form = celigo.ExportForm(con, {"http": {"method": "GET", "relativeURI": "/x"}})
    form.pull(wait=False)
    return form


def tried(con: Any) -> Any:
    form = celigo.MappingEditor(FRAME, RULES, con)
    form.dry_run(wait=False)
    return form


def sent(con: Any) -> Any:
    form = celigo.MappingEditor(FRAME, {**RULES, "http": {"method": ["POST"], "relativeURI": ["/x"]}}, con)
    form.push()
    form.send(wait=False)
    return form


@pytest.mark.parametrize("begin", [pinged, saved, listed, previewed, pulled, tried, sent])
def test_stop_ends_an_action_that_waits_to_ask_again(begin: Callable[[Any], Any]) -> None:
    reached, asked = threading.Event(), []

    def handle(request: Asked) -> Answer:
        if begin is sent and request.method == "GET":  # what the preview of a push asks
            return answer_json({"_id": "6b063bc309fab5c62697fbd1"})
        asked.append(request)
        reached.set()
        return answer_json({}, 429, {"Retry-After": "60"})

    with serve(handle) as server:
        client = celigo.connect("abc", base_url=server.url, progress=False)
        form = begin(celigo.Connection(client, DOC))
        assert reached.wait(30)

        form.stop()

        assert form.wait(30)
        assert len(asked) == 1
        [notice] = form.state.notices
        assert notice.text.endswith("was stopped.")
        assert form.state.last_error is None
        form.close()
        client.close()
