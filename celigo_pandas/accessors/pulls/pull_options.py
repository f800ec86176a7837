"""The options of a pull, checked before anything is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.documents.counts import whole_number
from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.frames.arrays import check_backend
from celigo_pandas.frames.drift import check_expectation
from celigo_pandas.frames.exact_dtypes import dtype_of
from celigo_pandas.frames.shape import Shape

__all__ = ["PullOptions"]

_LOOKED_AT = 100


@dataclass(frozen=True)
class PullOptions:
    """Keywords of ``read_export`` and its kin that travel together.

    Raises
    ------
    ConfigError
        One of them cannot be.
    """

    shape: Shape = field(default_factory=Shape)
    page_size: Any = "auto"
    max_rows: int | None = None
    dtype: Any = None
    dtype_backend: str | None = None
    parse_dates: Any = ()
    expect: Any = None
    errors: str = "warn"
    consume: bool = False
    progress: ProgressSetting = None
    position: int | None = None

    def __post_init__(self) -> None:
        if self.page_size != "auto":
            self._set("page_size", whole_number("page_size", self.page_size, otherwise="'auto'"))
        if self.max_rows is not None:
            self._set("max_rows", whole_number("max_rows", self.max_rows, 0, otherwise="None"))
        check_backend(self.dtype_backend)
        self._set("parse_dates", _columns_of(self.parse_dates))
        _check_dtypes(self.dtype)
        check_expectation(self.expect, self.errors)

    @property
    def limit(self) -> int | None:
        """Most rows to read: of ``max_rows=0``, which asks for the columns alone, those that tell them."""
        return _LOOKED_AT if self.max_rows == 0 else self.max_rows

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def _columns_of(parse_dates: object) -> bool | tuple[Any, ...]:
    if parse_dates is True:
        return True
    if isinstance(parse_dates, str):
        return (parse_dates,)
    if parse_dates is None or parse_dates is False:
        return ()
    if not isinstance(parse_dates, Iterable):
        raise ConfigError(f"parse_dates: got {shown(parse_dates)}; expected True, False or a list of names.")
    return tuple(parse_dates)


def _check_dtypes(dtype: object) -> None:
    kinds = dict(dtype) if isinstance(dtype, Mapping) else {} if dtype is None else {"": dtype}
    for name, kind in kinds.items():
        try:
            dtype_of(kind)
        except (TypeError, ValueError, ImportError) as error:
            where = f" for column {name!r}" if isinstance(dtype, Mapping) else ""
            raise ConfigError(f"dtype{where}: got {shown(kind)}; expected a dtype ({error}).") from error
