"""Saved scripts: what the API refuses in one, what only the server sets, and how its log is read.

Source: the vendor's published schema of scripts; the log's form from the vendor's own pages in a browser, which ask for
it with ``time_gt``, ``time_lte``, ``_resourceId`` and ``functionType`` and read ``logs`` and ``nextPageURL``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from celigo_pandas.documents.patching import writable
from celigo_pandas.documents.scalars import is_date
from celigo_pandas.errors import DocumentError, Problem, shown

__all__ = ["DEBUG_MINUTES", "LEVELS", "check_debug_until", "check_script", "log_entries", "new_content"]

DEBUG_MINUTES: Final = 60
"""A script is debugged for so many minutes at most, from the moment of the PATCH on."""

LEVELS: Final = ("debug", "info", "warn", "error")
"""Levels of a script's log, the quietest first; ``console.log`` writes ``info``."""

_LONGEST_DESCRIPTION: Final = 1024


def check_script(doc: Mapping[str, Any], *, is_new: bool) -> list[Problem]:
    """List what the API refuses in a script that is to be saved; its name is checked as that of every document.

    Parameters
    ----------
    doc : mapping
    is_new : bool
        A new script needs its ``content``. A PUT may leave it out, and then erases it.

    Examples
    --------
    >>> [problem.field for problem in check_script({"name": "a", "description": 5}, is_new=True)]
    ['content', 'description']
    """
    return list(_problems(doc, is_new))


def _problems(doc: Mapping[str, Any], is_new: bool) -> Iterator[Problem]:
    content = doc.get("content")
    if is_new and content in (None, ""):
        yield Problem("missing_required_field", "Expected field: content to be present.", "content")
    elif content is not None and not isinstance(content, str):
        yield _wrong("content", content, "JavaScript as text")
    description = doc.get("description")
    if description is not None and not isinstance(description, str):
        yield _wrong("description", description, "text")
    elif description is not None and len(description) > _LONGEST_DESCRIPTION:
        text = f"description has {len(description):,} characters; expected at most {_LONGEST_DESCRIPTION:,}."
        yield Problem("invalid_field", text, "description")
    for name in ("sandbox", "postResponseHookToProcessOnChildRecord"):
        if not isinstance(doc.get(name), (bool, type(None))):
            yield _wrong(name, doc[name], "true or false")


def check_debug_until(value: object, now: datetime) -> list[Problem]:
    """Refuse a ``debugUntil`` that lies further ahead than the platform debugs a script.

    Examples
    --------
    >>> moment = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
    >>> [problem.field for problem in check_debug_until("2026-07-01T13:30:00Z", moment)]
    ['debugUntil']
    >>> check_debug_until("2026-07-01T12:15:00Z", moment)
    []
    """
    if not isinstance(value, str) or not is_date(value):
        return []  # its form is the PATCH's to check
    until = datetime.fromisoformat(value.replace("Z", "+00:00"))
    until = until if until.tzinfo else until.replace(tzinfo=timezone.utc)
    if until <= now + timedelta(minutes=DEBUG_MINUTES):
        return []
    text = f"debugUntil {value[:40]!r} lies more than {DEBUG_MINUTES} minutes ahead; expected a time before that."
    return [Problem("invalid_field", text, "debugUntil")]


def new_content(doc: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole document that a PUT has to hold so that it changes what is given and erases nothing.

    Parameters
    ----------
    doc : mapping
        As the server answers it by its id.
    changes : mapping
        Members and their new values.

    Raises
    ------
    DocumentError
        There is no code on either side: a PUT could erase what the server did not show.

    Examples
    --------
    >>> new_content({"_id": "1", "name": "a", "content": "x"}, {"name": "b"})
    {'name': 'b', 'content': 'x'}
    """
    whole = {**writable(doc), **changes}
    whole.pop("debugUntil", None)
    if not isinstance(whole.get("content"), str):
        raise DocumentError(
            f"The server answered the script {shown(doc.get('name'))} without its content; a PUT would erase it.",
            hint="Give the code, too: update(content=…).",
            problems=[Problem("missing_required_field", "a PUT without content erases it", "content")],
        )
    return whole


def log_entries(answer: object) -> tuple[list[dict[str, Any]], str | None]:
    """Read one page of a script's log, and where the next one is.

    Parameters
    ----------
    answer : object
        ``{"logs": [...], "nextPageURL": …}``, or a bare list.

    Raises
    ------
    ValueError
        It is neither.
    """
    following = None
    if isinstance(answer, Mapping):
        following = answer.get("nextPageURL")
        answer = answer.get("logs") or []
    if not isinstance(answer, list) or not all(isinstance(entry, dict) for entry in answer):
        raise ValueError("it is no script log: expected a list of objects, or an object with the member 'logs'")
    return answer, following if isinstance(following, str) and following else None


def _wrong(field: str, value: object, expected: str) -> Problem:
    return Problem("invalid_field", f"{field}: got {shown(value)}; expected {expected}.", field)
