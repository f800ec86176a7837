"""``client.scripts``: looked up, read, changed without losing code, debugged; against a stand-in of the platform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.client import FakeTime, client_of
from support.standin import Reply, StandIn

from celigo_pandas.accessors.account.client import Client
from celigo_pandas.errors import ApiError, ConfigError, DocumentError, NotFoundError, PagingError, TransportError

CODE = "function preMap(options) { return options.data.map((data) => ({data})) }\n"


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture
def client(server: StandIn) -> Client:
    return client_of(server, time=FakeTime())


def put(server: StandIn) -> Any:
    (found,) = [seen for seen in server.requests if seen.method == "PUT"]
    return found.json


def test_script_is_found_by_name_and_its_code_is_read_once_when_it_is_asked_for(
    server: StandIn, client: Client
) -> None:
    id = server.add_script("Orders", CODE, description="d")
    script = client.scripts["Orders"]
    before = len(server.requests)

    texts = (script.content, script.content, script.doc["content"])

    assert texts == (CODE, CODE, CODE)
    assert server.paths()[before:] == [f"GET /scripts/{id}"]
    assert client.scripts[id].content == CODE
    assert client.scripts._ipython_key_completions_() == ["Orders"]
    assert list(client.scripts.to_frame()["description"]) == ["d"]
    with pytest.raises(NotFoundError, match="Did you mean 'Orders'"):
        client.scripts["orders"]


def test_update_sends_the_code_that_is_there(server: StandIn, client: Client) -> None:
    server.add_script("Orders", CODE, postResponseHookToProcessOnChildRecord=True, debugUntil="2026-01-01T00:00:00Z")

    script = client.scripts["Orders"].update(name="Orders, new", description="d")

    assert put(server) == {
        "name": "Orders, new", "description": "d", "content": CODE, "postResponseHookToProcessOnChildRecord": True,
    }  # fmt: skip
    assert (script.name, script.content) == ("Orders, new", CODE)


def test_update_takes_new_code_from_a_file_and_leaves_the_rest(server: StandIn, client: Client, tmp_path: Path) -> None:
    server.add_script("Orders", CODE, description="d")
    (tmp_path / "orders.js").write_text("// new\n" + CODE, encoding="utf-8-sig")

    client.scripts["Orders"].update(content=tmp_path / "orders.js")

    assert put(server) == {"name": "Orders", "description": "d", "content": "// new\n" + CODE}


@pytest.mark.parametrize("content", [..., None])
def test_update_does_not_erase_what_the_server_does_not_show(
    server: StandIn, client: Client, content: Any | None
) -> None:
    id = server.add_script("Orders", CODE)
    script = client.scripts[id]
    shown = {name: value for name, value in server.scripts[id].items() if name != "content"}
    server.next = [Reply(200, shown if content is ... else {**shown, "content": content})]

    with pytest.raises(DocumentError, match="would erase it"):
        script.update(name="New")

    assert server.scripts[id]["content"] == CODE
    assert script.update(name="New", content="// mine").content == "// mine"


def test_server_that_answers_nothing_to_the_put_is_asked_again(server: StandIn, client: Client) -> None:
    id = server.add_script("Orders", CODE)
    script = client.scripts[id]

    def silent(seen: Any) -> Reply:
        server.answer(seen)
        return Reply(204)

    server.next = [lambda seen: None, silent]

    assert script.update(name="New").name == "New"
    assert server.paths()[-3:] == [f"GET /scripts/{id}", f"PUT /scripts/{id}", f"GET /scripts/{id}"]


def test_create_sends_what_is_given_and_no_empty_code(server: StandIn, client: Client) -> None:
    made = client.scripts.create("New", CODE)

    assert json.loads(server.requests[-1].body) == {"name": "New", "content": CODE}
    assert (made.name, made.content) == ("New", CODE)
    sent = len(server.requests)
    for nothing in ("", "  \n", made.update(content=" //").name and "\n"):
        with pytest.raises(DocumentError, match="is empty"):
            client.scripts.create("Empty", nothing)
    with pytest.raises(ConfigError, match="Cannot read"):
        client.scripts.create("Missing", "nowhere/orders.js")
    with pytest.raises(ConfigError, match="expected JavaScript as text"):
        client.scripts.create("Wrong", 5)  # type: ignore[arg-type]
    assert [path.partition(" ")[0] for path in server.paths()[sent:]] == ["GET", "PUT"]


def test_read_only_client_reads_scripts_and_writes_none(server: StandIn) -> None:
    id = server.add_script("Orders", CODE)
    client = client_of(server, time=FakeTime(), read_only=True)
    script = client.scripts["Orders"]
    writes = [
        lambda: client.scripts.create("New", CODE), lambda: script.update(name="b"), script.delete,
        lambda: script.enable_debug(5),
    ]  # fmt: skip

    assert script.content == CODE
    assert len(script.logs()) == 0
    for write in writes:
        with pytest.raises(ConfigError, match="read-only"):
            write()
    assert set(server.scripts[id]) == {"_id", "createdAt", "name", "content"}
    assert {path.partition(" ")[0] for path in server.paths()} == {"GET"}


def test_debugging_is_asked_for_by_a_patch_and_an_hour_at_most(server: StandIn, client: Client) -> None:
    id = server.add_script("Orders", CODE)

    until = client.scripts[id].enable_debug(60)

    assert datetime.fromisoformat(server.scripts[id]["debugUntil"].replace("Z", "+00:00")).minute == until.minute
    for minutes in (61, -1, "soon", float("nan")):
        with pytest.raises(ConfigError, match="from 0 to 60"):
            client.scripts[id].enable_debug(minutes)  # type: ignore[arg-type]


def entries(count: int) -> list[dict[str, Any]]:
    levels = ("info", "ERROR")
    return [
        {"time": 1_770_000_000_000 + n, "logLevel": levels[n % 2], "functionType": "preMap", "message": f"<b>{n}"}
        for n in range(count)
    ]


def test_log_is_read_over_all_its_pages_and_filtered(server: StandIn, client: Client) -> None:
    id = server.add_script("Orders", CODE)
    server.script_logs[id] = entries(250)
    script = client.scripts[id]

    whole = script.logs()
    errors = script.logs(level="error", function="preMap", since=datetime(2026, 1, 1), limit=3)

    assert whole.message.tolist() == [f"<b>{n}" for n in range(250)]
    assert errors.message.tolist() == ["<b>1", "<b>3", "<b>5"]
    assert str(whole.time.dtype).endswith("UTC]")
    assert server.requests[-1].query == {"functionType": ["preMap"], "time_gt": ["1767225600000"]}
    with pytest.raises(ConfigError, match="expected one of debug"):
        script.logs(level="loud")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"logs": [], "nextPageURL": "https://elsewhere.example/v1/scripts/1/logs"}, ApiError),
        ({"logs": [], "nextPageURL": "/api/scripts/{id}/logs"}, PagingError),
        ({"logs": 5}, TransportError),
        ([1], TransportError),
    ],
)
def test_log_that_leads_elsewhere_or_nowhere_is_an_error(
    server: StandIn, client: Client, answer: Any, error: type[Exception]
) -> None:
    id = server.add_script("Orders", CODE)
    script = client.scripts[id]
    answer = json.loads(json.dumps(answer).replace("{id}", id))
    server.next = [lambda seen: Reply(200, answer)] * 9

    with pytest.raises(error):
        script.logs()


def test_texts_from_outside_are_escaped(server: StandIn, client: Client) -> None:
    server.add_script("<img src=x>", "<script>alert(1)</script>", description="<i>")
    script = client.scripts["<img src=x>"]
    assert script.content

    shown = script._repr_html_() + client.scripts._repr_html_()

    assert "<img" not in shown
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_deleted_script_is_gone(server: StandIn, client: Client) -> None:
    client.scripts[server.add_script("Orders", CODE)].delete()

    assert list(client.scripts) == []
