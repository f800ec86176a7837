"""How two works are compared: in turn, in short series, so that slow moments of the machine hit both alike.

A series takes the best time of each side over a few rounds; the ratio is the median of the series, and the spread tells
how far they lie apart. Where both sides run on one thread, processor time is measured: other programs do not count.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

SERIES, ROUNDS = 3, 3

Work = Callable[[], Any]
Clock = Callable[[], float]


def compared(
    ours: Work,
    floor: Work,
    *,
    series: int = SERIES,
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.process_time,
) -> tuple[float, float]:
    """Return the ratio of two works, and the spread of the series as a share of it."""
    ratios = []
    for _ in range(series):
        best = {ours: float("inf"), floor: float("inf")}
        for number in range(rounds):
            for work in (ours, floor) if number % 2 else (floor, ours):
                best[work] = min(best[work], seconds(work, clock))
        ratios.append(best[ours] / best[floor])
    ratio = statistics.median(ratios)
    return ratio, (max(ratios) - min(ratios)) / ratio


def seconds(work: Work, clock: Clock = time.process_time) -> float:
    """Time a work; what it gives is let go of afterwards."""
    gc.collect()
    started = clock()
    kept = work()
    taken = clock() - started
    del kept
    return taken


def row(name: str, found: tuple[float, float], budget: float, **more: object) -> dict[str, object]:
    """Make the row of a comparison."""
    ratio, spread = found
    return {"name": name, "ratio": ratio, "spread": spread, "budget": budget, **more}
