"""``celigo.dask`` without its extra, and in a star import."""

from __future__ import annotations

import subprocess
import sys

HIDE = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("dask", "distributed"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import importlib.util
import celigo_pandas as celigo
from celigo_pandas import *
try:
    celigo.dask
except celigo.MissingExtraError as error:
    print(isinstance(error, ImportError), error)
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_missing_extra_names_itself() -> None:
    assert run(HIDE).startswith("True celigo_pandas.dask needs the extra 'dask', which is not installed.")


def test_dask_is_offered_and_loaded_on_use_only() -> None:
    code = "import sys, celigo_pandas as c\nprint('dask' in dir(c), 'dask' in sys.modules)\n"
    code += "c.dask.windows\nprint('dask' in sys.modules)"

    assert run(code).split() == ["True", "False", "True"]
