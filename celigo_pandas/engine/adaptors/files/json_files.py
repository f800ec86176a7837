"""JSON files: an array, an object that holds one at a path, or a document a line; read record by record.

Facts: integrator-api.md, section 4.4, and the vendor's schema of ``file.json``: ``resourcePath`` has names and dots
only, leads to an array of objects, and finds no records, without an error, where there is nothing. A name with dots in
it wins over a path, as everywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO, NoReturn

from celigo_pandas.engine.adaptors.files.formats import (
    MOST_NAMES,
    RECORD_BYTES,
    FormatError,
    NothingFound,
    names_text,
    text_stream,
    undecodable,
)
from celigo_pandas.engine.adaptors.protocol import Record
from celigo_pandas.engine.texts import json_text

__all__ = ["JsonText", "path_names", "read_json", "write_json"]

_PIECE = 1 << 17
_BLANK = re.compile(r"[ \t\r\n]*")
_DIGITS = frozenset("0123456789")
_NUMBER = frozenset("0123456789+-.eE")
_DEEP = 100
_TOKEN = 16
"""No token but a text or a number is longer."""


def path_names(path: str) -> tuple[str, ...]:
    """Return the names of a ``json.resourcePath``.

    Raises
    ------
    ValueError
        It holds what the platform does not take: indices, wildcards, empty names.
    """
    if not path:
        return ()
    names = tuple(path.split("."))
    if any(not name or set(name) & set("[]*") for name in names):
        raise ValueError(f"json.resourcePath {path!r:.80} is not names with dots between them, like 'response.items'")
    return names


def read_json(
    stream: BinaryIO, path: Sequence[str] = (), encoding: str = "utf8", look: Callable[[], None] = lambda: None
) -> Generator[Record, None, None]:
    """Yield the records of a file.

    Parameters
    ----------
    stream : binary file
        Read once; one record is held at a time.
    path : sequence of str
        Names that lead to the records. Without them an array is its elements, an object is one record, and several
        documents after one another are a record each.

    Raises
    ------
    FormatError
        The file is no JSON, also behind the last record; with the line.
    NothingFound
        At the end of a file in which the path leads nowhere; a null on its way is a place without records.
    """
    text = JsonText(partial(text_stream(stream, encoding, look).read, _PIECE), encoding)
    if text.peek() is None:
        raise FormatError("it is empty, which is no JSON", line=1)
    instead: str | None = None
    if path:
        instead = yield from _at_path(text, tuple(path))
    elif text.peek() == "[":
        yield from map(_record, text.elements())
    else:
        while text.peek() is not None:
            yield _record(text.value())
    if text.peek() is not None:
        raise text.error("the document has ended before this")
    if instead is not None:
        raise NothingFound(f"json.resourcePath {'.'.join(path)!r:.80} finds nothing: there is {instead}")


def write_json(records: Iterable[Any]) -> Iterator[str]:
    """Yield the text of a JSON array, a record a line."""
    begun = False
    for record in records:
        yield (",\n" if begun else "[\n") + json_text.dump(record).decode("utf-8", "surrogatepass")
        begun = True
    yield "\n]\n" if begun else "[]\n"


def _record(value: object) -> Record:
    # Assumed: a scalar, which cannot be a record, is put under "value", as in an answer of an HTTP service.
    return value if isinstance(value, (dict, list)) else {"value": value}


def _at_path(text: JsonText, path: tuple[str, ...]) -> Generator[Record, None, str | None]:
    """Yield what lies at a path; everything else is read too, so that a broken file shows.

    Returns what is there instead, or None where the path leads somewhere.
    """
    begins = text.peek()
    if begins != "{":
        text.skip()
        return None if begins == "n" else "a list" if begins == "[" else "a value without names"
    names: list[str] = []
    instead: str | None = ""
    taken: set[str] = set()
    for name in text.members():
        if len(names) <= MOST_NAMES:
            names.append(name)
        size = _steps_in(name, path)
        if not size:
            text.skip()
            continue
        if name in taken:
            raise text.error(f"the name {name!r} is there twice")
        taken.add(name)
        deeper = yield from _at_path(text, path[size:]) if path[size:] else _all_of(text)
        if deeper is None and instead is None:
            raise text.error(f"{'.'.join(path)!r} leads to two places")
        instead = deeper if instead is not None else None
    return instead if instead is None else instead or names_text(names)


def _steps_in(name: str, path: tuple[str, ...]) -> int:
    """Return how many steps of a path a name is: one, or with its dots several; none where it is another."""
    size = name.count(".") + 1
    return size if name == ".".join(path[:size]) else 0


def _all_of(text: JsonText) -> Generator[Record, None, None]:
    """Yield the records of the place that a path leads to."""
    if text.peek() == "[":
        yield from map(_record, text.elements())
    else:
        value = text.value()
        if value is not None:
            yield _record(value)


class JsonText:
    """The text of a JSON file, taken value by value by Python's own decoder."""

    def __init__(self, read: Callable[[], str], encoding: str) -> None:
        self._read = read
        self._encoding = encoding
        self._text = ""
        self._at = 0
        self._lines = 0
        self._is_over = False
        self._decode = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite).raw_decode

    def peek(self) -> str | None:
        """Return the next character that is not blank, None at the end."""
        while True:
            blank = _BLANK.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return None

    def value(self) -> Any:
        """Take one value."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except RecursionError:
                raise self.error("it is nested too deeply") from None
            except json.JSONDecodeError as error:
                if self._is_cut(error) and self._more():
                    continue
                raise self.error(error.msg, error.pos) from None
            except ValueError as error:
                raise self.error(str(error)) from None
            if self._may_go_on(end) and self._more():
                continue
            self._at = end
            return value

    def skip(self, depth: int = 0) -> None:
        """Take one value of any size, and keep none of it."""
        character = self.peek() if depth < _DEEP else None
        if character == "[":
            for _ in self.elements():
                pass
        elif character == "{":
            for _ in self.members():
                self.skip(depth + 1)
        else:
            self.value()

    def elements(self) -> Iterator[Any]:
        """Take the elements of an array, one at a time."""
        self._at += 1
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if not self._goes_on("]"):
                return

    def members(self) -> Iterator[str]:
        """Take the names of an object; the caller takes the value behind each."""
        self._at += 1
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self.error("a name in quotes is expected")
            name = self.value()
            if self.peek() != ":":
                raise self.error("':' is expected")
            self._at += 1
            yield name
            if not self._goes_on("}"):
                return

    def error(self, message: str, position: int | None = None) -> FormatError:
        """Return the error of this place."""
        at = self._at if position is None else position
        line = self._lines + self._text.count("\n", 0, at) + 1
        return FormatError(f"it is no JSON: {message}", line=line)

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether the text may only be wrong because its rest was not read yet."""
        return error.pos >= len(self._text) - _TOKEN or error.msg.startswith("Unterminated string")

    def _may_go_on(self, end: int) -> bool:
        """Whether what ends here may be a number whose last characters were not read yet."""
        rest = self._text[end : end + _TOKEN]
        return len(rest) < _TOKEN and self._text[end - 1] in _DIGITS and set(rest) <= _NUMBER

    def _goes_on(self, closing: str) -> bool:
        character = self.peek()
        if character not in {",", closing}:
            raise self.error(f"',' or '{closing}' is expected")
        self._at += 1
        return character == ","

    def _more(self) -> bool:
        if self._is_over:
            return False
        try:
            # As much again as there is: a large value is tried a few times only.
            piece = self._read()
            while piece and len(piece) < len(self._text) - self._at:
                further = self._read()
                if not further:
                    break
                piece += further
        except UnicodeDecodeError as error:
            raise FormatError(
                undecodable(error, self._encoding), line=self._lines + self._text.count("\n") + 1
            ) from None
        self._is_over = not piece
        self._lines += self._text.count("\n", 0, self._at)
        self._text = self._text[self._at :] + piece
        self._at = 0
        if len(self._text) > RECORD_BYTES + _PIECE:
            raise FormatError(f"it has a record of more than {RECORD_BYTES} characters", line=self._lines + 1)
        return bool(piece)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text[:40]} is too large")
    return number
