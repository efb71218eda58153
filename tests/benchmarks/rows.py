"""The rows about building: what is measured against what. Each function measures one or a few rows and yields them.

Not here: the rows about readers and single steps (``reading_rows``).
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from orchestration.transform.manifest import dbt_executable
from sources.daily_papers import formats
from sources.errors import FormatError
from sources.replay import ReplayServer
from tests.benchmarks.homes import PAPERS, Built, build, served, write_texts
from tests.benchmarks.measuring import ROOT, Row, Taken, added_up, in_turn, peak, run, run_work, seconds
from tests.worlds.large import newest_last_date
from tests.worlds.large_home import generate
from warehouse.clock import utc_now
from warehouse.landing.importing import Manifest, find_files
from warehouse.settings import DBT_PROJECT, Settings

HERE = Path(__file__).parent
PEERS = (
    "dlt[duckdb]==1.31.*",
    "beautifulsoup4==4.*",
    "lxml",
    "bm25s==0.3.*",
    "scikit-learn==1.*",
    "pagefind[bin]==1.*",
)
#: Runs that observe each list again, as the product's default lookback makes them.
DAILY_OBSERVATIONS = 7
MEMORY_LIMIT = 8 * 2**30


@dataclass
class Bench:
    """What every row needs: where to work, how often to repeat, how large, where the given listings are."""

    folder: Path
    repeats: int = 5
    day_papers: int = 6_000
    rebuild_papers: int = 20_000
    rebuild_observations: int = 12
    #: Papers of the rows about search, related papers and the report: as many as the report shows at most.
    reading_papers: int = 20_000
    scale_papers: int = 1_000_000
    scale_base: int = 100_000
    scale_observations: int = 50
    listings: Path | None = None
    wanted: frozenset[str] = frozenset()
    say: Callable[[str], None] = print
    _homes: dict[tuple[int, int], Built] = field(default_factory=dict)

    @cached_property
    def peers(self) -> Path:
        """The Python of the peers' own environment, made on first use."""
        environment = self.folder / "peers"
        python = environment / "bin" / "python"
        if not python.exists():
            self.say(f"installing the peers: {', '.join(PEERS)}")
            uv = ROOT / ".tools" / "bin" / "uv"
            subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
            subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *PEERS], check=True)
        return python

    def built(self, papers: int, observations: int, *, keep_pristine: bool = True) -> Built:
        """A published home of that size, made on first use."""
        key = papers, observations
        if key not in self._homes:
            self.say(f"building a home of {papers:,} papers, {observations} observations each")
            folder = self.fresh(f"home-{papers}-{observations}")
            self._homes[key] = build(folder, papers=papers, observations=observations, keep_pristine=keep_pristine)
            self.say(f"built in {self._homes[key].building.seconds:.1f} s")
        return self._homes[key]

    def fresh(self, name: str) -> Path:
        """An empty folder to work in."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    @cached_property
    def payloads(self) -> Payloads:
        """Listing files by kind: the given ones where they are, else generated ones."""
        return _given(self) if self.listings else _generated(self)


@dataclass(frozen=True)
class Payloads:
    """``files``: folders to import; ``pages``: one payload a file; ``entries``: what dlt reads."""

    files: tuple[Path, ...]
    pages: Path
    entries: Path
    what: str


def load(bench: Bench) -> Iterator[Row]:
    """Listing files into raw tables, without and with the batch gate, against dlt."""
    payloads = bench.payloads
    peer_environment = {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_TELEMETRY_DISABLED": "1"}

    def ours(work: str) -> Taken:
        return run_work(sys.executable, "tests.benchmarks.works", work, bench.fresh("load") / "home", *payloads.files)

    def theirs() -> Taken:
        script = HERE / "peers" / "dlt_load.py"
        return run_work(bench.peers, script, bench.fresh("load-peer"), payloads.entries, environment=peer_environment)

    plain, gated, dlt = in_turn(bench.repeats, lambda: ours("load"), lambda: ours("load_gate"), theirs, say=bench.say)
    note = f"{payloads.what}; {plain[0].facts['entries']:,} entries, dlt {dlt[0].facts['entries']:,}"
    against = "dlt 1.31 into DuckDB"
    yield Row("load", "listing files into raw tables", against, seconds(plain), seconds(dlt), 10, "times faster",
              peak(plain), note=note)  # fmt: skip
    yield Row("load_gate", "the same with the batch gate, its import included", against, seconds(gated), seconds(dlt),
              1.5, "times faster", peak(gated))  # fmt: skip


def page(bench: Bench) -> Iterator[Row]:
    """Props of daily pages into records, against BeautifulSoup."""
    folder = bench.payloads.pages
    ours, theirs = in_turn(
        bench.repeats,
        lambda: run_work(sys.executable, "tests.benchmarks.works", "pages", folder),
        lambda: run_work(bench.peers, HERE / "peers" / "public_scraper.py", folder),
        say=bench.say,
    )
    yield Row("page", "props of a daily page to typed records", "BeautifulSoup + lxml + json", seconds(ours),
              seconds(theirs), 12, "times faster", peak(ours))  # fmt: skip


def day(bench: Bench) -> Iterator[Row]:
    """One more day, everything included, against the stock job and against the floor of the stack, in turn."""
    built = bench.built(bench.day_papers, DAILY_OBSERVATIONS)
    works: dict[str, Callable[[], Taken]] = {"ours": built.one_more_day}
    if "day" in bench.wanted:
        works["stock"] = lambda: _stock_day(built)
    if "day_floor" in bench.wanted:
        works["floor"] = lambda: _floor(bench)
    taken = dict(zip(works, in_turn(bench.repeats, *works.values(), say=bench.say), strict=True))
    work, ours = f"one more day on {bench.day_papers:,} papers", taken["ours"]
    if "stock" in taken:
        yield Row("day", work, "Dagster's default multiprocess job, stock imports", seconds(ours),
                  seconds(taken["stock"]), 0.25, "at most", peak(ours),
                  note=f"the stock job's peak is {peak(taken['stock']) / 2**20:,.0f} MB")  # fmt: skip
    if "floor" in taken:
        yield Row("day_floor", work, "imports of dagster, dagster_dbt, great_expectations + dbt parse", seconds(ours),
                  seconds(taken["floor"]), 1.2, "at most", peak(ours),
                  note=_parts(taken["floor"]))  # fmt: skip


def _stock_day(built: Built) -> Taken:
    home = built.restore()
    settings = Settings().at(home)
    dagster_home = home / "stock-dagster"
    dagster_home.mkdir()
    (dagster_home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    config = home / "stock.yaml"
    asked = {"date": str(built.made.new_date), "lookback": DAILY_OBSERVATIONS}
    config.write_text(json.dumps({"ops": {"landing__listings": {"config": asked}}}))
    with served(built.made.next_folder) as address:
        environment = {
            **settings.environment(),
            "PAPERS_ENDPOINT": address,
            "DAGSTER_HOME": str(dagster_home),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "GX_ANALYTICS_ENABLED": "false",
        }
        command = [Path(sys.executable).with_name("dagster"), "job", "execute", "-j", "stock_daily"]
        return run([*command, "-m", "tests.benchmarks.peers.stock_dagster", "-c", config], environment)


def _floor(bench: Bench) -> Taken:
    """Each import and a ``dbt parse`` that knows no earlier one, each alone in its own process, added up."""
    settings = Settings().at(bench.fresh("floor"))
    environment = {
        **settings.environment(), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "GX_ANALYTICS_ENABLED": "false"
    }  # fmt: skip
    parse = [dbt_executable(), "--quiet", "parse", "--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT]
    target = settings.home / "target"
    parts = {
        f"import {module}": run([sys.executable, "-c", f"import {module}"], environment)
        for module in ("dagster", "dagster_dbt", "great_expectations")
    }
    parts["dbt parse"] = run([*parse, "--target-path", target, "--log-path", target], environment)
    return added_up(parts)


def _parts(runs: list[Taken]) -> str:
    """The median seconds of each part of runs that were added up."""
    medians = {name: statistics.median(taken.facts[name] for taken in runs) for name in runs[0].facts}
    return ", ".join(f"{name} {value:.2f} s" for name, value in medians.items())


def history(bench: Bench) -> Iterator[Row]:
    """One more day on ten times the history, against the same day on one time."""
    small = bench.built(bench.day_papers, DAILY_OBSERVATIONS)
    large = bench.built(10 * bench.day_papers, DAILY_OBSERVATIONS)
    ours, base = in_turn(bench.repeats, large.one_more_day, small.one_more_day, say=bench.say)
    yield Row("history", f"one more day on {10 * bench.day_papers:,} papers", f"on {bench.day_papers:,}", seconds(ours),
              seconds(base), 1.5, "at most", peak(ours))  # fmt: skip


def rebuild(bench: Bench) -> Iterator[Row]:
    """The full rebuild from landing, against a hand-written script on the raw tables as Parquet, followed by what
    people would use for the search and related papers, each a process of its own."""
    folder = bench.fresh("rebuild")
    bench.say(f"landing {bench.rebuild_papers:,} papers, {bench.rebuild_observations} observations each")
    made = generate(
        folder / "home", kind="archive", papers=bench.rebuild_papers, observations=bench.rebuild_observations
    )

    def ours() -> Taken:
        for other in made.home.iterdir():
            if other.name != "landing":
                shutil.rmtree(other) if other.is_dir() else other.unlink()
        return run([PAPERS, "rebuild", "--home", made.home, "--json"])

    first = ours()
    bench.say(f"{first.seconds:.1f} s, not counted: it makes the raw tables that the peer reads")
    parquet = folder / "parquet"
    script = HERE / "peers" / "handwritten.py"
    run([sys.executable, script, "export", made.home / "raw.duckdb", parquet])

    def theirs() -> Taken:
        database = bench.fresh("rebuild-peer") / "by_hand.duckdb"
        parts = {"the script": run([sys.executable, script, "build", parquet, database])}
        texts = write_texts(database)
        text_search = HERE / "peers" / "text_search.py"
        parts["bm25s"] = run([bench.peers, text_search, "bm25s", texts])
        parts["scikit-learn"] = run([bench.peers, text_search, "related", texts])
        return added_up(parts)

    taken = in_turn(bench.repeats, ours, theirs, say=bench.say)
    yield Row("rebuild", f"rebuild from landing: {bench.rebuild_papers:,} papers × {bench.rebuild_observations}",
              "one hand-written DuckDB script on Parquet, then bm25s, then scikit-learn", seconds(taken[0]),
              seconds(taken[1]), 3, "at most", peak(taken[0]), note=_parts(taken[1]))  # fmt: skip


def scale(bench: Bench) -> Iterator[Row]:
    """The large warehouse built and observed once more, by the paper, against a tenth of it. One run."""
    base = bench.built(bench.scale_base, bench.scale_observations)
    base_day = base.one_more_day()
    large = bench.built(bench.scale_papers, bench.scale_observations, keep_pristine=False)
    large_day = large.observe()
    size = f"{bench.scale_papers:,} papers × {bench.scale_observations}"
    per_paper = tuple(1e6 * b.building.seconds / b.made.papers for b in (large, base))
    yield Row("scale_rebuild", f"{size}: models, gates, publication, µs a paper", f"{bench.scale_base:,} papers",
              per_paper[:1], per_paper[1:], 1.5, "at most", large.building.peak, unit="µs",
              note=f"{large.building.seconds:,.0f} s in all")  # fmt: skip
    day_per_paper = tuple(1e6 * day.seconds / b.made.papers for day, b in ((large_day, large), (base_day, base)))
    yield Row("scale_day", f"{size}: one more day, µs a paper", f"{bench.scale_base:,} papers", day_per_paper[:1],
              day_per_paper[1:], 1.5, "at most", large_day.peak, unit="µs",
              note=f"{large_day.seconds:,.0f} s in all")  # fmt: skip
    most = max(large.building.peak, large_day.peak)
    yield Row("scale_memory", f"{size}: peak memory", "", (most / 2**30,), (), MEMORY_LIMIT / 2**30, "bound", most,
              unit="GB")  # fmt: skip


def queries(bench: Bench) -> Iterator[Row]:
    """Every analytics query and five searches on the large warehouse, in turn, each from a connection of its own."""
    built = bench.built(bench.scale_papers, bench.scale_observations, keep_pristine=False)
    taken = run([sys.executable, "-m", "tests.benchmarks.readers", "queries", built.home, str(bench.repeats)])
    times: dict[str, list[float]] = taken.facts["milliseconds"]
    everything = sorted(time for one in times.values() for time in one)
    p95 = everything[min(len(everything) - 1, int(0.95 * len(everything)))]
    medians = {name: statistics.median(one) for name, one in times.items()}
    slowest = ", ".join(
        f"{name} {medians[name]:.0f} ms" for name in sorted(medians, key=lambda name: -medians[name])[:5]
    )
    yield Row("queries", f"{len(times)} queries and searches on {bench.scale_papers:,} papers, p95", "", (p95,), (),
              300, "bound", taken.peak, unit="ms",
              note=f"slowest: {slowest}")  # fmt: skip


def publication(bench: Bench) -> Iterator[Row]:
    """A reader that opens and asks in a loop while one publication follows the other, against the reader alone."""
    built = bench.built(bench.day_papers, DAILY_OBSERVATIONS)
    built.restore()
    alone, beside, errors = [], [], 0
    publications = 0
    for _ in range(bench.repeats):
        for publishing, times in ((False, alone), (True, beside)):
            taken = run(
                [sys.executable, "-m", "tests.benchmarks.readers", "reader", built.home, "8", str(int(publishing))]
            )
            times.append(Taken(taken.facts["p99_ms"], taken.peak, taken.facts))
            errors += taken.facts["errors"]
            publications += taken.facts["publications"]
        bench.say(f"p99 {alone[-1].seconds:.1f} ms alone · {beside[-1].seconds:.1f} ms beside publications")
    reads = sum(taken.facts["reads"] for taken in beside)
    yield Row("publication", "a reader's p99 beside publications", "the reader alone", seconds(beside), seconds(alone),
              2, "at most", peak(beside), unit="ms",
              note=f"{errors} errors in {reads:,} reads beside {publications} publications")  # fmt: skip
    yield Row("publication_errors", "errors of that reader", "", (float(errors),), (), 0, "bound", unit="")


#: In the order of the table; `day` and `day_floor` are measured together.
ROWS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "load": load,
    "page": page,
    "day": day,
    "day_floor": day,
    "history": history,
    "rebuild": rebuild,
    "scale": scale,
    "queries": queries,
    "publication": publication,
}


def _given(bench: Bench) -> Payloads:
    """The real listings beside the checkout, told apart by what they are."""
    assert bench.listings is not None
    folders = tuple(folder for name in ("api", "repeats", "html") if (folder := bench.listings / name).is_dir())
    manifest = Manifest(bench.listings / "manifest.tsv")
    return _sort_out(bench, folders, find_files(folders), manifest, "the given listing files")


def _generated(bench: Bench) -> Payloads:
    """As many generated listings, and pages of them as the replay server draws them."""
    folder = bench.fresh("listings")
    # Its new day ended yesterday at the latest: the file names below give times up to the end of a listing's day.
    last_date = newest_last_date(utc_now().date() - timedelta(days=1))
    made = generate(folder / "home", kind="archive", papers=6_000, observations=4, last_date=last_date)
    files = folder / "api"
    files.mkdir()
    for number, payload in enumerate(sorted((made.home / "landing" / "payloads").rglob("*.gz"))):
        body = gzip.decompress(payload.read_bytes())
        if len(body) > 2:
            day = json.loads(body)[0]["paper"]["submittedOnDailyAt"][:10]
            (files / f"{day}@{day}T{number % 24:02d}{number // 24 % 60:02d}00Z.json").write_bytes(body)
    html = folder / "html"
    html.mkdir()
    with ReplayServer(made.next_folder) as site:
        for listed in site.archive.dates(None):
            cards = b"".join(_card(entry["paper"]) for entry in site.archive.entries(listed, None))
            page = site.daily_page(listed).body.replace(b"</body>", b"<main>" + cards + b"</main></body>")
            (html / f"{listed}@{listed}T230000Z.html").write_bytes(page)
    return _sort_out(bench, (files, html), find_files([files, html]), Manifest(None), "generated listing files")


def _card(paper: dict[str, Any]) -> bytes:
    """A card of some 6 kB as a real page has beside its props: what a parser of HTML has to go through."""
    title = escape(paper["title"])
    link = f'<a href="/papers/{paper["id"]}" class="line-clamp-3 cursor-pointer text-balance">{title}</a>'
    face = '<li class="mr-1.5"><a href="/reader" class="block"><img alt="" class="rounded-full" src="/a.svg"></a></li>'
    icon = '<svg class="mr-1" width="1em" viewBox="0 0 32 32"><path d="M16 2l4 10h10l-8 7 3 11-9-7z"/></svg>'
    line = f'<div class="flex items-center gap-2"><ul>{face * 4}</ul>{icon}<span>0</span></div>'
    return f'<article class="relative flex"><h3 class="mb-1 text-lg">{link}</h3>{line * 6}{link}</article>'.encode()


def _sort_out(bench: Bench, folders: tuple[Path, ...], files: list[Path], manifest: Manifest, what: str) -> Payloads:
    """Copies by kind: what is no listing is left out, as the loader refuses it."""
    pages, entries = (bench.fresh(f"payloads/{name}") for name in ("pages", "entries"))
    for number, path in enumerate(files):
        body = path.read_bytes()
        known = manifest.of(path)
        observed_at = known.observed_at or datetime.fromtimestamp(os.path.getmtime(path))
        try:
            format = formats.detect_format(body)
            formats.parse(format, [body], known.listing_date or _named_date(path), observed_at)
        except FormatError:
            continue
        name = f"{known.listing_date or _named_date(path)}@{observed_at:%Y-%m-%dT%H%M%SZ}#{number}.json"
        if format == "api_json":
            (entries / name).write_bytes(body)
        elif format == "page_html":
            (pages / name).write_bytes(body)
            (entries / name).write_text(json.dumps(_props(body)))
    return Payloads(folders, pages, entries, what)


def _props(body: bytes) -> Any:
    from selectolax.lexbor import LexborHTMLParser

    node = LexborHTMLParser(body).css_first('div[data-target="DailyPapers"]')
    assert node is not None
    return json.loads(node.attributes["data-props"] or "")["dailyPapers"]


def _named_date(path: Path) -> date | None:
    try:
        return date.fromisoformat(path.name[:10])
    except ValueError:
        return None
