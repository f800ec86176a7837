from __future__ import annotations

import copy
import json
import pickle
import re
from datetime import datetime
from pathlib import Path

import pytest

import celigo_pandas
from celigo_pandas import Mapping, build
from celigo_pandas.errors import ConfigError, DocumentError
from celigo_pandas.filters import keep
from celigo_pandas.handlebars import render


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
    s3 = build.file_export("/in", place="s3", bucket="b", starts_with="o-").to_dict()
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
    rule = {"generate": "a", "dataType": "string", "extract": "$.a"}
    document = build.http_import("/notices", id_path="id", mapping=[rule], headers={"X-A": "1"}).to_dict()

    assert document["http"]["method"] == ["POST"]
    assert document["http"]["relativeURI"] == ["/notices"]
    assert document["http"]["response"] == {"resourceIdPath": ["id"]}
    assert document["http"]["headers"] == [{"name": "X-A", "value": "1"}]
    assert document["mappings"] == [rule]


def test_mongodb_builders_write_json_as_texts():
    export = build.mongodb_export("orders", pipeline=[{"$match": {"a": "ä"}}], read_preference="nearest", page_size=5)
    update = {"$set": {"n": "{{record.n}}"}}
    document = build.mongodb_import(
        "orders", method="updateOne", filter='{"n": {{record.n}} }', update=update, upsert=True
    )

    block = {
        "method": "find",
        "collection": "orders",
        "pipeline": '[{"$match": {"a": "ä"}}]',
        "readPreference": "nearest",
    }
    assert export.to_dict() == {"mongodb": block, "pageSize": 5}
    assert document.to_dict()["mongodb"] == {
        "method": "updateOne",
        "collection": "orders",
        "filter": '{"n": {{record.n}} }',
        "update": '{"$set": {"n": "{{record.n}}"}}',
        "upsert": True,
    }


def test_dynamodb_builders_write_json_as_texts():
    export = build.dynamodb_export(
        "orders", "#c = :c", values={":c": "ä"}, names={"#c": "customer"}, projection=["#c"], region="eu-west-1"
    )
    document = build.dynamodb_import(
        "stock",
        method="updateItem",
        partition_key="{{{record.sku}}}",
        update="SET n = :n",
        values='{":n": {{record.n}}}',
    )

    assert export.to_dict()["dynamodb"] == {
        "region": "eu-west-1",
        "method": "query",
        "tableName": "orders",
        "keyConditionExpression": "#c = :c",
        "projectionExpression": ["#c"],
        "expressionAttributeNames": '{"#c": "customer"}',
        "expressionAttributeValues": '{":c": "ä"}',
    }
    assert document.to_dict()["dynamodb"] == {
        "region": "us-east-1",
        "method": "updateItem",
        "tableName": "stock",
        "partitionKey": "{{{record.sku}}}",
        "updateExpression": "SET n = :n",
        "expressionAttributeValues": '{":n": {{record.n}}}',
    }


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
        (lambda: build.dynamodb_export("", "a = :a"), "dynamodb.tableName"),
        (lambda: build.dynamodb_export("t", ""), "dynamodb.keyConditionExpression"),
        (lambda: build.dynamodb_export("t", "a = {{x}}"), "dynamodb.keyConditionExpression"),
        (lambda: build.dynamodb_export("t", "a = :a", filter="b = {{x}}"), "dynamodb.filterExpression"),
        (lambda: build.dynamodb_export("t", "a = :a", projection="a"), "dynamodb.projectionExpression"),
        (lambda: build.dynamodb_export("t", "a = :a", values="{{#if}"), "dynamodb.expressionAttributeValues"),
        (lambda: build.dynamodb_import("t", method="deleteItem"), "dynamodb.method"),
        (lambda: build.dynamodb_import("t", method="updateItem", update="x"), "dynamodb.partitionKey"),
        (lambda: build.dynamodb_import("t", method="updateItem", partition_key="x"), "dynamodb.updateExpression"),
        (lambda: build.dynamodb_import("t", update="SET a = :a"), "dynamodb.updateExpression"),
        (lambda: build.dynamodb_import("t", item=5), "dynamodb.itemDocument"),
        (lambda: build.mongodb_export(""), "mongodb.collection"),
        (lambda: build.mongodb_export("c", filter=5), "mongodb.filter"),
        (lambda: build.mongodb_export("c", filter={"at": datetime(2026, 1, 1)}), "mongodb.filter"),
        (lambda: build.mongodb_export("c", filter="{{#if}"), "mongodb.filter"),
        (lambda: build.mongodb_export("c", filter={}, pipeline=[]), "mongodb.pipeline"),
        (lambda: build.mongodb_export("c", pipeline={"$match": {}}), "mongodb.pipeline"),
        (lambda: build.mongodb_export("c", read_preference="any"), "mongodb.readPreference"),
        (lambda: build.mongodb_import("c", method="deleteOne"), "mongodb.method"),
        (lambda: build.mongodb_import("c", method="updateOne", filter={}), "mongodb.update"),
        (lambda: build.mongodb_import("c", method="updateOne", update={"$set": {}}), "mongodb.filter"),
        (lambda: build.mongodb_import("c", filter={"a": 1}), "mongodb.filter"),
        (lambda: build.mongodb_import("c", upsert=True), "mongodb.upsert"),
        (lambda: build.http_import("/x", batch_size=5), "http.response.resourcePath"),
        (lambda: build.http_import("/x", mapping=7), "mapping"),
        (lambda: build.file_import(""), "file.fileName"),
        (lambda: build.netsuite_export(None, record_type="x"), "netsuite.searches.savedSearchId"),
        (lambda: build.netsuite_export(True, record_type="x"), "netsuite.searches.savedSearchId"),
        (lambda: build.sql_import("insert", mapping=[{"generate": "x"}]), "mappings[0].dataType"),
        (lambda: build.sql_import("insert", mapping=[5]), "mappings[0]"),
        (lambda: build.sql_import("insert", mapping={"fields": [{"extract": "x"}]}), "mapping.fields[0].generate"),
        (lambda: build.sql_import("insert", lookups=[5]), "lookups[0]"),
        (lambda: build.sql_import("insert", lookups=[{"map": {}}]), "lookups[0].name"),
        (lambda: build.sql_import("insert", lookups=5), "lookups"),
        (lambda: build.sql_import("insert {{#if}"), "rdbms.query[0]"),
        (lambda: build.sql_export("select {{#if}"), "rdbms.query"),
        (lambda: build.salesforce_export("select {{#if}"), "salesforce.soql.query"),
        (lambda: build.http_import("/x", body="{{#if}"), "http.body[0]"),
        (lambda: build.http_import("/x", body=5), "http.body"),
        (lambda: build.http_export("/{{bad"), "http.relativeURI"),
        (lambda: build.http_export("/x", headers={"A": "{{bad"}), "http.headers[0].value"),
        (lambda: build.http_export("/x", headers={"A": 5}), "http.headers.A"),
        (lambda: build.http_export("/x", headers=[("a", "b")]), "http.headers"),
        (lambda: build.http_export("/x", paging=5), "http.paging"),
        (lambda: build.file_export("in", csv=5), "file.csv"),
        (lambda: build.file_export(5, place="s3", bucket="b"), "directory"),
        (lambda: build.file_import("{{bad.csv"), "file.fileName"),
        (lambda: build.http_export("/x", members=[1]), "members"),
        (lambda: build.http_export("/x", members={"filter": {"rules": ["like", 1, 2]}}), "filter.rules[0]"),
        (
            lambda: build.file_export("in", members={"file": {"filter": {"rules": ["like", 1, 2]}}}),
            "file.filter.rules[0]",
        ),
        (
            lambda: build.http_export("/x", members={"transform": {"rules": [[{"generate": "x"}]]}}),
            "transform.expression.rules[0][0].extract",
        ),
        (lambda: build.http_export("/x", members={"http": {"body": "{{#if}"}}), "http.body"),
        (lambda: build.http_export("/x", members={"transform": Mapping()}), "transform"),
        (lambda: build.http_export("/x", members={"when": [datetime(2026, 1, 1)]}), "when[0]"),
        (lambda: build.http_export("/x", members={"a": {"b": float("nan")}}), "a.b"),
        (lambda: build.http_export("/x", members={"a": {5: 1}}), "a"),
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


@pytest.mark.parametrize(
    ("directory", "starts_with", "key"),
    [("/in", None, "in/"), ("in/", "o-", "in/o-"), ("/", "o-", "o-"), ("/", None, None), ("/a/b/", "o", "a/b/o")],
)
def test_file_export_begins_the_keys_of_a_bucket_as_file_import_writes_them(directory, starts_with, key):
    export = build.file_export(directory, place="s3", bucket="b", starts_with=starts_with).to_dict()
    written = build.file_import(f"{starts_with or ''}1.csv", directory=directory, place="s3", bucket="b").to_dict()

    assert export["s3"].get("keyStartsWith") == key
    assert written["s3"]["fileKey"].startswith(key or "")


def test_builder_takes_scripts_which_only_the_platform_runs():
    script = {"type": "script", "script": {"_scriptId": "1", "function": "f"}}
    members = {"transform": script, "filter": script, "file": {"filter": script}}

    assert build.file_export("in", members=members).to_dict()["transform"] == script


def test_builder_takes_a_mapping_of_either_dialect_with_its_lookups():
    mapping = Mapping(dialect=1).set("x", "a", lookup="L").set_lookup("L", {"1": "one"})
    document = build.sql_import("insert", mapping=mapping, lookups=[{"name": "M", "map": {}}]).to_dict()

    assert [lookup["name"] for lookup in document["lookups"]] == ["M", "L"]
    assert Mapping(document).apply([{"a": "1"}]) == [{"x": "one"}]


def test_document_is_a_mapping_that_json_and_a_star_take():
    export = build.sql_export("select 1", page_size=50)

    assert export["rdbms"] == {"query": "select 1"}
    assert {**export} == dict(export) == json.loads(json.dumps(export)) == export.to_dict()
    assert type(export.to_dict()) is dict
    assert copy.deepcopy(export) == pickle.loads(pickle.dumps(export)) == export
    assert type(Mapping().to_import(export)) is dict


def test_document_is_a_copy_of_what_it_was_made_of():
    members = {"http": {"method": ["POST"]}}
    document = build.Document(members)
    document["http"]["method"].append("PUT")

    assert members == {"http": {"method": ["POST"]}}


def test_document_as_a_file_comes_back_as_it_was(tmp_path):
    rule = {"generate": "straße", "dataType": "string", "extract": "$.a\ud83d"}
    document = build.http_import("/notices", mapping=[rule])

    path = document.save(tmp_path / "notices.json")

    assert build.load(path) == document
    assert isinstance(build.load(path), build.Document)
    assert "straße" in path.read_text(encoding="utf-8")
    assert [entry.name for entry in tmp_path.iterdir()] == ["notices.json"]


def test_document_in_yaml_is_read(tmp_path):
    (tmp_path / "orders.yaml").write_text("rdbms:\n  query: select 1\n")

    assert build.load(tmp_path / "orders.yaml") == build.sql_export("select 1")


def test_document_of_150_levels_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": ' + 149 * "[" + 149 * "]" + "}")

    assert list(build.load(tmp_path / "a.json")) == ["a"]


@pytest.mark.parametrize(
    ("name", "content", "kind", "said"),
    [
        ("x.json", None, ConfigError, "No such file"),
        ("x.json", b"{", DocumentError, "not JSON"),
        ("x.json", b"[1]", DocumentError, "holds a list"),
        ("x.json", b'{"a": "\xff"}', ConfigError, "not UTF-8"),
        ("x.yaml", b"a: [1", DocumentError, "not YAML"),
        ("x.json", b'{"rdbms": {"query": "select {{#if}"}}', DocumentError, "rdbms.query"),
        ("x.json", b'{"a": ' + 100_000 * b"[" + 100_000 * b"]" + b"}", DocumentError, "nested too deeply"),
        ("x.json", b'{"a": ' + 600 * b"[" + 600 * b"]" + b"}", DocumentError, "nested too deeply"),
        ("x.yaml", b"a: " + 600 * b"[" + 600 * b"]", DocumentError, "nested too deeply"),
        ("x.yaml", b"a: " + 210 * b"[" + 210 * b"]", DocumentError, "nested too deeply"),
        ("x.yaml", b"a: &self [*self]", DocumentError, "nested too deeply"),
        ("x.yaml", b"a: {b: 2024-01-02}", DocumentError, "a.b: got"),
        ("x.yaml", b"a: {1: x}", DocumentError, "a: got the key 1"),
        ("x.json", b'{"a": [NaN]}', DocumentError, r"a\[0\]: got nan"),
    ],
)
def test_file_without_a_good_document_is_named(tmp_path, name, content, kind, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(kind, match=said) as caught:
        build.load(tmp_path / name)

    assert name in str(caught.value)


def test_document_that_json_cannot_hold_is_not_saved(tmp_path):
    document = build.sql_export("select 1")
    document["when"] = datetime(2026, 1, 1)

    with pytest.raises(DocumentError, match="when: got"):
        document.save(tmp_path / "x.json")

    assert list(tmp_path.iterdir()) == []
    assert "2026" in repr(document)


def test_document_that_cannot_be_written_names_the_file(tmp_path):
    with pytest.raises(ConfigError, match="no_such_folder"):
        build.sql_export("select 1").save(tmp_path / "no_such_folder" / "x.json")


def test_file_names_of_examples_have_no_colons():
    root = Path(celigo_pandas.__file__).parents[1]
    pages = [*(root / "docs").glob("*.md"), *(root / "celigo_pandas" / "builders").glob("*.py")]
    names = [
        name for page in pages for name in re.findall(r"[\w-]*\{\{timestamp[^}]*\}\}[\w-]*\.csv", page.read_text())
    ]

    assert len(names) >= 2
    assert not [name for name in names if ":" in render(name, {})]
