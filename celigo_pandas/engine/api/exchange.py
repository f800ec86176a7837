"""One request and its answer, as handlers see them; nothing here knows the server's library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from celigo_pandas.engine.refusals import Refusal
from celigo_pandas.engine.texts import json_text
from celigo_pandas.errors import Problem

if TYPE_CHECKING:
    from celigo_pandas.engine.wiring import Engine

__all__ = ["Answer", "ApiRequest", "refused"]


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request that passed the guard: ``url`` is what the client called, without its query."""

    engine: Engine
    method: str
    url: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """The id of the document that the path names first."""
        return next(iter(self.path.values()))

    def json(self) -> Any:
        """Return the decoded body.

        Raises
        ------
        Refusal
            400: it is missing or no JSON.
        """
        if not self.content.strip():
            raise Refusal(400, [Problem("invalid_json", "The request needs a JSON body; got none.")])
        try:
            return json_text.load(self.content)
        except ValueError as error:
            raise Refusal(400, [Problem("invalid_json", f"The body is no JSON: {str(error)[:120]}.")]) from None

    def path_of_half_pair(self) -> str | None:
        """Return the path of the first text of the body that holds half a surrogate pair, or None."""
        return next(_half_pairs(self.json()), None) if self.content.strip() else None

    def json_object(self) -> dict[str, Any]:
        """Return the decoded body, which must be an object; 422 otherwise."""
        body = self.json()
        if not isinstance(body, dict):
            text = f"The body is {type(body).__name__}; expected a JSON object."
            raise Refusal(422, [Problem("invalid_field", text)])
        return body


def _half_pairs(value: object, path: str = "") -> Iterator[str]:
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            yield path
    elif isinstance(value, (dict, list)):
        for name, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _half_pairs(one, f"{path}.{name}" if path else str(name))


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with a JSON-able body, ready bytes, or nothing."""

    status: int = 200
    body: Any = None
    ready: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json; charset=utf-8"

    def content(self) -> bytes:
        """Return the bytes to send."""
        if self.ready is not None:
            return self.ready
        return b"" if self.status == 204 else json_text.dump(self.body)


def refused(refusal: Refusal) -> Answer:
    """Return the error envelope of a refusal."""
    errors = [problem.to_dict() for problem in refusal.problems]
    return Answer(refusal.status, {"errors": errors}, headers=refusal.headers)
