"""The walk without a server: how far it reads ahead, when it lets go of its source, what it does when it fails."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from celigo_pandas.engine.choices import CHOICES, Choices
from celigo_pandas.engine.refusals import Refusal, invalid
from celigo_pandas.engine.safety.worker_threads import Gates, Workers
from celigo_pandas.engine.storage.store import Store
from celigo_pandas.engine.storage.vault import Vault, new_key
from celigo_pandas.engine.walks.page_spool import SPOOL_BYTES, Spool
from celigo_pandas.engine.walks.page_state import PageState
from celigo_pandas.engine.walks.pages import Page
from celigo_pandas.engine.walks.walk import AHEAD, NOTHING_HELD, Held, Rest, WalkSource
from celigo_pandas.engine.walks.walks import Walks

VAULT = Vault([new_key()])


class Source:
    """Pages that know how many were taken and whether they were closed."""

    def __init__(self, pages: int, failure: Exception | None = None, size: int = 0) -> None:
        self.taken = 0
        self.is_closed = False
        self._pages, self._failure, self._pad = pages, failure, b" " * size

    def read(self) -> Iterator[Page]:
        try:
            for number in range(self._pages):
                self.taken += 1
                yield Page(b'{"data":[%d],"dataURIs":[null]%s' % (number, self._pad), 1)
            if self._failure is not None:
                raise self._failure
        finally:
            self.is_closed = True


def run(
    tmp_path: Path,
    story: Callable[[Walks], Awaitable[None]],
    choices: Choices = CHOICES,
    wait_s: float = 10,
    spool_bytes: int = SPOOL_BYTES,
    idle_s: float = 0.2,
) -> None:
    async def tell() -> None:
        store, workers = Store(tmp_path / "store"), Workers(8, 2)
        spool = Spool(store, VAULT, most_bytes=spool_bytes, idle_s=idle_s)
        walks = Walks(spool, VAULT, choices, workers, Gates(5), wait_s, most_open=6)
        try:
            await story(walks)
        finally:
            await walks.close()
            workers.close()
            store.close()

    asyncio.run(tell())


async def begin(walks: Walks, source: Source, held: Held = NOTHING_HELD) -> dict[str, Any]:
    _, body = await walks.begin(WalkSource("c", ("c", 5), "digest", 1, source.read(), Event(), lambda: None, held=held))
    found: dict[str, Any] = json.loads(body)
    return found


async def page(walks: Walks, state: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await walks.page(PageState.from_wire(state, VAULT, "c", "digest")))
    return found


async def read_on(walks: Walks, state: dict[str, Any]) -> None:
    while True:
        state = (await page(walks, state))["pagedExportState"]


async def settled(source: Source) -> int:
    """Return the pages taken once none is taken any more."""
    last = -1
    while source.taken != last:
        last = source.taken
        await asyncio.sleep(0.05)
    return last


def test_walk_reads_no_further_ahead_than_its_bound(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        source = Source(1000)
        answer = await begin(walks, source)
        for number in range(1, 20):
            # One more than is filled: the page that shows that there is a next one.
            assert await settled(source) == number + AHEAD + 1
            answer = await page(walks, answer["pagedExportState"])
        assert not source.is_closed

    run(tmp_path, story)


@pytest.mark.parametrize("at", [1, 3, 10])
@pytest.mark.parametrize("size", [0, 100_000])
def test_walk_fails_where_its_pages_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, size: int
) -> None:
    add = Spool.add

    def full_once(spool: Spool, walk_id: str, first: int, bodies: Any, **options: Any) -> list[int]:
        if first <= at < first + len(bodies) and not failed:
            failed.append(first)
            raise OSError(28, "No space left on device")
        return add(spool, walk_id, first, bodies, **options)

    failed: list[int] = []
    monkeypatch.setattr(Spool, "add", full_once)

    async def story(walks: Walks) -> None:
        source = Source(30, size=size)
        seen = []
        with pytest.raises(Refusal) as caught:  # noqa: PT012
            answer = await begin(walks, source)
            while True:
                seen += answer["data"]
                answer = await page(walks, answer["pagedExportState"])
        assert caught.value.status == 500
        assert seen == list(range(failed[0] - 1))
        assert await settled(source) < 30

    run(tmp_path, story)


def test_walk_that_is_ended_while_it_writes_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add = Spool.add

    def ended(spool: Spool, walk_id: str, first: int, bodies: Any, **options: Any) -> list[int]:
        if first > 1:
            spool.stop(walk_id, "Others needed its room.")
        return add(spool, walk_id, first, bodies, **options)

    monkeypatch.setattr(Spool, "add", ended)

    async def story(walks: Walks) -> None:
        answer = await begin(walks, Source(30))
        with pytest.raises(Refusal) as caught:
            await read_on(walks, answer["pagedExportState"])
        assert caught.value.status == 422
        assert "Others needed its room" in caught.value.problems[0].message

    run(tmp_path, story)


def test_walk_lets_go_of_its_source_at_the_end(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        source = Source(3)
        answer = await begin(walks, source)
        await settled(source)
        assert source.is_closed
        for expected in (1, 2):
            answer = await page(walks, answer["pagedExportState"])
            assert answer["data"] == [expected]
        assert answer["pagedExportState"]["done"] is True
        assert await page(walks, answer["pagedExportState"]) == {"data": [], "dataURIs": []}

    run(tmp_path, story)


def test_walk_that_expires_lets_go_of_its_source(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        source = Source(1000)
        answer = await begin(walks, source)
        await settled(source)
        await asyncio.sleep(0.25)
        await walks.sweep()
        assert source.is_closed
        with pytest.raises(Refusal, match="expired"):
            await page(walks, answer["pagedExportState"])

    run(tmp_path, story, CHOICES.with_pairs(["state_lifetime_s=0.2"]))


def test_walk_idle_for_longest_is_closed_when_there_are_too_many(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        sources = [Source(1000) for _ in range(11)]
        answers = []
        for source in sources:
            answers.append(await begin(walks, source))
            await settled(source)
        assert [source.is_closed for source in sources[:5]] == [True] * 5
        assert not any(source.is_closed for source in sources[6:])
        assert (await page(walks, answers[0]["pagedExportState"]))["data"] == [1]  # what was filled is still there
        assert (await page(walks, answers[-1]["pagedExportState"]))["data"] == [1]

    run(tmp_path, story)


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [(invalid("SOURCE", "it broke"), 422, "SOURCE"), (ZeroDivisionError("secret value"), 500, "internal_error")],
)
def test_walk_failure_comes_at_its_page_and_again(tmp_path: Path, failure: Exception, status: int, code: str) -> None:
    async def story(walks: Walks) -> None:
        answer = await begin(walks, Source(2, failure))
        answer = await page(walks, answer["pagedExportState"])
        assert answer["data"] == [1]
        for _ in range(2):
            with pytest.raises(Refusal) as caught:
                await page(walks, answer["pagedExportState"])
            assert (caught.value.status, caught.value.problems[0].code) == (status, code)
            assert "secret" not in str(caught.value)

    run(tmp_path, story)


def test_walk_slow_page_is_told_and_comes_when_asked_again(tmp_path: Path) -> None:
    release = Event()

    def slow() -> Iterator[Page]:
        release.wait(20)
        yield Page(b'{"data":[1],"dataURIs":[null]', 1)

    async def story(walks: Walks) -> None:
        with pytest.raises(Refusal, match="gave no page"):
            await walks.begin(WalkSource("c", ("c", 1), "digest", 1, slow(), Event(), lambda: None))
        release.set()
        assert (await begin(walks, Source(1)))["data"] == [0]

    run(tmp_path, story, wait_s=0.2)


class Leftover:
    """What is left to do to a source, and how often it was tried; fails `failures` times."""

    def __init__(self, failures: int = 0) -> None:
        self.waiting = ["a file"]
        self.tries = 0
        self._failures = failures

    def settle(self) -> None:
        self.tries += 1
        if self.tries <= self._failures:
            raise invalid("file_error", "not now")
        self.waiting.clear()


async def begin_with(walks: Walks, pages: int, leftover: Leftover) -> dict[str, Any]:
    rest = Rest(leftover.waiting, leftover.settle)
    _, body = await walks.begin(
        WalkSource("c", ("c", 5), "digest", 1, Source(pages).read(), Event(), lambda: None, rest)
    )
    found: dict[str, Any] = json.loads(body)
    return found


def test_walk_settles_its_source_with_the_last_page_once(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        leftover = Leftover()
        answer = await begin_with(walks, 3, leftover)
        await asyncio.sleep(0.2)
        answer = await page(walks, answer["pagedExportState"])
        assert leftover.tries == 0
        state = answer["pagedExportState"]
        answers = await asyncio.gather(*(page(walks, state) for _ in range(5)))
        assert [one["data"] for one in answers] == [[2]] * 5
        assert (leftover.tries, leftover.waiting) == (1, [])

    run(tmp_path, story)


def test_walk_of_one_page_settles_its_source_at_once(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        leftover = Leftover()
        assert (await begin_with(walks, 1, leftover))["data"] == [0]
        assert leftover.tries == 1

    run(tmp_path, story)


def test_walk_that_cannot_settle_says_so_and_tries_again_with_the_same_page(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        leftover = Leftover(failures=2)
        state = (await begin_with(walks, 2, leftover))["pagedExportState"]
        for _ in range(2):
            with pytest.raises(Refusal):
                await page(walks, state)
        assert (await page(walks, state))["data"] == [1]
        assert leftover.tries == 3

    run(tmp_path, story)


def test_walk_with_an_unsettled_source_is_kept_while_others_begin(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        leftover = Leftover()
        answer = await begin_with(walks, 2, leftover)
        await asyncio.sleep(0.2)
        walk = next(iter(walks._open.values()))
        walk.used -= 120  # a reader that took two minutes with its first page
        await begin(walks, Source(1))
        assert (await page(walks, answer["pagedExportState"]))["data"] == [1]
        assert leftover.tries == 1

    run(tmp_path, story)


def test_walk_that_expires_settles_nothing(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        leftover = Leftover()
        answer = await begin_with(walks, 2, leftover)
        await asyncio.sleep(0.4)
        with pytest.raises(Refusal):
            await page(walks, answer["pagedExportState"])
        assert leftover.tries == 0

    run(tmp_path, story, Choices(state_lifetime_s=0.2))


def test_walk_being_read_is_not_ended_by_walks_that_finished(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        source = Source(1000)
        answer = await begin(walks, source)
        for _ in range(30):
            await begin(walks, Source(1))
            answer = await page(walks, answer["pagedExportState"])
        assert not source.is_closed
        assert answer["data"] == [30]

    run(tmp_path, story)


def test_walks_that_finished_keep_their_pages_when_there_are_many(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        first = await begin(walks, Source(2))
        for _ in range(30):
            await begin(walks, Source(1))
        assert len(walks._open) < 10
        assert (await page(walks, first["pagedExportState"]))["data"] == [1]

    run(tmp_path, story)


def test_spool_that_is_full_ends_the_walk_idle_for_longest_and_tells_its_reader(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        idle = [await begin(walks, Source(5, size=10_000)) for _ in range(2)]
        await page(walks, idle[0]["pagedExportState"])  # out of memory: from now on it comes from the spool
        await asyncio.sleep(0.3)
        idle[1] = await page(walks, idle[1]["pagedExportState"])
        await asyncio.sleep(0.3)
        answer = await begin(walks, Source(5, size=10_000))
        while not answer["pagedExportState"]["done"]:
            answer = await page(walks, answer["pagedExportState"])

        with pytest.raises(Refusal, match="make room for others") as caught:
            await page(walks, idle[0]["pagedExportState"])
        assert caught.value.status == 422
        assert (await page(walks, idle[1]["pagedExportState"]))["data"] == [2]
        assert walks._spool.size <= 120_000

    run(tmp_path, story, spool_bytes=120_000)


def test_spool_that_is_full_takes_the_room_of_pages_that_were_read(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        first = answer = await begin(walks, Source(100, size=10_000))
        found = answer["data"]
        while not answer["pagedExportState"]["done"]:
            answer = await page(walks, answer["pagedExportState"])
            found += answer["data"]
            assert walks._spool.size <= 200_000
        assert found == list(range(100))
        with pytest.raises(Refusal, match="read long ago"):
            await page(walks, first["pagedExportState"])

    run(tmp_path, story, spool_bytes=200_000)


def test_spool_full_of_pages_that_are_being_read_asks_to_come_back(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        source = Source(5, size=10_000)
        first = await begin(walks, source)
        await settled(source)
        with pytest.raises(Refusal, match="spool is full") as caught:
            await begin(walks, Source(5, size=10_000))
        assert caught.value.status == 429
        assert (await page(walks, first["pagedExportState"]))["data"] == [1]

    run(tmp_path, story, spool_bytes=52_000, idle_s=60)


def test_spool_of_an_engine_before_counts(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        await settled_walk(walks)
        size = walks._spool.size
        assert size > 50_000
        assert Spool(walks._spool._store, VAULT).size == size

    async def settled_walk(walks: Walks) -> None:
        source = Source(6, size=10_000)
        await begin(walks, source)
        await settled(source)

    run(tmp_path, story)


def test_pages_of_an_engine_before_make_room_once_they_are_read(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    bodies = [os.urandom(1_000) for _ in range(20)]
    Spool(store, VAULT).add("w", 1, bodies, finished=False, used=time.time())
    spool = Spool(store, VAULT, most_bytes=25_000, idle_s=60)

    spool.make_room("w", 10_000, read_to=20)
    spool.add("w", 21, bodies[:10], finished=True, used=time.time())

    assert spool.size <= 25_000
    assert [spool.body("w", number) for number in range(13, 21)] == bodies[12:]
    assert spool.body("w", 30) == bodies[9]
    with pytest.raises(Refusal, match="read long ago"):
        spool.body("w", 12)
    assert Spool(store, VAULT).size == spool.size
    store.close()


def test_walk_that_locks_a_place_reads_on_when_somebody_writes_there(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        here, there = Source(100), Source(100)
        answer = await begin(walks, here, Held(lambda: "here"))
        await begin(walks, there, Held(lambda: "there"))
        await settled(here)
        with walks.writing("here"):
            assert walks.readers("here")
            assert await settled(here) == 100
            late = Source(50)
            await begin(walks, late, Held(lambda: "here"))
            assert await settled(late) == 50  # begun while somebody wants to write: it does not stop on its way
        assert here.is_closed
        assert not walks.readers("here")
        assert await settled(there) < 10
        assert (await page(walks, answer["pagedExportState"]))["data"] == [1]

    run(tmp_path, story)


@pytest.mark.parametrize("held", [Held(), Held(lambda: "here", may_read_on=False)], ids=["no place", "not read on"])
def test_walk_that_must_not_be_read_on_is_not(tmp_path: Path, held: Held) -> None:
    async def story(walks: Walks) -> None:
        source = Source(100)
        await begin(walks, source, held)
        taken = await settled(source)
        next(iter(walks._open.values())).used -= 30
        await walks.tend()
        with walks.writing("here"):
            assert await settled(source) == taken
        assert not source.is_closed

    run(tmp_path, story)


def test_walk_that_nobody_asks_for_reads_on_and_one_that_cannot_is_ended(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        whole, once = Source(100), Source(100)
        first = await begin(walks, whole, Held(lambda: "here"))
        state = (await begin(walks, once, Held(lambda: "here", may_read_on=False)))["pagedExportState"]
        await settled(whole)
        for walk in walks._open.values():
            walk.used -= 61
        await walks.tend()
        assert await settled(whole) == 100
        assert (whole.is_closed, once.is_closed) == (True, True)
        assert (await page(walks, first["pagedExportState"]))["data"] == [1]
        with pytest.raises(Refusal, match="kept others from their work"):
            await read_on(walks, state)

    run(tmp_path, story)


def test_walk_that_fills_the_bound_stops_and_goes_on_with_its_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celigo_pandas.engine.walks.walk.WALK_BYTES", 100_000)

    async def story(walks: Walks) -> None:
        source = Source(100, size=10_000)
        answer = await begin(walks, source, Held(lambda: "here"))
        with walks.writing("here"):
            assert 10 <= await settled(source) < 20
        found = answer["data"]
        while not answer["pagedExportState"]["done"]:
            answer = await page(walks, answer["pagedExportState"])
            found += answer["data"]
        assert found == list(range(100))

    run(tmp_path, story)


def test_pages_of_a_walk_that_gives_way_are_written_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    add = Store.add_pages

    def counted(self: Store, walk_id: str, first: int, bodies: Any, **more: Any) -> None:
        written.append(len(bodies))
        add(self, walk_id, first, bodies, **more)

    monkeypatch.setattr(Store, "add_pages", counted)

    async def story(walks: Walks) -> None:
        source = Source(2_000)
        answer = await begin(walks, source, Held(lambda: "there"))
        with walks.writing("there"):
            for expected in range(1, 50):  # its reader goes on meanwhile
                answer = await page(walks, answer["pagedExportState"])
                assert answer["data"] == [expected]
            await settled(source)
        assert source.is_closed
        assert max(written) > 1_000
        for expected in range(50, 2_000):
            answer = await page(walks, answer["pagedExportState"])
            assert answer["data"] == [expected]
            assert answer["pagedExportState"]["done"] is (expected == 1_999)

    run(tmp_path, story)


def test_walk_that_fails_while_it_gives_way_keeps_the_pages_before(tmp_path: Path) -> None:
    async def story(walks: Walks) -> None:
        source = Source(100, failure=invalid("gone", "The source is gone."))
        answer = await begin(walks, source, Held(lambda: "there"))
        with walks.writing("there"):
            await settled(source)
        for expected in range(1, 100):
            answer = await page(walks, answer["pagedExportState"])
            assert answer["data"] == [expected]
        with pytest.raises(Refusal, match="The source is gone"):
            await page(walks, answer["pagedExportState"])

    run(tmp_path, story)
