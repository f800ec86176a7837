"""What pulls are measured against: loops as people write them, and a peer.

`dataset` is a name of :mod:`page_server`; `url` its origin.
"""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import requests

EXPORT = {"rdbms": {"query": "select * from orders"}}


def download_only(url: str, dataset: str) -> int:
    """Fetch every page and keep none: the least that any pull has to do."""
    count, size = int(dataset.split("-")[1]), 0
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer x"
        for index in range(count):
            body: dict[str, Any] = {"export": EXPORT}
            if index:
                body["pagedExportState"] = {"searchId": "task_1", "pageIndex": index, "done": False, "sig": "a" * 64}
            answer = session.post(f"{url}/v1/connections/{dataset}/export/pages", json=body, timeout=60)
            size += len(answer.content)
    return size


def usual_loop(url: str, dataset: str) -> pd.DataFrame:
    """``.json()``, a list that grows, ``json_normalize`` at the end."""
    records: list[Any] = []
    body: dict[str, Any] = {"export": EXPORT}
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer x"
        while True:
            answer = session.post(f"{url}/v1/connections/{dataset}/export/pages", json=body, timeout=60)
            answer.raise_for_status()
            page = answer.json()
            records += page["data"]
            state = page.get("pagedExportState")
            if not state or state["done"]:
                return pd.json_normalize(records)
            body["pagedExportState"] = state


def dlt_rest_client(url: str, dataset: str) -> pd.DataFrame:
    """The REST client of dlt with a paginator for this API, then a DataFrame."""
    from dlt.sources.helpers.rest_client import RESTClient
    from dlt.sources.helpers.rest_client.paginators import BasePaginator

    class StatePaginator(BasePaginator):
        def update_state(self, response: Any, data: Any = None) -> None:
            self.state = response.json().get("pagedExportState")
            self._has_next_page = bool(self.state) and not self.state["done"]

        def update_request(self, request: Any) -> None:
            request.json = {**request.json, "pagedExportState": self.state}

    client = RESTClient(base_url=f"{url}/v1", headers={"Authorization": "Bearer x"})
    records: list[Any] = []
    for page in client.paginate(
        f"connections/{dataset}/export/pages",
        method="POST",
        json=json.loads(json.dumps({"export": EXPORT})),
        paginator=StatePaginator(),
        data_selector="data",
    ):
        records += page
    return pd.DataFrame(records)
