"""The quick sibling of ``tests/slow/attack/test_fuzz.py``: a few hundred damaged payloads."""

from __future__ import annotations

from pathlib import Path

from tests.fuzzing import fuzz


def test_damaged_payloads_are_parsed_or_refused_with_a_reason(tmp_path: Path) -> None:
    became = fuzz(7, 300, tmp_path)
    assert became["pending"] >= 30 and len(became) >= 6, "damage that refuses everything finds nothing"
