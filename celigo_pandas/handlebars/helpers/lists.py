"""Array helpers.

Source: the vendor's helper reference, "Array".
"""

from __future__ import annotations

import math
from typing import Any, Final

from celigo_pandas.handlebars.helpers.arithmetic import as_number, whole_number
from celigo_pandas.handlebars.helpers.helper import Helper
from celigo_pandas.handlebars.member_paths import read_members, read_path
from celigo_pandas.handlebars.rendering import Run
from celigo_pandas.javascript.values import UNDEFINED, strict_equal, to_text, type_of

__all__ = ["HELPERS"]


def _after(value: object, count: object = UNDEFINED) -> object:
    return list(value)[max(0, whole_number(count, 0)) :] if isinstance(value, (list, tuple)) else UNDEFINED


def _before(value: object, count: object = UNDEFINED) -> object:
    if not isinstance(value, (list, tuple)):
        return UNDEFINED
    return list(value)[: max(0, len(value) - max(0, whole_number(count, 0)))]


def _first(value: object, count: object = UNDEFINED) -> object:
    if not isinstance(value, (list, tuple)):
        return UNDEFINED
    if as_number(count) != as_number(count):
        return value[0] if value else UNDEFINED
    return list(value)[: max(0, whole_number(count, 1))]


def _last(value: object, count: object = UNDEFINED) -> object:
    if not isinstance(value, (list, tuple)):
        return UNDEFINED
    if as_number(count) != as_number(count):
        return value[-1] if value else UNDEFINED
    return list(value)[max(0, len(value) - max(0, whole_number(count, 1))) :]


def _is_set(value: object) -> bool:
    return value is True or value == "true"


def _text_key(value: object) -> tuple[bool, bytes]:
    return value is UNDEFINED, to_text(value).encode("utf-16-be", "surrogatepass")


def _number_key(value: object) -> tuple[bool, float]:
    number = as_number(value)
    if number != number:
        return True, 0.0
    try:
        return False, float(number)
    except OverflowError:
        return False, math.inf if number > 0 else -math.inf


def _sort(value: object, number: object = UNDEFINED, reverse: object = UNDEFINED) -> object:
    if not isinstance(value, (list, tuple)):
        return UNDEFINED
    key: Any = _number_key if _is_set(number) else _text_key
    return sorted(value, key=key, reverse=_is_set(reverse))


def _unique(value: object) -> object:
    if not isinstance(value, (list, tuple)):
        return UNDEFINED
    seen: set[tuple[str, Any]] = set()
    kept = []
    for item in value:
        if isinstance(item, (list, dict, tuple)):
            kept.append(item)
            continue
        mark = (type_of(item), item)
        if mark not in seen:
            seen.add(mark)
            kept.append(item)
    return kept


def _pluck(value: object, path: object) -> object:
    if not isinstance(value, (list, tuple)):
        return UNDEFINED
    steps = read_path(to_text(path))
    found = [read_members(item, steps) for item in value]
    return [None if item is UNDEFINED else item for item in found]


def _arrayify(value: object) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return list(value)
    return [] if value is None or value is UNDEFINED else [value]


def _get_value(run: Run, path: object, default: object = UNDEFINED) -> object:
    steps = read_path(to_text(path))
    if not steps:
        return default
    for start in (run.root, read_members(run.root, ["record"])):
        found = read_members(start, steps)
        if found is not None and found is not UNDEFINED:
            return found
    return default


def _filter(value: object, sought: object = UNDEFINED, prop: object = UNDEFINED) -> list[Any] | None:
    if not isinstance(value, (list, tuple)):
        return None
    steps = [] if prop is UNDEFINED else read_path(to_text(prop))
    return [item for item in value if strict_equal(read_members(item, steps), sought)]


HELPERS: Final = (
    Helper("after", _after, 2, 2),
    Helper("before", _before, 2, 2),
    Helper("first", _first, 1, 2),
    Helper("last", _last, 1, 2),
    Helper("sort", _sort, named=("number", "reverse")),
    Helper("unique", _unique),
    Helper("pluck", _pluck, 2, 2),
    Helper("arrayify", _arrayify),
    Helper("getValue", _get_value, 1, 2, with_run=True, reads_root=True),
    Helper("filter", _filter, 2, 3, kind="elements"),
)
