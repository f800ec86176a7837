"""Documents of S3 through a running engine: written, read, put aside, deleted only once the last page is given."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.canary import CANARY, assert_no_canary, assert_no_canary_in_files
from support.engine import EngineProcess
from support.s3_servers import S3Server, rclone

RECORDS = [{"id": number, "name": f'Größe {number}, "q"'} for number in range(250)]


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with rclone(tmp_path_factory.mktemp("buckets"), tmp_path_factory.mktemp("rclone")) as running:
        yield running


@pytest.fixture
def bucket(server: S3Server, request: pytest.FixtureRequest) -> str:
    name = f"b{abs(hash(request.node.name)):x}"
    for one in (name, f"{name}-done"):
        server.boto().create_bucket(Bucket=one)
    return name


@pytest.fixture(scope="module")
def id(engine: EngineProcess, server: S3Server) -> str:
    return engine.connection(server.doc())


def push(engine: EngineProcess, id: str, bucket: str, key: str, records: list[Any], **more: Any) -> list[Any]:
    place = {"region": "us-east-1", "bucket": bucket, "fileKey": key, **more.pop("place", {})}
    document = {"s3": place, "file": {"type": "csv", **more}}
    answer = engine.call("POST", f"/connections/{id}/import", {"import": document, "data": records})
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()
    return found


def reading(bucket: str, begins: str = "", **more: Any) -> dict[str, Any]:
    place = {"region": "US-East-1", "bucket": bucket, "keyStartsWith": begins, **more.pop("place", {})}
    return {"s3": place, "file": {"type": "csv", "skipDelete": True, **more}, "pageSize": 100}


def files(server: S3Server, bucket: str) -> list[str]:
    assert server.root is not None
    root = server.root / bucket
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def stored(server: S3Server, bucket: str, key: str, content: bytes) -> None:
    server.boto().put_object(Bucket=bucket, Key=key, Body=content)


@pytest.mark.parametrize("kind", ["csv", "json", "xlsx"])
@pytest.mark.parametrize("compression", [None, "gzip", "zip"])
def test_what_one_call_writes_is_read_back(
    engine: EngineProcess, server: S3Server, id: str, bucket: str, kind: str, compression: str | None
) -> None:
    form = {"type": kind, "compressionFormat": compression}
    results = push(engine, id, bucket, f"in/2026/größe 1.{kind}", RECORDS, **form)

    assert results == [{"statusCode": 200, "id": f"in/2026/größe 1.{kind}"}] * len(RECORDS)
    assert files(server, bucket) == [f"in/2026/größe 1.{kind}"]
    found = engine.records(id, reading(bucket, "in/", **form))
    expected = RECORDS if kind != "csv" else [{"id": str(one["id"]), "name": one["name"]} for one in RECORDS]
    assert found == expected


def test_xml_is_read(engine: EngineProcess, server: S3Server, id: str, bucket: str) -> None:
    stored(server, bucket, "a.xml", b"<Error><Order n='1'/><Order n='2'/></Error>")

    found = engine.records(id, reading(bucket, type="xml", xml={"resourcePath": "/Error/Order"}))

    assert [one["$"]["n"] for one in found] == ["1", "2"]


def test_files_are_chosen_by_key_and_by_filter(engine: EngineProcess, server: S3Server, id: str, bucket: str) -> None:
    for key in ("in/a.csv", "in/b.csv", "in/b.txt", "other/b.csv"):
        stored(server, bucket, key, f"key\n{key}\n".encode())

    by_key = engine.records(id, reading(bucket, "in/", place={"keyEndsWith": ".csv"}))
    rules = ["equals", ["extract", "filename"], "b.csv"]
    filter = {"type": "expression", "expression": {"version": "1", "rules": rules}}
    by_filter = engine.records(id, reading(bucket, filter=filter))
    told = engine.records(id, reading(bucket, "in/a", output="metadata"))

    assert by_key == [{"key": "in/a.csv"}, {"key": "in/b.csv"}]
    assert by_filter == [{"key": "in/b.csv"}, {"key": "other/b.csv"}]
    assert [(one["filename"], one["key"], one["filesize"]) for one in told] == [("a.csv", "in/a.csv", 13)]


def test_objects_go_with_the_last_page_and_not_before(
    engine: EngineProcess, server: S3Server, id: str, bucket: str
) -> None:
    push(engine, id, bucket, "in/a.csv", RECORDS)
    export = reading(bucket, "in/", skipDelete=False)

    seen = [files(server, bucket) for _ in engine.pages(id, export)]

    assert seen == [["in/a.csv"], ["in/a.csv"], []]


def test_objects_are_put_aside_under_their_file_names(
    engine: EngineProcess, server: S3Server, id: str, bucket: str
) -> None:
    push(engine, id, bucket, "in/2026/a.csv", RECORDS)
    place = {"backupBucket": f"{bucket}-done", "keyPrefix": "done/{{settings.export.day}}-"}
    export = {**reading(bucket, "in/", skipDelete=False, place=place), "settings": {"day": "monday"}}

    assert len(engine.records(id, export)) == len(RECORDS)

    assert files(server, bucket) == []
    assert files(server, f"{bucket}-done") == ["done/monday-a.csv"]


def test_objects_that_would_meet_under_one_name_are_refused_before_any_is_read(
    engine: EngineProcess, server: S3Server, id: str, bucket: str
) -> None:
    for key in ("in/x/a.csv", "in/y/a.csv"):
        stored(server, bucket, key, b"a\n1\n")
    place = {"backupBucket": f"{bucket}-done", "keyPrefix": "done/"}

    answer = engine.call(
        "POST", f"/connections/{id}/export/pages", {"export": reading(bucket, skipDelete=False, place=place)}
    )

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["field"]) == (422, "name_taken", "export.s3.keyPrefix")
    assert files(server, bucket) == ["in/x/a.csv", "in/y/a.csv"]


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"backupBucket": "SAME"}, "export.s3.backupBucket"),
        ({"backupBucket": "SAME", "keyPrefix": "in/done-"}, "export.s3.keyPrefix"),
        ({"backupBucket": "a/b"}, None),
        ({"region": "evil.example/x"}, "export.s3.region"),
        ({"bucket": "x@evil.example"}, None),
        ({"bucket": None}, "export.s3.bucket"),
    ],
)
def test_place_that_cannot_be_is_refused_by_its_member(
    engine: EngineProcess, server: S3Server, id: str, bucket: str, place: dict[str, Any], field: str | None
) -> None:
    stored(server, bucket, "in/a.csv", b"a\n1\n")
    place = {name: bucket if value == "SAME" else value for name, value in place.items()}

    answer = engine.call(
        "POST", f"/connections/{id}/export/pages", {"export": reading(bucket, "in/", skipDelete=False, place=place)}
    )

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0].get("field") == field
    assert files(server, bucket) == ["in/a.csv"]


def test_import_keeps_a_copy(engine: EngineProcess, server: S3Server, id: str, bucket: str) -> None:
    push(engine, id, bucket, "in/a.csv", RECORDS, place={"backupBucket": f"{bucket}-done"})

    assert files(server, bucket) == files(server, f"{bucket}-done") == ["in/a.csv"]


def test_each_record_has_its_own_object_and_one_that_fails_takes_no_other_along(
    engine: EngineProcess, server: S3Server, id: str, bucket: str
) -> None:
    records = [{"id": number} for number in range(100)]
    records[37] = {"id": "../37"}
    results = push(engine, id, bucket, "in/{{{record.id}}}.csv", records, skipAggregation=True)

    assert [at for at, one in enumerate(results) if one["statusCode"] != 200] == [37]
    assert len(files(server, bucket)) == 99


def test_page_asked_for_twice_is_the_same_also_after_the_object_changed(
    engine: EngineProcess, server: S3Server, id: str, bucket: str
) -> None:
    push(engine, id, bucket, "a.csv", RECORDS)
    export = reading(bucket)
    first = engine.call("POST", f"/connections/{id}/export/pages", {"export": export}).json()
    body = {"export": export, "pagedExportState": first["pagedExportState"]}

    once = engine.call("POST", f"/connections/{id}/export/pages", body)
    stored(server, bucket, "a.csv", b"other\n1\n")
    again = engine.call("POST", f"/connections/{id}/export/pages", body)

    assert once.content == again.content
    assert [one["id"] for one in once.json()["data"]] == [str(number) for number in range(100, 200)]


def test_writer_that_adds_and_deletes_meanwhile_changes_nothing_of_what_was_listed(
    engine: EngineProcess, server: S3Server, id: str, bucket: str
) -> None:
    """What is promised: the objects that were there when the walk began, each as it was listed, or an error."""
    for number in range(30):
        stored(server, bucket, f"in/{number:03d}.csv", b"n\n" + f"{number}\n".encode() * 100)

    pages = engine.pages(id, reading(bucket, "in/"))
    found = next(pages)["data"]
    for number in range(30, 60):
        stored(server, bucket, f"in/{number - 30:03d}x.csv", b"n\nnew\n")
    found += [record for page in pages for record in page["data"]]

    assert [one["n"] for one in found] == [str(number) for number in range(30) for _ in range(100)]


def test_secret_is_nowhere(server: S3Server, bucket: str, tmp_path: Path) -> None:
    with EngineProcess("--store", str(tmp_path / "store.db")) as engine:
        id = engine.connection(server.doc(secretAccessKey=CANARY, pingBucket=bucket))
        answers = [
            engine.call("GET", f"/connections/{id}/ping").text,
            engine.call("GET", f"/connections/{id}").text,
            engine.call("POST", f"/connections/{id}/export/pages", {"export": reading(bucket)}).text,
            engine.call("GET", f"/connections/{id}/debug").text,
        ]
        assert '"code":401' in answers[0].replace(" ", "")
        assert engine.call("GET", f"/connections/{id}").json()["offline"] is True
        assert_no_canary(*answers, engine.log())
    assert_no_canary_in_files(tmp_path)


def test_debug_log_tells_requests_without_content(engine: EngineProcess, server: S3Server, bucket: str) -> None:
    id = engine.connection({**server.doc(), "debugDate": "2100-01-01T00:00:00.000Z"})
    push(engine, id, bucket, "a.csv", [{"a": "content-of-a-record"}])
    engine.records(id, reading(bucket))

    text = engine.call("GET", f"/connections/{id}/debug").text

    assert f"/{bucket}/a.csv" in text
    assert "content-of-a-record" not in text
    assert "Signature=" not in text


@pytest.mark.slow
def test_large_gzip_is_walked_in_flat_memory(engine: EngineProcess, server: S3Server, id: str, bucket: str) -> None:
    """20 MB of csv in CI; the figure for 100 MB of gzip is in docs/s3.md."""
    row = b"".join(b"%08d,%s\n" % (number, b"x" * 32) for number in range(450_000))
    stored(server, bucket, "a.csv.gz", gzip.compress(b"id,text\n" + row, 1))
    export = {**reading(bucket, compressionFormat="gzip"), "pageSize": 5_000}
    before = resident(engine)
    most = count = 0

    for page in engine.pages(id, export):
        count += len(page["data"])
        most = max(most, resident(engine))

    assert count == 450_000
    assert most - before < 80_000_000


def resident(engine: EngineProcess) -> int:
    status = Path(f"/proc/{engine.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024
