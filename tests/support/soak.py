"""Random tests in two lengths: short in `make test`, long in `make soak`; the seed is printed and can be given."""

from __future__ import annotations

import os
import random


def runs(short: int, long: int) -> int:
    """How many rounds a test marked `soak` takes: `short` in `make test`, `long` in `make soak`."""
    return long if os.environ.get("SOAK") else short


def seed(name: str) -> int:
    """The seed of the test `name`, printed (pytest shows it on a failure); SOAK_SEED=… repeats a run."""
    chosen = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(2**32))
    print(f"{name}: SOAK_SEED={chosen}")
    return chosen
