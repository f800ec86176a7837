"""The document that a builder makes, and the checks it passes on the way."""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from celigo_pandas.builders.contents import content_problems
from celigo_pandas.documents.counts import as_integer
from celigo_pandas.documents.document_files import read_document, write_document
from celigo_pandas.errors import DocumentError, Problem, shown

__all__ = ["FILE_PLACES", "FILE_TYPES", "HTTP_METHODS", "Checks", "Document", "load"]

FILE_TYPES = ("csv", "json", "xlsx", "xml")
FILE_PLACES = ("ftp", "s3", "filesystem")
HTTP_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")


class Document(dict[str, Any]):
    """An export or import document: a dict of what is sent, shown as the JSON that it is.

    What a builder made and what :func:`load` read was checked then; what is changed later is checked where it is used.

    Examples
    --------
    >>> from celigo_pandas import build
    >>> orders = build.sql_export("select * from orders")
    >>> orders["rdbms"]
    {'query': 'select * from orders'}
    >>> {**orders, "name": "Orders"}["name"]
    'Orders'
    """

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__(copy.deepcopy(dict(members)))

    def to_dict(self) -> dict[str, Any]:
        """Return the document as a plain dict: a copy, free to change."""
        return copy.deepcopy(dict(self))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the document as indented JSON, to be kept with a team's code; :func:`load` reads it.

        Parameters
        ----------
        path : path
            Replaced when the new file is whole; ``~`` is the home folder.

        Returns
        -------
        Path
            Where it was written.

        Raises
        ------
        ConfigError
            The file cannot be written.
        DocumentError
            A member that was changed since is nothing that JSON can hold.
        """
        if problems := _json_problems(self):
            raise DocumentError(f"This document cannot be saved: {_listed(problems)}.", problems=problems)
        return write_document(self, path)

    def __repr__(self) -> str:
        return json.dumps(self, indent=2, ensure_ascii=False, default=repr)


def load(path: str | os.PathLike[str]) -> Document:
    """Read an export or import document from a file, and check it as the builders do.

    Parameters
    ----------
    path : path
        JSON, as :meth:`Document.save` writes it; or YAML (the extra ``yaml``) under a name that ends in ``.yaml`` or
        ``.yml``.

    Returns
    -------
    Document

    Raises
    ------
    ConfigError
        The file cannot be read.
    DocumentError
        It holds no document, or one with what JSON does not have (a date in YAML, NaN), or whose rules, filters or
        templates cannot be read; with every problem and its place.

    Examples
    --------
    >>> from celigo_pandas import build
    >>> path = build.sql_export("select * from orders").save("orders.json")
    >>> build.load(path)["rdbms"]
    {'query': 'select * from orders'}
    """
    document = read_document(path)
    if problems := _json_problems(document) or content_problems(document):
        raise DocumentError(f"{os.fspath(path)!r}: {_listed(problems)}.", problems=problems)
    return Document(document)


def _listed(problems: Sequence[Problem]) -> str:
    return "; ".join(f"{problem.field}: {problem.message}" for problem in problems).removesuffix(".")


class Checks:
    """Collects what is wrong, so that one error lists everything."""

    def __init__(self, builder: str) -> None:
        self.builder = builder
        self.problems: list[Problem] = []

    def add(self, field: str, message: str, code: str = "invalid_field") -> None:
        """Note a problem."""
        self.problems.append(Problem(code, message, field))

    def text(self, field: str, value: object) -> None:
        """Want a text that is not empty."""
        if not isinstance(value, str) or not value.strip():
            self.add(field, f"got {shown(value)}; expected a text that is not empty", "missing_required_field")

    def json_text(self, field: str, value: object, *kinds: type) -> str | None:
        """Want JSON where anything is given: a text of it, which may be a template, or what it says."""
        if value is None or isinstance(value, str):
            return value
        if not isinstance(value, kinds):
            self.add(
                field, f"got {shown(value)}; expected JSON: a text, or {' or '.join(one.__name__ for one in kinds)}"
            )
            return None
        try:
            return json.dumps(value, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            self.add(field, f'it cannot be written as JSON: {error}; dates are {{"$date": "…"}}')
            return None

    def expression(self, field: str, value: object, *, required: bool = False) -> None:
        """Want an expression, which is sent as it stands: a value that a record brings in has a place beside it."""
        if value is not None or required:
            self.text(field, value)
        if isinstance(value, str) and "{{" in value:
            self.add(field, "an expression is no template; put the value into values, under a name such as :value")

    def texts(self, values: Mapping[str, object]) -> None:
        """Want texts, which may be empty, where anything is given."""
        for field, value in values.items():
            if value is not None and not isinstance(value, str):
                self.add(field, f"got {shown(value)}; expected a text")

    def choice(self, field: str, value: object, choices: Sequence[str]) -> None:
        """Want one of several texts."""
        if value not in choices:
            self.add(field, f"got {shown(value)}; expected one of {', '.join(choices)}")

    def positive(self, field: str, value: object) -> int:
        """Want a whole number, 1 or more; anything else is noted and taken as 1."""
        number = as_integer(value)
        if number is None or number < 1:
            self.add(field, f"got {shown(value)}; expected a whole number, 1 or more")
            return 1
        return number

    def members(self, field: str, value: object) -> dict[str, Any]:
        """Want an object; anything else is noted and taken as an empty one."""
        if isinstance(value, Mapping):
            return dict(value)
        self.add(field, f"got {shown(value)}; expected an object")
        return {}

    def headers(self, headers: object) -> list[dict[str, Any]]:
        """Want names and texts; return the wire's list of them."""
        members = self.members("http.headers", headers)
        self.texts({f"http.headers.{name}": value for name, value in members.items()})
        return [{"name": name, "value": value} for name, value in members.items()]

    def place(self, place: str, directory: str, bucket: str | None, region: str | None) -> dict[str, Any]:
        """Write the block that says where files lie."""
        if place != "s3":
            self.text(f"{place}.directoryPath", directory)
            return {"directoryPath": directory}
        self.texts({"directory": directory, "s3.region": region})
        self.text("s3.bucket", bucket)
        found: dict[str, Any] = {"bucket": bucket}
        if region is not None:
            found["region"] = region
        return found

    def finish(self, document: dict[str, Any], members: object) -> Document:
        """Return the document with `members` over it, or raise what is wrong with either.

        Raises
        ------
        DocumentError
            With every problem and its place.
        """
        whole = _merged(document, {} if members is None else self.members("members", members))
        if not self.problems:
            self.problems += _json_problems(whole) or content_problems(whole)
        if self.problems:
            raise DocumentError(f"build.{self.builder}: {_listed(self.problems)}.", problems=self.problems)
        return Document(whole)


def _json_problems(document: dict[str, Any]) -> list[Problem]:
    """List the members that JSON does not have."""
    problems: list[Problem] = []
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{path}.{name}" if path else str(name), member) for name, member in value.items()]
            problems += [
                Problem("no_json", f"got the key {shown(name)}; JSON has texts only", path)
                for name in value
                if not isinstance(name, str)
            ]
        elif isinstance(value, (list, tuple)):
            waiting += [(f"{path}[{place}]", item) for place, item in enumerate(value)]
        elif not (value is None or isinstance(value, (str, bool, int)) or _is_finite(value)):
            problems.append(Problem("no_json", f"got {shown(value)}; JSON has no such value", path))
    return problems


def _is_finite(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = _merged(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return merged
