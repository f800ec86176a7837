"""What every test shares: the closing line that names what was not run."""

from __future__ import annotations

from typing import Any

from support import needs


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if needs.NOT_RUN:
        parts = ", ".join(f"{count} that need {program}" for program, count in sorted(needs.NOT_RUN.items()))
        terminalreporter.write_line(f"Not run on this machine: {parts}.")
