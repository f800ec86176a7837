"""The adaptor against datasette: 1,050 rows by each way it pages, every row once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import services
from support.http_calls import Bench, connection

ROWS = 1_050
SQL = "select+*+from+planes+order+by+id+limit+100+offset+:skip"


@pytest.fixture(scope="module")
def datasette(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with services.datasette(Path(tmp_path_factory.mktemp("datasette")), ROWS) as url:
        yield url


PAGINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "next_url": ("/fleet/planes.json?_shape=objects", {"method": "url", "path": "next_url"}),
    "next_token": (
        "/fleet/planes.json?_shape=objects",
        {
            "method": "token",
            "path": "next",
            "relativeURI": "/fleet/planes.json?_shape=objects&_next={{export.http.paging.token}}",
        },
    ),
    "link_header": ("/fleet/planes.json?_shape=objects", {"method": "linkheader"}),
    "offset": (f"/fleet.json?_shape=objects&sql={SQL}&skip={{{{export.http.paging.skip}}}}", {"method": "skip"}),
    "keyset": (
        "/fleet/planes.json?_shape=objects&_sort=id",
        {
            "method": "relativeuri",
            "relativeURI": "/fleet/planes.json?_shape=objects&_sort=id&id__gt={{previous_page.last_record.id}}",
        },
    ),
}


@pytest.mark.parametrize("name", PAGINGS)
def test_datasette_each_paging_gives_every_row_once(datasette: str, name: str) -> None:
    uri, paging = PAGINGS[name]
    with Bench(connection(datasette)) as bench:
        records = bench.records(
            {"http": {"method": "GET", "relativeURI": uri, "response": {"resourcePath": "rows"}, "paging": paging}}
        )

    assert [record["id"] for record in records] == list(range(ROWS))
    assert records[-1] == {"id": 1049, "tail": "N01049", "seats": 149}


def test_datasette_rows_as_arrays_take_their_names_from_columns(datasette: str) -> None:
    uri = "/fleet/planes.json?_shape=arrays&_size=5"
    with Bench(connection(datasette)) as bench:
        rows = bench.records(
            {
                "http": {
                    "method": "GET",
                    "relativeURI": uri,
                    "response": {"resourcePath": "rows", "twoDArray": {"hasHeader": False}},
                }
            }
        )

    assert rows[1] == {"Column0": 1, "Column1": "N00001", "Column2": 1}


def test_datasette_csv_gives_rows_as_texts(datasette: str) -> None:
    with Bench(connection(datasette)) as bench:
        rows = bench.records(
            {"http": {"method": "GET", "relativeURI": "/fleet/planes.csv?_size=5", "successMediaType": "csv"}}
        )

    assert rows[4] == {"id": "4", "tail": "N00004", "seats": "4"}
