"""Mapping experiments on frames: suggest, coverage, diff, blame, report, frozen examples, verification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celigo_pandas.experiments.frozen import check_frozen
    from celigo_pandas.experiments.mapping import Mapping
    from celigo_pandas.experiments.surrounding_documents import diff_saved

__all__ = ["Mapping", "check_frozen", "diff_saved"]

if not TYPE_CHECKING:  # a checker would take any name for an Any

    def __getattr__(name: str) -> Any:
        if name == "Mapping":
            from celigo_pandas.experiments.mapping import Mapping

            return Mapping
        if name == "check_frozen":
            from celigo_pandas.experiments.frozen import check_frozen

            return check_frozen
        if name == "diff_saved":
            from celigo_pandas.experiments.surrounding_documents import diff_saved

            return diff_saved
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
