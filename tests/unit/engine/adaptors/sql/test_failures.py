"""What a driver's error becomes: a code, a sentence, and whether the credentials were refused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from celigo_pandas.engine.adaptors.sql.database_failures import describe, source_failure
from celigo_pandas.engine.adaptors.sql.postgres import Postgres


def encoding_error(text: str, encoding: str) -> UnicodeEncodeError:
    with pytest.raises(UnicodeEncodeError) as caught:
        text.encode(encoding)
    return caught.value


@pytest.mark.parametrize("encoding", ["latin-1", "gbk", "shift_jis"])
def test_character_that_a_server_cannot_hold_is_named(encoding: str) -> None:
    code, message = describe(Postgres("postgresql"), encoding_error("a\U0001f600", encoding))

    assert code == "invalid_text"
    assert "cannot be encoded in " in message
    assert "U+1F600" in message


def test_half_of_a_surrogate_pair_is_no_character_in_any_encoding() -> None:
    assert "half of a surrogate pair" in describe(Postgres("postgresql"), encoding_error("\ud83d", "utf-8"))[1]


class LoginError(Exception):
    """As psycopg raises it when libpq ends a login: no code, only words."""

    sqlstate = None
    pgconn = SimpleNamespace(used_password=True)


@pytest.mark.parametrize(
    "words",
    [
        'FATAL:  too many connections for role "celigo"',
        'FATAL:  too many connections for database "shop"',
        "FATAL:  sorry, too many clients already",
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        "FATAL:  remaining connection slots are reserved for non-replication superuser connections",
        "FATAL:  the database system is starting up",
        "FATAL:  the database system is in recovery mode",
    ],
)
def test_trouble_that_passes_is_no_refusal(words: str) -> None:
    assert not source_failure(Postgres("postgresql"), LoginError(f"connection failed: {words}")).offline


@pytest.mark.parametrize(
    "words", ['FATAL:  password authentication failed for user "celigo"', "FATAL:  no pg_hba.conf entry"]
)
def test_refused_login_is_a_refusal(words: str) -> None:
    assert source_failure(Postgres("postgresql"), LoginError(f"connection failed: {words}")).offline
