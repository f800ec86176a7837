"""The keys by which rows of two frames find each other."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import pandas as pd

from celigo_pandas.errors import FrameError
from celigo_pandas.frames.likeness import Opaque, nearness
from celigo_pandas.frames.normalizing import Normalizers
from celigo_pandas.frames.outward_columns import as_objects

__all__ = ["KeyIndex", "near_each_other", "near_keys", "row_keys"]


class KeyIndex:
    """Where each key stands among some keys; keys that are missing stand nowhere."""

    def __init__(self, keys: Sequence[Hashable | None]) -> None:
        self._places: dict[Hashable, int] = {}
        self._more: dict[Hashable, int] = {}
        for place, key in enumerate(keys):
            if key is None:
                continue
            if key in self._places:
                self._more[key] = self._more.get(key, 1) + 1
            else:
                self._places[key] = place

    def __contains__(self, key: Hashable | None) -> bool:
        return key in self._places

    def place(self, key: Hashable | None) -> int | None:
        """Return the first place of a key."""
        return self._places.get(key) if key is not None else None

    def count(self, key: Hashable | None) -> int:
        """Return how often a key stands there."""
        return self._more.get(key, 1) if key in self._places else 0

    @property
    def repeated(self) -> int:
        """How many keys stand there more than once."""
        return len(self._more)


def row_keys(
    df: pd.DataFrame, columns: Sequence[tuple[str, str]], normal: Normalizers, where: str
) -> list[Hashable | None]:
    """Return the key of each row, None where a part of it is missing.

    Parameters
    ----------
    df : DataFrame
    columns : sequence of (str, str)
        Name of each part of the key, and its column in `df`.
    normal : Normalizers
        By the names of the parts.
    where : str
        What `df` is, for an error.

    Raises
    ------
    FrameError
        A value that cannot be compared.
    """
    parts = []
    for name, column in columns:
        like = normal.of(name)
        one: dict[Hashable, Hashable] = {}  # of equal parts one is kept: most columns of a longer key repeat
        likes = [one.setdefault(found, found) for found in map(like, as_objects(df[column]).tolist())]
        for place, value in enumerate(likes):
            if isinstance(value, Opaque):
                raise FrameError(
                    f"key: column {column!r} of {where} holds a value of type {value.kind} in row {df.index[place]!r}, "
                    "which cannot be compared; expected texts, numbers, dates.",
                    column=column,
                    row=df.index[place],
                )
        parts.append(likes)
    if len(parts) == 1:
        return parts[0]
    return [None if None in key else key for key in zip(*parts, strict=True)]


def near_keys(keys: Sequence[Hashable | None], others: Sequence[Hashable | None]) -> dict[int, int]:
    """Find, for each of `keys`, a place in `others` whose key some database would take for the same.

    Returns
    -------
    dict
        Place in `keys` → place in `others`; keys that have nothing near are not in it.
    """
    sought: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        if key is not None:
            sought.setdefault(nearness(key), []).append(place)
    found: dict[int, int] = {}
    if not sought:
        return found
    for place, key in enumerate(others):
        if key is not None:
            for one in sought.get(nearness(key), ()):
                found.setdefault(one, place)
    return found


def near_each_other(keys: Sequence[Hashable | None]) -> dict[int, int]:
    """Find, for each of some distinct keys, the place of another one that some database would take for the same."""
    places: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        if key is not None:
            places.setdefault(nearness(key), []).append(place)
    groups = (group for group in places.values() if len(group) > 1)
    return {place: group[1 if place == group[0] else 0] for group in groups for place in group}
