"""Rules that map without an error and do not do what was meant."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

import celigo_pandas as celigo
from celigo_pandas import build
from celigo_pandas.errors import HintWarning
from celigo_pandas.mapping import compile_mapping
from celigo_pandas.mapping.explain.traps import find_traps, trap_texts

FIELDS = {
    ("email",): "",
    ("phone",): "",
    ("age",): "number",
    ("is_new",): "boolean",
    ("lines",): "",
    ("cust", "id"): "",
}


def traps_of(*rules, fields=FIELDS, **members):
    document = {"mappings": [{"dataType": "string", "status": "Active", **rule} for rule in rules], **members}
    return find_traps(compile_mapping(document), document, fields)


@pytest.mark.parametrize(
    ("rule", "trap"),
    [
        ({"generate": "email", "extract": "email"}, ("literal", "email", "email", "$.email")),
        ({"generate": "mail", "extract": "email"}, ("literal", "mail", "email", "$.email")),
        ({"generate": "customer", "extract": "cust.id"}, ("literal", "customer", "cust.id", "$.cust.id")),
        ({"generate": "tel", "extract": "$.phone_number"}, ("unknown", "tel", "$.phone_number", "$.phone")),
        ({"generate": "tel", "extract": "{{record.fone}} x"}, ("unknown", "tel", "$.fone", "$.phone")),
        ({"generate": "x", "extract": "$.qqqq"}, ("unknown", "x", "$.qqqq", "")),
        ({"generate": "age", "extract": "$.age"}, ("retyped", "age", "age", "number")),
        ({"generate": "new", "extract": "$.is_new"}, ("retyped", "new", "is_new", "boolean")),
    ],
)
def test_trap_is_found_with_what_to_write_instead(rule, trap):
    assert [tuple(one) for one in traps_of(rule)] == [trap]


@pytest.mark.parametrize(
    "rule",
    [
        {"generate": "email", "extract": "$.email"},
        {"generate": "currency", "extract": "USD"},
        {"generate": "email", "hardCodedValue": "email"},
        {"generate": "age", "extract": "$.age", "dataType": "number"},
        {"generate": "age", "extract": "{{record.age}}"},
        {"generate": "age", "extract": "$.age", "extractDateFormat": "YYYY", "generateDateFormat": "YYYY"},
        {"generate": "sku", "extract": "$.lines[*].sku", "dataType": "stringarray"},
        {"generate": "who", "extract": "$.cust", "dataType": "object"},
        {"generate": "zone", "extract": "{{settings.import.zone}}"},
    ],
)
def test_rule_that_does_what_it_says_is_no_trap(rule):
    assert traps_of(rule) == []


def test_below_an_object_that_narrows_the_record_paths_begin_elsewhere():
    inner = {"generate": "number", "dataType": "string", "extract": "$.id", "status": "Active"}

    assert traps_of({"generate": "who", "dataType": "object", "extract": "$.cust", "mappings": [inner]}) == []
    assert [trap.cell for trap in traps_of({"generate": "who", "dataType": "object", "mappings": [inner]})] == [
        "who.number"
    ]


def test_fields_of_a_list_are_read_through_its_column():
    inner = {"generate": "sku", "dataType": "string", "extract": "$.lines.sku", "status": "Active"}
    helper = {"extract": "$.lines[*]", "mappings": [inner]}

    assert traps_of({"generate": "items", "dataType": "objectarray", "buildArrayHelper": [helper]}) == []
    missing = {**helper, "extract": "$.linez[*]"}
    found = traps_of({"generate": "items", "dataType": "objectarray", "buildArrayHelper": [missing]})
    assert [(trap.kind, trap.cell, trap.instead) for trap in found] == [("unknown", "items", "$.lines[*]")]


def test_mapper_1_reads_names_as_fields_and_has_no_literal_trap():
    def found(extract):
        document = {"mapping": {"fields": [{"generate": "x", "extract": extract}]}}
        return [trap.kind for trap in find_traps(compile_mapping(document), document, FIELDS)]

    assert found("email") == []
    assert found("e_mail_address") == ["unknown"]
    assert found("{{email}}") == found("{{nothing}}") == []


def test_without_fields_only_a_literal_that_spells_its_target_is_told():
    rules = [
        {"generate": "email", "extract": "email"},
        {"generate": "x", "extract": "email"},
        {"generate": "y", "extract": "$.nothing"},
    ]

    assert [trap.cell for trap in traps_of(*rules, fields=None)] == ["email"]


def test_texts_name_the_rules_and_the_line_to_type():
    traps = traps_of(
        {"generate": "email", "extract": "email"},
        {"generate": "tel", "extract": "$.phone_number"},
        {"generate": "age", "extract": "$.age"},
    )

    assert trap_texts(traps, FIELDS, as_call=True) == [
        "email is the text 'email' in every row: an extract without $. is a literal. "
        "To read the field, write .set('email', '$.email').",
        "tel reads $.phone_number: the frame has no such column, so nothing is written. "
        "Did you mean .set('tel', '$.phone')?",
        "Numbers of the frame become text (79 → '79') in age (from age). "
        "To keep them, write .set('age', data_type='number').",
    ]
    assert '"extract": "$.email"' in trap_texts(traps, FIELDS, as_call=False)[0]
    assert '"dataType": "number"' in trap_texts(traps, FIELDS, as_call=False)[2]


def test_text_of_a_flat_column_tells_how_to_nest_it():
    flat = {("cust.id",): ""}
    [text] = trap_texts(traps_of({"generate": "x", "extract": "$.cust.id"}, fields=flat), flat, as_call=True)

    assert text.endswith("give unflatten=True (--nest).")
    assert "Did you mean .set('x', '$.[cust.id]')?" in text


# --- where they are told ----------------------------------------------------------------------------------------------


def test_dry_run_warns_once():
    df = pd.DataFrame({"mail_of_dry_run": ["a@b.c"]})
    document = {"mappings": [{"generate": "to", "extract": "mail_of_dry_run", "dataType": "string"}]}

    with pytest.warns(HintWarning, match=r"to is the text 'mail_of_dry_run' in every row.*\"\$\.mail_of_dry_run\""):
        df.celigo.dry_run(document)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        df.celigo.dry_run(document)


def test_set_warns_with_the_frame_of_its_suggestion():
    df = pd.DataFrame({"mail_of_set": ["a@b.c"], "years": [5]})
    mapping = celigo.Mapping.suggest(df, ["mail_of_set"])

    with pytest.warns(HintWarning, match=r"To read the field, write \.set\('to', '\$\.mail_of_set'\)"):
        mapping.copy().set("to", "mail_of_set")
    with pytest.warns(HintWarning, match=r"Did you mean \.set\('to', '\$\.mail_of_set'\)\?"):
        mapping.set("to", "$.mail_of_sett")
    with pytest.warns(HintWarning, match=r"write \.set\('years', data_type='number'\)"):
        mapping.set("years", "$.years")
    mapping.set("to", "$.mail_of_set").set("years", data_type="number").set("years", data_type="string")


def test_builder_warns_of_a_literal_that_spells_its_target():
    with pytest.warns(HintWarning, match=r"mail_of_builder is the text 'mail_of_builder' in every row"):
        build.http_import("/x", mapping=[{"generate": "mail_of_builder", "extract": "mail_of_builder",
                                          "dataType": "string"}])  # fmt: skip


def test_mapping_that_cannot_be_read_is_told_by_its_own_error_alone():
    with pytest.raises(celigo.DocumentError):
        pd.DataFrame({"a": [1]}).celigo.dry_run({"mappings": [{"extract": "a"}]})


HOOK = {"_scriptId": "5a1000000000000000000001", "function": "f"}
SCRIPTS = {HOOK["_scriptId"]: "function f(o) { return o.data.map((d) => ({data: {...d, made_by_the_step: 1}})) }"}


@pytest.mark.parametrize("members", [{"oneToMany": True, "pathToMany": "l"}, {"hooks": {"preMap": HOOK}}])
def test_fields_that_only_a_step_before_the_mapping_makes_are_no_traps(members):
    rules = [{"generate": "id", "extract": "_PARENT.id"}, {"generate": "n", "extract": "made_by_the_step"}]

    pd.DataFrame({"id": [1], "l": [[{"n": 1}]]}).celigo.dry_run(
        {**members, "mapping": {"fields": rules}}, scripts=SCRIPTS if "hooks" in members else None
    )


def test_set_compiles_the_rule_it_changes_and_no_others(monkeypatch):
    compiled = []

    def compiling(document):
        compiled.append([rule["generate"] for rule in document["mappings"]])
        return compile_mapping(document)

    monkeypatch.setattr("celigo_pandas.experiments.mapping.compile_mapping", compiling)
    df = pd.DataFrame({f"field_{number}": ["x"] for number in range(50)})
    mapping = celigo.Mapping.suggest(df, list(df))
    compiled.clear()
    for name in df:
        mapping.set(name, default="none").set(f"copy.of.{name}", f"$.{name}")

    assert compiled == [rules for name in df for rules in ([name], ["copy"])]


def test_set_warns_of_a_rule_inside_others_and_beside_one_that_is_not_whole():
    mapping = celigo.Mapping.suggest(pd.DataFrame({"mail_within": ["x"], "items_within": [[]]}), ["mail_within"])
    mapping.set("broken", "{{#if")
    with pytest.warns(HintWarning, match=r"a\.b\.c reads \$\.mail_whithin"):
        mapping.set("a.b.c", "$.mail_whithin")
    mapping.set("lines", "$.items_within[*]", data_type="objectarray")
    mapping.set("lines[*].sku", "$.items_within[*].sku")
    with pytest.warns(HintWarning, match=r"lines\[\*\]\.mail is the text 'mail_within' in every row"):
        mapping.set("lines[*].mail", "mail_within")
