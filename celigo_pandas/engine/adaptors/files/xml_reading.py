"""Reading XML element by element: which are records is said by a path in a part of XPath.

A record is held whole, nothing else is. ``/a/b`` starts at the root, ``//b`` is at any depth, ``a/b`` is ``/a/b``;
a step is ``*`` or a name, with or without its prefix, and may have ``[@name="value"]`` or ``[local-name()="x"]`` behind
it. Anything else of XPath is refused by name.

Facts: integrator-api.md, section 4.4, and the vendor's schema of ``file.xml``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from celigo_pandas.engine.adaptors.files.formats import (
    MOST_NAMES,
    RECORD_BYTES,
    FormatError,
    NothingFound,
    Source,
    names_text,
    text_stream,
    undecodable,
)
from celigo_pandas.engine.texts.xml_tree import XmlError, XmlTree, translated_xml, xml_parser

__all__ = ["XmlStep", "parse_xpath", "read_xml"]

_PIECE = 1 << 16
_STEP = re.compile(r"(\*|[\w][\w.\-]*(?::[\w][\w.\-]*)?)((?:\[[^\]]*\])*)")
_ATTRIBUTE = re.compile(r"""\[\s*@([\w][\w.:\-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')\s*\]""")
_LOCAL_NAME = re.compile(r"""\[\s*local-name\(\)\s*=\s*(?:"([^"]*)"|'([^']*)')\s*\]""")
_DECLARATION = re.compile(r"<\?xml\b[^>]*\?>")


@dataclass(frozen=True, slots=True)
class XmlStep:
    """One step of a path: an element of this name, a child or, with `deep`, at any depth below."""

    name: str
    deep: bool = False
    attributes: tuple[tuple[str, str], ...] = ()
    local_names: tuple[str, ...] = ()

    def takes(self, name: str, attributes: Mapping[str, str]) -> bool:
        """Whether an element is one of this step; a name without a prefix is found under every prefix."""
        bare = name.rpartition(":")[2]
        if self.name not in {"*", name} and self.name != bare:
            return False
        if any(attributes.get(key) != value for key, value in self.attributes):
            return False
        return all(bare == local for local in self.local_names)


def parse_xpath(path: str) -> tuple[XmlStep, ...]:
    """Read a path.

    Raises
    ------
    ValueError
        It uses more of XPath than is built, or is no path.
    """
    steps: list[XmlStep] = []
    at = 0
    text = path.strip()
    while at < len(text):
        deep = text.startswith("//", at)
        at += 2 if deep else 1 if text.startswith("/", at) else 0
        found = _STEP.match(text, at)
        if found is None or (steps and text[at - 1] != "/"):
            raise _unbuilt(path, text[at:])
        steps.append(_step(path, found.group(1), found.group(2), deep))
        at = found.end()
    if not steps:
        raise _unbuilt(path, text)
    return tuple(steps)


def read_xml(
    stream: BinaryIO, path: Sequence[XmlStep], encoding: str | None = None, look: Callable[[], None] = lambda: None
) -> Generator[dict[str, Any], None, None]:
    """Yield the elements that a path selects, in the order in which they begin.

    Parameters
    ----------
    stream : binary file
        Read once.
    path : sequence of XmlStep
    encoding : str, optional
        One of the vendor's names; None (and utf8) leaves it to the document's own declaration.

    Raises
    ------
    FormatError
        It is not well-formed, declares entities, or an element is too large or nested too deep.
    NothingFound
        At the end of a file in which the path leads nowhere; a place that is there and empty has no records.
    """
    handler = _Records(path)
    parser = xml_parser(handler)
    try:
        is_empty = True
        for piece in _pieces(stream, encoding, look):
            is_empty = False
            handler.count(len(piece))
            with translated_xml():
                parser.feed(piece)
            yield from handler.taken()
        if is_empty:
            raise FormatError("it is empty, which is no XML", line=1)
        with translated_xml():
            parser.close()
        yield from handler.taken()
        if handler.instead is not None:
            raise NothingFound(f"xml.resourcePath finds nothing: there is {names_text(handler.instead)}")
    except XmlError as error:
        line, _, rest = str(error).partition(": ")
        number = line.removeprefix("line ")
        if number.isdigit():
            raise FormatError(f"it is not XML: {rest}", line=int(number)) from None
        raise FormatError(f"it is not XML that is read here: {error}", line=parser.getLineNumber()) from None
    except UnicodeDecodeError as error:
        raise FormatError(undecodable(error, str(encoding)), line=parser.getLineNumber()) from None


def _pieces(stream: BinaryIO, encoding: str | None, look: Callable[[], None]) -> Iterator[bytes]:
    if encoding in {None, "utf8"}:
        source = Source(stream, look)
        while piece := source.read(_PIECE):
            yield piece
        return
    text = text_stream(stream, str(encoding), look)
    is_first = True
    while part := text.read(_PIECE):
        if is_first:
            # The document's encoding is the one that its reader was told; the declaration would contradict.
            part, is_first = _DECLARATION.sub("", part, count=1), False
        yield part.encode("utf-8", "surrogatepass")


def _step(path: str, name: str, conditions: str, deep: bool) -> XmlStep:
    attributes, locals_ = [], []
    while conditions:
        attribute, local = _ATTRIBUTE.match(conditions), _LOCAL_NAME.match(conditions)
        if attribute:
            attributes.append((attribute[1], attribute[2] if attribute[2] is not None else attribute[3]))
        elif local:
            locals_.append(local[1] if local[1] is not None else local[2])
        else:
            raise _unbuilt(path, conditions)
        conditions = conditions[(attribute or local).end() :]  # type: ignore[union-attr]
    return XmlStep(name, deep, tuple(attributes), tuple(locals_))


def _unbuilt(path: str, part: str) -> ValueError:
    return ValueError(
        f"xml.resourcePath {path!r:.80}: {part!r:.40} is not built; expected steps like /Root/Order, //Order, *, "
        '[@name="value"] or [local-name()="Order"]'
    )


class _Records(XmlTree):
    """Builds only what is selected, and what lies below it."""

    def __init__(self, path: Sequence[XmlStep]) -> None:
        super().__init__()
        self._path = path
        self._states: list[frozenset[int]] = [frozenset({0})]
        self._marks: list[int | None] = []
        self._begun = 0
        self._size = 0
        self._found: list[tuple[int, Any]] = []
        self._ready: list[dict[str, Any]] = []
        self._instead = _Instead(path)

    @property
    def instead(self) -> list[str] | None:
        """The names that are there instead of records; None where there are records, or an empty place for them."""
        return None if self._begun or self._instead.is_place_empty else list(self._instead.names)

    def taken(self) -> list[dict[str, Any]]:
        """Return the records that are complete."""
        ready, self._ready = self._ready, []
        return ready

    def count(self, size: int) -> None:
        """Count what is read while an element is open."""
        self._size = self._size + size if self._open else 0
        if self._size > RECORD_BYTES:
            raise FormatError(f"it has an element of more than {RECORD_BYTES} bytes")

    def startElement(self, name: str, attrs: Any) -> None:
        """Follow the path; open a node where it ends, and below."""
        attributes = dict(attrs.items())
        reached = set()
        for at in self._states[-1]:
            if at == len(self._path):
                continue
            if self._path[at].deep:
                reached.add(at)
            if self._path[at].takes(name, attributes):
                reached.add(at + 1)
        if not self._begun:
            self._instead.see(name, attributes, self._states, reached)
        self._states.append(frozenset(reached))
        is_record = len(self._path) in reached
        if is_record or self._open:
            self._marks.append(self._begun if is_record else None)
            self._begun += is_record
            super().startElement(name, attrs)
        elif len(self._states) > _DEEPEST:
            raise XmlError(f"nested deeper than {_DEEPEST} elements")

    def characters(self, content: str) -> None:
        """Keep the text of what is selected."""
        if self._open:
            super().characters(content)

    def endElement(self, name: str) -> None:
        """Close a node; where it was selected, it is a record."""
        self._states.pop()
        if not self._open:
            return
        closed, value = self._closed()
        mark = self._marks.pop()
        if mark is not None:
            self._found.append((mark, value))
        if self._open:
            self._hang(closed, value)
            return
        self._ready += [_record(node) for _, node in sorted(self._found, key=lambda pair: pair[0])]
        self._found = []


class _Instead:
    """What a document holds while no record was found: where the path leads to, and what is there.

    As in an answer of a service, a place is empty of records when it holds nothing but single elements without
    elements and attributes, such as a count.
    """

    def __init__(self, path: Sequence[XmlStep]) -> None:
        self.names: dict[str, None] = {}
        self._last = len(path) - 1
        self._wanted = path[-1].name.rpartition(":")[2]
        self._depth = -1
        self._siblings: set[str] = set()
        self._is_reached = False
        self._is_filled = False

    @property
    def is_place_empty(self) -> bool:
        """Whether the place for records is there, and none is in it."""
        return self._is_reached and not self._is_filled

    def see(
        self, name: str, attributes: Mapping[str, str], states: Sequence[frozenset[int]], reached: set[int]
    ) -> None:
        """Look at an element that begins below elements of these states."""
        is_in_place = self._last in states[-1] and len(states) > 1
        is_deeper = len(states) > 2 and self._last in states[-2]
        self._is_filled = self._is_filled or is_deeper or (is_in_place and self._is_record(name, attributes))
        if is_in_place and not self._is_filled:
            self._siblings.add(name)
            self._is_filled = len(self._siblings) > _MOST_FIELDS
        elif self._last in reached:
            self._is_reached = True
            self._siblings.clear()
        depth = max(states[-1], default=-1)
        if depth > self._depth:
            self._depth = depth
            self.names.clear()
        if depth == self._depth and len(self.names) <= MOST_NAMES:
            self.names[name] = None

    def _is_record(self, name: str, attributes: Mapping[str, str]) -> bool:
        """Whether an element in the place may be a record under another name, or another prefix."""
        has_own = any(not key.startswith("xmlns") for key in attributes)
        return has_own or name in self._siblings or name.rpartition(":")[2] == self._wanted


_DEEPEST = 1_000
_MOST_FIELDS = 100


def _record(node: Any) -> dict[str, Any]:
    if isinstance(node, dict):
        return node
    return {"_": node} if node else {}
