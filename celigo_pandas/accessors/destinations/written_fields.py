"""Fields that an import writes and no record of a frame has: all their values are missing, and were left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import pandas as pd

from celigo_pandas.documents.map_answers import is_one_to_many
from celigo_pandas.documents.script_references import script_references
from celigo_pandas.errors import DocumentError
from celigo_pandas.frames.names import join_path, split_path

__all__ = ["with_left_out"]


def with_left_out(
    mapped: pd.DataFrame,
    current: pd.DataFrame,
    *,
    rows: pd.DataFrame,
    document: Mapping[str, Any],
    sep: str | None,
    columns: object = None,
) -> pd.DataFrame:
    """Return mapped records with an empty column for each field that they were left without and the destination has.

    A record that lacks a field differs from a row that has it, whether or not a record beside it has the field.

    Parameters
    ----------
    mapped : DataFrame
    current : DataFrame
        The rows of the destination.
    rows : DataFrame
        What was mapped.
    document : Mapping
        The import.
    sep : str, optional
        Separator by which names of `rows` are nested.
    columns : optional
        What fields are called at the destination, where it is a mapping.
    """
    if not len(mapped.columns):
        return mapped
    known = {head for name in map(str, mapped.columns) for head in _heads(name)}
    written = set(_written(rows, document, sep)) - known
    called = {there: name for name, there in columns.items()} if isinstance(columns, Mapping) else {}
    fields = (called.get(there, there) for there in map(str, current.columns))
    left_out = [field for field in dict.fromkeys(fields) if not written.isdisjoint(_heads(field))]
    if not left_out:
        return mapped
    empty = pd.DataFrame(None, index=mapped.index, columns=left_out, dtype=object)
    return pd.concat([mapped, empty], axis=1)


def _written(rows: pd.DataFrame, document: Mapping[str, Any], sep: str | None) -> Sequence[str]:
    """Return the fields that the rules write, or that pass through; of scripts nobody can tell."""
    from celigo_pandas.mapping.compile.compiled_mapping import compile_mapping
    from celigo_pandas.mapping.rules.rule_tree import ObjectRule, walk_places

    scripts = {reference.kind for reference in script_references(document)}
    try:
        tree = compile_mapping(document).tree
    except DocumentError:  # the server maps, and knows more
        return []
    if "postMap" in scripts or (not tree and (scripts & {"preMap", "transform"} or is_one_to_many(document))):
        return []
    if tree:
        places = [place for rule, place in walk_places(tree) if not isinstance(rule, ObjectRule)]
        names = [[step for step in place if isinstance(step, str)] for place in places]
        return [join_path(keys) for keys, place in zip(names, places, strict=True) if keys and len(keys) == len(place)]
    return [join_path(split_path(name, sep) if sep else (name,)) for name in map(str, rows.columns)]


def _heads(name: str) -> Iterator[str]:
    """Yield the names of the objects that a field is in, and its own."""
    yield from accumulate(name.split("."), "{}.{}".format)
