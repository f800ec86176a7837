"""File documents of a folder, through a running engine: what is written, what is read, what is refused."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.engine import EngineProcess

AGENT = "a" * 24


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


@pytest.fixture
def id(engine: EngineProcess) -> str:
    return folder_connection(engine)


def folder_connection(engine: EngineProcess, **block: Any) -> str:
    return engine.connection({"name": "Files", "type": "filesystem", "_agentId": AGENT, "filesystem": block})


def push(engine: EngineProcess, id: str, folder: Path | str, data: Any, **file: Any) -> list[dict[str, Any]]:
    place = file.pop("place", {})
    more = file.pop("more", {})
    document = {"file": {"type": "csv", "fileName": "out.csv", **file}, **more}
    document["filesystem"] = {"directoryPath": str(folder), **place}
    answer = engine.call("POST", f"/connections/{id}/import", {"import": document, "data": data})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    assert len(found) == len(data)
    return found


def reading(folder: Path | str, **file: Any) -> dict[str, Any]:
    place = file.pop("place", {})
    more = file.pop("more", {})
    block = {"type": "csv", "skipDelete": True, **file}
    return {"file": block, "filesystem": {"directoryPath": str(folder), **place}, "pageSize": 100, **more}


def refusal(engine: EngineProcess, id: str, export: dict[str, Any], path: str = "export/pages") -> dict[str, Any]:
    answer = engine.call("POST", f"/connections/{id}/{path}", {"export": export})
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    found: dict[str, Any] = error
    return found


def codes(results: list[dict[str, Any]]) -> list[str]:
    assert all(result["statusCode"] == 422 for result in results)
    return [result["errors"][0]["code"] for result in results]


DATA = [{"id": 1, "name": 'a "quoted", ü\nname', "n": 1.5}, {"id": 2, "name": "", "n": None, "more": {"x": [True]}}]


def test_ping_stats_the_folder_of_the_connection(engine: EngineProcess, tmp_path: Path) -> None:
    good = folder_connection(engine, ping={"directoryPath": str(tmp_path)})
    bare = folder_connection(engine)
    bad = folder_connection(engine, ping={"directoryPath": str(tmp_path / "none")})

    assert engine.call("GET", f"/connections/{good}/ping").json() == {"code": 200}
    assert engine.call("GET", f"/connections/{bare}/ping").json() == {"code": 200}
    answer = engine.call("GET", f"/connections/{bad}/ping").json()
    assert (answer["code"], answer["errors"][0]["code"]) == (503, "folder_not_found")
    assert not engine.call("GET", f"/connections/{bad}").json().get("offline")


@pytest.mark.parametrize("compression", [None, "gzip", "zip"])
@pytest.mark.parametrize("encoding", ["utf8", "utf-16le", "win1252", "gb18030"])
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_what_one_call_writes_is_read_back(
    engine: EngineProcess, id: str, tmp_path: Path, kind: str, encoding: str, compression: str | None
) -> None:
    form = {"type": kind, "encoding": encoding, "compressionFormat": compression}
    results = push(engine, id, tmp_path, DATA, fileName=f"out.{kind}", **form)

    assert results == [{"statusCode": 200, "id": f"out.{kind}"}] * 2
    assert os.listdir(tmp_path) == [f"out.{kind}"]
    expected: Any = DATA
    if kind == "csv":
        first = {"id": "1", "name": DATA[0]["name"], "n": "1.5", "more": ""}
        expected = [first, {"id": "2", "name": "", "n": "", "more": '{"x":[true]}'}]
    assert engine.records(id, reading(tmp_path, **form)) == expected


def test_a_workbook_is_read_back(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    push(engine, id, tmp_path, DATA, type="xlsx", fileName="out.xlsx")

    assert engine.records(id, reading(tmp_path, type="xlsx")) == [
        {"id": 1, "name": DATA[0]["name"], "n": 1.5, "more": None},
        # An empty text is an empty cell.
        {"id": 2, "name": None, "n": None, "more": '{"x":[true]}'},
    ]


def test_csv_form_is_that_of_the_document(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    csv = {
        "columnDelimiter": "|", "rowDelimiter": "\r\n", "wrapWithQuotes": True, "replaceNewlineWithSpace": True,
        "replaceTabWithSpace": True, "truncateLastRowDelimiter": True, "customHeaderRows": ["# of today"],
    }  # fmt: skip
    data = [{"b": "=1+1", "a": "x\ty"}, {"a": "p\nq", "c": "-3"}]

    push(engine, id, tmp_path, data, csv=csv)

    assert (tmp_path / "out.csv").read_bytes() == (b'# of today\r\n"b"|"a"|"c"\r\n"=1+1"|"x y"|""\r\n""|"p q"|"-3"')


def test_columns_follow_the_mapping(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    fields = [{"generate": name, "extract": name} for name in ("z", "a", "m")]
    data = [{"a": "1", "m": "2"}, {"z": "3", "a": "4"}]

    push(engine, id, tmp_path, data, more={"mapping": {"fields": fields}})

    assert (tmp_path / "out.csv").read_text() == "z,a,m\n,1,2\n3,4,\n"


def test_grouped_record_is_written_as_its_rows(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    results = push(engine, id, tmp_path, [[{"a": 1}, {"a": 2}], {"a": 3}])

    assert [result["statusCode"] for result in results] == [200, 200]
    assert (tmp_path / "out.csv").read_text() == "a\n1\n2\n3\n"


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (
            "xml",
            "<orders>{{#each batch_of_records}}<order id='{{record.id}}'>{{replace record.name '&' '&amp;'}}</order>"
            "{{/each}}</orders>",
            "<orders><order id='1'>a &amp; b</order><order id='2'>c</order></orders>",
        ),
        ("json", '{"count": {{data.length}}, "first": "{{record.name}}"}', '{"count": 2, "first": "a & b"}'),
    ],
)
def test_body_template_is_the_file(
    engine: EngineProcess, id: str, tmp_path: Path, kind: str, body: str, expected: str
) -> None:
    data = [{"id": 1, "name": "a & b"}, {"id": 2, "name": "c"}]

    push(engine, id, tmp_path, data, type=kind, fileName="out", **{kind: {"body": body}})

    assert (tmp_path / "out").read_text() == expected


@pytest.mark.parametrize(("kind", "body"), [("xml", "<a>{{record.name}}</a>"), ("json", '{"a": {{record.name}} }')])
def test_body_that_renders_to_something_else_writes_nothing(
    engine: EngineProcess, id: str, tmp_path: Path, kind: str, body: str
) -> None:
    results = push(engine, id, tmp_path, [{"name": "<b> & c"}], type=kind, **{kind: {"body": body}})

    assert codes(results) == ["invalid_record"]
    assert os.listdir(tmp_path) == []


def test_name_and_folder_are_templates(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    (tmp_path / "north").mkdir()
    name = "{{record.region}}-{{data.length}}-{{timestamp}}.csv"
    folder = f"{tmp_path}/{{{{record.region}}}}"

    results = push(engine, id, folder, [{"region": "north"}, {"region": "south"}], fileName=name)

    (written,) = os.listdir(tmp_path / "north")
    assert written.startswith("north-2-")
    assert {result["id"] for result in results} == {written}


def test_one_file_a_record_has_one_fate_a_record(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    names = ["a", "../b", "a", "c/d", "", "e\nf", "g"]
    results = push(engine, id, tmp_path, [{"n": name} for name in names], fileName="{{record.n}}", skipAggregation=True)

    assert [result["statusCode"] for result in results] == [200, 422, 422, 422, 422, 422, 200]
    assert [result["errors"][0]["code"] for result in results if "errors" in result] == [
        "invalid_name", "name_taken", "invalid_name", "invalid_name", "invalid_name",
    ]  # fmt: skip
    assert sorted(os.listdir(tmp_path)) == ["a", "g"]
    assert not (tmp_path.parent / "b").exists()


def test_one_json_file_a_record_holds_the_record(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    push(engine, id, tmp_path, [{"n": 1}, {"n": 2}], type="json", fileName="{{record.n}}.json", skipAggregation=True)

    assert [json.loads((tmp_path / f"{n}.json").read_text()) for n in (1, 2)] == [{"n": 1}, {"n": 2}]


def test_some_records_a_file(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    data = [{"n": number} for number in range(5)]
    results = push(engine, id, tmp_path, data, fileName="{{record.n}}.csv", skipAggregation=True, batchSize=2)

    assert [result["id"] for result in results] == ["0.csv", "0.csv", "2.csv", "2.csv", "4.csv"]
    assert (tmp_path / "2.csv").read_text() == "n\n2\n3\n"


def test_record_that_cannot_be_written_fails_its_whole_file(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("before")

    results = push(engine, id, tmp_path, [{"a": "x"}, {"a": "€"}, {"a": "y"}], encoding="iso88591")
    assert codes(results) == ["invalid_record"] * 3
    assert "'€'" in results[0]["errors"][0]["message"]
    results = push(engine, id, tmp_path, [{"a": "x"}, [1], {"a": "y"}])
    assert codes(results) == ["file_not_written", "invalid_record", "file_not_written"]
    results = push(engine, id, tmp_path, [{"a": "x"}, {"a": "y" * 40_000}], type="xlsx")
    assert codes(results) == ["file_not_written", "invalid_record"]

    assert os.listdir(tmp_path) == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "before"


def test_place_that_refuses_fails_the_records_and_leaves_the_connection(
    engine: EngineProcess, id: str, tmp_path: Path
) -> None:
    (tmp_path / "out.csv").mkdir()

    assert codes(push(engine, id, tmp_path / "none", DATA)) == ["folder_not_found"] * 2
    assert codes(push(engine, id, tmp_path, DATA)) == ["file_error"] * 2
    assert codes(push(engine, id, "relative", DATA)) == ["invalid_field"] * 2
    assert engine.call("GET", f"/connections/{id}").json()["offline"] is False
    assert os.listdir(tmp_path) == ["out.csv"]


def test_backup_and_name_in_progress(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    for folder in ("out", "done"):
        (tmp_path / folder).mkdir()
    place = {"backupDirectoryPath": str(tmp_path / "done"), "inProgressFileName": "{{record.id}}.busy"}

    push(engine, id, tmp_path / "out", DATA, place=place)

    assert os.listdir(tmp_path / "out") == os.listdir(tmp_path / "done") == ["out.csv"]
    assert (tmp_path / "out" / "out.csv").read_bytes() == (tmp_path / "done" / "out.csv").read_bytes()
    place["backupDirectoryPath"] = str(tmp_path / "none")
    assert (
        codes(push(engine, id, tmp_path / "out", DATA, fileName="second.csv", place=place)) == ["folder_not_found"] * 2
    )
    assert os.listdir(tmp_path / "out") == ["out.csv"]
    # The file itself cannot be written: its copy does not stay either.
    place["backupDirectoryPath"] = str(tmp_path / "done")
    (tmp_path / "out" / "third.csv").mkdir()
    assert codes(push(engine, id, tmp_path / "out", DATA, fileName="third.csv", place=place)) == ["file_error"] * 2
    assert os.listdir(tmp_path / "done") == ["out.csv"]


def test_several_files_are_one_walk_in_the_order_of_their_names(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    for name, rows in {
        "b.csv": "n,m\n3,x\n",
        "a.csv": "n\n1\n2\n",
        "c.csv": "n\n",
        "0.csv": "",
        "d.csv": "n\n4",
    }.items():
        (tmp_path / name).write_text(rows)
    (tmp_path / "sub").mkdir()

    pages = list(engine.pages(id, reading(tmp_path, more={"pageSize": 3})))

    assert [page["data"] for page in pages] == [[{"n": "1"}, {"n": "2"}, {"n": "3", "m": "x"}], [{"n": "4"}]]


def test_filter_chooses_files_by_name_size_and_time(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    for name, size, moment in (
        ("o1.csv", 9, 1_000_000_000),
        ("o2.csv", 90, 1_700_000_000),
        ("x.csv", 90, 1_700_000_000),
    ):
        (tmp_path / name).write_text("n\n" + name + "\n" + "\n" * size)
        os.utime(tmp_path / name, (0, moment))
    rules = [
        "and",
        ["startswith", ["extract", "filename"], "o"],
        ["greaterthan", ["number", ["extract", "filesize"]], 50],
        ["greaterthan", ["epochtime", ["extract", "lastmodified"]], ["epochtime", "2020-01-01T00:00:00Z"]],
    ]
    filter = {"type": "expression", "expression": {"version": "1", "rules": rules}}

    assert engine.records(id, reading(tmp_path, filter=filter)) == [{"n": "o2.csv"}]


def test_metadata_is_what_the_filter_sees(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\xff" * 7)
    os.utime(tmp_path / "a.bin", (0, 1_700_000_000.25))

    found = engine.records(id, reading(tmp_path, output="metadata", skipDelete=False))

    assert found == [{"filename": "a.bin", "filesize": 7, "lastmodified": "2023-11-14T22:13:20.250Z"}]
    assert os.listdir(tmp_path) == ["a.bin"]


def test_sorting_and_groups_are_per_file_and_a_page_counts_groups(
    engine: EngineProcess, id: str, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("order,line\n2,1\n1,2\n2,3\n1,4\n,5\n,6\n")
    (tmp_path / "b.csv").write_text("order,line\n1,7\n")
    sort = [{"field": "order", "descending": True}, {"field": "line"}]
    export = reading(tmp_path, sortByFields=sort, groupByFields=["order"], more={"pageSize": 2})

    pages = [[[row["line"] for row in group] for group in page["data"]] for page in engine.pages(id, export)]

    assert pages == [[["1", "3"], ["2", "4"]], [["5"], ["6"]], [["7"]]]
    legacy = reading(tmp_path, csv={"keyColumns": ["order"]}, place={}, more={"pageSize": 100})
    assert [len(group) for group in engine.records(id, legacy)] == [1, 1, 1, 1, 1, 1, 1]


def test_transform_filter_and_data_uri_see_the_records(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n\n1\n2\n")
    rules = ["equals", ["extract", "n"], "2"]
    more = {
        "filter": {"type": "expression", "expression": {"version": "1", "rules": rules}},
        "dataURITemplate": "u{{n}}",
    }

    (page,) = engine.pages(id, reading(tmp_path, more=more))

    assert (page["data"], page["dataURIs"]) == ([{"n": "2"}], ["u2"])


@pytest.mark.parametrize(
    ("kind", "name", "content", "says"),
    [
        ("csv", "bad.csv", b'n,m\n1,2\n3,"4\n', "line 3"),
        ("csv", "bad.csv", b"n\n\xff\n", "file.encoding"),
        ("json", "bad.json", b'[{"a":1},\n{"b":]', "line 2"),
        ("xml", "bad.xml", b"<r>\n<o></r>", "line 2"),
        ("xlsx", "bad.xlsx", b"n\n1\n", "no Excel workbook"),
    ],
)
def test_file_that_cannot_be_parsed_fails_with_its_name_and_stays(
    engine: EngineProcess, id: str, tmp_path: Path, kind: str, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    export = reading(tmp_path, type=kind, skipDelete=False, xml={"resourcePath": "/r/o"})

    for path in ("export", "export/pages"):
        error = refusal(engine, id, export, path)
        assert error["code"] == "invalid_file"
        assert repr(name) in error["message"]
        assert says in error["message"]
    assert (tmp_path / name).read_bytes() == content


def test_file_in_an_archive_is_named_too(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("good.csv", "n\n1\n")
        archive.writestr("bad.csv", 'n\n"1\n')

    pages = engine.pages(id, reading(tmp_path, compressionFormat="zip", more={"pageSize": 1}))
    with pytest.raises(AssertionError, match=r"File 'all\.zip', in it 'bad\.csv', line \d"):
        list(pages)


def test_file_that_is_not_compressed_fails(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_text("n\n1\n")

    assert "no whole gzip file" in refusal(engine, id, reading(tmp_path, compressionFormat="gzip"))["message"]


def test_xml_records_come_in_the_convention_of_parsed_xml(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<r><o k='1'><n>x</n><n>y</n></o><o>z</o></r>")

    found = engine.records(id, reading(tmp_path, type="xml", xml={"resourcePath": "//o"}))

    assert found == [{"$": {"k": "1"}, "n": ["x", "y"]}, {"_": "z"}]


def test_entities_are_refused(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]><r><o>&e;</o></r>')

    error = refusal(engine, id, reading(tmp_path, type="xml", xml={"resourcePath": "//o"}))

    assert "entities" in error["message"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"file": {"type": "filedefinition"}}, "export.file.type"),
        ({"file": {"output": "blobKeys"}}, "export.file.output"),
        ({"file": {"decrypt": "pgp"}}, "export.file.decrypt"),
        ({"file": {"batchSize": 1001}}, "export.file.batchSize"),
        ({"filesystem": {"fileNameStartsWith": "x"}}, "export.filesystem.fileNameStartsWith"),
        ({"filesystem": {"directoryPath": None}}, "export.filesystem.directoryPath"),
        ({"filesystem": {"directoryPath": "{{#if}}"}}, "export.filesystem.directoryPath"),
    ],
)
def test_export_document_that_cannot_be_is_refused_by_name(
    engine: EngineProcess, id: str, tmp_path: Path, change: dict[str, Any], field: str
) -> None:
    (tmp_path / "a.csv").write_text("n\n1\n")
    export = reading(tmp_path, skipDelete=False)
    for block, members in change.items():
        export[block] = {**export[block], **members}

    assert refusal(engine, id, export)["field"] == field
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"file": {"type": "filedefinition"}}, "import.file.type"),
        ({"file": {"encrypt": True}}, "import.file.encrypt"),
        ({"file": {"type": "xml"}}, "import.file.xml.body"),
        ({"file": {"type": "json", "json": {"resourcePath": "a"}}}, "import.file.json.resourcePath"),
        ({"file": {"fileName": None}}, "import.file.fileName"),
        ({"filesystem": None}, "import.filesystem"),
        ({"blobKeyPath": "k"}, "import.blobKeyPath"),
    ],
)
def test_import_document_that_cannot_be_fails_the_call(
    engine: EngineProcess, id: str, tmp_path: Path, change: dict[str, Any], field: str
) -> None:
    document: dict[str, Any] = {
        "file": {"type": "csv", "fileName": "a"},
        "filesystem": {"directoryPath": str(tmp_path)},
    }
    for name, value in change.items():
        document[name] = {**document[name], **value} if isinstance(value, dict) else value

    answer = engine.call("POST", f"/connections/{id}/import", {"import": document, "data": DATA})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert os.listdir(tmp_path) == []


def test_only_allowed_folders_are_reached(tmp_path: Path) -> None:
    allowed, outside = tmp_path / "allowed", tmp_path / "outside"
    for folder in (allowed, outside):
        folder.mkdir()
        (folder / "a.csv").write_text("n\n1\n")
    (allowed / "up").symlink_to(outside)
    with EngineProcess("--allow-dir", str(allowed)) as engine:
        id = folder_connection(engine)
        assert engine.records(id, reading(allowed)) == [{"n": "1"}]
        for folder in (str(outside), str(allowed / "up"), f"{allowed}/../outside", "/etc"):
            assert refusal(engine, id, reading(folder))["code"] == "out_of_reach"
            assert codes(push(engine, id, folder, DATA)) == ["out_of_reach"] * 2
        (allowed / "link.csv").symlink_to(outside / "a.csv")
        assert refusal(engine, id, reading(allowed))["code"] == "out_of_reach"
    assert os.listdir(outside) == ["a.csv"]


def test_debug_log_names_files_and_holds_nothing_of_them(engine: EngineProcess, tmp_path: Path) -> None:
    id = folder_connection(engine)
    until = "2099-01-01T00:00:00.000Z"
    patch = [{"op": "replace", "path": "/debugDate", "value": until}]
    assert engine.call("PATCH", f"/connections/{id}", patch).status_code == 204

    push(engine, id, tmp_path, [{"a": "the value"}])
    engine.records(id, reading(tmp_path))

    log = engine.call("GET", f"/connections/{id}/debug").text
    assert [word for word in ("WRITE", "LIST", "READ", "out.csv") if word not in log] == []
    assert "the value" not in log


def test_choices_for_tables_without_names(tmp_path: Path) -> None:
    import openpyxl

    (tmp_path / "a.csv").write_text("1,2\n")
    book = openpyxl.Workbook()
    book.active.append([1])
    book.create_sheet("second").append([2])
    (tmp_path / "b").mkdir()
    book.save(tmp_path / "b" / "a.xlsx")
    csv = reading(tmp_path, csv={"hasHeaderRow": False})
    xlsx = reading(tmp_path / "b", type="xlsx", xlsx={"hasHeaderRow": False})

    with EngineProcess() as engine:
        id = folder_connection(engine)
        assert engine.records(id, csv) == [{"Column0": "1", "Column1": "2"}]
        assert engine.records(id, xlsx) == [{"Column1": 1}, {"Column1": 2}]
    with EngineProcess("--choice", "csv_first_column=1", "--choice", "xlsx_reads_all_sheets=false") as engine:
        id = folder_connection(engine)
        assert engine.records(id, csv) == [{"Column1": "1", "Column2": "2"}]
        assert engine.records(id, xlsx) == [{"Column1": 1}]


def test_large_gzip_is_streamed(engine: EngineProcess, id: str, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as stream:
        stream.write(b"n\n" + b"".join(b"%d\n" % number for number in range(50_000)))
    (tmp_path / "a.csv.gz").write_bytes(packed.getvalue())

    found = engine.records(id, reading(tmp_path, compressionFormat="gzip", more={"pageSize": 10_000}))

    assert [int(record["n"]) for record in found] == list(range(50_000))
