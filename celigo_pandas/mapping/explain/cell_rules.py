"""Which rules decide which output cell, and what a rule does: the two things that a comparison of mappings asks.

A place in an output is a tuple of steps (keys, positions, WILDCARD for every element), so that a key with a dot or a
bracket in it is never taken for another place. What a rule does is told by a plain value that is equal for rules that
cannot differ in their result: where a rule stands is not part of it; a lookup that its template asks is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.compile.compiled_mapping import CompiledMapping
from celigo_pandas.mapping.rules.rule_tree import (
    ArrayRule,
    ListRule,
    Lookup,
    ObjectRule,
    PathSource,
    Rule,
    Source,
    TemplateSource,
    TextSource,
)
from celigo_pandas.paths import WILDCARD, Step

__all__ = ["Cells", "Influence", "Steps", "fits", "kind_of_cell"]

Steps = tuple[Step, ...]
_COMPUTED_NAME: Final = re.compile(r"""\blookup\s+[^\s"']""")


def kind_of_cell(steps: Steps, fixed: AbstractSet[Steps] = frozenset()) -> Steps:
    """Leave out which elements: ``lines[2].sku`` is of the kind ``lines[*].sku``; `fixed` positions stay."""
    kind: Steps = ()
    for step in steps:
        kind = (*kind, step if type(step) is not int or (*kind, step) in fixed else WILDCARD)
    return kind


def fits(kind: Steps, other: Steps) -> bool:
    """Whether two kinds of cells may be one: a position may be any element."""
    if kind == other:
        return True
    return len(kind) == len(other) and all(
        one == two or (WILDCARD in (one, two) and not (isinstance(one, str) or isinstance(two, str)))
        for one, two in zip(kind, other, strict=True)
    )


def _fills(place: Steps, kind: Steps) -> bool:
    """Whether what writes a place puts a null there: at a position before its own, where the array has none yet."""
    if not kind or len(place) < len(kind):
        return False
    own, other = place[len(kind) - 1], kind[-1]
    return isinstance(own, int) and isinstance(other, int) and other < own and fits(kind[:-1], place[: len(kind) - 1])


class Influence(NamedTuple):
    """One rule that decides a kind of cell: what it does there, its path and place in the document and output.

    ``makes_lines``: it does so as one of the paths that decide how many lines a list of Mapper 1.0 has; ``fills``: it
    writes behind the cell in an array, which puts a null there at most.
    """

    act: Any
    path: str
    place: Steps
    makes_lines: bool = False
    fills: bool = False


class Cells:
    """The cells that the rules of a mapping write.

    Attributes
    ----------
    rules : dict
        Kind of cell to the rules that write it: several, where several helpers of an array make elements with the same
        keys. An array stands for itself and for its elements.
    places : dict
        Path of a rule or helper in the document to the cell it writes.
    lists : set
        The cells of the lists of Mapper 1.0.
    shared : set
        Those that a rule from outside writes into, or over: a line may then be there without a path that iterates.
    composite : set
        Those in their lines that see the element of the line, which the paths that iterate decide.
    fixed : set
        The positions that rules write by name, ``street[0]``.
    """

    def __init__(self, compiled: CompiledMapping) -> None:
        self._compiled = compiled
        self.rules: dict[Steps, list[Rule]] = {}
        self.places: dict[str, Steps] = {}
        self.lists: set[Steps] = set()
        self.composite: set[Steps] = set()
        self.fixed: set[Steps] = set()
        self._above: dict[str, tuple[Steps, ...]] = {}
        self._by_root: dict[Steps, list[Rule]] = {}
        self._known: dict[Steps, list[Influence]] = {}
        self._add(compiled.tree, (), ())
        self.shared = {place for place in self.lists if any(self._intrudes(rule, place) for rule in compiled.rules)}

    def _add(self, rules: tuple[Rule, ...], outer: Steps, above: tuple[Steps, ...]) -> None:
        for rule in rules:
            place = (*outer, *rule.keys)
            self.places[rule.path] = place
            self.fixed |= {place[:length] for length in range(1, len(place) + 1) if type(place[length - 1]) is int}
            self.rules.setdefault(place, []).append(rule)
            self._above[rule.path] = above
            self._by_root.setdefault(place[:1], []).append(rule)
            element = (*place, WILDCARD)
            if isinstance(rule, ObjectRule):
                self._add(rule.children, place, (*above, place))
            elif isinstance(rule, ArrayRule):
                # The entries of an array of arrays write elements, and so decide the array as a whole.
                inside = above if rule.data_type == "arrayarray" else (*above, element)
                for helper in rule.helpers:
                    self.places[helper.path] = place
                    self._add(helper.children or (), element, inside)
                self.rules.setdefault(element, [rule])
            elif isinstance(rule, ListRule):
                self.lists.add(place)
                inner = (*(field for field in rule.fields if field.sees_element), *rule.children)
                self.composite |= {(*element, *one.keys) for one in inner}
                self._add((*rule.fields, *rule.children), element, (*above, element))
                self.rules.setdefault(element, [rule])

    def _intrudes(self, rule: Rule, line_of: Steps) -> bool:
        """Whether a rule that makes no lines of a list, and has none of its own around the list, writes there."""
        place = self.places[rule.path]
        length = min(len(place), len(line_of))
        is_around = isinstance(rule, ListRule) and line_of[: len(place) + 1] in ((*place, WILDCARD), place)
        is_inside = (*line_of, WILDCARD) in self._above[rule.path]
        return not is_around and not is_inside and fits(place[:length], line_of[:length])

    def owners(self, kind: Steps) -> tuple[Steps, list[Rule]] | None:
        """Find the rules that write a kind of cell: its own, else the nearest above it (one that copies an object).

        Returns
        -------
        tuple or None
            The cell of the rules (an array's own, not its elements') and the rules.
        """
        for length in range(len(kind), -1, -1):
            rules = self.rules.get(kind[:length]) or self.rules.get(kind_of_cell(kind[:length]))
            if rules is not None:
                return self.places[rules[0].path], rules
        return None

    def acts(self, place: Steps) -> list[Any]:
        """Tell what each rule of a cell does itself, apart from the rules below it; elements are their array's."""
        return [self.act(rule) for rule in self.rules.get(place, ()) if self.places[rule.path] == place]

    def influences(self, kind: Steps) -> list[Influence]:
        """List all that decides a kind of cell, in the order of work.

        The rules of the cell itself; those of the objects and arrays around it, which decide whether it is there and
        what it reads; those that write above or inside it and so may take its place, or behind it in its array and so
        fill it with null; for a line of a list, the paths that iterate. Two mappings in which these do the same make
        the same of such a cell.
        """
        known = self._known.get(kind)
        if known is None:
            near = (
                [rule for rules in self._by_root.values() for rule in rules]
                if not kind
                else [*self._by_root.get((), ()), *self._by_root.get(kind[:1], ())]
            )
            known = self._known[kind] = []
            for rule in near:
                if self._meets(rule, kind):
                    known += self._decided(rule)
                elif _fills(self.places[rule.path], kind):
                    known += [one._replace(fills=True) for one in self._decided(rule)]
        return known

    def _meets(self, rule: Rule, kind: Steps) -> bool:
        place = self.places[rule.path]
        if fits(kind[: len(place)], place):
            return True
        # What lies inside an object or array with a rule of its own is that rule's matter.
        frames = self._above[rule.path]
        return fits(place[: len(kind)], kind) and not any(fits(frame[: len(kind)], kind) for frame in frames)

    def _decided(self, rule: Rule) -> Iterator[Influence]:
        place = self.places[rule.path]
        yield Influence((place, self.act(rule)), rule.path, place)
        if isinstance(rule, ListRule):
            # The longest of the paths that iterate makes the lines, whichever comes first.
            lines = [
                Influence((place, self._source(one.source)), one.path, self.places[one.path], makes_lines=True)
                for one in rule.fields
                if one.iterates
            ]
            yield from sorted(lines, key=lambda one: repr(one.act))

    def act(self, rule: Rule) -> object:
        """Tell what a rule does itself, apart from the rules below it."""
        if isinstance(rule, ListRule):
            return ("list", rule.keys)
        if isinstance(rule, ObjectRule):
            return ("object", rule.keys, self._source(rule.source), _exact(rule.default), rule.skip_empty)
        if isinstance(rule, ArrayRule):
            helpers = tuple(
                (self._source(one.source), one.children is None, _exact(one.default), one.skip_empty)
                for one in rule.helpers
            )
            return ("array", rule.keys, rule.data_type, _exact(rule.default), rule.skip_empty, helpers)
        return (
            rule.dialect,
            rule.keys,
            self._source(rule.source),
            rule.data_type,
            _exact(rule.default),
            rule.skip_empty,
            _lookup(rule.lookup),
            # Dates compare by their formats.
            rule.date,
        )

    def _source(self, source: Source) -> Any:
        if isinstance(source, PathSource):
            return (source.path.steps, source.path.rooted, source.first_only, self._compiled.is_envelope)
        if isinstance(source, TextSource):
            return _exact(source.value)
        if isinstance(source, TemplateSource):
            context = (self._compiled.dialect, self._compiled.is_envelope)
            return (source.template.source, context, tuple(self._lookups(source.template.source)))
        return ()

    def _lookups(self, template: str) -> Iterator[str | None]:
        """Give the lookups that a template asks; all of them when it computes a name."""
        if "lookup" not in template:
            return
        asks_any = bool(_COMPUTED_NAME.search(template))
        for lookup in self._compiled.lookups:
            if asks_any or str(lookup.get("name")) in template:
                yield _exact(lookup)


def _lookup(lookup: Lookup | None) -> object:
    if lookup is None:
        return None
    if lookup.table is None:
        return _exact(lookup.doc)
    return (_exact(lookup.table), _exact(lookup.default), lookup.allow_failures)


def _exact(value: object) -> str | None:
    """Write a value of a document so that true and 1, which Python takes for equal, are told apart."""
    return None if value is UNDEFINED else json.dumps(value, sort_keys=True, default=repr)
