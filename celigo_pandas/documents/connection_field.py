"""One field of a connection document, and the conditions that it stands under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from celigo_pandas.documents.dotted import find_member
from celigo_pandas.documents.secret import Secret

__all__ = ["Clause", "ConnectionField", "has", "is_empty", "lacks", "one_of", "read"]

Kind = Literal["text", "number", "boolean", "choice", "texts", "pairs", "json", "secret", "secret_map"]
"""How a value is edited: ``texts`` is a list of text, ``pairs`` a list of ``{name, value}``, ``json`` any object or
list, ``secret_map`` the free-form ``encrypted`` object, which reads back as one mask."""


def read(doc: object, path: str) -> Any:
    """Return the value at a dotted path, or None where any step is missing."""
    return find_member(doc, path)


def is_empty(value: object) -> bool:
    """Tell whether a value counts as absent: None, empty or blank text, an empty list or object."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Secret):
        return not value
    return isinstance(value, (list, dict, tuple)) and not value


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition on the document: the value at `path` is one of `values`, is present, or is absent."""

    path: str
    test: Literal["one_of", "has", "lacks"]
    values: tuple[object, ...] = ()

    def holds(self, doc: Mapping[str, Any]) -> bool:
        """Evaluate the condition."""
        value = read(doc, self.path)
        if self.test == "one_of":
            return not isinstance(value, (list, dict)) and value in self.values
        return is_empty(value) is (self.test == "lacks")


def one_of(path: str, *values: object) -> Clause:
    """The value at `path` is one of these; None stands for an absent value."""
    return Clause(path, "one_of", values)


def has(path: str) -> Clause:
    """There is a value at `path`."""
    return Clause(path, "has")


def lacks(path: str) -> Clause:
    """There is no value at `path`."""
    return Clause(path, "lacks")


Need = bool | tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class ConnectionField:
    """One field of a connection document.

    Parameters
    ----------
    path : str
        Dotted, from the document's root.
    label, help : str
        What the form shows.
    kind : Kind
        How it is edited.
    choices : tuple of str
        Allowed values of a ``choice``; suggestions for any other kind.
    when : tuple of Clause
        Shown, and needed, only while all of these hold.
    required, wanted : bool or tuple of Clause
        What the API enforces, and what the vendor's form asks for besides.
    code : str
        The API's code when a required value is missing.
    accepts : tuple of str
        Values that old documents still carry: accepted, not offered.
    form : str
        What a text must be: 24 hexadecimal digits, or an ISO 8601 date.
    refuses : mapping
        Values that the API refuses, with its code.
    """

    path: str
    label: str
    kind: Kind = "text"
    help: str = ""
    choices: tuple[str, ...] = ()
    when: tuple[Clause, ...] = ()
    required: Need = False
    wanted: Need = False
    default: object = None
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    multiline: bool = False
    read_only: bool = False
    group: str = "Basics"
    code: str = "missing_required_field"
    accepts: tuple[str, ...] = ()
    form: Literal["", "object id", "date"] = ""
    refuses: Mapping[str, str] = field(default_factory=dict)

    @property
    def secret(self) -> bool:
        """Whether the API stores it encrypted and answers with a mask."""
        return self.kind in ("secret", "secret_map")

    def is_shown(self, doc: Mapping[str, Any]) -> bool:
        """Tell whether the field applies to this document."""
        return all(clause.holds(doc) for clause in self.when)

    def is_required(self, doc: Mapping[str, Any]) -> bool:
        """Tell whether the API refuses this document without the field."""
        return self.is_shown(doc) and _holds(self.required, doc)

    def is_wanted(self, doc: Mapping[str, Any]) -> bool:
        """Tell whether the form marks the field as needed: `required`, or `wanted`."""
        return self.is_shown(doc) and (_holds(self.required, doc) or _holds(self.wanted, doc))


def _holds(need: Need, doc: Mapping[str, Any]) -> bool:
    return need if isinstance(need, bool) else all(clause.holds(doc) for clause in need)
