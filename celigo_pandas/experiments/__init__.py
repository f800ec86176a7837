"""Mapping experiments on frames: suggest, coverage, diff, blame, report, frozen examples, verification."""

from celigo_pandas.experiments.documents import diff_saved
from celigo_pandas.experiments.frozen import check_frozen
from celigo_pandas.experiments.rules import Mapping

__all__ = ["Mapping", "check_frozen", "diff_saved"]
