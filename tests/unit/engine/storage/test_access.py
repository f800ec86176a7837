from __future__ import annotations

from celigo_pandas.engine.storage.access import Caches


class Pool:
    is_closed = False

    def close(self) -> None:
        self.is_closed = True


def test_cache_belongs_to_one_version_and_ends_with_it() -> None:
    caches, pool = Caches(), Pool()
    caches.get("a", 1)["pool"] = pool

    assert caches.get("a", 1) == {"pool": pool}
    assert caches.get("a", 2) == {}
    assert pool.is_closed


def test_cache_is_not_dropped_by_a_call_of_the_version_before() -> None:
    caches, pool = Caches(), Pool()
    caches.get("a", 2)["pool"] = pool

    assert caches.get("a", 1) == {}
    assert caches.get("a", 2) == {"pool": pool}
    assert not pool.is_closed
