"""Which server is talked to: within reach, of the right replica set, trusted, before it is given credentials."""

from __future__ import annotations

import time
from typing import Any

import pytest
from support.cutting_proxy import cutting_proxy
from support.mongod import Mongod
from support.mongodb_bench import Bench
from support.mongodb_greeter import greeter
from support.sockets import free_port

from celigo_pandas.engine.adaptors.mongodb import adaptor
from celigo_pandas.engine.adaptors.mongodb.members import server_for
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.safety.reach import Reach

pytestmark = pytest.mark.mongodb

SECONDARY = {"setName": "rs0", "isWritablePrimary": False, "secondary": True}


def ping(server: Mongod, reach: Reach | None = None, **block: Any) -> Any:
    with Bench(server, server.doc(**block)) as bench:
        return adaptor.ping(bench.call(reach=reach))


def ping_within(server: Mongod, doc: Any, time_s: float) -> Any:
    with Bench(server, doc) as bench:
        call = bench.call()
        call.deadline = time.monotonic() + time_s
        return adaptor.ping(call)


def problem(outcome: Any) -> tuple[str, str]:
    (error,) = outcome.errors
    return error["code"], error["message"]


def test_primary_is_found_by_what_a_secondary_says(server: Mongod) -> None:
    with greeter(**SECONDARY, primary=f"127.0.0.1:{server.port}") as other:
        outcome = ping(server, host=[f"127.0.0.1:{other.port}"])

        assert outcome.code == 200
        # It was asked who it is, and given no credentials.
        assert [next(iter(one)) for one in other.asked] == ["hello"]


def test_dead_host_is_passed_over(server: Mongod) -> None:
    hosts = [f"127.0.0.1:{free_port()}", f"localhost:{server.port}"]

    assert ping(server, host=hosts).code == 200


@pytest.mark.parametrize("announced", ["169.254.169.254:80", "[fd00:ec2::254]:80", "metadata.internal.example:27017"])
def test_server_that_is_announced_and_out_of_reach_is_never_dialled(server: Mongod, announced: str) -> None:
    with greeter(**SECONDARY, primary=announced, hosts=[announced]) as other:
        begun = time.monotonic()
        outcome = ping(server, Reach(hosts=("127.0.0.1", "169.254.169.254")), host=[f"127.0.0.1:{other.port}"])

    code, message = problem(outcome)
    assert code == "out_of_reach"
    assert announced.rpartition(":")[0].strip("[]") in message
    assert time.monotonic() - begun < 5


def test_announced_server_on_a_port_that_is_not_allowed_sees_nothing(server: Mongod) -> None:
    with cutting_proxy(server.port) as proxy:
        proxy.cut(b"", "before")
        with greeter(**SECONDARY, primary=f"127.0.0.1:{proxy.port}") as other:
            outcome = ping(server, Reach(hosts=(f"127.0.0.1:{other.port}",)), host=[f"127.0.0.1:{other.port}"])

        assert problem(outcome)[0] == "out_of_reach"
        assert proxy.seen == []


@pytest.mark.parametrize("announced", ["/tmp/mongodb.sock", "h?tls=false", "mongodb://x"])
def test_announced_text_that_is_no_address_fails(server: Mongod, announced: str) -> None:
    with greeter(**SECONDARY, primary=announced) as other:
        assert problem(ping(server, host=[f"127.0.0.1:{other.port}"]))[0] in {"invalid_field", "unreachable"}


def test_search_through_what_servers_announce_ends_with_its_call(server: Mongod) -> None:
    announced = [f"127.9.{at // 250}.{at % 250}:1" for at in range(20_000)]
    with greeter(**SECONDARY, hosts=announced) as other:
        doc = server.doc(host=[f"127.0.0.1:{other.port}"])
        begun = time.monotonic()
        outcome = ping_within(server, doc, 1)

    assert problem(outcome)[0] == "timeout"
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("drip_s", [0.3, 0.002])
def test_greeting_that_drips_ends_with_its_call(server: Mongod, drip_s: float) -> None:
    with greeter(**SECONDARY, hosts=["a" * 9] * 2000, drip_s=drip_s) as other:
        begun = time.monotonic()
        outcome = ping_within(server, server.doc(host=[f"127.0.0.1:{other.port}"]), 1)

    assert problem(outcome)[0] == "timeout"
    assert time.monotonic() - begun < 10


def test_other_replica_set_is_refused(server: Mongod) -> None:
    code, message = problem(ping(server, replicaSet="other"))

    assert code == "wrong_replica_set"
    assert "'rs0'" in message
    assert "'other'" in message


def test_replica_set_without_a_primary_is_told(server: Mongod) -> None:
    with greeter(**SECONDARY, hosts=[]) as other:
        code, message = problem(ping(server, host=[f"127.0.0.1:{other.port}"]))

    assert code == "unreachable"
    assert "primary" in message


@pytest.mark.parametrize(
    ("preference", "first", "expected"),
    [
        ("primary", "secondary", "primary"),
        ("primaryPreferred", "secondary", "primary"),
        ("secondary", "primary", "secondary"),
        ("secondaryPreferred", "primary", "secondary"),
        ("nearest", "secondary", "secondary"),
        ("nearest", "primary", "primary"),
    ],
)
def test_read_preference_chooses_the_server(server: Mongod, preference: str, first: str, expected: str) -> None:
    with cutting_proxy(server.port) as proxy:
        real = f"127.0.0.1:{server.port}"
        with greeter(**SECONDARY, primary=real) as other:
            asked = {"secondary": f"127.0.0.1:{other.port}", "primary": real}
            hosts = [asked[first], *(asked[name] for name in asked if name != first)]
            with Bench(server, server.doc(host=hosts)) as bench:
                try:
                    chosen = str(server_for(bench.call(seconds=1), preference).address)
                except SourceFailure:
                    # The one that only says hello lets nobody log in: it was chosen.
                    chosen = asked["secondary"]

    assert chosen == asked[expected]
    assert proxy.seen == []


@pytest.mark.parametrize("preference", ["secondaryPreferred", "primaryPreferred"])
def test_second_best_server_is_taken_where_there_is_no_better(server: Mongod, preference: str) -> None:
    with Bench(server) as bench:
        assert server_for(bench.call(), preference).address.port == server.port


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ({"raw": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, "bad_answer"),
        ({"raw": b""}, "unreachable"),
        ({"raw": b"\x10\0\0\0" + b"\0" * 12}, "bad_answer"),
        ({"raw": b"\xff\xff\xff\x7f" + b"\0" * 8 + b"\xdd\x07\0\0"}, "bad_answer"),
        ({**SECONDARY, "hosts": 5, "primary": {}}, "unreachable"),
    ],
)
def test_what_is_no_database_is_told(server: Mongod, hello: Any, code: str) -> None:
    with greeter(**hello) as other:
        assert problem(ping(server, host=[f"127.0.0.1:{other.port}"]))[0] == code


def test_tls_to_a_server_without_it_is_told(server: Mongod) -> None:
    begun = time.monotonic()

    assert problem(ping(server, ssl=True))[0] in {"tls", "unreachable"}
    assert time.monotonic() - begun < 9


@pytest.mark.parametrize("member", ["ca", "cert"])
def test_certificate_that_is_none_is_told_without_its_text(server: Mongod, member: str) -> None:
    doc = {**server.doc(ssl=True), "ssl": {member: "no certificate, secretword"}}

    with Bench(server, doc) as bench:
        outcome = adaptor.ping(bench.call())

    code, message = problem(outcome)
    assert "secretword" not in message
    assert code == ("invalid_certificate" if member == "cert" else "tls")


@pytest.mark.parametrize("database", [None, "", "a b", "a/b", "x" * 64, 5])
def test_database_that_none_can_be(server: Mongod, database: Any) -> None:
    assert problem(ping(server, database=database, authSource="shop"))[0] in {"missing_required_field", "invalid_field"}


def test_login_of_another_database(server: Mongod) -> None:
    assert ping(server, username="root", authSource="admin").code == 200
    assert ping(server, username="root").code == 401


def test_server_is_opened_once_for_all_calls(bench: Bench) -> None:
    assert server_for(bench.call()) is server_for(bench.call())
