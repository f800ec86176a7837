"""Many contexts at once: their fields as columns, and what a template's nodes do with columns.

A node that has no way of its own for columns is evaluated scope by scope, so that every template has one. All rows
share one :class:`Run`, whose limits are then reached early, never late: a batch that is refused is to be rendered one
by one, where the meaning of every node lies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, islice, repeat
from operator import not_
from typing import Any, Final

from celigo_pandas.handlebars.contexts import Rows
from celigo_pandas.handlebars.escaping import has_entities
from celigo_pandas.handlebars.helpers import Helper
from celigo_pandas.handlebars.rendering import Refusal, Run, Scope, member
from celigo_pandas.javascript.value_columns import number_texts
from celigo_pandas.javascript.values import UNDEFINED, Undefined, to_text

__all__ = [
    "Batch",
    "Contexts",
    "Fixed",
    "Many",
    "call_column",
    "choose",
    "each_scope",
    "joined",
    "text_column",
    "written",
]

Column = list[Any]
Many = Callable[["Batch"], Column]

_NOTHING: Final = frozenset({type(None), Undefined})
_NUMBERS: Final = frozenset({int, float})
_SIZED: Final = frozenset({str, list, dict, Rows})


class Contexts:
    """The contexts of many renderings, made when they are needed as a whole.

    Parameters
    ----------
    size : int
        How many there are.
    make : callable
        Makes all of them.
    read : callable, optional
        Gives the column of a context's member without making contexts, or None where it cannot.
    """

    def __init__(
        self, size: int, make: Callable[[], Sequence[Any]], read: Callable[[str], Column | None] | None = None
    ) -> None:
        self.size = size
        self._make = make
        self._read = read
        self._all: Sequence[Any] | None = None
        self._columns: dict[tuple[str, ...], Column] = {}

    def all(self) -> Sequence[Any]:
        """Every context."""
        if self._all is None:
            self._all = self._make()
        return self._all

    def column(self, parts: tuple[str, ...]) -> Column:
        """Read one path of plain names in every context; not to be changed."""
        column = self._columns.get(parts)
        if column is None:
            if len(parts) > 1:
                column = _members(self.column(parts[:-1]), parts[-1])
            else:
                column = None if self._read is None else self._read(parts[0])
                column = _members(self.all(), parts[0]) if column is None else column
            self._columns[parts] = column
        return column

    def pick(self, rows: Sequence[int]) -> Contexts:
        """Take some of the contexts."""

        def read(name: str) -> Column:
            column = self.column((name,))
            return [column[row] for row in rows]

        def make() -> Column:
            contexts = self.all()
            return [contexts[row] for row in rows]

        return Contexts(len(rows), make, read)


def _members(column: Sequence[Any], name: str) -> Column:
    try:
        return list(map(dict.get, column, repeat(name), repeat(UNDEFINED)))
    except TypeError:
        return [member(value, name) for value in column]


class Batch:
    """Contexts that are being rendered together."""

    def __init__(self, contexts: Contexts, run: Run) -> None:
        self.contexts = contexts
        self.size = contexts.size
        self.run = run
        self._scopes: list[Scope] | None = None

    def scopes(self) -> list[Scope]:
        """The outermost scope of each context."""
        if self._scopes is None:
            contexts = self.contexts.all()
            self._scopes = [Scope(context, None, {"root": context}, None, self.run) for context in contexts]
        return self._scopes

    def pick(self, rows: Sequence[int]) -> Batch:
        """Take some of the rows."""
        return Batch(self.contexts.pick(rows), self.run)


class Constant(list[Any]):
    """A column of the same value in every row."""


class Fixed:
    """The function of a batch that gives the same value in every row."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __call__(self, batch: Batch) -> Column:
        """Give the column."""
        return Constant([self.value] * batch.size)


def each_scope(one: Callable[[Scope], Any]) -> Many:
    """Make the function of a batch that evaluates a node scope by scope."""

    def evaluate(batch: Batch) -> Column:
        results, left = [], batch.run.limits.characters
        for scope in batch.scopes():
            batch.run.root = scope.context
            result = one(scope)
            left -= len(result) if type(result) is str else 0
            if left < 0:
                raise Refusal("it makes too much text")
            results.append(result)
        return results

    return evaluate


def text_column(column: Column) -> list[str]:
    """Write each value as :func:`to_text` does."""
    try:
        "".join(column)
    except TypeError:
        types = frozenset(map(type, column))
        if types <= _NUMBERS:
            return number_texts(column)
        if types <= _NOTHING | {str}:
            return [value or "" for value in column]
        return list(map(to_text, column))
    return column


def written(column: Column, escape: Callable[[Any], str]) -> list[str]:
    """Write each value as an escape does."""
    if escape is to_text:
        return text_column(column)
    texts = text_column(column)
    return list(map(escape, texts)) if has_entities(escape, "".join(texts)) else texts


def joined(columns: list[Many]) -> Many:
    """Make the function of a batch for statements one after the other."""

    def evaluate(batch: Batch) -> Column:
        found = [column(batch) for column in columns]
        return list(map("".join, zip(*found, strict=True)))

    return evaluate


def call_column(helper: Helper, arguments: list[Many]) -> Many:
    """Make the function of a batch that calls a helper for every row."""
    function, with_run, of_text = helper.function, helper.with_run, helper.of_text

    def evaluate(batch: Batch) -> Column:
        run = batch.run
        columns: list[Any] = [argument(batch) for argument in arguments]
        run.spend(batch.size + sum(map(_weight, columns)))
        if of_text is not None:
            texts = list(map(of_text, text_column(columns[0])))
            run.check_size(sum(map(len, texts)))
            return texts
        if helper.reads_root:
            columns.insert(0, _as_root(run, batch.contexts.all()))
        elif with_run:
            columns.insert(0, repeat(run))
        calls = map(function, *columns) if columns else (function() for _ in range(batch.size))
        results, left = [], run.limits.characters
        for result in islice(calls, batch.size):
            if type(result) is str:
                left -= len(result)
                if left < 0:
                    raise Refusal("it makes too much text")
            results.append(result)
        return results

    return evaluate


def _as_root(run: Run, contexts: Iterable[Any]) -> Iterator[Run]:
    for run.root in contexts:
        yield run


def _weight(column: Column) -> int:
    """Say what the sizes of values cost, rather too much than too little."""
    if type(column) is Constant:
        return len(column) * _weight(column[:1])
    try:
        return len("".join(column)) >> 5
    except TypeError:
        if _SIZED.isdisjoint(map(type, column)):
            return 0
        return sum(len(value) >> 2 for value in column if isinstance(value, (str, list, dict)))


def choose(test: Many, body: Many, inverse: Many) -> Many:
    """Make the function of a batch that renders one of two bodies, or neither where the answer is None."""
    if isinstance(body, Fixed) and isinstance(inverse, Fixed):
        yes, no = body.value, inverse.value
        return lambda batch: [yes if answer else "" if answer is None else no for answer in test(batch)]

    def evaluate(batch: Batch) -> Column:
        answers = test(batch)
        chosen = list(compress(range(batch.size), answers))
        if len(chosen) == batch.size:
            return body(batch)
        others = list(compress(range(batch.size), map(not_, answers)))
        if None in answers:
            others = [row for row in others if answers[row] is not None]
        texts = [""] * batch.size
        for rows, render in ((chosen, body), (others, inverse)):
            for row, text in zip(rows, render(batch.pick(rows)) if rows else (), strict=True):
                texts[row] = text
        return texts

    return evaluate
