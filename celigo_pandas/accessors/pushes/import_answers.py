"""What an answer to an import call means for its rows: the one table, and the reader of per-record results.

An import is not idempotent. So a batch is sent again only when it surely was not processed, and every answer that
leaves this open makes its rows ``unknown``; nothing in this package sends an ``unknown`` row again unless asked.

==============================================  ==========  =========================================================
answer to the call                              its rows    the push
==============================================  ==========  =========================================================
2xx, a list with one result per row             their own   goes on; a 401 or 403 of a record stops it
2xx, anything else (no JSON, another length)    unknown     goes on
413                                             not_sent    halves the batch and goes on; one row alone is failed
400, 422                                        failed      goes on
401, 402, 403, 404, 405, 409, other 4xx         failed      stops
408, 5xx                                        unknown     goes on
429, past the client's retries                  not_sent    stops
3xx                                             unknown     stops
refused connection, DNS, TLS, past the retries  not_sent    stops
timeout, reset, cut-off                         unknown     goes on
==============================================  ==========  =========================================================

The ``statusCode`` of a record is the platform's word and documented as 200, 422 (data error), 403 and 401 (offline).
Another 2xx is ``ok`` and another 4xx ``failed``. A 408 or 5xx of a record leaves open, as that of a call does, whether
it was applied: ``unknown``.

"Goes on" has an end: after several batches in a row whose outcome is unknown, the server is not well, and the rest is
kept back (see ``sending``). Retries inside one call (429 and connections that were never made) are the client's; its
table is ``client.retrying``.
Source: the API's error codes and the per-record results of "virtual import"; statusCode 403 in a result means that the
connection went offline (wrappers say 401).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from celigo_pandas.client.json_bodies import decode
from celigo_pandas.errors import ApiError, CeligoError, Problem, TransportError
from celigo_pandas.frames.outcomes import RowOutcome

__all__ = ["Verdict", "read_results", "verdict_for"]

Fate = Literal["failed", "unknown", "not_sent"]


@dataclass(frozen=True)
class Verdict:
    """What an error of a call means: the outcome of its rows, whether the push stops, whether the batch is halved."""

    outcome: Fate
    stops: bool = False
    halves: bool = False


_BY_STATUS: dict[int, Verdict] = {
    400: Verdict("failed"),
    422: Verdict("failed"),
    408: Verdict("unknown"),
    413: Verdict("not_sent", halves=True),
    429: Verdict("not_sent", stops=True),
}


def verdict_for(error: BaseException) -> Verdict:
    """Look an error up in the table."""
    if isinstance(error, ApiError) and error.status is not None:
        if error.status in _BY_STATUS:
            return _BY_STATUS[error.status]
        if 400 <= error.status < 500:
            return Verdict("failed", stops=True)
        return Verdict("unknown", stops=error.status < 500)
    if isinstance(error, TransportError):
        return Verdict("not_sent", stops=True) if error.processed is False else Verdict("unknown")
    # Assumed: any other error of this package was raised before the request went out (read-only, closed client).
    if isinstance(error, CeligoError) and not isinstance(error, ApiError):
        return Verdict("not_sent", stops=True)
    return Verdict("unknown", stops=True)


def read_results(content: bytes, length: int) -> tuple[list[RowOutcome] | None, str]:
    """Read the answer to an import call.

    Parameters
    ----------
    content : bytes
        Body of a 2xx answer.
    length : int
        Number of rows that were sent.

    Returns
    -------
    list of RowOutcome or None
        One per row in order; None when the body says nothing reliable about them.
    str
        Why not; empty when the list is there.
    """
    try:
        results = decode(content, is_lenient=True)  # the standard reader: exact integers, no NaN
    except ValueError:
        return None, f"The answer is not JSON: got {_start(content)}; expected a list of {length} results."
    if isinstance(results, Mapping) and isinstance(results.get("data"), list):
        results = results["data"]
    if not isinstance(results, list):
        return None, f"The answer is not a list: got {_start(content)}; expected a list of {length} results."
    if len(results) != length:
        return None, f"The answer has {len(results)} results for {length} rows, so none can be assigned."
    return [_row_outcome(result) for result in results], ""


def _start(content: bytes) -> str:
    return repr(content[:60].decode("utf-8", "replace")) if content else "an empty body"


def _row_outcome(result: object) -> RowOutcome:
    if not isinstance(result, Mapping):
        return RowOutcome("unknown", message=f"The result of this row is {type(result).__name__}, not an object.")
    status = _status(result.get("statusCode"))
    problems = _problems(result.get("errors"))
    code, message, source = _first(problems)
    return RowOutcome(
        _outcome(status, result, bool(problems)),
        status,
        result.get("id"),
        code,
        message,
        source,
        result.get("_json"),
    )


def _outcome(status: int | None, result: Mapping[str, Any], has_problems: bool) -> str:
    if status is None:
        if has_problems:
            return "failed"
        return "ignored" if result.get("ignored") is True else "unknown"
    if not 200 <= status < 300:
        # Assumed: no source says that a record may have one of these.
        return "unknown" if status >= 500 or status == 408 else "failed"
    # Errors beside a 2xx come from steps after the submit: the record is there, so sending it again would double it.
    return "ignored" if result.get("ignored") is True else "ok"


def _status(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 1000 else None
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3 else None


def _problems(errors: object) -> list[Problem]:
    if errors is None:
        return []
    entries = errors if isinstance(errors, list) else [errors]
    return [_problem(entry) for entry in entries]


def _problem(entry: object) -> Problem:
    if not isinstance(entry, Mapping):
        return Problem("", str(entry))
    source = entry.get("source")
    return Problem(
        str(entry.get("code", "")), str(entry.get("message", "")), source=None if source is None else str(source)
    )


def _first(problems: list[Problem]) -> tuple[str | None, str | None, str | None]:
    if not problems:
        return None, None, None
    return problems[0].code, "; ".join(problem.message for problem in problems), problems[0].source
