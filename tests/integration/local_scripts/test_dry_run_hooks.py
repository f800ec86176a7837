"""Local dry runs of imports with scripts: read from an account, or given; what they log, refuse, and may call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import celigo_pandas as celigo
from celigo_pandas.accessors import targets
from celigo_pandas.errors import CeligoError, ConfigError, DocumentError, NotFoundError, ScriptError

CODE = """function preMap({data, settings}) {
  console.info('page of', data.length, settings.import.region)
  return data.map((record) => {
    if (record.total < 0) return {errors: [{code: 'negative', message: 'No refunds', source: 'mine'}]}
    return record.total === 0 ? {} : {data: {...record, gross: record.total * 1.2}}
  })
}
function postMap({preMapData, postMapData}) {
  return postMapData.map((data, i) => ({data: {...data, from: preMapData[i].id}, ...(data.gross > 100
    ? {errors: [{code: 'large', message: 'look twice'}]} : {})}))
}
const keep = ({record}) => record.id !== 9
"""
ROWS = pd.DataFrame({"id": [1, 2, 3, 9, 5], "total": [10, -1, 0, 7, 100]}, index=list("abcde"))
RULE = {"generate": "gross", "dataType": "number", "extract": "$.gross", "status": "Active"}


def document(id: str, **more: Any) -> dict[str, Any]:
    named = {"_scriptId": id}
    return {
        "mappings": [RULE],
        "settings": {"region": "EU"},
        "hooks": {"preMap": {**named, "function": "preMap"}, "postMap": {**named, "function": "postMap"}},
        "filter": {"type": "script", "script": {**named, "function": "keep"}},
        **more,
    }


NAMED = {"_scriptId": "5f00000000000000000000bb", "function": "preMap"}


@pytest.fixture(scope="module")
def client() -> Iterator[celigo.Client]:
    with celigo.local(demo="none") as local:
        http = {"baseURI": "http://127.0.0.1:9", "mediaType": "json"}
        local.connections.create({"name": "Desk", "type": "http", "http": http})
        yield local


@pytest.fixture(scope="module")
def saved(client: celigo.Client) -> Any:
    return client.scripts.create("Orders", CODE)


@pytest.fixture(scope="module")
def saved_import(client: celigo.Client, saved: Any) -> Any:
    desk = client.connections["Desk"].id
    http = {"adaptorType": "HTTPImport", "http": {"method": ["POST"], "relativeURI": ["/"]}}
    doc = document(saved.id, name="Orders", _connectionId=desk, **http)
    client.api.send(_post("/imports", doc), inspect=lambda response: None)
    return client.imports["Orders"]


def _post(path: str, doc: Any) -> Any:
    from celigo_pandas.client.json_bodies import encode
    from celigo_pandas.client.messages import Request

    return Request("POST", path, body=encode(doc), repeat="write")


def test_saved_import_brings_its_scripts(client: celigo.Client, saved_import: Any) -> None:
    trial = ROWS.celigo.dry_run(saved_import)

    assert trial.frame.state.tolist() == ["mapped", "failed", "ignored", "ignored", "mapped_with_errors"]
    assert trial.frame.code.tolist() == [None, "negative", None, None, "large"]
    assert trial.frame.source.tolist() == [None, "mine", None, None, "post_map_hook"]
    assert trial.mapped.gross.to_dict() == {"a": 12.0, "e": 120.0}
    assert trial.mapped["from"].to_dict() == {"a": 1, "e": 5}
    assert trial.logs.message.tolist() == ["page of 4 EU"]
    assert trial.logs.script.tolist() == ["Orders"]
    assert ROWS.celigo.map_import(saved_import).equals(trial.mapped)


def test_script_is_replaced_by_its_id_or_name_and_by_nothing_else(
    client: celigo.Client, saved: Any, saved_import: Any, tmp_path: Path
) -> None:
    (tmp_path / "new.js").write_text(CODE.replace("1.2", "2"))
    for key in (saved.id, "Orders"):
        trial = ROWS.celigo.dry_run(saved_import, scripts={key: tmp_path / "new.js"})
        assert trial.mapped.gross.to_dict() == {"a": 20, "e": 200}
        assert trial.logs.script.tolist() == ["new.js"]
    with pytest.raises(ConfigError, match="'Order', which the document does not refer to"):
        ROWS.celigo.dry_run(saved_import, scripts={"Order": CODE})
    with pytest.raises(ConfigError, match="it has no script"):
        ROWS.celigo.dry_run({"mappings": []}, scripts={"Orders": CODE})


def test_document_of_ones_own_asks_the_only_open_client_or_is_told_to_give_the_script(
    client: celigo.Client, saved: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = document(saved.id)

    assert len(ROWS.celigo.dry_run(mine, scripts=client.scripts).mapped) == 2
    assert len(ROWS.celigo.dry_run(mine).mapped) == 2
    with pytest.raises(NotFoundError):
        ROWS.celigo.dry_run(document("f" * 24))
    asked = len(client.history)
    monkeypatch.setattr(targets, "_open_accounts", {})
    with pytest.raises(DocumentError, match=f"the script {saved.id}, which is not at hand"):
        ROWS.celigo.dry_run(mine)
    assert len(ROWS.celigo.dry_run(mine, scripts={saved.id: CODE}).mapped) == 2
    assert len(client.history) == asked


def test_page_at_which_a_hook_throws_fails_with_its_place_and_the_others_pass() -> None:
    code = """function preMap({data}) {
      for (const r of data) if (r.id === 150) r.a.b = 1
      return data.map(data => ({data})) }"""
    rows = pd.DataFrame({"id": range(250)})

    trial = rows.celigo.dry_run({"hooks": {"preMap": {"_scriptId": "1"}}}, scripts={"1": code})

    assert trial.frame.state.tolist() == ["mapped"] * 100 + ["failed"] * 100 + ["mapped"] * 50
    assert set(trial.frame.source[100:200]) == {"pre_map_hook"}
    assert "line 2" in trial.frame.message[150]
    assert "failed" in trial._repr_html_()


def test_integrator_api_is_closed_unless_a_client_is_handed_in(client: celigo.Client) -> None:
    code = """import {connections, request, exports as all} from 'integrator-api'
    function preMap({data}) {
      const listed = request({relativeURI: '/v1/connections', method: 'GET'}).body
      return data.map((r) => ({data: {name: connections.get({_id: listed[0]._id}).name, count: listed.length}})) }"""
    doc = {"hooks": {"preMap": {"_scriptId": "1"}}}

    closed = ROWS.celigo.dry_run(doc, scripts={"1": code})
    opened = ROWS.celigo.dry_run(doc, scripts={"1": code}, allow_api=client)
    run = celigo.Script(code).run("preMap", ROWS, allow_api=client)

    assert set(closed.frame.state) == {"failed"}
    assert "integrator-api: request is not available here" in closed.frame.message.iloc[0]
    assert opened.mapped.name.unique().tolist() == ["Desk"]
    assert run.output["count"].unique().tolist() == [1]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("api.lookupcaches.getData({})", "lookupcaches.getData is not available here"),
        ("api.state.get('a')", "state.get is not available here"),
        ("api.exports.run('5f')", "takes an object, got '5f'"),
        ("api.exports.run({})", "_id is None; expected an id"),
        ("api.request({relativeURI: '/v1/x', method: 'TRACE'})", "method is 'TRACE'"),
        ("api.request({relativeURI: 'https://elsewhere.example/v1/x'})", "relativeURI is"),
        ("api.connections.get({_id: 'ffffffffffffffffffffffff'})", "no connection with the id"),
        ("api.request({relativeURI: '/v1/exports', headers: {Authorization: 'a'}})", "'Authorization' cannot be set"),
        ("api.request({relativeURI: '/v1/exports', headers: {accept: 'text/csv'}})", "'accept' cannot be set"),
        ("api.request({relativeURI: '/v1/exports', headers: ['a']})", "headers is ['a']; expected an object"),
        ("api.request({relativeURI: '/v1/exports', qs: {a: 1}})", "request does not take 'qs' here"),
        ("api.exports.run({_id: '5f', data: []})", "exports.run does not take 'data' here; it takes _id"),
        ("api.request({relativeURI: '/v1/connections/5f#/walks/x'})", "relativeURI is"),
        ("api.request({relativeURI: '/v1/connections/%2e%2e/exports'})", "relativeURI is"),
        ("api.request({relativeURI: '/v1/connections/5f%2f..'})", "relativeURI is"),
    ],
)
def test_call_of_integrator_api_that_cannot_be_is_told_to_the_script(
    client: celigo.Client, call: str, text: str
) -> None:
    code = f"""import * as api from 'integrator-api'
    function preMap(o) {{ try {{ {call} }} catch (e) {{ return [{{data: {{said: e.message}}}}] }} }}"""

    (record,) = celigo.Script(code).run("preMap", [{}], allow_api=client).records

    assert text in record["said"]


def test_read_only_client_lets_scripts_read_and_write_nothing(client: celigo.Client) -> None:
    code = """import {request} from 'integrator-api'
    function preMap({data}) {
      const listed = request({relativeURI: '/connections'})
      request({relativeURI: '/scripts', method: 'POST', body: {name: 'made', content: '//'}}) }"""
    with celigo.connect(client.engine_token, base_url=client.base_url, read_only=True) as reader:
        run = celigo.Script(code).run("preMap", [{}], allow_api=reader)

    assert "read-only" in run.frame.message[0]
    assert "made" not in client.scripts


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("DELETE", "#/walks/x"),
        ("DELETE", "/walks/.."),
        ("DELETE", "?/walks/x"),
        ("PUT", "#/metadata"),
        ("GET", "/OAuth2/"),
        ("GET", "/%6fauth2"),
    ],
)
def test_read_only_client_is_not_deceived_by_the_spelling_of_a_path(
    client: celigo.Client, method: str, rest: str
) -> None:
    desk = client.connections["Desk"]
    code = f"""import {{request}} from 'integrator-api'
    function preMap() {{ request({{relativeURI: '/v1/connections/{desk.id}{rest}', method: '{method}'}}) }}"""

    with celigo.connect(client.engine_token, base_url=client.base_url, read_only=True) as reader:
        run = celigo.Script(code).run("preMap", [{}], allow_api=reader)

    assert "read-only" in run.frame.message[0] or "relativeURI is" in run.frame.message[0]
    assert client.connections.get(desk.id) is not None


def test_headers_that_every_request_has_may_be_given(client: celigo.Client) -> None:
    code = """import {request} from 'integrator-api'
    function preMap() {
      const headers = {'Content-Type': 'application/json; charset=utf-8', accept: '*/*'}
      return [{data: {status: ['/v1/connections', '/connections/'].map(relativeURI =>
        request({relativeURI, method: 'GET', headers}).statusCode)}}] }"""

    assert celigo.Script(code).run("preMap", [{}], allow_api=client).records == [{"status": [200, 200]}]


def test_push_and_dry_run_on_the_server_refuse_another_script_than_the_servers(
    client: celigo.Client, saved: Any, saved_import: Any
) -> None:
    desk = client.connections["Desk"]
    other = {"Orders": CODE + "// changed"}

    for act in (ROWS.celigo.to_import, ROWS.celigo.dry_run):
        with pytest.raises(ConfigError, match="would run its own script 'Orders'"):
            act(saved_import, desk, scripts=other)
    with pytest.raises(ConfigError, match="the server decides"):
        ROWS.celigo.dry_run(saved_import, desk, allow_api=client)
    preview = ROWS.celigo.to_import(saved_import, desk, preview=True, scripts=other)
    assert "12" in preview._repr_html_()
    assert client.history[client.history.path.str.endswith("/import")].empty


@pytest.mark.parametrize(
    ("doc", "text"),
    [
        ({"hooks": {"premap": NAMED}}, "hooks.premap"),
        ({"hooks": {"preSavePage": NAMED}}, "hooks.preSavePage"),
        ({"hooks": {"preMap": "5f"}}, "hooks.preMap is '5f'; expected an object"),
        ({"hooks": {"preMap": {**NAMED, "function": 5}}}, "hooks.preMap.function is 5"),
        ({"hooks": ["preMap"]}, "expected an object"),
        ({"filter": {"type": "Script", "script": NAMED}}, "expected"),
        ({"filter": {"script": NAMED}}, "has no type"),
        ({"transform": {"type": "Script", "script": NAMED}}, "expected"),
        ({"transform": {"script": NAMED}}, "has no type"),
    ],
)
def test_script_that_would_not_run_is_refused_here_and_by_the_engine(
    client: celigo.Client, doc: dict[str, Any], text: str
) -> None:
    for con in (None, client.connections["Desk"]):
        with pytest.raises(CeligoError) as caught:
            ROWS.celigo.dry_run(doc, con, progress=False)
        assert text in str(caught.value)


def test_script_that_has_no_function_is_an_error_and_not_a_failed_row() -> None:
    with pytest.raises(ScriptError, match="declares no function"):
        ROWS.celigo.dry_run({"hooks": {"preMap": {"_scriptId": "1"}}}, scripts={"1": "const a = 1"})


def test_what_a_script_logs_on_the_server_is_read_through_the_client(client: celigo.Client) -> None:
    code = """function preMap({data}) { console.warn('late', data.length); console.log('fine')
                return data.map((data) => ({data})) }"""
    script = client.scripts.create("Logged", code)
    doc = {"hooks": {"preMap": {"_scriptId": script.id}}}
    desk = client.connections["Desk"]

    ROWS.celigo.dry_run(doc, desk, progress=False)
    script.enable_debug(5)
    trial = ROWS.celigo.dry_run(doc, desk, progress=False, scripts={"Logged": code})
    found = script.logs()

    assert trial.counts["mapped"] == 5
    assert sorted(found[["level", "message"]].itertuples(index=False, name=None)) == [
        ("info", "fine"),
        ("warn", "late 5"),
    ]
    assert set(found.function) == {"preMap"}
    assert script.logs(level="warn", function="preMap", limit=5).message.tolist() == ["late 5"]
    assert script.logs(function="postMap").empty
    assert script.dependencies().empty


def test_plan_is_made_of_what_the_hooks_give(client: celigo.Client, saved_import: Any) -> None:
    current = pd.DataFrame({"from": [1, 2], "gross": [10.0, 100.0]})

    plan = ROWS.celigo.plan_import(saved_import, current=current, key="from")

    # Without its hooks no row has a field "from" or "gross" at all.
    assert plan.changes[["field", "before", "after"]].to_numpy().tolist() == [["gross", 10.0, 12.0]]
    assert plan.missing["from"].tolist() == [2]
