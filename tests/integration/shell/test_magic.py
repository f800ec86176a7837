"""``%%celigo_export`` in a real IPython shell against the local engine, and the fixtures of the pytest plugin."""

from __future__ import annotations

import os
import subprocess
import sys

CELLS = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
def run(cell):
    done = shell.run_cell(cell)
    if not done.success:
        print("FAILED", type(done.error_in_exec or done.error_before_exec).__name__)
    return done.result
run("%load_ext celigo_pandas")
run("import celigo_pandas as celigo; client = celigo.local(demo='shop')")
body = '{"rdbms": {"query": "select * from products"}}'
shown = run('%%celigo_export products --connection "Small shop" --max-rows 5\\n' + body)
print(shown.shape, run("products.shape"))
print(run('%%celigo_export -c "Small shop"\\nrdbms:\\n  query: select count(*) as n from customers').to_dict("list"))
run('%%celigo_export -c "Small shop"\\n{"rdbms": ')
print(run('%%celigo_export -c "Small shop" --sql\\nselect count(*) as n\\nfrom customers\\n').to_dict("list"))
run("client.close()")
"""

PLUGIN_TEST = """
def test_fixture_is_a_client_of_a_fresh_engine(celigo_engine):
    assert {con.name for con in celigo_engine.connections} == {"Small shop", "Delay desk"}
"""


def environment(folder):
    return {
        **os.environ,
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "IPYTHONDIR": str(folder / "ipython"),
    }


def test_magic_pulls_into_the_variable_and_shows_the_frame(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", CELLS], env=environment(tmp_path), capture_output=True, text=True, timeout=120
    )
    said = [line for line in done.stdout.splitlines() if line.startswith(("(", "{", "FAILED"))]

    assert said == ["(5, 3) (5, 3)", "{'n': [60]}", "FAILED DocumentError", "{'n': [60]}"], done.stdout + done.stderr


def test_plugin_gives_users_an_engine(tmp_path):
    (tmp_path / "test_mine.py").write_text(PLUGIN_TEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert "1 passed" in done.stdout, done.stdout + done.stderr
