"""Documents whose members have any type: each is answered with a 2xx or refused with its envelope, never a 500."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.engine import EngineProcess, make_sqlite

JUNK = [None, True, 5, -1.5, "x", "{{", "$.", "[", [], [1], [None], {}, {"a": 1}, {"type": 5}, [{"a": [{}]}]]

EXPORT = (
    "type delta delta.startDate delta.lagOffset delta.dateFormat test test.limit once rdbms rdbms.query rdbms.once "
    "rdbms.once.query filter filter.type filter.expression transform transform.expression hooks mockOutput settings "
    "dataURITemplate pageSize groupByFields name _id _connectionId adaptorType oneToMany pathToMany"
).split()
IMPORT = (
    "rdbms rdbms.query rdbms.queryType rdbms.bulkInsert rdbms.bulkInsert.tableName rdbms.bulkInsert.batchSize "
    "rdbms.ignoreExtract rdbms.lookups ignoreExisting ignoreMissing mapping mapping.fields mapping.lists mappings "
    "lookups filter filter.expression oneToMany pathToMany hooks settings mockResponse name dataURITemplate _id"
).split()
CONNECTION = (
    "name type rdbms rdbms.type rdbms.database rdbms.concurrencyLevel settings debugDate externalId _id ssl pgp "
    "_agentId _borrowConcurrencyFromConnectionId http"
).split()


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running
        assert "ERROR" not in running.log(), running.log()[-3000:]


@pytest.fixture(scope="module")
def id(engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> str:
    return engine.sqlite(make_sqlite(tmp_path_factory.mktemp("junk") / "t.db", t=[{"n": 1}]))


def changed(doc: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    below = doc.get(first)
    return {**doc, first: changed(below if isinstance(below, dict) else {}, rest, value) if rest else value}


def check(engine: EngineProcess, method: str, path: str, body: Any) -> None:
    answer = engine.call(method, path, body)
    assert answer.status_code < 500, f"{body}: {answer.text}"
    if answer.status_code >= 400:
        assert answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("member", EXPORT)
def test_junk_in_an_export_is_answered_or_refused(engine: EngineProcess, id: str, member: str) -> None:
    for value in JUNK:
        doc = changed(
            {"type": "once" if "once" in member else None, "rdbms": {"query": "select n from t"}}, member, value
        )
        if "delta" in member:
            doc["type"] = "delta"
        if "test" in member:
            doc["type"] = "test"
        check(engine, "POST", f"/connections/{id}/export/pages", {"export": doc})


@pytest.mark.parametrize("member", IMPORT)
@pytest.mark.parametrize("mode", ["per_record", "bulk_insert"])
def test_junk_in_an_import_is_answered_or_refused(engine: EngineProcess, id: str, member: str, mode: str) -> None:
    block = {"queryType": [mode], "query": ["select {{record.n}}"], "bulkInsert": {"tableName": "t"}}
    for value in JUNK:
        doc = changed({"ignoreExisting": True, "oneToMany": member == "pathToMany", "rdbms": block}, member, value)
        for path in ("import", "import/map") if mode == "per_record" else ("import",):
            check(engine, "POST", f"/connections/{id}/{path}", {"import": doc, "data": [{"n": 1}, [{"n": 2}], {}]})


@pytest.mark.parametrize("member", CONNECTION)
def test_junk_in_a_connection_is_answered_or_refused(engine: EngineProcess, member: str, tmp_path: Path) -> None:
    good = {"name": "x", "type": "rdbms", "rdbms": {"type": "sqlite", "database": str(tmp_path / "nix.db")}}
    for value in JUNK:
        doc = changed(good, member, value)
        check(engine, "POST", "/connections/ping", doc)
        made = engine.call("POST", "/connections", doc)
        assert made.status_code < 500
        if made.status_code == 201:
            id = made.json()["_id"]
            check(engine, "GET", f"/connections/{id}/ping", None)
            check(engine, "POST", f"/connections/{id}/export", {"export": {"rdbms": {"query": "select 1"}}})
            check(engine, "GET", f"/connections/{id}/audit", None)
            assert engine.call("DELETE", f"/connections/{id}").status_code in {204, 422}
