"""What the engine says no with: one exception that carries the status and the envelope's problems."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

from celigo_pandas.engine.failures import VaultError
from celigo_pandas.errors import MissingExtraError, Problem

__all__ = ["Refusal", "bare", "invalid", "not_found", "refusal_of", "refuse_any"]

_LOG = logging.getLogger("celigo_pandas.engine")


class Refusal(Exception):
    """A request that is answered with an error envelope.

    Parameters
    ----------
    status : int
        HTTP status, 400 or more.
    problems : iterable of Problem
        Entries of the envelope; at least one.
    headers : dict, optional
        Further headers of the answer (``Allow``, ``Retry-After``).
    """

    def __init__(self, status: int, problems: Iterable[Problem], headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.problems = tuple(problems)
        self.headers = headers or {}
        super().__init__("; ".join(str(problem) for problem in self.problems))


def invalid(code: str, message: str, field: str | None = None, *, source: str | None = None) -> Refusal:
    """Return a 422 with one problem."""
    return Refusal(422, [Problem(code, message, field, source)])


def refuse_any(problems: Iterable[Problem], place: str) -> None:
    """Raise a 422 with all problems of a document, if there are any; `place` is where it stands in the request."""
    found = [replace(problem, field=f"{place}.{problem.field}") for problem in problems]
    if found:
        raise Refusal(422, found)


def not_found(kind: str, id: str) -> Refusal:
    """Return the 404 of a document that is not there."""
    return Refusal(404, [Problem("invalid_ref", f"There is no {kind} with the id {id[:60]!r}.", "_id")])


def refusal_of(error: Exception) -> Refusal:
    """Return what an exception is answered with; one that nobody foresaw is logged and is a 500."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, VaultError):
        return invalid("wrong_key", f"{error} Start the engine with the key that it was written with.")
    if isinstance(error, MissingExtraError):
        return invalid("missing_extra", str(error), "type")
    if isinstance(error, RecursionError):
        return invalid("nested_too_deeply", "A document, or an answer of the source, is nested too deeply.")
    if isinstance(error, UnicodeEncodeError) and "\ud800" <= error.object[error.start] <= "\udfff":
        half = ascii(error.object[error.start])
        return invalid("invalid_text", f"A text holds {half}, half a surrogate pair, which cannot be stored or sent.")
    # The traceback is logged without the exception's text, which may hold what a source answered.
    _LOG.error("Unforeseen %s", type(error).__name__, exc_info=bare(error))
    return Refusal(500, [Problem("internal_error", f"The engine failed ({type(error).__name__}); its log says where.")])


def bare(error: Exception) -> BaseException:
    """Return an exception for a log: of this one's kind and place, without its text, which may hold what data hold."""
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
