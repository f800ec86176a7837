"""Frames into files and back, with the client as a notebook uses it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import celigo_pandas as celigo
from celigo_pandas import build
from celigo_pandas.errors import DocumentError, InvalidRequestError


@pytest.fixture(scope="module")
def client() -> Iterator[celigo.Client]:
    with celigo.local(demo=None) as opened:
        yield opened


@pytest.fixture
def con(client: celigo.Client, tmp_path: Path) -> celigo.Connection:
    document = {"name": tmp_path.name, "type": "filesystem", "_agentId": "a" * 24}
    return client.connections.create({**document, "filesystem": {"ping": {"directoryPath": str(tmp_path)}}})


def frame(rows: int) -> pd.DataFrame:
    numbers = range(rows)
    return pd.DataFrame(
        {
            "id": [f"o-{number:05d}" for number in numbers],
            "name": [f'Müller, "Söhne" & {number}\nzweite Zeile' for number in numbers],
            "formula": [f"={number}+1" for number in numbers],
            "empty": ["" if number % 2 else "x" for number in numbers],
        }
    )


def test_five_thousand_rows_are_one_file_and_come_back(con: celigo.Connection, tmp_path: Path) -> None:
    df = frame(5_000)
    document = build.file_import(
        "orders-{{timestamp 'YYYYMMDD-HHmmss'}}.csv", directory=str(tmp_path), place="filesystem"
    )

    result = df.celigo.to_import(document, con)

    assert (result.frame["outcome"] == "ok").sum() == 5_000
    (name,) = os.listdir(tmp_path)
    assert set(result.frame["id"]) == {name}
    back = con.read_export(build.file_export(str(tmp_path), place="filesystem"))
    pd.testing.assert_frame_equal(back.astype(object), df.astype(object), check_column_type=False)


def test_numbers_keep_their_types_in_json_and_xlsx(con: celigo.Connection, tmp_path: Path) -> None:
    df = pd.DataFrame({"n": [1, 2], "x": [0.5, 2.3958316731639244e-207], "t": ["a", "b"], "b": [True, False]})
    for kind in ("json", "xlsx"):
        folder = tmp_path / kind
        folder.mkdir()
        document = build.file_import(f"a.{kind}", directory=str(folder), place="filesystem", type=kind)
        result = df.celigo.to_import(document, con)
        assert list(result.frame["outcome"]) == ["ok", "ok"]

        back = con.read_export(build.file_export(str(folder), place="filesystem", type=kind))

        assert back.to_dict("records") == df.to_dict("records")


def test_rows_that_cannot_be_written_fail_together(con: celigo.Connection, tmp_path: Path) -> None:
    df = pd.DataFrame({"a": ["good", "日本"]})
    document = build.file_import(
        "a.csv", directory=str(tmp_path), place="filesystem", members={"file": {"encoding": "iso88591"}}
    )

    result = df.celigo.to_import(document, con)

    assert list(result.frame["outcome"]) == ["failed", "failed"]
    assert "cannot be written in iso88591" in result.errors().to_string()
    assert os.listdir(tmp_path) == []


def test_consuming_export_needs_consent_and_deletes_after_the_whole_walk(
    con: celigo.Connection, tmp_path: Path
) -> None:
    frame(100).to_csv(tmp_path / "a.csv", index=False)
    export = {"file": {"type": "csv"}, "filesystem": {"directoryPath": str(tmp_path)}}

    with pytest.raises(DocumentError, match=r"file\.skipDelete"):
        con.read_export(export)
    with pytest.raises(DocumentError, match="changes its source"):
        con.preview_export(export)
    assert os.listdir(tmp_path) == ["a.csv"]

    pages = con.iter_export(export, page_size=10, consume=True)
    next(iter(pages))
    assert os.listdir(tmp_path) == ["a.csv"]
    pages.close()
    assert os.listdir(tmp_path) == ["a.csv"]

    assert len(con.read_export(export, page_size=10, consume=True)) == 100
    assert os.listdir(tmp_path) == []


def test_only_the_first_rows_of_a_consuming_export_delete_nothing(con: celigo.Connection, tmp_path: Path) -> None:
    frame(100).to_csv(tmp_path / "a.csv", index=False)
    export = {"file": {"type": "csv"}, "filesystem": {"directoryPath": str(tmp_path)}}

    assert len(con.read_export(export, page_size=10, max_rows=25, consume=True)) == 25

    assert os.listdir(tmp_path) == ["a.csv"]


def test_built_export_chooses_by_name(con: celigo.Connection, tmp_path: Path) -> None:
    for name in ("o-1.csv", "o-1.txt", "x.csv"):
        (tmp_path / name).write_text(f"n\n{name}\n")
    export = build.file_export(str(tmp_path), place="filesystem", starts_with="o-", ends_with=".csv")

    assert list(con.read_export(export)["n"]) == ["o-1.csv"]


def test_refused_document_names_its_member(con: celigo.Connection, tmp_path: Path) -> None:
    export = build.file_export(str(tmp_path), place="filesystem", members={"file": {"decrypt": "pgp"}})

    with pytest.raises((InvalidRequestError, celigo.CeligoError), match=r"file\.decrypt is not built"):
        con.read_export(export)
