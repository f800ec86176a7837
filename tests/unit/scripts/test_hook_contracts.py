"""What each kind of function gets and what its answers mean; a runner that answers what it is told stands in for V8."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from celigo_pandas.errors import ConfigError, Problem, ScriptError
from celigo_pandas.scripts import (
    Function,
    Limits,
    Page,
    Returned,
    ScriptProblem,
    ScriptText,
    Wiring,
    check_script,
    common_options,
)
from celigo_pandas.scripts import hook_contracts as contracts

COMMON = {"settings": {"a": 1}, "testMode": True}


class Told:
    """A runner whose functions answer what a Python function says."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    def run_page(self, script: ScriptText, function: str, options: Any, *, api: Any = None) -> Returned:
        self.asked.append(options)
        return Returned(self.answer(options))

    def run_each(
        self,
        script: ScriptText,
        function: str,
        records: Any,
        common: Mapping[str, Any],
        *,
        kind: Any = "value",
        api: Any = None,
    ) -> Returned:
        self.asked += [{**common, "record": record} for record in records]
        return Returned([self.answer(record) for record in records])

    def check(self, script: ScriptText) -> list[ScriptProblem]:
        return []


def function(answer: Any) -> tuple[Function, Told]:
    told = Told(answer if callable(answer) else lambda options: answer)
    return Function(told, ScriptText("function f() {}", "a.js")), told


def states(outcomes: Sequence[Any]) -> list[tuple[str, Any, list[str]]]:
    return [(one.state, one.data, [problem.message for problem in one.errors]) for one in outcomes]


def test_premap_knows_the_four_answers() -> None:
    hook, told = function(
        [
            {"data": {"a": 1}},
            {},
            {"errors": [{"code": "c", "message": "m"}]},
            {"data": {"b": 2}, "errors": [{"message": "w"}]},
        ]
    )

    found = contracts.pre_map(hook, [{}, {}, {}, {}], COMMON)

    assert states(found) == [
        ("ok", {"a": 1}, []),
        ("ignored", None, []),
        ("failed", None, ["m"]),
        ("ok_with_errors", {"b": 2}, ["w"]),
    ]
    assert found[2].errors == (Problem("c", "m", source="pre_map_hook"),)
    assert told.asked == [{"data": [{}, {}, {}, {}], **COMMON}]


def test_records_that_are_returned_bare_are_ignored_with_a_warning() -> None:
    hook, _ = function([{"id": 1, "total": 2}, {}, {"data": {}}])

    found = contracts.pre_map(hook, [{}, {}, {}], COMMON)

    assert [one.state for one in found] == ["ignored", "ignored", "ok"]
    (line,) = hook.log
    assert line.message.startswith(
        "It returned 'id', 'total', and neither data nor errors, for 1 of 3 records: ignored"
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "it returned null; expected an array of 2"),
        ({"data": []}, "it returned an object; expected an array of 2"),
        ([{}], "must match the input: got 1, expected 2"),
        ([{}, {}, {}], "must match the input: got 3, expected 2"),
        ([{}, None], "record 1: it returned null"),
        ([{}, []], "record 1: it returned an array"),
        ([{"data": "x"}, {}], "record 0: data of what it returned is a text"),
        ([{"errors": "x"}, {}], "record 0: errors of what it returned is a text"),
    ],
)
def test_premap_and_postmap_fail_the_page_for_any_other_answer(answer: Any, said: str) -> None:
    hook, _ = function(answer)
    for ask in (
        lambda: contracts.pre_map(hook, [{}, {}], {}),
        lambda: contracts.post_map(hook, [{}, {}], [{}, {}], {}),
    ):
        with pytest.raises(ScriptError) as caught:
            ask()

        assert caught.value.code == "bad_answer"
        assert said in str(caught.value)
        assert (caught.value.script, caught.value.function) == ("a.js", "f")


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ("only text", ("f_error", "only text", "post_map_hook")),
        ({"code": 5, "message": "m"}, ("5", "m", "post_map_hook")),
        ({"message": {"a": 1}}, ("f_error", "{'a': 1}", "post_map_hook")),
        ({"code": "c", "message": "m", "source": "application"}, ("c", "m", "application")),
        (None, ("f_error", "None", "post_map_hook")),
    ],
)
def test_entries_of_errors_are_completed(entry: Any, wanted: tuple[str, str, str]) -> None:
    hook, _ = function([{"errors": [entry]}])

    (found,) = contracts.post_map(hook, [{}], [{}], {})

    assert [(one.code, one.message, one.source) for one in found.errors] == [wanted]


def test_postmap_gets_records_before_and_after_the_mapping() -> None:
    hook, told = function([{"data": {}}])

    contracts.post_map(hook, [{"a": 1}], [{"b": 2}], COMMON)

    assert told.asked == [{"preMapData": [{"a": 1}], "postMapData": [{"b": 2}], **COMMON}]


def test_presavepage_may_give_another_number_of_records_and_end_the_walk() -> None:
    hook, told = function({"data": [{}, [{}], {}], "abort": True})
    page = Page([{"a": 1}], [{"code": "e"}], {"k": {}}, [{"fileMeta": {}}], 3)

    found = contracts.pre_save_page(hook, page, COMMON)

    assert (len(found.data), found.abort, found.new_errors) == (3, True, [])
    assert found.errors == [{"code": "e", "message": "None", "source": "pre_save_page_hook"}]
    assert told.asked == [
        {
            "data": [{"a": 1}],
            "errors": [{"code": "e"}],
            "retryData": {"k": {}},
            "files": [{"fileMeta": {}}],
            "pageIndex": 3,
            **COMMON,
        }
    ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([], "it returned an array; expected an object"),
        ({}, "data of what it returned is null"),
        ({"data": {}}, "data of what it returned is an object"),
        ({"data": [{}, 5]}, "record 1: it returned a number"),
        ({"data": [], "errors": {}}, "errors of what it returned is an object"),
        ({"data": [], "newErrorsAndRetryData": [{"retryData": {}}]}, "newErrorsAndRetryData holds"),
    ],
)
def test_presavepage_fails_the_page_for_any_other_answer(answer: Any, said: str) -> None:
    hook, _ = function(answer)

    with pytest.raises(ScriptError, match=r"a\.js") as caught:
        contracts.pre_save_page(hook, Page([{}]), {})

    assert said in str(caught.value)


def test_presavepage_keeps_new_errors_with_what_to_retry() -> None:
    hook, _ = function({"data": [], "errors": [], "newErrorsAndRetryData": [{"retryData": {"a": 1}, "errors": ["x"]}]})

    found = contracts.pre_save_page(hook, Page([{}], [{"code": "old"}]), {})

    assert found.errors == []
    assert found.new_errors == [
        {"retryData": {"a": 1}, "errors": [{"message": "x", "code": "f_error", "source": "pre_save_page_hook"}]}
    ]


def test_postsubmit_gives_one_response_for_each() -> None:
    hook, told = function(lambda options: [{**one, "statusCode": 200} for one in options["responseData"]])

    found = contracts.post_submit(hook, [{"a": 1}], [{"b": 1}], [{"statusCode": 422}], {})

    assert found == [{"statusCode": 200}]
    assert told.asked[0]["preMapData"] == [{"a": 1}]
    for wrong in ([], [5], None):
        with pytest.raises(ScriptError):
            contracts.post_submit(function(wrong)[0], [{}], [{}], [{}], {})


def test_postaggregate_may_return_anything() -> None:
    def undefined(options: Any) -> Any:
        raise ScriptError("it returned undefined", code="bad_answer")

    def thrown(options: Any) -> Any:
        raise ScriptError("thrown", code="script_error")

    contracts.post_aggregate(function(undefined)[0], {"success": True}, {})
    contracts.post_aggregate(function(5)[0], {"success": True}, {})
    with pytest.raises(ScriptError, match="thrown"):
        contracts.post_aggregate(function(thrown)[0], {}, {})


def test_postresponsemap_gives_a_record_for_each() -> None:
    hook, told = function(lambda options: options["postResponseMapData"])

    assert contracts.post_response_map(hook, [{"a": 1}], [{}], {}, one_to_many=True) == [{"a": 1}]
    assert told.asked[0]["oneToMany"] is True


def test_filter_keeps_what_javascript_calls_true_and_warns_of_other_values() -> None:
    error = ScriptError("no", record=2)
    answers = iter([(True, ""), (False, ""), error, (True, "string"), (True, "string"), (False, "undefined")])
    hook, _ = function(lambda record: next(answers))

    found = contracts.keep_records(hook, [{}] * 6, {})

    assert found == [True, False, error, True, True, False]
    assert [line.message for line in hook.log] == [
        "The filter returned string, not true or false, for 2 of 6 records: kept.",
        "The filter returned undefined, not true or false, for 1 of 6 records: left out.",
    ]


def test_transform_gives_records_only() -> None:
    hook, _ = function(lambda record: record["a"])

    found = contracts.transform_records(hook, [{"a": one} for one in ({"b": 1}, [{}], None, "x", 5)], {})

    assert found[:2] == [{"b": 1}, [{}]]
    assert [str(one).partition("it returned ")[2] for one in found[2:]] == [
        f"{what}; expected the new record, an object" for what in ("null", "a text", "a number")
    ]
    assert [one.record for one in found[2:]] == [2, 3, 4]


def test_branches_are_numbers_of_branches_that_there_are() -> None:
    hook, _ = function(lambda record: record)

    found = contracts.choose_branches(hook, [[0, 2], [], [3], [-1], [True], 1, None], {}, 3)

    assert found[:2] == [[0, 2], []]
    assert all(isinstance(one, ScriptError) for one in found[2:])


def test_function_without_a_name_is_the_first_of_the_script() -> None:
    told = Told(lambda options: None)

    assert Function(told, ScriptText("const b = () => 1\nfunction a() {}")).name == "b"
    assert Function(told, ScriptText("const b = () => 1\nfunction a() {}"), "a").name == "a"
    with pytest.raises(ScriptError) as caught:
        Function(told, ScriptText("let x = 1", "empty.js"))
    assert caught.value.code == "no_functions"


def test_no_records_ask_nothing() -> None:
    hook, told = function(lambda record: {})

    assert contracts.transform_records(hook, [], {}) == []
    assert contracts.keep_records(hook, [], {}) == []
    assert told.asked == []


@pytest.mark.parametrize(
    "limits", [{"seconds": 0}, {"memory_bytes": -1}, {"log_chars": True}, {"seconds": float("nan")}]
)
def test_limits_are_numbers_above_nothing(limits: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="expected a number above 0"):
        Limits(**limits)


def test_common_options_hold_no_id_that_a_document_has_not() -> None:
    context = {
        "settings": {"export": {}},
        "testMode": True,
        "job": {},
        "lastExportDateTime": "2024-01-01T00:00:00.000Z",
    }

    assert common_options("export", {"_id": 5, "name": "x"}, context) == {
        "settings": {"export": {}},
        "testMode": True,
        "lastExportDateTime": "2024-01-01T00:00:00.000Z",
    }


def test_wiring_says_at_which_place_a_script_is_not_there() -> None:
    def find(script_id: str) -> ScriptText:
        if script_id != "a":
            raise ScriptError("no such script", code="invalid_ref")
        return ScriptText("function f() {}")

    wiring = Wiring(Told(lambda options: None), find)
    found = wiring.import_hooks([Named("hooks.preMap", "a"), Named("filter.script", "a", "f")])

    assert (found.pre_map.name, found.pre_map.place, found.filter.place) == ("f", "hooks.preMap", "filter")
    assert (found.post_map, wiring.export_hooks([]).pre_save_page) == (None, None)
    with pytest.raises(ScriptError) as caught:
        wiring.export_hooks([Named("transform.script", "b")])
    assert caught.value.place == "transform"


@dataclass
class Named:
    path: str
    script_id: str
    function: str | None = None


def test_check_names_functions_that_are_named_in_vain() -> None:
    script = ScriptText("function a() {}")

    assert check_script(Told(None), script, ["a", ""]) == []
    assert [one.code for one in check_script(Told(None), script, ["b", "b"])] == ["function_missing"]
    assert [one.code for one in check_script(Told(None), ScriptText("1"), ["b"])] == ["no_functions"]
