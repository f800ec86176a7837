"""Which rule writes which output cell, and what a rule does: the two things that a comparison of mappings asks.

A place in an output is a tuple of steps (keys, positions, WILDCARD for every element), so that a key with a dot or a
bracket in it is never taken for another place. What a rule does is told by a plain value that is equal for rules that
cannot differ in their result: where a rule stands is not part of it; a lookup that its template asks is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.compilation import CompiledMapping
from celigo_pandas.mapping.rules import (
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

__all__ = ["Cells", "Steps", "has_children", "kind_of_cell"]

Steps = tuple[Step, ...]
_COMPUTED_NAME: Final = re.compile(r"""\blookup\s+[^\s"']""")


def kind_of_cell(steps: Steps) -> Steps:
    """Leave out which elements: ``lines[2].sku`` is of the kind ``lines[*].sku``."""
    return tuple([WILDCARD if type(step) is int else step for step in steps])


class Cells:
    """The cells that the rules of a mapping write.

    Attributes
    ----------
    rules : dict
        Kind of cell to the rules that write it: several, where several helpers of an array make elements with the same
        keys. An array stands for itself and for its elements.
    places : dict
        Path of a rule or helper in the document to the cell it writes.
    """

    def __init__(self, compiled: CompiledMapping) -> None:
        self._compiled = compiled
        self.rules: dict[Steps, list[Rule]] = {}
        self.places: dict[str, Steps] = {}
        self._above: dict[str, tuple[Rule, ...]] = {}
        self._add(compiled.tree, (), ())

    def _add(self, rules: tuple[Rule, ...], outer: Steps, above: tuple[Rule, ...]) -> None:
        for rule in rules:
            place = kind_of_cell((*outer, *rule.keys))
            self.places[rule.path] = place
            self.rules.setdefault(place, []).append(rule)
            self._above[rule.path] = above
            inside, element = (*above, rule), (*place, WILDCARD)
            if isinstance(rule, ObjectRule):
                self._add(rule.children, place, inside)
            elif isinstance(rule, ArrayRule):
                for helper in rule.helpers:
                    self.places[helper.path] = place
                    self._add(helper.children or (), element, inside)
                self.rules.setdefault(element, [rule])
            elif isinstance(rule, ListRule):
                self._add((*rule.fields, *rule.children), element, inside)
                self.rules.setdefault(element, [rule])

    def owners(self, kind: Steps) -> tuple[Steps, list[Rule]] | None:
        """Find the rules that write a kind of cell: its own, else the nearest above it (one that copies an object).

        Returns
        -------
        tuple or None
            The cell of the rules (an array's own, not its elements') and the rules.
        """
        for length in range(len(kind), -1, -1):
            rules = self.rules.get(kind[:length])
            if rules is not None:
                return self.places[rules[0].path], rules
        return None

    def acts(self, place: Steps) -> list[Any]:
        """Tell what each rule of a cell does itself, apart from the rules below it."""
        return [self._act(rule) for rule in self.rules.get(place, ())]

    def causes(self) -> dict[Steps, list[Any]]:
        """Tell for each value that is written what decides it: its rules, and the rules they lie in.

        Objects and arrays with rules of their own below them are not listed.
        """
        found: dict[Steps, list[Any]] = {}
        for place, rules in self.rules.items():
            for rule in rules:
                if not has_children(rule) and self.places[rule.path] == place:
                    frames = tuple(map(self._frame, self._above[rule.path]))
                    found.setdefault(place, []).append((frames, self._act(rule)))
        return found

    def _act(self, rule: Rule) -> Any:
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

    def _frame(self, rule: Rule) -> Any:
        """Tell what decides the elements that the values inside a rule lie in."""
        if isinstance(rule, ListRule):
            # The longest of the paths that iterate makes the lines of a list.
            return (rule.keys, tuple(self._source(one.source) for one in rule.fields if _iterates(one.source)))
        return self._act(rule)

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


def has_children(rule: Rule) -> bool:
    """Whether other rules write inside what a rule makes."""
    if isinstance(rule, ArrayRule):
        return any(helper.children is not None for helper in rule.helpers)
    return isinstance(rule, (ObjectRule, ListRule))


def _iterates(source: Source) -> bool:
    return isinstance(source, PathSource) and source.path.has_wildcard


def _lookup(lookup: Lookup | None) -> Any:
    if lookup is None:
        return None
    if lookup.table is None:
        return _exact(lookup.doc)
    return (_exact(lookup.table), _exact(lookup.default), lookup.allow_failures)


def _exact(value: Any) -> str | None:
    """Write a value of a document so that true and 1, which Python takes for equal, are told apart."""
    return None if value is UNDEFINED else json.dumps(value, sort_keys=True, default=repr)
