"""Whether two outputs are the same JSON: numbers by value, true is not 1, the order of keys does not count."""

from __future__ import annotations

__all__ = ["same"]


def same(a: object, b: object) -> bool:
    """Compare two JSON values, wherever they stand.

    Examples
    --------
    >>> same([1, {"a": 0}], [1.0, {"a": -0.0}]), same([1], [True])
    (True, False)
    """
    waiting = [(a, b)]
    while waiting:
        one, other = waiting.pop()
        if one is other:
            continue
        if type(one) is dict and type(other) is dict:
            if one.keys() != other.keys():
                return False
            waiting += [(value, other[key]) for key, value in one.items()]
        elif type(one) is list and type(other) is list:
            if len(one) != len(other):
                return False
            waiting += zip(one, other, strict=True)
        elif type(one) is bool or type(other) is bool or one != other:
            return False
    return True
