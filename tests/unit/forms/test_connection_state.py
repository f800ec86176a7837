"""The state of a ConnectionForm, without any toolkit or server."""

from __future__ import annotations

import json
import logging
import pickle
import threading
from typing import Any

import pytest
from support.forms import FakeClient, FakeConnection, FakePing, connection_cases, plain

from celigo_pandas.documents.connection_documents import secret_paths
from celigo_pandas.documents.connection_fields import TYPES
from celigo_pandas.documents.secret import MASK, Secret
from celigo_pandas.errors import CeligoError, ConfigError, DocumentError, Problem
from celigo_pandas.forms.connection_draft import lifted, secrets_in
from celigo_pandas.forms.connection_layout import connection_layout
from celigo_pandas.forms.connection_state import ConnectionState

CASES = connection_cases()
CANARY = "canary-7f3a"
BASIC = {
    "name": "Shop",
    "type": "http",
    "http": {
        "baseURI": "https://shop.example",
        "mediaType": "json",
        "auth": {"type": "basic", "basic": {"username": "u", "password": CANARY}},
    },
}


def opened(doc: dict[str, Any] = BASIC) -> tuple[FakeClient, ConnectionState]:
    client = FakeClient()
    return client, ConnectionState(client.connection(doc))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_state_of_a_case_has_the_expected_problem_paths(case: dict[str, Any]) -> None:
    state = ConnectionState(FakeClient(), document=case["document"])

    assert sorted(str(problem.field) for problem in state.problems) == case["expected"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_state_of_a_case_sends_the_document_it_was_given(case: dict[str, Any]) -> None:
    state = ConnectionState(FakeClient(), document=case["document"])

    assert plain(state.document()) == case["document"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_state_of_a_case_shows_every_problem_and_every_member(case: dict[str, Any]) -> None:
    state = ConnectionState(FakeClient(), document=case["document"])
    shown = [view.row.path for view in state.fields]

    told = {text for view in state.fields for text in view.problems} | set(state.loose_problems())
    assert all(any(problem.message in text for text in told) for problem in state.problems)
    for path in _leaves(state.doc):
        assert any(path == other or path.startswith(f"{other}.") for other in shown), path


def test_state_new_connection_is_created_with_its_secret() -> None:
    client = FakeClient()
    state = ConnectionState(client)
    for path, value in {"name": "Shop", "http.baseURI": "https://shop.example", "http.auth.type": "token"}.items():
        state.set_text(path, value)
    state.set_secret("http.auth.token.token", Secret(CANARY))

    state.save()
    state.wait(5)

    [(kind, document)] = client.sent
    assert kind == "create"
    assert document == {
        "name": "Shop",
        "type": "http",
        "http": {"mediaType": "json", "baseURI": "https://shop.example",
                 "auth": {"type": "token", "token": {"location": "header", "token": CANARY}}},
    }  # fmt: skip
    assert not state.is_new
    assert not state.dirty
    assert state.secrets == {}
    assert [notice.level for notice in state.notices] == ["good"]


def test_state_missing_fields_are_told_only_once_it_was_tried() -> None:
    state = ConnectionState(FakeClient())
    assert not any(view.problems for view in state.fields)

    with pytest.raises(DocumentError) as caught:
        state.save()

    assert sorted(problem.field for problem in caught.value.problems) == ["http.baseURI", "name"]
    assert {view.row.path for view in state.fields if view.problems} == {"http.baseURI", "name"}


def test_state_value_of_the_wrong_kind_is_told_at_once() -> None:
    state = ConnectionState(FakeClient(), "rdbms")
    state.set_text("rdbms.type", "postgresql")

    state.set_text("rdbms.port", "abc")

    [view] = [view for view in state.fields if view.row.path == "rdbms.port"]
    assert view.value == "abc"
    assert "expected a number" in view.problems[0]


def test_state_change_within_the_patch_list_is_a_patch_and_asks_for_no_secret() -> None:
    client, state = opened()
    state.set_text("name", "Shop 2")
    state.set_text("http.ping.successPath", "ok")
    state.save()
    state.wait(5)

    assert client.sent == [("patch", {"http.ping.successPath": "ok", "name": "Shop 2"})]


def test_state_other_change_asks_for_each_stored_secret_and_sends_nothing() -> None:
    client, state = opened()
    state.set_text("http.baseURI", "https://new.example")

    with pytest.raises(DocumentError, match=r"http\.auth\.basic\.password"):
        state.save()

    assert client.sent == []
    [view] = [view for view in state.fields if view.row.path == "http.auth.basic.password"]
    assert "type this one again" in view.problems[0]
    assert view.stored


def test_state_other_change_with_the_secret_typed_again_replaces_the_document() -> None:
    client, state = opened()
    state.set_text("http.baseURI", "https://new.example")
    state.set_secret("http.auth.basic.password", Secret("new-secret"))
    state.save()
    state.wait(5)

    [(kind, document)] = client.sent
    assert kind == "replace"
    assert document["http"]["auth"]["basic"] == {"username": "u", "password": "new-secret"}
    assert document["http"]["baseURI"] == "https://new.example"
    assert MASK not in str(document)
    assert "_id" not in document


def test_state_removed_member_is_gone_after_save() -> None:
    client, state = opened({"name": "n", "type": "ftp", "ftp": {"type": "sftp", "hostURI": "h", "username": "u",
                                                                "port": 22}})  # fmt: skip
    state.set_text("ftp.port", "")
    state.save()
    state.wait(5)

    assert "port" not in client.sent[0][1]["ftp"]


def test_state_save_after_a_change_elsewhere_writes_nothing() -> None:
    client, state = opened()
    client.store(state.connection.id, {**client.stored[state.connection.id], "externalId": "theirs"})
    state.set_text("http.baseURI", "https://new.example")
    state.set_secret("http.auth.basic.password", Secret(CANARY))

    state.save()
    state.wait(5)

    assert client.sent == []
    assert "changed elsewhere" in state.notices[0].text
    assert isinstance(state.last_error, CeligoError)


def test_state_server_problem_shows_at_its_field() -> None:
    client = FakeClient()
    client.refuses = [Problem("invalid_field", "This host is not allowed.", "http.baseURI"), Problem("x", "Loose.")]
    state = ConnectionState(client, document=BASIC)
    state.save()
    state.wait(5)

    [view] = [view for view in state.fields if view.row.path == "http.baseURI"]
    assert view.problems == ("This host is not allowed.",)
    assert any("Loose." in notice.text for notice in state.notices)
    state.set_text("http.baseURI", "https://other.example")
    assert not any(view.problems for view in state.fields)


def test_state_mask_is_refused_as_a_secret() -> None:
    _, state = opened()

    with pytest.raises(DocumentError, match="mask"):
        state.set_secret("http.auth.basic.password", Secret(MASK))


def test_state_typed_secret_of_a_field_that_no_longer_applies_is_not_sent() -> None:
    client = FakeClient()
    state = ConnectionState(client, document=BASIC)
    state.set_text("http.auth.type", "custom")
    state.save()
    state.wait(5)

    assert CANARY not in str(client.sent)


def test_state_forgotten_secret_shows_the_stored_one_again() -> None:
    _, state = opened()
    state.set_secret("http.auth.basic.password", Secret("other"))

    state.forget_secret("http.auth.basic.password")

    assert state.doc["http"]["auth"]["basic"]["password"] == MASK
    assert not state.dirty


def test_state_secret_in_a_plain_field_is_refused_and_not_kept() -> None:
    state = ConnectionState(FakeClient(), document={"name": "n", "type": "as2", "as2": {}})

    with pytest.raises(DocumentError, match=r"auth\.basic\.password is a secret"):
        state.set_json("as2.partnerStationInfo", '{"auth": {"basic": {"password": "canary-7f3a"}}}')
    with pytest.raises(ConfigError, match="is a secret"):
        state.set_text("as2.encrypted.userPrivateKey", CANARY)

    assert CANARY not in str(state.doc)


def test_state_free_form_secrets_are_named_and_sent_as_an_object() -> None:
    client = FakeClient()
    state = ConnectionState(client, document={**BASIC, "http": {**BASIC["http"], "auth": {"type": "custom"},
                                              "encryptedFields": [{"id": "apiKey", "label": "Key"}]}})  # fmt: skip
    state.name_secret("http.encrypted", "second")
    assert state.secret_names("http.encrypted") == ["apiKey", "second"]

    state.set_secret("http.encrypted.apiKey", Secret("one"))
    state.set_secret("http.encrypted.second", Secret("two"))
    state.save()
    state.wait(5)

    assert client.sent[0][1]["http"]["encrypted"] == {"apiKey": "one", "second": "two"}


def test_state_typed_member_of_a_stored_map_replaces_the_whole_map() -> None:
    _, state = opened({**BASIC, "http": {**BASIC["http"], "encrypted": {"apiKey": "x"}}})
    assert state.doc["http"]["encrypted"] == MASK

    state.set_secret("http.encrypted.apiKey", Secret("one"))

    assert state.document()["http"]["encrypted"] == {"apiKey": Secret("one")}


def test_state_member_without_a_field_is_shown_edited_and_sent() -> None:
    client = FakeClient()
    state = ConnectionState(client, document={**BASIC, "novel": {"deep": {"x": 1}}})
    assert [view.row.path for view in state.fields if view.row.group == "Everything else"] == ["novel.deep.x"]

    state.set_text("novel.deep.x", "[2]")
    state.set_json("http.formType", "rest")
    state.save()
    state.wait(5)

    assert client.sent[0][1]["novel"] == {"deep": {"x": [2]}}
    assert client.sent[0][1]["http"]["formType"] == "rest"


def test_state_text_that_is_no_json_stays_and_is_a_problem() -> None:
    state = ConnectionState(FakeClient(), document=BASIC)

    state.set_text("settings", "{oops")

    [view] = [view for view in state.fields if view.row.path == "settings"]
    assert view.value == "{oops"
    assert "not JSON" in view.problems[0]
    state.set_text("settings", '{"a": 1}')
    assert state.doc["settings"] == {"a": 1}
    assert not state.problems


def test_state_pairs_and_lists_are_read_from_lines() -> None:
    state = ConnectionState(FakeClient(), document=BASIC)

    state.set_text("http.headers", "X-One: 1\nX-Url: https://a.example/b")
    state.set_text("http.ping.successPath", "ok")
    state.set_text("http.ping.successValues", "true\n yes \n\n")

    assert state.doc["http"]["headers"] == [
        {"name": "X-One", "value": "1"},
        {"name": "X-Url", "value": "https://a.example/b"},
    ]
    assert state.doc["http"]["ping"]["successValues"] == ["true", "yes"]


def test_state_undo_and_redo_take_edits_and_secrets_along() -> None:
    _, state = opened()
    state.set_text("name", "Other")
    state.set_secret("http.auth.basic.password", Secret("other"))

    state.undo()
    assert state.doc["http"]["auth"]["basic"]["password"] == MASK
    state.undo()
    assert state.doc["name"] == "Shop"
    assert not state.can_undo
    state.redo()
    state.redo()
    assert state.doc["name"] == "Other"
    assert state.secrets == {"http.auth.basic.password": Secret("other")}


def test_state_type_of_a_new_connection_can_be_looked_through() -> None:
    client = FakeClient()
    state = ConnectionState(client)
    state.set_text("name", "n")
    for kind in TYPES:
        state.set_text("type", kind)
    state.set_text("type", "van")
    state.set_text("van.as2Id", "me")
    state.save()
    state.wait(5)

    assert client.sent == [("create", {"name": "n", "type": "van", "van": {"as2Id": "me"}})]


def test_state_type_of_a_saved_connection_stays() -> None:
    _, state = opened()

    with pytest.raises(ConfigError, match="stays"):
        state.set_text("type", "s3")


def test_state_delete_takes_two_calls_and_an_edit_between_them_counts() -> None:
    client, state = opened()
    state.delete()
    assert client.sent == []
    assert state.notices[0].level == "warning"
    state.set_text("name", "x")
    state.delete()
    assert client.sent == []
    state.delete()
    state.wait(5)

    assert [kind for kind, _ in client.sent] == ["delete"]
    assert state.deleted
    assert not any(enabled for action, enabled in state.actions.items())


def test_state_ping_of_a_saved_connection_and_of_an_edited_one() -> None:
    client, state = opened()
    state.ping()
    state.wait(5)
    assert client.sent == [("ping saved", state.connection.id)]

    state.set_text("http.baseURI", "https://new.example")
    with pytest.raises(DocumentError, match="does not give secrets back"):
        state.ping()
    state.set_secret("http.auth.basic.password", Secret(CANARY))
    state.ping()
    state.wait(5)
    assert client.sent[-1][1]["http"]["auth"]["basic"]["password"] == CANARY


def test_state_failed_ping_is_told_with_what_the_server_said() -> None:
    client, state = opened()
    client.answer = FakePing(Problem("401", "Wrong password.", "http.auth.basic.password"), code=401)

    state.ping()
    state.wait(5)

    assert state.notices[0].level == "error"
    assert "Wrong password." in state.notices[0].text
    [view] = [view for view in state.fields if view.row.path == "http.auth.basic.password"]
    assert "Wrong password." in view.problems


def test_state_revert_reads_the_connection_again() -> None:
    client, state = opened()
    state.set_text("name", "mine")
    client.store(state.connection.id, {**client.stored[state.connection.id], "name": "theirs"})

    state.revert()
    state.wait(5)

    assert state.doc["name"] == "theirs"
    assert not state.dirty


def test_state_authorize_shows_the_link_and_waits_until_it_is_done() -> None:
    client = FakeClient()
    connection = client.connection(
        {"name": "n", "type": "salesforce", "salesforce": {"oauth2FlowType": "refreshToken"}}
    )
    client.stored[connection.id]["needsAuthorization"] = True
    state = ConnectionState(connection.refresh())
    links: list[str] = []

    def authorized_once_seen() -> None:
        if state.authorize_url and not links:
            links.append(state.authorize_url)
            client.stored[connection.id]["needsAuthorization"] = False

    state.subscribe(authorized_once_seen)
    state.authorize(every_s=0.01)
    state.wait(5)

    assert links == ["https://login.example/authorize"]
    assert "authorized" in state.notices[0].text
    assert state.authorize_url == ""


def test_state_authorize_refuses_a_link_that_is_not_http() -> None:
    client = FakeClient()
    client.api.oauth_url = "javascript:alert(1)"
    state = ConnectionState(client.connection({"name": "n", "type": "salesforce", "salesforce": {}}))

    state.authorize(every_s=0.01)
    state.wait(5)

    assert state.authorize_url == ""
    assert "no http(s) link" in state.notices[0].text


def test_state_authorize_can_be_stopped() -> None:
    client = FakeClient()
    connection = client.connection({"name": "n", "type": "salesforce", "salesforce": {}})
    state = ConnectionState(connection)

    state.authorize(every_s=30)
    state.stop()

    assert state.wait(5)
    assert "was stopped" in state.notices[0].text


def test_state_holds_no_secret_as_text(caplog: pytest.LogCaptureFixture) -> None:
    client, state = opened()
    caplog.set_level(logging.DEBUG)
    state.set_text("http.baseURI", "https://new.example")
    state.set_secret("http.auth.basic.password", Secret(CANARY))
    client.refuses = [Problem("invalid_field", "no", "http.baseURI")]
    state.save()
    state.wait(5)

    assert CANARY not in repr(vars(state))
    assert CANARY not in str(state.doc)
    assert CANARY not in repr(state.problems)
    assert CANARY not in repr(state.fields)
    assert CANARY not in repr(state.notices)
    assert CANARY not in caplog.text
    with pytest.raises(TypeError):
        pickle.dumps(state.secrets)
    assert secret_paths(state.document()) == ("http.auth.basic.password",)


def _leaves(value: Any, prefix: str = "") -> list[str]:
    if not isinstance(value, dict) or not value:
        return [prefix.rstrip(".")] if prefix and value not in ({},) else []
    return [path for name, member in value.items() for path in _leaves(member, f"{prefix}{name}.")]


class HeldClient(FakeClient):
    """Answers one read of a connection only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.let = threading.Event(), threading.Event()
        read, held = self.api.get_connection, [True]

        def get(connection_id: str) -> dict[str, Any]:
            if self.holding and held:
                held.clear()
                self.reached.set()
                assert self.let.wait(10)
            return read(connection_id)

        self.holding = False
        self.api.get_connection = get  # type: ignore[method-assign]


@pytest.mark.parametrize("action", ["save", "revert"])
def test_state_what_is_typed_while_an_action_runs_is_kept(action: str) -> None:
    client = HeldClient()
    state = ConnectionState(client.connection(BASIC))
    state.set_text("name", "Shop 2")
    client.holding = True
    getattr(state, action)()
    assert client.reached.wait(10)

    state.set_text("http.baseURI", "https://later.example")
    state.set_secret("http.auth.basic.password", Secret(CANARY))
    state.set_text("settings", "{half")
    client.let.set()
    state.wait(5)

    assert state.doc["name"] == ("Shop 2" if action == "save" else "Shop")
    assert state.doc["http"]["baseURI"] == "https://later.example"
    assert state.secrets == {"http.auth.basic.password": Secret(CANARY)}
    assert {problem.field for problem in state.problems} == {"settings"}
    assert state.dirty
    state.undo()
    assert not state.dirty
    state.redo()
    state.set_text("settings", "")
    state.save()
    state.wait(5)
    kind, document = client.sent[-1]
    assert kind == "replace"
    assert document["http"]["baseURI"] == "https://later.example"
    assert document["http"]["auth"]["basic"]["password"] == CANARY


def test_state_what_is_typed_while_it_is_authorized_is_kept() -> None:
    client = FakeClient()
    connection = client.connection({"name": "n", "type": "salesforce", "salesforce": {}})
    client.stored[connection.id]["needsAuthorization"] = True
    state = ConnectionState(connection.refresh())

    def typed_and_authorized() -> None:
        if state.authorize_url and client.stored[connection.id].pop("needsAuthorization", False):
            state.set_text("name", "typed meanwhile")

    state.subscribe(typed_and_authorized)
    state.authorize(every_s=0.01)
    state.wait(5)

    assert state.doc["name"] == "typed meanwhile"
    assert state.dirty
    assert not state.stored.get("needsAuthorization")


def test_state_saved_type_stays_while_it_is_saved() -> None:
    state = ConnectionState(FakeClient(), document=BASIC)
    let = threading.Event()
    state.run_long("Save", lambda task: let.wait(10), lambda _: None)

    with pytest.raises(ConfigError, match="being saved"):
        state.set_text("type", "ftp")

    let.set()
    assert state.wait(5)


def test_state_change_within_the_patch_list_is_refused_after_a_change_elsewhere() -> None:
    client, first = opened()
    second = ConnectionState(FakeConnection(client, first.connection.id))
    first.set_text("name", "from A")
    first.save()
    first.wait(5)

    second.set_text("name", "from B")
    second.save()
    second.wait(5)

    assert client.stored[first.connection.id]["name"] == "from A"
    assert "changed elsewhere" in second.notices[0].text
    assert second.doc["name"] == "from B"


def test_state_saving_without_a_change_sends_nothing() -> None:
    client, state = opened()

    state.save()

    assert client.sent == []
    assert state.notices[0].text == "There is nothing to save."


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("http.auth.basic.password", CANARY),
        ("http.auth.basic", f'{{"password": "{CANARY}"}}'),
        ("http.auth.basic", f'{{"password": "{CANARY}'),
        ("http.auth", CANARY),
        ("http.encrypted.apiKey", CANARY),
        ("http.encrypted", f'{{"apiKey": "{CANARY}"}}'),
        ("as2.encrypted.other", CANARY),
    ],
)
def test_state_secret_among_the_members_without_a_field_is_kept_nowhere(path: str, text: str) -> None:
    state = ConnectionState(FakeClient(), document={"name": "n", "type": "http", "http": {"mediaType": "json"}})
    state.extra_path, state.extra_value = path, Secret(text)

    with pytest.raises(DocumentError, match="secret"):
        state.add_member()

    assert CANARY not in json.dumps(connection_layout(state)) + repr(vars(state)) + str(state.doc)
    assert state.extra_path == path


def test_state_line_of_pairs_without_a_colon_is_told_as_what_it_is() -> None:
    state = ConnectionState(FakeClient(), document=BASIC)

    state.set_text("http.headers", "X-One: 1\nnoc olon")

    [view] = [view for view in state.fields if view.row.path == "http.headers"]
    assert view.problems == ("Expected name: value, one a line; this line has no colon: 'noc olon'.",)


def test_user_name_and_password_in_a_url_are_never_kept_as_text() -> None:
    doc, _ = lifted({"type": "http", "http": {"baseURI": "https://bob:s3cr3t@h.example/x"}})

    assert doc["http"]["baseURI"] == "https://******@h.example/x"
    assert secrets_in("http.baseURI", "https://bob:s3cr3t@h.example") == ["http.baseURI"]
    assert secrets_in("http.baseURI", "https://h.example/a@b") == []
