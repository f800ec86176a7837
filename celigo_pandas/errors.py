"""Every error and warning that celigo_pandas raises, in one tree.

What a class decides is what the caller does next; the attributes say it: ``retriable`` (the same call may work
later), ``status`` (the HTTP status, if there was an answer), ``problems`` (the server's or the validator's list) and
``hint`` (what to type or change). Mistakes of the caller also derive from the builtin one expects.

::

    CeligoError
    ├─ ConfigError (ValueError)              no token, bad base URL, bad option
    ├─ MissingExtraError (ImportError)       an optional dependency is not installed
    ├─ TransportError                        no usable answer; retriable
    │   └─ RequestTimeoutError (TimeoutError)
    ├─ ApiError                              the server answered with an error
    │   ├─ AuthError                         401, 403
    │   ├─ NotFoundError (LookupError)       404, or no document of that name
    │   ├─ InvalidRequestError               400, 422
    │   ├─ ConflictError                     409
    │   ├─ RateLimitError                    429; retriable
    │   └─ ServerError                       5xx; retriable
    ├─ PagingError                           a repeated, expired or refused page state
    ├─ ExportInterrupted                     a pull that failed midway; keeps the rows so far
    ├─ ImportRejectedError                   raised by on_error="raise"; keeps the result
    ├─ DocumentError (ValueError)            an export, import or connection document that cannot work
    ├─ MappingError (ValueError)             one record that a mapping cannot map
    ├─ TemplateError (ValueError)            a template that cannot be read or rendered
    ├─ FilterError (ValueError)              filter rules that cannot be read or evaluated
    ├─ ScriptError (ValueError)              a script that cannot be run, or that failed
    ├─ FrameError (ValueError)               a frame that cannot be built or sent
    ├─ JournalError                          a journal that is damaged, locked or of another call
    └─ SyncError                             a synced table that cannot be read or written, or is better left alone

    KeyboardInterrupt
    ├─ PullCancelled                         Ctrl-C during a pull; keeps the rows so far
    └─ PushCancelled                         Ctrl-C during a push; keeps the result

    UserWarning
    └─ CeligoWarning
        ├─ RecordErrorsWarning               the server reported errors beside the records of a page
        ├─ MixedTypesWarning                 a column holds values of different types
        ├─ DriftWarning                      columns differ from what ``expect=`` recorded
        └─ HintWarning                       it works, but there is a better way
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

__all__ = [
    "ApiError",
    "AuthError",
    "CeligoError",
    "CeligoWarning",
    "ConfigError",
    "ConflictError",
    "DocumentError",
    "DriftWarning",
    "ExportInterrupted",
    "FilterError",
    "FrameError",
    "HintWarning",
    "ImportRejectedError",
    "InvalidRequestError",
    "JournalError",
    "MappingError",
    "MissingExtraError",
    "MixedTypesWarning",
    "NotFoundError",
    "PagingError",
    "Problem",
    "PullCancelled",
    "PushCancelled",
    "RateLimitError",
    "RecordErrorsWarning",
    "RequestTimeoutError",
    "ScriptError",
    "ServerError",
    "SyncError",
    "TemplateError",
    "TransportError",
    "error_for_status",
    "legible",
    "printable",
    "shown",
]


def shown(value: object, limit: int = 80) -> str:
    """Show a value in a message: its ``repr``, cut at `limit` characters; of a path the end is kept, too."""
    try:
        text = repr(str(value) if isinstance(value, PurePath) else value)
    except (RecursionError, ValueError):
        # Nested deeper than calls may be, or a number of more digits than Python writes.
        text = f"<{type(value).__name__} too large to show>"
    if len(text) <= limit:
        return text
    kept = limit // 2 if isinstance(value, PurePath) else 0
    return text[: limit - 1 - kept] + "…" + text[len(text) - kept :]


_LONGEST = 4000


def legible(text: str, limit: int = _LONGEST) -> str:
    """Make a text from outside fit to be shown: what is too long is cut in its middle, half an emoji is its escape.

    A lone surrogate can neither be printed nor saved, and Arrow's texts cannot hold it.
    """
    whole = printable(text)
    if len(whole) <= limit:
        return whole
    mark = f" … ({len(whole):,} characters in all) … "
    end = max(1, (limit - len(mark)) // 2)
    return whole[:end] + mark + whole[-end:]


def printable(text: str) -> str:
    """Escape lone surrogates, which can neither be printed nor saved."""
    return text.encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True)
class Problem:
    """One entry of an error list.

    Parameters
    ----------
    code : str
        Stable, for programs; may be empty.
    message : str
        A sentence, for people.
    field : str, optional
        Dotted path that it concerns.
    source : str, optional
        Which part of the platform says so.

    Examples
    --------
    >>> print(celigo.Problem("missing_required_field", "A name is needed.", "name"))
    name: A name is needed. (missing_required_field)
    """

    code: str
    message: str
    field: str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, str) and not value.isascii():
                object.__setattr__(self, name, printable(value))

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        return f"{where}{self.message} ({self.code})" if self.code else f"{where}{self.message}"

    def to_dict(self) -> dict[str, str]:
        """Make the wire form.

        Returns
        -------
        dict of str to str
            The members that are set.

        Examples
        --------
        >>> celigo.Problem("missing_required_field", "A name is needed.", "name").to_dict()
        {'code': 'missing_required_field', 'message': 'A name is needed.', 'field': 'name'}
        """
        members = {"code": self.code, "message": self.message, "field": self.field, "source": self.source}
        return {name: value for name, value in members.items() if value is not None}


class CeligoError(Exception):
    """Root of the tree.

    Parameters
    ----------
    message : str
        What failed, where, what was got and what was expected. Never holds a secret.
    hint : str, optional
        What to do next; appended to the text.
    problems : iterable of Problem, optional
        The single problems, when there are several or they have codes.
    status : int, optional
        HTTP status of the answer, if there was one.
    """

    retriable: bool = False

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        problems: Iterable[Problem] = (),
        status: int | None = None,
    ) -> None:
        message = legible(message)
        super().__init__(message)
        self.message = message
        self.hint = None if hint is None else legible(hint)
        self.problems = tuple(problems)
        self.status = status

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of all problems, in order."""
        return tuple(problem.code for problem in self.problems)

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments do not survive the default protocol; the state carries them.
        return (_rebuild, (type(self), self.args), self.__dict__)


def _rebuild(kind: type[CeligoError], args: tuple[Any, ...]) -> CeligoError:
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class ConfigError(CeligoError, ValueError):
    """A setting that is missing or cannot be right: token, base URL, region, option."""


class MissingExtraError(CeligoError, ImportError):
    """An optional dependency is needed and not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the extra {extra!r}, which is not installed.",
            hint=f'Install it with: pip install "celigo-pandas[{extra}]".',
        )
        self.extra = extra


class TransportError(CeligoError):
    """No usable answer came back.

    ``processed`` says what is known of the request: ``False`` when it surely never reached the server's logic
    (connection refused, DNS, TLS), ``None`` when that cannot be known.
    """

    retriable = True

    def __init__(self, message: str, *, processed: bool | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.processed = processed


class RequestTimeoutError(TransportError, TimeoutError):
    """The server did not answer in time."""

    def __init__(self, message: str, *, timeout_s: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.timeout_s = timeout_s


class ApiError(CeligoError):
    """The server answered with an error.

    Parameters
    ----------
    method, path : str
        The request; the path is redacted and holds no query values.
    retry_after_s : float, optional
        What the server asked for in ``Retry-After``, in seconds.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str = "",
        path: str = "",
        retry_after_s: float | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message, **details)
        self.method = method
        self.path = path
        self.retry_after_s = retry_after_s


class AuthError(ApiError):
    """401 or 403: the token is missing, wrong, expired, or lacks the scope."""


class NotFoundError(ApiError, LookupError):
    """404, or no document of that name or id."""


class InvalidRequestError(ApiError):
    """400 or 422: the request was read and refused."""


class ConflictError(ApiError):
    """409."""


class RateLimitError(ApiError):
    """429, after the retries that were allowed."""

    retriable = True


class ServerError(ApiError):
    """5xx, after the retries that were allowed."""

    retriable = True


_BY_STATUS: dict[int, type[ApiError]] = {
    400: InvalidRequestError,
    401: AuthError,
    403: AuthError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidRequestError,
    429: RateLimitError,
}


def error_for_status(status: int) -> type[ApiError]:
    """Return the class for an HTTP status: the one table of the tree."""
    if status >= 500:
        return ServerError
    return _BY_STATUS.get(status, ApiError)


class PagingError(CeligoError):
    """The server's page state repeats, has expired, or was refused."""


class ExportInterrupted(CeligoError):
    """A pull failed midway; ``partial`` holds every row that came before, the cause is ``__cause__``."""

    def __init__(self, message: str, *, partial: object = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.partial = partial


class ImportRejectedError(CeligoError):
    """Rows were refused and ``on_error="raise"`` asked to be told; ``result`` holds the outcome of every row."""

    def __init__(self, message: str, *, result: object = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.result = result


class DocumentError(CeligoError, ValueError):
    """A document that cannot work; ``problems`` name each path."""


class MappingError(CeligoError, ValueError):
    """One record that a mapping could not map.

    Parameters
    ----------
    source : str
        ``"mapping"`` or ``"lookup"``, the wire's word for the step that failed.
    code : str
        Stable code of the failure.
    rule : str, optional
        Path of the rule in the document, e.g. ``mappings[2].buildArrayHelper[0]``.
    position : int, optional
        Position of the record in the list that was mapped.
    value : object, optional
        The value that could not be mapped.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str = "mapping",
        code: str = "mapping_error",
        rule: str | None = None,
        position: int | None = None,
        value: object = None,
        **details: Any,
    ) -> None:
        super().__init__(message, **details)
        self.source = source
        self.code = code
        self.rule = rule
        self.position = position
        self.value = value


class TemplateError(CeligoError, ValueError):
    """A template that cannot be read or rendered; ``template`` and ``position`` (characters) say where."""

    def __init__(
        self, message: str, *, template: str | None = None, position: int | None = None, **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.template = template
        self.position = position


class FilterError(CeligoError, ValueError):
    """Filter rules that cannot be read or evaluated; ``rule`` is the path to the part at fault."""

    def __init__(self, message: str, *, rule: str | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.rule = rule


class ScriptError(CeligoError, ValueError):
    """A script that cannot be run, or that failed.

    Parameters
    ----------
    code : str
        ``syntax_error``, ``unknown_import``, ``bad_import``, ``bad_export``, ``no_functions``, ``function_missing``,
        ``script_error`` (it threw), ``timeout``, ``out_of_memory``, ``crashed``, ``never_settled``, ``not_json``,
        ``bad_answer`` or ``script_not_found``; an error of ``integrator-api`` and what a script gives its errors as
        ``code`` are in ``thrown_code``.
    script, function : str, optional
        Name of the script, and of its function.
    line, column : int, optional
        Place in the script, from 1.
    record : int, optional
        Position of the record, from 0.
    thrown_code : str, optional
        The member ``code`` of what the script threw.
    log : iterable of LogLine
        What the script had written to its log.
    place : str, optional
        Where a document names the script: ``hooks.preMap``, ``filter`` and the like.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "script_error",
        script: str | None = None,
        function: str | None = None,
        line: int | None = None,
        column: int | None = None,
        record: int | None = None,
        thrown_code: str | None = None,
        log: Iterable[Any] = (),
        place: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message, **details)
        self.code = code
        self.log = tuple(log)
        self.place = place
        self.script = script
        self.function = function
        self.line = line
        self.column = column
        self.record = record
        self.thrown_code = thrown_code


class FrameError(CeligoError, ValueError):
    """A frame that cannot be built or sent; ``column`` and ``row`` (an index label) say where."""

    def __init__(self, message: str, *, column: object = None, row: object = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.column = column
        self.row = row


class JournalError(CeligoError):
    """A journal that is damaged, in use by another process, or belongs to another call."""


class SyncError(CeligoError):
    """A synced table that cannot be read or written, or is better left alone; it is as it was before."""


class PullCancelled(KeyboardInterrupt):
    """Ctrl-C during a pull; ``partial`` holds every row that had come."""

    def __init__(self, message: str = "", *, partial: object = None) -> None:
        super().__init__(legible(message))
        self.partial = partial


class PushCancelled(KeyboardInterrupt):
    """Ctrl-C during a push; ``result`` holds the outcome of every row."""

    def __init__(self, message: str = "", *, result: object = None) -> None:
        super().__init__(legible(message))
        self.result = result


class CeligoWarning(UserWarning):
    """Root of the warnings."""


class RecordErrorsWarning(CeligoWarning):
    """The server reported errors beside the records of a page."""


class MixedTypesWarning(CeligoWarning):
    """A column holds values of different types and stays as it came."""


class DriftWarning(CeligoWarning):
    """Columns differ from what ``expect=`` recorded."""


class HintWarning(CeligoWarning):
    """It works, but there is a better way."""


def problems_from_body(body: object) -> tuple[Problem, ...]:
    """Read the wire's error envelope, whichever of its plausible forms it has.

    Parameters
    ----------
    body : object
        Decoded JSON of an error answer: ``{"errors": [...]}``, a bare list, or an object with ``message``.

    Returns
    -------
    tuple of Problem
        Empty when nothing in the body looks like an error.
    """
    if isinstance(body, Mapping):
        entries: object = body.get("errors", body.get("error"))
        if entries is None and ("message" in body or "code" in body):
            entries = [body]
    else:
        entries = body
    if isinstance(entries, (str, Mapping)):
        entries = [entries]
    if not isinstance(entries, list):
        return ()
    return tuple(_problem(entry) for entry in entries)


def _problem(entry: object) -> Problem:
    if not isinstance(entry, Mapping):
        return Problem("", str(entry))
    field, source = entry.get("field"), entry.get("source")
    return Problem(
        str(entry.get("code", "")),
        str(entry.get("message", "")),
        None if field is None else str(field),
        None if source is None else str(source),
    )
