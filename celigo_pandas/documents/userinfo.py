"""User name and password inside a URL (``https://user:password@host``): a secret in a member that is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from celigo_pandas.documents.secret import MASK

__all__ = ["masked_url", "url_secrets", "urls_with_userinfo"]

_URL = re.compile(r"(\s*[A-Za-z][A-Za-z0-9+.\-]*:/{2,})([^/?#]*)@")


def masked_url(text: str) -> str:
    """Return a URL with the mask in place of its user name and password; any other text as it is."""
    return _URL.sub(lambda found: f"{found[1]}{MASK}@", text, count=1)


def url_secrets(text: str) -> set[str]:
    """Return what :func:`masked_url` hides: the whole, and the password as it is written and as it is meant."""
    found = _URL.match(text)
    if not found or found[2] == MASK:
        return set()
    _, colon, password = found[2].partition(":")
    return {found[2], password, unquote(password)} - {""} if colon else {found[2]}


def urls_with_userinfo(doc: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and text of each member called ``…URI`` that holds a user name or password, masked or not."""
    for name, value in doc.items():
        path = f"{at}.{name}" if at else str(name)
        if isinstance(value, Mapping):
            yield from urls_with_userinfo(value, path)
        elif isinstance(value, str) and str(name).endswith("URI") and _URL.match(value):
            yield path, value
