"""One element of the answer of ``POST /connections/{id}/import/map``: what becomes of one record.

Assumed: the shape is not published beyond "the set of post-mapped records". An element is a bare record, one wrapped as
``{"statusCode", "data"}``, ``null`` or ``ignored`` for one that a filter dropped, or ``{"statusCode", "errors"}`` in
place of one that failed. With one-to-many it stands for all children: a list of their records; where some children
failed, that list as ``data`` beside ``errors``. A record that looks wrapped is wrapped once more, so that what is read
is what was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.documents.scalars import truth
from celigo_pandas.errors import Problem, problems_from_body

__all__ = ["MapAnswer", "is_one_to_many", "read_answer", "write_answer"]

_WRAPPING: Final = frozenset({"statusCode", "data", "errors", "ignored", "id", "_json", "dataURI"})


@dataclass(frozen=True)
class MapAnswer:
    """What became of one record: its mapped records, what failed, and the status where only that tells a failure."""

    records: tuple[Any, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_ignored: bool = False
    failed_with: int | None = None


def is_one_to_many(doc: Mapping[str, Any]) -> bool:
    """Whether one record of an import becomes several."""
    return bool(truth(doc.get("oneToMany")))


def write_answer(
    records: Sequence[Any], errors: Sequence[dict[str, Any]], *, is_many: bool, wrapped: bool = False
) -> Any:
    """Write the element of a record that was mapped, at least in part.

    Parameters
    ----------
    records : sequence
        The mapped records; of an import that is not one-to-many exactly one.
    errors : sequence of dict
        Those of children that failed.
    is_many, wrapped : bool
        Whether the import is one-to-many; whether each element is to be wrapped.

    Examples
    --------
    >>> write_answer([{"a": 1}], [], is_many=False), write_answer([{"a": 1}], [], is_many=True)
    ({'a': 1}, [{'a': 1}])
    """
    data = list(records) if is_many else records[0]
    if errors:
        return {"statusCode": 200, "data": data, "errors": list(errors)}
    return {"statusCode": 200, "data": data} if wrapped or _looks_wrapped(data) else data


def read_answer(element: Any, doc: Mapping[str, Any]) -> MapAnswer:
    """Read one element of an answer to an import document.

    Examples
    --------
    >>> read_answer({"statusCode": 200, "data": [{"a": 1}]}, {"oneToMany": True}).records
    ({'a': 1},)
    >>> read_answer({"statusCode": 5, "data": "x"}, {"mappings": [{"generate": "statusCode"}]}).records
    ({'statusCode': 5, 'data': 'x'},)
    """
    if element is None:
        return MapAnswer(is_ignored=True)
    if not _is_wrapped(element, doc):
        return MapAnswer(_records(element, doc))
    problems = problems_from_body({"errors": element["errors"]}) if element.get("errors") else ()
    if element.get("ignored") is True:
        return MapAnswer(problems=problems, is_ignored=True)
    records = _records(element["data"], doc) if element.get("data") is not None else ()
    status = element["statusCode"]
    is_failed = not problems and not 200 <= status < 300
    return MapAnswer(() if is_failed else records, problems, failed_with=status if is_failed else None)


def _records(data: object, doc: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(data) if is_one_to_many(doc) and isinstance(data, list) else (data,)


def _is_wrapped(element: Any, doc: Mapping[str, Any]) -> bool:
    if not _looks_wrapped(element):
        return False
    if "errors" in element or "ignored" in element or not _writes_status(doc):
        return True
    return _looks_wrapped(element.get("data"))


def _looks_wrapped(element: object) -> bool:
    if not isinstance(element, dict) or not _WRAPPING.issuperset(element):
        return False
    status = element.get("statusCode")
    if not isinstance(status, int) or isinstance(status, bool):
        return False
    return bool({"data", "errors", "ignored"} & element.keys()) or not 200 <= status < 300


def _writes_status(doc: Mapping[str, Any]) -> bool:
    """Whether the mapping gives its records a ``statusCode`` of their own."""
    return "statusCode" in MappingDocument.of(doc).top_names()
