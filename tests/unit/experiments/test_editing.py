"""Editing what is there already, moving rules between documents, and documents that are not well-formed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from celigo_pandas import Mapping
from celigo_pandas.errors import CeligoError, DocumentError

LOOKUP = {"name": "L", "map": {"1": "one"}}


def with_list(extract: str = "$.l[*]") -> Mapping:
    return Mapping().set("o", extract, data_type="objectarray").set("o[*].s", "$.k.s")


# --- the source of a list ---------------------------------------------------------------------------------------------


def test_set_changes_the_source_of_a_list_that_is_there():
    mapping = with_list().set("o", "$.k[*]")

    (rule,) = mapping.to_import()["mappings"]
    assert [helper["extract"] for helper in rule["buildArrayHelper"]] == ["$.k[*]"]
    assert "extract" not in rule
    assert mapping.apply([{"k": [{"s": "1"}]}]) == [{"o": [{"s": "1"}]}]


def test_set_takes_the_source_of_a_list_away():
    (rule,) = with_list().set("o", ...).to_import()["mappings"]

    assert "extract" not in rule
    assert [list(helper) for helper in rule["buildArrayHelper"]] == [["mappings"]]


def test_set_changes_the_helper_of_an_array_of_primitives():
    entry = {"generate": "o", "dataType": "stringarray", "status": "Active", "buildArrayHelper": {"extract": "$.l"}}
    mapping = Mapping({"mappings": [entry]}).set("o", "$.k", when="extract_not_empty")

    assert mapping["o"]["buildArrayHelper"] == [{"extract": "$.k"}]
    assert mapping.apply([{"k": [1]}]) == [{"o": ["1"]}]


def test_set_moves_the_source_of_an_array_without_helper_into_one():
    mapping = Mapping(
        {"mappings": [{"generate": "o", "dataType": "objectarray", "status": "Active", "extract": "$.l"}]}
    )
    mapping.set("o", "$.k").set("o[*].s", "$.k.s")

    assert mapping.apply([{"k": [{"s": 1}]}]) == [{"o": [{"s": "1"}]}]
    assert "extract" not in mapping["o"]


def test_set_of_a_source_that_several_helpers_share_says_so():
    helpers = [{"extract": "$.l"}, {"extract": "$.k"}]
    mapping = Mapping({"mappings": [{"generate": "o", "dataType": "stringarray", "buildArrayHelper": helpers}]})

    with pytest.raises(DocumentError, match="o is built by 2 helpers"):
        mapping.set("o", "$.m")


# --- lookups ----------------------------------------------------------------------------------------------------------


def looked_up(**members: Any) -> dict[str, Any]:
    rule = {"generate": "x", "dataType": "string", "status": "Active", "extract": "$.a", "lookupName": "L"}
    return {"mappings": [rule], **members}


@pytest.mark.parametrize(
    ("target", "where"),
    [({"http": {"method": ["PUT"]}}, "http"), ({"http": {}}, "http"), ({}, None), ({"http": 5}, None)],
)
def test_lookups_of_an_adaptor_block_go_with_the_rules(target: dict[str, Any], where: str | None):
    document = Mapping(looked_up(http={"lookups": [LOOKUP]})).to_import(target)

    assert (document if where is None else document[where])["lookups"] == [LOOKUP]
    assert Mapping(document).apply([{"a": "1"}]) == [{"x": "one"}]


def test_lookups_are_added_in_their_order():
    names = [f"table {number}" for number in range(20)]
    mapping = Mapping()
    for name in names:
        mapping.set_lookup(name, {"a": "b"})
    document = mapping.to_import({"http": {}})

    assert [lookup["name"] for lookup in document["lookups"]] == names


def test_lookup_of_the_same_name_is_replaced_wherever_it_lies():
    target = {"lookups": [{"name": "L", "map": {}}], "rdbms": {"lookups": [{"name": "M"}, {"name": "L", "map": {}}]}}

    document = Mapping(looked_up(lookups=[LOOKUP])).to_import(target)

    assert document["lookups"] == [LOOKUP]
    assert document["rdbms"]["lookups"] == [{"name": "M"}, LOOKUP]


def test_set_lookup_replaces_one_in_an_adaptor_block():
    mapping = Mapping(looked_up(http={"lookups": [LOOKUP]})).set_lookup("L", {"1": "uno"})

    assert mapping.apply([{"a": "1"}]) == [{"x": "uno"}]
    assert "lookups" not in mapping.to_import()


@pytest.mark.parametrize(
    "taken",
    [
        lambda mapping: mapping.lookups,
        lambda mapping: mapping.to_import()["lookups"],
        lambda mapping: mapping.to_import({})["lookups"],
        lambda mapping: mapping.to_import({"lookups": [{"name": "L", "map": {}}]})["lookups"],
    ],
)
def test_lookups_handed_out_are_copies(taken: Callable[[Mapping], list[dict[str, Any]]]):
    mapping = Mapping(looked_up(lookups=[LOOKUP]))

    taken(mapping)[0]["map"]["1"] = "changed"

    assert mapping.to_import()["lookups"] == [LOOKUP]


# --- malformed documents ----------------------------------------------------------------------------------------------

TREE: dict[str, Any] = {
    "mappings": [
        {
            "generate": "o",
            "dataType": "object",
            "status": "Active",
            "conditional": {"when": "extract_not_empty"},
            "mappings": [{"generate": "x", "dataType": "string", "status": "Active", "extract": "$.a"}],
        },
        {
            "generate": "l",
            "dataType": "objectarray",
            "status": "Active",
            "buildArrayHelper": [
                {"extract": "$.l[*]", "mappings": [{"generate": "s", "dataType": "string", "status": "Active"}]}
            ],
        },
    ],
    "lookups": [LOOKUP],
}
FIELDS: dict[str, Any] = {
    "mapping": {
        "fields": [
            {
                "generate": "a.b",
                "extract": "a",
                "lookupName": "L",
                "default": "x",
                "subRecordMapping": {"mapping": {"fields": [{"generate": "q", "extract": "z"}]}},
            }
        ],
        "lists": [{"generate": "l", "jsonPath": "l", "fields": [{"generate": "s", "extract": "l[*].s"}]}],
    },
    "http": {"lookups": [LOOKUP]},
}
USES: dict[str, Callable[[Mapping], Any]] = {
    "repr": repr,
    "html": lambda mapping: mapping._repr_html_(),
    "to_frame": lambda mapping: mapping.to_frame(),
    "to_import": lambda mapping: mapping.to_import({"lookups": [LOOKUP]}),
    "set": lambda mapping: mapping.copy().set("zz.y", "$.a"),
    "set in a list": lambda mapping: mapping.copy().set("l[*].t", "$.l.t"),
    "set a list": lambda mapping: mapping.copy().set("l", "$.k[*]"),
    "remove": lambda mapping: mapping.copy().remove("l"),
    "set_lookup": lambda mapping: mapping.copy().set_lookup("L", {}),
    "upgrade": lambda mapping: mapping.upgrade(),
    "apply": lambda mapping: mapping.apply([{"a": "1", "l": [{"s": "1"}]}]),
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from places(member, (*path, key))


def broken_at(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(document)
    holder: Any = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return document


@pytest.mark.parametrize("document", [TREE, FIELDS], ids=["tree", "fields"])
@pytest.mark.parametrize("wrong", [None, 5, "x", [], [5], {}, {"a": 1}, [[]]], ids=repr)
def test_document_with_a_wrong_value_anywhere_raises_errors_of_the_tree_only(document: dict[str, Any], wrong: Any):
    foreign = {}
    for path in places(document):
        mapping = Mapping(broken_at(document, path, wrong))
        for name, use in USES.items():
            try:
                use(mapping)
            except CeligoError:
                continue
            except Exception as error:
                foreign[name, path] = repr(error)

    assert foreign == {}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"mapping": {"fields": None, "lists": []}}, "x"),
        ({"mapping": {"fields": [], "lists": None}}, "l[*].x"),
        ({"mapping": {}}, "x"),
        ({"mappings": None}, "x"),
    ],
)
def test_null_where_a_list_belongs_is_an_empty_one(document: dict[str, Any], path: str):
    mapping = Mapping(document)
    dialect = mapping.dialect
    mapping.set(path, "a")

    assert path in mapping
    assert mapping.dialect == dialect


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"mapping": {"fields": 5}}, "mapping.fields"),
        ({"mapping": 5}, "mapping"),
        ({"mappings": {"a": 1}}, "mappings"),
    ],
)
def test_edit_that_would_write_into_no_list_names_the_place(document: dict[str, Any], place: str):
    with pytest.raises(DocumentError, match=f"{place} must be") as caught:
        Mapping(document).set("x", "a")

    assert [problem.field for problem in caught.value.problems] == [place]


def test_mapping_of_no_document_is_refused():
    with pytest.raises(DocumentError, match="expected an import document"):
        Mapping(5)  # type: ignore[arg-type]
