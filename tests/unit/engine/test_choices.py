from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools

import pytest

from celigo_pandas.engine import choices
from celigo_pandas.engine.choices import CHOICES, Choices


def test_choices_texts_are_read_by_the_type_of_the_default() -> None:
    changed = CHOICES.with_pairs(
        ["state_has_totals=false", "list_limit=5", "state_lifetime_s=0.5", "ping_methods=POST", "last_export_epoch=x"]
    )

    assert changed.state_has_totals is False
    assert changed.list_limit == 5
    assert changed.state_lifetime_s == 0.5
    assert changed.ping_methods == ("POST",)
    assert changed.last_export_epoch == "x"
    assert Choices() == CHOICES


@pytest.mark.parametrize("pair", ["nix=1", "list_limit", "list_limit=a", "state_at_end=maybe"])
def test_choices_bad_pair_raises(pair: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        CHOICES.with_pairs([pair])


def test_choices_each_one_says_why() -> None:
    tree = ast.parse(inspect.getsource(choices))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body
    documented = {
        first.target.id
        for first, second in itertools.pairwise(body)
        if isinstance(first, ast.AnnAssign)
        and isinstance(first.target, ast.Name)
        and isinstance(second, ast.Expr)
        and isinstance(second.value, ast.Constant)
    }

    assert documented == {field.name for field in dataclasses.fields(Choices)}
