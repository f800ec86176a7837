"""Every kind of function that the platform calls: what it gets, what must come back, and what that means.

One argument, ``options``. Functions of a page fail the page when they throw or give another length; functions of a
record fail the record. Source: the vendor's pages on hooks, filters, transforms and branching; what they leave open is
marked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from celigo_pandas.errors import Problem, ScriptError, shown
from celigo_pandas.scripts.hook_outcomes import SOURCES, Page, PageOutcome, RecordOutcome
from celigo_pandas.scripts.script_calls import Function

__all__ = [
    "choose_branches",
    "keep_records",
    "post_aggregate",
    "post_map",
    "post_response_map",
    "post_submit",
    "pre_map",
    "pre_save_page",
    "transform_records",
]

Common = Mapping[str, Any]
"""What every function gets beside its own: ids, ``settings``, ``testMode``, ``job``."""

_NULLS = (None, False, 0, "")


def pre_map(function: Function, records: Sequence[Any], common: Common) -> list[RecordOutcome]:
    """Call a preMap.

    Parameters
    ----------
    function : Function
    records : sequence
        A page.
    common : mapping
        Ids, ``settings``, ``testMode``, ``job``.

    Returns
    -------
    list of RecordOutcome
        One per record.

    Raises
    ------
    ScriptError
        The page fails: it threw, gave another length, or an element that is no object.
    """
    answer = _same_length(function, function.page({"data": list(records), **common}), len(records))
    return _outcomes(function, answer, SOURCES["preMap"])


def post_map(function: Function, before: Sequence[Any], after: Sequence[Any], common: Common) -> list[RecordOutcome]:
    """Call a postMap with records before and after the mapping; as :func:`pre_map`."""
    options = {"preMapData": list(before), "postMapData": list(after), **common}
    answer = _same_length(function, function.page(options), len(after))
    return _outcomes(function, answer, SOURCES["postMap"])


def pre_save_page(function: Function, page: Page, common: Common) -> PageOutcome:
    """Call a preSavePage.

    Returns
    -------
    PageOutcome
        The new page; longer or shorter than the old one. Errors that it does not mention stay.

    Raises
    ------
    ScriptError
        The page fails.
    """
    options = {
        "data": list(page.data),
        "errors": list(page.errors),
        "retryData": page.retry_data,
        "files": list(page.files),
        "pageIndex": page.index,
        **common,
    }
    answer = function.page(options)
    if not isinstance(answer, dict):
        raise function.error(f"it returned {_kind(answer)}; expected an object with data, errors, abort")
    data = answer.get("data")
    if not isinstance(data, list):
        raise function.error(f"data of what it returned is {_kind(data)}; expected an array of records")
    for at, record in enumerate(data):
        if not isinstance(record, (dict, list)):
            raise function.error(f"it returned {_kind(record)}; expected an object or an array of rows", record=at)
    # Assumed: what is left out changes nothing; errors of the page are not lost.
    errors = answer.get("errors", list(page.errors))
    new = answer.get("newErrorsAndRetryData") or []
    for name, found in (("errors", errors), ("newErrorsAndRetryData", new)):
        if not isinstance(found, list):
            raise function.error(f"{name} of what it returned is {_kind(found)}; expected an array")
    source = SOURCES["preSavePage"]
    return PageOutcome(
        data,
        [_error(function, one, source) for one in errors],
        _is_true(answer.get("abort")),
        [_new_errors(function, one, source) for one in new],
    )


def post_submit(
    function: Function,
    before: Sequence[Any],
    after: Sequence[Any],
    responses: Sequence[Mapping[str, Any]],
    common: Common,
) -> list[dict[str, Any]]:
    """Call a postSubmit, which may turn errors into successes and back; returns one response per record.

    Raises
    ------
    ScriptError
        It threw, gave another length, or an element that is no object. The records were submitted all the same.
    """
    options = {"preMapData": list(before), "postMapData": list(after), "responseData": list(responses), **common}
    return _objects(function, function.page(options), len(responses))


def post_aggregate(function: Function, data: Mapping[str, Any], common: Common) -> None:
    """Call a postAggregate; what it returns means nothing."""
    try:
        function.page({"postAggregateData": data, **common})
    except ScriptError as error:
        if error.code not in ("bad_answer", "not_json"):
            raise


def post_response_map(
    function: Function,
    data: Sequence[Any],
    responses: Sequence[Mapping[str, Any]],
    common: Common,
    *,
    one_to_many: bool = False,
) -> list[Any]:
    """Call a postResponseMap of a flow's step; returns one record per record."""
    options = {"postResponseMapData": list(data), "responseData": list(responses), "oneToMany": one_to_many, **common}
    return _same_length(function, function.page(options), len(data))


def keep_records(function: Function, records: Sequence[Any], common: Common) -> list[bool | ScriptError]:
    """Ask a filter about each record.

    Assumed: a value that is no boolean counts as JavaScript has it, and the log warns of it.
    """
    answers = function.each(records, common, kind="truth")
    others = Counter((kind, kept) for kept, kind in (one for one in answers if isinstance(one, tuple)) if kind)
    for (kind, kept), count in others.items():
        what = "kept" if kept else "left out"
        function.note(f"The filter returned {kind}, not true or false, for {count} of {len(records)} records: {what}.")
    return [one[0] if isinstance(one, tuple) else one for one in answers]


def transform_records(function: Function, records: Sequence[Any], common: Common) -> list[Any]:
    """Give each record to a transform; returns the new record or :class:`ScriptError` for each."""
    answers = function.each(records, common)
    for at, answer in enumerate(answers):
        if not isinstance(answer, (dict, list, ScriptError)):
            text = f"it returned {_kind(answer)}; expected the new record, an object"
            answers[at] = function.error(text, record=at)
    return answers


def choose_branches(
    function: Function, records: Sequence[Any], common: Common, count: int
) -> list[list[int] | ScriptError]:
    """Ask a router about each record; returns the branches, from 0, of each."""
    answers = function.each(records, common)
    for at, answer in enumerate(answers):
        if isinstance(answer, ScriptError):
            continue
        if not isinstance(answer, list) or not all(_is_branch(one, count) for one in answer):
            text = f"it returned {shown(answer)}; expected an array of branches from 0 to {count - 1}"
            answers[at] = function.error(text, record=at)
    return answers


def _outcomes(function: Function, answer: list[Any], source: str) -> list[RecordOutcome]:
    outcomes = [_outcome(function, one, at, source) for at, one in enumerate(answer)]
    bare = [one for one in answer if one and "data" not in one and "errors" not in one]
    if bare:
        names = ", ".join(shown(name) for name in list(bare[0])[:3])
        text = f"It returned {names}, and neither data nor errors, for {len(bare)} of {len(answer)} records: ignored."
        function.note(f"{text} Expected {{data: record}}.")
    return outcomes


def _outcome(function: Function, answer: object, at: int, source: str) -> RecordOutcome:
    if not isinstance(answer, dict):
        raise function.error(f"it returned {_kind(answer)}; expected {{data}}, {{errors}}, both or {{}}", record=at)
    errors = answer.get("errors")
    if errors is not None and not isinstance(errors, list):
        raise function.error(f"errors of what it returned is {_kind(errors)}; expected an array", record=at)
    problems = tuple(_problem(function, one, source) for one in errors or ())
    data = answer.get("data")
    if data is None:
        return RecordOutcome("failed", None, problems) if problems else RecordOutcome("ignored")
    if not isinstance(data, (dict, list)):
        raise function.error(f"data of what it returned is {_kind(data)}; expected a record", record=at)
    return RecordOutcome("ok_with_errors" if problems else "ok", data, problems)


def _same_length(function: Function, answer: object, wanted: int) -> list[Any]:
    if not isinstance(answer, list):
        raise function.error(f"it returned {_kind(answer)}; expected an array of {wanted}")
    if len(answer) != wanted:
        raise function.error(
            f"The number of elements in the return value must match the input: got {len(answer)}, expected {wanted}"
        )
    return answer


def _objects(function: Function, answer: object, wanted: int) -> list[dict[str, Any]]:
    elements = _same_length(function, answer, wanted)
    for at, one in enumerate(elements):
        if not isinstance(one, dict):
            raise function.error(f"it returned {_kind(one)}; expected a response, an object", record=at)
    return elements


def _problem(function: Function, entry: object, source: str) -> Problem:
    error = _error(function, entry, source)
    return Problem(error["code"], error["message"], source=error["source"])


def _error(function: Function, entry: object, source: str) -> dict[str, Any]:
    """Complete an entry of an error list; Assumed: a bare text is its message."""
    found = dict(entry) if isinstance(entry, dict) else {"message": entry}
    code, message = found.get("code"), found.get("message")
    found["code"] = str(code) if code not in _NULLS else f"{function.name}_error"
    found["message"] = message if isinstance(message, str) else shown(message, 500)
    found["source"] = str(found.get("source") or source)
    return found


def _new_errors(function: Function, entry: Any, source: str) -> dict[str, Any]:
    errors = entry.get("errors") if isinstance(entry, dict) else None
    if not isinstance(errors, list):
        raise function.error(f"newErrorsAndRetryData holds {shown(entry)}; expected {{retryData, errors: […]}}")
    return {**entry, "errors": [_error(function, one, source) for one in errors]}


def _is_true(value: object) -> bool:
    return isinstance(value, (dict, list)) or bool(value)


def _is_branch(value: object, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "an array", dict: "an object"}
    return names.get(type(value), type(value).__name__)
