"""Windows of time from a template: half-open, on the grid, nothing left out at the ends."""

from __future__ import annotations

import pandas as pd
import pytest

import celigo_pandas as celigo

TEMPLATE = {
    "name": "Orders",
    "rdbms": {"query": "select * from orders where day >= '{{start}}' and day < '{{end}}'"},
    "http": {"relativeURI": "/orders?since={{{lastExportDateTime}}}", "headers": [{"value": "{{start}}"}]},
    "pageSize": 50,
}


def test_months_are_half_open_and_meet():
    made = celigo.dask.windows(TEMPLATE, "2024-01-01", "2025-01-01", "MS")

    assert list(made) == [f"2024-{month:02d}" for month in range(1, 13)]
    assert made["2024-12"]["rdbms"]["query"].endswith("day >= '2024-12-01' and day < '2025-01-01'")
    assert made["2024-02"]["http"]["headers"] == [{"value": "2024-02-01"}]
    assert made["2024-02"]["http"]["relativeURI"] == "/orders?since={{{lastExportDateTime}}}"
    assert made["2024-02"]["pageSize"] == 50
    assert TEMPLATE["http"]["headers"] == [{"value": "{{start}}"}]


@pytest.mark.parametrize(
    ("start", "end", "freq", "first", "last"),
    [
        ("2024-02-28", "2024-03-02", "D", ("2024-02-28", "2024-02-29"), ("2024-03-01", "2024-03-02")),
        ("2024-01-03", "2024-01-24", "7D", ("2024-01-03", "2024-01-10"), ("2024-01-17", "2024-01-24")),
        (
            "2024-01-01", "2024-01-01T12:00", "6h",
            ("2024-01-01T00:00:00", "2024-01-01T06:00:00"), ("2024-01-01T06:00:00", "2024-01-01T12:00:00"),
        ),
        (
            pd.Timestamp("2024-03-30", tz="Europe/Berlin"), pd.Timestamp("2024-04-01", tz="Europe/Berlin"), "D",
            ("2024-03-30T00:00:00+01:00", "2024-03-31T00:00:00+01:00"),
            ("2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00"),
        ),
    ],
    ids=["leap day", "weeks", "hours", "summer time"],
)  # fmt: skip
def test_texts_of_the_bounds(start, end, freq, first, last):
    made = list(celigo.dask.windows({"a": ["{{start}}", "{{end}}"]}, start, end, freq).values())

    assert (tuple(made[0]["a"]), tuple(made[-1]["a"])) == (first, last)


def test_own_format():
    made = celigo.dask.windows({"a": "{{start}}/{{end}}"}, "2024-01-01", "2024-03-01", "MS", format="%d.%m.%Y")

    assert [doc["a"] for doc in made.values()] == ["01.01.2024/01.02.2024", "01.02.2024/01.03.2024"]


@pytest.mark.parametrize(
    ("start", "end", "freq", "says"),
    [
        ("2024-01-01", "2024-12-31", "MS", "2025-01-01"),
        ("2024-01-15", "2024-12-01", "MS", "start='2024-01-15' is no boundary"),
        ("2024-01-01", "2024-01-01", "MS", "There is no window"),
        ("2024-05-01", "2024-01-01", "MS", "boundary"),
        ("2024-01-01", "soon", "MS", "end='soon'"),
        ("2024-01-01", "2024-02-01", "fortnight", "freq='fortnight'"),
    ],
    ids=["last day", "start inside", "none", "backwards", "no date", "no freq"],
)
def test_bounds_that_would_leave_rows_out_are_refused(start, end, freq, says):
    with pytest.raises(celigo.ConfigError, match=says):
        celigo.dask.windows(TEMPLATE, start, end, freq)


@pytest.mark.parametrize("text", ["day > '{{start}}'", "day < '{{end}}'", "all"], ids=["start", "end", "none"])
def test_template_without_both_marks_is_refused(text):
    with pytest.raises(celigo.DocumentError, match="twice"):
        celigo.dask.windows({"rdbms": {"query": text}}, "2024-01-01", "2024-03-01", "MS")


def test_builder_is_taken():
    template = celigo.build.sql_export("select * from t where d >= '{{start}}' and d < '{{end}}'")

    made = celigo.dask.windows(template, "2023-01-01", "2024-01-01", "QS")

    assert list(made) == ["2023-01", "2023-04", "2023-07", "2023-10"]
    assert "'2023-04-01' and d < '2023-07-01'" in made["2023-04"]["rdbms"]["query"]
