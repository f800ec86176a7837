"""The README's first lines of Python, run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[3] / "README.md"


def test_first_lines_of_the_readme_run(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CELIGO_")}
    homes = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{code}\nprint(len(late), len(trial.mapped), result.summary())"],
        env={**environment, **homes},
        capture_output=True,
        text=True,
    )

    assert done.stdout.strip() == "40 40 40 rows: 40 ok.", done.stderr
