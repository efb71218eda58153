"""The table of an attack, and its bound in time."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.slow.attack.seeds import SECONDS, SEED, is_over

HERE = Path(__file__).parent
# Helpers of other tests are imported, not copied.
for _folder in (HERE.parents[1] / "pipeline", HERE.parents[1] / "unit"):
    sys.path.append(str(_folder))


def _is_attack(nodeid: str) -> bool:
    return "slow/attack/" in nodeid


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _is_attack(item.nodeid):
            item.add_marker("slow")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if _is_attack(item.nodeid) and is_over():
        pytest.skip(f"not tried within {SECONDS:.0f} s")


@pytest.fixture
def tried(record_property: Any) -> Any:
    """Say how many attacks a test made: ``tried(400)``. A test that says nothing made one."""
    return lambda count: record_property("tried", count)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One table: what was tried, how often, what held."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for outcome, reports in terminalreporter.stats.items():
        for report in reports:
            if not _is_attack(getattr(report, "nodeid", "")) or outcome not in ("passed", "failed", "error", "skipped"):
                continue
            if report.when == "teardown" and outcome == "passed":
                continue
            file, _, test = report.nodeid.partition("::")
            area = Path(file).stem.removeprefix("test_")
            row = rows[area, test.partition("[")[0].removeprefix("test_").replace("_", " ")]
            count = dict(report.user_properties).get("tried", 1)
            row[{"passed": 0, "skipped": 2}.get(outcome, 1)] += count
    if not rows:
        return
    terminalreporter.section(f"the attack, seed {SEED}")
    width = max(len(what) for _, what in rows)
    terminalreporter.write_line(f"{'area':<10} {'what was tried':<{width}} {'held':>7} {'broke':>7} {'not tried':>10}")
    for (area, what), (held, broke, skipped) in sorted(rows.items()):
        terminalreporter.write_line(f"{area:<10} {what:<{width}} {held:>7} {broke:>7} {skipped:>10}", bold=bool(broke))
