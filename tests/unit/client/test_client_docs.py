"""``docs/errors.md`` and ``docs/wire.md`` say what the code does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from celigo_pandas import errors
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.retrying import DEADLINE_S

DOCS = Path(__file__).parents[3] / "docs"
ERRORS = (DOCS / "errors.md").read_text(encoding="utf-8")
WIRE = (DOCS / "wire.md").read_text(encoding="utf-8")

_BUILTINS = (ValueError, LookupError, ImportError, TimeoutError, KeyboardInterrupt)
_SENDS = [
    name
    for name, method in vars(ApiClient).items()
    if inspect.isfunction(method) and not name.startswith("_") and re.search(r"``[A-Z]+ /", method.__doc__ or "")
]


def _row(name: str) -> str:
    (row,) = re.findall(rf"^\| `{name}`.*$", ERRORS, re.MULTILINE)
    return str(row)


@pytest.mark.parametrize(
    "name", sorted(name for name in errors.__all__ if name != "Problem" and isinstance(getattr(errors, name), type))
)
def test_every_error_has_a_row_with_cause_and_remedy(name: str) -> None:
    kind, cells = getattr(errors, name), _row(name).strip("|").split("|")

    assert len([cell for cell in cells if cell.strip()]) == 3
    if name not in ("CeligoError", "CeligoWarning"):
        for builtin in _BUILTINS:
            assert issubclass(kind, builtin) is (f"`{builtin.__name__}`" in cells[0]), (name, builtin)


def test_no_row_names_an_error_that_is_not_there() -> None:
    for name in re.findall(r"^\| `(\w+)`", ERRORS, re.MULTILINE):
        assert hasattr(errors, name)


def test_every_attribute_named_in_a_row_exists() -> None:
    pairs = {
        "RateLimitError": "retry_after_s",
        "TransportError": "processed",
        "ExportInterrupted": "partial",
        "ImportRejectedError": "result",
        "MappingError": "rule",
        "TemplateError": "position",
        "FilterError": "rule",
        "FrameError": "column",
    }
    for name, attribute in pairs.items():
        assert attribute in _row(name)
        assert hasattr(getattr(errors, name)("x"), attribute)


def test_retry_table_names_the_deadline() -> None:
    assert DEADLINE_S == 600
    assert "ten minutes" in ERRORS


@pytest.mark.parametrize("name", sorted(_SENDS))
def test_every_endpoint_of_the_client_is_in_the_wire_page(name: str) -> None:
    doc = getattr(ApiClient, name).__doc__
    (row,) = re.findall(rf"^\| `{name}` \|.*$", WIRE, re.MULTILINE)

    for method, path in re.findall(r"``([A-Z]+) (/[^`\s]*)``", doc):
        path = path.split("[")[0]
        if kinds := re.search(r"\w+(?:\|\w+)+", path):
            for kind in kinds[0].split("|"):
                assert f"`{method} {path.replace(kinds[0], kind)}`" in row
        else:
            assert f"`{method} {path}`" in row


def test_wire_page_names_no_method_that_is_not_there() -> None:
    named = re.findall(r"^\| `(\w+)` \| `", WIRE, re.MULTILINE)

    assert sorted(named) == sorted(_SENDS)


def test_every_endpoint_is_counted() -> None:
    assert len(_SENDS) == 41
