from __future__ import annotations

import json

import pytest

from celigo_pandas import build
from celigo_pandas.errors import DocumentError
from celigo_pandas.filters import keep


def test_sql_export_prints_the_exact_json_it_sends():
    export = build.sql_export("select 1", page_size=50)

    assert json.loads(repr(export)) == export.to_dict() == {"rdbms": {"query": "select 1"}, "pageSize": 50}


def test_to_dict_returns_a_copy_that_does_not_reach_back():
    export = build.http_export("/orders", paging="page", resource_path="data")
    export.to_dict()["http"]["paging"]["method"] = "skip"

    assert export.to_dict()["http"]["paging"] == {"method": "page"}


@pytest.mark.parametrize("place", ["ftp", "s3", "filesystem"])
def test_file_export_never_lets_the_platform_delete_the_file(place):
    export = build.file_export("in", place=place, bucket="b", ends_with=".csv")

    assert export.to_dict()["file"]["skipDelete"] is True


def test_file_export_names_its_files_as_each_place_can():
    ftp = build.file_export("in", place="ftp", starts_with="o-", ends_with=".csv").to_dict()
    s3 = build.file_export("in/", place="s3", bucket="b", starts_with="o-").to_dict()
    folder = build.file_export("/in", place="filesystem", starts_with="o-", ends_with=".csv").to_dict()

    assert ftp["ftp"] == {"directoryPath": "in", "fileNameStartsWith": "o-", "fileNameEndsWith": ".csv"}
    assert s3["s3"] == {"bucket": "b", "keyStartsWith": "in/o-"}
    assert folder["filesystem"] == {"directoryPath": "/in"}
    rules = folder["file"]["filter"]["expression"]["rules"]
    assert [keep(rules, {"filename": name}) for name in ("o-1.csv", "o-1.txt", "x.csv")] == [True, False, False]


def test_netsuite_export_is_the_documented_search():
    export = build.netsuite_export(131298, record_type="customRecord")

    assert export.to_dict() == {
        "netsuite": {
            "type": "search",
            "searches": [{"recordType": "customRecord", "savedSearchId": "131298"}],
            "skipGrouping": True,
        }
    }


def test_http_import_writes_position_aligned_arrays():
    document = build.http_import("/notices", id_path="id", mapping=[{"generate": "a"}], headers={"X-A": "1"}).to_dict()

    assert document["http"]["method"] == ["POST"]
    assert document["http"]["relativeURI"] == ["/notices"]
    assert document["http"]["response"] == {"resourceIdPath": ["id"]}
    assert document["http"]["headers"] == [{"name": "X-A", "value": "1"}]
    assert document["mappings"] == [{"generate": "a"}]


def test_members_reach_what_has_no_argument_and_keep_the_rest():
    document = build.sql_import(table="orders", members={"rdbms": {"bulkInsert": {"batchSize": 500}}}).to_dict()

    assert document["rdbms"]["bulkInsert"] == {"tableName": "orders", "batchSize": 500}


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: build.sql_export("  "), "rdbms.query"),
        (lambda: build.sql_export("select 1", page_size=0), "pageSize"),
        (lambda: build.http_export("/x", method="FETCH"), "http.method"),
        (lambda: build.http_export("/x", paging="pages"), "http.paging.method"),
        (lambda: build.file_export("in", type="docx"), "file.type"),
        (lambda: build.file_export("in", place="s3"), "s3.bucket"),
        (lambda: build.salesforce_export(""), "salesforce.soql.query"),
        (lambda: build.netsuite_export("", record_type="x"), "netsuite.searches.savedSearchId"),
        (lambda: build.sql_import(), "rdbms.query"),
        (lambda: build.sql_import("q", table="t"), "rdbms.query"),
        (lambda: build.sql_import("q", query_type="each"), "rdbms.queryType"),
        (lambda: build.http_import("/x", batch_size=5), "http.response.resourcePath"),
        (lambda: build.http_import("/x", mapping=7), "mapping"),
        (lambda: build.file_import(""), "file.fileName"),
    ],
)
def test_builder_bad_argument_names_the_field(make, field):
    with pytest.raises(DocumentError) as caught:
        make()

    assert field in {problem.field for problem in caught.value.problems}
    assert field in str(caught.value)


def test_builder_lists_every_problem_at_once():
    with pytest.raises(DocumentError) as caught:
        build.file_export("", type="docx", place="nfs")

    assert {problem.field for problem in caught.value.problems} >= {"file.type", "place"}
