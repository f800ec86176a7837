"""An answer with what its request tells of it."""

from __future__ import annotations

from typing import Any

from celigo_pandas.engine.adaptors.http.media import decode_any
from celigo_pandas.engine.adaptors.http.origins import shown_origin
from celigo_pandas.engine.adaptors.http.transport import Answer

__all__ = ["Received", "other_origin"]


class Received:
    """An answer, whether the connection's own origin gave it, and to what.

    ``asked`` compares requests, without what the credentials add; ``shown_url`` is what logs show of the URL;
    ``is_after_write`` says that a write was answered by 303 before, and this is where that led.
    """

    __slots__ = ("answer", "asked", "is_after_write", "is_own", "shown_url")

    def __init__(self, answer: Answer, is_own: bool, asked: tuple[Any, ...], shown_url: str | None) -> None:
        self.is_after_write = False
        self.answer = answer
        self.is_own = is_own
        self.asked = asked
        self.shown_url = shown_url

    def body(self, media: str) -> Any:
        """Return the parsed body, whatever it is; never raises."""
        return decode_any(self.answer.body, media, self.answer.headers.get("Content-Type", ""))


def other_origin(url: str) -> str:
    """Return the sentence that says why a request went without credentials."""
    return (
        f"{shown_origin(url)} is another origin than the connection's baseURI, "
        "so neither its credentials nor its headers were sent there."
    )
