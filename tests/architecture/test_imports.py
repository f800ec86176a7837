"""What a process loads: importing the package is cheap, and the engine's process has no pandas."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


def loaded_after(statement: str, **environment: str) -> set[str]:
    code = f"import sys, json; {statement}; print(json.dumps([m for m in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_celigo_pandas_loads_neither_widgets_nor_engine():
    loaded = loaded_after("import celigo_pandas")

    assert not loaded & {"ipywidgets", "anywidget", "starlette", "uvicorn", "sqlalchemy", "requests", "pyarrow.json"}
    assert not [name for name in loaded if name.startswith("celigo_pandas.engine")]


MAPPER = ("celigo_pandas.mapping", "celigo_pandas.experiments", "celigo_pandas.handlebars", "celigo_pandas.builders")


@pytest.mark.parametrize(
    "statement",
    [
        "import celigo_pandas",
        "import celigo_pandas as c; c.connect, c.read_export, c.read_exports, c.iter_export, c.export_to_parquet",
        "import celigo_pandas as c; c.connect(token='x' * 32).connections",
        "import celigo_pandas.magics, celigo_pandas.cli.pull",
    ],
)
def test_who_only_pulls_loads_no_mapper(statement):
    assert [name for name in loaded_after(statement) if name.startswith(MAPPER)] == []


def test_frame_accessor_is_there_after_the_import_alone():
    code = "import celigo_pandas, pandas as pd; print(type(pd.DataFrame({'a': [1]}).celigo).__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "FrameAccessor"


def test_connect_and_pull_functions_load_no_widgets():
    loaded = loaded_after("import celigo_pandas as c; c.connect, c.read_export, c.to_import, c.dry_run, c.Mapping")

    assert not loaded & {"ipywidgets", "anywidget", "starlette", "sqlalchemy"}


@pytest.mark.parametrize("module", ["celigo_pandas.engine.__main__", "celigo_pandas.engine.program.server"])
def test_engine_loads_no_pandas(module):
    loaded = loaded_after(f"import {module}", CELIGO_PANDAS_NO_PANDAS="1")

    assert not loaded & {"pandas", "numpy", "pyarrow", "ipywidgets", "tqdm"}


def test_the_pytest_plugin_loads_nothing_until_a_fixture_is_used(tmp_path):
    (tmp_path / "test_theirs.py").write_text(
        "import sys\n\n\ndef test_alone(request):\n"
        "    assert request.config.pluginmanager.has_plugin('celigo_pandas')\n"
        "    assert not {'celigo_pandas', 'pandas', 'numpy'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": "",
            "PYTEST_ADDOPTS": "-p celigo_pandas",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert "1 passed" in done.stdout, done.stdout
