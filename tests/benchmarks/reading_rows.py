"""The rows about readers and about each step alone: search, related papers, the report, an extra run, the command line,
and the tests. As in ``rows``, each function measures one or a few rows and yields them."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

import duckdb

from tests.benchmarks.homes import PAPERS, write_texts
from tests.benchmarks.measuring import Row, Taken, in_turn, peak, run, seconds
from tests.benchmarks.readers import keywords
from tests.benchmarks.rows import DAILY_OBSERVATIONS, HERE, Bench
from warehouse.settings import Settings

#: New entries of an extra run on the same day.
NEW_ENTRIES = 5
#: Keywords that are searched for, from common to rare.
QUERIES = 60


def search(bench: Bench) -> Iterator[Row]:
    """`marts.search` at 20,000 papers, against DuckDB's own scan of the texts; the index against bm25s's."""
    yield from _search(bench, bench.reading_papers, DAILY_OBSERVATIONS, max_milliseconds=60)
    built = bench.built(bench.reading_papers, DAILY_OBSERVATIONS)
    texts = write_texts(built.home / "papers.duckdb")
    queries = bench.fresh("search") / "queries.json"
    queries.write_text(json.dumps(keywords(Settings().at(built.home), QUERIES)), encoding="utf-8")
    peer = run([bench.peers, HERE / "peers" / "text_search.py", "bm25s", texts, queries])
    yield Row("search_index", "index of the search, µs a paper", "bm25s, in memory",
              (_micros(_model_seconds(built.home, "int_search_"), bench.reading_papers),),
              (_micros(float(peer.facts["seconds"]), bench.reading_papers),), None, "at most", unit="µs",
              note=f"bm25s answers within {_p95(peer.facts['milliseconds']):.1f} ms (p95)")  # fmt: skip


def search_scale(bench: Bench) -> Iterator[Row]:
    """`marts.search` on the large warehouse."""
    yield from _search(bench, bench.scale_papers, bench.scale_observations, max_milliseconds=300)


def _search(bench: Bench, papers: int, observations: int, *, max_milliseconds: int) -> Iterator[Row]:
    built = bench.built(papers, observations, keep_pristine=papers != bench.scale_papers)
    taken = run([sys.executable, "-m", "tests.benchmarks.readers", "searches", built.home, str(QUERIES)])
    ours, scan = (_p95(taken.facts[side]) for side in ("search", "scan"))
    yield Row("search", f"search of {papers:,} papers, p95 of {QUERIES} keywords", "", (ours,), (), max_milliseconds,
              "bound", taken.peak, unit="ms")  # fmt: skip
    yield Row("search_scan", "the same", "DuckDB's scan of titles and abstracts", (ours,), (scan,), 0.33, "at most",
              unit="ms")  # fmt: skip


def related(bench: Bench) -> Iterator[Row]:
    """The ten related papers of each paper, built from scratch, against scikit-learn's TF-IDF."""
    built = bench.built(bench.reading_papers, DAILY_OBSERVATIONS)
    peer = run([bench.peers, HERE / "peers" / "text_search.py", "related", write_texts(built.home / "papers.duckdb")])
    ours = _micros(_model_seconds(built.home, "int_related_lists"), bench.reading_papers)
    theirs = _micros(float(peer.facts["seconds"]), bench.reading_papers)
    yield Row("related", "related papers, µs a paper", "scikit-learn's TF-IDF, ten nearest", (ours,), (theirs,), None,
              "at most", unit="µs", note=f"scikit-learn's peak is {peer.peak / 2**20:,.0f} MB")  # fmt: skip


def report(bench: Bench) -> Iterator[Row]:
    """The report from nothing and after one more day, in CPU-seconds, and its size; Pagefind indexes the same texts."""
    built = bench.built(bench.reading_papers, DAILY_OBSERVATIONS)
    folder = built.restore() / "report"
    command = [PAPERS, "report", "--home", built.home]
    first, again = [], []
    size = 0.0
    kept = bench.fresh("report") / "kept"
    for _ in range(bench.repeats):
        built.restore()
        shutil.rmtree(folder)
        first.append(run(command))
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept)
        built.observe()
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)  # the run wrote its own report
        again.append(run(command))
        bench.say(f"{first[-1].cpu:.1f} and {again[-1].cpu:.1f} CPU-s, {size:.1f} MB")
    what = f"report of {bench.reading_papers:,} papers"
    yield Row("report", f"{what}, CPU-seconds", "", _cpu(first), (), 6, "bound", peak(first))
    yield Row("report_again", "the same after one more day, CPU-seconds", "", _cpu(again), (), 2, "bound", peak(again))
    yield Row("report_size", f"size of the {what}", "", (size,), (), 40, "bound", unit="MB")
    pages = _pages(built.home, bench.fresh("pagefind") / "site")
    peer = run([bench.peers, "-m", "pagefind", "--site", pages])
    yield Row("page_index", "the report with its search", "Pagefind's index of the titles and abstracts, CPU-seconds",
              _cpu(first), (peer.cpu,), None, "at most", peer.peak)  # fmt: skip


def intraday(bench: Bench) -> Iterator[Row]:
    """A second run on the same day, which brings five new entries, against the day's run."""
    built = bench.built(bench.day_papers, DAILY_OBSERVATIONS)
    morning = bench.fresh("morning")
    for path in built.made.next_folder.iterdir():
        entries = json.loads(path.read_bytes())
        if path.stem == str(built.made.new_date):
            entries = entries[:-NEW_ENTRIES]
        (morning / path.name).write_text(json.dumps(entries), encoding="utf-8")

    def first_run() -> Taken:
        built.restore()
        return built.observe(morning)

    taken = in_turn(bench.repeats, first_run, built.observe, say=bench.say)
    yield Row("intraday", f"a run on the same day with {NEW_ENTRIES} new entries", "the day's run", seconds(taken[1]),
              seconds(taken[0]), 0.9, "at most", peak(taken[1]))  # fmt: skip


def cli(bench: Bench) -> Iterator[Row]:
    """The shortest commands, from start to end."""
    home = bench.built(bench.day_papers, DAILY_OBSERVATIONS).home
    asked = [PAPERS, "sql", "select 1", "--home", home]
    taken = in_turn(2 * bench.repeats, lambda: run(asked), lambda: run([PAPERS, "--help"]), say=bench.say)
    yield Row("cli_sql", '`papers sql "select 1"`', "", seconds(taken[0]), (), 0.6, "bound", peak(taken[0]))
    yield Row("cli_help", "`papers --help`", "", seconds(taken[1]), (), 0.35, "bound", peak(taken[1]))


def suite(bench: Bench) -> Iterator[Row]:
    """`make test`, in CPU-seconds. One run."""
    taken = run(["make", "test"])
    yield Row("suite", "`make test`, CPU-seconds", "", (taken.cpu,), (), 450, "bound", taken.peak,
              note=f"{taken.seconds:,.0f} s from start to end")  # fmt: skip


def _micros(total_seconds: float, papers: int) -> float:
    return 1e6 * total_seconds / papers


def _cpu(runs: list[Taken]) -> tuple[float, ...]:
    return tuple(taken.cpu for taken in runs)


def _p95(milliseconds: list[float]) -> float:
    return statistics.quantiles(milliseconds, n=20, method="inclusive")[-1]


def _model_seconds(home: Path, prefix: str) -> float:
    """Seconds that dbt reports for the models with names of this prefix, in the home's last build."""
    results = json.loads((home / "dbt" / "run_results.json").read_bytes())["results"]
    found = [r["execution_time"] for r in results if r["unique_id"].rpartition(".")[2].startswith(prefix)]
    return float(sum(found))


def _pages(home: Path, folder: Path) -> Path:
    """One plain HTML page per paper."""
    folder.mkdir(parents=True)
    with duckdb.connect(str(home / "papers.duckdb"), read_only=True) as connection:
        rows = connection.execute("select title, coalesce(abstract, '') from marts.dim_papers").fetchall()
    for number, (title, abstract) in enumerate(rows):
        text = f"<h1>{escape(title)}</h1><p>{escape(abstract)}</p>"
        (folder / f"{number}.html").write_text(f'<!doctype html><html lang="en"><body>{text}</body></html>')
    return folder


#: In the order of the table, after those of ``rows``.
ROWS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "search": search,
    "search_scale": search_scale,
    "related": related,
    "report": report,
    "intraday": intraday,
    "cli": cli,
    "suite": suite,
}
