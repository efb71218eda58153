"""The report in the system's Chromium, from the file system: quiet, offline, accessible, on a phone and in the dark."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pybtex.database import parse_string
from report_pieces import NAME, TITLE, Site, copy_of, made_hostile

from tests.conftest import ROOT, Papers
from warehouse.publication.queries import load_queries

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
        self.page.wait_for_function(
            "!document.querySelector('[data-paper]') || !document.querySelector('#paper [role=status]')"
        )
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


def only_files(visit: Visit) -> bool:
    return all(url.startswith(f"{visit.site.folder.as_uri()}/") for url in visit.asked)


def kinds(site: Site) -> dict[str, tuple[str, str, float]]:
    """Each kind of page: its address, a place with a number, and the number that SQL gives for it."""
    riser, gain, upvotes = site.rows(
        "select paper_id, gain_24h, upvotes from rpt_paper_trends where gain_24h > 0 order by 2 desc limit 1"
    )[0]
    pages = {path.stem for path in (site.folder / "papers").iterdir()}
    other, others = next(
        row for row in site.rows("select paper_id, upvotes from rpt_paper_trends order by 1") if row[0] not in pages
    )
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
        "paper": (f"papers/{riser}.html", ".tiles dd", upvotes),
        "paper from the data": (f"paper.html#{quote(other)}", ".tiles dd", others),
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
    name = sorted(path.name for path in (site.folder / "papers").iterdir())[0]
    visit.open(f"papers/{name}")
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
    visit.open(f"papers/{paper_id}.html")
    assert visit.page.locator("h1").inner_text() == TITLE
    visit.open(f"paper.html#{paper_id}")
    assert visit.page.locator("h1").inner_text() == TITLE
    assert visit.page.locator("a[href^='javascript']").count() == 0
    for address in ("paper.html#%E0%A4%A", "paper.html#__proto__", f"paper.html#{quote(TITLE)}"):
        visit.page.goto("about:blank")
        visit.open(address)
        assert visit.page.locator("h1").inner_text() == "No such paper"
    assert [problem for problem in visit.problems if "about:blank" not in problem] == []


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
