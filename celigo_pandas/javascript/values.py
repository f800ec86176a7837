"""Values as JavaScript sees them: text, numbers, truth, comparison, JSON text.

The platform runs templates, filters and mappings on Node, and its rules show: ``1.0`` prints as ``1``, a list joins
with commas, ``"9" > "10"`` is true, and an object lists its whole-number keys first. Everything here is a pure
function of plain JSON values (``None, bool, int, float, str, list, dict``) and of :data:`UNDEFINED`. Texts are Python
strings whose lengths and positions are counted in UTF-16 units where that shows.

This is the face of ``primitives``, ``comparison``, ``json_texts`` and ``units``.
"""

from __future__ import annotations

from celigo_pandas.javascript.comparison import compare, less_than, loose_equal, strict_equal
from celigo_pandas.javascript.json_texts import json_text, ordered_keys
from celigo_pandas.javascript.primitives import (
    BLANKS,
    UNDEFINED,
    Undefined,
    js_text,
    number_text,
    to_number,
    to_text,
    trim,
    truthy,
    type_of,
)
from celigo_pandas.javascript.units import join_units, split_units, utf16_length, utf16_slice

__all__ = [
    "BLANKS",
    "UNDEFINED",
    "Undefined",
    "compare",
    "join_units",
    "js_text",
    "json_text",
    "less_than",
    "loose_equal",
    "number_text",
    "ordered_keys",
    "split_units",
    "strict_equal",
    "to_number",
    "to_text",
    "trim",
    "truthy",
    "type_of",
    "utf16_length",
    "utf16_slice",
]
