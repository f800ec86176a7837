"""Options that are numbers take those of numpy, which come out of every frame, and refuse what is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.ledger import serving
from support.pulls import EXPORT, PageServer, connection_to, encoded
from support.pushes import DOCUMENT, connected, orders

import celigo_pandas as celigo
from celigo_pandas.documents.counts import whole_number
from celigo_pandas.errors import CeligoError

KINDS = [np.int64, np.int32, np.uint8, np.int8]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("option", ["batch_size", "max_workers", "first", "max_failures"])
def test_push_takes_numpys_integers(option: str, kind: Callable[[int], Any]) -> None:
    with serving() as ledger, connected(ledger) as con:
        assert len(orders(12).celigo.to_import(DOCUMENT, con, **{option: kind(5)}).ok) == 12


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("option", ["page_size", "max_rows"])
def test_pull_takes_numpys_integers(option: str, kind: Callable[[int], Any]) -> None:
    con = connection_to(PageServer(encoded({"n": n} for n in range(9))))

    assert len(celigo.read_export(EXPORT, con, **{option: kind(5)})) == (5 if option == "max_rows" else 9)
    assert [len(chunk) for chunk in celigo.iter_export(EXPORT, con, chunksize=kind(5))] == [5, 4]
    assert len(celigo.read_exports([EXPORT], con, max_workers=kind(2)).concat()) == 9


@pytest.mark.parametrize("kind", KINDS)
def test_other_options_take_numpys_integers(kind: Callable[[int], Any]) -> None:
    client = celigo.connect("a-token-of-a-test", timeout=(kind(5), kind(7)), max_retries=kind(2))
    assert client.api.max_retries == 2
    assert celigo.build.sql_export("select 1", page_size=kind(7)).to_dict()["pageSize"] == 7
    with serving() as ledger, connected(ledger) as con:
        assert len(orders(5).celigo.dry_run(DOCUMENT, con, batch_size=kind(2)).mapped) == 5


@pytest.mark.parametrize("value", [True, np.bool_(True), 5.0, np.float64(5), "5", None, 0, -1, np.int64(0)])
def test_what_is_no_whole_number_is_refused_by_name(value: Any) -> None:
    with pytest.raises(celigo.ConfigError, match=r"batch_size: got .*; expected a whole number of 1 or more"):
        whole_number("batch_size", value)


@pytest.mark.parametrize("value", [0, "4", 2.0, True])
def test_workers_of_many_pulls_and_rows_of_a_dry_run_are_checked(value: Any) -> None:
    con = connection_to(PageServer(encoded([{"n": 1}])))
    with pytest.raises(CeligoError, match="max_workers"):
        celigo.read_exports([EXPORT], con, max_workers=value)
    with serving() as ledger, connected(ledger) as con, pytest.raises(CeligoError, match="batch_size"):
        orders(3).celigo.dry_run(DOCUMENT, con, batch_size=value)
