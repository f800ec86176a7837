"""The compiled rule tree: what both dialects and the transforms become before a record is seen.

A rule knows its place in the document (``path``), the output cell it writes (``cell``, ``lines[*].sku``), the source
paths it reads (``reads``) and its steps. It holds no state of an evaluation, so that one compiled mapping may be used
from several threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.paths import WILDCARD, Path, Step, parse_extract

if TYPE_CHECKING:
    from celigo_pandas.handlebars import Template

__all__ = [
    "ArrayRule",
    "DateStep",
    "Helper",
    "Keys",
    "ListRule",
    "Lookup",
    "NoSource",
    "ObjectRule",
    "PathSource",
    "Rule",
    "Source",
    "TemplateSource",
    "TextSource",
    "ValueRule",
    "spelled",
    "walk",
    "walk_places",
]


@dataclass(frozen=True)
class PathSource:
    """A value read from the record; `first_only` takes the first match of a wildcard (Mapper 1.0 outside lists)."""

    path: Path
    first_only: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """The source paths, dotted."""
        return (self.path.dotted,)


@dataclass(frozen=True)
class TextSource:
    """A constant: hard-coded or literal."""

    value: Any
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class TemplateSource:
    """Text rendered from a template for each record; `escape` is how ``{{x}}`` writes its value.

    ``reads`` are the fields of the record that it reads, ``paths`` the same as the template spells them.
    """

    template: Template
    reads: tuple[str, ...] = ()
    escape: Literal["none", "html"] = "none"
    paths: tuple[str, ...] = ()

    @cached_property
    def elements(self) -> tuple[Path, ...]:
        """The paths that read the element at hand (``items[*].sku``): in a list they make its lines."""
        return tuple(map(parse_extract, self.template.elements()))


@dataclass(frozen=True)
class NoSource:
    """Nothing: the value is absent."""

    reads: tuple[str, ...] = ()


Keys = tuple[str | int, ...]
"""The way from an output object to what a rule writes: names, and positions in arrays."""


def spelled(keys: Keys) -> str:
    """Write keys as a ``generate`` does: ``address.street[0]``."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")


Source = PathSource | TextSource | TemplateSource | NoSource


@dataclass(frozen=True)
class Lookup:
    """A value translation: `table` for a static one, None for one that only a server can answer."""

    name: str
    table: dict[str, Any] | None
    default: Any
    allow_failures: bool
    doc: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class DateStep:
    """Read a date in one format, write it in another.

    `compiled` takes the clock and returns the function from value to text, because a format without a date means today.
    """

    extract_format: str | None
    extract_zone: str
    generate_format: str | None
    generate_zone: str
    compiled: Callable[[Callable[[], Any] | None], Callable[[Any], str]] = field(compare=False)


@dataclass(frozen=True)
class ValueRule:
    """One value: a field of Mapper 1.0, or an entry of Mapper 2.0 that is taken from one source."""

    path: str
    cell: str
    keys: Keys
    source: Source
    dialect: int
    data_type: str | None = None
    default: Any = UNDEFINED
    skip_empty: bool = False
    lookup: Lookup | None = None
    date: DateStep | None = None

    @property
    def generate(self) -> str:
        """The destination as the document spells it."""
        return spelled(self.keys)

    @property
    def declared(self) -> str:
        """The type that a refusal names; empty where nothing is converted."""
        return self.data_type or ""

    @property
    def iterates(self) -> bool:
        """Whether it reads a value for each element of an array: in a list it makes lines."""
        if isinstance(self.source, TemplateSource):
            return bool(self.source.elements)
        return isinstance(self.source, PathSource) and self.source.path.has_wildcard

    @property
    def sees_element(self) -> bool:
        """Whether its template, or what its lookup asks, reads the element of a list's line instead of its array."""
        if self.lookup is not None and self.lookup.table is None:
            return True
        return isinstance(self.source, TemplateSource) and self.iterates

    @property
    def is_guarded(self) -> bool:
        """Whether an empty value needs a look before the type conversion."""
        return self.default is not UNDEFINED or self.skip_empty or self.lookup is not None or self.date is not None

    @property
    def reads(self) -> tuple[str, ...]:
        """The source paths, dotted."""
        return self.source.reads


@dataclass(frozen=True)
class ObjectRule:
    """An object of Mapper 2.0 with children; with an `extract` they see the record narrowed to it."""

    path: str
    cell: str
    keys: Keys
    children: tuple[Rule, ...]
    source: Source = NoSource()
    default: Any = UNDEFINED
    skip_empty: bool = False

    @property
    def generate(self) -> str:
        """The destination as the document spells it."""
        return spelled(self.keys)

    @property
    def reads(self) -> tuple[str, ...]:
        """The source paths, dotted."""
        return self.source.reads


@dataclass(frozen=True)
class Helper:
    """One entry of ``buildArrayHelper``; `children` is None when it only extracts."""

    path: str
    source: Source
    children: tuple[Rule, ...] | None
    default: Any = UNDEFINED
    skip_empty: bool = False


@dataclass(frozen=True)
class ArrayRule:
    """An array of Mapper 2.0 built by helpers; without `keys` at the root the output is a list of rows."""

    path: str
    cell: str
    keys: Keys
    data_type: str
    helpers: tuple[Helper, ...]
    default: Any = UNDEFINED
    skip_empty: bool = False

    @property
    def generate(self) -> str:
        """The destination as the document spells it."""
        return spelled(self.keys)

    @property
    def source(self) -> NoSource:
        """Nothing: its helpers have sources."""
        return NoSource()

    @property
    def reads(self) -> tuple[str, ...]:
        """The source paths of the helpers, dotted."""
        return tuple(read for helper in self.helpers for read in helper.source.reads)


@dataclass(frozen=True)
class ListRule:
    """A list of Mapper 1.0: lines made from the fields that iterate.

    ``children`` see one line's element in place of its array: the rules of sub-records.
    """

    path: str
    cell: str
    keys: Keys
    fields: tuple[ValueRule, ...]
    children: tuple[Rule, ...] = ()

    @property
    def generate(self) -> str:
        """The destination as the document spells it."""
        return spelled(self.keys)

    @property
    def source(self) -> NoSource:
        """Nothing: its fields have sources."""
        return NoSource()

    @property
    def reads(self) -> tuple[str, ...]:
        """A list reads nothing itself; its fields do."""
        return ()


Rule = ValueRule | ObjectRule | ArrayRule | ListRule


def walk(rules: tuple[Rule, ...]) -> Iterator[Rule]:
    """Yield every rule of a tree, parents first."""
    for rule in rules:
        yield rule
        if isinstance(rule, ObjectRule):
            yield from walk(rule.children)
        elif isinstance(rule, ArrayRule):
            for helper in rule.helpers:
                yield from walk(helper.children or ())
        elif isinstance(rule, ListRule):
            yield from rule.fields
            yield from walk(rule.children)


def walk_places(rules: tuple[Rule, ...], outer: tuple[Step, ...] = ()) -> Iterator[tuple[Rule, tuple[Step, ...]]]:
    """Yield every rule of a tree with the steps to what it writes, parents first; an array's are its own."""
    for rule in rules:
        place = (*outer, *rule.keys)
        yield rule, place
        if isinstance(rule, ObjectRule):
            yield from walk_places(rule.children, place)
        elif isinstance(rule, ArrayRule):
            for helper in rule.helpers:
                yield from walk_places(helper.children or (), (*place, WILDCARD))
        elif isinstance(rule, ListRule):
            yield from walk_places((*rule.fields, *rule.children), (*place, WILDCARD))
