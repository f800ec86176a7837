"""Options that are numbers, of whatever library: numpy's integers come out of every frame."""

from __future__ import annotations

from numbers import Integral, Real

from celigo_pandas.errors import ConfigError, shown

__all__ = ["as_integer", "as_number", "whole_number"]


def as_integer(value: object) -> int | None:
    """Return an integer of any kind as an ``int``; None for everything else, truth values too."""
    return None if isinstance(value, bool) or not isinstance(value, Integral) else int(value)


def as_number(value: object) -> float | None:
    """Return a real number of any kind as a ``float``; None for everything else, truth values too."""
    return None if isinstance(value, bool) or not isinstance(value, Real) else float(value)


def whole_number(name: str, value: object, least: int = 1, *, most: int | None = None, otherwise: str = "") -> int:
    """Return an option as an ``int``.

    Parameters
    ----------
    name : str
        For the message.
    value : object
    least, most : int
        Bounds, both inclusive.
    otherwise : str
        What else the option takes, for the message.

    Raises
    ------
    ConfigError
        It is no integer within the bounds.

    Examples
    --------
    >>> whole_number("batch_size", 5)
    5
    """
    number = as_integer(value)
    if number is None or number < least or (most is not None and number > most):
        bounds = f"of {least} or more" if most is None else f"from {least} to {most}"
        alternative = f"{otherwise} or " if otherwise else ""
        raise ConfigError(f"{name}: got {shown(value)}; expected {alternative}a whole number {bounds}.")
    return number
