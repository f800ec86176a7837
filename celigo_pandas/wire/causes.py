"""What an exception of a library wraps: what happened on the socket lies several exceptions down."""

from __future__ import annotations

__all__ = ["chain", "root"]

_DEEPEST = 6


def chain(error: BaseException) -> list[BaseException]:
    """Collect an exception and everything it wraps: causes, contexts, reasons, arguments."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop()
        if isinstance(link, BaseException) and not any(link is known for known in found):
            found.append(link)
            waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    return found


def root(error: BaseException) -> BaseException:
    """Follow ``reason`` and first arguments down to what happened first, which the library has wrapped."""
    for _ in range(_DEEPEST):
        wrapped = [getattr(error, "reason", None), *error.args]
        inner = next((part for part in wrapped if isinstance(part, BaseException)), None)
        if inner is None:
            return error
        error = inner
    return error
