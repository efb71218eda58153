"""The report's pages against SQL: their numbers, what they let in, how hostile texts come out, their size and time."""

from __future__ import annotations

import math
import re
import time
from html import unescape
from pathlib import Path

import duckdb
import pytest
import yaml
from report_pieces import ENDING, ESCAPES, NAME, TITLE, Site, copy_of, made_hostile, of_many
from selectolax.lexbor import LexborHTMLParser as Html

from tests.conftest import ROOT, Papers
from warehouse.digest.selection import Filters, select_risers
from warehouse.publication.publish import read_published
from warehouse.report.boards import read_growing_keywords
from warehouse.report.curves import Point, points_of, sparkline, thinned
from warehouse.report.definitions import read_definitions
from warehouse.report.words import MISSING, clean, code_link, decimal, moment
from warehouse.report.words import percentile as in_percent

PAGES = (
    "index",
    "day",
    "calendar",
    "organizations",
    "authors",
    "keywords",
    "code",
    "first-day",
    "health",
    "definitions",
    "search",
    "paper",
)
LINKED = re.compile(
    r"https://(huggingface\.co|arxiv\.org|github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|gitee\.com)/\S*"
)


@pytest.fixture(scope="module")
def site(demo: Papers, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The demo's report."""
    return copy_of(demo, tmp_path_factory.mktemp("report") / "home").written()


@pytest.fixture(scope="module")
def hostile(demo: Papers, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The report of a published file with hostile texts in it."""
    return made_hostile(copy_of(demo, tmp_path_factory.mktemp("hostile") / "home")).written()


def page(site: Site, name: str) -> Html:
    return Html((site.folder / name).read_text(encoding="utf-8"))


def cells(document: Html, selector: str) -> list[list[str]]:
    """The texts of the rows of the first table that a selector finds."""
    table = document.css_first(selector)
    assert table is not None, selector
    return [[" ".join(cell.text().split()) for cell in row.css("th, td")] for row in table.css("tbody tr")]


def number(text: str) -> float:
    return float(re.sub(r"[^\d.+-]", "", text.replace("−", "-")))


def test_rising_now_shows_the_gains_of_the_day_and_why(site: Site) -> None:
    expected = site.rows(
        """select papers.title, gain, attention_rate, cohort_percentile, trends.upvotes
           from (select *, coalesce(gain_24h, case when first_observed_at > as_of - interval 24 hour
                 then gain_observed end) as gain from rpt_paper_trends) as trends
           join dim_papers as papers using (paper_id) where gain > 0
           order by gain desc, velocity desc nulls last, trends.upvotes desc, trends.first_listed_on, paper_id
           limit 30"""
    )
    document = page(site, "index.html")
    shown = cells(document, "section[aria-labelledby=risers] table")
    assert len(shown) == len(expected) > 10
    for (title, gain, rate, percentile, upvotes), row in zip(expected, shown, strict=True):
        assert row[1].startswith(title)
        assert [number(cell) for cell in row[2:6]] == [
            gain,
            round(rate, 1),
            math.floor(100 * percentile + 1e-9),
            upvotes,
        ]
    base, base_at, last, last_at = site.rows(
        """select max_by(upvotes, observed_at) filter (observed_at <= as_of - interval 24 hour),
                  max(observed_at) filter (observed_at <= as_of - interval 24 hour),
                  max_by(upvotes, observed_at), max(observed_at)
           from fct_upvote_observations cross join (select max(as_of) as as_of from rpt_paper_trends)
           where paper_id = (select max_by(paper_id, gain_24h) from rpt_paper_trends)"""
    )[0]
    assert f"from {base} to {last}" in " ".join(document.css_first(".lead").text().split())
    assert f"{base} → {last} upvotes, {moment(base_at)} to {moment(last_at)}" in shown[0][1]
    assert not any("open" in why.attributes for why in document.css("details.why"))
    assert "broke out" in shown[0][1]


def test_the_report_shows_the_selection_of_the_digest(site: Site) -> None:
    with read_published(site.settings) as connection:
        digest = select_risers(site.settings, connection, Filters(top=30)).risers
    shown = cells(page(site, "index.html"), "section[aria-labelledby=risers] table")
    assert [number(row[2]) for row in shown] == [riser.gain for riser in digest]
    assert all(row[1].startswith(riser.title) for row, riser in zip(shown, digest, strict=True))
    assert {riser.is_new for riser in digest} == {True, False}


def test_what_is_too_new_for_a_day_has_its_own_table(site: Site) -> None:
    expected = site.value(
        """select count(*) from rpt_paper_trends where gain_24h is null and gain_observed > 0 and observation_count > 1
           and first_observed_at > as_of - interval 24 hour"""
    )
    assert len(cells(page(site, "index.html"), "section[aria-labelledby=new] table")) == min(expected, 12) > 0


FIRST_DAY = (
    "update rpt_paper_trends set gain_24h = null, gain_7d = null, gain_observed = null, observation_count = 1, "
    "is_breakout = null, breakout_ended_at = null",
    "update dim_papers set upvote_observation_count = 1, submitted_at = last_observed_at - to_hours(upvotes % 5 + 1)",
)


def test_on_the_first_day_the_first_page_is_the_listing_by_upvotes_per_hour(demo: Papers, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path / "home").change(*FIRST_DAY)
    document = page(home.written(), "index.html")
    text = document.body.text()  # type: ignore[union-attr]
    assert "The newest papers" in text and "rises most" not in text and "→" not in text
    expected = home.rows(
        """select display_title, upvotes, upvotes / (upvotes % 5 + 1) as rate from dim_papers
           where first_listed_on = (select max(listing_date) from fct_listings)
           order by round(rate, 2) desc, upvotes desc, paper_id"""
    )
    shown = [" ".join(item.text().split()) for item in document.css("[data-day] li")]
    assert len(shown) == len(expected) > 5
    for (title, upvotes, rate), line in zip(expected, shown, strict=True):
        assert line.startswith(title)
        assert re.search(rf"{upvotes} upvotes?, {decimal(rate)} an hour since submission$", line), line


@pytest.mark.parametrize("risers", [0, 9, 10])
def test_with_few_gains_the_newest_listing_comes_first(risers: int, demo: Papers, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path / "home").change(
        "update rpt_paper_trends set gain_24h = null, gain_7d = null, gain_observed = null, observation_count = 1, "
        "is_breakout = null, breakout_ended_at = null",
        f"""update rpt_paper_trends set gain_24h = 5, observation_count = 2
            where paper_id in (select paper_id from rpt_paper_trends order by paper_id limit {risers})""",
    )
    document = page(home.written(), "index.html")
    sections = [one.attributes["aria-labelledby"] for one in document.css("main section")]
    first = "risers" if risers == 10 else "latest"
    assert sections[0] == first
    assert ("risers" in sections) == bool(risers)
    listed = home.value(
        "select count(*) from fct_listings where listing_date = (select max(listing_date) from fct_listings)"
    )
    assert len(document.css("[data-day] li")) <= listed
    assert document.css_first("h1").text() == ("Rising now" if risers == 10 else "The newest papers")


def test_a_longer_window_is_shown_when_no_paper_rose_in_a_day(demo: Papers, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path / "home").change("update rpt_paper_trends set gain_24h = 0")
    expected = home.rows(
        """select coalesce(gain_7d, case when first_observed_at > as_of - interval 7 day then gain_observed end) as gain
           from rpt_paper_trends where gain > 0 order by 1 desc limit 30"""
    )
    document = page(home.written(), "index.html")
    assert "Gain, 7 days" in document.css_first("table.risers thead").text()
    assert "in the last 7 days" in document.css_first(".facts").text()
    assert [(number(row[2]),) for row in cells(document, "[aria-labelledby=risers] table")] == expected != []


def test_the_shards_of_days_have_every_paper_with_its_facts(site: Site) -> None:
    papers = site.papers()
    expected = site.rows(
        """select paper_id, papers.upvotes, display_title, abstract, gain_24h, gain_24h_missing_reason,
                  (select list(listing_date::varchar order by listing_date) from fct_listings as listings
                   where listings.paper_id = papers.paper_id)
           from dim_papers as papers left join rpt_paper_trends using (paper_id)"""
    )
    assert papers.keys() == {row[0] for row in expected}
    for paper_id, upvotes, title, abstract, gain, reason, listed in expected:
        paper = papers[paper_id]
        assert (paper["upvotes"], paper["title"], paper["abstract"]) == (upvotes, title, abstract)
        assert (paper["trend"]["gain_24h"], paper["trend"]["gain_24h_missing_reason"]) == (gain, reason)
        assert paper["listed"] == listed
    for paper_id, points in site.rows(
        """select paper_id, list([epoch(observed_at)::bigint, upvotes, github_stars] order by observed_at)
           from fct_upvote_observations where upvotes is not null group by paper_id"""
    ):
        assert papers[paper_id]["points"] == points
    for paper_id, names in site.rows(
        """select paper_id, list(display_name order by position) from bridge_paper_authors
           join dim_authors using (author_id) group by paper_id"""
    ):
        assert [author["name"] for author in papers[paper_id]["authors"]] == names[:60]
    related = site.rows(
        """select paper_id, list(related_paper_id order by rank) from related_papers
           where rank <= 5 group by paper_id"""
    )
    for paper_id, neighbours in related:
        assert [one["id"] for one in papers[paper_id]["related"]] == neighbours
        assert all(papers[one["id"]] and one["terms"] for one in papers[paper_id]["related"])
    with_page = {author["id"] for paper in papers.values() for author in paper["authors"]} - {None}
    assert with_page == {author for (author,) in site.rows("select author_id from dim_authors where paper_count > 1")}
    assert {paper["bibtex"].split("{")[0] for paper in papers.values()} == {"@misc"}


def test_each_day_lists_its_papers_in_order_of_rank_and_leads_to_its_neighbours(site: Site) -> None:
    days = site.rows(
        """select period_start::varchar, list(paper_id order by rank) from rpt_period_papers
           where period = 'day' group by period_start order by period_start"""
    )
    dates = [day for day, _ in days]
    found = {day: site.shard("days", day)["listing"] for day in dates}
    assert [found[day]["order"] for day in dates] == [papers for _, papers in days]
    assert [found[day]["before"] for day in dates] == [None, *dates[:-1]]
    assert [found[day]["after"] for day in dates] == [*dates[1:], None]
    again = {paper: day for one in found.values() for paper, day in one["elsewhere"].items()}
    assert again == dict(
        site.rows("select paper_id, first_listed_on::varchar from dim_papers where listing_count > 1 order by 1")
    )
    ids = {
        paper: day
        for file in (site.folder / "data/ids").iterdir()
        for paper, day in site.shard("ids", file.stem).items()
    }
    assert ids == dict(site.rows("select paper_id, first_listed_on::varchar from dim_papers"))


def test_a_week_a_month_and_a_year_show_their_top_papers(site: Site) -> None:
    for kind, file in (("week", "weeks/2026-W40.html"), ("month", "months/2026-09.html"), ("year", "years/2026.html")):
        expected = site.rows(
            """select display_title, periods.upvotes, upvotes_gained from rpt_period_papers as periods
               join dim_papers using (paper_id)
               where period = ? and period_start = (select max(period_start) from rpt_period_papers where period = ?)
               order by rank limit 25""",
            [kind, kind],
        )
        document = page(site, file)
        shown = cells(document, "[aria-labelledby=top] table")
        assert len(shown) == len(expected) > 10
        for (title, upvotes, gained), row in zip(expected, shown, strict=True):
            assert row[1].startswith(title) and number(row[2]) == upvotes
            assert row[3] == MISSING if gained is None else number(row[3]) == gained
    moved = cells(page(site, "weeks/2026-W40.html"), "[aria-labelledby=organizations] table")
    counts = dict(
        site.rows(
            """select display_name, count(*) filter (period_start = '2026-09-28')
                   - count(*) filter (period_start = '2026-09-21')
               from rpt_period_papers join bridge_paper_organizations using (paper_id)
               join dim_organizations using (organization_id) where period = 'week' group by display_name"""
        )
    )
    assert all(counts[row[0]] == number(row[3]) for row in moved)
    rises, falls = (sum(sign * change > 0 for change in counts.values()) for sign in (1, -1))
    assert len(moved) == min(rises, 8) + min(falls, 4) > 5


def test_the_calendar_leads_to_every_listing_week_month_and_year(site: Site) -> None:
    document = page(site, "calendar.html")
    days = {link.attributes["href"]: int(link.text()) for link in document.css(".month td a")}
    expected = site.rows("select listing_date, count(*) from fct_listings group by listing_date")
    assert days == {f"day.html#{day}": papers for day, papers in expected}
    periods = {link.attributes["href"] for link in document.css(".month th a, .month caption a, h2 a")}
    written = {
        f"{kind}/{file.name}" for kind in ("weeks", "months", "years") for file in (site.folder / kind).iterdir()
    }
    assert periods == written
    names = dict(
        site.rows(
            "select distinct period, strftime(period_start, '%G-W%V') from rpt_period_papers where period = 'week'"
        )
    )
    assert all((site.folder / "weeks" / f"{name}.html").exists() for name in names.values())


def test_a_report_written_again_changes_only_the_files_of_what_changed(demo: Papers, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path / "home").written()
    before = {file: file.stat().st_ino for file in home.folder.rglob("*") if file.is_file()}
    home.written()
    changed = {str(file.relative_to(home.folder)) for file, node in before.items() if file.stat().st_ino != node}
    assert changed <= {"health.html"}  # which has the minute of writing
    paper, day = home.rows(
        """select paper_id, first_listed_on::varchar from dim_papers where listing_count = 1
           order by upvotes, paper_id limit 1"""
    )[0]
    home.change(f"update dim_papers set comments = 77 where paper_id = '{paper}'").written()
    changed = {str(file.relative_to(home.folder)) for file, node in before.items() if file.stat().st_ino != node}
    assert changed - {"health.html"} == {f"data/days/{day}.js"}
    assert home.papers()[paper]["comments"] == 77


@pytest.mark.parametrize(
    ("name", "selector", "query"),
    [
        ("organizations", "[aria-labelledby=week-own] table", "rpt_organization_trends|upvotes_gained|papers_listed"),
        (
            "organizations",
            "[aria-labelledby=week-family] table",
            "rpt_organization_trends|family_upvotes_gained|family_papers_listed",
        ),
        ("authors", "[aria-labelledby=week] table", "rpt_author_trends|upvotes_gained|papers_listed"),
    ],
)
def test_a_board_shows_the_gains_of_the_last_week(site: Site, name: str, selector: str, query: str) -> None:
    table, gained, listed = query.split("|")
    expected = site.rows(
        f"""select {gained} from {table} where week = (select max(week) from {table})
            and ({gained} <> 0 or {listed} > 0) order by {gained} desc nulls last limit 25"""
    )
    shown = [number(row[4]) for row in cells(page(site, f"{name}.html"), selector)]
    assert shown == [float(gain) for (gain,) in expected]


def test_a_family_counts_the_papers_of_its_parts_once(demo: Papers, tmp_path: Path) -> None:
    whole, part, below = "org:whole", "org:part", "org:below"
    home = copy_of(demo, tmp_path / "home").change(
        *(
            f"insert into dim_organizations by name select '{organization}' as organization_id, '{organization}' as "
            f"display_name, 'institute' as kind, {parent} as parent_organization_id"
            for organization, parent in ((whole, "null"), (part, f"'{whole}'"), (below, f"'{part}'"))
        ),
        f"""insert into bridge_paper_organizations by name
            select paper_id, o.id as organization_id
            from (select paper_id from dim_papers order by upvotes desc nulls last limit 6)
            cross join (values ('{whole}'), ('{part}'), ('{below}')) as o(id)""",
    )
    top = home.value(
        "select sum(upvotes) from (select upvotes from dim_papers order by upvotes desc nulls last limit 6)"
    )
    rows = cells(page(home.written(), "organizations.html"), "[aria-labelledby=record-family] table")
    (shown,) = [row for row in rows if row[1] == whole]
    assert (number(shown[3]), number(shown[4])) == (6, top)
    assert not [row for row in rows if row[1] in (part, below)]


def test_merges_are_explained(site: Site) -> None:
    several = site.value("select count(*) from dim_authors where name_count > 1")
    document = page(site, "authors.html")
    assert f"{several} authors are listed under more than one spelling" in document.body.text()  # type: ignore[union-attr]
    assert len(document.css(".merges > li")) == min(several, 30) > 0
    assert "log odds" in document.css_first(".merges").text()
    merged = site.value(
        "select count(*) from (select 1 from organization_merges group by organization_id having count(*) > 1)"
    )
    assert f"{merged} organizations are listed" in page(site, "organizations.html").body.text()  # type: ignore[union-attr]


def test_keywords_show_their_share_of_the_last_lists(site: Site) -> None:
    weeks = [
        row[0]
        for row in site.rows(
            "select distinct date_trunc('week', first_listed_on)::date from dim_papers "
            "where first_listed_on is not null and keywords_status = 'known' order by 1 desc limit 4"
        )
    ]
    with_keywords = "select count(*) from dim_papers where keywords_status = 'known' and first_listed_on"
    listed = site.value(f"{with_keywords} >= ?", [weeks[-1]])
    caption = page(site, "keywords.html").css("[aria-labelledby=growing] caption")[0].text()
    assert f"{listed} in the last four weeks" in caption
    shown = cells(page(site, "keywords.html"), "[aria-labelledby=growing] table")
    assert shown
    for row in shown:
        papers = site.value(
            "select sum(papers_listed) from rpt_keyword_trends where keyword = ? and week >= ?", [row[0], weeks[-1]]
        )
        assert (number(row[1]), row[2]) == (papers, f"{100 * papers / listed:.1f} %")


def test_growing_keywords_are_not_compared_with_weeks_that_had_no_keywords(demo: Papers, tmp_path: Path) -> None:
    """A month without any keywords and, before it, a month in which every paper had both of two: neither grew."""
    home = copy_of(demo, tmp_path / "home").change(
        "delete from dim_papers",
        "delete from rpt_keyword_trends",
        """insert into dim_papers by name
           select w || '-' || n as paper_id, date '2026-09-28' - 7 * w::integer as first_listed_on,
                  case when w between 4 and 7 then 'none' else 'known' end as keywords_status
           from range(12) as weeks(w) cross join range(3) as numbers(n)""",
        """insert into rpt_keyword_trends by name
           select keyword, date '2026-09-28' - 7 * w::integer as week, 3 as papers_listed, 3 as papers_observed
           from range(12) as weeks(w) cross join (values ('agent'), ('video')) as keywords(keyword)
           where w not between 4 and 7""",
    )
    with duckdb.connect(str(home.home / "papers.duckdb"), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        assert read_growing_keywords(connection) == []
    home.change("update rpt_keyword_trends set papers_listed = 1 where keyword = 'video' and week < date '2026-08-17'")
    with duckdb.connect(str(home.home / "papers.duckdb"), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        (course,) = read_growing_keywords(connection)
    assert (course.keyword, course.recent_share, course.recent_papers, course.earlier_papers) == ("video", 1, 12, 12)
    assert course.earlier_share == pytest.approx(1 / 3)


def test_shares_of_a_week_name_their_base(site: Site) -> None:
    for name, table in (("keywords.html", "rpt_keyword_trends"), ("organizations.html", "rpt_organization_trends")):
        papers, gained = site.rows(
            f"select max(base_papers_observed), max(base_upvotes_gained) from {table} "
            f"where week = (select max(week) from {table})"
        )[0]
        text = " ".join(page(site, name).body.text().split())  # type: ignore[union-attr]
        assert f"Shares are of the +{gained:,} upvotes that the {papers} observed papers" in text, name


def test_the_page_of_code_lists_the_fastest_repositories_and_why_others_are_unknown(site: Site) -> None:
    document = page(site, "code.html")
    expected = site.rows(
        """select star_rate_per_day, stars from rpt_code_trends where star_rate_per_day is not null
           order by star_rank, stars desc, paper_id limit 25"""
    )
    shown = cells(document, "section[aria-labelledby=rising] table")
    assert [(row[2], number(row[5])) for row in shown] == [(decimal(rate), stars) for rate, stars in expected]
    unknown = site.value("select count(*) from rpt_code_trends where star_rate_per_day is null")
    reasons = [item.text() for item in document.css("section[aria-labelledby=unknown] li")]
    assert sum(int(text.rsplit(": ", 1)[1].split()[0]) for text in reasons) == unknown


def test_the_page_of_the_first_day_has_a_row_for_each_observed_hour_and_none_for_others(site: Site) -> None:
    hours = {
        int(at.hour)
        for (at,) in site.rows(
            """select distinct observed_at from fct_upvote_observations
               where cast(observed_at as date) = listing_date and listing_date < (select max(as_of) from rpt_paper_trends) - interval 3 day"""  # noqa: E501
        )
    }
    rows = cells(page(site, "first-day.html"), "section[aria-labelledby=hours] table")
    assert {int(row[0]) for row in rows if int(row[0]) < 24} == hours
    assert rows[0][5] == MISSING and rows[1][5] != MISSING
    assert len(page(site, "first-day.html").css("figure.chart svg")) == 1


def test_the_keywords_page_says_how_many_papers_have_keywords_yet(site: Site) -> None:
    expected = site.rows(
        """select count(*), count(*) filter (keywords_status = 'known') from dim_papers
           where first_listed_on is not null group by date_trunc('week', first_listed_on)
           order by date_trunc('week', first_listed_on) desc limit 8"""
    )
    rows = cells(page(site, "keywords.html"), "section[aria-labelledby=coverage] table")
    assert [(number(row[1]), number(row[2])) for row in rows] == expected


def test_data_health_counts_loads_quarantine_and_rules(site: Site) -> None:
    document = page(site, "health.html")
    tiles = {tile.css_first("dt").text(): tile.css_first("dd").text() for tile in document.css(".tiles div")}
    accepted, quarantined = (
        site.value("select count(*) from ops_loads where verdict = 'accepted'"),
        site.value("select count(*) from ops_quarantine"),
    )
    assert tiles["Loads accepted"].startswith(f"{accepted}") and tiles["In quarantine"].startswith(f"{quarantined}")
    failed = site.rows("select expectation from ops_gate_results where load_id is null and not is_passed order by 1")
    assert [row[0] for row in cells(document, "[aria-labelledby=gates] table")] == [name for (name,) in failed]
    drift = site.rows("select field_path from ops_schema_drift where status <> 'steady' order by 1")
    shown = sorted(row[0] for row in cells(document, "[aria-labelledby=drift] table"))
    assert shown == [path for (path,) in drift]


def test_the_picture_of_the_lists_has_a_bar_for_each(site: Site) -> None:
    lists = site.value(
        """select count(distinct listing_date) from fct_listings
           where listing_date > (select max(listing_date) from fct_listings) - 90"""
    )
    drawing = page(site, "health.html").css_first("figure.chart svg")
    assert len(drawing.css("rect > title")) == lists > 10
    assert f"{lists} listings" in (drawing.attributes["aria-label"] or "")


def test_feeds_are_linked_where_there_are_some(demo: Papers, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path / "home").written()
    assert not page(home, "index.html").css("footer a")
    home.settings.feeds.mkdir()
    (home.settings.feeds / "atom.xml").write_text("<feed/>")
    links = page(home.written(), "index.html").css("footer a")
    assert [(home.folder / (link.attributes["href"] or "")).read_text() for link in links] == ["<feed/>"]


def test_definitions_are_the_contracts_word_for_word(site: Site) -> None:
    document = page(site, "definitions.html")
    contracts = [
        model
        for file in (ROOT / "dbt_project/models/marts").rglob("*.yml")
        for model in yaml.safe_load(file.read_text()).get("models", [])
    ]
    told = 0
    for model in contracts:
        section = document.css_first(f"section[aria-labelledby={model['name']}]")
        for column, term, text in zip(model["columns"], section.css("dt"), section.css("dd"), strict=True):
            assert term.attributes["id"] == f"{model['name']}.{column['name']}"
            words = re.sub(r"[`:\s]", "", column["description"])
            assert re.sub(r"[`:\s]", "", text.text()) == words
            told += 1
    public = site.value("select count(*) from duckdb_columns() where schema_name = 'marts' and not internal")
    assert told == public
    assert any(column.formula for table in read_definitions() for column in table.columns)


def test_every_header_that_names_a_column_leads_to_its_definition(site: Site) -> None:
    ids = {term.attributes["id"] for term in page(site, "definitions.html").css("dt[id]")}
    wanted = {
        (link.attributes["href"] or "").split("#")[1]
        for file in site.folder.rglob("*.html")
        for link in page(site, str(file.relative_to(site.folder))).css("a.term")
    }
    assert wanted and wanted <= ids


def files(site: Site) -> list[Path]:
    return sorted(site.folder.rglob("*.html"))


def test_no_page_lets_in_anything_from_elsewhere(site: Site, hostile: Site) -> None:
    for file in files(site) + files(hostile):
        document = Html(file.read_text(encoding="utf-8"))
        policy = document.css_first("head meta[http-equiv=Content-Security-Policy]")
        rules = dict(rule.split(" ", 1) for rule in (policy.attributes["content"] or "").split("; "))
        assert rules["default-src"] == "'none'"
        assert {rules[kind] for kind in ("script-src", "style-src")} == {"'self'"}
        assert set(rules) <= {"default-src", "script-src", "style-src", "form-action", "base-uri"}
        for element in document.css("*"):
            for name, value in element.attributes.items():
                assert not name.startswith("on") and name != "style", (file, element.tag, name)
                if name in ("src", "href", "action", "srcset", "data", "xlink:href"):
                    check_address(file, element.tag, value or "")
        scripts = [script.attributes.get("src") for script in document.css("script")]
        root = "" if file.parent == site.folder or file.parent == hostile.folder else "../"
        of_page = {
            "search.html": ("search_engine", "search"),
            **{f"{kind}.html": ("entities",) for kind in ("author", "organization", "keyword")},
        }.get(file.name, ())
        assert scripts == [f"{root}assets/{name}.js" for name in ("shards", "report", "papers", *of_page)]
        assert all(not script.text() for script in document.css("script"))
        assert not document.css("iframe, object, embed, base, style, img")
    style = (site.folder / "assets" / "report.css").read_text()
    assert "url(" not in style and "@import" not in style


def check_address(file: Path, tag: str, value: str) -> None:
    if tag == "a" and value.startswith("https:"):
        assert LINKED.fullmatch(value), value
        return
    assert ":" not in value.split("?")[0].split("#")[0] and not value.startswith("/"), value
    target = value.split("#")[0].split("?")[0]
    assert not target or (file.parent / target).exists(), (file, value)


HOSTILE_ON = {
    "index.html": (TITLE, NAME),
    "organizations.html": (NAME, ENDING),
    "authors.html": (NAME, ENDING, clean(ESCAPES)),
    "keywords.html": (TITLE,),
    "health.html": (TITLE, ENDING),
}


@pytest.mark.parametrize("name", HOSTILE_ON)
def test_hostile_texts_appear_as_text(hostile: Site, name: str) -> None:
    text = unescape(page(hostile, name).body.text())  # type: ignore[union-attr]
    for wanted in HOSTILE_ON[name]:
        assert wanted in text, wanted
    assert "\x1b" not in text and "\u202e" not in text


def test_hostile_texts_are_data_of_shards_and_only_known_hosts_links(hostile: Site) -> None:
    paper_id = hostile.value("select paper_id from dim_papers where title = ?", [TITLE])
    paper = hostile.papers()[paper_id]
    assert paper["abstract"] == ENDING and paper["code"] is None
    assert NAME in [author["name"] for author in paper["authors"]] and paper["organization"]["name"] == NAME
    for file in (hostile.folder / "data").rglob("*.js"):
        assert "<" not in file.read_text("utf-16-le")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("https://github.com/some-one/a.repo", "https://github.com/some-one/a.repo"),
        ("http://www.github.com/a/b/", "https://github.com/a/b"),
        ("javascript:alert(1)", None),
        ("https://github.com.evil.example/a/b", None),
        ("https://github.com@evil.example/a", None),
        ('https://github.com/a/"onclick=x', None),
        ("data:text/html,x", None),
        ("//github.com/a/b", None),
        (None, None),
    ],
)
def test_only_known_code_hosts_become_links(sent: str | None, shown: str | None) -> None:
    assert code_link(sent) == shown


def test_a_listed_text_is_one_bounded_line() -> None:
    assert clean("a\n b\t c") == "a b c"
    assert clean("\x1b[31mRed\x07 \u202eevil") == "\ufffd[31mRed\ufffd \ufffdevil"
    assert len(clean("x" * 10**6)) == 300 and clean("x" * 10**6).endswith("…")
    assert [in_percent(share) for share in (1.0, 0.999, 0.29, None)] == ["100 %", "99 %", "29 %", "–"]
    assert clean("Ünïcode 中文") == "Ünïcode 中文"


def test_a_line_separates_observed_and_carried_points() -> None:
    from datetime import date, datetime

    points = points_of([(datetime(2026, 9, 1, 8), 5), (datetime(2026, 9, 4, 8), 9)], [(date(2026, 9, 2), 5)])
    assert [point.is_observed for point in points] == [True, False, True]
    drawing = sparkline(points)
    assert (drawing.solid, drawing.dashed.count("M"), drawing.end) == ("", 2, (115.0, 4.0))
    alone = sparkline([Point(datetime(2026, 9, 1), 0, True)])
    assert (alone.solid, alone.dashed) == ("", "")
    many = [Point(datetime(2026, 9, 1, hour), hour, True) for hour in range(24)]
    assert (thinned(many, 5)[0], thinned(many, 5)[-1], len(thinned(many, 5))) == (many[0], many[-1], 5)


def test_the_command_writes_it_and_an_old_report_is_replaced(demo: Papers, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path / "home")
    (home.folder / "papers").mkdir(parents=True)
    (home.folder / "papers" / "gone.html").write_text("an old page")
    facts = Papers(home.home)("report", "--json").facts
    assert Path(facts["report"]) == home.folder / "index.html"
    assert facts["files"] == sum(path.is_file() for path in home.folder.rglob("*"))
    assert not (home.folder / "papers" / "gone.html").exists()
    assert sorted(path.name for path in home.home.iterdir() if "report" in path.name) == ["report", "report.lock"]


def test_two_at_once_both_leave_a_whole_report(demo: Papers, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path / "home")
    both = [Papers(home.home).start("report") for _ in range(2)]
    assert [process.wait().code for process in both] == [0, 0]
    assert (home.folder / "index.html").exists() and len(home.papers()) > 100


def test_an_empty_warehouse_has_a_report_too(demo: Papers, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path / "home")
    tables = home.rows("select table_name from duckdb_tables() where schema_name = 'marts'")
    home.change(*(f"delete from {table}" for (table,) in tables)).written()
    for name in PAGES:
        assert page(home, f"{name}.html").css_first("h1") is not None
    assert "papers run" in page(home, "index.html").body.text()  # type: ignore[union-attr]


@pytest.mark.slow
def test_twenty_thousand_papers_fit_forty_megabytes_and_nine_seconds(demo: Papers, tmp_path: Path) -> None:
    home = of_many(demo, tmp_path / "home", 20_000)
    started = time.process_time()
    home.written()
    spent = time.process_time() - started
    size = sum(path.stat().st_size for path in home.folder.rglob("*") if path.is_file())
    assert len(home.papers()) == home.value("select count(*) from dim_papers") == 20_000
    assert size < 40 * 10**6, f"{size / 1e6:.1f} MB"
    # Alone it takes five to six; beside a second worker of the tests the same work takes more of the processor's time.
    assert spent < 9, f"{spent:.1f} s of processor time"


def test_a_large_warehouse_shows_the_latest_papers_and_counts_the_others(
    demo: Papers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copy_of(demo, tmp_path / "home")
    papers = int(home.value("select count(*) from dim_papers"))
    first_day = home.value("select count(*) from dim_papers where first_listed_on = '2026-09-01'")
    monkeypatch.setattr("warehouse.report.papers.MAX_PAPERS", papers - 1)
    shown = home.written().papers()
    assert len(shown) == papers - first_day
    assert min(paper["listed"][0] for paper in shown.values()) > "2026-09-01"
    text = page(home, "search.html").css_first("main").text()
    assert f"{first_day} older papers are not in this report" in text
