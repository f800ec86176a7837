"""What a ping answered, whichever of its plausible shapes the server uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from celigo_pandas.errors import Problem, problems_from_body
from celigo_pandas.markup import Markup, tag

__all__ = ["PingResult"]


@dataclass(frozen=True)
class PingResult:
    """Whether a connection works; truthy when it does.

    Parameters
    ----------
    code : int or None
        200 when it works; else the status of the outer system, as far as the server tells it.
    errors : tuple of Problem
        What the outer system said.
    checked : bool
        Whether the answer tells anything of the credentials. A 404, say, does not: the system was reached, no more.
    reached : bool
        False when nothing was sent to the outer system (an adaptor, or an extra of it, that is not there).

    Examples
    --------
    >>> PingResult.from_body({"code": 404, "errors": [{"code": "404", "message": "Not Found"}]})
    <PingResult reached, not checked (404): [404] Not Found>
    """

    code: int | None
    errors: tuple[Problem, ...] = ()
    checked: bool = True
    reached: bool = True

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> PingResult:
        """Read an answer: ``{"code": 200}``, text codes, ``statusCode``, ``errors`` beside or instead, ``success``."""
        given = next((body[name] for name in ("code", "statusCode", "status") if body.get(name) is not None), None)
        code = _number(given)
        errors = problems_from_body({"errors": body["errors"]} if body.get("errors") else body.get("error") or [])
        failed = bool(errors) or body.get("success") is False or body.get("ok") is False
        if code is None and isinstance(given, str) and given.strip().lower() not in ("ok", "success"):
            failed = True
        if failed and not errors and body.get("message"):
            errors = (Problem(str(given or ""), str(body["message"])),)
        if code is None and not failed:
            code = 200
        elif code is not None and not 200 <= code < 300 and not errors:
            errors = (Problem(str(code), str(body.get("message") or "the connection was refused")),)
        if failed and (code is None or 200 <= code < 300):
            # The envelope says nothing of the failure; its errors may.
            told = [number for number in map(_number, (error.code for error in errors)) if number]
            code = next((number for number in told if not 200 <= number < 300), None)
        told_of_refusal = any(_number(error.code) in _REFUSALS for error in errors)
        said = body.get("checked")
        checked = said if isinstance(said, bool) else code not in _SILENT or told_of_refusal
        return cls(code, errors, checked, body.get("reached") is not False)

    @property
    def ok(self) -> bool:
        """Whether the connection works."""
        return self.code is not None and 200 <= self.code < 300 and not self.errors

    @property
    def outcome(self) -> str:
        """``ok``, ``failed``, ``reached, not checked`` or ``not tried``."""
        if self.ok or self.checked:
            return "ok" if self.ok else "failed"
        return "reached, not checked" if self.reached else "not tried"

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return f"<PingResult {self._text()}>"

    def _repr_html_(self) -> Markup:
        return tag("div", tag("b", "Ping"), " ", self._text())

    def _text(self) -> str:
        if self.ok:
            return "ok"
        said = "; ".join(str(error) for error in self.errors[:3])
        return f"{self.outcome}{'' if self.code is None else f' ({self.code})'}{': ' + said if said else ''}"


_REFUSALS = frozenset({401, 403, 407})
_SILENT = frozenset({404, 405, 406, 410, 415, 429, *range(500, 600)})
"""Statuses of an outer system that tell nothing of the credentials. Others may be the API's own word for a refusal."""


def _number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return None
