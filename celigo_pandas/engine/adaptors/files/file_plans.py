"""The file blocks of export and import documents, read once and checked: what is not built is refused by its name.

Facts: integrator-api.md, sections 4.4 and 6.4, and the vendor's schemas of ``file``, ``ftp`` and ``filesystem``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.engine.adaptors.files.csv_reading import CsvOptions
from celigo_pandas.engine.adaptors.files.csv_writing import CsvForm
from celigo_pandas.engine.adaptors.files.formats import CODECS
from celigo_pandas.engine.adaptors.files.json_files import path_names
from celigo_pandas.engine.adaptors.files.xml_reading import XmlStep, parse_xpath
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.choices import Choices
from celigo_pandas.errors import FilterError
from celigo_pandas.filters import compile_rules, rules_of

__all__ = ["ExportPlan", "ImportPlan", "csv_plan", "export_plan", "import_plan"]

_TYPES = ("csv", "json", "xlsx", "xml")
_COMPRESSIONS = ("gzip", "zip")
_MOST_FILES = 1_000
"""Files of a batch. Source: integrator-api.md, section 4.1."""


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What an export document says of files; folders and names are templates still."""

    type: str
    folder: str
    backup_folder: str | None
    starts_with: str
    ends_with: str
    encoding: str | None
    compression: str | None
    output: str
    deletes: bool
    csv: CsvOptions
    json_path: tuple[str, ...]
    xml_path: tuple[XmlStep, ...] | str
    xlsx_header: bool
    sort: tuple[tuple[str, bool], ...]
    group: tuple[str, ...]
    group_empty: bool
    keeper: Callable[..., bool]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import document says of files; folders, names and bodies are templates still."""

    type: str
    folder: str
    name: str
    name_field: str
    in_progress: str | None
    backup_folder: str | None
    encoding: str
    compression: str | None
    records_per_file: int | None
    csv: CsvForm
    body: str | None
    xlsx_header: bool
    columns: tuple[str, ...]
    lookups: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def export_plan(export_doc: Mapping[str, Any], kind: str, choices: Choices) -> ExportPlan:
    """Read an export document.

    Parameters
    ----------
    export_doc : mapping
    kind : str
        The connection's type, which names the block: ``filesystem`` or ``ftp``.
    choices : Choices

    Raises
    ------
    SourceFailure
        A member is missing, has another type or value, or asks for what is not built; its path is the error's field.
    """
    top = _Block(export_doc, "export")
    place = top.block(kind, required=True)
    place.refuse(_NOT_BUILT_PLACE)
    file = top.block("file", required=True)
    file.refuse(_NOT_BUILT_EXPORT)
    if top.get("type") == "blob":
        raise _unbuilt("export.type", "type 'blob' hands files on as they are")
    if kind == "filesystem":
        for name in ("fileNameStartsWith", "fileNameEndsWith"):
            if place.get(name) is not None:
                text = "a folder's files are chosen by file.filter over filename, as filesystem documents have it"
                raise _unbuilt(f"export.filesystem.{name}", text)
    type_ = file.choice("type", _TYPES, default=None)
    batch = file.number("batchSize", 1, _MOST_FILES)
    del batch  # files are taken one at a time, so that none is held
    file.block(type_).refuse_unknown(_READ[type_])
    csv = file.block("csv")
    group = (*file.texts("groupByFields"), *(csv.texts("keyColumns") if type_ == "csv" else ()))
    if group and export_doc.get("groupByFields"):
        text = "Records are grouped twice; give groupByFields, file.groupByFields or file.csv.keyColumns, one of them."
        raise SourceFailure(text, code="invalid_field", field="export.file.groupByFields")
    return ExportPlan(
        type=type_,
        folder=place.text("directoryPath", required=True),
        backup_folder=place.text("backupDirectoryPath") or file.text("backupPath") or None,
        starts_with=place.text("fileNameStartsWith"),
        ends_with=place.text("fileNameEndsWith"),
        encoding=file.choice("encoding", tuple(CODECS), default=""),
        compression=file.choice("compressionFormat", _COMPRESSIONS, default="") or None,
        output=file.choice("output", ("records", "metadata"), default="records"),
        deletes=not file.flag("skipDelete", False),
        csv=_csv_options(csv, choices),
        json_path=_parsed(file.block("json"), "resourcePath", path_names) if type_ == "json" else (),
        xml_path=_xml_path(file.block("xml")) if type_ == "xml" else (),
        xlsx_header=file.block("xlsx").flag("hasHeaderRow", True),
        sort=_sort_fields(file),
        group=tuple(dict.fromkeys(group)),
        group_empty=file.flag("groupEmptyValues", False),
        keeper=_keeper(file),
    )


def csv_plan(export_doc: Mapping[str, Any], choices: Choices) -> tuple[CsvOptions, tuple[str, ...]]:
    """Read ``file.csv`` of a document whose csv comes from elsewhere than a file; with its ``keyColumns``.

    Raises
    ------
    SourceFailure
        As :func:`export_plan`.
    """
    csv = _Block(export_doc, "export").block("file").block("csv")
    csv.refuse_unknown(_READ["csv"])
    return _csv_options(csv, choices), tuple(dict.fromkeys(csv.texts("keyColumns")))


def import_plan(import_doc: Mapping[str, Any], kind: str) -> ImportPlan:
    """Read an import document; as :func:`export_plan`."""
    top = _Block(import_doc, "import")
    if top.get("blobKeyPath"):
        raise _unbuilt("import.blobKeyPath", "it hands stored files on as they are")
    place = top.block(kind, required=True)
    place.refuse(_NOT_BUILT_PLACE)
    file = top.block("file", required=True)
    file.refuse(_NOT_BUILT_IMPORT)
    type_ = file.choice("type", _TYPES, default=None)
    file.block(type_).refuse_unknown(_WRITTEN[type_])
    for name in ("json", "xml"):
        if type_ == name and file.block(name).get("resourcePath"):
            raise _unbuilt(f"import.file.{name}.resourcePath", f"what it does to a file; {name}.body is the template")
    body = file.block(type_).text("body") if type_ in {"json", "xml"} else ""
    if type_ == "xml" and not body:
        raise _missing("import.file.xml.body", "a record has no XML form of its own; body is the template of the file")
    name_field = f"import.{kind}.fileName" if place.get("fileName") else "import.file.fileName"
    name = place.text("fileName") or file.text("fileName", required=True)
    per_file = None
    if file.flag("skipAggregation", False):
        per_file = file.number("batchSize", 1, 1_000_000) or 1
    return ImportPlan(
        type=type_,
        folder=place.text("directoryPath", required=True),
        name=name,
        name_field=name_field,
        in_progress=place.text("inProgressFileName") or None,
        backup_folder=place.text("backupDirectoryPath") or file.text("backupPath") or None,
        encoding=file.choice("encoding", tuple(CODECS), default="utf8"),
        compression=file.choice("compressionFormat", _COMPRESSIONS, default="") or None,
        records_per_file=per_file,
        csv=_csv_form(file.block("csv")),
        body=body or None,
        xlsx_header=file.block("xlsx").flag("includeHeader", True),
        columns=_mapped_columns(import_doc),
        lookups=list(MappingDocument.of(import_doc).lookup_docs().values()),
    )


_READ: Mapping[str, frozenset[str]] = {
    "csv": frozenset({
        "columnDelimiter", "rowDelimiter", "hasHeaderRow", "trimSpaces", "rowsToSkip", "keyColumns",
        "disableQuoteAndStripEnclosingQuotes",
    }),
    "json": frozenset({"resourcePath"}),
    "xlsx": frozenset({"hasHeaderRow"}),
    "xml": frozenset({"resourcePath"}),
}  # fmt: skip
"""The members of each format's block, reading."""

_WRITTEN: Mapping[str, frozenset[str]] = {
    "csv": frozenset({
        "columnDelimiter", "rowDelimiter", "includeHeader", "wrapWithQuotes", "replaceTabWithSpace",
        "replaceNewlineWithSpace", "truncateLastRowDelimiter", "customHeaderRows",
    }),
    "json": frozenset({"resourcePath", "body"}),
    "xlsx": frozenset({"includeHeader"}),
    "xml": frozenset({"resourcePath", "body"}),
}  # fmt: skip
"""The same, writing."""

_NOT_BUILT_PLACE = {"_tpConnectorId": "trading partner connectors are the platform's"}
_NOT_BUILT_EXPORT = {
    "decrypt": "decryption is not built",
    "pgp": "decryption is not built",
    "directory": "it belongs to cloud file providers",
    "backupDirectory": "it belongs to cloud file providers",
}
_NOT_BUILT_IMPORT = {
    "encrypt": "encryption is not built",
    "delete": "it deletes what a blob was read from, and blobs are not built",
    "directory": "it belongs to cloud file providers",
    "backupDirectory": "it belongs to cloud file providers",
}


def _unbuilt(field: str, why: str) -> SourceFailure:
    name = field.partition(".")[2]
    return SourceFailure(f"{name} is not built in the local engine: {why}.", code="unsupported", field=field)


def _missing(field: str, why: str = "") -> SourceFailure:
    name = field.partition(".")[2]
    text = f"Expected field: {name} to be present{f': {why}' if why else ''}."
    return SourceFailure(text, code="missing_required_field", field=field)


class _Block:
    """One object of a document, read member by member; what has another type is refused."""

    def __init__(self, members: Mapping[str, Any], path: str) -> None:
        self._members = members
        self._path = path
        self.get = members.get

    def block(self, name: str, *, required: bool = False) -> _Block:
        value = self._members.get(name)
        if value is None:
            if required:
                raise _missing(f"{self._path}.{name}")
            value = {}
        if not isinstance(value, Mapping):
            raise self._wrong(name, value, "an object")
        return _Block(value, f"{self._path}.{name}")

    def refuse(self, unbuilt: Mapping[str, str]) -> None:
        for name, why in unbuilt.items():
            if self._members.get(name):
                raise _unbuilt(f"{self._path}.{name}", why)

    def text(self, name: str, *, required: bool = False, default: str = "") -> str:
        value = self._members.get(name)
        if required and (value is None or value == ""):
            raise _missing(f"{self._path}.{name}")
        if value is None:
            return default
        if not isinstance(value, str):
            raise self._wrong(name, value, "a text")
        return value

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Refuse members that nothing here reads: left out, the file would be read in another way than it is meant."""
        for name, value in self._members.items():
            if name not in known and value not in (None, "", [], {}):
                raise self.wrong(name, f"is not known; known are {', '.join(sorted(known))}")

    def flag(self, name: str, default: bool) -> bool:
        value = self._members.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def number(self, name: str, least: int, most: int) -> int | None:
        value = self._members.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self._wrong(name, value, f"a whole number from {least} to {most}")
        return value

    def choice(self, name: str, allowed: Sequence[str], *, default: str | None) -> str:
        value = self.text(name, required=default is None, default=default or "")
        if value in allowed or (default is not None and value in {"", default}):
            return value or default or ""
        listed = ", ".join(allowed)
        text = f"{self._name(name)} {value!r:.40} is not built in the local engine; expected one of {listed}."
        raise SourceFailure(text, code="unsupported", field=f"{self._path}.{name}")

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._members.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._wrong(name, value, "a list of texts")
        return tuple(value)

    def wrong(self, name: str, text: str) -> SourceFailure:
        return SourceFailure(f"{self._name(name)}: {text}.", code="invalid_field", field=f"{self._path}.{name}")

    def _wrong(self, name: str, value: object, expected: str) -> SourceFailure:
        return self.wrong(name, f"got {value!r:.60}; expected {expected}")

    def _name(self, name: str) -> str:
        return f"{self._path}.{name}".partition(".")[2]


def _csv_options(csv: _Block, choices: Choices) -> CsvOptions:
    return CsvOptions(
        column_delimiter=csv.text("columnDelimiter") or ",",
        row_delimiter=csv.text("rowDelimiter") or None,
        has_header_row=csv.flag("hasHeaderRow", True),
        trim_spaces=csv.flag("trimSpaces", False),
        rows_to_skip=csv.number("rowsToSkip", 0, 1_000_000) or 0,
        quotes=not csv.flag("disableQuoteAndStripEnclosingQuotes", False),
        first_column=choices.csv_first_column,
    )


def _csv_form(csv: _Block) -> CsvForm:
    form = CsvForm(
        column_delimiter=csv.text("columnDelimiter") or ",",
        row_delimiter=csv.text("rowDelimiter") or "\n",
        include_header=csv.flag("includeHeader", True),
        wrap_with_quotes=csv.flag("wrapWithQuotes", False),
        replace_tab=csv.flag("replaceTabWithSpace", False),
        replace_newline=csv.flag("replaceNewlineWithSpace", False),
        truncate_last=csv.flag("truncateLastRowDelimiter", False),
        custom_header_rows=csv.texts("customHeaderRows"),
    )
    if '"' in form.column_delimiter or '"' in form.row_delimiter or form.column_delimiter == form.row_delimiter:
        raise csv.wrong("columnDelimiter", "a delimiter may hold no quote, and the two must differ")
    return form


def _parsed(block: _Block, name: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(block.text(name))
    except ValueError as error:
        raise block.wrong(name, str(error)) from None


def _xml_path(xml: _Block) -> tuple[XmlStep, ...] | str:
    xml.text("resourcePath", required=True)
    found: tuple[XmlStep, ...] | str = _parsed(xml, "resourcePath", parse_xpath)
    return found


def _sort_fields(file: _Block) -> tuple[tuple[str, bool], ...]:
    listed = file.get("sortByFields")
    if listed is None:
        return ()
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise file.wrong("sortByFields", "expected a list of {field, descending}")
    blocks = [_Block(one, f"export.file.sortByFields.{at}") for at, one in enumerate(listed)]
    return tuple((block.text("field", required=True), block.flag("descending", False)) for block in blocks)


def _keeper(file: _Block) -> Callable[..., bool]:
    filter_doc = file.get("filter")
    try:
        return compile_rules(rules_of(filter_doc))
    except FilterError as error:
        raise SourceFailure(str(error), code="invalid_field", field="export.file.filter") from None


def _mapped_columns(import_doc: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names that a mapping generates at the top of a record, in its order."""
    return MappingDocument.of(import_doc).top_names(with_lists=False)
