"""The typed members of a document: each is read as what it must be, or there is a problem with its path.

Two ways, one wording. :class:`Members` reads an object member by member, for code that makes a plan of it.
:func:`shape_problems` holds a document against a table of shapes, for code that reads it as it stands. A member that is
null counts as absent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from celigo_pandas.documents.dotted import find_member
from celigo_pandas.errors import Problem, shown

__all__ = [
    "LIST",
    "NUMBER_OR_TEXT",
    "OBJECT",
    "OBJECTS",
    "TEXT",
    "TEXTS",
    "TEXT_OR_TEXTS",
    "MemberError",
    "Members",
    "Shape",
    "got_instead",
    "missing",
    "shape_problems",
]

_NAMES: Final[Mapping[type, str]] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def missing(path: str, why: str = "") -> Problem:
    """Return the problem of a member that is not there, in the platform's words."""
    name = path.rpartition(".")[2]
    return Problem("missing_required_field", f"Expected field: {name} to be present{f': {why}' if why else ''}.", path)


def got_instead(path: str, value: object, expected: str) -> Problem:
    """Return the problem of a member that holds something else than it must."""
    return Problem("invalid_field", f"{path}: got {shown(value)}; expected {expected}.", path)


# --- against a table ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shape:
    """What a member may be: a value of one of these types; of a list, `of` is what its elements may be."""

    kinds: tuple[type, ...]
    of: tuple[type, ...] = ()

    def misfit(self, value: object) -> tuple[object, tuple[type, ...]] | None:
        """Return the value, or element, that does not fit, with what would; None where all do."""
        if not isinstance(value, self.kinds) or isinstance(value, bool):
            return value, self.kinds
        elements = value if isinstance(value, list) and self.of else ()
        return next(((one, self.of) for one in elements if not isinstance(one, self.of)), None)


OBJECT: Final = Shape((dict,))
LIST: Final = Shape((list,))
TEXT: Final = Shape((str,))
OBJECTS: Final = Shape((list,), (dict,))
TEXTS: Final = Shape((list,), (str,))
TEXT_OR_TEXTS: Final = Shape((str, list), (str, type(None)))
NUMBER_OR_TEXT: Final = Shape((int, str))


def shape_problems(doc: Mapping[str, Any], table: Mapping[str, Shape], base: str = "") -> Iterator[Problem]:
    """Yield what members of a document hold that they must not; `table` gives the shape of each dotted path.

    A message names types and no values: a document may hold secrets.

    Examples
    --------
    >>> [str(problem) for problem in shape_problems({"ping": {"body": 5}}, {"ping.body": TEXT}, "http")]
    ['http.ping.body: http.ping.body holds a number; expected a text. (invalid_field)']
    """
    for path, shape in table.items():
        value = find_member(doc, path)
        wrong = None if value is None else shape.misfit(value)
        if wrong is not None:
            field = f"{base}.{path}" if base else path
            expected = [kind for kind in wrong[1] if kind is not type(None)]
            text = f"{field} holds {_named([type(wrong[0])])}; expected {_named(expected)}."
            yield Problem("invalid_field", text, field)


def _named(kinds: Iterable[type]) -> str:
    return " or ".join(dict.fromkeys(_NAMES.get(kind, kind.__name__) for kind in kinds))


# --- member by member -----------------------------------------------------------------------------------------------


class MemberError(ValueError):
    """A member that cannot be read as what it must be."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Members:
    """One object of a document, read member by member.

    Parameters
    ----------
    members : mapping
        The object.
    path : str
        Where it stands, for problems: ``export.file``. The first step is no part of what messages say.

    Examples
    --------
    >>> file = Members({"file": {"type": "csv", "csv": {"hasHeaderRow": "x"}}}, "export").block("file")
    >>> file.choice("type", ("csv", "json"))
    'csv'
    >>> file.block("csv").flag("hasHeaderRow", True)
    Traceback (most recent call last):
    celigo_pandas.documents.members.MemberError: file.csv.hasHeaderRow: got 'x'; expected true or false.
    """

    def __init__(self, members: Mapping[str, Any], path: str) -> None:
        self._members = members
        self.path = path
        self.get = members.get

    def block(self, name: str, *, required: bool = False) -> Members:
        """Read an object; one that is not there is empty."""
        value = self._members.get(name)
        if value is None and required:
            raise self.missing(name)
        if not isinstance(value, Mapping | None):
            raise self.got(name, value, "an object")
        return Members(value or {}, f"{self.path}.{name}")

    def text(self, name: str, *, required: bool = False, default: str = "") -> str:
        """Read a text."""
        value = self._members.get(name)
        if required and (value is None or value == ""):
            raise self.missing(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.got(name, value, "a text")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Read a truth value."""
        value = self._members.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.got(name, value, "true or false")
        return value

    def number(self, name: str, least: int, most: int) -> int | None:
        """Read a whole number between bounds."""
        value = self._members.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.got(name, value, f"a whole number from {least} to {most}")
        return value

    def choice(
        self, name: str, allowed: Sequence[str], *, default: str | None = None, otherwise: str = "is not known"
    ) -> str:
        """Read one of several texts; it must be there where there is no `default`."""
        value = self.text(name, required=default is None, default=default or "")
        if value in allowed or (default is not None and value in {"", default}):
            return value or default or ""
        text = f"{self.named(name)} {value!r:.40} {otherwise}; expected one of {', '.join(allowed)}."
        raise MemberError(Problem("unsupported", text, f"{self.path}.{name}"))

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of texts."""
        value = self._members.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.got(name, value, "a list of texts")
        return tuple(value)

    def blocks(self, name: str, expected: str) -> list[Members]:
        """Read a list of objects."""
        value = self._members.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
            raise self.got(name, value, expected)
        return [Members(one, f"{self.path}.{name}.{at}") for at, one in enumerate(value)]

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Refuse members that nothing reads: left out, the document would be read in another way than it is meant."""
        for name, value in self._members.items():
            if name not in known and value not in (None, "", [], {}):
                raise self.wrong(name, f"is not known; known are {', '.join(sorted(known))}")

    def wrong(self, name: str, text: str) -> MemberError:
        """Return the error of a member that cannot be used, for a reason of its own."""
        return MemberError(Problem("invalid_field", f"{self.named(name)}: {text}.", f"{self.path}.{name}"))

    def got(self, name: str, value: object, expected: str) -> MemberError:
        """Return the error of a member that holds something else."""
        return self.wrong(name, f"got {shown(value)}; expected {expected}")

    def missing(self, name: str, why: str = "") -> MemberError:
        """Return the error of a member that must be there."""
        text = f"Expected field: {self.named(name)} to be present{f': {why}' if why else ''}."
        return MemberError(Problem("missing_required_field", text, f"{self.path}.{name}"))

    def named(self, name: str) -> str:
        """Name a member as messages do: without where the document stands in a request."""
        return f"{self.path}.{name}".partition(".")[2]
