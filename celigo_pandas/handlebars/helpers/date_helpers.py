"""Date helpers. A text without an offset is UTC here, whatever zone is written.

Source: the vendor's helper reference, "Date".
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from celigo_pandas.handlebars.helpers.helper import Helper
from celigo_pandas.handlebars.rendering import Run
from celigo_pandas.javascript.dates import DateError, compile_reader, compile_writer, read_zone
from celigo_pandas.javascript.values import UNDEFINED, to_number, to_text

__all__ = ["HELPERS"]

_INVALID: Final = "Invalid date"


@lru_cache(maxsize=512)
def _is_zone(name: str) -> bool:
    if len(name) < 3:
        return False
    try:
        read_zone(name)
    except DateError:
        return False
    return True


def _given(value: object) -> str | None:
    return to_text(value) or None


def _date_format(run: Run, *arguments: Any) -> str:
    return _formatted(run, *arguments) if arguments else _timestamp(run)


def _formatted(
    run: Run, out: object, value: object = UNDEFINED, form: object = UNDEFINED, zone: object = UNDEFINED
) -> str:
    if value is None or value is UNDEFINED or value == "":
        return ""
    read_as, place = _given(form), _given(zone)
    if read_as is not None and place is None and _is_zone(read_as):
        read_as, place = None, read_as
    write = compile_writer(_given(out), place)
    try:
        moment = compile_reader(read_as, None, run.now)(value)
    except DateError:
        return _INVALID
    return write(moment)


def _date_add(run: Run, value: object, milliseconds: object = UNDEFINED, zone: object = UNDEFINED) -> str:
    if value is None or value is UNDEFINED or value == "":
        return ""
    write = compile_writer(None, _given(zone), zoned_milliseconds=True)
    amount = 0 if milliseconds is UNDEFINED else to_number(milliseconds)
    try:
        return write(compile_reader(None, None, run.now)(value) + timedelta(milliseconds=int(amount)))
    except (DateError, ValueError, OverflowError):
        return _INVALID


def _timestamp(run: Run, form: object = UNDEFINED, zone: object = UNDEFINED) -> str:
    write_as, place = _given(form), _given(zone)
    if write_as is not None and place is None and _is_zone(write_as):
        write_as, place = None, write_as
    return compile_writer(write_as, place)(run.now())


HELPERS: Final = (
    Helper("dateFormat", _date_format, 0, 4, with_run=True),
    Helper("dateAdd", _date_add, 1, 3, with_run=True),
    Helper("timestamp", _timestamp, 0, 2, with_run=True),
    # The same, as older documents spell it.
    Helper("timeStamp", _timestamp, 0, 2, with_run=True),
)
