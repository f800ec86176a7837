"""A path in plain values, as JSON gives them: ``a.b``, ``a[0].b``, ``a[*].b``, ``[Ship To]``, ``$.a``, ``/a/b``.

A literal key wins over a path, at every level: ``@odata.nextLink`` is a key, and so is ``odata.count`` in
``value.odata.count``. Facts: integrator-api.md, sections 4.2 and 7.1 (extract syntax).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

from celigo_pandas.paths import WILDCARD, PathError, Step, parse_extract

__all__ = ["MISSING", "Lists", "PathRefused", "check_members_path", "member_names", "read_members"]

Lists = Literal["first", "all", "refuse"]
"""What a path that names no index means where it meets a list: its first element, each of them, or an error."""

_XPATH_ONLY = re.compile(r"[@()|:*\[]|//|\.\.")
_QUOTED_KEY = re.compile(r"""\[\s*(['"])(?:\\.|(?!\1).)*\1\s*\]""", re.DOTALL)
# What JSONPath has beyond the vendor's paths: descent, filters, expressions, positions from the end, slices, unions.
_JSONPATH_ONLY = re.compile(r"""\.\.(?=[\w*\[])|\[\s*(?:[?('"]|-\d|\d*\s*:|\d+\s*,)""")
_MOST_NAMES = 12


class _Missing:
    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What a path reads where nothing is: not the same as a null."""


class PathRefused(ValueError):
    """A path that cannot be followed."""


def read_members(value: object, path: str, lists: Lists = "first") -> object:
    """Return what a path names, or :data:`MISSING`.

    Parameters
    ----------
    value : object
    path : str
    lists : {"first", "all", "refuse"}
        A list of one element is always passed through.

    Raises
    ------
    PathRefused
        The path is an XPath, or meets a list of several elements that it may not pass.
    """
    if isinstance(value, dict) and path in value:
        return value[path]
    steps = _steps(path)
    if steps is None:
        return MISSING
    found = list(_walk(value, steps, path, lists))
    if WILDCARD in steps or len(found) > 1:
        return found
    return found[0] if found else MISSING


def check_members_path(path: str) -> None:
    """Refuse a path of another language before anything is sent; it would find nothing, whatever is there.

    Raises
    ------
    PathRefused
        It is an XPath, or has what only JSONPath has, or a bracket that is empty or not closed.
    """
    _steps(path)


def _steps(path: str) -> Sequence[Step] | None:
    if path.startswith("/"):
        if _XPATH_ONLY.search(path):
            raise PathRefused(f"the path {path!r:.200} is an XPath, and the answer is no XML")
        return tuple(path.strip("/").split("/"))
    if _JSONPATH_ONLY.search(_QUOTED_KEY.sub("[key]", path)):
        raise PathRefused(
            f"the path {path!r:.200} has what only JSONPath has; expected names with dots, [0], [*] and [Ship To]"
        )
    try:
        return parse_extract(path).steps
    except PathError as error:
        if "[" in path:
            raise PathRefused(f"{str(error)[:1].lower()}{str(error)[1:].rstrip('.')}") from None
        return None


def _walk(value: object, steps: Sequence[Step], path: str, lists: Lists) -> Iterator[Any]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step is WILDCARD:
        inner = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
        for element in inner:
            yield from _walk(element, rest, path, lists)
    elif isinstance(value, dict):
        yield from _members(value, steps, path, lists)
    elif isinstance(value, list):
        if step == "length":
            yield from _walk(len(value), rest, path, lists)
        elif str(step).isdigit():
            if int(str(step)) < len(value):
                yield from _walk(value[int(str(step))], rest, path, lists)
        else:
            for element in _passed(value, path, lists):
                yield from _walk(element, steps, path, lists)


def _members(value: dict[str, Any], steps: Sequence[Step], path: str, lists: Lists) -> Iterator[Any]:
    """Follow the longest key first: several steps joined by dots, as far as they are names."""
    run = 0
    while run < len(steps) and isinstance(steps[run], str):
        run += 1
    for size in range(max(run, 1), 0, -1):
        key = ".".join(str(step) for step in steps[:size])
        if key in value:
            found = list(_walk(value[key], steps[size:], path, lists))
            if found:
                yield from found
                return


def _passed(values: list[Any], path: str, lists: Lists) -> list[Any]:
    inner = [element for element in values if isinstance(element, dict)]
    if len(inner) > 1 and lists == "refuse":
        raise PathRefused(
            f"the path {path!r:.200} meets a list of {len(values)} elements: write [*] there for all of them, "
            "or [0] for the first"
        )
    return inner if lists == "all" else inner[:1]


def member_names(value: object, path: str) -> str:
    """Say what is there where a path finds nothing: the names at the deepest place that it reaches."""
    place = "the answer"
    steps = _steps(path) or ()
    for at in range(len(steps), 0, -1):
        here = next(_walk(value, steps[:at], path, "first"), MISSING)
        if here is not MISSING:
            value, place = here, repr(".".join(map(str, steps[:at])))
            break
    return f"{place} holds {_shape(value)}"


def _shape(value: object) -> str:
    if isinstance(value, dict):
        # Whole or not at all: a piece of a name that repeats a secret would not be found and masked.
        names = [repr(name) if len(name) <= 80 else f"({len(name)} characters)" for name in list(value)[:_MOST_NAMES]]
        more = f" and {len(value) - _MOST_NAMES} more" if len(value) > _MOST_NAMES else ""
        return f"{', '.join(names)}{more}" if names else "no members"
    if isinstance(value, list):
        first = f", the first with {_shape(value[0])}" if value and isinstance(value[0], dict) else ""
        return f"a list of {len(value)}{first}"
    return "nothing" if value is None else f"{type(value).__name__} and no members"
