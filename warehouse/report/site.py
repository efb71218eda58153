"""Writes the site: every page into a folder beside the old one, which then replaces it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from warehouse.database import scalar
from warehouse.files import remove, replace
from warehouse.home import DEMO_MARKER
from warehouse.lock import writer_lock
from warehouse.publication.publish import read_published, writing
from warehouse.report import boards, charts, entities, merges
from warehouse.report.code import read_code
from warehouse.report.curves import sparkline
from warehouse.report.definitions import read_definitions
from warehouse.report.first_day import read_first_day
from warehouse.report.folder import ReportFolder
from warehouse.report.health import read_health
from warehouse.report.papers import choose_papers, day_shards, id_shards
from warehouse.report.periods import read_calendar, read_periods
from warehouse.report.rising import Rising, read_points, read_rising
from warehouse.report.search_index import write_search
from warehouse.report.words import FILTERS, LINKS, search_link
from warehouse.settings import Settings

_HERE = Path(__file__).parent
#: With fewer papers that rise, the newest listing is what the first page shows first.
MIN_RISERS = 10
#: Content Security Policy: a page loads files of the report only, no network, no inline script or style.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'"
NAVIGATION = (
    ("index.html", "Now"),
    ("day.html", "Listings"),
    ("calendar.html", "Calendar"),
    ("organizations.html", "Organizations"),
    ("authors.html", "Authors"),
    ("keywords.html", "Keywords"),
    ("code.html", "Code"),
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
        part.mkdir()
        if settings.feeds.exists():  # written separately, into this folder
            shutil.copytree(settings.feeds, part / settings.feeds.name)
        _Site(connection, ReportFolder(part, folder), is_invented=(settings.home / DEMO_MARKER).exists()).write()
        replace(part, folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return Report(folder / "index.html", len(files), sum(path.stat().st_size for path in files))


class _Site:
    """The pages of one report, read through one connection, written to ``folder``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: ReportFolder, *, is_invented: bool):
        self.connection = connection
        self.folder = folder
        self.rising: Rising = read_rising(connection)
        newest = scalar(connection, "select max(listing_date) from fct_listings")
        self.newest: date | None = newest
        #: Ids with a page of their own, by kind of page.
        self.entities: dict[str, frozenset[str]] = {}
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
            newest=newest,
            is_invented=is_invented,
            feeds=[name for name in ("atom.xml", "feed.json") if (folder.path / "feeds" / name).exists()],
            entity_page=self._entity_page,
            page_of=lambda paper_id: f"paper.html#{quote(paper_id)}",
            day_page=lambda day: f"day.html#{day:%Y-%m-%d}",
        )

    def write(self) -> None:
        """Write every page, and the data that pages load."""
        for asset in sorted((_HERE / "assets").iterdir()):
            self.folder.write(f"assets/{asset.name}", asset.read_bytes())
        left_out = choose_papers(self.connection)
        latest = None
        for name, text in day_shards(self.connection):
            self.folder.write_shards("days", [(name, text)])
            if name == str(self.newest):
                latest = json.loads(text)
        self.folder.write_shards("ids", id_shards(self.connection))
        self._write_entities()
        self._write_rising(latest)
        self._write_periods()
        self._write_organizations()
        self._write_authors()
        self._write_keywords()
        self._page("code.html", code=read_code(self.connection))
        first_day = read_first_day(self.connection)
        chart = charts.first_day_chart(first_day.hours) if first_day.hours else None
        self._page("first-day.html", first_day=first_day, chart=chart)
        health = read_health(self.connection)
        self._page("health.html", health=health, volume=charts.volume_chart(health.days))
        self._page("definitions.html", tables=read_definitions())
        self._page("search.html", left_out=left_out)
        write_search(self.connection, self.folder)
        for name in ("day.html", "paper.html"):
            self._page(name)

    def _write_entities(self) -> None:
        lists = list(entities.read_author_lists(self.connection))
        self.folder.write_shards("author-lists", lists)
        for kind in entities.KINDS:
            shards = list(entities.read_entities(self.connection, kind))
            self.folder.write_shards(kind.folder, ((shard.name, shard.text) for shard in shards))
            self.entities[kind.name] = frozenset(one for shard in shards for one in shard.ids)
            names = [shard.name for shard in shards]
            self.folder.write(
                f"{kind.name}.html",
                self._text("entity.html", kind=kind, shards=names, lists=[name for name, _ in lists]),
            )

    def _entity_page(self, kind: str, entity_id: str, name: str) -> str:
        """The address of the page of an author, organization or keyword, or of a search for its name."""
        if entity_id in self.entities.get(kind, ()):
            return f"{kind}.html#{quote(entity_id, safe='')}"
        field = {"author": "author:", "organization": "org:"}.get(kind, "")
        return search_link('{}"{}"'.format(field, name.replace('"', " ")))

    def _write_rising(self, latest: dict[str, Any] | None) -> None:
        shown = [*self.rising.risers, *self.rising.newcomers, *self.rising.breakouts]
        points = read_points(self.connection, {riser.paper_id for riser in shown})
        lines = {paper_id: sparkline(found) for paper_id, found in points.items()}
        listing = None
        if latest:
            papers = {paper["id"]: paper for paper in latest["papers"]}
            order = [papers[paper_id] for paper_id in latest["listing"]["order"] if paper_id in papers]
            listing = {"papers": order, "is_by_rate": latest["listing"]["is_by_rate"]}
        is_rising_first = len(self.rising.risers) >= MIN_RISERS
        self._page("index.html", rising=self.rising, lines=lines, latest=listing, is_rising_first=is_rising_first)

    def _write_periods(self) -> None:
        pages = read_periods(self.connection, self.rising.as_of.date() if self.rising.as_of else None)
        for page in pages:
            self.folder.write(page.period.file, self._text("period.html", root="../", page=page))
        years = read_calendar(self.connection, pages)
        most = max(
            (day.papers for y in years for m in y.months for _, week in m.weeks for day in week if day), default=0
        )
        self._page("calendar.html", years=years, most=most, week_files={page.period.file for page in pages})

    def _write_organizations(self) -> None:
        own = boards.read_board(self.connection, boards.ORGANIZATIONS)
        families = boards.read_board(self.connection, boards.FAMILIES)
        merged, merge_list = merges.read_organization_merges(self.connection)
        rolled_up, family_list = merges.read_families(self.connection)
        self._page(
            "organizations.html",
            boards=[("own", own), ("family", families)],
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
        self.folder.write(name, self._text(name, **facts))

    def _text(self, template: str, root: str = "", **facts: Any) -> str:
        return self.jinja.get_template(template).render(name=template, root=root, **facts)
