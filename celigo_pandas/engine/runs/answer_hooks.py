"""Functions of scripts behind the submit of an import: responseTransform, postSubmit, postAggregate.

The records are written by then: what fails here never says of a record that it could be sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celigo_pandas.engine.adaptors.protocol import UNKNOWN, Outgoing
from celigo_pandas.errors import ScriptError
from celigo_pandas.mapping.steps.hook_steps import script_results
from celigo_pandas.scripts import ImportHooks
from celigo_pandas.scripts.hook_contracts import post_aggregate, post_submit, transform_records
from celigo_pandas.scripts.hook_outcomes import SOURCES, problem_of

__all__ = ["aggregated", "answers_to_transform", "response_transformed", "submitted", "with_answers"]

Result = dict[str, Any]


def answers_to_transform(results: Sequence[Result]) -> list[int]:
    """Return the places of the results that hold an answer of the system to a record that was taken."""
    return [
        place
        for place, result in enumerate(results)
        if result.get("statusCode") == 200 and isinstance(result.get("_json"), (dict, list))
    ]


def with_answers(results: Sequence[Result], places: Sequence[int], answers: Sequence[Any]) -> list[Result]:
    """Put transformed answers, or errors with ``code`` and ``message``, into results.

    One that cannot be transformed stays as it came, with an error beside it: the record itself is written.
    """
    transformed = list(results)
    for place, answer in zip(places, answers, strict=True):
        if isinstance(answer, Exception):
            error = {
                "code": getattr(answer, "thrown_code", None) or getattr(answer, "code", "transformation_error"),
                "message": getattr(answer, "message", str(answer)),
                "source": "transformation",
            }
            transformed[place] = _with_error(results[place], error)
        else:
            transformed[place] = {**results[place], "_json": answer}
    return transformed


def response_transformed(hooks: ImportHooks, results: list[Result]) -> list[Result]:
    """Give each answer of the system to the response transform."""
    function = hooks.response_transform
    if function is None:
        return results
    places = answers_to_transform(results)
    answers = [results[place]["_json"] for place in places]
    return with_answers(results, places, script_results(transform_records, function, answers, hooks.common))


def submitted(hooks: ImportHooks, outgoing: Sequence[Outgoing], results: list[Result]) -> list[Result]:
    """Give the results to postSubmit and return what it makes of them.

    Where it fails, its error stands beside what is known: a record that was taken is then one whose fate its reader has
    to look up, since sending it again would write it twice.
    """
    function = hooks.post_submit
    if function is None or not results:
        return results
    before, after = [one.source for one in outgoing], [one.mapped for one in outgoing]
    try:
        answers = post_submit(function, before, after, [_shown(result) for result in results], hooks.common)
    except ScriptError as error:
        problem = problem_of(error, SOURCES["postSubmit"]).to_dict()
        return [_unknown(_with_error(result, problem)) for result in results]
    return [_read(answer) for answer in answers]


def aggregated(hooks: ImportHooks, results: list[Result]) -> list[Result]:
    """Tell postAggregate of the file; what it returns means nothing, what it throws stands beside each result."""
    function = hooks.post_aggregate
    if function is None or not results:
        return results
    failed = next((result for result in results if result.get("statusCode") != 200), None)
    first: dict[str, Any] = next(iter((failed or {}).get("errors") or []), {})
    data = {"success": failed is None, "_json": results[0].get("_json")}
    if failed is not None:
        data |= {"code": str(first.get("code") or failed.get("statusCode")), "message": first.get("message", "")}
    try:
        post_aggregate(function, data, hooks.common)
    except ScriptError as error:
        problem = problem_of(error, SOURCES["postAggregate"]).to_dict()
        return [_with_error(result, problem) for result in results]
    return results


def _shown(result: Result) -> Result:
    """Return a result as a script sees it: with the members that scripts use without asking."""
    return {"errors": [], "ignored": False, "id": None, "_json": None, **result}


def _read(answer: Result) -> Result:
    """Return a result as it is answered: without the members that say nothing."""
    status = answer.get("statusCode")
    if not isinstance(status, int) or isinstance(status, bool):
        answer = {**answer, "statusCode": 422 if answer.get("errors") else 200}
    empty = {"errors": ([], None), "ignored": (False, None), "id": (None,), "_json": (None,)}
    return {name: value for name, value in answer.items() if value not in empty.get(name, ())}


def _with_error(result: Result, error: dict[str, Any]) -> Result:
    return {**result, "errors": [*(result.get("errors") or []), error]}


def _unknown(result: Result) -> Result:
    return {**result, "statusCode": UNKNOWN} if result.get("statusCode", 200) == 200 else result
