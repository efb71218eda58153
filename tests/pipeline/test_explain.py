"""`papers explain` reads the ledgers of the published file back in words; `papers review` writes them as overrides."""

import csv
import io
import shutil
from pathlib import Path

import pytest

from tests.conftest import Papers
from warehouse.publication.explain import decisive_facts
from warehouse.raw.overrides import read_overrides


def test_explain_author_by_id_by_mention_and_by_name(demo: Papers) -> None:
    with demo.published() as connection:
        mention, author, name = connection.execute(
            "select mention_id, author_id, name_as_listed from marts.author_merges "
            "where author_id in (select author_id from marts.author_merges group by 1 having count(*) > 1) order by 1"
        ).fetchall()[0]
    for asked in (mention, author):
        (person,) = demo("explain", "author", asked, "--json").facts
        assert person["author_id"] == author
        assert mention in [m["mention_id"] for m in person["mentions"]]
        assert all(m["rule"] and isinstance(m["evidence"], dict) and m["facts"] for m in person["mentions"])
    assert author in [p["author_id"] for p in demo("explain", "author", name, "--json").facts]
    assert mention in demo("explain", "author", author, "--limit", "1000").out


def test_an_id_of_the_past_leads_to_the_person_of_today(demo: Papers) -> None:
    old, now = demo_pair = _redirect(demo)
    (person,) = demo("explain", "author", old, "--json").facts
    assert (person["redirected_from"], person["author_id"]) == demo_pair
    assert old in demo("explain", "author", old).out
    (direct,) = demo("explain", "author", now, "--json").facts
    assert direct["redirected_from"] is None


def _redirect(demo: Papers) -> tuple[str, str]:
    with demo.published() as connection:
        old, now = connection.execute(
            "select own_author_id, author_id from marts.author_merges where own_author_id <> author_id order by 1"
        ).fetchall()[0]
    return old, now


def test_explain_organization_by_id_slug_and_name(demo: Papers) -> None:
    with demo.published() as connection:
        listed, slug, name, own = connection.execute(
            "select listed_organization_id, listed_slug, listed_name, organization_id from marts.organization_merges "
            "order by 1"
        ).fetchall()[0]
    for asked in (listed, slug, name, own):
        found = demo("explain", "organization", asked, "--json").facts
        (facts,) = [f for f in found if f["organization_id"] == own]
        assert listed in [m["listed_organization_id"] for m in facts["listed_as"]]
    assert slug in demo("explain", "organization", own).out


def test_an_unknown_name_is_a_usage_error(demo: Papers) -> None:
    assert "No author is called" in demo("explain", "author", "Nobody Atall", expect=2).err
    assert "No organization is called" in demo("explain", "organization", "Nowhere", expect=2).err


@pytest.mark.parametrize(
    ("rule", "evidence", "shared", "facts"),
    [
        (
            "same name + account",
            {"with": "x#1", "prior": 1.2, "namesakes": 0.2, "account": 12.0, "coauthors": 6.1, "title": 0.4},
            ["Ann", "Bo", "Cy", "Di"],
            ["same account", "4 shared co-authors (Ann, Bo, Cy, …)", "same name"],
        ),
        (
            "initial name",
            {"with": "x#1", "prior": -2.0, "namesakes": 40, "coauthors": -0.4, "organization": -1.2, "years": -0.05},
            [],
            ["one name has an initial, a common one", "other organizations", "no shared co-author"],
        ),
        (
            "order name + role",
            {"with": "x#1", "prior": 0.3, "namesakes": 0.001, "role": 0.4},
            [],
            ["late in both author lists", "same name in another order, a rare one"],
        ),
        ("alone", {}, [], ["the only mention of this author"]),
        ("override: merge", {"reason": "one home page"}, [], ["override: one home page"]),
    ],
)
def test_the_decisive_facts_are_the_strongest_in_words(
    rule: str, evidence: dict[str, object], shared: list[str], facts: list[str]
) -> None:
    assert decisive_facts(rule, evidence, shared) == facts


def test_a_review_is_a_file_of_overrides_with_one_column_to_fill(demo: Papers, tmp_path: Path) -> None:
    papers = Papers(tmp_path / "home")
    papers.home.mkdir()
    shutil.copy(demo.home / "papers.duckdb", papers.home)
    rows = list(csv.DictReader(io.StringIO(papers("review", "--csv", "--limit", "20").out)))
    doubts = papers("review", "--limit", "20", "--json").facts
    assert [row["mention_id"] for row in rows] == [doubt["mention_id"] for doubt in doubts]
    assert {row["decision"] for row in rows} == {"merged", "apart"} and len(rows) == 20
    assert all(row["reason"] and not row["action"] for row in rows)
    merged = [doubt["log_odds"] for doubt in doubts if doubt["decision"] == "merged"]
    assert merged == sorted(merged), "the most doubtful first"
    with papers.published() as connection:
        for row in rows:
            own, other = (
                connection.execute("select author_id from marts.author_merges where mention_id = ?", [m]).fetchall()
                for m in (row["mention_id"], row["other_mention_id"])
            )
            assert (own == other) == (row["decision"] == "merged") and [(row["author_id"],)] in (own, other)

    def decide(action: str) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows([{**rows[0], "action": action}, *rows[1:]])
        file = papers.home / "overrides" / "author_overrides.csv"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text.getvalue(), encoding="utf-8")

    decide("")
    assert read_overrides(papers.home / "overrides")["author_overrides"] == [], "nothing is decided yet"
    decide("split")
    (override,) = read_overrides(papers.home / "overrides")["author_overrides"]
    assert (override["mention_id"], override["author_id"]) == (rows[0]["mention_id"], rows[0]["author_id"])
    again = papers("review", "--limit", "20", "--json").facts
    assert rows[0]["mention_id"] not in [doubt["mention_id"] for doubt in again], "what is decided is left out"
