"""Records to DataFrames and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celigo_pandas.frames.nesting import nest
    from celigo_pandas.frames.reading import frame_of

__all__ = ["frame_of", "nest"]

if not TYPE_CHECKING:  # a checker would take any name for an Any

    def __getattr__(name: str) -> Any:
        if name == "nest":
            from celigo_pandas.frames.nesting import nest

            return nest
        if name == "frame_of":
            from celigo_pandas.frames.reading import frame_of

            return frame_of
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
