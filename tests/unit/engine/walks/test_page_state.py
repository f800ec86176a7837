from __future__ import annotations

from typing import Any

import pytest

from celigo_pandas.engine.refusals import Refusal
from celigo_pandas.engine.storage.vault import Vault, new_key
from celigo_pandas.engine.walks.page_state import PageState, model_digest

VAULT = Vault([new_key()])
STATE = PageState("walk", 3, 5, False, 1_700_000_000, (165, 822))
DIGEST = model_digest({"pageSize": 5, "rdbms": {"query": "select 1"}})


def wire() -> dict[str, Any]:
    return STATE.to_wire(VAULT, "connection", DIGEST)


def test_page_state_comes_back_as_it_was() -> None:
    assert PageState.from_wire(wire(), VAULT, "connection", DIGEST) == STATE
    assert list(wire()) == ["walkId", "pageIndex", "pageSize", "totalPages", "totalRecords", "done", "issuedAt", "sig"]
    assert len(wire()["sig"]) == 64


def test_page_state_order_of_members_does_not_matter() -> None:
    assert PageState.from_wire(dict(reversed(wire().items())), VAULT, "connection", DIGEST) == STATE


@pytest.mark.parametrize("name", list(STATE.to_wire(VAULT, "connection", DIGEST)))
@pytest.mark.parametrize("change", ["other", "gone", "retyped"])
def test_page_state_any_changed_member_is_refused(name: str, change: str) -> None:
    state = wire()
    if change == "gone":
        del state[name]
    elif change == "retyped":
        state[name] = f"{state[name]}" if not isinstance(state[name], str) else [state[name]]
    else:
        state[name] = {"walkId": "x", "sig": "0" * 64, "done": True}.get(name, 7)

    with pytest.raises(Refusal) as caught:
        PageState.from_wire(state, VAULT, "connection", DIGEST)
    assert caught.value.status == 422
    assert caught.value.problems[0].code == "invalid_paged_export_state"


@pytest.mark.parametrize("state", [None, [], "x", {}, {"sig": 1}, {"sig": "ä" * 64}, {**wire(), "extra": 1}])
def test_page_state_of_another_shape_is_refused(state: Any) -> None:
    with pytest.raises(Refusal):
        PageState.from_wire(state, VAULT, "connection", DIGEST)


def test_page_state_of_another_connection_model_or_key_is_refused() -> None:
    for vault, connection, digest in (
        (VAULT, "other", DIGEST),
        (VAULT, "connection", model_digest({"pageSize": 6})),
        (Vault([new_key()]), "connection", DIGEST),
    ):
        with pytest.raises(Refusal):
            PageState.from_wire(wire(), vault, connection, digest)


def test_page_state_model_digest_ignores_order_only() -> None:
    assert model_digest({"a": 1, "b": {"c": 2, "d": 3}}) == model_digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert model_digest({"a": 1}) != model_digest({"a": 1.5})
    assert model_digest({"a": [1, 2]}) != model_digest({"a": [2, 1]})
    assert model_digest({"a": "\ud800"}) != model_digest({"a": "x"})
