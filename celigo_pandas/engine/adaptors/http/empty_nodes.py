"""``ignoreEmptyNodes``: bodies without members and elements that hold nothing. Facts: integrator-api.md, section 6.2.

A rendered template is taken apart only as far as that needs: what stays is sent as it was written.
"""

from __future__ import annotations

import json
import re

__all__ = ["without_empty", "without_empty_text"]

_NUMBER_MARK = "\x00number:"
_MARKED = re.compile(r'"\\u0000number:([^"]*)"')
_TOKEN = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<![^>\[]*(?:\[.*?\]\s*)?>"
    r"""|<(?P<close>/)?(?P<name>[^\s/>!?]+)(?P<attributes>(?:"[^"]*"|'[^']*'|[^"'>])*?)(?P<only>/)?>|[^<]+""",
    re.DOTALL,
)


def without_empty(value: object) -> object:
    """Leave out null, empty texts, lists and objects; elements of lists keep their places."""
    if isinstance(value, dict):
        kept = {name: without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner not in (None, "", [], {})}
    if isinstance(value, list):
        return [without_empty(inner) for inner in value]
    return value


def without_empty_text(text: str, media: str) -> str:
    """Return a rendered body without its empty nodes.

    Parameters
    ----------
    text : str
        JSON or XML; a text that is neither is returned as it is, for its reader to refuse.
    media : str
    """
    if media == "xml":
        return _without_empty_xml(text)
    return _without_empty_json(text) if media in ("json", "urlencoded", "form-data") else text


def _without_empty_json(text: str) -> str:
    try:
        value = json.loads(text, parse_float=lambda digits: _NUMBER_MARK + digits)
    except (ValueError, RecursionError):
        return text
    kept = without_empty(value)
    if kept == value:
        return text
    return _MARKED.sub(r"\1", json.dumps(kept, ensure_ascii=False))


def _without_empty_xml(text: str) -> str:
    """Leave out elements without attributes and without content, from the innermost outwards; never the root."""
    open_: list[tuple[str, bool, list[str]]] = [("", True, [])]
    at = 0
    for token in _TOKEN.finditer(text):
        if token.start() != at:
            return text
        at = token.end()
        name = token["name"]
        if name is None:
            open_[-1][2].append(token.group())
        elif not token["close"] and not token["only"]:
            open_.append((name, bool(token["attributes"].strip()), [token.group()]))
        elif token["only"]:
            if token["attributes"].strip() or len(open_) == 1:
                open_[-1][2].append(token.group())
        else:
            begun, has_attributes, pieces = open_.pop()
            if begun != name or not open_:
                return text
            if has_attributes or len(open_) == 1 or any(piece.strip() for piece in pieces[1:]):
                open_[-1][2].append("".join(pieces) + token.group())
    return "".join(open_[0][2]) if at == len(text) and len(open_) == 1 else text
