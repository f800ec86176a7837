"""Mapped columns beside the columns of the input that they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

import numpy as np
import pandas as pd

from celigo_pandas.errors import CeligoError
from celigo_pandas.frames.names import split_path
from celigo_pandas.frames.outward_columns import as_objects
from celigo_pandas.frames.outward_values import Unsendable, plain_value
from celigo_pandas.frames.side_by_side import pair_texts, type_change
from celigo_pandas.mapping import CompiledMapping, compile_mapping
from celigo_pandas.mapping.explain.coverage import fields_read
from celigo_pandas.mapping.rules.rule_tree import walk_places
from celigo_pandas.markup import Markup, tag

__all__ = ["compared", "comparison_html", "sources_of"]

Keys = tuple[str, ...]

_AFTER, _CHANGED, _TYPE = "after", "changed", "type_change"


def sources_of(
    document: Mapping[str, Any], before: pd.DataFrame, after: pd.DataFrame, sep: str | None
) -> dict[Any, list[Any]]:
    """Name, for each mapped column, the columns of the input that its rules read.

    Parameters
    ----------
    document : Mapping
        Import document. Of one without a mapping, or whose mapping only a server can evaluate, columns of the same
        name belong together.
    before, after : DataFrame
        The input, and what was mapped.
    sep : str or None
        Separator by which the names of the input are nested.
    """
    known = {name: _keys(name, sep) for name in before.columns}
    try:
        compiled: CompiledMapping | None = compile_mapping(document)
    except CeligoError:
        compiled = None
    if compiled is None or not compiled.rules:
        return {name: [name] if name in known else [] for name in after.columns}
    written: list[tuple[Keys, list[Any]]] = []
    for rule, place in walk_places(compiled.tree):
        names = tuple(takewhile(lambda step: isinstance(step, str), place))
        found = [name for keys in fields_read(rule, compiled) for name in _meeting(keys, known)]
        written.append((names, found))  # type: ignore[arg-type]
    separator = (after.attrs.get("celigo") or {}).get("flatten")
    sources = {}
    for name in after.columns:
        keys = _keys(name, separator)
        sources[name] = list(dict.fromkeys(one for place, found in written if _meets(keys, place) for one in found))
    return sources


def _keys(name: object, sep: str | None) -> Keys:
    return split_path(name, sep) if sep and isinstance(name, str) else (str(name),)


def _meeting(read: Sequence[Any], known: Mapping[Any, Keys]) -> Iterable[Any]:
    """Give the columns that a path reads: the one it names, those below it, or the one whose value it goes into."""
    return [name for name, keys in known.items() if read and _meets(tuple(read), keys)]


def _meets(one: Keys, other: Keys) -> bool:
    shorter = min(len(one), len(other))
    return shorter > 0 and one[:shorter] == other[:shorter]


def compared(before: pd.DataFrame, after: pd.DataFrame, sources: Mapping[Any, Sequence[Any]]) -> pd.DataFrame:
    """Lay each mapped column beside its sources; see :meth:`celigo_pandas.DryRun.compare`.

    Parameters
    ----------
    before, after : DataFrame
        Row by row: what each row of `after` was made of.
    sources : Mapping
        As :func:`sources_of` gives it.
    """
    columns: dict[tuple[Any, Any], np.ndarray] = {}
    for name in after.columns:
        for source in sources[name]:
            columns[name, _label(source)] = as_objects(before[source])
        columns[name, _AFTER] = as_objects(after[name])
        olds, new = [_sent(before[source]) for source in sources[name]], _sent(after[name])
        rows = list(zip(*olds, strict=True)) or [()] * len(new)
        columns[name, _CHANGED] = np.fromiter(
            (not any(_same(old, value) for old in row) for row, value in zip(rows, new, strict=True)), bool, len(new)
        )
        if len(olds) == 1:
            types = np.fromiter(map(type_change, olds[0], new), object, len(new))
            if any(types):
                columns[name, _TYPE] = types
    # Objects stay objects: Arrow's texts, which pandas would make of them, hold no lone surrogate.
    held = (pd.Series(values, index=after.index, dtype=values.dtype) for values in columns.values())
    frame = pd.DataFrame(dict(enumerate(held)), index=after.index)
    levels = [pd.Index(level, dtype=object) for level in zip(*columns, strict=True)] or [[], []]
    frame.columns = pd.MultiIndex.from_arrays(levels, names=["field", None])
    return frame


def _label(source: object) -> object:
    return f"{source} (input)" if source in (_AFTER, _CHANGED, _TYPE) else source


def comparison_html(before: pd.DataFrame, after: pd.DataFrame, sources: Mapping[Any, Sequence[Any]]) -> Markup:
    """Write rows as a table: each mapped column under its name, to the right of its sources, with a mark on changes."""
    frame = compared(before, after, sources)
    above, below, cells = [tag("th")], [tag("th")], [[tag("th", label)] for label in after.index]
    for name in after.columns:
        known = [_label(source) for source in sources[name]]
        above.append(tag("th", name, colspan=len(known) + 1, style=_EDGE))
        below += [tag("th", source, style=_SOURCE if place else _SOURCE + _EDGE) for place, source in enumerate(known)]
        below.append(tag("th", "→" if known else "constant", style=_MAPPED if known else _SOURCE + _EDGE))
        for place, row in enumerate(cells):
            values = [_sent_value(frame[name, source].iloc[place]) for source in known]
            new, changed = _sent_value(frame[name, _AFTER].iloc[place]), bool(frame[name, _CHANGED].iloc[place])
            texts = [pair_texts(value, new) for value in values]
            row += [
                tag("td", "" if value is None else text[0], style=_SOURCE if number else _SOURCE + _EDGE)
                for number, (value, text) in enumerate(zip(values, texts, strict=True))
            ]
            written = "" if new is None else (texts[0] if len(texts) == 1 else pair_texts(new, new))[1]
            row.append(tag("td", tag("ins", written, style=_NEW) if changed and written else written,
                           style=_MAPPED if known else _MAPPED + _EDGE))  # fmt: skip
    head = tag("thead", tag("tr", *above), tag("tr", *below))
    return tag("table", head, tag("tbody", *(tag("tr", *row) for row in cells)), style="border-collapse:collapse")


_EDGE = ";text-align:left;padding:.2em .7em;border-left:1px solid var(--jp-border-color2,#bbb)"
_SOURCE = "text-align:left;padding:.2em .7em;font-weight:normal;color:var(--jp-ui-font-color2,#777)"
_MAPPED = "text-align:left;padding:.2em .7em"
_NEW = "text-decoration:none;color:var(--jp-success-color0,#1b7f3b)"


def _sent(column: pd.Series) -> list[Any]:
    """Give the values as a push sends them and the mapping saw them: times as text, None for what is missing."""
    return [_sent_value(value) for value in as_objects(column)]


def _sent_value(value: object) -> object:
    try:
        return plain_value(value)
    except (Unsendable, RecursionError):  # an answer may hold what no request can: 1e999, or a very deep list
        return value


def _same(old: object, new: object) -> bool:
    return not type_change(old, new) and bool(old == new)
