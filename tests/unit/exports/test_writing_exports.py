"""Exports whose SQL writes: named as what changes its source, and refused by a client that only reads."""

from __future__ import annotations

import pytest

from celigo_pandas.documents.export_documents import consuming_member, unread_query
from celigo_pandas.documents.sql_text import unread_verb, writing_verb


@pytest.mark.parametrize(
    ("sql", "verb"),
    [
        ("delete from planes", "delete"),
        ("  -- all of them\n/* really */ DELETE FROM planes", "delete"),
        ("insert into t values ({{record.id}})", "insert"),
        ("update t as x set a = 1", "update"),
        ("select 1; drop table t", "drop"),
        ("with gone as (delete from t returning *) select * from gone", "delete"),
        ("with x as (select 1) update t set a = 1", "update"),
        ("explain analyze delete from t", "delete"),
        ("select * into copy from t", "into"),
        ("truncate t", "truncate"),
    ],
)
def test_sql_that_writes_is_seen(sql: str, verb: str) -> None:
    assert writing_verb(sql) == verb
    assert unread_verb(sql) == verb
    assert consuming_member({"rdbms": {"query": sql}}) == "rdbms.query"
    assert consuming_member({"jdbc": {"query": sql}}) == "jdbc.query"


@pytest.mark.parametrize(
    "sql",
    [
        "select * from t where action in ('delete', 'update') for update",
        "select 'delete from t', \"delete from\", `insert into`, [drop] from t -- drop table t",
        "select replace(a, 'x', 'y'), updated, created from t",
        "(select 1) union (select 2)",
        "{{#if settings.all}}select * from t{{else}}select * from u{{/if}}",
        "select * from t where note = 'it''s; delete from x'",
        "values (1), (2)",
        "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n",
        "explain select 1",
        "select * from t where a > {{lastExportDateTime}};",
    ],
)
def test_sql_that_reads_is_no_consuming_export(sql: str) -> None:
    assert writing_verb(sql) is None
    assert unread_verb(sql) is None
    assert consuming_member({"rdbms": {"query": sql}}) is None


@pytest.mark.parametrize(("sql", "verb"), [("call p(1)", "call"), ("exec p", "exec"), ("{{{query}}}", ""), ("", "")])
def test_sql_that_may_write_is_not_consuming_but_not_known_to_read(sql: str, verb: str) -> None:
    assert writing_verb(sql) is None
    assert unread_verb(sql) == verb
    assert unread_query({"rdbms": {"query": sql}}) == "rdbms.query"
