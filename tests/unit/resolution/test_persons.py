"""Ids that stay, overrides that can be taken back, and a new month that leaves the others alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from warehouse.errors import InputError
from warehouse.resolution.corpus import Corpus
from warehouse.resolution.persons import Override, Placed, place
from warehouse.resolution.pipeline import DecisionRow, MentionRow, PaperRow, decide, name_facts
from warehouse.resolution.resolver import Decision, resolve

# -- ids and overrides on clusters given by hand ------------------------------------------------------------------


def _placed(mention_id: str, cluster: str, learned: int, paper_id: str | None = None) -> Placed:
    return Placed(mention_id, paper_id or mention_id.split("#")[0], f"a-{mention_id}", (learned,), cluster)


MENTIONS = [
    _placed("p1#1", "one", 1),
    _placed("p2#1", "one", 2),
    _placed("p3#1", "two", 3),
    _placed("p4#1", "two", 4),
    _placed("p5#1", "three", 5),
]
MERGE = Override("merge", "p3#1", "a-p1#1", "same web page")
SPLIT = Override("split", "p4#1", "a-p3#1", "another field")


def _ids(*overrides: Override) -> dict[str, str]:
    return {mention: person.author_id for mention, person in place(MENTIONS, overrides).items()}


BEFORE = {"p1#1": "a-p1#1", "p2#1": "a-p1#1", "p3#1": "a-p3#1", "p4#1": "a-p3#1", "p5#1": "a-p5#1"}


def test_a_person_has_the_id_of_the_mention_learned_first() -> None:
    assert _ids() == BEFORE


def test_a_merge_keeps_the_older_id_and_moves_the_whole_person() -> None:
    assert _ids(MERGE) == {**BEFORE, "p3#1": "a-p1#1", "p4#1": "a-p1#1"}


def test_a_merge_into_the_younger_keeps_the_older_id_too() -> None:
    assert _ids(Override("merge", "a-p1#1", "a-p3#1", "r")) == _ids(MERGE)


def test_a_split_takes_one_mention_out() -> None:
    assert _ids(SPLIT) == {**BEFORE, "p4#1": "a-p4#1"}


def test_a_split_after_a_merge_takes_it_out_of_the_merged_person() -> None:
    assert _ids(MERGE, SPLIT) == {**BEFORE, "p3#1": "a-p1#1", "p4#1": "a-p4#1"}


def test_an_author_split_off_again_is_as_before_the_merge() -> None:
    assert _ids(MERGE, Override("split", "a-p3#1", "a-p1#1", "no")) == BEFORE


def test_without_the_overrides_everything_is_as_before() -> None:
    with_them = place(MENTIONS, [MERGE, SPLIT])
    assert {m for m, person in with_them.items() if person.override} == {"p3#1", "p4#1"}
    assert place(MENTIONS, []) == place(MENTIONS, ())
    assert all(person.override is None for person in place(MENTIONS, []).values())
    assert _ids() == BEFORE


def test_an_override_about_nobody_known_changes_nothing() -> None:
    assert _ids(Override("merge", "p9#9", "a-p1#1", "r"), Override("split", "p1#1", "a-p9#9", "r")) == BEFORE


def test_a_merge_never_puts_one_person_twice_on_a_paper() -> None:
    mentions = [_placed("p1#1", "one", 1), _placed("p1#2", "two", 1)]
    found = place(mentions, [Override("merge", "p1#2", "a-p1#1", "r")])
    assert len({person.author_id for person in found.values()}) == 2


@pytest.mark.parametrize("action", ["join", ""])
def test_an_action_that_is_none_is_refused(action: str) -> None:
    with pytest.raises(InputError, match="merge or split"):
        Override(action, "p1#1", "a", "r")


# -- the whole way, day by day ------------------------------------------------------------------------------------

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
    papers: dict[str, list[str]], earlier: list[DecisionRow] | None = None, overrides: tuple[Override, ...] = ()
) -> list[DecisionRow]:
    mentions = [
        MentionRow(
            f"{paper}#{i}", paper, i, name, None, f"a-{paper}#{i}", START + timedelta(days=day), START, f"{paper}/"
        )
        for day, (paper, names) in enumerate(papers.items())
        for i, name in enumerate(names, start=1)
    ]
    rows = [PaperRow(paper, "", None, None, 2026) for paper in papers]
    keys = name_facts({m.name for m in mentions})
    return decide(sorted(mentions), rows, keys, earlier or (), overrides)


def _people(rows: list[DecisionRow]) -> dict[str, str]:
    return {row.mention_id: row.author_id for row in rows}


def test_a_second_run_decides_nothing_else() -> None:
    first = _run(JANUARY)
    assert _people(first)["p1#1"] == _people(first)["p2#1"] == "a-p1#1"
    assert _run(JANUARY, first) == first


def test_a_new_month_leaves_untouched_persons_alone_and_agrees_with_a_rebuild() -> None:
    january = _run(JANUARY)
    february = _run(FEBRUARY, january)
    assert february == _run(FEBRUARY)
    untouched = {m: a for m, a in _people(january).items() if m != "p3#1"}
    assert {m: a for m, a in _people(february).items() if m in untouched} == untouched
    assert _people(february)["p5#1"] == "a-p3#1"


def test_a_paper_that_is_withdrawn_leaves_as_if_it_had_never_come() -> None:
    assert _run(JANUARY, _run(FEBRUARY, _run(JANUARY))) == _run(JANUARY)


def test_names_that_a_day_cannot_touch_are_not_resolved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from warehouse.resolution import pipeline

    january = _run(JANUARY)
    seen: set[str] = set()
    real = resolve

    def watch(corpus: Corpus) -> list[Decision]:
        seen.update(m.name for m in corpus.mentions)
        return real(corpus)

    monkeypatch.setattr(pipeline, "resolve", watch)
    _run(FEBRUARY, january)
    assert seen >= {"Jo Newcomer", "Wei Zhang"}
    assert not seen & {"Zbigniew Quillfeather", *FRIENDS}


def test_an_override_is_written_beside_what_it_replaces_and_leaves_no_trace_when_taken_back() -> None:
    plain = _run(JANUARY)
    merge = Override("merge", "p3#1", "a-p1#1", "same web page")
    split = Override("split", "p2#1", "a-p1#1", "another field")
    merged = _run(JANUARY, plain, (merge,))
    assert _people(merged)["p3#1"] == "a-p1#1"
    (row,) = [r for r in merged if r.mention_id == "p3#1"]
    assert row.rule == "override: merge"
    assert "same web page" in row.evidence and "without_it" in row.evidence
    both = _run(JANUARY, merged, (merge, split))
    assert _people(both)["p2#1"] == "a-p2#1"
    assert _run(JANUARY, both, ()) == plain
