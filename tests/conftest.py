"""What every test shares: signals as in a terminal, and the closing line that names what was not run."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from support import needs

# A shell that starts the tests in the background, or nohup, has them ignore these, and every child with them.
for _signal, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_signal) is signal.SIG_IGN:
        signal.signal(_signal, _usual)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Playwright's loop runs in this thread from its first test to the end of the session; tests with loops of their
    # own come before it.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if needs.NOT_RUN:
        parts = ", ".join(f"{count} that need {program}" for program, count in sorted(needs.NOT_RUN.items()))
        terminalreporter.write_line(f"Not run on this machine: {parts}.")
