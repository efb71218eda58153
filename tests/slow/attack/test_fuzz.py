"""Every parser against damaged payloads. ``ATTACK_SEED`` and ``FUZZ_PAYLOADS`` choose which and how many."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.fuzzing import fuzz
from tests.slow.attack.seeds import SEED


@pytest.mark.slow
def test_no_damaged_payload_raises_anything_but_a_refusal(tmp_path: Path, tried: Any) -> None:
    seed, count = int(os.environ.get("FUZZ_SEED", SEED)), int(os.environ.get("FUZZ_PAYLOADS", "20000"))
    became = fuzz(seed, count, tmp_path)
    print(f"seed {seed}:", *(f"{what} {number}" for what, number in became.most_common()), sep="\n  ")
    assert became.total() == count
    tried(count)
