"""What stands inside a document: mapping rules, lookups, filters, transforms and templates, each compiled once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from celigo_pandas.errors import Problem, TemplateError
from celigo_pandas.handlebars import compile_template
from celigo_pandas.handlebars.json_places import parted
from celigo_pandas.mapping.explain.validation import find_problems

__all__ = ["content_problems"]

_JSON = {"dynamodb": ("expressionAttributeNames", "expressionAttributeValues", "itemDocument")}
"""Templates of JSON, in which a tag may end beside the end of an object."""

# Members that are templates, by their adaptor's block; a list holds one for each step.
_TEMPLATES = {
    "http": ("relativeURI", "body", "headers"),
    "rdbms": ("query",),
    "mongodb": ("filter", "projection", "pipeline", "document", "update", "ignoreLookupFilter"),
    "dynamodb": (*_JSON["dynamodb"], "partitionKey", "sortKey"),
    "salesforce": ("soql",),
    "file": ("fileName",),
    "ftp": ("directoryPath", "fileName"),
    "filesystem": ("directoryPath", "fileName"),
    "s3": ("fileKey", "keyStartsWith"),
}


def content_problems(document: Mapping[str, Any]) -> list[Problem]:
    """List the parts of a document that cannot be read; scripts are the platform's alone and pass."""
    problems = find_problems(_without_scripts(document))
    file = document.get("file")
    if isinstance(file, Mapping):
        problems += [
            Problem(problem.code, problem.message, f"file.{problem.field}")
            for problem in find_problems(_without_scripts({"filter": file.get("filter")}))
        ]
    for place, text in _templates(document):
        try:
            block, _, name = place.partition(".")
            compile_template(parted(text) if name in _JSON.get(block, ()) else text)
        except TemplateError as error:
            problems.append(Problem("bad_template", str(error), place))
    return problems


def _without_scripts(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in document.items()
        if not (isinstance(value, Mapping) and value.get("type") == "script")
    }


def _templates(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for block, names in _TEMPLATES.items():
        members = document.get(block)
        if isinstance(members, Mapping):
            for name in names:
                yield from _texts(members.get(name), f"{block}.{name}")


def _texts(value: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and "{{" in value:
        yield place, value
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _texts(item, f"{place}[{position}]")
    elif isinstance(value, Mapping):
        for name in ("value", "query"):
            yield from _texts(value.get(name), f"{place}.{name}")
