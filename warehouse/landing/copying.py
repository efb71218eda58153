"""Copy one landing archive into another, for a backup and for a restore."""

from __future__ import annotations

from warehouse.landing.archive import Landing


def copy_archive(source: Landing, target: Landing, captures_per_batch: int = 250) -> tuple[int, int]:
    """Add to ``target`` what ``source`` has and it lacks, in the order of landing; can be repeated.

    Returns the numbers of new captures and decisions. Payloads are compared with their sha256 as they are read. All
    undamaged captures are copied before ValueError is raised, which names the first damage. Raises HomeError when one
    side can't be used.
    """
    problems: list[str] = []
    known = target.load_ids()
    captures = source.captures(on_damage=lambda damage: problems.append(str(damage)))
    new = list({capture.load_id: capture for capture in captures if capture.load_id not in known}.values())
    for start in range(0, len(new), captures_per_batch):
        selected = new[start : start + captures_per_batch]
        source.prefetch(selected)
        with target.writing() as batch:
            for capture in selected:
                try:
                    bodies = source.read(capture)
                except ValueError as error:
                    problems.append(f"load {capture.load_id} ({capture.source}) was not copied: {error}")
                    continue
                batch.add_capture(capture, bodies)
    known_decisions = set(target.decisions())
    decisions = [decision for decision in source.decisions(on_damage=lambda _: None) if decision not in known_decisions]
    with target.writing() as batch:
        for decision in decisions:
            batch.add_decision(decision)
    if problems:
        raise ValueError(f"{problems[0]}" + (f", and {len(problems) - 1} more" if len(problems) > 1 else ""))
    return len(new), len(decisions)
