"""The archive of an Excel workbook as openpyxl reads it: part names found as they are meant, one dialect of the format.

The format (ISO/IEC 29500) has two dialects, transitional and strict, which differ in their namespaces; openpyxl knows
the first, and takes a workbook of the other for an empty one. Part names are equal whatever their case; some programs
write them with backslashes.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import IO, Any, BinaryIO, cast
from xml.sax.saxutils import XMLGenerator, escape
from xml.sax.xmlreader import AttributesImpl

import defusedxml.sax

from celigo_pandas.engine.adaptors.files.formats import DAMAGED_ARCHIVE, FormatError
from celigo_pandas.errors import MissingExtraError

__all__ = ["Package", "load_openpyxl", "open_package"]

_PIECE = 1 << 16
_UNPACKED_BYTES = 2_000_000_000
_TEXTS_BYTES = 200_000_000
"""All texts of a workbook are in one part, which its reader holds in memory."""

_STRICT = "http://purl.oclc.org/ooxml/"
_TRANSITIONAL = "http://schemas.openxmlformats.org/"


class Package(zipfile.ZipFile):
    """A workbook's archive, for reading.

    Parameters
    ----------
    file : binary file
    look : callable
        Called before each read; it may raise, to end a walk that nobody waits for.
    """

    def __init__(self, file: BinaryIO, look: Callable[[], None]) -> None:
        self._by_folded: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        super().__init__(cast(BinaryIO, _Watched(file, look)))
        for name in self.namelist():
            self._by_folded.setdefault(_folded(name), name)
        relations = super().open(self.getinfo("_rels/.rels")) if "_rels/.rels" in self else io.BytesIO()
        with relations:
            self.is_strict = _STRICT.encode() in relations.read(_PIECE)

    def __contains__(self, name: object) -> bool:
        """Whether there is a part of this name."""
        return isinstance(name, str) and _folded(self._aliases.get(name, name)) in self._by_folded

    def call_also(self, name: str, other: str) -> None:
        """Let a part be found under a further name."""
        self._aliases[other] = name

    def getinfo(self, name: str) -> zipfile.ZipInfo:
        """Find a part by its name, whatever its case and its slashes; KeyError without one."""
        return super().getinfo(self._by_folded.get(_folded(self._aliases.get(name, name)), name))

    def open(self, name: str | zipfile.ZipInfo, *args: Any, **options: Any) -> IO[bytes]:
        """Open a part; one of the strict dialect is translated while it is read."""
        part = super().open(self.getinfo(name) if isinstance(name, str) else name, *args, **options)
        is_xml = str(getattr(name, "filename", name)).lower().endswith((".xml", ".rels"))
        return cast(IO[bytes], io.BufferedReader(_Translated(part), _PIECE)) if self.is_strict and is_xml else part


def open_package(file: BinaryIO, look: Callable[[], None]) -> Package:
    """Open a workbook's archive.

    Raises
    ------
    FormatError
        It is none, or unpacks to more than is read here.
    """
    try:
        package = Package(file, look)
    except DAMAGED_ARCHIVE as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError("it is no Excel workbook (.xlsx); an .xls file is not read") from None
    parts = package.infolist()
    if sum(part.file_size for part in parts) > _UNPACKED_BYTES:
        raise FormatError(f"it unpacks to more than {_UNPACKED_BYTES} bytes")
    if any(part.file_size > _TEXTS_BYTES for part in parts if part.filename.lower().endswith("sharedstrings.xml")):
        raise FormatError(f"its texts are more than {_TEXTS_BYTES} bytes")
    return package


def _folded(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


class _Watched:
    """A file that looks, before each read, whether anybody still waits."""

    def __init__(self, file: BinaryIO, look: Callable[[], None]) -> None:
        self._file = file
        self._look = look

    def read(self, size: int = -1) -> bytes:
        self._look()
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Translated(io.RawIOBase):
    """A part of the strict dialect, read as one of the transitional dialect."""

    def __init__(self, part: IO[bytes]) -> None:
        self._part = part
        self._written = io.BytesIO()
        self._parser = defusedxml.sax.make_parser()
        self._parser.setContentHandler(_Translator(self._written, "utf-8"))
        self._is_over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._written.tell() < len(buffer) and not self._is_over:
            piece = self._part.read(_PIECE)
            self._is_over = not piece
            if piece:
                self._parser.feed(piece)
            else:
                self._parser.close()
        content = self._written.getvalue()
        count = min(len(buffer), len(content))
        buffer[:count] = content[:count]
        self._written.seek(0)
        self._written.truncate()
        self._written.write(content[count:])
        return count

    def close(self) -> None:
        self._part.close()
        super().close()


class _Translator(XMLGenerator):
    """Writes the document as it comes, with other namespaces; texts stay what they are."""

    def startElement(self, name: str, attrs: Any) -> None:
        super().startElement(name, AttributesImpl({key: _translated(key, value) for key, value in attrs.items()}))

    def characters(self, content: str) -> None:
        self.ignorableWhitespace(escape(content, {"\r": "&#13;"}))


def _translated(name: str, value: str) -> str:
    """Return an attribute's value; a namespace, or a relation's type, as the transitional dialect spells it."""
    if not value.startswith(_STRICT) or not (name == "Type" or name.partition(":")[0] == "xmlns"):
        return value
    subject, _, rest = value.removeprefix(_STRICT).partition("/")
    return f"{_TRANSITIONAL}{subject}/2006/{_RESPELLED.get(rest, rest)}"


_RESPELLED: Mapping[str, str] = {
    "extendedProperties": "extended-properties",
    "customProperties": "custom-properties",
    "relationships/extendedProperties": "relationships/extended-properties",
    "relationships/customProperties": "relationships/custom-properties",
}


def load_openpyxl() -> ModuleType:
    """Import openpyxl without numpy.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    # openpyxl takes numpy where it finds it, for values that never come here; the engine's process loads none.
    hide = "openpyxl" not in sys.modules and "numpy" not in sys.modules
    if hide:
        sys.modules["numpy"] = None  # type: ignore[assignment]
    try:
        import openpyxl
        import openpyxl.cell
    except ImportError:
        raise MissingExtraError("An xlsx file", "files") from None
    finally:
        if hide:
            sys.modules.pop("numpy", None)
    found: ModuleType = openpyxl
    return found
