"""Persons stay as they are when time passes, change when a person says so, and change back when the word is taken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Papers
from tests.resolution_runs import run
from warehouse.raw.overrides import are_overrides_new
from warehouse.settings import Settings


@pytest.mark.slow
def test_overrides_are_obeyed_by_the_next_run_and_taking_them_out_restores_every_row(
    demo: Papers, tmp_path: Path
) -> None:
    papers = Papers(tmp_path / "home")
    shutil.copytree(demo.home, papers.home)
    before = papers.tables()
    with papers.published() as connection:
        # Two persons who share no paper, and one with two papers.
        one, other = connection.execute(
            "select a.mention_id, b.author_id from marts.author_merges a, marts.author_merges b "
            "where a.author_id < b.author_id and a.position = 1 and b.position = 1 and not exists "
            "(from marts.author_merges x join marts.author_merges y using (paper_id) "
            "where x.author_id = a.author_id and y.author_id = b.author_id) order by 1, 2 limit 1"
        ).fetchall()[0]
        several, apart = connection.execute(
            "select author_id, max(mention_id) from marts.author_merges where author_id <> ? and author_id not in "
            "(select author_id from marts.author_merges where mention_id = ?) "
            "group by 1 having count(*) > 1 order by 1 limit 1",
            [other, one],
        ).fetchall()[0]
    file = papers.home / "overrides" / "author_overrides.csv"
    file.parent.mkdir(exist_ok=True)
    file.write_text(
        "action,mention_id,author_id,reason\n"
        f"merge,{one},{other},one home page\n"
        f"split,{apart},{several},another field\n"
    )
    settings = Settings().at(papers.home)
    assert are_overrides_new(settings), "an import without a new file would obey them too"
    papers("rebuild")
    assert not are_overrides_new(settings)
    with papers.published() as connection:
        merged, rule, evidence = connection.execute(
            "select author_id, rule, evidence from marts.author_merges where mention_id = ?", [one]
        ).fetchall()[0]
        split = connection.execute(
            "select author_id, rule from marts.author_merges where mention_id = ?", [apart]
        ).fetchall()[0]
        ids = {row[0] for row in connection.execute("select author_id from marts.dim_authors").fetchall()}
        of_other = connection.execute(
            "select author_id from marts.author_merges where own_author_id = ?", [other]
        ).fetchall()[0][0]
    assert (merged, rule) == (of_other, "override: merge") and "one home page" in evidence
    assert split[0] != several and split[1] == "override: split"
    assert {merged, split[0]} <= ids
    file.unlink()
    assert are_overrides_new(settings)
    papers("rebuild")
    after = papers.tables()
    assert {name for name in before if before[name] != after[name]} == set()


@pytest.mark.slow
def test_a_month_of_listings_leaves_untouched_persons_alone(demo: Papers) -> None:
    with demo.published() as connection:
        rows = connection.execute(
            "select mention_id, paper_id, position, name_as_listed, account_id, own_author_id, first_observed_at "
            "from marts.author_merges join (select paper_id, min(observed_at) as first_observed_at "
            "from marts.fct_upvote_observations group by 1) using (paper_id) order by 1"
        ).fetchall()
        described = connection.execute("select paper_id, title from marts.dim_papers").fetchall()
    mentions = [(*row, row[-1], row[0]) for row in rows]  # learned when observed, and never changed
    papers = [(paper_id, title or "", None, None, 2026) for paper_id, title in described]
    middle = sorted(row[6] for row in rows)[len(rows) // 3]
    earlier = [mention for mention in mentions if mention[6] <= middle]
    assert 0 < len(earlier) < len(mentions)

    first = run(earlier, papers)
    second = run(mentions, papers, first)
    assert second.decisions == run(mentions, papers).decisions, "as if all had come at once"
    left_alone = [mention for mention in first.authors if mention not in second.made]
    assert len(left_alone) > 100
    assert all(second.authors[mention] == first.authors[mention] for mention in left_alone)
    third = run(mentions, papers, second)
    assert third.decisions == second.decisions and not third.made, "running again changes nothing"
