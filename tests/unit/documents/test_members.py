"""Typed members of documents: what is read, and what is said of a member that is something else."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from support.soak import runs, seed

from celigo_pandas.documents.members import (
    LIST,
    NUMBER_OR_TEXT,
    OBJECT,
    OBJECTS,
    TEXT,
    TEXT_OR_TEXTS,
    TEXTS,
    MemberError,
    Members,
    shape_problems,
)

TABLE = {
    "a": OBJECT, "a.list": LIST, "a.text": TEXT, "objects": OBJECTS, "texts": TEXTS, "either": TEXT_OR_TEXTS,
    "count": NUMBER_OR_TEXT,
}  # fmt: skip
FITTING = {
    "a": {"list": [1, None], "text": ""},
    "objects": [{}, {"x": 1}],
    "texts": ["a"],
    "either": ["a", None],
    "count": "5",
    "other": object(),
}


@pytest.mark.parametrize("doc", [{}, FITTING, dict.fromkeys(FITTING), {"either": "a", "count": 5, "a": {}}])
def test_what_fits_or_is_absent_is_no_problem(doc: dict[str, Any]) -> None:
    assert list(shape_problems(doc, TABLE)) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("a", [], "in.a holds a list; expected an object."),
        ("a.text", 5, "in.a.text holds a number; expected a text."),
        ("a.list", "x", "in.a.list holds a text; expected a list."),
        ("objects", [{}, "hidden"], "in.objects holds a text; expected an object."),
        ("texts", ["a", None], "in.texts holds null; expected a text."),
        ("either", True, "in.either holds true or false; expected a text or a list."),
        ("either", [{}], "in.either holds an object; expected a text."),
        ("count", True, "in.count holds true or false; expected a number or a text."),
        ("count", 1.5, "in.count holds a number; expected a number or a text."),
    ],
)
def test_what_does_not_fit_is_said_with_its_path_and_without_its_value(path: str, value: Any, said: str) -> None:
    doc = copy.deepcopy({name: FITTING[name] for name in FITTING if name != "other"})
    *outer, last = path.split(".")
    (doc[outer[0]] if outer else doc)[last] = value

    (problem,) = shape_problems(doc, TABLE, "in")

    assert (problem.field, problem.message) == (f"in.{path}", said)
    assert "hidden" not in problem.message


@pytest.mark.soak
def test_any_document_against_any_table_is_judged_member_by_member() -> None:
    chosen = random.Random(seed("members"))
    values = [None, True, 0, 1.5, "t", [], ["t"], [{}], [None], {}, {"list": 3}, {"text": "t", "list": []}]
    for _ in range(runs(300, 20_000)):
        doc = {name: chosen.choice(values) for name in ("a", "objects", "texts", "either", "count")}
        wrong = {problem.field for problem in shape_problems(doc, TABLE)}

        for path, shape in TABLE.items():
            outer, _, last = path.rpartition(".")
            holder = doc.get(outer) if outer else doc
            value = holder.get(last) if isinstance(holder, dict) else None
            assert (path in wrong) == (value is not None and shape.misfit(value) is not None)


FILE = Members(
    {
        **{"type": "csv", "size": 5, "keep": False, "names": ["a"]},
        **{"csv": {"x": 1}, "sort": [{"field": "f"}], "bad": {"y": 1}},
    },
    "export.file",
)


def test_members_are_read_as_what_they_are() -> None:
    assert FILE.choice("type", ("csv", "json")) == "csv"
    assert (FILE.number("size", 1, 9), FILE.flag("keep", True), FILE.texts("names")) == (5, False, ("a",))
    assert FILE.block("csv").get("x") == 1
    assert [one.text("field") for one in FILE.blocks("sort", "a list")] == ["f"]
    assert (FILE.number("no", 1, 9), FILE.flag("no", True), FILE.texts("no"), FILE.text("no")) == (None, True, (), "")
    assert (FILE.block("no").path, FILE.blocks("no", "a list")) == ("export.file.no", [])


@pytest.mark.parametrize(
    ("read", "code", "field", "said"),
    [
        (lambda: FILE.text("size"), "invalid_field", "size", "file.size: got 5; expected a text."),
        (lambda: FILE.number("size", 6, 9), "invalid_field", "size", "expected a whole number from 6 to 9"),
        (lambda: FILE.number("keep", 0, 9), "invalid_field", "keep", "got False"),
        (lambda: FILE.flag("size", True), "invalid_field", "size", "expected true or false"),
        (lambda: FILE.texts("sort"), "invalid_field", "sort", "expected a list of texts"),
        (lambda: FILE.block("type"), "invalid_field", "type", "got 'csv'; expected an object"),
        (lambda: FILE.blocks("names", "a list of {field}"), "invalid_field", "names", "expected a list of {field}"),
        (lambda: FILE.choice("type", ("json", "xml")), "unsupported", "type", "'csv' is not known; expected one of"),
        (lambda: FILE.text("no", required=True), "missing_required_field", "no", "Expected field: file.no to"),
        (lambda: FILE.block("no", required=True), "missing_required_field", "no", "Expected field: file.no"),
        (lambda: FILE.block("bad").refuse_unknown({"x"}), "invalid_field", "bad.y", "is not known; known are x."),
    ],
)  # fmt: skip
def test_a_member_that_is_something_else_is_an_error_with_its_path(read: Any, code: str, field: str, said: str) -> None:
    with pytest.raises(MemberError) as caught:
        read()

    problem = caught.value.problem
    assert (problem.code, problem.field) == (code, f"export.file.{field}")
    assert said in problem.message
