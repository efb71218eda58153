"""Writes the site: every page into a folder beside the old one, which then replaces it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from warehouse.clock import utc_now
from warehouse.database import scalar
from warehouse.files import remove, replace
from warehouse.home import DEMO_MARKER
from warehouse.lock import writer_lock
from warehouse.publication.citations import bibtex, read_cited
from warehouse.publication.publish import read_published, writing
from warehouse.report import boards, charts, merges
from warehouse.report.code import read_code
from warehouse.report.compact import MAX_PAPERS, write_compact
from warehouse.report.curves import curve, sparkline
from warehouse.report.definitions import read_definitions
from warehouse.report.first_day import read_first_day
from warehouse.report.health import read_health
from warehouse.report.papers import Paper, read_authors, read_papers, read_points, read_related
from warehouse.report.rising import Rising, read_rising
from warehouse.report.search_index import write_search
from warehouse.report.words import FILTERS, LINKS, page_name
from warehouse.settings import Settings

_HERE = Path(__file__).parent
#: Content Security Policy: a page loads files of the report only, no network, no inline script or style.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'"
NAVIGATION = (
    ("index.html", "Rising now"),
    ("organizations.html", "Organizations"),
    ("authors.html", "Authors"),
    ("keywords.html", "Keywords"),
    ("code.html", "Code"),
    ("first-day.html", "First day"),
    ("health.html", "Data health"),
    ("definitions.html", "Definitions"),
)


@dataclass(frozen=True)
class Report:
    """What was written: the first page, how many files, how many bytes."""

    index: Path
    files: int
    size: int


def write_report(settings: Settings) -> Report:
    """Write the report of the published file to ``report/`` in the home.

    Raises InputError if nothing is published, HomeError if the folder can't be written, and LockError if another
    process writes it for longer than ``lock_timeout``.
    """
    folder = settings.home / "report"
    part, old = folder.with_name(".part-report"), folder.with_name(".old-report")
    lock = writer_lock(settings.home / "report.lock", purpose="writing the report", timeout=settings.lock_timeout)
    with read_published(settings) as connection, lock, writing(str(folder)):
        for leftover in (part, old):
            remove(leftover)
        (part / "papers").mkdir(parents=True)
        (part / "data").mkdir()
        shutil.copytree(_HERE / "assets", part / "assets")
        if settings.feeds.exists():  # written separately, into this folder
            shutil.copytree(settings.feeds, part / settings.feeds.name)
        _Site(connection, part, is_invented=(settings.home / DEMO_MARKER).exists()).write()
        replace(part, folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return Report(folder / "index.html", len(files), sum(path.stat().st_size for path in files))


class _Site:
    """The pages of one report, read through one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, *, is_invented: bool):
        self.connection = connection
        self.folder = folder
        self.rising: Rising = read_rising(connection)
        self.papers: list[Paper] = read_papers(connection)
        self.pages = {paper.paper_id: f"papers/{page_name(paper.paper_id)}" for paper in self.papers}
        self.jinja = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.jinja.filters.update(FILTERS)
        self.jinja.globals.update(
            LINKS,
            policy=POLICY,
            navigation=NAVIGATION,
            as_of=self.rising.as_of,
            written_at=utc_now().replace(tzinfo=None),
            is_invented=is_invented,
            feeds=[name for name in ("atom.xml", "feed.json") if (folder / "feeds" / name).exists()],
            page_of=lambda paper_id: self.pages.get(paper_id, f"paper.html#{quote(paper_id)}"),
        )

    def write(self) -> None:
        """Write every page, and the data of the search."""
        self._write_rising()
        self._write_papers()
        self._write_organizations()
        self._write_authors()
        self._write_keywords()
        self._page("code.html", code=read_code(self.connection))
        first_day = read_first_day(self.connection)
        chart = charts.first_day_chart(first_day.hours) if first_day.hours else None
        self._page("first-day.html", first_day=first_day, chart=chart)
        self._page(
            "health.html", health=(health := read_health(self.connection)), volume=charts.volume_chart(health.days)
        )
        self._page("definitions.html", tables=read_definitions())
        papers = int(scalar(self.connection, "select count(*) from dim_papers"))
        self._page("search.html", left_out=max(0, papers - MAX_PAPERS))
        self._page("paper.html")
        self._write("data/papers.js", write_compact(self.connection, self.pages.keys()))
        write_search(self.connection, self.folder, self.pages.keys(), earlier=self.folder.with_name("report"))

    def _write_rising(self) -> None:
        shown = [*self.rising.risers, *self.rising.newcomers, *self.rising.breakouts]
        points = read_points(self.connection, {riser.paper_id for riser in shown})
        lines = {paper_id: sparkline(found) for paper_id, found in points.items()}
        self._page("index.html", rising=self.rising, lines=lines)

    def _write_papers(self) -> None:
        ids = self.pages.keys()
        points, authors = read_points(self.connection, ids), read_authors(self.connection, ids)
        related = read_related(self.connection, ids)
        cited = {paper.paper_id: paper for paper in read_cited(self.connection, list(ids))}
        template = self.jinja.get_template("paper_page.html")
        for paper in self.papers:
            paper_points = points[paper.paper_id]
            text = template.render(
                name="",
                root="../",
                paper=paper,
                points=paper_points,
                curve=curve(paper_points),
                authors=authors.get(paper.paper_id, []),
                related=related.get(paper.paper_id, []),
                citation=bibtex([cited[paper.paper_id]]),
            )
            self._write(self.pages[paper.paper_id], text)

    def _write_organizations(self) -> None:
        own = boards.read_board(self.connection, boards.ORGANIZATIONS)
        families = boards.read_board(self.connection, boards.FAMILIES)
        merged, merge_list = merges.read_organization_merges(self.connection)
        rolled_up, family_list = merges.read_families(self.connection)
        self._page(
            "organizations.html",
            boards=[("own", own), ("family", families)],
            charts={
                "own": charts.all_time_chart(own.all_time, "Organizations"),
                "family": charts.all_time_chart(families.all_time, "Organizations with all their parts"),
            },
            merged=merged,
            merges=merge_list,
            rolled_up=rolled_up,
            families=family_list,
        )

    def _write_authors(self) -> None:
        board = boards.read_board(self.connection, boards.AUTHORS)
        merged, merge_list = merges.read_author_merges(self.connection)
        self._page("authors.html", board=board, merged=merged, merges=merge_list)

    def _write_keywords(self) -> None:
        growing = boards.read_growing_keywords(self.connection)
        first = [growth.keyword for growth in growing[:6]]
        weeks = boards.read_keyword_weeks(self.connection, first)
        self._page(
            "keywords.html",
            board=boards.read_board(self.connection, boards.KEYWORDS),
            growing=growing,
            coverage=boards.read_keyword_coverage(self.connection),
            chart=charts.keyword_chart(weeks, first) if weeks else None,
        )

    def _page(self, name: str, **facts: Any) -> None:
        self._write(name, self.jinja.get_template(name).render(name=name, root="", **facts))

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")
