"""What an export or import document says: its JSON members, rendered, read, and without what runs code or writes.

A member is a template of JSON: it is rendered as such (a value cannot leave its place), decoded, and read as Extended
JSON. Facts: the vendor's published schemas; ``filter``, ``projection``, ``pipeline``, ``document`` and ``update`` are
texts of JSON, and are taken as objects too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import bson
from bson.errors import BSONError

from celigo_pandas.engine.adaptors.mongodb.extended_json import NoBsonError, from_json
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.texts import json_text
from celigo_pandas.errors import TemplateError, shown
from celigo_pandas.handlebars import compile_template

__all__ = ["Member", "Refused", "block_of", "collection_of", "member_of"]

_RUNS_CODE = frozenset({"$where", "$function", "$accumulator"})
_WRITES = frozenset({"$out", "$merge"})
_NEVER_ENDS = frozenset({"$changeStream"})
_EXPRESSIONS = frozenset({"pipeline", "projection"})


class Refused(ValueError):
    """A member that cannot be rendered, read or allowed for one record; ``code`` and the message say why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Member:
    """A JSON member of a document, to be read for one context.

    Parameters
    ----------
    field : str
        Its path, for messages.
    render : callable
        From a context to JSON text.
    kinds : tuple of type
        What it may be: an object, a list, or either.
    """

    field: str
    render: Callable[[Mapping[str, Any]], str]
    kinds: tuple[type, ...]

    def read(self, context: Mapping[str, Any]) -> Any:
        """Return it as BSON takes it; :class:`Refused` says what is wrong."""
        value = self._decoded(context)
        try:
            found = from_json(value)
        except NoBsonError as error:
            raise Refused("invalid_value", f"{self.field}: {error}") from None
        try:
            bson.encode({"": found})
        except (BSONError, UnicodeError, OverflowError, TypeError, ValueError) as error:
            raise Refused("invalid_document", f"{self.field} is nothing that the database takes: {error}.") from None
        if not isinstance(found, self.kinds):
            expected = " or ".join("an object" if kind is dict else "an array" for kind in self.kinds)
            raise Refused("invalid_json", f"{self.field}: got {shown(value)}; expected {expected}.")
        return found

    def read_safe(self, context: Mapping[str, Any]) -> Any:
        """Return a member that asks something: :meth:`read`, without what runs code or writes."""
        found = self.read(context)
        for name in _names(found):
            if why := _why_not(name):
                raise Refused("operator_refused", f"{self.field} uses {name}, which {why}. It is never sent from here.")
        return found

    def once(self, context: Mapping[str, Any]) -> Any:
        """Return a member that the whole call hangs on: :meth:`read_safe`, or a :class:`SourceFailure`."""
        try:
            return self.read_safe(context)
        except Refused as error:
            raise SourceFailure(error.message, code=error.code, field=self.field, sent=False) from None

    def _decoded(self, context: Mapping[str, Any]) -> Any:
        try:
            text = self.render(context)
        except TemplateError as error:
            raise Refused("template_error", f"{self.field}: {error}") from None
        try:
            found = json_text.load(text, finite=True)
            json.loads(text, object_pairs_hook=_each_once, parse_int=str, parse_float=str)
        except RecursionError:
            raise Refused("invalid_json", f"{self.field} is nested too deeply.") from None
        except ValueError as error:
            raise Refused("invalid_json", f"{self.field} renders to no JSON: {error}. Got {shown(text)}.") from None
        return found


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise ValueError(f"the member {shown(name)} is there twice, and one would be lost")
        seen.add(name)


def _why_not(name: str) -> str | None:
    if name in _RUNS_CODE:
        return "runs code in the database"
    if name in _WRITES:
        return "writes to a collection"
    return "never ends" if name in _NEVER_ENDS else None


def _names(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, bson.DBRef):
            waiting.append(one.as_doc())


def block_of(doc: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Return the block ``mongodb`` of an ``export`` or ``import``; :class:`SourceFailure` if there is none."""
    block = doc.get("mongodb")
    if not isinstance(block, Mapping):
        raise _missing(f"{kind}.mongodb")
    return block


def collection_of(block: Mapping[str, Any], kind: str) -> str:
    """Return the name of the collection; :class:`SourceFailure` for one that none can have."""
    field = f"{kind}.mongodb.collection"
    name = block.get("collection")
    if not isinstance(name, str) or not name.strip():
        raise _missing(field)
    if "\0" in name or name.startswith(("system.", ".")) or name.endswith(".") or ".." in name or "$" in name:
        text = f"{field} {shown(name)} names no collection of documents."
        raise SourceFailure(text, code="invalid_field", field=field, sent=False)
    return name


def member_of(block: Mapping[str, Any], kind: str, name: str, *kinds: type, required: bool = False) -> Member | None:
    """Return a JSON member, None where it is not given.

    Raises
    ------
    SourceFailure
        It is required and absent, of another type, or a template that cannot be read.
    """
    field = f"{kind}.mongodb.{name}"
    value = block.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        if required:
            raise _missing(field)
        return None
    if isinstance(value, (dict, list)):
        value = json.dumps(value)
    if not isinstance(value, str):
        text = f"{field}: got {shown(value)}; expected a text of JSON."
        raise SourceFailure(text, code="invalid_field", field=field, sent=False)
    if "{{" not in value:
        return Member(field, lambda context: value, kinds)
    try:
        template = compile_template(value)
    except TemplateError as error:
        raise SourceFailure(f"{field}: {error}", code="template_error", field=field, sent=False) from None
    return Member(field, partial(template.render_query, is_expression=_is_expression(name, value)), kinds)


def _is_expression(name: str, text: str) -> bool:
    """Whether texts of a member that begin with a dollar are read, and not taken as they are."""
    return name in _EXPRESSIONS or text.lstrip().startswith("[") or '"$expr"' in text


def _missing(field: str) -> SourceFailure:
    text = f"Expected field: {field.rpartition('.')[2]} to be present."
    return SourceFailure(text, code="missing_required_field", field=field, sent=False)
