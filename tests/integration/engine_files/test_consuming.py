"""Exports that take their files away: only after the reader was given the last page, and never anything unread."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from support.engine import EngineProcess


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of three rows each."""
    found = tmp_path / "in"
    found.mkdir()
    for name in ("a", "b"):
        (found / f"{name}.csv").write_text("n\n" + "".join(f"{name}{number}\n" for number in range(3)))
    return found


def connection(engine: EngineProcess) -> str:
    return engine.connection({"name": "Files", "type": "filesystem", "_agentId": "a" * 24, "filesystem": {}})


def consuming(folder: Path, page_size: int = 2, **more: Any) -> dict[str, Any]:
    place = {"directoryPath": str(folder), **more.pop("place", {})}
    return {"file": {"type": "csv"}, "filesystem": place, "pageSize": page_size, **more}


def ask(engine: EngineProcess, id: str, export: dict[str, Any], state: Any = None) -> Any:
    body = {"export": export, **({"pagedExportState": state} if state else {})}
    return engine.call("POST", f"/connections/{id}/export/pages", body)


def test_files_are_deleted_with_the_last_page_and_not_before(engine: EngineProcess, folder: Path) -> None:
    id, export, state, seen = connection(engine), consuming(folder), None, []
    while state is None or not state["done"]:
        # All pages are filled by now, ahead of their reader.
        time.sleep(0.3)
        assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]
        page = ask(engine, id, export, state).json()
        seen += [record["n"] for record in page["data"]]
        state = page["pagedExportState"]

    assert seen == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert os.listdir(folder) == []


def test_last_page_can_be_asked_for_again(engine: EngineProcess, folder: Path) -> None:
    id, export = connection(engine), consuming(folder, page_size=4)
    first = ask(engine, id, export).json()

    answers = [ask(engine, id, export, first["pagedExportState"]).content for _ in range(2)]

    assert answers[0] == answers[1]
    assert os.listdir(folder) == []


def test_export_of_one_page_is_deleted_with_it(engine: EngineProcess, folder: Path) -> None:
    assert len(ask(engine, connection(engine), consuming(folder, page_size=100)).json()["data"]) == 6
    assert os.listdir(folder) == []


def test_files_that_hold_no_record_are_taken_away_too(engine: EngineProcess, folder: Path) -> None:
    for path in folder.iterdir():
        path.write_text("n\n")

    assert ask(engine, connection(engine), consuming(folder)).json()["data"] == []
    assert os.listdir(folder) == []


@pytest.mark.parametrize("page_size", [2, 100])
def test_preview_deletes_nothing(engine: EngineProcess, folder: Path, page_size: int) -> None:
    export = {**consuming(folder, page_size), "_connectionId": connection(engine)}

    assert engine.call("POST", "/exports/preview", export).status_code == 200
    assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]


@pytest.mark.parametrize("path", ["export", "export/pages"])
def test_test_run_deletes_nothing(engine: EngineProcess, folder: Path, path: str) -> None:
    export = consuming(folder, 100, type="test", test={"limit": 100})

    answer = engine.call("POST", f"/connections/{connection(engine)}/{path}", {"export": export})

    assert len(answer.json()["data"]) == 6
    assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]


@pytest.mark.parametrize(("page_size", "left"), [(5, 2), (6, 0), (7, 0)])
def test_answer_of_one_page_deletes_only_what_it_holds_all_of(
    engine: EngineProcess, folder: Path, page_size: int, left: int
) -> None:
    answer = engine.call("POST", f"/connections/{connection(engine)}/export", {"export": consuming(folder, page_size)})

    assert len(answer.json()["data"]) == min(6, page_size)
    assert len(os.listdir(folder)) == left


def test_walk_that_is_not_read_to_its_end_deletes_nothing(folder: Path) -> None:
    with EngineProcess("--choice", "state_lifetime_s=0.5") as engine:
        id, export = connection(engine), consuming(folder, page_size=4)
        state = ask(engine, id, export).json()["pagedExportState"]
        time.sleep(1)
        assert ask(engine, id, export, state).status_code == 422
        # A changed connection ends its walks.
        state = ask(engine, id, export).json()["pagedExportState"]
        document = engine.call("GET", f"/connections/{id}").json()
        assert engine.call("PUT", f"/connections/{id}", {**document, "name": "other"}).status_code == 200
        ask(engine, id, export, state)
        # So does the engine's end.
        ask(engine, id, export)
    assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]


def test_broken_file_keeps_every_file(engine: EngineProcess, folder: Path) -> None:
    (folder / "b.csv").write_text('n\n"b0\n')
    id, export = connection(engine), consuming(folder, page_size=2)

    first = ask(engine, id, export)
    assert first.status_code == 200
    second = ask(engine, id, export, first.json()["pagedExportState"])
    answers = [second, ask(engine, id, export, second.json().get("pagedExportState"))]

    assert [answer.json()["errors"][0]["code"] for answer in answers if answer.status_code == 422]
    assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]


@pytest.mark.parametrize("block", ["filesystem.backupDirectoryPath", "file.backupPath"])
def test_files_are_moved_to_the_backup_folder(engine: EngineProcess, folder: Path, tmp_path: Path, block: str) -> None:
    backup = tmp_path / "done"
    backup.mkdir()
    export = consuming(folder, 100)
    name, _, member = block.partition(".")
    export[name][member] = f"{tmp_path}/{{{{settings.export.where}}}}"
    export["settings"] = {"where": "done"}
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}

    assert len(ask(engine, connection(engine), export).json()["data"]) == 6

    assert os.listdir(folder) == []
    assert {path.name: path.read_bytes() for path in backup.iterdir()} == contents


def test_backup_folder_that_cannot_be_is_told_before_anything_is_read(
    engine: EngineProcess, folder: Path, tmp_path: Path
) -> None:
    id = connection(engine)
    for backup, code in ((tmp_path / "none", "folder_not_found"), (folder, "invalid_field")):
        answer = ask(engine, id, consuming(folder, place={"backupDirectoryPath": str(backup)}))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == code
    assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]


def test_file_that_was_changed_after_it_was_read_is_left_and_said_so(engine: EngineProcess, folder: Path) -> None:
    id, export = connection(engine), consuming(folder, page_size=4)
    state = ask(engine, id, export).json()["pagedExportState"]
    time.sleep(0.3)
    with (folder / "b.csv").open("a") as stream:
        stream.write("b3, not read\n")

    answer = ask(engine, id, export, state)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "file_changed"
    assert "b.csv" in answer.json()["errors"][0]["message"]
    assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]


def test_file_that_somebody_else_took_away_is_no_failure(engine: EngineProcess, folder: Path) -> None:
    id, export = connection(engine), consuming(folder, page_size=4)
    state = ask(engine, id, export).json()["pagedExportState"]
    time.sleep(0.3)
    (folder / "a.csv").unlink()

    assert ask(engine, id, export, state).status_code == 200
    assert os.listdir(folder) == []


def test_what_could_not_be_taken_away_is_tried_again_with_the_page(
    engine: EngineProcess, folder: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "done"
    backup.mkdir()
    id, export = connection(engine), consuming(folder, page_size=4, place={"backupDirectoryPath": str(backup)})
    state = ask(engine, id, export).json()["pagedExportState"]
    time.sleep(0.3)
    backup.rmdir()

    assert ask(engine, id, export, state).json()["errors"][0]["code"] == "folder_not_found"
    assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]
    backup.mkdir()

    assert [record["n"] for record in ask(engine, id, export, state).json()["data"]] == ["b1", "b2"]
    assert sorted(os.listdir(backup)) == ["a.csv", "b.csv"]
    assert os.listdir(folder) == []


def test_page_is_answered_when_some_of_its_files_are_gone_already(
    engine: EngineProcess, folder: Path, tmp_path: Path
) -> None:
    """The second file cannot be moved after the first one was: its records are in no file any more."""
    backup = tmp_path / "done"
    (backup / "b.csv").mkdir(parents=True)
    export = consuming(folder, page_size=100, place={"backupDirectoryPath": str(backup)})

    answer = ask(engine, connection(engine), export)

    assert len(answer.json()["data"]) == 6
    assert os.listdir(folder) == ["b.csv"]
    assert sorted(os.listdir(backup)) == ["a.csv", "b.csv"]
    assert engine.tells("1 of 2 files were left"), engine.log()


def test_killed_engine_leaves_its_files_and_serves_what_it_had(folder: Path, tmp_path: Path) -> None:
    (folder / "a.csv").write_text("n\n" + "".join(f"{number}\n" for number in range(30_000)))
    store = str(tmp_path / "store")
    with EngineProcess("--store", store, env={"XDG_CONFIG_HOME": str(tmp_path / "config")}) as engine:
        id, export = connection(engine), consuming(folder, page_size=1_000)
        state = ask(engine, id, export).json()["pagedExportState"]
        state = ask(engine, id, export, state).json()["pagedExportState"]
        assert len(ask(engine, id, export, state).json()["data"]) == 1_000  # so that it is filled
        os.kill(engine.process.pid, signal.SIGKILL)
        engine.process.wait(10)
    assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]

    with EngineProcess("--store", store, env={"XDG_CONFIG_HOME": str(tmp_path / "config")}) as engine:
        assert len(ask(engine, id, export, state).json()["data"]) == 1_000
        assert len(engine.records(id, consuming(folder, page_size=10_000))) == 30_003
    assert os.listdir(folder) == []


def test_killed_engine_leaves_no_half_written_file(tmp_path: Path) -> None:
    """Killed while it writes: the old file is whole, and the part beside it is never read as data."""
    with EngineProcess() as engine:
        id = connection(engine)
        (tmp_path / "out.csv").write_text("n\nold\n")
        document = {"file": {"type": "csv", "fileName": "out.csv"}, "filesystem": {"directoryPath": str(tmp_path)}}
        data = [{"n": "x" * 1_000} for _ in range(40_000)]
        sender = threading.Thread(target=_send, args=(engine, id, document, data))
        sender.start()
        until = time.monotonic() + 30
        while len(os.listdir(tmp_path)) == 1 and (tmp_path / "out.csv").stat().st_size < 100:
            assert time.monotonic() < until
        os.kill(engine.process.pid, signal.SIGKILL)
        engine.process.wait(10)
        sender.join(30)
    whole = (tmp_path / "out.csv").read_text()
    assert whole == "n\nold\n" or len(whole) == 2 + 1_001 * 40_000

    with EngineProcess() as engine:
        export = {**consuming(tmp_path, 10_000), "file": {"type": "csv", "skipDelete": True}}
        assert len(engine.records(connection(engine), export)) == (1 if whole == "n\nold\n" else 40_000)


def _send(engine: EngineProcess, id: str, document: Any, data: Any) -> None:
    with pytest.raises(requests.RequestException):
        engine.call("POST", f"/connections/{id}/import", {"import": document, "data": data})


LOST = {
    "transform": {"transform": {"type": "expression", "expression": {"version": "2", "rulesTwoDotZero": {
        "mode": "create",
        "mappings": [{"generate": "n", "dataType": "number", "extract": "$.n"}],
    }}}},
    # A pattern that comes from the record, and is none.
    "filter": {"filter": {"type": "expression", "expression": {"version": "1", "rules": [
        "matches", ["string", "1"], ["string", ["extract", "n"]],
    ]}}},
}  # fmt: skip


@pytest.mark.parametrize("path", ["export", "export/pages"])
@pytest.mark.parametrize("step", LOST)
def test_files_stay_when_a_step_lost_a_record_of_them(
    engine: EngineProcess, folder: Path, step: str, path: str
) -> None:
    (folder / "a.csv").write_text("n\n1\n(\n")
    (folder / "b.csv").write_text("n\n1\n")
    export = consuming(folder, 100, **LOST[step])

    body = engine.call("POST", f"/connections/{connection(engine)}/{path}", {"export": export}).json()

    assert len(body["errors"]) == 1, body
    assert "No file of this export is deleted" in body["errors"][0]["message"]
    assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]


@pytest.mark.parametrize("path", ["export", "export/pages"])
def test_files_stay_when_a_record_of_them_is_too_large_for_a_page(
    engine: EngineProcess, folder: Path, path: str
) -> None:
    (folder / "a.csv").write_text("n\n1\n" + "x" * 5_100_000 + "\n")
    export = consuming(folder, 100)

    body = engine.call("POST", f"/connections/{connection(engine)}/{path}", {"export": export}).json()

    assert [error["code"] for error in body["errors"]] == ["record_too_large"]
    assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]


def test_files_go_when_a_filter_left_records_out_as_it_was_asked_to(engine: EngineProcess, folder: Path) -> None:
    rules = ["equals", ["string", ["extract", "n"]], "a1"]
    export = consuming(
        folder, 100, filter={"type": "expression", "expression": {"version": "1", "rules": rules}}
    )  # fmt: skip

    assert ask(engine, connection(engine), export).json()["data"] == [{"n": "a1"}]
    assert os.listdir(folder) == []


def test_file_that_was_replaced_by_one_of_the_same_size_and_time_is_not_deleted(
    engine: EngineProcess, folder: Path
) -> None:
    id, export = connection(engine), consuming(folder, page_size=4)
    state = ask(engine, id, export).json()["pagedExportState"]
    known, other = (folder / "a.csv").stat(), folder / "other"
    other.write_text("n\nA0\nA1\nA2\n")
    os.utime(other, ns=(known.st_atime_ns, known.st_mtime_ns))
    other.replace(folder / "a.csv")
    assert (folder / "a.csv").stat().st_size == known.st_size

    answer = ask(engine, id, export, state)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "file_changed")
    assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]


def test_file_that_was_rewritten_in_place_within_its_time_is_not_deleted(engine: EngineProcess, folder: Path) -> None:
    id, export = connection(engine), consuming(folder, page_size=4)
    state = ask(engine, id, export).json()["pagedExportState"]
    known = (folder / "a.csv").stat()
    with (folder / "a.csv").open("r+b") as file:
        file.write(b"n\nA0\n")
    os.utime(folder / "a.csv", ns=(known.st_atime_ns, known.st_mtime_ns))

    assert ask(engine, id, export, state).json()["errors"][0]["code"] == "file_changed"
    assert sorted(os.listdir(folder)) == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("kind", "path", "content", "there"),
    [
        ("json", "items", '{"rows": [{"n": 1}]}', "'rows'"),
        ("json", "data.items", '{"data": [{"items": [1]}, {"items": [2]}]}', "a list"),
        ("xml", "/r/item", '<r><o n="1"/></r>', "'o'"),
        ("xml", "/R/o", '<r><o n="1"/></r>', "'r'"),
    ],
)
def test_file_in_which_its_path_finds_nothing_stays_and_is_reported(
    engine: EngineProcess, folder: Path, kind: str, path: str, content: str, there: str
) -> None:
    for name in os.listdir(folder):
        (folder / name).unlink()
    (folder / f"a.{kind}").write_text(content)
    right = '{"items": [{"n": 2}], "data": {"items": [{"n": 2}]}}'
    if kind == "json":
        (folder / "b.json").write_text(right)
    export = consuming(folder, file={"type": kind, kind: {"resourcePath": path}})

    answer = ask(engine, connection(engine), export).json()

    assert answer["data"] == ([{"n": 2}] if kind == "json" else [])
    assert [error["code"] for error in answer["errors"]] == ["nothing_found"]
    assert f"there is {there}. The file was left where it is." in answer["errors"][0]["message"]
    assert os.listdir(folder) == [f"a.{kind}"]
