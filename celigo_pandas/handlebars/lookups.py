"""``lookup``: a static lookup by its name, or Handlebars' own reading of a member.

Source: the vendor's pages on lookups and on the ``lookup`` helper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from celigo_pandas.errors import Problem, TemplateError, shown
from celigo_pandas.handlebars.context_columns import Batch, Many
from celigo_pandas.handlebars.rendering import Refusal, Run, Scope, failure, member
from celigo_pandas.handlebars.syntax import Call, Literal
from celigo_pandas.javascript.values import UNDEFINED, js_text, to_text, truthy

__all__ = ["by_name", "compile_lookup", "lookup_column"]

Value = Callable[[Scope], Any]


def by_name(lookups: Iterable[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """Index lookup documents by their names; a mapping is taken as indexed already."""
    if isinstance(lookups, Mapping):
        return lookups
    return {str(lookup.get("name")): lookup for lookup in lookups or () if isinstance(lookup, Mapping)}


def compile_lookup(call: Call, arguments: list[Value], source: str) -> Value:
    """Compile ``(lookup a b)``."""
    is_name = bool(call.params) and isinstance(call.params[0], Literal) and call.params[0].kind == "text"

    def evaluate(scope: Scope) -> object:
        target = arguments[0](scope) if arguments else True
        if len(arguments) != 2:
            if not truthy(target):
                return target
            why = Refusal("it takes the name of a lookup, or an object, and a key")
            raise failure(source, call.position, "The helper 'lookup'", why)
        key = arguments[1](scope)
        if isinstance(target, str) and (is_name or target in scope.run.lookups):
            return _look_up(scope.run, target, key, source, call.position)
        return member(target, js_text(key)) if truthy(target) else target

    return evaluate


def lookup_column(call: Call, keys: Many, source: str) -> Many | None:
    """Make the function of a batch for a lookup by a name written in the template; None for any other."""
    target = call.params[0] if len(call.params) == 2 else None
    if not isinstance(target, Literal) or target.kind != "text" or not target.value:
        return None
    name, position = str(target.value), call.position

    def evaluate(batch: Batch) -> list[Any]:
        run = batch.run
        table = run.lookups.get(name, {}).get("map")
        known = table if type(table) is dict else {}
        return [
            known[key] if type(key) is str and key in known else _look_up(run, name, key, source, position)
            for key in keys(batch)
        ]

    return evaluate


def _look_up(run: Run, name: str, key: object, source: str, position: int) -> object:
    lookup = run.lookups.get(name)
    if lookup is None:
        if run.dynamic is not None:
            found = run.dynamic_lookup(name)
            if found is not UNDEFINED:
                return found
        why = Refusal(f"no lookup is called {shown(name)}", f"Known: {', '.join(sorted(run.lookups)) or 'none'}.")
        raise failure(source, position, "The helper 'lookup'", why)
    if key is None or key is UNDEFINED:
        return UNDEFINED
    table = lookup.get("map")
    if not isinstance(table, Mapping):
        return run.dynamic_lookup(name)
    text = to_text(key)
    if text in table:
        return table[text]
    if lookup.get("allowFailures"):
        return lookup.get("default", UNDEFINED)
    problem = Problem("lookup_no_match", f"Lookup {shown(name)} has no entry for {shown(text)}.", source="lookup")
    raise TemplateError(
        problem.message,
        template=source,
        position=position,
        problems=(problem,),
        hint="Add the entry, or set allowFailures with a default.",
    )
