"""Media types: bytes of an answer to a value, a value or a rendered template to bytes.

Facts: integrator-api.md, sections 3.4 (``mediaType``, ``successMediaType``, ``errorMediaType``) and 4.2.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from urllib3.filepost import encode_multipart_formdata

from celigo_pandas.engine.adaptors.files.csv_reading import CsvOptions, read_csv
from celigo_pandas.engine.adaptors.files.formats import FormatError
from celigo_pandas.engine.texts.json_text import NumberError, dump, load
from celigo_pandas.engine.texts.xml_tree import XmlError, parse_xml_document
from celigo_pandas.javascript.values import to_text

__all__ = ["CONTENT_TYPES", "MediaError", "decode", "decode_any", "encode", "media_of"]

CONTENT_TYPES = {
    "json": "application/json",
    "xml": "application/xml",
    "urlencoded": "application/x-www-form-urlencoded",
    "form-data": "multipart/form-data",
    "plaintext": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HTML = re.compile(r"\ufeff?\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)


class MediaError(ValueError):
    """Content that is not what its media type says."""


def media_of(content_type: str) -> str | None:
    """Return the platform's name for a Content-Type, or None for one it has no name for."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        return "json"
    if kind.endswith(("/xml", "+xml")):
        return "xml"
    return {"application/x-www-form-urlencoded": "urlencoded", "text/csv": "csv", "text/plain": "plaintext"}.get(kind)


def decode(
    content: bytes,
    media: str,
    content_type: str = "",
    csv_options: CsvOptions | None = None,
    *,
    shown: Callable[[str], str] = str,
) -> Any:
    """Read a body.

    Parameters
    ----------
    shown : callable
        What a message may show of the content: applied to all of it, before it is cut.

    Returns
    -------
    object
        JSON as it is; XML as an ``XmlDocument``; CSV as a list of objects of texts; urlencoded as one object;
        plain text as the text. An empty body is None.

    Raises
    ------
    MediaError
        The content is something else; the message shows how it begins.
    """
    if not content.strip():
        return None
    if media == "json":
        return _json(content, content_type, shown)
    if media == "xml":
        try:
            return parse_xml_document(content, _charset(content_type))
        except XmlError as error:
            raise MediaError(f"it is not XML: {error}") from None
    text = _text(content, content_type)
    if media == "csv":
        if _HTML.match(text):
            raise MediaError(f"it is not CSV but a page of HTML; it begins with {shown(text)[:60]!r}")
        return _csv(text, csv_options or CsvOptions())
    if media == "urlencoded":
        return _form(text)
    return text


def decode_any(content: bytes, media: str, content_type: str) -> object:
    """Read a body whatever it is; never raises.

    JSON and XML are tried first where they are expected, because many services send them as ``text/html``; other
    media types would take anything, so there the Content-Type is asked first.
    """
    named = media_of(content_type)
    order = (media, named) if media in ("json", "xml") else (named, media)
    for kind in (*order, "plaintext"):
        if kind is not None:
            try:
                return decode(content, kind, content_type)
            except MediaError:
                continue
    return None


def _json(content: bytes, content_type: str, shown: Callable[[str], str]) -> object:
    try:
        return load(content[3:] if content.startswith(b"\xef\xbb\xbf") else content, finite=True)
    except NumberError as error:
        raise MediaError(f"its number {error}") from None
    except ValueError:
        begins = f"it begins with {shown(content.decode('utf-8', 'replace'))[:60]!r}"
        raise MediaError(f"it is not JSON{_not_utf8(content, content_type)}; {begins}") from None


def _not_utf8(content: bytes, content_type: str) -> str:
    """Say of content that is no UTF-8 where it stops being it, and what it says of itself."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        named = _charset(content_type)
        of_type = f", whose Content-Type says charset {named!r:.40}," if named else ""
        return f": JSON is UTF-8, and this{of_type} is not, from byte {error.start} on"
    return ""


def _charset(content_type: str) -> str | None:
    named = _CHARSET.search(content_type)
    return named.group(1) if named else None


def _text(content: bytes, content_type: str) -> str:
    """Return a text: a byte order mark wins over the charset, and that over UTF-8; what is neither is Latin-1."""
    mark = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    try:
        return content.decode(mark or _charset(content_type) or "utf-8")
    except (LookupError, UnicodeError):
        return content.decode("latin-1")


def _csv(text: str, options: CsvOptions) -> list[dict[str, Any]]:
    try:
        return list(read_csv(io.BytesIO(text.encode("utf-8", "surrogatepass")), options))
    except FormatError as error:
        line = "" if error.line is None else f"line {error.line}: "
        raise MediaError(f"it is not CSV: {line}{error.message}") from None


def _form(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def encode(value: object, media: str) -> tuple[bytes, str]:
    """Return the body and its Content-Type.

    Parameters
    ----------
    value : object
        A text is a rendered template. Anything else is a mapped record, or a list of them.

    Raises
    ------
    MediaError
        This media type has no form for the value: XML and plain text need a body template.
    """
    content_type = CONTENT_TYPES.get(media, media)
    if media == "urlencoded" or media == "form-data":
        fields = _fields(value, media)
        if fields is None:
            return str(value).encode("utf-8", "replace"), content_type
        if media == "form-data":
            return encode_multipart_formdata(fields)
        return urlencode(fields).encode(), content_type
    if isinstance(value, str):
        return value.encode("utf-8", "replace"), content_type
    if media in ("xml", "plaintext", "csv"):
        raise MediaError(f"a {media} body needs a body template; a record has no form of its own there")
    return dump(value), content_type


def _fields(value: object, media: str) -> list[tuple[str, str]] | None:
    """Return the pairs of a form; None when the template wrote the form itself."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            if media == "form-data":
                raise MediaError("a form-data body template must render to a JSON object") from None
            return None
    if not isinstance(value, dict):
        raise MediaError(f"a {media} body needs an object, not {type(value).__name__}")
    pairs: list[tuple[str, str]] = []
    for name, inner in value.items():
        for element in inner if isinstance(inner, list) else [inner]:
            pairs.append((name, dump(element).decode() if isinstance(element, dict | list) else to_text(element)))
    return pairs
