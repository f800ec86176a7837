"""Keys as a real server's collations read them: what it takes for the same is never called new."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pandas as pd
import pytest
from support.databases import DatabaseServer, start_mariadb

import celigo_pandas as celigo
from celigo_pandas import build

WORDS = ["abc", "Straße", "naïve", "smørbrød", "Łódź", "7", "a b", "x", "日本"]
COLLATIONS = ["utf8mb4_unicode_ci", "utf8mb4_general_ci", "utf8mb4_bin", "utf8mb4_unicode_520_ci"]


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    started = start_mariadb()
    yield started
    started.stop()


def written_otherwise(word: str) -> list[str]:
    """Write a word in the ways that collations may not tell apart, and in some that they do."""
    bare = word.translate(str.maketrans("ïøŁóź", "ioLoz"))
    return [word.upper(), word.lower(), f"{word} ", bare, bare.upper(), word.replace("ß", "ss"), f"{word}.", word[:-1]]


@pytest.mark.mariadb
@pytest.mark.parametrize("collation", COLLATIONS)
def test_what_the_server_takes_for_the_same_is_never_new(
    client: celigo.Client, server: DatabaseServer, collation: str
) -> None:
    server.run(
        "drop table if exists items",
        f"create table items (sku varchar(20) character set utf8mb4 collate {collation} primary key, name text)",
        *(f"insert into items values ('{word}', 'a')" for word in WORDS),
    )
    con = client.connections.create({**server.doc, "name": collation})
    keys = sorted({other for word in WORDS for other in written_otherwise(word) if other.strip()} - set(WORDS))
    df = pd.DataFrame({"sku": [*WORDS, *keys], "name": "a"})
    connection = server.connect()
    cursor = connection.cursor()
    same = {
        key for key, word in product(keys, WORDS)
        if cursor.execute(f"select 1 from items where sku = '{word}' and sku = %s", (key,))
    }  # fmt: skip
    connection.close()

    plan = df.celigo.plan_import(
        build.sql_import("insert into items values ({{record.sku}}, {{record.name}})"), con,
        current=build.sql_export("select * from items"), key="sku", progress=False,
    )  # fmt: skip

    actions = dict(zip(df["sku"], plan.frame["action"], strict=True))
    assert {actions[word] for word in WORDS} == {"unchanged"}
    assert {actions[key] for key in same} <= {"conflict"}
    assert {actions[key] for key in keys if key.endswith(".") and key != "7."} == {"create"}
    assert same or collation == "utf8mb4_bin"
