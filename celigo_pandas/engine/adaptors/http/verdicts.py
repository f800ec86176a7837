"""Whether an answer is a success, by the values that a document names: compared as texts.

Facts: integrator-api.md, sections 4.2 and 6.2 ("all success/fail value comparisons are on strings").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.engine.adaptors.http.aligned import as_list, position
from celigo_pandas.engine.adaptors.http.answer_paths import every, find, is_given, names_there
from celigo_pandas.engine.texts.xml_paths import Nodes
from celigo_pandas.javascript.values import json_text, to_text

__all__ = ["text_of", "verdict", "why_not"]


def text_of(value: object) -> str:
    """Return a value as the text that success and fail values are compared with; null is ``"null"``."""
    if value is None:
        return "null"
    if isinstance(value, dict | list):
        return json_text(value)
    return to_text(value)


def verdict(body: object, rules: Mapping[str, Any], index: int = 0) -> bool | None:
    """Judge a parsed body by ``failPath``/``failValues`` and ``successPath``/``successValues``.

    Returns
    -------
    bool or None
        None when the rules say nothing. A fail rule that is met wins over a success rule.
    """
    fail_path = position(rules.get("failPath"), index)
    if fail_path and _meets(body, fail_path, _values(rules.get("failValues"), index), is_success=False):
        return False
    success_path = position(rules.get("successPath"), index)
    if not success_path:
        return None
    met = _meets(body, success_path, _values(rules.get("successValues"), index), is_success=True)
    return met and (bool(rules.get("allowArrayforSuccessPath", True)) or not _is_list(find(body, success_path)))


def _is_list(found: object) -> bool:
    return isinstance(found, list) and (not isinstance(found, Nodes) or len(found) > 1)


def why_not(body: object, rules: Mapping[str, Any], index: int = 0) -> str:
    """Say why an answer is no success where the reason is that ``successPath`` finds nothing; else nothing."""
    path = position(rules.get("successPath"), index)
    if not path or every(body, path):
        return ""
    return f"response.successPath {path!r} finds nothing: {names_there(body, path)}"


def _values(values: object, index: int) -> list[str]:
    """Return the values of one position: ``[["ok"], ["done"]]``, or ``["ok"]`` for all of them."""
    if values is None:
        return []
    if isinstance(values, list) and values and all(isinstance(inner, list) for inner in values):
        values = position(values, index, [])
    return [text_of(value) for value in as_list(values) if value != ""]


def _meets(body: object, path: str, wanted: list[str], *, is_success: bool) -> bool:
    candidates = every(body, path)
    if wanted:
        return any(text_of(candidate) in wanted for candidate in candidates)
    # Assumed: without values, a success path must hold something truthy and a fail path anything at all.
    if is_success:
        return any(candidate not in (None, False, "", 0) for candidate in candidates)
    return any(is_given(candidate) and candidate is not False for candidate in candidates)
