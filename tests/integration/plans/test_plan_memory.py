"""What a plan needs of memory, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support import plan_memory, soak


@pytest.mark.soak
def test_plan_needs_less_than_three_times_its_frames() -> None:
    call = [sys.executable, plan_memory.__file__, str(soak.runs(40_000, 300_000)), "shop,day,id"]
    done = subprocess.run(call, capture_output=True, check=True, text=True, cwd=Path(plan_memory.__file__).parents[1])

    found = json.loads(done.stdout)
    print(found)
    assert found["peak"] <= 3 * found["frames"]
    assert found["update"] == soak.runs(400, 3_000)
