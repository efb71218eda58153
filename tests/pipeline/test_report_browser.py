"""The report in the system's Chromium, from the file system: quiet, offline, accessible, on a phone and in the dark."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pybtex.database import parse_string
from report_pieces import ENDING, NAME, TITLE, Site, copy_of, made_hostile

from tests.conftest import ROOT, Papers
from warehouse.publication.queries import load_queries
from warehouse.report import words

SCREENSHOTS = ROOT / "build" / "screenshots"
LOOKS = {
    "desktop-light": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "phone-light": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "is_mobile": True},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "is_mobile": True},
}


@dataclass
class Visit:
    """An open page, and what went wrong on it so far."""

    page: Any
    site: Site
    problems: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, name: str) -> None:
        self.page.goto(f"{self.site.folder.as_uri()}/{name}")
        self.page.locator(":is([data-paper], [data-day], [data-entity]) > [role=status]").wait_for(state="detached")
        if name.startswith("search"):
            self.page.wait_for_selector("#results[aria-busy=false]", state="attached")

    def number(self, selector: str) -> float:
        """The first number in an element's text."""
        text = self.page.locator(selector).first.inner_text().replace("−", "-").replace(",", "")
        found = re.search(r"[+-]?\d+(\.\d+)?", text)
        assert found, text
        return float(found[0])


@pytest.fixture(scope="module")
def site(demo: Papers, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return copy_of(demo, tmp_path_factory.mktemp("browser") / "home").written()


@pytest.fixture(scope="module")
def hostile(demo: Papers, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return made_hostile(copy_of(demo, tmp_path_factory.mktemp("browser-hostile") / "home")).written()


def visiting(browser: Any, site: Site, look: str = "desktop-light") -> Visit:
    """A fresh context without a network, that notes every error, every dialog and every request."""
    context = browser.new_context(offline=True, **LOOKS[look])
    visit = Visit(context.new_page(), site)
    page = visit.page
    page.set_default_timeout(20_000)
    page.on("console", lambda message: visit.problems.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: visit.problems.append(f"error: {error}"))
    page.on("requestfailed", lambda request: visit.problems.append(f"failed: {request.url}"))
    page.on("dialog", lambda dialog: (visit.problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: visit.asked.append(request.url))
    return visit


def is_missing_shard(problem: str) -> bool:
    """Whether it says that a shard does not exist, which a browser reports for an id that the report does not have."""
    return "ERR_FILE_NOT_FOUND" in problem or (problem.startswith("failed: ") and "/report/data/" in problem)


def only_files(visit: Visit) -> bool:
    return all(url.startswith(f"{visit.site.folder.as_uri()}/") for url in visit.asked)


def kinds(site: Site) -> dict[str, tuple[str, str, float]]:
    """Each kind of page: its address, a place with a number, and the number that SQL gives for it."""
    riser, gain, upvotes = site.rows(
        "select paper_id, gain_24h, upvotes from rpt_paper_trends where gain_24h > 0 order by 2 desc limit 1"
    )[0]
    day, listed = site.rows(
        "select listing_date::varchar, count(*) from fct_listings group by listing_date order by listing_date limit 1"
    )[0]
    top = "select upvotes from rpt_period_papers where period = ? and rank = 1 order by period_start desc limit 1"
    # The author has several names, the organization several accounts.
    author, author_papers = site.rows(
        "select author_id, paper_count from dim_authors where paper_count > 1 order by name_count desc, 2 desc limit 1"
    )[0]
    organization, organization_papers = site.rows(
        "select organization_id, paper_count from dim_organizations order by listed_count desc, 2 desc limit 1"
    )[0]
    keyword, keyword_papers = site.rows("select keyword, paper_count from dim_keywords order by 2 desc, 1 limit 1")[0]
    week = "select max(upvotes_gained) from {0} where week = (select max(week) from {0})"
    recent = site.value(
        """with weeks as (select distinct date_trunc('week', first_listed_on) as week from dim_papers
                          where first_listed_on is not null and keywords_status = 'known' order by week desc limit 4)
           select max(share) from (
               select sum(papers_listed) / (select count(*) from dim_papers where keywords_status = 'known'
                   and first_listed_on >= (select min(week) from weeks)) as share
               from rpt_keyword_trends where keyword = ? and week >= (select min(week) from weeks))""",
        [first_keyword(site)],
    )
    return {
        "rising": ("index.html", ".risers tbody tr:first-child .gain strong", gain),
        "paper": (f"paper.html#{quote(riser)}", ".tiles dd", upvotes),
        "day": (f"day.html#{day}", ".sorter", listed),
        "calendar": ("calendar.html", ".month td a", listed),
        "week": ("weeks/2026-W40.html", "[aria-labelledby=top] td strong", site.value(top, ["week"])),
        "month": ("months/2026-09.html", "[aria-labelledby=top] td strong", site.value(top, ["month"])),
        "year": ("years/2026.html", "[aria-labelledby=top] td strong", site.value(top, ["year"])),
        "organizations": (
            "organizations.html",
            "[aria-labelledby=week-own] td strong",
            site.value(week.format("rpt_organization_trends")),
        ),
        "authors": ("authors.html", "[aria-labelledby=week] td strong", site.value(week.format("rpt_author_trends"))),
        "keywords": ("keywords.html", "[aria-labelledby=growing] td strong", round(100 * recent, 1)),
        "code": (
            "code.html",
            "[aria-labelledby=rising] td strong",
            site.value("select round(max(star_rate_per_day), 1) from rpt_code_trends"),
        ),
        "first day": (
            "first-day.html",
            "[aria-labelledby=hours] td strong",
            next(round(100 * row[2]) for row in site.rows(load_queries()["first_day"].sql) if row[1]),
        ),
        "health": (
            "health.html",
            ".tiles div:nth-child(3) dd",
            site.value("select count(*) from ops_loads where verdict = 'accepted'"),
        ),
        "author": (f"author.html#{author}", ".tiles dd", author_papers),
        "organization": (f"organization.html#{quote(organization)}", ".tiles dd", organization_papers),
        "keyword": (f"keyword.html#{quote(keyword)}", ".tiles dd", keyword_papers),
        "definitions": ("definitions.html", "[id='fct_upvote_observations.load_id'] + dd", 0),
        "search": (
            "search.html?q=lanternfish",
            "#found",
            site.value("select count(*) from search('lanternfish')"),
        ),
    }


def first_keyword(site: Site) -> str:
    text = (site.folder / "keywords.html").read_text(encoding="utf-8")
    found = re.search(r'aria-labelledby="growing".*?<tbody>.*?<bdi>(.*?)</bdi>', text, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("look", LOOKS)
def test_every_kind_of_page_is_quiet_offline_and_right(browser: Any, site: Site, look: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    visit = visiting(browser, site, look)
    for kind, (address, selector, expected) in kinds(site).items():
        visit.open(address)
        if kind == "definitions":
            assert visit.page.locator(selector).inner_text().startswith("Load that the row comes from")
        else:
            assert visit.number(selector) == float(expected), kind
        width = visit.page.evaluate("document.documentElement.scrollWidth")
        assert width <= LOOKS[look]["viewport"]["width"], f"{kind} scrolls sideways: {width}"  # type: ignore[index]
        visit.page.screenshot(
            path=SCREENSHOTS / f"{kind.replace(' ', '-')}-{look}.png", full_page=kind != "definitions"
        )
        # Colours differ by scheme and layout by width; two of the four looks differ in both.
        if look in ("desktop-light", "phone-dark"):
            # Its preload would ask for the style sheet again, which the policy rightly refuses.
            found = (
                Axe().run(visit.page, options={"resultTypes": ["violations"], "preload": False}).response["violations"]
            )
            serious = [
                f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in ("serious", "critical")
            ]
            assert serious == [], kind
    assert visit.problems == []
    assert only_files(visit) and len(visit.asked) > 20
    visit.page.context.close()


def test_the_citation_of_a_paper_is_copied_or_selected(browser: Any, site: Site) -> None:
    visit = visiting(browser, site)
    visit.open(f"paper.html#{sorted(site.papers())[0]}")
    entry = visit.page.locator("#bibtex").text_content()
    (paper,) = parse_string(entry, "bibtex").entries.values()
    assert paper.fields["title"] and paper.persons["author"]
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = visit.page.get_by_role("button", name="Copy BibTeX")
    button.focus()
    visit.page.keyboard.press("Enter")
    visit.page.get_by_text("Copied.").wait_for()
    assert visit.page.evaluate("navigator.clipboard.readText()") == entry
    visit.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    button.click()
    visit.page.get_by_text("The text is selected").wait_for()
    assert visit.page.evaluate("getSelection().toString()").strip() == entry.strip()
    assert not visit.problems and only_files(visit)


def test_a_paper_shows_every_observation_and_carried_day(browser: Any, site: Site) -> None:
    paper_id = site.value("select min(paper_id) from fct_paper_upvotes_daily where not is_observed")
    expected = site.rows(
        """select observed_at as moment, upvotes, 'observed' as known from fct_upvote_observations
           where paper_id = ? and upvotes is not null
           union all
           select day + interval 12 hour, upvotes, 'carried forward' from fct_paper_upvotes_daily
           where paper_id = ? and not is_observed
           order by moment""",
        [paper_id, paper_id],
    )
    visit = visiting(browser, site)
    visit.open(f"paper.html#{paper_id}")
    curve = visit.page.locator("[aria-labelledby=curve]")
    curve.locator("summary").click()
    rows = [row.split("\t") for row in curve.locator("tbody").inner_text().split("\n")]
    assert [(int(row[1]), row[2]) for row in rows] == [(upvotes, known) for _, upvotes, known in expected]
    assert rows[0][0] == words.moment(expected[0][0])
    drawn = [curve.locator(f"circle.{kind}").count() for kind in ("seen", "carried")]
    assert drawn == [sum(row[2] == known for row in expected) for known in ("observed", "carried forward")]
    assert min(drawn) > 0 and not visit.problems


def test_a_paper_shows_measures_authors_and_what_is_related(browser: Any, site: Site) -> None:
    paper_id, gain, percentile, reason = site.rows(
        """select paper_id, gain_24h, cohort_percentile, gain_7d_missing_reason from rpt_paper_trends
           where gain_24h > 0 order by gain_24h desc limit 1"""
    )[0]
    visit = visiting(browser, site)
    visit.open(f"paper.html#{paper_id}")
    tiles = dict(
        zip(
            visit.page.locator(".tiles dt").all_inner_texts(),
            visit.page.locator(".tiles dd").all_inner_texts(),
            strict=True,
        )
    )
    assert tiles["Gain, 24 hours"] == words.signed(gain)
    assert tiles["Gain, 7 days"].split() == f"– {reason}".split()
    assert tiles["Ahead of"].startswith(words.percentile(percentile))
    names = site.rows(
        """select display_name from bridge_paper_authors join dim_authors using (author_id)
           where paper_id = ? order by position""",
        [paper_id],
    )
    assert visit.page.locator(".names a").all_inner_texts() == [name for (name,) in names]
    titles = site.rows(
        """select display_title from related_papers as related
           join dim_papers as papers on related.related_paper_id = papers.paper_id
           where related.paper_id = ? and rank <= 5 order by rank""",
        [paper_id],
    )
    visit.page.get_by_role("link", name=titles[-1][0]).wait_for()
    assert visit.page.locator(".related a").all_inner_texts() == [title for (title,) in titles]
    visit.page.locator(".related a").first.click()
    visit.page.get_by_role("heading", name=titles[0][0]).wait_for()
    assert not visit.problems and only_files(visit)


def test_a_reader_goes_from_the_calendar_through_days_to_a_paper(browser: Any, site: Site) -> None:
    days = site.rows(
        """select period_start, list(display_title order by rank) from rpt_period_papers
           join dim_papers using (paper_id) where period = 'day' group by period_start order by period_start"""
    )
    (first, _), (second, titles) = days[:2]
    visit = visiting(browser, site)
    visit.open("calendar.html")
    visit.page.locator(f"a[href='day.html#{first}']").click()
    visit.page.get_by_role("heading", name=f"Listing of {words.day(first)}").wait_for()
    visit.page.locator("a[rel=next]").click()
    visit.page.get_by_role("heading", name=f"Listing of {words.day(second)}").wait_for()
    assert visit.page.locator(".entry h2").all_inner_texts() == titles
    visit.page.get_by_label("Order").select_option("Comments")
    comments = [int(text.split()[0]) for text in visit.page.locator(".entry .by:last-child").all_inner_texts()]
    assert comments == sorted(comments, reverse=True) and len(comments) == len(titles)
    title = visit.page.locator(".entry h2").first.inner_text()
    visit.page.locator(".entry h2 a").first.click()
    visit.page.wait_for_selector("h1.long")
    assert visit.page.locator("h1").inner_text() == title
    for address in ("day.html#2001-01-01", "day.html#%E0%A4%A", "day.html#../x", "day.html#constructor"):
        visit.page.goto("about:blank")
        visit.open(address)
        assert visit.page.locator("h1").inner_text() == "No such listing"
    assert all(is_missing_shard(problem) for problem in visit.problems)


def test_without_a_script_the_first_page_has_the_newest_listing(browser: Any, site: Site) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.folder.as_uri()}/index.html")
    listed = site.value("select count(*) from fct_listings where listing_date = '2026-09-30' ")
    assert 0 < page.locator("[data-day] li").count() <= listed
    context.close()


def test_parts_are_counted_with_their_whole_by_keyboard(browser: Any, site: Site) -> None:
    visit = visiting(browser, site)
    visit.open("organizations.html")
    assert visit.page.locator("#week-own").is_visible() and not visit.page.locator("#week-family").is_visible()
    visit.page.focus("#rollup-own")
    visit.page.keyboard.press("ArrowRight")
    assert visit.page.locator("#week-family").is_visible() and not visit.page.locator("#week-own").is_visible()
    visit.open("index.html")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.className") == "skip"
    assert visit.problems == []


def test_it_prints_without_its_menus(browser: Any, site: Site) -> None:
    visit = visiting(browser, site)
    visit.open("index.html")
    visit.page.emulate_media(media="print")
    assert not visit.page.locator(".top nav").is_visible() and visit.page.locator(".risers").first.is_visible()
    assert visit.page.pdf()[:5] == b"%PDF-"


def test_hostile_texts_run_nowhere(browser: Any, hostile: Site) -> None:
    paper_id = hostile.value("select paper_id from dim_papers where title = ?", [TITLE])
    visit = visiting(browser, hostile)
    for name in ("index", "organizations", "authors", "keywords", "health"):
        visit.open(f"{name}.html")
        assert visit.page.locator("img, svg[onload]").count() == 0
    visit.open(f"search.html?q={quote(TITLE)}")
    assert visit.page.locator("#results a").first.inner_text() == TITLE
    assert NAME in visit.page.locator("#results").inner_text()
    visit.open(f"paper.html#{paper_id}")
    assert NAME in visit.page.locator(".names").inner_text() and ENDING in visit.page.locator(".abstract").inner_text()
    assert visit.page.locator("h1").inner_text() == TITLE
    assert visit.page.locator("a[href^='javascript']").count() == 0
    for address in ("paper.html#%E0%A4%A", "paper.html#__proto__", f"paper.html#{quote(TITLE)}"):
        visit.page.goto("about:blank")
        visit.open(address)
        assert visit.page.locator("h1").inner_text() == "No such paper"
    assert all(is_missing_shard(problem) for problem in visit.problems)


def rows_of(visit: Visit, selector: str) -> list[list[str]]:
    """The texts of a table's cells."""
    return visit.page.locator(f"{selector} tbody tr").evaluate_all(  # type: ignore[no-any-return]
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent.trim()))"
    )


def test_an_author_shows_papers_places_and_coauthors_as_sql_has_them(browser: Any, site: Site) -> None:
    author = site.value("select author_id from dim_authors order by paper_count desc, author_id limit 1")
    # One of the papers has more authors than the shard of its day.
    assert (
        site.value(
            "select max(author_count) from bridge_paper_authors join dim_papers using (paper_id) where author_id = ?",
            [author],
        )
        > 60
    )
    visit = visiting(browser, site)
    visit.open(f"author.html#{author}")
    papers = site.rows(
        """select title, upvotes, position, author_count from bridge_paper_authors join dim_papers using (paper_id)
           where author_id = ? order by first_listed_on desc, paper_id desc""",
        [author],
    )
    shown = rows_of(visit, "[aria-labelledby=papers]")
    assert [(row[2], row[3]) for row in shown] == [(str(up), f"{at} of {of}") for _, up, at, of in papers]
    assert all(row[0].startswith(paper[0]) for row, paper in zip(shown, papers, strict=True))
    coauthors = site.rows(
        """select display_name, count(*) as papers from bridge_paper_authors as own
           join bridge_paper_authors as other using (paper_id)
           join dim_authors as authors on other.author_id = authors.author_id
           where own.author_id = $1 and other.author_id <> $1
           group by other.author_id, display_name order by papers desc, display_name""",
        [author],
    )
    names = visit.page.locator("[aria-labelledby=coauthors] li").all_inner_texts()
    expected = [f"{name} {papers} {'paper' if papers == 1 else 'papers'}" for name, papers in coauthors]
    assert names == expected[:12] and len(coauthors) > 1
    visit.page.locator("[aria-labelledby=coauthors] a").first.click()
    visit.page.wait_for_function("name => document.querySelector('h1').textContent === name", arg=coauthors[0][0])
    assert visit.problems == [] and only_files(visit)


def test_the_weeks_of_an_organization_are_a_chart_with_its_table(browser: Any, site: Site) -> None:
    organization = site.value(
        "select organization_id from rpt_organization_trends group by 1 order by sum(upvotes_gained) desc limit 1"
    )
    weeks = site.rows(
        """select strftime(week, '%-d %b %Y'), upvotes_gained, papers_listed from rpt_organization_trends
           where organization_id = ? order by week desc""",
        [organization],
    )
    visit = visiting(browser, site)
    visit.open(f"organization.html#{quote(organization)}")
    known = [row for row in weeks if row[1] is not None]
    assert visit.page.locator("[aria-labelledby=weeks] svg rect").count() == len(known) > 1
    visit.page.locator("[aria-labelledby=weeks] summary").click()
    shown = rows_of(visit, "[aria-labelledby=weeks]")
    signed = [f"{gain:+,}".replace("-", "−") if gain else "–" if gain is None else "0" for _, gain, _ in weeks]
    assert [row[:3] for row in shown] == [
        [week, gain, str(listed)] for (week, _, listed), gain in zip(weeks, signed, strict=True)
    ]
    assert visit.problems == []


def test_a_table_sorts_by_its_headers_by_keyboard(browser: Any, site: Site) -> None:
    visit = visiting(browser, site)
    visit.open("organizations.html")
    table = "[aria-labelledby=week-own]"
    before = [row[2] for row in rows_of(visit, table)]
    button = visit.page.locator(f"{table} thead").get_by_role("button", name="Sort by Name")
    for sort, is_reversed in (("ascending", False), ("descending", True)):
        button.focus()
        visit.page.keyboard.press("Enter")
        assert visit.page.locator(f"{table} th[aria-sort={sort}]").count() == 1
        after = [row[2] for row in rows_of(visit, table)]
        assert sorted(after) == sorted(before) and after != before
        ordered = visit.page.evaluate(
            "names => names.sort((a, b) => a.localeCompare(b, 'en', {numeric: true}))", before
        )
        assert after == (ordered[::-1] if is_reversed else ordered)
    visit.page.locator(f"{table} thead").get_by_role("button", name="Sort by Moved").click()
    moved = [row[1] for row in rows_of(visit, table)]
    numbers = [int(re.sub("[▲▼+]", "", text).replace("−", "-")) for text in moved if text != "–"]
    assert numbers == sorted(numbers, reverse=True) and len(set(numbers)) > 2
    assert "–" not in moved[: len(numbers)] and "–" in moved
    assert visit.page.locator(f"{table} th[aria-sort]").count() == 1
    assert visit.problems == []


def test_definitions_are_filtered_and_a_link_shows_what_the_filter_hides(browser: Any, site: Site) -> None:
    visit = visiting(browser, site)
    visit.open("definitions.html")
    columns = visit.page.locator(".definitions dt").count()
    visit.page.fill("#filter", "Half_Life resolution")
    shown = visit.page.locator(".definitions dt:visible").all_inner_texts()
    assert 0 < len(shown) < 10 and any("half_life_resolution_hours" in text for text in shown)
    assert visit.page.locator(".filter [role=status]").inner_text() == f"{len(shown)} of {columns} columns"
    visit.page.evaluate("location.hash = 'dim_papers.title'")
    visit.page.wait_for_selector("[id='dim_papers.title']:visible")
    assert visit.page.locator(".definitions dt:visible").count() == columns
    assert visit.problems == []


def test_a_wide_table_says_on_a_phone_that_it_scrolls(browser: Any, site: Site) -> None:
    hint = "getComputedStyle(document.querySelector('[aria-labelledby=tracks] .scroll'), '::before').content"
    for look, is_wide in (("phone-light", True), ("desktop-light", False)):
        visit = visiting(browser, site, look)
        visit.open("authors.html")
        visit.page.wait_for_timeout(100)
        assert ("Scroll sideways" in visit.page.evaluate(hint)) == is_wide


@pytest.mark.parametrize("kind", ["author", "organization", "keyword"])
def test_an_unknown_address_leads_to_the_search(browser: Any, site: Site, kind: str) -> None:
    visit = visiting(browser, site)
    for key in ("", "#", "#unknown", "#__proto__", "#%E0%A4%A", f"#{quote(TITLE)}", "#a0000000000000000"):
        visit.page.goto("about:blank")
        visit.open(f"{kind}.html{key}")
        assert visit.page.locator("h1").inner_text() == f"No such {kind}"
    visit.page.locator("main a").click()
    visit.page.wait_for_url("**/search.html*")
    assert [problem for problem in visit.problems if "about:blank" not in problem] == []


def test_hostile_names_run_nowhere_on_their_pages(browser: Any, hostile: Site) -> None:
    organization = hostile.value("select organization_id from dim_organizations where display_name = ?", [NAME])
    author = hostile.value("select author_id from dim_authors where display_name = ? and paper_count > 1", [NAME])
    keyword = hostile.value("select keyword from dim_keywords where keyword like '%script%'")
    visit = visiting(browser, hostile)
    for address in (
        f"author.html#{author}",
        f"organization.html#{quote(organization)}",
        f"keyword.html#{quote(keyword)}",
    ):
        visit.open(address)
        assert visit.page.locator("h1").inner_text() == (keyword if address.startswith("keyword") else NAME)
        assert visit.page.locator("main img, main script, a[href^='javascript']").count() == 0
        assert "\u202e" not in visit.page.locator("main").inner_text()
    assert visit.page.locator("#query").inner_text().count(keyword.replace("'", "''")) == 1
    assert visit.problems == [] and only_files(visit)


def test_the_pages_work_over_http_too(browser: Any, site: Site) -> None:
    """A static host is another origin: the same policy has to let the same files in."""
    import threading
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(Path(site.folder))))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context()
    try:
        page = context.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.goto(f"http://127.0.0.1:{server.server_port}/search.html?q=lanternfish")
        page.wait_for_selector("#results a")
        page.locator("#results a").first.click()
        page.wait_for_selector("h1.long")
        assert "Lanternfish" in page.locator("h1").inner_text()
        assert [problem for problem in problems if "favicon" not in problem] == []
    finally:
        context.close()
        server.shutdown()
