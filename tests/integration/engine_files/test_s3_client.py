"""A notebook's way: frames out of a bucket and into it, with the client, the builders and the forms."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from support.s3_servers import S3Server, rclone

import celigo_pandas as celigo
from celigo_pandas import build
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import DocumentError
from celigo_pandas.forms.connection_state import ConnectionState
from celigo_pandas.forms.export_state import ExportState


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with rclone(tmp_path_factory.mktemp("buckets"), tmp_path_factory.mktemp("rclone")) as running:
        running.boto().create_bucket(Bucket="shop")
        yield running


@pytest.fixture(scope="module")
def con(server: S3Server) -> Iterator[celigo.Connection]:
    with celigo.local(demo=None) as client:
        yield client.connections.create({**server.doc(pingBucket="shop"), "name": "Bucket"})


def test_ping_of_the_connection_and_of_a_document(con: celigo.Connection, server: S3Server) -> None:
    assert con.ping()
    assert con.client.connections.ping(server.doc())
    wrong = con.client.connections.ping(server.doc(secretAccessKey="wrong-secret-wrong"))
    assert (bool(wrong), wrong.code) == (False, 401)


def test_frame_goes_in_and_comes_out_again(con: celigo.Connection, server: S3Server) -> None:
    df = pd.DataFrame({"id": range(250), "name": [f'é "{number}"' for number in range(250)]})

    result = df.celigo.to_import(
        build.file_import("orders.json", directory="in", type="json", place="s3", bucket="shop"), con, progress=False
    )
    export = build.file_export("in", type="json", place="s3", bucket="shop", starts_with="ord", page_size=100)
    found = celigo.read_export(export, con, progress=False)

    assert (result.frame["outcome"] == "ok").all()
    pd.testing.assert_frame_equal(found, df, check_dtype=False)


def test_export_that_deletes_its_files_needs_consent(con: celigo.Connection, server: S3Server) -> None:
    server.boto().put_object(Bucket="shop", Key="once/a.csv", Body=b"a\n1\n")
    export = build.file_export("once", place="s3", bucket="shop", members={"file": {"skipDelete": False}})

    with pytest.raises(DocumentError, match="skipDelete"):
        celigo.read_export(export, con, progress=False)

    assert server.boto().list_objects_v2(Bucket="shop", Prefix="once/")["KeyCount"] == 1


def test_export_form_previews_a_file(con: celigo.Connection, server: S3Server) -> None:
    server.boto().put_object(Bucket="shop", Key="form/a.csv", Body=b"a\n1\n2\n")
    state = ExportState(con)
    for path, text in {"region": "us-east-1", "bucket": "shop", "keyStartsWith": "form/"}.items():
        state.set_text(f"s3.{path}", text)

    assert state.problems == []
    assert con.preview_export(state.export)["a"].tolist() == ["1", "2"]


@pytest.mark.parametrize("kind", ["s3", "dynamodb"])
def test_connection_form_makes_a_document_of_its_fields(con: celigo.Connection, kind: str) -> None:
    block = "dynamodb.aws" if kind == "dynamodb" else "s3"
    state = ConnectionState(con.client, kind)
    state.set_text("name", "By form")
    state.set_text(f"{block}.accessKeyId", "AKIDEXAMPLE")
    state.set_text(f"{kind}.endpoint", "http://127.0.0.1:9")
    state.set_secret(f"{block}.secretAccessKey", Secret("a secret of the form"))

    assert state.problems == []
    state.save()
    state.wait(10)
    made = state.connection
    assert made.doc[kind]["endpoint"] == "http://127.0.0.1:9"
    assert (made.ping().code, made.type) == (503, kind)
