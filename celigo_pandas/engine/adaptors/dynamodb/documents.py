"""What an export or import document says of DynamoDB, read once and checked; values are rendered later.

Expressions are sent as they are written: a value that a record brings in stands in ``expressionAttributeValues``, where
it cannot become part of an expression. Facts: the vendor's published schemas of ``dynamodb``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from celigo_pandas.engine.adaptors.aws.endpoints import checked_region
from celigo_pandas.engine.adaptors.dynamodb.values import NoValueError, load, typed_or_plain
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
    block = _Block(export_doc, "export")
    if export_doc.get("type") == "once":
        text = "is not built for DynamoDB: how the platform marks an item as exported is not published"
        raise SourceFailure(f"export.type once {text}.", code="unsupported", field="export.type", sent=False)
    method = block.text("method")
    if method not in {"", "query"}:
        raise block.wrong("method", f"got {shown(method)}; expected query")
    return ExportPlan(
        block.region(),
        block.table(),
        block.expression("keyConditionExpression", required=not scans),
        block.expression("filterExpression"),
        block.projection(),
        block.json("expressionAttributeNames"),
        block.json("expressionAttributeValues"),
    )


def import_plan(import_doc: Mapping[str, Any]) -> ImportPlan:
    """Read an import document; as :func:`export_plan`."""
    block = _Block(import_doc, "import")
    method = block.text("method", required=True)
    if method not in _METHODS:
        raise block.wrong("method", f"got {shown(method)}; expected {' or '.join(_METHODS)}")
    updates = method == "updateItem"
    if block.get("ignoreExtract") and import_doc.get("ignoreExisting"):
        text = "is not built: ignoreExisting asks the table itself, by the item's keys; leave it out"
        field = "import.dynamodb.ignoreExtract"
        raise SourceFailure(f"{field} {text}.", code="unsupported", field=field, sent=False)
    return ImportPlan(
        block.region(),
        block.table(),
        method,
        None if updates else block.json("itemDocument"),
        block.template("partitionKey", required=True) if updates else None,
        block.template("sortKey") if updates else None,
        block.expression("updateExpression", required=True) if updates else "",
        block.expression("conditionExpression"),
        block.json("expressionAttributeNames"),
        block.json("expressionAttributeValues"),
        bool(import_doc.get("ignoreExisting")),
        bool(import_doc.get("ignoreMissing")),
    )


class _Block:
    """The block ``dynamodb`` of a document, read member by member."""

    def __init__(self, doc: Mapping[str, Any], kind: str) -> None:
        self._path = f"{kind}.dynamodb"
        found = doc.get("dynamodb")
        if not isinstance(found, Mapping):
            raise _missing(self._path)
        self.get = found.get

    def region(self) -> str:
        return checked_region(self.get("region"), f"{self._path}.region")

    def table(self) -> str:
        name = self.text("tableName", required=True)
        if not _TABLE.fullmatch(name):
            raise self.wrong("tableName", f"got {shown(name)}; expected 3 to 255 of letters, digits, '_', '-' and '.'")
        return name

    def text(self, name: str, *, required: bool = False) -> str:
        value = self.get(name)
        if value is None or value == "":
            if required:
                raise _missing(f"{self._path}.{name}")
            return ""
        if not isinstance(value, str):
            raise self.wrong(name, f"got {shown(value)}; expected a text")
        return value

    def expression(self, name: str, *, required: bool = False) -> str:
        text = self.text(name, required=required)
        if "{{" in text:
            hint = "values belong into expressionAttributeValues, under a name such as :value"
            raise self.wrong(name, f"an expression is no template here; {hint}")
        return text

    def projection(self) -> str:
        listed = self.get("projectionExpression")
        if listed is None or listed == "" or listed == []:
            return ""
        if not isinstance(listed, list) or not all(isinstance(one, str) and "{{" not in one for one in listed):
            raise self.wrong("projectionExpression", f"got {shown(listed)}; expected a list of names such as #name")
        return ", ".join(listed)

    def template(self, name: str, *, required: bool = False) -> TextMember | None:
        text = self.text(name, required=required)
        if not text:
            return None
        return TextMember(f"{self._path}.{name}", self._renderer(name, text, "none"))

    def json(self, name: str) -> JsonMember | None:
        value = self.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, Mapping):
            value = json.dumps(value)
        if not isinstance(value, str):
            raise self.wrong(name, f"got {shown(value)}; expected a text of JSON")
        return JsonMember(f"{self._path}.{name}", self._renderer(name, value, "json"))

    def _renderer(self, name: str, text: str, escape: Any) -> Callable[[Mapping[str, Any]], str]:
        if "{{" not in text:
            return lambda context: text
        try:
            template = compile_template(parted(text) if escape == "json" else text)
            return partial(template.render, escape=escape)
        except TemplateError as error:
            field = f"{self._path}.{name}"
            raise SourceFailure(f"{field}: {error}", code="template_error", field=field, sent=False) from None

    def wrong(self, name: str, text: str) -> SourceFailure:
        field = f"{self._path}.{name}"
        return SourceFailure(f"{field}: {text}.", code="invalid_field", field=field, sent=False)


def _missing(field: str) -> SourceFailure:
    text = f"Expected field: {field.partition('.')[2]} to be present."
    return SourceFailure(text, code="missing_required_field", field=field, sent=False)
