"""What every test shares: signals as in a terminal, and the closing line that names what was not run."""

from __future__ import annotations

import signal
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from support import needs

# How long one example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# A shell that starts the tests in the background, or nohup, has them ignore these, and every child with them.
for _signal, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_signal) is signal.SIG_IGN:
        signal.signal(_signal, _usual)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Playwright's loop runs in this thread from its first test to the end of the session; tests with loops of their
    # own come before it.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    # From the reports, which come from every worker of a run side by side.
    reasons = (str(report.longrepr[-1]) for report in terminalreporter.stats.get("skipped", ()))
    missing = Counter(
        reason.removeprefix("Skipped: ").removesuffix(needs.MISSING).strip()
        for reason in reasons
        if reason.endswith(needs.MISSING)
    )
    if missing:
        parts = ", ".join(f"{count} that need {program}" for program, count in sorted(missing.items()))
        terminalreporter.write_line(f"Not run on this machine: {parts}.")
