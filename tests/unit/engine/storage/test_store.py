from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from celigo_pandas.engine.storage.store import Row, Store
from celigo_pandas.errors import ConfigError


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_store_dropped_walks_give_their_room_back(store: Store, tmp_path: Path) -> None:
    spool = tmp_path / "store" / "spool.db"
    for number in range(1, 21):
        store.add_pages("old", number, [b"x" * 1_000_000], finished=number == 20, used=100.0)
    store.add_pages("new", 1, [b"y"], finished=False, used=200.0)

    assert store.drop_walks(150.0) == ["old"]

    assert store.page("old", 1) is None
    assert store.walk("old") is None
    assert store.page("new", 1) == b"y"
    assert spool.stat().st_size < 1_000_000
    store.close()


def test_store_document_and_audit_record_are_one_change(store: Store) -> None:
    row = Row("exports", "1" * 24, {"name": "a"})

    store.put(row, [{"event": "create"}])
    with pytest.raises(TypeError):
        store.put(Row("exports", "1" * 24, {"name": "b"}), [{"event": object()}])

    found = store.get("exports", "1" * 24)
    assert found is not None
    assert found.doc == {"name": "a"}
    assert store.audit_records(["1" * 24]) == [{"event": "create"}]
    store.close()


def test_store_lists_in_the_order_of_making_also_after_changes(store: Store) -> None:
    for number in range(5):
        store.put(Row("exports", f"{number}", {"name": f"{number}"}))
    store.put(Row("exports", "2", {"name": "changed"}))

    assert [row.id for row in store.rows("exports")] == ["0", "1", "2", "3", "4"]
    assert [row.id for row in store.rows("exports", skip=1, limit=2)] == ["1", "2"]
    assert store.rows("imports") == []
    store.close()


def test_store_writers_from_many_threads_do_not_fail(store: Store) -> None:
    errors: list[Exception] = []

    def write(number: int) -> None:
        try:
            for step in range(20):
                store.put(Row("exports", f"{number}-{step}", {"name": "x"}))
                store.add_pages(f"{number}", step + 1, [b"x" * 10_000], finished=False, used=1.0)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert store.count("exports") == 160
    store.close()


def test_store_of_another_process_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="in use"):
        Store(tmp_path / "store")
    store.close()
    Store(tmp_path / "store").close()


def test_store_folder_of_other_things_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    (folder / "letters.txt").write_text("x")

    with pytest.raises(ConfigError, match=r"holds other files than an engine's store") as refused:
        Store(folder)

    assert "celigo-store" in str(refused.value)
    assert folder.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in folder.iterdir()] == ["letters.txt"]


def test_store_folder_that_is_empty_or_its_own_becomes_private(tmp_path: Path) -> None:
    for _ in range(2):
        Store(tmp_path / "store").close()
        assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700
        (tmp_path / "store" / "notes.txt").write_text("beside a store")
        (tmp_path / "store").chmod(0o755)


def test_store_marks_no_connection_offline_that_has_become_another(store: Store) -> None:
    store.put(Row("connections", "1" * 24, {"name": "a"}, version=2))

    store.set_offline("1" * 24, True, 1)
    before = store.get("connections", "1" * 24)
    store.set_offline("1" * 24, True, 2)
    after = store.get("connections", "1" * 24)

    assert before is not None
    assert not before.offline
    assert after is not None
    assert after.offline
    store.close()


def fill(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def with_other_table(path: Path, content: bytes) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("create table documents (x)")
        connection.execute("create table pages (x)")
        connection.commit()


def damaged(path: Path, content: bytes) -> None:
    # The second page on: the root of the first table.
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


@pytest.mark.parametrize("name", ["engine.db", "spool.db"])
@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda path, _: fill(path, b""), "is empty"),
        (lambda path, _: fill(path, b"this is no database" * 500), "not a database"),
        (lambda path, content: fill(path, content[:5_000]), "cannot be used"),
        (damaged, "cannot be used"),
        (with_other_table, "has no "),
    ],
    ids=["empty", "something else", "cut off", "overwritten", "another program's"],
)
def test_store_that_is_damaged_says_which_file_and_what_to_do(
    tmp_path: Path, name: str, break_it: Callable[[Path, bytes], None], says: str
) -> None:
    store = Store(tmp_path)
    store.put(Row("connections", "a" * 24, {"name": "x" * 5_000}))
    store.add_pages("walk", 1, [b"x" * 5_000], finished=True, used=0.0)
    store.close()
    for left in tmp_path.glob("*.db-*"):
        left.unlink()
    break_it(tmp_path / name, (tmp_path / name).read_bytes())
    broken = (tmp_path / name).read_bytes()

    for _ in range(2):  # the lock is given up, too
        with pytest.raises(ConfigError) as caught:
            Store(tmp_path)
        assert says in str(caught.value)
        assert str(tmp_path / name) in str(caught.value)
        assert ("delete it" if name == "spool.db" else "put back a copy") in str(caught.value.hint)
    if says != "has no ":  # such a file gets its journal
        assert (tmp_path / name).read_bytes()[100:] == broken[100:]  # SQLite counts in the header that it opened it
