"""Format helpers: thousands, sizes, ordinals.

Source: the vendor's helper reference, "Format".
"""

from __future__ import annotations

import math
import re
from typing import Final

from celigo_pandas.handlebars.helpers.arithmetic import as_number, whole_number
from celigo_pandas.handlebars.helpers.encodings import utf8
from celigo_pandas.handlebars.helpers.helper import Helper
from celigo_pandas.javascript.date_formats import ordinal
from celigo_pandas.javascript.values import UNDEFINED, number_text, to_text, trim

__all__ = ["HELPERS"]

_PLAIN: Final = re.compile(r"([+-]?)([0-9]+)(\.[0-9]*)?\Z")
_INTEGER: Final = re.compile(r"-?[0-9]{1,15}\Z")
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def _add_commas(value: object) -> str:
    if as_number(value) != as_number(value):
        return ""
    text = trim(to_text(value))
    match = _PLAIN.match(text)
    if match is None:
        return text
    sign, whole, fraction = match.groups()
    head = len(whole) % 3 or 3
    groups = [whole[:head], *(whole[place : place + 3] for place in range(head, len(whole), 3))]
    return sign + ",".join(groups) + (fraction or "")


def _bytes(value: object, precision: object = UNDEFINED) -> str:
    size = as_number(value)
    if size != size:
        size = len(utf8(to_text(value)))
    try:
        number = float(size)
    except OverflowError:
        number = math.inf
    digits = min(max(whole_number(precision, 2), 0), 15)
    unit = 0
    while abs(number) >= 1000 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    number = _rounded(number, digits)
    if abs(number) >= 1000 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number_text(number)} {_UNITS[unit]}"


def _rounded(number: float, digits: int) -> float:
    if not math.isfinite(number):
        return number
    scaled = number * 10**digits
    return math.floor(scaled + 0.5) / 10**digits if math.isfinite(scaled) else number


def _ordinalize(value: object) -> str:
    text = to_text(value)
    if isinstance(value, (bool, list, tuple)) or not _INTEGER.match(text):
        return text
    number = int(text)
    return f"-{ordinal(-number)}" if number < 0 else ordinal(number)


HELPERS: Final = (
    Helper("addCommas", _add_commas),
    Helper("bytes", _bytes, 1, 2),
    Helper("ordinalize", _ordinalize),
)
