"""What every adaptor does, whatever is behind it; where one cannot, its kind declares it.

Three ways in: the adaptor alone, the adaptor behind a proxy that cuts, and an engine with a connection to the system.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import pytest
from support.adaptor_kinds import Kind, numbered, own
from support.canary import CANARY, assert_no_canary, leaks
from support.cutting_proxy import When, cutting_proxy
from support.engine import EngineProcess
from support.sockets import free_port

from celigo_pandas.engine.adaptors.protocol import UNKNOWN, SourceFailure
from celigo_pandas.engine.safety.reach import Reach

WAIT_S = 30.0


def statuses(results: list[dict[str, Any]]) -> list[int]:
    return [result["statusCode"] for result in results]


def result_or_failure(work: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]] | SourceFailure:
    """Return the results of a push, or how the whole call failed."""
    try:
        return work()
    except SourceFailure as failure:
        return failure


def until_sources(kind: Kind, count: int) -> None:
    """Wait until so many exports are open in the system: it may let go of one a little later."""
    assert kind.sources is not None
    until = time.monotonic() + WAIT_S
    while kind.sources() != count:
        assert time.monotonic() < until, f"{kind.sources()} are open; expected {count}"
        time.sleep(0.05)


# Exports --------------------------------------------------------------------------------------------------------------


def test_ping_of_good_credentials(kind: Kind) -> None:
    with kind.access() as access:
        outcome = kind.adaptor.ping(kind.call(access))

    assert (outcome.code, outcome.errors) == (200, ())


@pytest.mark.parametrize("count", [0, 1, 250])
def test_export_gives_each_record_once(kind: Kind, count: int) -> None:
    kind.put("walked", numbered(count))

    with kind.access() as access:
        records = [own(one) for one in kind.records(kind.call(access), "walked")]

    if kind.lacks("order"):
        records.sort(key=lambda one: int(one["id"]))
    assert records == numbered(count)


def test_pages_through_an_engine_hold_each_record_once(kind: Kind, engine: EngineProcess) -> None:
    kind.put("paged", numbered(250))
    connection = engine.connection({**kind.doc, "name": "paged"})

    pages = list(engine.pages(connection, {**kind.export("paged"), "pageSize": 100}))
    assert engine.call("DELETE", f"/connections/{connection}").status_code == 204

    # A last page may be empty: no source has to know its end with its last record.
    assert [len(page["data"]) for page in pages if page["data"]] == [100, 100, 50]
    found = [own(one) for page in pages for one in page["data"]]
    assert sorted(found, key=lambda one: int(one["id"])) == numbered(250)
    assert [page.get("errors", []) for page in pages] == [[] for _ in pages]


def test_page_asked_twice_is_the_same_though_the_system_changed(kind: Kind, engine: EngineProcess) -> None:
    kind.put("twice", numbered(250))
    connection = engine.connection({**kind.doc, "name": "twice"})
    path, export = f"/connections/{connection}/export/pages", {**kind.export("twice"), "pageSize": 100}

    first = engine.call("POST", path, {"export": export}).json()
    asked = {"export": export, "pagedExportState": first["pagedExportState"]}
    second = engine.call("POST", path, asked)
    with kind.access() as access:
        assert statuses(kind.push(kind.call(access), "twice", [{"id": 9_999, "text": "written between"}])) == [200]
    again = engine.call("POST", path, asked)
    assert engine.call("DELETE", f"/connections/{connection}").status_code == 204

    assert second.status_code == again.status_code == 200
    assert second.content == again.content


def test_walk_that_is_left_lets_go_of_its_source(kind: Kind) -> None:
    if kind.lacks("sources"):
        return
    assert kind.sources is not None
    kind.put("begun", numbered(2_500))
    with kind.access() as access:
        kind.adaptor.ping(kind.call(access))
        before = kind.sources()

        with closing(kind.adaptor.open_export(kind.call(access), kind.export("begun"))) as chunks:  # type: ignore[type-var]
            assert next(chunks).records
            until_sources(kind, before + 1)

        until_sources(kind, before)


def test_export_ends_when_its_reader_has_gone(kind: Kind) -> None:
    kind.put("stopped", numbered(2_500))
    with kind.access() as access:
        call = kind.call(access)
        read = 0
        with suppress(SourceFailure):
            for chunk in kind.adaptor.open_export(call, kind.export("stopped")):
                read += len(chunk.records)
                call.stop.set()
        assert kind.lacks("sources") or read < 2_500

        assert len(kind.records(kind.call(access), "stopped")) == 2_500


def test_export_ends_with_its_time(kind: Kind) -> None:
    if kind.lacks("slow"):
        return
    assert kind.slow is not None
    with kind.access() as access:
        begun = time.monotonic()

        with pytest.raises(SourceFailure) as caught:
            list(kind.adaptor.open_export(kind.call(access, seconds=1.0), kind.slow))

        assert 0.9 < time.monotonic() - begun < WAIT_S
        assert not caught.value.offline
        assert kind.adaptor.ping(kind.call(access)).code == 200


# Imports --------------------------------------------------------------------------------------------------------------


def test_batch_of_100_with_a_failure_inside_stores_99(kind: Kind) -> None:
    kind.put("batch", [])
    records = numbered(100)
    if not kind.lacks("taken"):
        records[40] = {"id": 7, "text": "taken already"}

    with kind.access() as access:
        results = kind.push(kind.call(access), "batch", records)

    bad = [place for place, status in enumerate(statuses(results)) if status != 200]
    assert bad == ([] if kind.lacks("taken") else [40])
    assert len(results) == 100
    assert kind.stored("batch") == [one for one in numbered(100) if one["id"] != 41 or kind.lacks("taken")]
    for place in bad:
        (error,) = results[place]["errors"]
        assert set(error) >= {"code", "message", "source"}
        assert "taken already" not in error["message"]


def test_values_are_no_code_of_the_system(kind: Kind) -> None:
    texts = ["it's", 'say "so"', "back\\slash", "{{record.id}}", '","$where":"1', "'); drop table x; --", "äöü 🚲", ""]
    kind.put("texts", [])

    with kind.access() as access:
        results = kind.push(kind.call(access), "texts", [{"id": n, "text": text} for n, text in enumerate(texts)])

    assert statuses(results) == [200] * len(texts)
    assert [one["text"] for one in kind.stored("texts")] == texts


@pytest.mark.parametrize("when", ["before", "after"])
def test_answer_that_is_cut_off_is_not_known_and_not_sent_again(kind: Kind, when: When) -> None:
    if kind.lacks("marks"):
        return
    kind.put("cut", [])
    with cutting_proxy(kind.port) as proxy, kind.access(kind.moved(kind.doc, proxy.port)) as access:
        kind.adaptor.ping(kind.call(access))
        proxy.cut(kind.stores, when)

        (result,) = kind.push(kind.call(access), "cut", [{"id": 1, "text": "a marked text"}])

        assert len(proxy.seen) == 1
        assert result["statusCode"] == (200 if kind.lacks("doubt") and when == "after" else UNKNOWN)
        assert kind.stored("cut") == ([{"id": 1, "text": "a marked text"}] if when == "after" else [])
        # What comes next goes through a new session.
        assert statuses(kind.push(kind.call(access), "cut", [{"id": 2, "text": "next"}])) == [200]


# Credentials ----------------------------------------------------------------------------------------------------------


def is_refused(found: list[dict[str, Any]] | SourceFailure) -> bool:
    """Whether credentials were refused: the call takes the connection offline, or each result is a 401 or 403."""
    return found.offline if isinstance(found, SourceFailure) else set(statuses(found)) <= {401, 403}


def test_wrong_credentials_are_refused(kind: Kind) -> None:
    kind.put("refused", numbered(1))
    with kind.access(kind.with_secret("a wrong one")) as access:
        outcome = kind.adaptor.ping(kind.call(access))
        assert (outcome.code, outcome.lasting) == (401, True)
        assert outcome.errors

        with pytest.raises(SourceFailure) as caught:
            kind.records(kind.call(access), "refused")
        assert caught.value.offline
        assert is_refused(result_or_failure(lambda: kind.push(kind.call(access), "refused", [{"id": 2, "text": "x"}])))

    assert kind.stored("refused") == numbered(1)


def test_credentials_that_end_while_a_session_is_open_are_refused(kind: Kind) -> None:
    if kind.lacks("expiry"):
        return
    assert kind.expired is not None
    kind.put("expired", numbered(1))
    with kind.access() as access:
        assert len(kind.records(kind.call(access), "expired")) == 1

        with kind.expired():
            with pytest.raises(SourceFailure) as caught:
                kind.records(kind.call(access), "expired")
            assert caught.value.offline
            assert is_refused(
                result_or_failure(lambda: kind.push(kind.call(access), "expired", [{"id": 2, "text": "x"}]))
            )

    assert kind.stored("expired") == numbered(1)


def test_system_that_is_not_there(kind: Kind) -> None:
    with kind.access(kind.moved(kind.doc, free_port())) as access:
        outcome = kind.adaptor.ping(kind.call(access))
        assert (outcome.code, outcome.lasting) == (503, False)

        with pytest.raises(SourceFailure) as caught:
            kind.records(kind.call(access), "nowhere")
        assert not caught.value.offline
        found = result_or_failure(lambda: kind.push(kind.call(access), "nowhere", [{"id": 1, "text": "x"}]))
        if isinstance(found, SourceFailure):
            assert not found.offline
        else:
            assert not {UNKNOWN, 200, 403} & set(statuses(found))


def test_system_out_of_reach_is_never_dialled(kind: Kind) -> None:
    reach = Reach(hosts=("elsewhere.example",))
    with cutting_proxy(kind.port) as proxy, kind.access(kind.moved(kind.doc, proxy.port)) as access:
        proxy.cut(b"", "before")  # the first byte would be seen
        with pytest.raises(SourceFailure, match="out of reach"):
            kind.records(kind.call(access, reach=reach), "far")
        assert kind.adaptor.ping(kind.call(access, reach=reach)).code == 503

        assert proxy.seen == []


def test_canary_in_no_failure_log_or_record(kind: Kind) -> None:
    kind.put("canary", numbered(1))
    kind.debug.clear()
    texts: list[str] = []
    with kind.access(kind.with_secret(CANARY)) as access:
        texts.append(repr(kind.adaptor.ping(kind.call(access))))
        works: tuple[Callable[[], Any], ...] = (
            lambda: kind.records(kind.call(access), "canary"),
            lambda: kind.push(kind.call(access), "canary", [{"id": 2, "text": "x"}]),
        )
        for work in works:
            try:
                texts.append(repr(work()))
            except SourceFailure as failure:
                texts += [repr(failure), failure.message, repr(vars(failure))]
        texts += [repr(access.cache()), repr(access.masked)]
    texts.append(json.dumps(kind.debug, default=repr))

    assert_no_canary(*texts)
    assert leaks(repr(kind.with_secret(CANARY)))  # the test can fail
