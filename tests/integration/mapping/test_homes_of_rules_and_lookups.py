"""Wherever rules and lookups stand in an import document, everybody sees the same ones."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.engine import EngineProcess, make_sqlite

import celigo_pandas as celigo
from celigo_pandas.documents.lookup_editing import add_lookup, set_lookup
from celigo_pandas.documents.mapping_documents import LOOKUP_HOMES
from celigo_pandas.documents.rule_editing import add_rule, set_member
from celigo_pandas.documents.rule_sources import set_source
from celigo_pandas.errors import DocumentError
from celigo_pandas.forms.mapping_state import MappingState

RECORDS = [{"a": "x"}, {"a": "y"}]
FRAME = pd.DataFrame(RECORDS)
LOOKUP = {"name": "codes", "map": {"x": "X", "y": "Y"}}
FIELDS = {"fields": [{"generate": "one", "extract": "a", "lookupName": "codes"}], "lists": []}
TREE = [{"generate": "two", "dataType": "string", "extract": "$.a", "lookupName": "codes", "status": "Active"}]
NETSUITE = {"adaptorType": "NetSuiteDistributedImport"}

PLACES: dict[str, tuple[str, dict[str, Any]]] = {
    "mapping": ("one", {"mapping": FIELDS}),
    "mappings": ("two", {"mappings": TREE}),
    "netsuite": ("one", {**NETSUITE, "netsuite_da": {"operation": "add", "mapping": FIELDS}}),
    "netsuite-untyped": ("one", {"netsuite_da": {"mapping": FIELDS}}),
    "empty-mapping-before-netsuite": ("one", {"mapping": {"fields": []}, "netsuite_da": {"mapping": FIELDS}}),
    "empty-mappings-beside-mapping": ("one", {"mapping": FIELDS, "mappings": []}),
    "empty-mapping-beside-mappings": ("two", {"mapping": {"fields": [], "lists": []}, "mappings": TREE}),
    "both": ("two", {"mapping": FIELDS, "mappings": TREE}),
    "both-where-only-fields-are-taken": ("one", {**NETSUITE, "mapping": FIELDS, "mappings": TREE}),
}


def documents() -> Iterator[Any]:
    for place, (name, rules) in PLACES.items():
        # Every home with each mapper, every place with the two homes that rules and lookups share.
        for home in LOOKUP_HOMES if place in ("mapping", "mappings") else ("", "netsuite_da"):
            doc = copy.deepcopy(rules)
            block = doc.setdefault(home, {}) if home else doc
            block["lookups"] = [LOOKUP]
            yield pytest.param(doc, name, id=f"{place}-{home or 'top'}")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EngineProcess, str]]:
    path: Path = make_sqlite(tmp_path_factory.mktemp("homes") / "any.sqlite")
    with EngineProcess() as process:
        yield process, process.sqlite(path)


@pytest.mark.parametrize(("doc", "name"), list(documents()))
def test_all_see_the_rules_that_the_mapper_runs(
    doc: dict[str, Any], name: str, engine: tuple[EngineProcess, str]
) -> None:
    process, connection_id = engine
    expected = [{name: "X"}, {name: "Y"}]
    mapping = celigo.Mapping.from_import(doc)
    plain = mapping.copy().set(name, lookup=...)
    editor = MappingState(FRAME, doc)

    assert mapping.apply(FRAME) == expected
    assert celigo.dry_run(FRAME, doc).mapped.to_dict("records") == expected
    assert list(mapping.to_frame()["path"]) == [name]
    assert list(mapping.coverage(FRAME).frame["cell"]) == [name]
    assert plain.apply(FRAME) == [{name: "x"}, {name: "y"}]
    assert list(mapping.diff(plain, FRAME).frame["cell"]) == [name]
    assert mapping.blame(FRAME, 0, name).value == "X"
    assert name not in mapping.copy().remove(name)
    assert [row.generate for row in editor.rows] == [name]
    assert editor.lookup_names == ["codes"]
    answer = process.call("POST", f"/connections/{connection_id}/import/map", {"import": doc, "data": RECORDS})
    assert answer.json() == expected


@pytest.mark.parametrize(("doc", "name"), list(documents()))
def test_a_mapping_written_into_another_document_is_the_one_that_runs_there(doc: dict[str, Any], name: str) -> None:
    mapping = celigo.Mapping.from_import(doc)
    for target in ({}, {"netsuite_da": {"mapping": FIELDS}}, {"mappings": TREE}):
        written = mapping.to_import({**target, **{key: doc[key] for key in doc if key == "adaptorType"}})

        assert celigo.Mapping.from_import(written).apply(FRAME) == [{name: "X"}, {name: "Y"}]


@pytest.mark.parametrize(("doc", "name"), list(documents()))
def test_upgrade_takes_the_rules_that_run_or_refuses(doc: dict[str, Any], name: str) -> None:
    mapping = celigo.Mapping.from_import(doc)
    if name == "two" or "adaptorType" in doc:
        with pytest.raises(DocumentError, match=r"already|takes Mapper 1\.0 only"):
            mapping.upgrade(FRAME)
        return

    upgraded = mapping.upgrade(FRAME)

    assert upgraded.dialect == 2
    assert upgraded.apply(FRAME) == [{name: "X"}, {name: "Y"}]


@pytest.mark.parametrize(("doc", "name"), list(documents()))
def test_a_rule_and_a_lookup_added_in_the_editor_run_beside_the_others(doc: dict[str, Any], name: str) -> None:
    added, path = add_rule(doc, None)
    added, lookup = add_lookup(added)
    added = set_lookup(set_lookup(added, lookup, "map", {"x": "1", "y": "2"}), lookup, "name", "numbers")
    added = set_member(set_source(added, path, "a" if name == "one" else "$.a"), path, "generate", "more")
    added = set_member(added, path, "lookupName", "numbers")

    assert celigo.Mapping.from_import(added).apply(FRAME)[0] == {name: "X", "more": "1"}
