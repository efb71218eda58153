"""New papers of a subscription: which are new, their order, and the line that says what each is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.digest.filters import Filters
from warehouse.digest.rendering import Issue, as_html, as_text, issue_key
from warehouse.digest.selection import Selection, about, select_newest_listing, select_papers
from warehouse.digest.subscriptions import Subscription
from warehouse.report.definitions import read_definitions
from warehouse.settings import Settings

AS_OF = datetime(2026, 9, 30, 20)


class World:
    """Public tables as their contract declares them, with the papers that a test adds."""

    def __init__(self, home: Path):
        self.settings = replace(Settings(), home=home)
        self.connection = duckdb.connect()
        self.connection.execute("create schema marts")
        for table in read_definitions():
            columns = ", ".join(f'"{column.name}" {column.data_type}' for column in table.columns)
            self.connection.execute(f"create table marts.{table.name} ({columns})")

    def insert(self, table: str, **row: Any) -> None:
        marks = ", ".join("?" for _ in row)
        self.connection.execute(f"insert into marts.{table} ({', '.join(row)}) values ({marks})", list(row.values()))

    def list_paper(
        self, paper_id: str, day: date, *seen: tuple[datetime, int], as_of: datetime = AS_OF, **known: Any
    ) -> None:
        """A paper first listed on a day, with its observations: moments and upvotes, in order."""
        title = known.pop("title", f"A world model of {paper_id}")
        moments = [moment for moment, _ in seen]
        self.insert(
            "dim_papers",
            **{"paper_id": paper_id, "title": title, "first_listed_on": day, "upvotes": seen[-1][1] if seen else None},
            **known,
        )
        first = moments[0] if moments else as_of
        listed = {"listing_date": day, "paper_id": paper_id, "first_observed_at": first, "last_observed_at": as_of}
        self.insert("fct_listings", **listed)
        for moment, upvotes in seen:
            self.insert("fct_upvote_observations", paper_id=paper_id, observed_at=moment, upvotes=upvotes)
        if seen:
            trends = {"paper_id": paper_id, "as_of": as_of, "first_listed_on": day, "upvotes": seen[-1][1]}
            trends |= {"observation_count": len(seen), "first_observed_at": first, "last_observed_at": moments[-1]}
            gain = seen[-1][1] - seen[0][1] if len(seen) > 1 else None
            self.insert("rpt_paper_trends", **trends, gain_observed=gain)

    def select(self, **filters: Any) -> Selection:
        return select_papers(self.settings, self.connection, Filters(**filters))

    def new(self, **filters: Any) -> list[str]:
        return [paper.paper_id for paper in self.select(**filters).new]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def issue_of(selection: Selection) -> Issue:
    assert selection.as_of
    subscription = Subscription("a", "World models", selection.filters)
    return Issue(subscription, selection, issue_key(selection.filters.window, selection.as_of))


def test_a_week_without_gains_gives_the_papers_that_it_listed(world: World) -> None:
    for number in range(4):
        world.list_paper(f"p{number}", date(2026, 9, 25 + number), (AS_OF, number), ai_summary=f"Model {number} plans.")
    world.list_paper("other", date(2026, 9, 28), (AS_OF, 9), title="Speech")
    world.list_paper("long before", date(2026, 9, 1), (AS_OF, 9))
    selection = world.select(window="7d", keywords=("world models",))
    assert not selection.risers and [paper.paper_id for paper in selection.new] == ["p3", "p2", "p1", "p0"]
    issue = issue_of(selection)
    text = as_text(issue, datetime(2026, 9, 30, 21, tzinfo=UTC))
    assert "NEW" in text and "RISING" not in text and "Nothing meets" not in text and "Model 2 plans." in text
    assert "Listed 2026-09-28, 3 upvotes." in text and "It meets your filters: keyword world models." in text
    assert issue.subject == "World models, 2026-W40: A world model of p3 (new) and 3 more"


def test_only_an_issue_without_both_is_empty(world: World) -> None:
    world.list_paper("rising", date(2026, 9, 29), (AS_OF - timedelta(hours=20), 1), (AS_OF, 4))
    world.list_paper("no gain", date(2026, 9, 30), (AS_OF - timedelta(hours=6), 2), (AS_OF, 2))
    now = datetime(2026, 9, 30, 21, tzinfo=UTC)
    both = world.select()
    assert ([r.paper_id for r in both.risers], [n.paper_id for n in both.new]) == (["rising"], ["no gain"])
    page = as_html(issue_of(both), now)
    assert page.index("<h2>Rising</h2>") < page.index("of rising") < page.index("<h2>New</h2>") < page.index("no gain")
    none = issue_of(world.select(keywords=("speech",)))
    assert "Nothing meets the filters" in as_html(none, now) and "<h2>" not in as_html(none, now)
    assert none.subject.endswith("nothing rose, nothing is new")
    assert not world.new(minimum_gain=2) and not world.new(minimum_upvotes=3) and world.new(minimum_upvotes=2)
    assert world.new(since=date(2026, 9, 30)) and not world.new(since=date(2026, 10, 1))


def test_what_was_observed_before_the_window_is_not_new_again(world: World) -> None:
    day_before = AS_OF - timedelta(hours=24)
    world.list_paper("issue of yesterday", date(2026, 9, 29), (day_before, 2), (AS_OF, 2))
    world.list_paper("late yesterday", date(2026, 9, 29), (day_before + timedelta(hours=2), 2), (AS_OF, 2))
    world.list_paper("filled in later", date(2026, 9, 20), (AS_OF, 2))
    world.list_paper("listed again", date(2026, 9, 30), (AS_OF, 2))
    world.connection.execute(
        "update marts.dim_papers set first_listed_on = '2026-08-01' where paper_id = 'listed again'"
    )
    assert world.new() == ["late yesterday"]


def test_new_papers_come_by_upvotes_per_hour_then_those_without_a_time(world: World) -> None:
    day = AS_OF.date()
    known = {
        "fast": (10, AS_OF - timedelta(hours=2)),
        "minutes old": (4, AS_OF - timedelta(minutes=6)),
        "slow": (30, AS_OF - timedelta(hours=10)),
        "slow, fewer": (15, AS_OF - timedelta(hours=5)),
        "after its observation": (50, AS_OF + timedelta(hours=1)),
        "b": (7, None),
        "a": (7, None),
    }
    for paper_id, (upvotes, submitted_at) in known.items():
        world.list_paper(paper_id, day, (AS_OF, upvotes), submitted_at=submitted_at)
    world.list_paper("upvotes lost", day)
    found = world.select(top=99).new
    wanted = ["fast", "minutes old", "slow", "slow, fewer", "after its observation", "a", "b", "upvotes lost"]
    assert [paper.paper_id for paper in found] == wanted == [paper.paper_id for paper in world.select(top=99).new]
    assert [paper.upvotes_per_hour for paper in found] == [5, 4, 3, 3, None, None, None, None]
    assert world.new(top=2) == wanted[:2]
    text = as_text(issue_of(world.select(top=99)), datetime(2026, 9, 30, 21, tzinfo=UTC))
    assert "Listed 2026-09-30, 10 upvotes, 5.0 per hour since its submission." in text
    assert "Listed 2026-09-30, upvotes not known." in text


def test_listings_whose_upvotes_are_lost_still_give_new_papers(world: World) -> None:
    world.list_paper("lost", AS_OF.date())
    assert world.new() == ["lost"]


def test_the_newest_listing_is_selected_whenever_it_was_observed(world: World) -> None:
    world.list_paper("old", date(2026, 9, 1), (AS_OF, 9))
    world.list_paper("newest", date(2026, 9, 2), (AS_OF, 1))
    newest = select_newest_listing(world.settings, world.connection, Filters())
    assert not world.new() and [paper.paper_id for paper in newest] == ["newest"]


@pytest.mark.parametrize(
    ("summary", "abstract", "line"),
    [
        ("It plans. And more.", "Abstract.", "It plans."),
        (
            None,
            "Cats, e.g. Tom, as J. Smith et al. Call them! More.",
            "Cats, e.g. Tom, as J. Smith et al. Call them!",
        ),
        ("", "  One\nsentence without an end ", "One sentence without an end"),
        (None, "It gains 3.5 points on v2.0 of it. Yes.", "It gains 3.5 points on v2.0 of it."),
        (None, "これは世界モデルです。次の文。", "これは世界モデルです。"),
        (None, r"We use \textbf{agents} at $\alpha$. More.", "We use agents at α."),
        ("\u202e\x00", "Then the abstract.", "Then the abstract."),
        (None, None, None),
        ("", " \n", None),
    ],
)
def test_the_line_is_the_first_sentence(summary: str | None, abstract: str | None, line: str | None) -> None:
    assert about(summary, abstract) == line


def test_a_long_line_is_cut_between_words() -> None:
    line = about("word " * 200, None)
    assert line and len(line) <= 240 and line.endswith("word…")
    assert about("x" * 1000, None) == "x" * 239 + "…"


def test_a_hostile_line_is_text(world: World) -> None:
    hostile = "<script>alert(1)</script>\r\nBcc: eve@example.org \u202eevil\x1b[31m {{ 7 * 7 }}"
    world.list_paper("p", AS_OF.date(), (AS_OF, 1), ai_summary=hostile)
    issue, now = issue_of(world.select()), datetime(2026, 9, 30, 21, tzinfo=UTC)
    page, text = as_html(issue, now), as_text(issue, now)
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page and "{{ 7 * 7 }}" in page
    assert "   <script>alert(1)</script> Bcc: eve@example.org" in text
    assert not {"\x1b", "\u202e", "\r"} & {*page, *text}


# An issue of a month


@pytest.mark.parametrize(
    ("as_of", "key", "first", "last"),
    [
        (datetime(2027, 1, 1), "2026-12", datetime(2026, 12, 1), datetime(2026, 12, 31, 23, 59, 59)),
        (datetime(2028, 3, 31, 23, 59), "2028-02", datetime(2028, 2, 1), datetime(2028, 2, 29, 23, 59, 59)),
        (datetime(2027, 3, 1), "2027-02", datetime(2027, 2, 1), datetime(2027, 2, 28, 23, 59, 59)),
    ],
)
def test_a_month_issue_is_about_the_last_complete_month(
    world: World, as_of: datetime, key: str, first: datetime, last: datetime
) -> None:
    before, after = first - timedelta(hours=1), last + timedelta(seconds=1)
    world.list_paper("whole", before.date(), (before, 5), (first, 8), (last, 25), (after, 99), as_of=as_of)
    world.list_paper("first in it", first.date(), (first, 2), (last, 12), (after, 50), as_of=as_of)
    world.list_paper("after it", after.date(), (after, 1), (as_of + timedelta(seconds=1), 70), as_of=as_of)
    world.list_paper("once", last.date(), (last, 3), (after, 40), as_of=as_of)
    world.list_paper("long before", date(2020, 1, 1), (first - timedelta(days=200), 1), (last, 90), as_of=as_of)
    old = (first - timedelta(days=200), 1)
    world.list_paper("old base", date(2020, 1, 1), old, (first, 80), (last, 85), as_of=as_of)
    world.list_paper("fell", first.date(), (first, 9), (last, 8), as_of=as_of)
    selection = world.select(window="month")
    assert [(riser.paper_id, riser.gain, riser.is_new) for riser in selection.risers] == [
        ("whole", 20, False),
        ("first in it", 10, True),
        ("old base", 5, False),
    ]
    assert [paper.paper_id for paper in selection.new] == ["once", "fell"]
    issue = issue_of(selection)
    assert issue.key == key and issue.subject == f"World models, {key}: A world model of whole (+20) and 4 more"
    text = as_text(issue, as_of.replace(tzinfo=UTC))
    assert f"on Daily Papers in {first:%B %Y}, as of" in text
    assert f"+20 upvotes in {(last - before).days} days up to {last:%Y-%m-%d %H:%M} UTC, now 99." in text
    assert f"from its first observation to {last:%Y-%m-%d %H:%M} UTC, now 50." in text


def test_a_month_is_one_issue_whatever_its_day() -> None:
    days = [datetime(2028, 3, 1) + timedelta(hours=hours) for hours in range(31 * 24)]
    assert {issue_key("month", day) for day in days} == {"2028-02"}
    assert issue_key("month", datetime(2028, 4, 1)) == "2028-03" and issue_key("month", days[0]) == "2028-02"
