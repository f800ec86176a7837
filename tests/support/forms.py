"""What the tests of the forms share: the table of connection cases and fakes of the agreed interfaces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[1] / "cases"


def connection_cases() -> list[dict[str, Any]]:
    """Read the connection cases: ``id, source, confidence, type, document, expected`` (problem paths, sorted)."""
    lines = (CASES / "connections.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
