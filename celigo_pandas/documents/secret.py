"""The one holder of a secret text.

Its text leaves only through :meth:`Secret.reveal`, which the transport calls while it sends. It has no text form,
cannot be pickled or copied by value into a log, and compares in constant time.
"""

from __future__ import annotations

import hmac
from typing import Any, NoReturn

__all__ = ["MASK", "Secret"]

MASK = "******"
"""What the API shows in place of every stored secret (exactly six asterisks)."""


class Secret:
    """A text that shows itself to nobody who does not ask by name."""

    __slots__ = ("_reveal",)

    def __init__(self, text: str) -> None:
        # A closure, not an attribute: ``vars``, debuggers' locals and ``__slots__`` dumps show a function.
        def reveal() -> str:
            return text

        self._reveal = reveal

    def reveal(self) -> str:
        """Return the text. Call it only where it is sent, and keep it in no variable that outlives the call."""
        return self._reveal()

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __bool__(self) -> bool:
        return bool(self._reveal())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self), _bytes(other))

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret cannot be pickled. Let the other process read it from its own environment.")


def _bytes(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogatepass")
