"""Writes the demo archive, ``warehouse/sample/archive``: ``python -m tests.worlds sample [--out DIR]``.

The invented month (``month``, ``traps``) is observed again and again, as a warehouse would: three
times on the day of a listing, then once a day on the four days after it. Each observation becomes one file,
``LISTING-DATE@OBSERVED-AT.json.gz`` (``.html.gz`` for a daily page, ``.txt.gz`` for a search page), with a
``manifest.tsv`` (file, listing_date, observed_at, sha256 of the uncompressed payload). ``refused/`` holds what
archivers saved as listings and is none; its dates lie before the demo's month.

The same seed gives the same bytes: no clock, no hash order, gzip without time and name. (The payloads never
differ; another build of zlib may compress them to other bytes.) Nothing but the output folder is written.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from tests.worlds import shapes, traps
from tests.worlds.month import build_ordinary_world
from tests.worlds.records import LAST_DATE, Placement, World, at, days

ARCHIVE = Path(__file__).parents[2] / "warehouse" / "sample" / "archive"
#: UTC hours of the observations of a listing on its own day.
OWN_DAY_HOURS = (8, 14, 20)
#: Days after it with one more observation, in the run that ends at 20:00.
LOOKBACK_DAYS = 4
#: Seconds that a run takes from one listing date to the next.
FETCH_SECONDS = 4
#: (listing date in September, when) of additional captures of the daily page.
PAGES = (
    (3, at(date(2026, 9, 3), 17)),
    (10, at(date(2026, 9, 11), 17)),
    (17, at(date(2026, 9, 17), 17)),
    (29, at(date(2026, 9, 29), 17)),
)
#: The capture in which one row comes twice.
REPEATED_ROW = at(date(2026, 9, 16), 14)
#: The Saturday whose page serves the Friday before it.
WEEKEND_PAGE = at(date(2026, 9, 12), 11)
SEARCH_PAGES = (at(date(2026, 9, 18), 12), at(date(2026, 9, 25), 12))


@dataclass(frozen=True)
class Capture:
    """One file of the archive. ``listing_date`` is what was asked for; a search page is on no date."""

    name_date: date
    observed_at: datetime
    suffix: str
    payload: bytes
    listing_date: date | None
    folder: str = ""

    @property
    def path(self) -> str:
        """The file's path inside the archive."""
        return f"{self.folder}{shapes.capture_name(self.name_date, self.observed_at, self.suffix)}.gz"


def build_world() -> World:
    """The whole invented world; the same on every call."""
    world, builder = build_ordinary_world()
    traps.plant(world, builder)
    return world


def observations(day: date) -> list[datetime]:
    """The moments at which the API listing of ``day`` is observed; an empty weekend twice."""
    if day.weekday() >= 5:
        return [at(day, 8), at(day, 20)]
    own_day = [at(day, hour) for hour in OWN_DAY_HOURS]
    later = [
        at(day + timedelta(days=n), OWN_DAY_HOURS[-1]) - timedelta(seconds=FETCH_SECONDS * n)
        for n in range(1, LOOKBACK_DAYS + 1)
    ]
    return own_day + later


def api_captures(world: World) -> Iterator[Capture]:
    """The answers of the API at every observation."""
    for day, placements in world.listings.items():
        for moment in observations(day):
            listed = shapes.entries(placements, moment)
            if moment == REPEATED_ROW:
                listed.insert(4, listed[1])
            yield Capture(day, moment, "json", shapes.encode(listed), day)


def page_captures(world: World) -> Iterator[Capture]:
    """Daily pages, and the one asked for on a Saturday that serves Friday's list."""
    weekdays = [day for day in days() if day.weekday() < 5]
    for number, moment in PAGES:
        day = date(2026, 9, number)
        index = weekdays.index(day)
        following = weekdays[index + 1] if weekdays[index + 1] <= moment.date() else None
        payload = shapes.daily_page(day, world.listings[day], moment, weekdays[index - 1], following)
        yield Capture(day, moment, "html", payload, day)
    saturday = WEEKEND_PAGE.date()
    friday = saturday - timedelta(days=1)
    payload = shapes.daily_page(friday, world.listings[friday], WEEKEND_PAGE, friday - timedelta(days=1), None)
    yield Capture(saturday, WEEKEND_PAGE, "html", payload, saturday)


def search_captures(world: World) -> Iterator[Capture]:
    """Two search pages: one with upvotes, one whose capture lost them."""
    for number, moment in enumerate(SEARCH_PAGES):
        known = [paper for paper in world.papers if paper.published_on < moment.date()]
        hits = known[number :: len(known) // 8][:8]
        others = shapes.only_on_search_page(known[0])
        hits[3:3] = others[:1] if number == 0 else others[1:]
        payload = shapes.search_page_text(hits, moment, bare=5, with_upvotes=number == 1)
        yield Capture(moment.date(), moment, "txt", payload, None)


def refused_captures(world: World) -> Iterator[Capture]:
    """Files that are no listings of Daily Papers; their dates lie before the month."""
    placements: list[Placement] = world.listings[date(2026, 9, 1)]
    reprs = shapes.python_reprs(placements, at(date(2026, 9, 1), 20))
    bodies: tuple[object, ...] = (
        1,
        shapes.status_wrapper("success", date(2026, 8, 25), reprs),
        reprs,
        shapes.pubmed_rows(date(2026, 8, 27)),
        shapes.status_wrapper("no_data", date(2026, 8, 28), None),
    )
    for number, body in enumerate(bodies):
        day = date(2026, 8, 24 + number)
        moment = at(day, 17, 7)
        yield Capture(day, moment, "json", shapes.encode(body), day, folder="refused/")


def captures() -> list[Capture]:
    """The whole archive, in the order of its paths."""
    world = build_world()
    found = [
        *api_captures(world),
        *page_captures(world),
        *search_captures(world),
        *refused_captures(world),
    ]
    return sorted(found, key=lambda capture: capture.path)


def gzip_bytes(payload: bytes) -> bytes:
    """gzip with a header written here: no time, no name, the same operating-system byte everywhere."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    body = squeeze.compress(payload) + squeeze.flush()
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    return header + body + struct.pack("<II", zlib.crc32(payload), len(payload) & 0xFFFFFFFF)


def manifest(found: list[Capture]) -> str:
    """Tab-separated: file, listing_date (empty for a search page), observed_at, sha256 of the payload."""
    lines = ["file\tlisting_date\tobserved_at\tsha256"]
    for capture in found:
        day = capture.listing_date.isoformat() if capture.listing_date else ""
        digest = sha256(capture.payload).hexdigest()
        lines.append(f"{capture.path}\t{day}\t{capture.observed_at:%Y-%m-%dT%H:%M:%SZ}\t{digest}")
    return "\n".join(lines) + "\n"


def readme(world: World, found: list[Capture]) -> str:
    """The archive's README, with where each trap is."""
    lines = [
        "# Demo archive: everything in it is invented",
        "",
        "No paper, person, account, organization or repository here exists; paper ids are `26xx.9xxxx`, numbers",
        f"that arXiv has not reached. {len(found)} captures of 30 listing dates (1-30 September 2026), observed",
        (
            f"until {LAST_DATE + timedelta(days=LOOKBACK_DAYS)}: `LISTING-DATE@OBSERVED-AT` in UTC; "
            "`manifest.tsv` has the sha256 of each payload"
        ),
        "(uncompressed). Generated, never edited: `python -m tests.worlds sample` writes the same files.",
        "",
        "## Which file shows what",
        "",
        "| oddity | where |",
        "|---|---|",
        "| a Saturday's page that serves Friday's list | `2026-09-12@2026-09-12T110000Z.html.gz` |",
        "| an empty weekend (`[]`) | `2026-09-05@2026-09-05T080000Z.json.gz` and the other weekends |",
        "| a row repeated inside one file | `2026-09-16@2026-09-16T140000Z.json.gz` |",
        "| a listing that grows | every weekday: 61-66 % of the papers at 08 UTC, the last after 20 UTC |",
        "| an unknown new field | `paper.reproductionReports`, in captures from 2026-09-15 |",
        "| a field that vanishes | `paper.ai_summary_model`, not in captures from 2026-09-21 |",
        "| the page's props | `.html.gz` of 3, 10, 17 and 29 September |",
        "| a search page's text, upvotes lost; with upvotes | `.txt.gz` of 18 and of 25 September |",
        "| not listings: `1`, status wrappers, Python reprs, PubMed rows | `refused/`, 24-28 August |",
        "| published time in New York wall time stamped Z | top-level `publishedAt` of every entry |",
    ]
    for trap, places in world.traps.items():
        where = ", ".join(f"{day:%d} Sep `{paper_id}`" for day, paper_id in places)
        lines.append(f"| {trap} | {where} |")
    return "\n".join(lines) + "\n"


def write(out: Path) -> list[Capture]:
    """Write the archive to ``out``, replacing captures that lie there; returns what was written."""
    found = captures()
    (out / "refused").mkdir(parents=True, exist_ok=True)
    for stale in (*out.glob("*@*.gz"), *out.glob("refused/*@*.gz")):
        stale.unlink()
    for capture in found:
        (out / capture.path).write_bytes(gzip_bytes(capture.payload))
    (out / "manifest.tsv").write_text(manifest(found), encoding="utf-8", newline="\n")
    (out / "README.md").write_text(readme(build_world(), found), encoding="utf-8", newline="\n")
    return found
