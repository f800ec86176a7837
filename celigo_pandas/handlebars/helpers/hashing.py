"""Auth helpers: digests and keyed digests. No message shows a key or what is signed.

Source: the vendor's helper reference, "Auth".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any, Final

from celigo_pandas.errors import shown
from celigo_pandas.handlebars.helpers.encodings import decode_base64, utf8
from celigo_pandas.handlebars.helpers.helper import Helper
from celigo_pandas.handlebars.rendering import Refusal
from celigo_pandas.javascript.values import UNDEFINED, to_text

__all__ = ["HELPERS"]

_ALGORITHMS: Final = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


def _algorithm(value: object) -> str:
    name = to_text(value).lower().replace("-", "")
    if name not in _ALGORITHMS:
        raise Refusal(f"no algorithm is called {shown(to_text(value), 20)}", f"Known: {', '.join(_ALGORITHMS)}.")
    return name


def _digest_text(digest: bytes, encoding: object) -> str:
    name = to_text(encoding).lower()
    if name == "hex":
        return digest.hex()
    if name == "base64":
        return base64.b64encode(digest).decode("ascii")
    raise Refusal(f"no encoding of a digest is called {shown(name, 20)}", "Use hex or base64.")


def _hash(algorithm: object, encoding: object, value: object = UNDEFINED, *more: Any) -> str:
    if more:
        # Assumed: one page shows a key among the arguments of hash, no page says what it does.
        raise Refusal("it takes three arguments: algorithm, encoding, value", "For a key use hmac.")
    digest = hashlib.new(_algorithm(algorithm), utf8(to_text(value)), usedforsecurity=False).digest()
    return _digest_text(digest, encoding)


def _hmac(algorithm: object, key: object, encoding: object, value: object, key_encoding: object = UNDEFINED) -> str:
    kind = "utf8" if key_encoding is UNDEFINED else to_text(key_encoding).lower()
    if kind not in ("utf8", "utf-8", "base64"):
        raise Refusal(f"no encoding of a key is called {shown(kind, 20)}", "Use utf8 or base64.")
    secret = decode_base64(to_text(key)) if kind == "base64" else utf8(to_text(key))
    return _digest_text(hmac.new(secret, utf8(to_text(value)), _algorithm(algorithm)).digest(), encoding)


HELPERS: Final = (
    Helper("hash", _hash, 3, None),
    Helper("hmac", _hmac, 4, 5),
)
