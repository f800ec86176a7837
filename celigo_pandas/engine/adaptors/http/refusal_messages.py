"""What a refusal says, found in its body: by ``errorPath``, else where services usually put it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celigo_pandas.engine.adaptors.http.answer_paths import MISSING, find, is_given, plain
from celigo_pandas.engine.texts.json_text import dump
from celigo_pandas.engine.texts.xml_paths import Nodes, leaf

__all__ = ["errors_of", "message_of"]

_LONGEST = 500
_NESTED = ("errors", "error", "fault", "detail", "data")
_MESSAGES = ("message", "error_description", "errorMessage", "msg", "detail", "title", "description", "text", "_")
_CODES = ("code", "errorCode", "error_code", "error", "status", "type")


def _as_it_is(value: object) -> object:
    return value


def message_of(body: object, error_path: object = None, hide: Callable[[Any], Any] = _as_it_is) -> str:
    """Return one line for a person; empty when the body says nothing. As :func:`errors_of`."""
    found = errors_of(body, error_path, hide)
    return "; ".join(message for _, message in found)[:_LONGEST]


def errors_of(
    body: object, error_path: object = None, hide: Callable[[Any], Any] = _as_it_is
) -> list[tuple[str | None, str]]:
    """Return ``(code, message)`` pairs.

    Parameters
    ----------
    body : object
        A parsed answer of any form.
    error_path : str, optional
        ``response.errorPath``. Where it finds nothing, or is not set, the usual members are looked at.
    hide : callable
        Takes the secrets out of plain values, before a text of them is cut or squeezed.
    """
    if error_path:
        found = [value for value in map(plain, _named(body, error_path)) if is_given(value)]
        if found:
            return _pairs(hide(found), depth=0)
    return _pairs(hide(plain(body)), depth=0)


def _named(body: object, path: object) -> list[Any]:
    """Return what ``errorPath`` names: texts of elements without elements inside, else what they hold."""
    found = find(body, path, "all")
    if isinstance(found, Nodes):
        return [leaf(node) for node in found]
    return found if isinstance(found, list) else [] if found is MISSING else [found]


def _pairs(value: object, depth: int) -> list[tuple[str | None, str]]:
    if value in (None, "", [], {}) or value is True:
        return []
    if isinstance(value, list):
        return [pair for element in value[:20] for pair in _pairs(element, depth)]
    if not isinstance(value, dict):
        return [(None, _cut(str(value)))]
    message = next((value[name] for name in _MESSAGES if _is_text(value.get(name))), None)
    code = next((value[name] for name in _CODES if _is_text(value.get(name)) and value[name] != message), None)
    inner = [name for name in _NESTED if isinstance(value.get(name), dict | list) and value[name]]
    if inner and depth < 3:
        found = _pairs(value[inner[0]], depth + 1)
        if found:
            return found
    if message is None and _is_text(value.get("error")):
        return [(None, _cut(str(value["error"])))]
    if message is None:
        # XML in the xml2js form wraps everything once more.
        only = next(iter(value.values())) if len(value) == 1 else None
        if isinstance(only, dict | list) and depth < 3:
            return _pairs(only, depth + 1)
        return [(None, _cut(dump(value).decode("utf-8", "replace")))]
    field = value.get("field")
    text = _cut(str(message))
    if isinstance(field, str) and field and field not in text:
        text = f"{text} ({field})"
    return [(None if code is None else str(code), text)]


def _is_text(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
