"""Where the text of a script comes from, and which script a document means."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from celigo_pandas.documents.script_references import ScriptReference, script_references
from celigo_pandas.documents.script_sources import find_sources, read_source
from celigo_pandas.errors import ConfigError, DocumentError, NotFoundError

CODE = "function preMap(options) { return [] }"
ID, OTHER = "5f00000000000000000000aa", "5f00000000000000000000bb"


@dataclass
class Saved:
    id: str
    name: str
    content: str


@dataclass
class Account:
    """``client.scripts`` as far as it is asked."""

    scripts: dict[str, Saved] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __getitem__(self, name_or_id: str) -> Saved:
        self.asked.append(name_or_id)
        if name_or_id not in self.scripts:
            raise NotFoundError(f"No script {name_or_id}.")
        return self.scripts[name_or_id]


def test_document_refers_to_scripts_in_hooks_and_steps() -> None:
    doc = {
        "hooks": {"preMap": {"_scriptId": ID, "function": "clean"}, "postMap": {}, "postSubmit": {"_stackId": "7"}},
        "filter": {"type": "script", "script": {"_scriptId": OTHER}},
        "transform": {"type": "expression", "expression": {}},
        "responseTransform": {"type": "script"},
    }

    assert script_references(doc) == [
        ScriptReference("hooks.preMap", "preMap", ID, "clean"),
        ScriptReference("hooks.postSubmit", "postSubmit", "", None, is_stack=True),
        ScriptReference("filter.script", "filter", OTHER),
        ScriptReference("responseTransform.script", "transform", ""),
    ]


@pytest.mark.parametrize("doc", [{}, {"hooks": None}, {"hooks": [1]}, {"hooks": {"preMap": 5}, "filter": "script"}])
def test_what_is_no_reference_is_none(doc: dict[str, Any]) -> None:
    assert script_references(doc) == []


def test_text_a_file_and_a_saved_script_are_read(tmp_path: Path) -> None:
    (tmp_path / "orders.mjs").write_text(CODE, encoding="utf-8-sig")
    (tmp_path / "plain").write_text(CODE, encoding="utf-8")

    found = [
        read_source(one) for one in (CODE, str(tmp_path / "orders.mjs"), tmp_path / "plain", Saved(ID, "Orders", CODE))
    ]

    assert [source.name for source in found] == ["script.js", "orders.mjs", "plain", "Orders"]
    assert {source.text for source in found} == {CODE}
    assert [source.id for source in found] == [None, None, None, ID]
    assert len({source.digest for source in found}) == 1


def test_script_is_taken_by_its_id_without_a_request_and_by_its_name_or_as_saved_with_one() -> None:
    account = Account({ID: Saved(ID, "Orders", CODE), OTHER: Saved(OTHER, "Late", CODE)})
    references = [ScriptReference("hooks.preMap", "preMap", ID), ScriptReference("hooks.postMap", "postMap", OTHER)]

    by_id = find_sources(references[:1], {ID: "// mine"}, account)
    assert account.asked == []
    mixed = find_sources(references, {"Orders": "// mine"}, account)
    saved = find_sources(references, account, None)

    assert by_id[ID].text == "// mine"
    assert {id: source.text for id, source in mixed.items()} == {ID: "// mine", OTHER: CODE}
    assert {id: source.name for id, source in saved.items()} == {ID: "Orders", OTHER: "Late"}


@pytest.mark.parametrize(
    ("reference", "scripts", "error", "text"),
    [
        (ScriptReference("hooks.preMap", "preMap", ID), None, DocumentError, "not at hand"),
        (ScriptReference("hooks.preMap", "preMap", ID), {"Orders": CODE}, DocumentError, "not at hand"),
        (ScriptReference("hooks.preMap", "preMap", ID), {ID: CODE, "Ordrs": CODE}, ConfigError, "'Ordrs', which"),
        (ScriptReference("hooks.preMap", "preMap", ID), Account(), NotFoundError, "No script"),
        (ScriptReference("hooks.preMap", "preMap", ID), {ID: "  "}, DocumentError, "is empty"),
        (ScriptReference("hooks.preMap", "preMap", ID), {ID: 5}, ConfigError, "expected JavaScript"),
        (ScriptReference("hooks.preMap", "preMap", ""), None, DocumentError, "names no script"),
        (ScriptReference("hooks.preMap", "preMap", "", is_stack=True), None, DocumentError, "on a stack"),
    ],
)
def test_script_that_cannot_be_had_is_told_by_its_place(
    reference: ScriptReference, scripts: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        find_sources([reference], scripts, None)
