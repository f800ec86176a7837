"""Encoding helpers: base64, URLs, HTML, JSON.

Source: the vendor's helper reference, "Encoding"; Node's Buffer for the byte encodings.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from celigo_pandas.errors import shown
from celigo_pandas.handlebars.escaping import encode_component
from celigo_pandas.handlebars.helpers.helper import Helper
from celigo_pandas.handlebars.rendering import Refusal
from celigo_pandas.javascript.values import UNDEFINED, join_units, json_text, split_units, to_text

__all__ = ["HELPERS", "decode_base64", "utf8"]

_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9+/]")
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def utf8(text: str) -> bytes:
    """Encode as UTF-8; half of a surrogate pair becomes the replacement character, as in Node."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        units = text.encode("utf-16-le", "surrogatepass")
        return units.decode("utf-16-le", "replace").encode()


def _low_bytes(text: str) -> bytes:
    return bytes(ord(unit) & 0xFF for unit in split_units(text))


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


_ENCODERS: Final[dict[str, Callable[[str], bytes]]] = {
    "utf8": utf8,
    "utf-8": utf8,
    "ascii": _low_bytes,
    "latin1": _low_bytes,
    "binary": _low_bytes,
    "ucs2": _utf16,
    "ucs-2": _utf16,
    "utf16le": _utf16,
    "utf-16le": _utf16,
}
_DECODERS: Final[dict[str, Callable[[bytes], str]]] = {
    "utf8": lambda data: data.decode("utf-8", "replace"),
    "utf-8": lambda data: data.decode("utf-8", "replace"),
    "ascii": lambda data: bytes(byte & 0x7F for byte in data).decode("ascii"),
    "latin1": lambda data: data.decode("latin-1"),
    "binary": lambda data: data.decode("latin-1"),
    "ucs2": lambda data: data[: len(data) // 2 * 2].decode("utf-16-le", "surrogatepass"),
    "utf16le": lambda data: data[: len(data) // 2 * 2].decode("utf-16-le", "surrogatepass"),
    "hex": bytes.hex,
    "base64": lambda data: base64.b64encode(data).decode("ascii"),
}


def _encoding(value: object, known: dict[str, Any]) -> Any:
    name = "utf8" if value is UNDEFINED or value is None or value == "" else to_text(value).lower()
    if name not in known:
        raise Refusal(f"no encoding is called {shown(name)}", f"Known: {', '.join(sorted(known))}.")
    return known[name]


def _encode(*values: Any) -> str:
    """Encode the arguments joined; only a second and last one may name an encoding instead."""
    encoding = to_text(values[1]).lower() if len(values) == 2 else "utf8"
    if encoding == "hex":
        return utf8(to_text(values[0])).hex()
    if encoding not in _ENCODERS:
        encoding = "utf8"
    elif len(values) == 2:
        values = values[:1]
    return base64.b64encode(_ENCODERS[encoding]("".join(map(to_text, values)))).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Decode as Node does: both alphabets, foreign characters ignored, up to the first ``=``."""
    digits = _NOT_BASE64.sub("", text.partition("=")[0].replace("-", "+").replace("_", "/"))
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return base64.b64decode(digits + "=" * (-len(digits) % 4))


def _decode(value: object, encoding: object = UNDEFINED) -> str:
    return str(_encoding(encoding, _DECODERS)(decode_base64(to_text(value))))


def _decode_uri(value: object) -> str:
    text = to_text(value)
    if _BAD_PERCENT.search(text):
        return text
    try:
        return unquote(text, errors="strict")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return text


def _json_encode(value: object) -> object:
    if isinstance(value, str):
        return json_text(value)[1:-1]
    return "[object Object]" if isinstance(value, (list, tuple, dict)) else value


def _json_parse(value: object) -> object:
    text = to_text(value)
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_int=_read_digits)
    except ValueError as error:
        raise Refusal(f"{shown(text)} is no JSON: {error}") from None


def _read_digits(digits: str) -> int | float:
    # Beyond a double's range only the sign is left, as in JavaScript; Python reads no more than 4,300 digits.
    return int(digits) if len(digits) < 400 else float(digits)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON value")


def _strip_protocol(value: object) -> str:
    return _SCHEME.sub("//", to_text(value), count=1) if _SCHEME.match(to_text(value)) else to_text(value)


HELPERS: Final = (
    Helper("base64Encode", _encode, 1, None),
    Helper("base64Decode", _decode, 1, 2),
    Helper("encodeURI", lambda value: encode_component(to_text(value))),
    Helper("decodeURI", _decode_uri),
    Helper("htmlEncode", lambda value: to_text(value).translate(_ENTITIES)),
    Helper("htmlDecode", lambda value: join_units(html.unescape(to_text(value)))),
    Helper("jsonEncode", _json_encode),
    Helper("jsonSerialize", json_text),
    Helper("jsonStringify", json_text),
    Helper("jsonParse", _json_parse),
    Helper("stripProtocol", _strip_protocol),
    Helper("stripQuerystring", lambda value: to_text(value).partition("?")[0]),
)
