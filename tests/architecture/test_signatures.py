"""A method that stands for a public function has its signature: name by name, default by default."""

from __future__ import annotations

import inspect

import pytest

import celigo_pandas as celigo
from celigo_pandas.accessors.account.collections import _Collection
from celigo_pandas.accessors.frame_accessor import FrameAccessor
from celigo_pandas.engine.adaptors.sql.database import Database
from celigo_pandas.forms.mapping_push import PushPart
from celigo_pandas.forms.views.form import FormView

FUNCTIONS = (
    "read_export", "read_exports", "iter_export", "export_to_parquet", "to_import", "dry_run", "map_import",
    "plan_import", "nest", "sync",
)  # fmt: skip
GIVEN = {celigo.Connection: "con", FrameAccessor: "df"}
"""What each class gives by itself."""

PAIRS = [(owner, name) for owner in GIVEN for name in FUNCTIONS if hasattr(owner, name)]


def parameters(function: object, without: str) -> list[inspect.Parameter]:
    found = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return [parameter for parameter in found if parameter.name != without]


@pytest.mark.parametrize(("owner", "name"), PAIRS, ids=[f"{owner.__name__}.{name}" for owner, name in PAIRS])
def test_method_has_the_signature_of_the_function(owner: type, name: str) -> None:
    function, method = getattr(celigo, name), getattr(owner, name)

    assert parameters(method, "self") == parameters(function, GIVEN[owner])
    assert inspect.signature(method).return_annotation == inspect.signature(function).return_annotation


def test_every_method_that_is_expected_is_there():
    assert len(PAIRS) == 9 + 5


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_names_its_options(name: str) -> None:
    kinds = {parameter.kind for parameter in inspect.signature(getattr(celigo, name)).parameters.values()}

    assert inspect.Parameter.VAR_KEYWORD not in kinds


@pytest.mark.parametrize("base", [_Collection, Database, PushPart, FormView])
def test_base_class_that_leaves_members_open_cannot_be_made(base: type) -> None:
    class Unfinished(base):  # type: ignore[misc, valid-type]
        """Says none of what it must."""

    with pytest.raises(TypeError, match="abstract"):
        Unfinished()
