"""Which imports act once per call, and whose file names differ from call to call."""

from __future__ import annotations

from typing import Any

import pytest

from celigo_pandas.documents.import_documents import acts_per_call, describe, digest, file_names_vary, virtual


@pytest.mark.parametrize(
    ("document", "member"),
    [
        ({"file": {"type": "csv"}, "ftp": {"directoryPath": "/"}}, "file"),
        ({"adaptorType": "S3Import", "s3": {"fileKey": "x"}}, "s3"),
        ({"s3": {"fileKey": "x"}, "blobKeyPath": "key"}, None),
        ({"rdbms": {"queryType": ["first_page"]}}, "rdbms.queryType"),
        ({"jdbc": {"queryType": "first_page"}}, "jdbc.queryType"),
        ({"rdbms": {"queryType": ["per_page"]}}, None),
        ({"rdbms": {"queryType": ["per_record", "first_page"]}}, "rdbms.queryType"),
        ({"rdbms": {"queryType": ["bulk_insert"]}}, None),
        ({"http": {"method": ["POST"], "batchSize": 10}}, None),
        ({"file": None}, None),
        ({}, None),
    ],
)
def test_acts_per_call(document: dict[str, Any], member: str | None) -> None:
    assert acts_per_call(document) == member


@pytest.mark.parametrize(
    ("name", "varies"),
    [
        ("orders.csv", False),
        ("orders-{{timestamp}}.csv", False),
        ("{{record.random}}.csv", False),
        ("{{{record.id}}}.csv", False),
        ("orders-{{random}}.csv", True),
        ('orders-{{random "uuid" 12}}.csv', True),
        ("orders-{{{ random 'number' }}}.csv", True),
        ("{{randomly}}.csv", False),
    ],
)
def test_file_names_vary(name: str, varies: bool) -> None:
    assert file_names_vary({"file": {"fileName": name}}) is varies
    assert file_names_vary({"file": {}, "s3": {"fileKey": name}}) is varies


def test_digest_is_of_the_content_not_the_order() -> None:
    assert digest({"a": 1, "b": {"c": 2, "d": 3}}) == digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert digest({"a": 1}) != digest({"a": "1"})


def test_virtual_drops_what_the_server_sets_only() -> None:
    document = {"_id": "5a", "lastModified": "x", "name": "n", "_connectionId": "5b", "http": {"_id": "kept"}}

    assert virtual(document) == {"name": "n", "_connectionId": "5b", "http": {"_id": "kept"}}


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"name": "Orders"}, "Orders"),
        ({"adaptorType": "HTTPImport"}, "HTTPImport"),
        ({"s3": {}}, "s3 import"),
        ({}, "import"),
    ],
)
def test_describe(document: dict[str, Any], text: str) -> None:
    assert describe(document) == text
