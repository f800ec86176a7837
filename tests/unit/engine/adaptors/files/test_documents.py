"""File documents: what they mean, and what is refused by its name."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from celigo_pandas.engine.adaptors.files.file_plans import export_plan, import_plan
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.choices import CHOICES

EXPORT: dict[str, Any] = {"file": {"type": "csv"}, "filesystem": {"directoryPath": "/in"}}
IMPORT: dict[str, Any] = {"file": {"type": "csv", "fileName": "o.csv"}, "filesystem": {"directoryPath": "/out"}}


def with_member(doc: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    found = copy.deepcopy(doc)
    here = found
    *parents, last = path.split(".")
    for name in parents:
        here = here.setdefault(name, {})
    here[last] = value
    return found


def test_export_defaults_are_the_vendors() -> None:
    plan = export_plan(EXPORT, "filesystem", CHOICES)

    assert plan.deletes is True
    assert (plan.csv.column_delimiter, plan.csv.row_delimiter, plan.csv.has_header_row) == (",", None, True)
    assert (plan.csv.trim_spaces, plan.csv.rows_to_skip, plan.csv.quotes) == (False, 0, True)
    assert (plan.encoding, plan.compression, plan.output, plan.group, plan.sort) == ("", None, "records", (), ())


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("filesystem", None, "missing_required_field"),
        ("filesystem", [], "invalid_field"),
        ("filesystem.directoryPath", "", "missing_required_field"),
        ("filesystem.directoryPath", 7, "invalid_field"),
        ("filesystem.fileNameStartsWith", "o", "unsupported"),
        ("filesystem.fileNameEndsWith", "", "unsupported"),
        ("filesystem._tpConnectorId", "x", "unsupported"),
        ("file", None, "missing_required_field"),
        ("file.type", None, "missing_required_field"),
        ("file.type", "filedefinition", "unsupported"),
        ("file.type", "CSV", "unsupported"),
        ("file.output", "blobKeys", "unsupported"),
        ("file.decrypt", "pgp", "unsupported"),
        ("file.encoding", "utf-7", "unsupported"),
        ("file.compressionFormat", "rar", "unsupported"),
        ("file.skipDelete", "true", "invalid_field"),
        ("file.batchSize", 1001, "invalid_field"),
        ("file.batchSize", 0, "invalid_field"),
        ("file.batchSize", True, "invalid_field"),
        ("file.csv", [], "invalid_field"),
        ("file.csv.rowsToSkip", -1, "invalid_field"),
        ("file.csv.hasHeaderRow", 1, "invalid_field"),
        ("file.csv.keyColumns", "a", "invalid_field"),
        ("file.groupByFields", [1], "invalid_field"),
        ("file.sortByFields", {"field": "a"}, "invalid_field"),
        ("file.filter", {"type": "script", "script": {"_scriptId": "x"}}, "invalid_field"),
        ("file.filter", {"type": "expression", "rules": ["like", 1, 2]}, "invalid_field"),
        ("type", "blob", "unsupported"),
    ],
)
def test_export_member_that_cannot_be_is_refused_by_its_name(path: str, value: Any, code: str) -> None:
    with pytest.raises(SourceFailure) as caught:
        export_plan(with_member(EXPORT, path, value), "filesystem", CHOICES)

    assert (caught.value.code, caught.value.field) == (code, f"export.{path}")
    assert path in caught.value.message or "ilter" in caught.value.message


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("json", "json.resourcePath", "a[0]"),
        ("json", "json.resourcePath", 7),
        ("xml", "xml.resourcePath", None),
        ("xml", "xml.resourcePath", "//a["),
        ("xlsx", "xlsx.hasHeaderRow", "no"),
    ],
)
def test_export_member_of_another_format(kind: str, path: str, value: Any) -> None:
    document = with_member(EXPORT, f"file.{path}", value)

    # The blocks of other formats are not read.
    if kind != "xlsx":
        export_plan(document, "filesystem", CHOICES)
    with pytest.raises(SourceFailure) as caught:
        export_plan(with_member(document, "file.type", kind), "filesystem", CHOICES)
    assert caught.value.field == f"export.file.{path}"


def test_export_of_ftp_reads_its_own_block() -> None:
    document = {
        "file": {"type": "csv", "skipDelete": True, "csv": {"keyColumns": ["a"]}},
        "ftp": {"directoryPath": "in", "fileNameStartsWith": "o", "fileNameEndsWith": ".x", "backupDirectoryPath": "b"},
    }

    plan = export_plan(document, "ftp", CHOICES)

    assert (plan.folder, plan.starts_with, plan.ends_with, plan.backup_folder) == ("in", "o", ".x", "b")
    assert (plan.group, plan.deletes) == (("a",), False)


def test_export_grouped_twice_is_refused() -> None:
    document = with_member(with_member(EXPORT, "groupByFields", ["a"]), "file.groupByFields", ["a"])

    with pytest.raises(SourceFailure, match="grouped twice"):
        export_plan(document, "filesystem", CHOICES)


def test_import_defaults_are_the_vendors() -> None:
    plan = import_plan(IMPORT, "filesystem")

    assert (plan.encoding, plan.compression, plan.records_per_file, plan.body) == ("utf8", None, None, None)
    assert (plan.csv.row_delimiter, plan.csv.include_header, plan.csv.wrap_with_quotes) == ("\n", True, False)
    assert (plan.name, plan.name_field) == ("o.csv", "import.file.fileName")


def test_import_name_of_the_place_comes_before_that_of_the_file() -> None:
    plan = import_plan(with_member(IMPORT, "filesystem.fileName", "other.csv"), "filesystem")

    assert (plan.name, plan.name_field) == ("other.csv", "import.filesystem.fileName")


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("filesystem", None, "missing_required_field"),
        ("filesystem.directoryPath", None, "missing_required_field"),
        ("file.fileName", None, "missing_required_field"),
        ("file.type", "filedefinition", "unsupported"),
        ("file.encrypt", True, "unsupported"),
        ("file.delete", True, "unsupported"),
        ("file.skipAggregation", "yes", "invalid_field"),
        ("file.csv.columnDelimiter", '"', "invalid_field"),
        ("file.csv.columnDelimiter", "\n", "invalid_field"),
        ("file.csv.customHeaderRows", "a", "invalid_field"),
        ("blobKeyPath", "x", "unsupported"),
    ],
)
def test_import_member_that_cannot_be_is_refused_by_its_name(path: str, value: Any, code: str) -> None:
    with pytest.raises(SourceFailure) as caught:
        import_plan(with_member(IMPORT, path, value), "filesystem")

    assert (caught.value.code, caught.value.field) == (code, f"import.{path}")


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("json", "json.resourcePath", "a"),
        ("xml", "xml.resourcePath", "/a"),
        ("xml", "xml.body", None),
        ("xlsx", "xlsx.includeHeader", 0),
    ],
)
def test_import_member_of_another_format(kind: str, path: str, value: Any) -> None:
    document = with_member(with_member(IMPORT, "file.type", kind), f"file.{path}", value)

    with pytest.raises(SourceFailure) as caught:
        import_plan(document, "filesystem")

    assert caught.value.field == f"import.file.{path}"


def test_import_columns_are_those_of_either_mapper() -> None:
    first = {"mapping": {"fields": [{"generate": "b"}, {"generate": "a"}, {"extract": "x"}]}}
    second = {"mappings": [{"generate": "c"}, {"generate": "a"}]}

    assert import_plan({**IMPORT, **first}, "filesystem").columns == ("b", "a")
    assert import_plan({**IMPORT, **second}, "filesystem").columns == ("c", "a")
