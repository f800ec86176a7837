"""The command line with rows and outcomes in files: what is told, where it goes, in any terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from celigo_pandas.cli.frame_files import read_frame
from celigo_pandas.frames.outward import to_records

DESK = ("-c", "Delay desk", "--local", "desk", "--demo=shop", "--yes")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def run(home, tmp_path):
    (tmp_path / "import.json").write_bytes(
        b'\xef\xbb\xbf{"http": {"method": ["POST"], "relativeURI": ["/notices"]}}'  # as an editor on Windows saves it
    )

    def run_command(*arguments, **environment):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CELIGO_", "XDG_"))}
        done = subprocess.run(
            [sys.executable, "-m", "celigo_pandas.cli", *map(str, arguments)],
            env={**kept, "HOME": str(home), **environment},
            cwd=tmp_path,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        encoding = environment.get("PYTHONIOENCODING", "utf-8")
        return done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding)

    return run_command


def test_outcomes_beside_an_index_of_any_name(run, tmp_path):
    frame = pd.DataFrame({"flight": ["A1", "A2"], "tail": ["N1", None], "index": [1, 2]})
    frame.index = pd.MultiIndex.from_tuples([("x", 1), ("x", 2)], names=["id", "code"])
    frame.to_parquet(tmp_path / "rows.parquet")

    code, said, complaints = run("push", "rows.parquet", "import.json", *DESK, "--outcomes", "o.csv", "--json")
    assert (code, json.loads(said)["outcomes"]) == (1, {"ok": 1, "failed": 1}), complaints
    assert [row["outcome"] for row in to_records(read_frame(str(tmp_path / "o.csv")))] == ["ok", "failed"]

    code, said, complaints = run("push", "rows.parquet", "import.json", *DESK, "--dry-run", "--outcomes", "o.jsonl")
    assert code == 0, complaints
    assert to_records(read_frame(str(tmp_path / "o.jsonl"))) == [
        {"row number": 0, "id": "x", "code": 1, "flight": "A1", "tail": "N1", "index": 1},
        {"row number": 1, "id": "x", "code": 2, "flight": "A2", "index": 2},
    ]


def test_rows_that_would_shift_are_refused_before_anything_is_sent(run, tmp_path):
    (tmp_path / "rows.csv").write_text("flight,tail\nA1,N1,x\n")

    code, said, complaints = run("push", "rows.csv", "import.json", *DESK)

    assert (code, said) == (2, "")
    assert "Cannot read 'rows.csv': line 2 has 3 fields, the header has 2 (flight, tail)." in complaints


def test_delimiter(run, tmp_path):
    (tmp_path / "rows.csv").write_text("flight;tail\nA1;N1\n")

    code, _, complaints = run("push", "rows.csv", "import.json", *DESK)
    assert code == 2
    assert "--delimiter" in complaints

    code, said, complaints = run("push", "rows.csv", "import.json", *DESK, "--delimiter", ";", "--json")
    assert (code, json.loads(said)["outcomes"]) == (0, {"ok": 1}), complaints

    code, _, complaints = run("push", "rows.csv", "import.json", *DESK, "--delimiter", ";;")
    assert code == 2
    assert "expected one character, or tab" in complaints


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_terminals_that_lack_a_sign(run, tmp_path, encoding):
    rows = [{"flight": "→ é \ud83d 日本", "tail": "N1"}, {"flight": "x"}]
    (tmp_path / "rows.json").write_text(json.dumps(rows))

    code, said, complaints = run("push", "rows.json", "import.json", *DESK, "--dry-run", PYTHONIOENCODING=encoding)
    assert code == 1, complaints  # half an emoji: named, in any encoding
    assert "lone surrogate" in complaints

    (tmp_path / "rows.json").write_text(json.dumps([{**rows[0], "flight": "→ é 日本"}, rows[1]]))
    code, said, complaints = run("push", "rows.json", "import.json", *DESK, "--dry-run", PYTHONIOENCODING=encoding)
    assert code == 0, complaints
    assert {"cp1252": "-> é \\u65e5\\u672c", "ascii": "-> \\xe9", "utf-8": "→ é 日本"}[encoding] in said

    code, said, complaints = run("push", "rows.json", "import.json", *DESK, "--json", PYTHONIOENCODING=encoding)
    assert (code, json.loads(said)["rows"]) == (1, 2), complaints

    (tmp_path / "export.json").write_text(json.dumps({"rdbms": {"query": "select '→日' as a"}}), encoding="utf-8")
    code, said, complaints = run(
        "pull", "export.json", "-c", "Small shop", "--local", "--demo=shop", "-o", "x.csv", PYTHONIOENCODING=encoding
    )
    assert code == 0, complaints
    assert said.startswith("1 rows, 1 columns")
    assert (tmp_path / "x.csv").read_text(encoding="utf-8") == "a\n→日\n"


def test_without_a_home_folder(run, tmp_path):
    """A service's user may have none: no HOME, no entry in the password file."""
    (tmp_path / "sitecustomize.py").write_text(
        "import pwd\n\ndef none(*arguments):\n    raise KeyError('no such user')\n\n"
        "pwd.getpwuid = pwd.getpwnam = none\n"
    )
    code = (
        "import os; del os.environ['HOME']\n"
        "import celigo_pandas as celigo\n"
        "print(celigo.connect(token='abc', base_url='http://127.0.0.1:9'))\n"
        "for call in (celigo.connect, lambda: celigo.local('kept')):\n"
        "    try:\n        call()\n"
        "    except celigo.ConfigError as error:\n        print(error)\n"
        "with celigo.local(demo='shop') as client:\n    print(len(client.connections))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("CELIGO_", "XDG_"))},
            "PYTHONPATH": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=120,
    )

    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert "127.0.0.1:9" in lines[0]
    assert "no profile file (there is no home folder)" in done.stdout
    assert "Set HOME or XDG_DATA_HOME" in done.stdout
    assert lines[-1] == "2"
