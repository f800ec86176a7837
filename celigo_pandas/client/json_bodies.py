"""JSON of documents, both ways, without a change of value.

The standard library's decoder keeps integers of any size; its encoder is told to refuse what JSON has no word for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from celigo_pandas.documents.connection_documents import secret_values
from celigo_pandas.documents.secret import MASK, Secret
from celigo_pandas.errors import DocumentError
from celigo_pandas.json_depth import DEEPEST_JSON, json_depth
from celigo_pandas.json_numbers import integer, integer_or_digits

__all__ = ["Sealed", "decode", "encode", "encode_rows", "seal", "seal_connection"]


class Sealed:
    """An encoded document that may hold passwords: it shows nothing of itself.

    A document that a person passes in is sealed on the first line of whatever takes it, so that no frame that raises
    later holds the plain one.
    """

    __slots__ = ("_reveal", "_what", "secrets")

    def __init__(self, content: bytes | None, problem: str | None, what: str, secrets: tuple[Secret, ...] = ()) -> None:
        def reveal() -> tuple[bytes | None, str | None]:
            return content, problem

        self._reveal = reveal
        self._what = what
        self.secrets = secrets

    def __repr__(self) -> str:
        return f"<sealed {self._what}>"

    @property
    def problem(self) -> str | None:
        """Why the document cannot be written as JSON, or None."""
        return self._reveal()[1]

    def reveal(self) -> bytes:
        """Return the JSON; raises :class:`DocumentError` if there is none."""
        if self.problem is not None:
            raise DocumentError(
                f"The {self._what} cannot be written as JSON: {self.problem}.",
                hint="Use dict, list, str, int, float, bool and None; write dates as ISO 8601 text.",
            )
        return self._reveal()[0] or b""


def seal(value: object, what: str = "document") -> Sealed:
    """Encode a document and hide it; never raises. A :class:`Secret` inside becomes its text."""
    if isinstance(value, Sealed):
        return value
    problem = None
    try:
        return Sealed(_encoded(value), None, what)
    except UnicodeEncodeError:  # a lone surrogate, which an escape can carry
        return Sealed(_encoded(value, escape=True), None, what)
    except (TypeError, ValueError, RecursionError) as error:
        problem = str(error) if not isinstance(error, RecursionError) else "it is nested too deeply"
    return Sealed(None, problem, what)


def seal_connection(doc: object, secrets: Iterable[Any] = ()) -> Sealed:
    """Encode a connection document and hide it, with every secret it holds in ``secrets``; never raises.

    `secrets` are texts that the caller called secret, whatever their place in the document.
    """
    if isinstance(doc, Sealed):
        return doc
    sealed = seal(doc, "connection")
    found = _secrets_in(doc) + [value for value in secrets if isinstance(value, (str, Secret))]
    if sealed.problem is None:
        found += secret_values(decode(sealed.reveal())) - {MASK}
    sealed.secrets = tuple(value if isinstance(value, Secret) else Secret(value) for value in found)
    return sealed


def _secrets_in(value: object) -> list[Any]:
    if isinstance(value, Secret):
        return [value]
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return [secret for member in members for secret in _secrets_in(member)]


def encode(value: object, what: str = "document") -> bytes:
    """Encode a document; raises :class:`DocumentError` for what JSON cannot say."""
    sealed = seal(value, what)
    del value
    return sealed.reveal()


def _encoded(value: object, escape: bool = False) -> bytes:
    text = json.dumps(value, ensure_ascii=escape, allow_nan=False, separators=(",", ":"), default=_special)
    return text.encode("utf-8")


def _special(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def encode_rows(records: Sequence[Any]) -> bytes:
    """Encode a list of records; those that are ``bytes`` are JSON already."""
    parts = [record if isinstance(record, bytes) else encode(record, "record") for record in records]
    return b"[" + b",".join(parts) + b"]"


def decode(content: bytes, *, is_lenient: bool = False) -> Any:
    """Decode JSON; raises :class:`ValueError` for anything else, ``NaN`` and ``Infinity`` included.

    An integer of more digits than Python reads is a :class:`TooManyDigits`, or, if `is_lenient`, the text of its
    digits: for answers that are not sent back, and whose other members must not be lost.
    """
    if json_depth(content) > DEEPEST_JSON:
        raise ValueError("nested too deeply")
    try:
        return json.loads(content, parse_constant=_refuse, parse_int=integer_or_digits if is_lenient else integer)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
