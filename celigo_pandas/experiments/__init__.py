"""Mapping experiments on frames: suggest, coverage, diff, blame, report, frozen examples, verification."""

from celigo_pandas.experiments.frozen import check_frozen
from celigo_pandas.experiments.mapping import Mapping
from celigo_pandas.experiments.surrounding_documents import diff_saved

__all__ = ["Mapping", "check_frozen", "diff_saved"]
