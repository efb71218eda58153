"""Stable author ids, overrides that can be removed, and runs that resolve affected mentions only."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.resolution_runs import Run, run
from warehouse.errors import InputError
from warehouse.resolution.corpus import Coded
from warehouse.resolution.incremental.author_ids import ClusteredMention, Override, apply_overrides
from warehouse.resolution.resolver import MAX_PAIRS, Decision

# -- ids and overrides on invented clusters ------------------------------------------------------------------


def _clustered(mention_id: str, cluster: str, learned: int, paper_id: str | None = None) -> ClusteredMention:
    return ClusteredMention(mention_id, paper_id or mention_id.split("#")[0], f"a-{mention_id}", (learned,), cluster)


MENTIONS = [
    _clustered("p1#1", "one", 1),
    _clustered("p2#1", "one", 2),
    _clustered("p3#1", "two", 3),
    _clustered("p4#1", "two", 4),
    _clustered("p5#1", "three", 5),
]
MERGE = Override("merge", "p3#1", "a-p1#1", "same web page")
SPLIT = Override("split", "p4#1", "a-p3#1", "another field")


def _ids(*overrides: Override) -> dict[str, str]:
    return {mention: author.author_id for mention, author in apply_overrides(MENTIONS, overrides).items()}


BEFORE = {"p1#1": "a-p1#1", "p2#1": "a-p1#1", "p3#1": "a-p3#1", "p4#1": "a-p3#1", "p5#1": "a-p5#1"}


def test_an_author_has_the_id_of_the_mention_loaded_first() -> None:
    assert _ids() == BEFORE


def test_a_merge_keeps_the_older_id_and_moves_the_whole_author() -> None:
    assert _ids(MERGE) == {**BEFORE, "p3#1": "a-p1#1", "p4#1": "a-p1#1"}


def test_a_merge_into_the_younger_keeps_the_older_id_too() -> None:
    assert _ids(Override("merge", "a-p1#1", "a-p3#1", "r")) == _ids(MERGE)


def test_a_split_moves_one_mention() -> None:
    assert _ids(SPLIT) == {**BEFORE, "p4#1": "a-p4#1"}


def test_a_split_after_a_merge_moves_a_mention_out_of_the_merged_author() -> None:
    assert _ids(MERGE, SPLIT) == {**BEFORE, "p3#1": "a-p1#1", "p4#1": "a-p4#1"}


def test_an_author_split_off_again_is_as_before_the_merge() -> None:
    assert _ids(MERGE, Override("split", "a-p3#1", "a-p1#1", "no")) == BEFORE


def test_without_the_overrides_everything_is_as_before() -> None:
    with_them = apply_overrides(MENTIONS, [MERGE, SPLIT])
    assert {m for m, person in with_them.items() if person.override} == {"p3#1", "p4#1"}
    assert apply_overrides(MENTIONS, []) == apply_overrides(MENTIONS, ())
    assert all(person.override is None for person in apply_overrides(MENTIONS, []).values())
    assert _ids() == BEFORE


def test_an_override_with_an_unknown_id_changes_nothing() -> None:
    assert _ids(Override("merge", "p9#9", "a-p1#1", "r"), Override("split", "p1#1", "a-p9#9", "r")) == BEFORE


def test_a_merge_never_lists_one_author_twice_on_a_paper() -> None:
    mentions = [_clustered("p1#1", "one", 1), _clustered("p1#2", "two", 1)]
    found = apply_overrides(mentions, [Override("merge", "p1#2", "a-p1#1", "r")])
    assert len({person.author_id for person in found.values()}) == 2


@pytest.mark.parametrize("action", ["join", ""])
def test_an_unknown_action_is_refused(action: str) -> None:
    with pytest.raises(InputError, match="merge or split"):
        Override(action, "p1#1", "a", "r")


# -- runs on an engine, day by day, as the models in Python make them -------------------------------------------

START = datetime(2026, 1, 1)
FRIENDS = ["Quentin Abernathy", "Ottoline Vexley"]
JANUARY = {
    "p1": ["Wei Zhang", *FRIENDS],
    "p2": ["Wei Zhang", *FRIENDS],
    "p3": ["Wei Zhang", "Igor Petrenko", "Ana Brito"],
    "p4": ["Zbigniew Quillfeather", "Ana Brito"],
}
FEBRUARY = {
    **JANUARY,
    "p5": ["Wei Zhang", "Igor Petrenko", "Ana Brito"],
    "p6": ["Jo Newcomer", "Mei Lin"],
}


def _run(
    papers: dict[str, list[str]],
    earlier: Run | None = None,
    overrides: tuple[Override, ...] = (),
    max_pairs: int = MAX_PAIRS,
    first: datetime = START,
) -> Run:
    mentions = [
        (f"{paper}#{i}", paper, i, name, None, f"a-{paper}#{i}", day, START, f"{paper}/{len(names)}")
        for paper, names in papers.items()
        for day in [first + timedelta(days=int(paper[1:]))]
        for i, name in enumerate(names, start=1)
    ]
    return run(mentions, [(paper, "", None, None, 2026) for paper in papers], earlier, overrides, max_pairs)


def test_a_second_run_decides_nothing_else() -> None:
    first = _run(JANUARY)
    assert first.authors["p1#1"] == first.authors["p2#1"] == "a-p1#1"
    second = _run(JANUARY, first)
    assert second.decisions == first.decisions and not second.made


def test_a_new_month_leaves_unaffected_authors_unchanged_and_equals_a_rebuild() -> None:
    january = _run(JANUARY)
    february = _run(FEBRUARY, january)
    assert february.decisions == _run(FEBRUARY).decisions
    untouched = {m: a for m, a in january.authors.items() if m != "p3#1"}
    assert {m: a for m, a in february.authors.items() if m in untouched} == untouched
    assert february.authors["p5#1"] == "a-p3#1"


def test_a_withdrawn_paper_leaves_no_trace() -> None:
    assert _run(JANUARY, _run(FEBRUARY, _run(JANUARY))).decisions == _run(JANUARY).decisions


def test_unaffected_names_are_not_resolved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from warehouse.resolution.incremental import resolve as pipeline

    january = _run(JANUARY)
    seen: set[str] = set()
    real = pipeline.resolve_coded

    def record(coded: Coded, **options: Any) -> Iterator[list[Decision]]:
        seen.update(coded.names[k] for k in coded.name[: coded.first_context])
        return real(coded, **options)

    monkeypatch.setattr(pipeline, "resolve_coded", record)
    february = _run(FEBRUARY, january)
    assert seen >= {"Jo Newcomer", "Wei Zhang"}
    assert "Zbigniew Quillfeather" not in seen
    assert not {m for m in february.made if m.startswith("p4#1")}


def test_a_changed_load_time_changes_the_id_as_a_rebuild_does() -> None:
    late = _run(JANUARY, first=START + timedelta(days=40))
    assert _run(JANUARY, late).decisions == _run(JANUARY).decisions


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))])
def test_days_in_any_order_and_packs_of_any_size_equal_one_run(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few names on many papers, so that each day reaches back into the ones before."""
    chance = random.Random(seed)
    families = ["Zhang", "Li", "Brito", "Vexley"]
    given = ["Wei", "W.", "Wei Min", "Weimin", "Ana", "A.", "Ana Maria", "Jo"]
    papers = {
        f"p{n}": sorted({f"{chance.choice(given)} {chance.choice(families)}" for _ in range(chance.randint(1, 4))})
        for n in range(1, 28)
    }
    whole = _run(papers)
    assert _run(papers, max_pairs=1).decisions == whole.decisions
    with monkeypatch.context() as patch:
        patch.setattr("warehouse.resolution.cluster_groups.MAX_DENSE_NAMES", 0)
        assert _run(papers, max_pairs=1).decisions == whole.decisions
        # Components that are too large for means: strong pairs alone join, on disk as in memory.
        patch.setattr("warehouse.resolution.clustering.MAX_GROUPS", 2)
        assert _run(papers, max_pairs=1).decisions == _run(papers).decisions
    order = list(papers)
    chance.shuffle(order)
    last: Run | None = None
    for end in (9, 18, 27):
        part = {paper: papers[paper] for paper in sorted(order[:end])}
        last = _run(part, last, max_pairs=chance.choice((1, 7, MAX_PAIRS)))
        assert last.decisions == _run(part).decisions
    assert last is not None and last.decisions == whole.decisions


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))])
def test_added_and_removed_papers_equal_a_rebuild_of_the_rest(seed: int) -> None:
    """Circles of people whose names stand for several, so that names become and cease to be ambiguous."""
    chance = random.Random(seed)
    given = ["Hai", "Helen", "Hai Helen", 'Hai "Helen"', "H.", "Hai H.", "Wen", "Hanbo"]
    circles = [[f"{chance.choice(given)} {family}" for family in ("Li", "Petrenko", "Vexley")] for _ in range(6)]
    papers = {
        f"p{n}": [*dict.fromkeys([*chance.sample(chance.choice(circles), 2), f"{chance.choice(given)} Li"]), *extra]
        for n in range(1, 25)
        for extra in [chance.sample(FRIENDS, chance.randint(0, 2))]
    }
    last: Run | None = None
    for size in (16, 12, 20, 6, 24):
        part = {paper: papers[paper] for paper in sorted(chance.sample(list(papers), size))}
        last = _run(part, last, max_pairs=chance.choice((1, MAX_PAIRS)))
        assert last.decisions == _run(part).decisions, (seed, size)


def test_an_override_keeps_the_decision_and_leaves_no_trace_when_removed() -> None:
    plain = _run(JANUARY)
    merge = Override("merge", "p3#1", "a-p1#1", "same web page")
    split = Override("split", "p2#1", "a-p1#1", "another field")
    merged = _run(JANUARY, plain, (merge,))
    author, rule, evidence = merged.moved["p3#1"]
    assert (author, rule) == ("a-p1#1", "override: merge")
    assert evidence and "same web page" in evidence and "without_it" in evidence
    both = _run(JANUARY, merged, (merge, split))
    assert both.authors["p2#1"] == "a-p2#1"
    back = _run(JANUARY, both, ())
    assert (back.decisions, back.moved) == (plain.decisions, {})
