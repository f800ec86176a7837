"""Commands against one engine that runs: pulls with their options, pushes that are retried, journals, doctor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import celigo_pandas as celigo
from celigo_pandas import build
from celigo_pandas.cli import main

QUERY = "select id, name, zip, '2024-05-01T10:00:00Z' as seen from customers order by id"
DESK = {"http": {"method": ["POST"], "relativeURI": ["/notices"]}}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(home))
        with celigo.local(demo="shop") as client:
            patch.setenv("CELIGO_BASE_URL", client.base_url)
            patch.setenv("CELIGO_API_TOKEN", client.engine_token)
            yield client


@pytest.fixture
def run(client, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments):
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_command


def test_pull_takes_a_query_with_the_options_of_a_frame(run):
    code, said, complaints = run(
        "pull", "--sql", QUERY, "-c", "Small shop", "-o", "x.parquet",
        "--columns", "id, zip,seen", "--parse-dates", "seen", "--dtype", "zip=category", "--max-rows", "3",
    )  # fmt: skip

    assert (code, said) == (0, "3 rows, 3 columns → x.parquet\n"), complaints
    schema = pq.read_schema("x.parquet")
    assert schema.names == ["id", "zip", "seen"]
    assert pa.types.is_timestamp(schema.field("seen").type)


def test_pull_of_no_rows_has_the_columns_alone(run):
    code, said, complaints = run("pull", "--sql", QUERY, "-c", "Small shop", "-o", "x.parquet", "--max-rows", "0")

    assert (code, said) == (0, "0 rows, 4 columns → x.parquet\n"), complaints
    assert pq.read_schema("x.parquet").names == ["id", "name", "zip", "seen"]


def test_pull_takes_a_file_of_sql(run):
    Path("customers.sql").write_text(f"\ufeff-- every customer\n{QUERY}\n", encoding="utf-8")
    code, said, complaints = run("pull", "customers.sql", "-c", "Small shop", "-o", "x.parquet", "--columns", "id")

    assert (code, said) == (0, "60 rows, 1 columns → x.parquet\n"), complaints


def test_pull_parses_every_column_of_times_by_itself_and_keeps_objects(run):
    code, _, complaints = run("pull", "--sql", QUERY, "-c", "Small shop", "-o", "x.json", "--parse-dates", "auto",
                              "--nested", "keep")  # fmt: skip

    assert code == 0, complaints
    assert json.loads(Path("x.json").read_text())[0]["seen"].startswith("2024-05-01T10:00:00")


@pytest.mark.filterwarnings("default::celigo_pandas.errors.HintWarning")
def test_warning_is_a_line_for_people(run):
    code, _, complaints = run("pull", "--sql", QUERY, "-c", "Small shop", "-o", "x.csv", "--columns", "id,nope")

    assert code == 0
    assert complaints.splitlines()[-1] == "celigo-pandas: No record has a field 'nope'; such a column is empty."
    assert "HintWarning" not in complaints


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Got neither an export and --sql"),
        (("x.json", "--sql", "select 1"), "Got both"),
        (("no.sql",), "Cannot read 'no.sql'"),
        (("--sql", "select 1", "--dtype", "zip"), "--dtype: got 'zip'; expected NAME=TYPE"),
    ],
)
def test_pull_says_what_it_needs(run, arguments, said):
    code, _, complaints = run("pull", *arguments, "-c", "Small shop", "-o", "x.csv")

    assert code == 2
    assert said in complaints


@pytest.mark.filterwarnings("default::celigo_pandas.errors.HintWarning")
def test_push_nests_flat_columns_when_told_and_says_when_it_is_not(run):
    Path("rows.csv").write_text("id,cust.name\n1,Ann\n")
    rules = [{"generate": "who", "dataType": "string", "extract": "$.cust.name", "status": "Active"}]
    build.http_import("/notices", mapping=rules).save("import.json")
    found = []
    for option in ((), ("--nest",)):
        arguments = ("push", "rows.csv", "import.json", "-c", "Delay desk", "--dry-run", "--outcomes", "x.jsonl")
        code, _, complaints = run(*arguments, *option)
        assert code == 0, complaints
        assert ("(--nest)" in complaints) is (not option)
        found.append("Ann" in Path("x.jsonl").read_text())

    assert found == [False, True]


def pushed(run):
    """Push three notices, one of which has no tail number, and keep the result."""
    Path("rows.csv").write_text("flight,tail\nA1,N1\nA2,\nA3,N3\n")
    build.Document(DESK).save("import.json")
    return run("push", "rows.csv", "import.json", "-c", "Delay desk", "--yes", "--json", "--result", "push.parquet")


def test_retry_sends_corrected_rows_and_brings_the_result_up_to_date(run):
    code, said, _ = pushed(run)
    assert (code, json.loads(said)["outcomes"]) == (1, {"ok": 2, "failed": 1})

    Path("fixed.csv").write_text("flight,tail\nA1,N1\nA2,N2\nA3,N3\n")
    code, said, complaints = run("retry", "push.parquet", "--rows", "fixed.csv", "--yes", "--json")
    assert code == 0, complaints
    assert json.loads(said) == {"rows": 3, "outcomes": {"ok": 3}, "errors": []}

    code, _, complaints = run("retry", "push.parquet", "--yes")
    assert code == 0
    assert "nothing is due: 3 rows: 3 ok." in complaints
    assert sorted(path.name for path in Path().iterdir()) == ["fixed.csv", "import.json", "push.parquet", "rows.csv"]


def test_retry_that_is_refused_leaves_the_result_as_it_was(run):
    pushed(run)
    before = Path("push.parquet").read_bytes()
    Path("few.csv").write_text("flight,tail\nA2,N2\n")
    for arguments, expected, said in (
        (("--rows", "few.csv", "--yes"), 2, "'few.csv' has 1 rows and the push had 3"),
        (("-c", "Small shop", "--yes"), 2, "A retry goes where the push went"),
        ((), 1, "add --yes"),
    ):
        code, _, complaints = run("retry", "push.parquet", *arguments)

        assert code == expected
        assert said in complaints
        assert Path("push.parquet").read_bytes() == before


def test_retry_that_runs_or_was_killed_keeps_others_out(run):
    pushed(run)
    Path("push.parquet").rename("push.parquet.retrying")
    code, _, complaints = run("retry", "push.parquet", "--yes")

    assert code == 2
    assert "is being retried, or its retry was killed: its rows may have been sent" in complaints


def test_retry_by_a_link_claims_the_file_itself(run):
    pushed(run)
    Path("kept").mkdir()
    Path("push.parquet").rename("kept/real.parquet")
    Path("link.parquet").symlink_to("kept/real.parquet")
    Path("kept/real.parquet").rename("kept/real.parquet.retrying")
    code, _, complaints = run("retry", "link.parquet", "--yes")

    assert code == 2
    assert "is being retried, or its retry was killed" in complaints

    Path("kept/real.parquet.retrying").rename("kept/real.parquet")
    Path("fixed.csv").write_text("flight,tail\nA1,N1\nA2,N2\nA3,N3\n")
    code, said, complaints = run("retry", "link.parquet", "--rows", "fixed.csv", "--yes", "--json")

    assert code == 0, complaints
    assert json.loads(said)["outcomes"] == {"ok": 3}
    assert Path("link.parquet").is_symlink()
    assert [path.name for path in Path("kept").iterdir()] == ["real.parquet"]


@pytest.mark.parametrize("content", [None, b"no parquet", "table"])
def test_retry_of_what_is_no_result_names_the_file(run, content):
    if content == "table":
        pd.DataFrame({"a": [1]}).to_parquet("push.parquet")
    elif content is not None:
        Path("push.parquet").write_bytes(content)
    code, _, complaints = run("retry", "push.parquet", "--yes")

    assert code == 2
    assert "'push.parquet'" in complaints
    assert "Traceback" not in complaints


def test_result_is_refused_a_place_before_anything_is_sent(run):
    Path("rows.csv").write_text("flight,tail\nA1,N1\n")
    build.Document(DESK).save("import.json")
    code, _, complaints = run("push", "rows.csv", "import.json", "-c", "Delay desk", "--yes", "--result", "x.csv")

    assert code == 2
    assert "--result 'x.csv'" in complaints


def test_journals_tell_state_and_counts(run):
    pushed(run)
    run("push", "rows.csv", "import.json", "-c", "Delay desk", "--yes", "--journal", "sent.journal")
    run("pull", "--sql", QUERY, "-c", "Small shop", "-o", "x.csv", "--journal", "read.journal")

    code, said, _ = run("journals")
    pull, push = said.splitlines()
    assert code == 0
    assert [word in pull for word in ("read.journal", "pull", "finished", "1 pages")] == [True] * 4
    assert [word in push for word in ("sent.journal", "push", "finished", "3 rows: 2 ok, 1 failed")] == [True] * 4

    code, said, _ = run("journals", "--json")
    assert json.loads(said)[1]["outcomes"] == {"ok": 2, "failed": 1, "ignored": 0, "unknown": 0, "not_sent": 0}

    journal = Path("sent.journal/push.journal")
    journal.write_bytes(b"x" + journal.read_bytes()[1:])
    code, said, _ = run("journals", "--json")
    assert [entry["state"] for entry in json.loads(said)] == ["finished", "damaged"]


def test_doctor_asks_the_server_that_is_named(run, client):
    code, said, _ = run("doctor", "--json", "--base-url", client.base_url)
    findings = json.loads(said)

    assert (code, findings[client.base_url]) == (0, f"{client.host} answers")
    assert "integrator.io" not in findings


def test_doctor_is_not_well_when_the_server_that_is_named_cannot_be_asked(run, monkeypatch):
    monkeypatch.delenv("CELIGO_API_TOKEN")
    code, said, _ = run("doctor", "--json", "--base-url", "http://127.0.0.1:9")

    assert code == 1
    assert json.loads(said)["http://127.0.0.1:9"].startswith("not configured")


@pytest.mark.parametrize(("content", "said"), [(None, "No such file or directory"), (b"\xff" * 20, "holds no text")])
def test_token_file_that_cannot_be_read_is_one_clear_line(tmp_path, content, said):
    file = tmp_path / "engine.token"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-m", "celigo_pandas.engine", "--token-file", str(file)],
        env={**os.environ, "CELIGO_PANDAS_NO_PANDAS": "1"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert str(file) in done.stderr
    assert said in done.stderr
