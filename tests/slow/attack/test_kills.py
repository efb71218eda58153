"""Runs that are killed, held up by another or out of disk: what is published stays whole, the next run repairs."""

from pathlib import Path
from typing import Any

from test_crashes import (  # noqa: F401  # fixtures and tests of the other tier
    KILLS_PER_REPAIR,
    Scene,
    is_whole,
    repair_and_compare,
    run,
    scene,
    test_a_full_disk_is_one_clear_sentence,
    test_a_second_run_waits_and_then_says_who_holds_the_warehouse,
    test_two_runs_at_once_both_finish,
)

from tests.slow.attack.seeds import chance, is_over

KILLS = 20


def test_runs_killed_at_random_moments_are_repaired(scene: Scene, tmp_path: Path, tried: Any) -> None:  # noqa: F811
    random, kills = chance("kills"), 0
    while kills < KILLS and not is_over():
        papers = scene.copy(tmp_path / "home")
        for _ in range(KILLS_PER_REPAIR):
            run(papers.home, scene.files, seconds=random.uniform(0.02, 1.0) * scene.seconds)
            is_whole(papers, scene)
            kills += 1
        repair_and_compare(papers, scene)
    tried(kills)
