"""Values in templates that are JSON: each stays in the place that the template gives it.

While a template is rendered each value is only marked; what it may be is settled when the text around it is known.
Between quotes ``{{x}}`` is escaped and ``{{{x}}}`` must be the inside of a JSON text already; outside of them ``{{x}}``
must be a number, true, false or null, and ``{{{x}}}`` one whole JSON value. Nothing else is possible, so no value can
close a text or add a member; :func:`refuse_operators` is for queries, in which a name may do more.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

from celigo_pandas.errors import shown
from celigo_pandas.handlebars.rendering import Refusal
from celigo_pandas.javascript.values import to_text

__all__ = ["WRITES_JSON", "mark_raw", "mark_value", "parted", "refuse_operators", "settle"]

WRITES_JSON: Final = frozenset({"jsonEncode", "jsonSerialize"})
"""Helpers whose result is JSON already, however many braces stand around them."""

_START, _END = "\x01", "\x02"
_PIECES: Final = re.compile(r'\\(?=\x01)|\\.|"|\x01([vr])([^\x02]*)\x02|[\x01\x02]', re.DOTALL)
_SCALAR: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")


_TEXT_OR_TAG: Final = re.compile(
    r'"(?:\\.|[^"\\])*"|(?<!\{)(?:\{\{\{[^{}"]*\}\}\}|\{\{(?!\{)[^{}"]*\}\})(?=\})', re.DOTALL
)


def parted(template: str) -> str:
    """Part a tag from the brace of an object that ends behind it, which the language takes for a brace of the tag.

    The vendor's published examples end so.

    Examples
    --------
    >>> from celigo_pandas.handlebars.json_places import parted
    >>> parted('{"total": {{record.total}}}')
    '{"total": {{record.total}} }'
    """
    return _TEXT_OR_TAG.sub(lambda found: found[0] if found[0][0] == '"' else f"{found[0]} ", template)


def mark_value(value: object) -> str:
    """Mark what ``{{x}}`` gives."""
    return f"{_START}v{json.dumps(to_text(value))}{_END}"


def mark_raw(value: object) -> str:
    """Mark what ``{{{x}}}`` gives."""
    return f"{_START}r{json.dumps(to_text(value))}{_END}"


def settle(text: str) -> str:
    """Put the marked values into their places.

    Raises
    ------
    Refusal
        A value does not fit where it stands; or the template has a control character, which no JSON has.
    """
    is_within = False
    pieces: list[str] = []
    end = 0
    for found in _PIECES.finditer(text):
        pieces.append(text[end : found.start()])
        end = found.end()
        if found[1]:
            pieces.append(_placed(json.loads(found[2]), is_within=is_within, is_raw=found[1] == "r"))
        elif found[0] == "\\":
            raise Refusal("a backslash stands right before a value and would change it", hint="Write \\u005c for it.")
        elif found[0] in (_START, _END):
            raise Refusal(f"the template holds the control character {found[0]!r}, which JSON has not")
        else:
            is_within ^= found[0] == '"'
            pieces.append(found[0])
    return "".join([*pieces, text[end:]])


def _placed(text: str, *, is_within: bool, is_raw: bool) -> str:
    if is_within:
        if not is_raw:
            return json.dumps(text)[1:-1]
        if isinstance(_read(f'"{text}"'), str):
            return text
        raise Refusal(f"{shown(text)} would leave its quotes", hint='Write "{{x}}", which escapes it.')
    if is_raw and _read(text) is not _NOTHING:
        return text
    if _SCALAR.fullmatch(text):
        return text
    if is_raw:
        raise Refusal(f"{shown(text)} is no JSON value", hint="Use {{{jsonSerialize x}}} for any value.")
    hint = 'Write "{{x}}" for a text, {{{jsonSerialize x}}} for any value.'
    raise Refusal(f"{shown(text)} stands outside of quotes and is no number, true, false or null", hint=hint)


def refuse_operators(text: str, *, is_expression: bool) -> None:
    """Refuse marked values that would be operators of a query of MongoDB, whose names begin with a dollar.

    Parameters
    ----------
    text : str
        Rendered, with its values marked.
    is_expression : bool
        Whether texts are read too: ``"$total"`` is the value of that member, except right behind ``"$literal":``.

    Raises
    ------
    Refusal
        A value begins the name of a member with a dollar; or, in an expression, a text.
    """
    opened = first = 0
    begin = ""
    is_within = False
    for found in _PIECES.finditer(text):
        if found[1] and is_within and found.start() == first:
            begin = _inside(found)
            first = first if begin else found.end()
        elif found[1] and not is_within:
            _check_value(text, found, is_expression=is_expression)
        elif found[0] == '"':
            if is_within and begin.startswith("$"):
                _check_text(text, begin, opened, found.end(), is_expression=is_expression)
            is_within, opened, first, begin = not is_within, found.start(), found.end(), ""


_LITERAL: Final = re.compile(r'"\$literal"\s*:\s*\Z')
_NAMED: Final = re.compile(r"\s*:")


def _inside(found: re.Match[str]) -> str:
    text: str = json.loads(found[2])
    read = _read(f'"{text}"') if found[1] == "r" else text
    return read if isinstance(read, str) else text


def _check_text(text: str, begin: str, start: int, end: int, *, is_expression: bool) -> None:
    if _NAMED.match(text, end):
        raise Refusal(f"{shown(begin)} would begin an operator: no value can name a member with a dollar")
    if is_expression and not _LITERAL.search(text[max(0, start - 40) : start]):
        raise Refusal(f"{shown(begin)} would be read as an expression", hint=_WRITE_LITERAL)


def _check_value(text: str, found: re.Match[str], *, is_expression: bool) -> None:
    value = _read(json.loads(found[2]))
    if isinstance(value, str) and value.startswith("$"):
        _check_text(text, value, found.start(), found.end(), is_expression=is_expression)
    elif is_expression and _has_dollar(value) and not _LITERAL.search(text[max(0, found.start() - 40) : found.start()]):
        raise Refusal(f"{shown(value)} would be read as an expression", hint=_WRITE_LITERAL)


_WRITE_LITERAL: Final = 'Write {"$literal": "{{x}}"}.'


def _has_dollar(value: object) -> bool:
    if isinstance(value, dict):
        return any(name.startswith("$") or _has_dollar(one) for name, one in value.items())
    if isinstance(value, list):
        return any(map(_has_dollar, value))
    return isinstance(value, str) and value.startswith("$")


_NOTHING: Final = object()


def _read(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _NOTHING


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}")
