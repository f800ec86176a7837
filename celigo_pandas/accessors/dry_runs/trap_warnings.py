"""What is said of a mapping before it is used on a frame: see :mod:`celigo_pandas.mapping.explain.traps`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from celigo_pandas.documents.map_answers import is_one_to_many
from celigo_pandas.errors import CeligoError, HintWarning
from celigo_pandas.experiments.frame_records import fields_of
from celigo_pandas.frames.notices import notify_once
from celigo_pandas.mapping import compile_mapping
from celigo_pandas.mapping.explain.traps import find_traps, trap_texts

__all__ = ["warn_of_traps"]


def warn_of_traps(df: pd.DataFrame, document: Mapping[str, Any], sep: str | None) -> None:
    """Warn once of rules that most likely do not do what was meant; a mapping that cannot be read is told elsewhere."""
    try:
        compiled = compile_mapping(document)
    except CeligoError:
        return
    # Children of one-to-many, and what a hook or a transform makes of a record, have other fields than the frame.
    is_other = is_one_to_many(document) or document.get("hooks") or document.get("transform")
    fields = None if is_other else fields_of(df, sep)
    for text in trap_texts(find_traps(compiled, document, fields), fields, as_call=False):
        notify_once(text, HintWarning)
