"""Reading values out of an answer, and comparing them as the platform does: as texts.

A path is dotted (``a.b``, ``a[0].b``, ``a[*].b``, ``[Ship To]``, ``$.a``) or, for parsed XML, a simple XPath (``/a/b``,
``//b``). Facts: integrator-api.md, sections 4.2 and 6.2 ("all success/fail value comparisons are on strings").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from celigo_pandas.javascript.values import json_text, to_text
from celigo_pandas.paths import WILDCARD, PathError, parse_extract

__all__ = ["MISSING", "as_list", "is_given", "position", "read_path", "text_of", "verdict"]


class _Missing:
    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What a path reads where nothing is: not the same as a null."""


def read_path(value: Any, path: str | None) -> Any:
    """Return what `path` names in `value`, or :data:`MISSING`; an empty path is the value itself.

    A path with a wildcard, and an XPath, give the list of what they match.
    """
    if not path or path in ("$", "/"):
        return value
    # A document may hold a number here, as in ``{"successPath": 0}``.
    path = str(path)
    if path.startswith("/"):
        return _xpath(value, path)
    try:
        steps = parse_extract(path).steps
    except PathError:
        return value.get(path, MISSING) if isinstance(value, dict) else MISSING
    found = list(_walk(value, steps))
    if WILDCARD in steps:
        return found
    return found[0] if found else MISSING


def _walk(value: Any, steps: Sequence[Any]) -> Iterator[Any]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step is WILDCARD:
        inner = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
        for element in inner:
            yield from _walk(element, rest)
    elif isinstance(value, dict):
        if str(step) in value:
            yield from _walk(value[str(step)], rest)
    elif isinstance(value, list):
        text = str(step)
        if text == "length":
            yield from _walk(len(value), rest)
        elif text.isdigit():
            if int(text) < len(value):
                yield from _walk(value[int(text)], rest)
        elif value and isinstance(value[0], dict):
            # Parsed XML holds every element in a list; a path that names no index means the first.
            yield from _walk(value[0], steps)


def _xpath(value: Any, path: str) -> list[Any]:
    nodes = [value]
    deep = False
    for step in path.split("/")[1:]:
        if not step:
            deep = True
            continue
        name, _, condition = step.partition("[")
        inner = _descendants(nodes) if deep else nodes
        nodes = [child for node in inner for child in _children(node, name)]
        if condition[:-1].isdigit():
            nodes = nodes[int(condition[:-1]) - 1 : int(condition[:-1])]
        deep = False
    return nodes


def _children(node: Any, name: str) -> list[Any]:
    if not isinstance(node, dict):
        return []
    if name == "*":
        return [part for key, inner in node.items() if key not in ("$", "_") for part in as_list(inner)]
    wanted = node.get(name, MISSING)
    if wanted is MISSING and ":" not in name:
        # A name without a prefix finds the element whatever prefix the sender chose.
        wanted = next((inner for key, inner in node.items() if key.rpartition(":")[2] == name), MISSING)
    return [] if wanted is MISSING else as_list(wanted)


def _descendants(nodes: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    pending = list(nodes)
    while pending:
        node = pending.pop(0)
        found.append(node)
        if isinstance(node, dict):
            pending[:0] = [part for key, inner in node.items() if key != "$" for part in as_list(inner)]
    return found


def as_list(value: Any) -> list[Any]:
    """Return a list as it is and anything else as a list of one."""
    return value if isinstance(value, list) else [value]


def position(values: Any, index: int, default: Any = None) -> Any:
    """Return the element of a position-aligned array; a plain value stands for every position."""
    if not isinstance(values, list):
        return default if values is None else values
    if index < len(values):
        return values[index]
    return default


def is_given(value: Any) -> bool:
    """Whether an extract "has a value": present, not null, not an empty text or list."""
    return value is not MISSING and value is not None and value != "" and value != []


def text_of(value: Any) -> str:
    """Return a value as the text that success and fail values are compared with; null is ``"null"``."""
    if value is None:
        return "null"
    if isinstance(value, dict | list):
        return json_text(value)
    return to_text(value)


def verdict(body: Any, rules: Mapping[str, Any], index: int = 0) -> bool | None:
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
    if met and isinstance(read_path(body, success_path), list) and not rules.get("allowArrayforSuccessPath", True):
        return False
    return met


def _values(values: Any, index: int) -> list[str]:
    """Return the values of one position: ``[["ok"], ["done"]]``, or ``["ok"]`` for all of them."""
    if values is None:
        return []
    if isinstance(values, list) and values and all(isinstance(inner, list) for inner in values):
        values = position(values, index, [])
    return [text_of(value) for value in as_list(values) if value != ""]


def _meets(body: Any, path: str, wanted: list[str], *, is_success: bool) -> bool:
    found = read_path(body, path)
    if found is MISSING:
        return False
    candidates = as_list(found)
    if wanted:
        return any(text_of(candidate) in wanted for candidate in candidates)
    # Assumed: without values, a success path must hold something truthy and a fail path anything at all.
    if is_success:
        return any(candidate not in (None, False, "", 0) for candidate in candidates)
    return any(is_given(candidate) and candidate is not False for candidate in candidates)
