"""Reading XML: which elements are records is said by an XPath.

Paths of one kind are read element by element, a record held whole and nothing else: ``/a/b`` starts at the root,
``//b`` is at any depth, ``a/b`` is ``/a/b``; a step is ``*`` or a name, with or without its prefix, and may have
``[@name="value"]`` or ``[local-name()="x"]`` behind it. Any other XPath 1.0 needs the whole document, which has a bound
then, and is followed as in the answers of services.

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
from celigo_pandas.engine.texts.xml_paths import Nodes, element_names, is_place_empty, read_nodes
from celigo_pandas.engine.texts.xml_tree import (
    XmlElement,
    XmlError,
    XmlTree,
    parse_xml_document,
    translated_xml,
    xml_parser,
)
from celigo_pandas.engine.texts.xpath import XPathFailure, check_xpath

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


def parse_xpath(path: str) -> tuple[XmlStep, ...] | str:
    """Read a path: to steps where it can be followed element by element, else as it is.

    Raises
    ------
    ValueError
        It is no XPath 1.0.
    """
    steps = _steps(path)
    if steps is not None:
        return steps
    check_xpath(path.strip())
    return path.strip()


def _steps(path: str) -> tuple[XmlStep, ...] | None:
    steps: list[XmlStep] = []
    at = 0
    text = path.strip()
    while at < len(text):
        deep = text.startswith("//", at)
        at += 2 if deep else 1 if text.startswith("/", at) else 0
        found = _STEP.match(text, at)
        step = None
        if found is not None and not (steps and text[at - 1] != "/"):
            step = _step(found.group(1), found.group(2), deep)
        if found is None or step is None:
            return None
        steps.append(step)
        at = found.end()
    return tuple(steps) or None


def read_xml(
    stream: BinaryIO,
    path: Sequence[XmlStep] | str,
    encoding: str | None = None,
    look: Callable[[], None] = lambda: None,
) -> Generator[dict[str, Any], None, None]:
    """Yield the elements that a path selects, in the order in which they begin.

    Parameters
    ----------
    stream : binary file
        Read once.
    path : sequence of XmlStep, or str
        As :func:`parse_xpath` returns it.
    encoding : str, optional
        One of the vendor's names; None (and utf8) leaves it to the document's own declaration.

    Raises
    ------
    FormatError
        It is not well-formed, declares entities, or an element is too large or nested too deep.
    NothingFound
        At the end of a file in which the path leads nowhere; a place that is there and empty has no records.
    """
    if isinstance(path, str):
        yield from _read_whole(stream, path, encoding, look)
        return
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
        raise _no_xml(error, parser.getLineNumber()) from None
    except UnicodeDecodeError as error:
        raise FormatError(undecodable(error, str(encoding)), line=parser.getLineNumber()) from None


def _read_whole(
    stream: BinaryIO, path: str, encoding: str | None, look: Callable[[], None]
) -> Generator[dict[str, Any], None, None]:
    content = bytearray()
    try:
        for piece in _pieces(stream, encoding, look):
            content += piece
            if len(content) > RECORD_BYTES:
                needs = (
                    f"xml.resourcePath {path!r:.80} needs all of it at once; files of any size are read by {_STREAMED}"
                )
                raise FormatError(f"it has more than {RECORD_BYTES} bytes, and {needs}")
    except UnicodeDecodeError as error:
        raise FormatError(undecodable(error, str(encoding))) from None
    if not content:
        raise FormatError("it is empty, which is no XML", line=1)
    try:
        document = parse_xml_document(bytes(content), None if encoding in {None, "utf8"} else "utf-8")
    except XmlError as error:
        raise _no_xml(error, None) from None
    try:
        found = read_nodes(document, path)
        if not isinstance(found, Nodes):
            if not is_place_empty(document, path):
                raise NothingFound(f"xml.resourcePath finds nothing: {element_names(document, path)}")
            return
    except XPathFailure as error:
        raise FormatError(str(error)) from None
    for node in found:
        if not isinstance(node, (XmlElement, str, dict)):
            raise FormatError(f"xml.resourcePath {path!r:.80} gives {node!r:.40}; expected elements")
        look()
        yield _record(node.value if isinstance(node, XmlElement) else node)


def _no_xml(error: XmlError, known_line: int | None) -> FormatError:
    line, _, rest = str(error).partition(": ")
    number = line.removeprefix("line ")
    if number.isdigit():
        return FormatError(f"it is not XML: {rest}", line=int(number))
    return FormatError(f"it is not XML that is read here: {error}", line=known_line)


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


def _step(name: str, conditions: str, deep: bool) -> XmlStep | None:
    attributes, locals_ = [], []
    while conditions:
        attribute, local = _ATTRIBUTE.match(conditions), _LOCAL_NAME.match(conditions)
        if attribute:
            attributes.append((attribute[1], attribute[2] if attribute[2] is not None else attribute[3]))
        elif local:
            locals_.append(local[1] if local[1] is not None else local[2])
        else:
            return None
        conditions = conditions[(attribute or local).end() :]  # type: ignore[union-attr]
    return XmlStep(name, deep, tuple(attributes), tuple(locals_))


_STREAMED = 'steps like /Root/Order, //Order, *, [@name="value"] or [local-name()="Order"]'


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


def _record(node: object) -> dict[str, Any]:
    if isinstance(node, dict):
        return node
    return {"_": node} if node else {}
