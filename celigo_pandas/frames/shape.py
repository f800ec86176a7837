"""How records become rows: the options of a pull that concern its shape, checked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.frames.names import join_path, split_path

__all__ = ["Shape"]


@dataclass(frozen=True)
class Shape:
    """Options of a pull that say how records become rows and columns.

    Parameters
    ----------
    nested : {"flatten", "keep", "json"}
        Objects become ``parent.child`` columns, stay dicts, or become JSON text (lists too).
    sep : str
        Stands between the keys of a flattened name.
    explode : str, optional
        Path of a list: one row per element.
    grouped : {"rows", "keep"}
        What becomes of records that are lists of rows.
    columns : sequence of str, optional
        Keep these columns only; the name of an object stands for all columns below it.
    """

    nested: str = "flatten"
    sep: str = "."
    explode: str | None = None
    grouped: str = "rows"
    columns: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("nested", self.nested, ("flatten", "keep", "json")),
            ("grouped", self.grouped, ("rows", "keep")),
        ):
            if value not in allowed:
                raise ConfigError(f"{name}: got {shown(value)}; expected one of {', '.join(map(repr, allowed))}.")
        if not isinstance(self.sep, str) or not self.sep or "\\" in self.sep:
            raise ConfigError(f"sep: got {shown(self.sep)}; expected a text without a backslash.")
        if self.explode is not None and not isinstance(self.explode, str):
            raise ConfigError(f"explode: got {shown(self.explode)}; expected one path such as 'lines'.")

    @classmethod
    def of(cls, columns: Sequence[str] | None = None, **options: object) -> Shape:
        """Make a shape from the keywords of a public function."""
        if isinstance(columns, str):
            raise ConfigError(f"columns: got {shown(columns)}; expected a list of names.")
        return cls(columns=None if columns is None else tuple(columns), **options)  # type: ignore[arg-type]

    @property
    def flattens(self) -> bool:
        """Whether objects become columns of their own."""
        return self.nested == "flatten"

    @property
    def explode_keys(self) -> tuple[str, ...] | None:
        """The keys of the path to explode."""
        return None if self.explode is None else split_path(self.explode, self.sep)

    def name(self, path: tuple[str, ...]) -> str:
        """Return the column name of a path."""
        return join_path(path, self.sep) if self.flattens else path[0]

    @cached_property
    def _above(self) -> frozenset[tuple[str, ...]]:
        """The paths of the objects that hold a column asked for."""
        paths = [split_path(name, self.sep) for name in self.columns or ()]
        return frozenset(path[:size] for path in paths for size in range(1, len(path)))

    def may_want(self, path: tuple[str, ...]) -> bool:
        """Say whether a column, or one below it, can be among those asked for."""
        return self.columns is None or self.wants(path) or (self.flattens and path in self._above)

    def wants(self, path: tuple[str, ...]) -> bool:
        """Say whether a column is among those asked for."""
        if self.columns is None:
            return True
        return any(self.name(path[: size + 1]) in self.columns for size in range(len(path)))
