"""Many pulls at once."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from support.pulls import EXPORT, answer, connection_to

from celigo_pandas.accessors import read_exports
from celigo_pandas.client.pacing import RateBucket
from celigo_pandas.errors import AuthError, ConfigError, DocumentError
from celigo_pandas.frames.outward import to_records


def _handle(request: Any) -> Any:
    export = json.loads(request.body)["export"]
    if export.get("name") == "bad<b>":
        return answer(b'{"errors":[{"code":"x","message":"no <i>"}]}', 401)
    return answer(b'{"data":[{"n":%d}]}' % export.get("n", 0))


def test_mapping_of_exports_gives_frames_in_order_with_failures_beside() -> None:
    con = connection_to(_handle)

    pulls = read_exports({"b": {"n": 2}, "broken": {"name": "bad<b>"}, "a": ({"n": 1}, con)}, con)

    assert list(pulls) == ["b", "a"]
    assert pulls["a"]["n"].tolist() == [1]
    assert isinstance(pulls.failures["broken"], AuthError)
    with pytest.raises(AuthError):
        pulls["broken"]
    with pytest.raises(AuthError):
        pulls.concat()
    assert "2 frames, 2 rows, 1 failed: 'broken'" in repr(pulls)
    assert "<i>" not in pulls._repr_html_()


def test_list_of_pairs_is_named_by_document_or_number() -> None:
    con = connection_to(_handle)

    pulls = read_exports([({"n": 1, "name": "x"}, con), {"n": 2}, {"n": 3, "name": "x"}], con)

    assert list(pulls) == ["x", "1", "2"]
    assert pulls.concat().index.names[0] == "export"
    assert pulls.concat()["n"].tolist() == [1, 2, 3]


NAMES = {
    "number_taken_before": (["1", None], ["1", "1 (2)"]),
    "number_taken_twice": (["2", "2 (2)", None], ["2", "2 (2)", "2 (3)"]),
    "same_name_thrice": (["x", "x", "x"], ["x", "1", "2"]),
    "name_of_a_number_after_it": ([None, "0"], ["0", "1"]),
}


@pytest.mark.parametrize("case", NAMES)
def test_no_export_takes_the_place_of_another(case: str) -> None:
    names, expected = NAMES[case]
    exports = [{"n": n} if name is None else {"n": n, "name": name} for n, name in enumerate(names)]

    pulls = connection_to(_handle).read_exports(exports)

    assert list(pulls) == expected
    assert [frame["n"].tolist() for frame in pulls.values()] == [[n] for n in range(len(names))]


def test_mapping_keeps_its_names_an_empty_one_too() -> None:
    assert list(read_exports({"": {"n": 1}, "0": {"n": 2}}, connection_to(_handle))) == ["", "0"]


def test_frames_put_together_are_pushed_as_they_were_pulled() -> None:
    con = connection_to(lambda request: answer(b'{"data":[{"c":{"n":1}},{"c":{"n":2},"d":"x"}]}'))

    whole = read_exports([{}, {}], con).concat()

    assert to_records(whole) == 2 * [{"c": {"n": 1}}, {"c": {"n": 2}, "d": "x"}]
    assert whole.attrs["celigo"] == {"rows": 4, "flatten": ".", "complete": True, "server": "https://api.integrator.io"}


def test_export_that_cannot_be_pulled_is_a_failure_beside_the_others() -> None:
    exports = {"once": {"type": "once"}, "time": {"n": pd.Timestamp(0)}, "good": {"n": 1}}

    pulls = read_exports(exports, connection_to(_handle))

    assert list(pulls) == ["good"]
    assert {name: type(error) for name, error in pulls.failures.items()} == {
        "once": DocumentError,
        "time": DocumentError,
    }
    with pytest.raises(DocumentError, match="consume=True"):
        read_exports(exports, connection_to(lambda request: pytest.fail("sent")), on_error="raise")


def test_on_error_raise_raises_the_first_failure() -> None:
    with pytest.raises(AuthError):
        read_exports([{"name": "bad<b>"}, {"n": 1}], connection_to(_handle), on_error="raise")


def test_all_pulls_share_one_rate_budget() -> None:
    bucket = RateBucket(capacity=3, refill_per_s=1, monotonic=lambda: 0.0)

    read_exports([{"n": number} for number in range(5)], connection_to(_handle, bucket=bucket))

    assert bucket.reserve() == 3.0  # three places were there, five were taken, and this is the sixth


def test_options_are_checked_before_anything_is_sent() -> None:
    con = connection_to(lambda request: pytest.fail("sent"))
    for options in ({"on_error": "x"}, {"nested": "x"}, {"page_size": 0}):
        with pytest.raises(ConfigError):
            read_exports([EXPORT], con, **options)
    with pytest.raises(TypeError, match="journal"):
        read_exports([EXPORT], con, journal="x")


def test_no_exports_give_no_frames() -> None:
    pulls = read_exports({})

    assert len(pulls) == 0
    assert pulls.concat().shape == (0, 0)
