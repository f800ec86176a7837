"""What the evidence says of random documents, against brute force: each row mapped alone, each change made alone."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import soak
from support.generated_mappings import Generator, undone

from celigo_pandas.documents.map_answers import read_answer, write_answer
from celigo_pandas.errors import MappingError
from celigo_pandas.experiments import check_frozen
from celigo_pandas.experiments.frozen import freeze
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping import compile_mapping, map_records, run_import_steps
from celigo_pandas.mapping.compile import compiled_mapping
from celigo_pandas.mapping.explain.blame import blame_cell
from celigo_pandas.mapping.explain.coverage import measure
from celigo_pandas.mapping.explain.diff import CellChange, MappingDifference, compare
from celigo_pandas.mapping.rules.rule_tree import ArrayRule, ValueRule
from celigo_pandas.mapping.steps.conversions import kind_of
from celigo_pandas.paths import WILDCARD, cell_text, parse_extract

pytestmark = pytest.mark.soak

ROUNDS = (500, 10_000)
Steps = tuple[Any, ...]


def generators(name: str) -> Iterator[Generator]:
    """Give one generator a round; what fails is repeated alone by its own seed."""
    first = soak.seed(name)
    for number in range(soak.runs(*ROUNDS)):
        yield Generator(first + number)


def alone(doc: Any, records: list[Any]) -> list[Any]:
    return [map_records([record], doc)[0] for record in records]


def outcome(output: Any) -> Any:
    """Give an output that equals another of the same JSON, types and all; a failure by what failed."""
    if isinstance(output, MappingError):
        return ("error", [(one.code, one.field, one.message) for one in output.problems])
    return json.dumps(output, sort_keys=True)


def plain(value: Any) -> Any:
    """Give a value that Python compares as JSON: a boolean is no number."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value


def is_failure(output: Any) -> bool:
    return isinstance(output, MappingError)


def leaves(value: Any, steps: Steps = ()) -> dict[Steps, Any]:
    """Give every value that holds no further one by its place."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = {place: leaf for key, member in pairs for place, leaf in leaves(member, (*steps, key)).items()}
    return inner or {steps: plain(value)}


def at(value: Any, steps: Steps) -> Any:
    for step in steps:
        if isinstance(value, list) and type(step) is int and step < len(value):
            value = value[step]
        elif isinstance(value, dict) and type(step) is str:
            value = value.get(step, UNDEFINED)
        else:
            return UNDEFINED
    return value


# --- records together and alone -----------------------------------------------------------------------------------


def test_records_together_are_mapped_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    # Chunks so short that the way for many records, which copies what the first chunk only copied, is taken too.
    monkeypatch.setattr(compiled_mapping, "_CHUNK", 3)
    for made in generators("records together"):
        doc = made.document()
        records = made.records(doc, 12)
        assert list(map(outcome, map_records(records, doc))) == list(map(outcome, alone(doc, records))), (doc, records)


def test_columns_of_one_kind_are_converted_as_each_value_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for made in generators("columns of one kind"):
        monkeypatch.setattr(compiled_mapping, "_CHUNK", made.pick(4, 2000))
        records = made.alike(made.pick(2, 8, 20))
        doc = made.conversions(records)
        together, single = map_records(records, doc), alone(doc, records)
        assert list(map(outcome, together)) == list(map(outcome, single)), (doc, records)
        assert repr(together) == repr(single)


def test_children_of_one_to_many_are_mapped_and_answered_as_each_parent_alone() -> None:
    for made in generators("one to many"):
        doc = {**made.document(), "oneToMany": True, "pathToMany": made.pick("l", "m", "zz", "e")}
        records = [made.record() for _ in range(5)]
        together = run_import_steps(records, doc)
        for record, step in zip(records, together, strict=True):
            (one,) = run_import_steps([record], doc)
            records_made = [mapped for _, mapped in step.outputs]
            assert step.state == one.state
            assert json.dumps(step.outputs) == json.dumps(one.outputs)
            assert [problem.to_dict() for problem in step.errors] == [problem.to_dict() for problem in one.errors]
            if step.outputs:
                errors = [problem.to_dict() for problem in step.errors]
                answer = read_answer(write_answer(records_made, errors, is_many=True), doc)
                assert list(answer.records) == records_made
                assert len(answer.problems) == len(step.errors)


def test_answers_are_read_as_they_were_written() -> None:
    for made in generators("answers"):
        doc = made.document()
        record = {name: made.scalar() for name in made.some(["data", "errors", "ignored", "id", "x"], 3)}
        record["statusCode"] = made.pick(200, 422, "200", True, None)
        assert read_answer(write_answer([record], [], is_many=False), doc).records == (record,)


# --- diff ---------------------------------------------------------------------------------------------------------


def differing(made: Generator, doc: Any, other: Any) -> tuple[list[Any], list[Any], list[Any], MappingDifference]:
    records = made.records(doc, 6)
    return records, alone(doc, records), alone(other, records), compare(*map(compile_mapping, (doc, other)), records)


def check_cells(old: list[Any], new: list[Any], found: MappingDifference) -> None:
    """What is named differs as it says, and all that differs is named."""
    by_position: dict[int, list[CellChange]] = {}
    for change in found.changes:
        by_position.setdefault(change.position, []).append(change)
    for position, (a, b) in enumerate(zip(old, new, strict=True)):
        changes = by_position.get(position, [])
        assert (position in found.uncompared) == (is_failure(a) and is_failure(b))
        if is_failure(a) or is_failure(b):
            assert bool(changes) == (is_failure(a) != is_failure(b))
            continue
        for change in changes:
            assert plain(change.before) == plain(at(a, change.steps))
            assert plain(change.after) == plain(at(b, change.steps))
            assert plain(change.before) != plain(change.after)
        before, after = leaves(a), leaves(b)
        open_cells = {
            place for place in before.keys() | after.keys() if before.get(place, ...) != after.get(place, ...)
        }
        named = {change.steps for change in changes}
        assert len(named) == len(changes)
        # An object that loses its last member is not named beside that member.
        holders = {place[:length] for place in (before | after) for length in range(len(place))}
        assert {place for place in open_cells - holders if not any(place[: len(one)] == one for one in named)} == set()
        assert bool(named) == (plain(a) != plain(b))


def listed(names: str | None) -> set[str]:
    return set(names.split(", ")) if names else set()


def test_one_changed_rule_is_named_for_every_cell_that_differs() -> None:
    for made in generators("one changed rule"):
        doc = made.document()
        other, path = made.changed(doc)
        _, old, new, found = differing(made, doc, other)
        check_cells(old, new, found)
        for entry in found.rules:
            assert listed(entry.rule_before) | listed(entry.rule_after) == {path}, (doc, other, path, entry)
            assert not found.idle
            assert not found.undecided


def test_rules_that_are_added_or_change_places_are_named() -> None:
    for made in generators("added rules"):
        doc = made.document()
        other = made.added(doc)
        if other is None:
            continue
        made.random.shuffle(other["mapping"]["fields"])
        _, old, new, found = differing(made, doc, other)
        check_cells(old, new, found)
        assert all(entry.rule_before or entry.rule_after for entry in found.rules)
        _, old, new, found = differing(made, other, doc)
        check_cells(old, new, found)


def test_undoing_the_named_rules_undoes_the_change_and_undoing_idle_ones_nothing() -> None:
    for made in generators("several changed rules"):
        doc = made.document()
        other, paths = doc, set()
        for _ in range(3):
            other, path = made.changed(other)
            paths.add(path)
        records, old, new, found = differing(made, doc, other)
        check_cells(old, new, found)
        for entry in found.rules:
            names = listed(entry.rule_before) | listed(entry.rule_after)
            assert names <= paths
            hybrid = undone(other, doc, names)
            for change in entry.examples:
                again = map_records([records[change.position]], hybrid)[0]
                if not any(map(is_failure, (change.before, change.after, again))) and not lost_line(doc, again, change):
                    assert is_back(at(again, change.steps), change.before), (doc, other, change, names)
        idle = {rule for rule in paths if cell_of(doc, rule) in found.idle}
        if idle:
            assert list(map(outcome, alone(undone(other, doc, idle), records))) == list(map(outcome, new))


def lost_line(doc: Any, output: Any, change: CellChange) -> bool:
    """Whether a cell is gone with its line: a path of Mapper 1.0 that was undone made that line too."""
    line = next((change.steps[: place + 1] for place, step in enumerate(change.steps) if type(step) is int), None)
    return "mapping" in doc and line is not None and at(output, line) is UNDEFINED


def is_back(value: Any, before: Any) -> bool:
    """Whether a cell is as before; an object or list of objects is, when it is there: its members are other cells."""
    if isinstance(before, dict):
        return isinstance(value, dict)
    if isinstance(before, list) and any(isinstance(element, dict) for element in before):
        return isinstance(value, list) and len(value) == len(before)
    return bool(plain(value) == plain(before))


def cell_of(doc: Any, path: str) -> str:
    (rule,) = [rule for rule in compile_mapping(doc).rules if rule.path == path]
    return rule.cell.removesuffix("[*]") if isinstance(rule, ArrayRule) else rule.cell


# --- coverage -----------------------------------------------------------------------------------------------------


def fields_of(value: Any, steps: Steps = ()) -> Iterator[tuple[str, Any, Any]]:
    """Give each field of a record: its path, the object that holds it, and its key."""
    if isinstance(value, list):
        for element in value:
            yield from fields_of(element, (*steps, WILDCARD) if steps else ())
    elif isinstance(value, dict):
        for key, member in value.items():
            yield cell_text((*steps, key)), value, key
            yield from fields_of(member, (*steps, key))


def test_unused_fields_can_be_removed() -> None:
    for made in generators("unused fields"):
        doc = made.document()
        records = made.records(doc, 5)
        unused = measure(compile_mapping(doc), records).unused
        bare = copy.deepcopy(records)
        for record in bare:
            for path, holder, key in list(fields_of(record)):
                if path in unused:
                    holder.pop(key, None)
        assert list(map(outcome, alone(doc, bare))) == list(map(outcome, alone(doc, records))), (doc, records, unused)


def test_coverage_counts_as_by_hand() -> None:
    for made in generators("coverage"):
        doc = made.document()
        records = made.records(doc, 8)
        compiled = compile_mapping(doc)
        outputs = alone(doc, records)
        counts = {one.path: one for one in measure(compiled, records).rules}
        problems = Counter(problem.field for one in outputs if is_failure(one) for problem in one.problems)
        for rule in compiled.tree:
            if isinstance(rule, ValueRule) and rule.keys:
                check_value(rule, counts[rule.path], records, outputs, problems[rule.path])
        for rule in compiled.rules:
            one = counts[rule.path]
            assert 0 <= one.null + one.empty <= one.rows
            assert 0 <= one.defaulted <= one.rows, (doc, records, one)
            assert 0 <= one.retyped <= one.rows
            assert 0 <= one.found <= one.rows
            if isinstance(rule, ArrayRule):
                check_array(rule, counts, records, is_outer=rule in compiled.tree)


def check_value(rule: ValueRule, one: Any, records: list[Any], outputs: list[Any], failures: int) -> None:
    path = getattr(rule.source, "path", None)
    if path is None or path.has_wildcard:
        return
    values = [path.read(record, UNDEFINED) for record in records]
    empty = [value is UNDEFINED or value is None or value in ("", []) for value in values]
    assert one.rows == len(records)
    assert one.found == sum(value is not UNDEFINED for value in values)
    assert one.null == sum(value is None for value in values)
    assert one.empty == sum(value in ("", []) for value in values)
    assert one.defaulted == (0 if rule.default is UNDEFINED else sum(empty))
    if rule.lookup is None and rule.default is UNDEFINED and len(rule.keys) == 1 and not any(map(is_failure, outputs)):
        written = [at(output, rule.keys) for output in outputs]
        kinds = [(kind_of(a), kind_of(b)) for a, b in zip(values, written, strict=True) if UNDEFINED not in (a, b)]
        if not any(
            other.startswith(f"{rule.keys[0]}.") for output in outputs for other in map(cell_text, leaves(output))
        ):
            assert one.retyped == sum(a != b for a, b in kinds)
    if rule.lookup is None:
        assert one.failures == failures


def check_array(rule: ArrayRule, counts: dict[str, Any], records: list[Any], *, is_outer: bool) -> None:
    one = counts[rule.path]
    parts = [counts[helper.path] for helper in rule.helpers] if len(rule.helpers) > 1 else []
    if parts:
        assert one.rows == sum(part.rows for part in parts)
        assert one.retyped >= sum(part.retyped for part in parts)
        assert one.defaulted >= sum(part.defaulted for part in parts)
        assert all(0 <= part.defaulted <= part.rows and 0 <= part.found <= part.rows for part in parts)
    for helper, counted in zip(rule.helpers, parts or [one], strict=True):
        text = getattr(getattr(helper.source, "path", None), "text", None)
        if (
            is_outer
            and helper.children is None
            and text in ("$.zz[*]", "$.p[*]", "$.p")
            and not isinstance(records[0], list)
        ):
            lists = [record.get(text[2:].removesuffix("[*]"), UNDEFINED) for record in records]
            assert counted.rows == sum(map(width, lists))
            if helper.default is not UNDEFINED:
                assert counted.defaulted == sum(defaults(value) for value in lists)


def flat(value: Any) -> list[Any]:
    return [item for element in value for item in (element if isinstance(element, list) else [element])]


def width(value: Any) -> int:
    """How many places an array is: its elements, the elements of arrays in it, one for what is not there or empty."""
    if not isinstance(value, list) or not value:
        return 1
    return sum(max(1, len(element)) if isinstance(element, list) else 1 for element in value)


def defaults(value: Any) -> int:
    items = flat(value) if isinstance(value, list) else [value]
    return sum(item is UNDEFINED or item is None or item == "" for item in items) if items else 1


# --- blame --------------------------------------------------------------------------------------------------------


def other_value(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1000 if isinstance(value, (int, float)) else f"{value}~"


def changed_fields(record: Any) -> Iterator[tuple[Steps, Any]]:
    """Give the record with one value changed, for each value that is not empty."""
    for place in leaves(record):
        value = at(record, place)
        if place and value is not None and value not in ("", []) and not isinstance(value, dict):
            twin = copy.deepcopy(record)
            at(twin, place[:-1])[place[-1]] = other_value(value)
            yield tuple(step for step in place if type(step) is str), twin


def read_keys(text: str) -> Steps:
    """Give the keys of a path as blame writes it: a dot in a key with a backslash, in templates in brackets."""
    marked = text.replace(r"\.", "\0")
    keys = tuple(step for step in parse_extract(f"$.{marked}").steps if type(step) is str and not step.isdigit())
    if keys[:1] == ("rows",):  # the rows of a grouped record, as templates see them: no field of the record itself
        keys = keys[1:]
    return tuple(key.replace("\0", ".") for key in keys)


def meets(one: Steps, other: Steps) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def test_blamed_fields_change_the_cell_and_no_others_do() -> None:
    for made in generators("blame"):
        doc = made.document()
        compiled = compile_mapping(doc)
        for record in made.records(doc, 2):
            output = map_records([record], doc)[0]
            if is_failure(output):
                continue
            changed = [(keys, twin, map_records([twin], doc)[0]) for keys, twin in changed_fields(record)]
            cells = [place for place in leaves(output) if place]
            for place in made.random.sample(cells, min(4, len(cells))):
                check_blame(compiled, record, output, place, changed)


def check_blame(compiled: Any, record: Any, output: Any, place: Steps, changed: list[tuple[Steps, Any, Any]]) -> None:
    found = blame_cell(compiled, record, cell_text(place))
    assert plain(found.value) == plain(at(output, place)), (place, record, found)
    read = [read_keys(path) for path, _ in found.sources]
    told = [
        keys
        for keys, _, after in changed
        if not is_failure(after) and plain(at(after, place)) != plain(at(output, place))
    ]
    assert all(any(meets(keys, one) for one in read) for keys in told), (place, record, found, told)
    steps = {step.step for step in found.trace.steps}
    values = [value for _, value in found.sources]
    is_plain = (
        steps <= {"extract"} and len(values) == 1 and isinstance(values[0], (str, int, float)) and values[0] != ""
    )
    if is_plain and plain(values[0]) == plain(found.value) and not any(is_failure(after) for _, _, after in changed):
        assert told, (place, record, found)


# --- frozen examples ----------------------------------------------------------------------------------------------


def test_changed_documents_fail_their_frozen_examples(tmp_path: Path) -> None:
    path = tmp_path / "frozen.json"
    for made in generators("frozen"):
        doc = made.document()
        other, _ = made.changed(doc)
        records = made.records(doc, 3)
        freeze(doc, records, path)
        assert json.loads(path.read_text())["varying"] == []
        assert check_frozen(path).empty
        failing = {
            place
            for place, (a, b) in enumerate(zip(alone(doc, records), alone(other, records), strict=True))
            if said(a) != said(b)
        }
        assert bool(failing) != check_frozen(path, other).empty, (doc, other, records)


def said(output: Any) -> Any:
    return {problem.message for problem in output.problems} if is_failure(output) else plain(output)


def test_a_list_in_place_of_an_object_fails_the_frozen_examples(tmp_path: Path) -> None:
    for made in generators("frozen shapes"):
        rows = {**made.rows(), "lookups": []}
        records = [made.record() for _ in range(2)] + [{}]
        try:
            freeze(rows, records, tmp_path / "frozen.json")
        except Exception:
            continue
        other = {"mappings": [{"generate": "x", "dataType": "string", "status": "Active", "extract": "text"}]}
        assert len(check_frozen(tmp_path / "frozen.json", other)["example"].unique()) == len(
            {json.dumps(record) for record in records}
        )
