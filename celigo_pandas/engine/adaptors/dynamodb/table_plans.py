"""What an export or import document says of DynamoDB, read once and checked; values are rendered later.

Expressions are sent as they are written: a value that a record brings in stands in ``expressionAttributeValues``, where
it cannot become part of an expression. Facts: the vendor's published schemas of ``dynamodb``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from celigo_pandas.documents.members import MemberError, Members
from celigo_pandas.engine.adaptors.aws.endpoints import checked_region
from celigo_pandas.engine.adaptors.dynamodb.attribute_values import NoValueError, load, typed_or_plain
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.errors import TemplateError, shown
from celigo_pandas.handlebars import compile_template
from celigo_pandas.handlebars.json_places import parted

__all__ = ["ExportPlan", "ImportPlan", "JsonMember", "Refused", "TextMember", "export_plan", "import_plan"]

_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_METHODS = ("putItem", "updateItem")


class Refused(ValueError):
    """A member that cannot be rendered or read for one record; ``code`` and the message say why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class TextMember:
    """A member that is a template of text."""

    field: str
    render: Callable[[Mapping[str, Any]], str]

    def read(self, context: Mapping[str, Any]) -> str:
        """Return it for a context; :class:`Refused` says what is wrong."""
        try:
            return self.render(context)
        except TemplateError as error:
            raise Refused("template_error", f"{self.field}: {error}") from None


@dataclass(frozen=True, slots=True)
class JsonMember:
    """A member that is a template of a JSON object: no value can leave its place in it."""

    field: str
    render: Callable[[Mapping[str, Any]], str]

    def read(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return the object for a context; :class:`Refused` says what is wrong."""
        try:
            text = self.render(context)
        except TemplateError as error:
            raise Refused("template_error", f"{self.field}: {error}") from None
        try:
            found = load(text)
        except NoValueError as error:
            raise Refused("invalid_json", f"{self.field}: {error}. Got {shown(text)}.") from None
        if not isinstance(found, dict):
            raise Refused("invalid_json", f"{self.field}: got {shown(text)}; expected an object.")
        return found

    def values(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return the object as values of an expression, typed or plain."""
        found = {}
        for name, value in self.read(context).items():
            try:
                found[name] = typed_or_plain(value)
            except NoValueError as error:
                raise Refused("invalid_value", f"{self.field}, {name}: {error}.") from None
        return found


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What an export asks; ``key_condition`` is empty where the whole table is read."""

    region: str
    table: str
    key_condition: str
    filter: str
    projection: str
    names: JsonMember | None
    values: JsonMember | None


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import does with each record."""

    region: str
    table: str
    method: str
    item: JsonMember | None
    partition: TextMember | None
    sort: TextMember | None
    update: str
    condition: str
    names: JsonMember | None
    values: JsonMember | None
    skips_existing: bool
    skips_missing: bool


def export_plan(export_doc: Mapping[str, Any], *, scans: bool) -> ExportPlan:
    """Read an export document.

    Parameters
    ----------
    export_doc : mapping
    scans : bool
        Whether an export without a key condition reads the whole table; the platform has no such export.

    Raises
    ------
    SourceFailure
        A member is missing, cannot be used, or asks for what is not built; its path is the error's field.
    """
    if export_doc.get("type") == "once":
        text = "is not built for DynamoDB: how the platform marks an item as exported is not published"
        raise SourceFailure(f"export.type once {text}.", code="unsupported", field="export.type", sent=False)
    with _refused():
        block = Members(export_doc, "export").block("dynamodb", required=True)
        block.choice("method", ("query",), default="query")
        return ExportPlan(
            checked_region(block.get("region"), f"{block.path}.region"),
            _table(block),
            _expression(block, "keyConditionExpression", required=not scans),
            _expression(block, "filterExpression"),
            ", ".join(_no_template(block, "projectionExpression", one) for one in block.texts("projectionExpression")),
            _json(block, "expressionAttributeNames"),
            _json(block, "expressionAttributeValues"),
        )


def import_plan(import_doc: Mapping[str, Any]) -> ImportPlan:
    """Read an import document; as :func:`export_plan`."""
    with _refused():
        block = Members(import_doc, "import").block("dynamodb", required=True)
        method = block.choice("method", _METHODS)
        updates = method == "updateItem"
        if block.get("ignoreExtract") and import_doc.get("ignoreExisting"):
            text = "is not built: ignoreExisting asks the table itself, by the item's keys; leave it out"
            raise block.wrong("ignoreExtract", text)
        return ImportPlan(
            checked_region(block.get("region"), f"{block.path}.region"),
            _table(block),
            method,
            None if updates else _json(block, "itemDocument"),
            _template(block, "partitionKey", required=True) if updates else None,
            _template(block, "sortKey") if updates else None,
            _expression(block, "updateExpression", required=True) if updates else "",
            _expression(block, "conditionExpression"),
            _json(block, "expressionAttributeNames"),
            _json(block, "expressionAttributeValues"),
            bool(import_doc.get("ignoreExisting")),
            bool(import_doc.get("ignoreMissing")),
        )


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except MemberError as error:
        problem = error.problem
        raise SourceFailure(problem.message, code=problem.code, field=problem.field, sent=False) from None


def _table(block: Members) -> str:
    name = block.text("tableName", required=True)
    if not _TABLE.fullmatch(name):
        raise block.got("tableName", name, "3 to 255 of letters, digits, '_', '-' and '.'")
    return name


def _expression(block: Members, name: str, *, required: bool = False) -> str:
    return _no_template(block, name, block.text(name, required=required))


def _no_template(block: Members, name: str, text: str) -> str:
    if "{{" in text:
        hint = "values belong into expressionAttributeValues, under a name such as :value"
        raise block.wrong(name, f"an expression is no template here; {hint}")
    return text


def _template(block: Members, name: str, *, required: bool = False) -> TextMember | None:
    text = block.text(name, required=required)
    return TextMember(f"{block.path}.{name}", _renderer(block, name, text, "none")) if text else None


def _json(block: Members, name: str) -> JsonMember | None:
    value = block.get(name)
    # Forms of the platform hold a text; an object says the same.
    text = json.dumps(value) if isinstance(value, Mapping) else block.text(name)
    if not text.strip():
        return None
    return JsonMember(f"{block.path}.{name}", _renderer(block, name, parted(text), "json"))


def _renderer(
    block: Members, name: str, text: str, escape: Literal["json", "none"]
) -> Callable[[Mapping[str, Any]], str]:
    if "{{" not in text:
        return lambda context: text
    try:
        return partial(compile_template(text).render, escape=escape)
    except TemplateError as error:
        field = f"{block.path}.{name}"
        raise SourceFailure(f"{field}: {error}", code="template_error", field=field, sent=False) from None
