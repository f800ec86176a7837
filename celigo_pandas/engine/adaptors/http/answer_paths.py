"""Reading values out of an answer, whatever its form: the one door to paths in JSON and in XML.

Values come in three readings: :func:`find` gives what is there, :func:`one` a single plain value (a token, an id), and
:func:`every` all of them as values to compare. Facts: integrator-api.md, sections 4.2 and 6.2.
"""

from __future__ import annotations

from typing import Any

from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.texts.json_paths import (
    MISSING,
    Lists,
    PathRefused,
    check_members_path,
    member_names,
    read_members,
)
from celigo_pandas.engine.texts.xml_paths import (
    Nodes,
    XmlPart,
    check_xml_path,
    element_names,
    leaf,
    node_text,
    read_nodes,
)
from celigo_pandas.engine.texts.xml_tree import XmlDocument, XmlElement
from celigo_pandas.engine.texts.xpath import XPathFailure

__all__ = [
    "MISSING",
    "PathFailure",
    "check_path",
    "every",
    "find",
    "is_given",
    "names_there",
    "one",
    "parts",
    "plain",
]


class PathFailure(SourceFailure):
    """A path that cannot be followed in an answer."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message[:1].upper()}{message[1:]}.", code="invalid_path")


def check_path(path: object, media: str, field: str) -> None:
    """Refuse a path that an answer of this media type cannot be read by.

    Raises
    ------
    SourceFailure
        ``field`` names the member.
    """
    if not path:
        return
    try:
        (check_xml_path if media == "xml" else check_members_path)(str(path).strip())
    except (PathRefused, XPathFailure) as error:
        message = f"{field}: {error}."
    else:
        return
    raise SourceFailure(message, code="invalid_field", field=field, sent=False)


def find(body: object, path: object, lists: Lists = "first") -> Any:
    """Return what `path` names, or :data:`MISSING`; an empty path is the body itself.

    Parameters
    ----------
    body : object
        A parsed answer: plain values, an ``XmlDocument``, or an ``XmlPart`` of one.
    path : str, optional
        A document may hold a number here, as in ``{"successPath": 0}``.
    lists : {"first", "all", "refuse"}
        What a path that names no index means where it meets a list.

    Raises
    ------
    PathFailure
        The path cannot be followed.
    """
    text = "" if path is None else str(path).strip()
    if not text or text in ("$", "/"):
        return body
    try:
        if isinstance(body, XmlDocument | XmlPart):
            return read_nodes(body, text, lists)
        return read_members(body, text, lists)
    except (PathRefused, XPathFailure) as error:
        raise PathFailure(str(error)) from None


def plain(found: object) -> Any:
    """Return what was found as plain values, XML in the xml2js form."""
    if isinstance(found, XmlDocument | XmlElement):
        return found.value
    if isinstance(found, XmlPart):
        return found.element.value
    return [plain(node) for node in found] if isinstance(found, Nodes) else found


def parts(body: Any, found: object) -> list[Any]:
    """Return the elements of a list that was found, as places where further paths start."""
    document = body.document if isinstance(body, XmlPart) else body
    if isinstance(found, Nodes):
        return [XmlPart(document, node) if isinstance(node, XmlElement) else node for node in found]
    return found if isinstance(found, list) else []


def one(body: object, path: object, *, first: bool = False) -> Any:
    """Return one value, or :data:`MISSING`.

    Parameters
    ----------
    first : bool
        Of a list, take the first element; by default only the element of a list of one, else the list.
    """
    found = find(body, path)
    if isinstance(found, Nodes):
        found = [leaf(node) for node in found]
    if isinstance(found, list) and found and (first or len(found) == 1):
        return found[0]
    return plain(found)


def every(body: object, path: object) -> list[Any]:
    """Return all values that a path names, to be compared; none where it finds nothing."""
    found = find(body, path, "all")
    if found is MISSING:
        return []
    if isinstance(found, XmlDocument):
        return [node_text(found.root)]
    if isinstance(found, XmlPart):
        return [node_text(found.element)]
    if isinstance(found, Nodes):
        return [node_text(node) for node in found]
    return found if isinstance(found, list) else [found]


def is_given(value: object) -> bool:
    """Whether an extract "has a value": present, not null, not an empty text or list."""
    return value is not MISSING and value is not None and value != "" and value != []


def names_there(body: object, path: object) -> str:
    """Say what is there where a path finds nothing."""
    text = str(path).strip()
    try:
        if isinstance(body, XmlDocument | XmlPart):
            return element_names(body, text)
        return member_names(body, text)
    except (PathRefused, XPathFailure) as error:
        return str(error)
