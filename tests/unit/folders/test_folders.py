"""`~` means the home folder wherever a path is given."""

from __future__ import annotations

import pandas as pd
import pytest
from support.pulls import EXPORT, PageServer, connection_to

import celigo_pandas as celigo
from celigo_pandas.errors import ConfigError
from celigo_pandas.folders import user_path


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def test_every_path_of_a_pull(home, tmp_path):
    con = connection_to(PageServer([b'{"a": 1}', b'{"a": 2}']))

    celigo.export_to_parquet(EXPORT, con, "~/rows.parquet")
    celigo.read_export(EXPORT, con, journal="~/journal", expect="~/rows.schema.json")

    assert sorted(path.name for path in home.iterdir()) == ["journal", "rows.parquet", "rows.schema.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_every_path_of_an_experiment(home, tmp_path):
    mapping = celigo.Mapping().set("x", "$.a")
    rows = pd.DataFrame({"a": ["1"]})

    mapping.freeze(rows, "~/examples.json")
    mapping.report(rows).save("~/report.html")

    assert sorted(path.name for path in home.iterdir()) == ["examples.json", "report.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_unknown_home_is_named():
    with pytest.raises(ConfigError, match="'~nobody-of-this-name' is not to be found"):
        user_path("~nobody-of-this-name/x.parquet")
