"""The seed of an attack, its bound in time, and how a test says how often it tried."""

from __future__ import annotations

import os
import random
import time

SEED = int(os.environ.get("ATTACK_SEED", "20"))
SECONDS = float(os.environ.get("PAPERS_ATTACK_SECONDS", "840"))
STARTED = time.monotonic()


def chance(name: str) -> random.Random:
    """A random source that depends on the seed and on who asks."""
    return random.Random(f"{SEED} {name}")


def is_over() -> bool:
    """Whether the time of the attack is used up."""
    return time.monotonic() - STARTED > SECONDS
