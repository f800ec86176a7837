"""Math helpers: numbers or numeric text in, JavaScript's doubles out; anything else counts as NaN.

Source: the vendor's helper reference, "Math"; the ECMAScript specification for ``toFixed`` and its like.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from celigo_pandas.errors import shown
from celigo_pandas.handlebars.helpers.helper import Helper
from celigo_pandas.handlebars.rendering import Refusal, Run
from celigo_pandas.javascript.values import UNDEFINED, number_text, to_number, to_text, trim

__all__ = ["HELPERS", "as_number", "whole_number"]

Number = int | float
_EXACT: Final = 2**53
_FARTHEST: Final = 10**9
_MAX_RANDOM: Final = 10_000
_ALPHABETS: Final = {
    # Shown results are hexadecimal, although the reference says letters and digits.
    "crypto": "0123456789abcdef",
    "uuid": "0123456789abcdef",
    "number": string.digits,
}
# Enough for every digit of every double, so that a tie is decided on the exact binary value.
_DIGITS: Final = Context(prec=1200, rounding=ROUND_HALF_UP)


def as_number(value: object) -> Number:
    """Read a number or numeric text; NaN for anything else, empty text and booleans too."""
    if isinstance(value, bool):
        return math.nan
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and trim(value):
        return to_number(value)
    return math.nan


def whole_number(value: object, default: int) -> int:
    """Read a count: cut to a whole number, `default` where it is none."""
    if type(value) is int and -_FARTHEST <= value <= _FARTHEST:
        return value
    number = as_number(value)
    if number != number:
        return default
    return int(max(-_FARTHEST, min(_FARTHEST, _double(number))))


def _double(number: Number) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _tidy(number: Number) -> Number:
    return number if isinstance(number, float) or -_EXACT <= number <= _EXACT else _double(number)


def _numbers(values: tuple[Any, ...]) -> Iterator[Number]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _numbers(tuple(value))
        else:
            yield as_number(value)


def _total(*values: Any) -> Number:
    total: Number = 0
    for number in _numbers(values):
        total = _tidy(total + (number if isinstance(number, int) else _double(number)))
    return total


def _average(*values: Any) -> Number:
    numbers = list(_numbers(values))
    return _double(_total(*values)) / len(numbers) if numbers else math.nan


def _subtract(a: object, b: object) -> Number:
    return _tidy(_small(a) - _small(b))


def _multiply(a: object, b: object) -> Number:
    return _tidy(_small(a) * _small(b))


def _small(value: object) -> Number:
    """Read a number as JavaScript would hold it: ints only while they are exact."""
    return _tidy(as_number(value))


def _divide(a: object, b: object) -> Number:
    left, right = _double(as_number(a)), _double(as_number(b))
    if right:
        return left / right
    if left != left or right != right or left == 0:
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _modulo(a: object, b: object) -> Number:
    left, right = _double(as_number(a)), _double(as_number(b))
    if left != left or right != right or right == 0 or math.isinf(left):
        return math.nan
    return math.fmod(left, right)


def _rounding(function: Callable[[float], int]) -> Callable[[Any], Number]:
    def apply(value: object) -> Number:
        number = as_number(value)
        if isinstance(number, int) or not math.isfinite(number):
            return number
        return function(number)

    return apply


def _round_half_up(number: float) -> int:
    low = math.floor(number)
    return low if number - low < 0.5 else low + 1


def _absolute(value: object) -> Number:
    return abs(as_number(value))


def _random(run: Run, kind: object = UNDEFINED, length: object = UNDEFINED) -> str:
    if length is UNDEFINED and as_number(kind) == as_number(kind):
        kind, length = UNDEFINED, kind
    name = "crypto" if kind is UNDEFINED else to_text(kind).lower()
    if name not in _ALPHABETS:
        raise Refusal(f"no kind of random text is called {shown(name)}", "Use crypto, uuid or number.")
    count = whole_number(length, 32)
    if not 0 <= count <= _MAX_RANDOM:
        raise Refusal(f"a random text of {count} characters cannot be made; at most {_MAX_RANDOM}")
    alphabet = _ALPHABETS[name]
    return "".join([alphabet[run.random(len(alphabet))] for _ in range(count)])


# Numbers to text, as Number.prototype does


def _digits_argument(value: object, low: int, default: int) -> int:
    count = whole_number(value, default)
    if not low <= count <= 100:
        raise Refusal(f"a number of digits from {low} to 100 is needed, not {shown(value)}")
    return count


def _special(number: float) -> str | None:
    return number_text(number) if not math.isfinite(number) else None


def _to_fixed(value: object, digits: object = UNDEFINED) -> str:
    count = _digits_argument(digits, 0, 0)
    number = _double(as_number(value))
    special = _special(number)
    if special is not None:
        return special
    if abs(number) >= 1e21:
        return number_text(number)
    exact = Decimal(abs(number)).quantize(Decimal(1).scaleb(-count), context=_DIGITS)
    return ("-" if number < 0 else "") + format(exact, "f")


def _significant(number: float, count: int) -> tuple[str, int]:
    """Round to `count` digits; give them and the power of ten of the first."""
    if number == 0:
        return "0" * count, 0
    exact = Decimal(number)
    power = exact.adjusted()
    rounded = exact.quantize(Decimal(1).scaleb(power - count + 1), context=_DIGITS)
    if rounded.adjusted() > power:
        power += 1
        rounded = rounded.quantize(Decimal(1).scaleb(power - count + 1), context=_DIGITS)
    return "".join(map(str, rounded.as_tuple().digits)), power


def _exponential(digits: str, power: int) -> str:
    head = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{head}e{'-' if power < 0 else '+'}{abs(power)}"


def _to_exponential(value: object, digits: object = UNDEFINED) -> str:
    number = _double(as_number(value))
    special = _special(number)
    if special is not None:
        return special
    sign = "-" if number < 0 else ""
    if digits is UNDEFINED or digits is None:
        shortest = Decimal(repr(abs(number))).normalize()
        text = "".join(map(str, shortest.as_tuple().digits))
        return sign + _exponential(text, shortest.adjusted() if number else 0)
    count = _digits_argument(digits, 0, 0)
    return sign + _exponential(*_significant(abs(number), count + 1))


def _to_precision(value: object, precision: object = UNDEFINED) -> str:
    number = _double(as_number(value))
    if precision is UNDEFINED or precision is None or not math.isfinite(number):
        return number_text(number)
    count = _digits_argument(precision, 1, 0)
    sign = "-" if number < 0 else ""
    digits, power = _significant(abs(number), count)
    if power < -6 or power >= count:
        return sign + _exponential(digits, power)
    if power == count - 1:
        return sign + digits
    if power >= 0:
        return f"{sign}{digits[: power + 1]}.{digits[power + 1 :]}"
    return f"{sign}0.{'0' * (-power - 1)}{digits}"


HELPERS: Final = (
    Helper("abs", _absolute),
    Helper("ceil", _rounding(math.ceil)),
    Helper("floor", _rounding(math.floor)),
    Helper("round", _rounding(_round_half_up)),
    Helper("add", _total, 1, None),
    Helper("sum", _total, 1, None),
    Helper("subtract", _subtract, 2, 2),
    Helper("multiply", _multiply, 2, 2),
    Helper("divide", _divide, 2, 2),
    Helper("modulo", _modulo, 2, 2),
    Helper("avg", _average, 1, None),
    Helper("random", _random, 0, 2, with_run=True),
    Helper("toFixed", _to_fixed, 1, 2),
    Helper("toExponential", _to_exponential, 1, 2),
    Helper("toPrecision", _to_precision, 1, 2),
)
