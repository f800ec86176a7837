"""The file blocks of export and import documents, read once and checked: what is not built is refused by its name.

Facts: integrator-api.md, sections 4.4 and 6.4; the vendor's schemas of ``file``, ``ftp``, ``s3`` and ``filesystem``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.documents.members import MemberError, Members
from celigo_pandas.engine.adaptors.files.csv_reading import CsvOptions
from celigo_pandas.engine.adaptors.files.csv_writing import CsvForm
from celigo_pandas.engine.adaptors.files.file_names import check_key, check_name, check_new_key, check_new_name
from celigo_pandas.engine.adaptors.files.formats import CODECS
from celigo_pandas.engine.adaptors.files.json_files import path_names
from celigo_pandas.engine.adaptors.files.xml_reading import XmlStep, parse_xpath
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.choices import Choices
from celigo_pandas.errors import FilterError
from celigo_pandas.filters import compile_rules, rules_of

__all__ = ["ExportPlan", "ImportPlan", "PlaceMembers", "csv_plan", "export_plan", "import_plan"]

_TYPES = ("csv", "json", "xlsx", "xml")


@dataclass(frozen=True, slots=True)
class PlaceMembers:
    """What the members of a place's block are called; a place without one has an empty text."""

    folder: str = "directoryPath"
    begins: str = "fileNameStartsWith"
    ends: str = "fileNameEndsWith"
    backup: str = "backupDirectoryPath"
    backup_begins: str = ""
    name: str = "fileName"
    in_progress: str = "inProgressFileName"
    check: Callable[[str], str] = check_name
    check_new: Callable[[str], str] = check_new_name


_MEMBERS: Mapping[str, PlaceMembers] = {
    "s3": PlaceMembers(
        "bucket", "keyStartsWith", "keyEndsWith", "backupBucket", "keyPrefix", "fileKey", "", check_key, check_new_key
    ),
}
_COMPRESSIONS = ("gzip", "zip")
_UNBUILT = "is not built in the local engine"
_MOST_FILES = 1_000
"""Files of a batch. Source: integrator-api.md, section 4.1."""


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What an export document says of files; folders and names are templates still."""

    members: PlaceMembers
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

    members: PlaceMembers
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


@contextmanager
def _failing() -> Iterator[None]:
    """Fail as a source does where a member cannot be read."""
    try:
        yield
    except MemberError as error:
        problem = error.problem
        raise SourceFailure(problem.message, code=problem.code, field=problem.field) from None


@_failing()
def export_plan(export_doc: Mapping[str, Any], kind: str, choices: Choices) -> ExportPlan:
    """Read an export document.

    Parameters
    ----------
    export_doc : mapping
    kind : str
        The connection's type, which names the block: ``filesystem``, ``ftp`` or ``s3``.
    choices : Choices

    Raises
    ------
    SourceFailure
        A member is missing, has another type or value, or asks for what is not built; its path is the error's field.
    """
    top = Members(export_doc, "export")
    place = top.block(kind, required=True)
    members = _MEMBERS.get(kind, PlaceMembers())
    _refuse(place, _NOT_BUILT_PLACE)
    file = top.block("file", required=True)
    _refuse(file, _NOT_BUILT_EXPORT)
    if top.get("type") == "blob":
        raise _unbuilt("export.type", "type 'blob' hands files on as they are")
    if kind == "filesystem":
        for name in ("fileNameStartsWith", "fileNameEndsWith"):
            if place.get(name) is not None:
                text = "a folder's files are chosen by file.filter over filename, as filesystem documents have it"
                raise _unbuilt(f"export.filesystem.{name}", text)
    type_ = file.choice("type", _TYPES, otherwise=_UNBUILT)
    batch = file.number("batchSize", 1, _MOST_FILES)
    del batch  # files are taken one at a time, so that none is held
    file.block(type_).refuse_unknown(_READ[type_])
    csv = file.block("csv")
    group = (*file.texts("groupByFields"), *(csv.texts("keyColumns") if type_ == "csv" else ()))
    if group and export_doc.get("groupByFields"):
        text = "Records are grouped twice; give groupByFields, file.groupByFields or file.csv.keyColumns, one of them."
        raise SourceFailure(text, code="invalid_field", field="export.file.groupByFields")
    return ExportPlan(
        members=members,
        type=type_,
        folder=place.text(members.folder, required=True),
        backup_folder=_backup(place, file, members),
        starts_with=place.text(members.begins),
        ends_with=place.text(members.ends),
        encoding=file.choice("encoding", tuple(CODECS), default="", otherwise=_UNBUILT),
        compression=file.choice("compressionFormat", _COMPRESSIONS, default="", otherwise=_UNBUILT) or None,
        output=file.choice("output", ("records", "metadata"), default="records", otherwise=_UNBUILT),
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


@_failing()
def csv_plan(export_doc: Mapping[str, Any], choices: Choices) -> tuple[CsvOptions, tuple[str, ...]]:
    """Read ``file.csv`` of a document whose csv comes from elsewhere than a file; with its ``keyColumns``.

    Raises
    ------
    SourceFailure
        As :func:`export_plan`.
    """
    csv = Members(export_doc, "export").block("file").block("csv")
    csv.refuse_unknown(_READ["csv"])
    return _csv_options(csv, choices), tuple(dict.fromkeys(csv.texts("keyColumns")))


@_failing()
def import_plan(import_doc: Mapping[str, Any], kind: str) -> ImportPlan:
    """Read an import document; as :func:`export_plan`."""
    top = Members(import_doc, "import")
    if top.get("blobKeyPath"):
        raise _unbuilt("import.blobKeyPath", "it hands stored files on as they are")
    place = top.block(kind, required=True)
    members = _MEMBERS.get(kind, PlaceMembers())
    _refuse(place, _NOT_BUILT_PLACE)
    file = top.block("file", required=True)
    _refuse(file, _NOT_BUILT_IMPORT)
    type_ = file.choice("type", _TYPES, otherwise=_UNBUILT)
    file.block(type_).refuse_unknown(_WRITTEN[type_])
    for name in ("json", "xml"):
        if type_ == name and file.block(name).get("resourcePath"):
            raise _unbuilt(f"import.file.{name}.resourcePath", f"what it does to a file; {name}.body is the template")
    body = file.block(type_).text("body") if type_ in {"json", "xml"} else ""
    if type_ == "xml" and not body:
        raise file.block("xml").missing("body", "a record has no XML form of its own; body is the template of the file")
    name_field = f"import.{kind}.{members.name}" if place.get(members.name) else "import.file.fileName"
    name = place.text(members.name) or file.text("fileName", required=True)
    per_file = None
    if file.flag("skipAggregation", False):
        per_file = file.number("batchSize", 1, 1_000_000) or 1
    return ImportPlan(
        members=members,
        type=type_,
        folder=place.text(members.folder, required=True),
        name=name,
        name_field=name_field,
        in_progress=(place.text(members.in_progress) or None) if members.in_progress else None,
        backup_folder=_backup(place, file, members),
        encoding=file.choice("encoding", tuple(CODECS), default="utf8", otherwise=_UNBUILT),
        compression=file.choice("compressionFormat", _COMPRESSIONS, default="", otherwise=_UNBUILT) or None,
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


def _backup(place: Members, file: Members, members: PlaceMembers) -> str | None:
    """Return where files are put aside, a template; in S3 a bucket, and what the keys there begin with."""
    folder = place.text(members.backup) or (file.text("backupPath") if not members.backup_begins else "")
    begins = place.text(members.backup_begins) if members.backup_begins else ""
    return (f"{folder}/{begins}" if begins else folder) or None


def _refuse(block: Members, unbuilt: Mapping[str, str]) -> None:
    for name, why in unbuilt.items():
        if block.get(name):
            raise _unbuilt(f"{block.path}.{name}", why)


def _unbuilt(field: str, why: str) -> SourceFailure:
    name = field.partition(".")[2]
    return SourceFailure(f"{name} is not built in the local engine: {why}.", code="unsupported", field=field)


def _csv_options(csv: Members, choices: Choices) -> CsvOptions:
    return CsvOptions(
        column_delimiter=csv.text("columnDelimiter") or ",",
        row_delimiter=csv.text("rowDelimiter") or None,
        has_header_row=csv.flag("hasHeaderRow", True),
        trim_spaces=csv.flag("trimSpaces", False),
        rows_to_skip=csv.number("rowsToSkip", 0, 1_000_000) or 0,
        quotes=not csv.flag("disableQuoteAndStripEnclosingQuotes", False),
        first_column=choices.csv_first_column,
    )


def _csv_form(csv: Members) -> CsvForm:
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


def _parsed(block: Members, name: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(block.text(name))
    except ValueError as error:
        raise block.wrong(name, str(error)) from None


def _xml_path(xml: Members) -> tuple[XmlStep, ...] | str:
    xml.text("resourcePath", required=True)
    found: tuple[XmlStep, ...] | str = _parsed(xml, "resourcePath", parse_xpath)
    return found


def _sort_fields(file: Members) -> tuple[tuple[str, bool], ...]:
    blocks = file.blocks("sortByFields", "a list of {field, descending}")
    return tuple((block.text("field", required=True), block.flag("descending", False)) for block in blocks)


def _keeper(file: Members) -> Callable[..., bool]:
    filter_doc = file.get("filter")
    try:
        return compile_rules(rules_of(filter_doc))
    except FilterError as error:
        raise SourceFailure(str(error), code="invalid_field", field="export.file.filter") from None


def _mapped_columns(import_doc: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names that a mapping generates at the top of a record, in its order."""
    return MappingDocument.of(import_doc).top_names(with_lists=False)
