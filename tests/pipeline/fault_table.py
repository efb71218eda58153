"""The table of faults: what the site does, what the run does, the result for the date, what a reader sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: The result for the listing date, the trending list or the paper that the fault affects.
Became = Literal["accepted", "accepted from the page", "not fetched", "rejected by the loader", "rejected by the gate"]

#: What was asked for: a listing, the trending list, the details of a paper.
Kind = Literal["daily", "trending", "paper"]

SEES: dict[str, str] = {
    "accepted": "the new publication; exit 0",
    "accepted from the page": "the new publication; a warning gives the reason; exit 0",
    "not fetched": "the publication without a new observation; a warning names the date; exit 3 if none came",
    "rejected by the loader": "the old publication, the payload in `ops_quarantine`; exit 1 if no date was accepted",
    "rejected by the gate": "the old publication, the load `rejected` in `ops_loads`; exit 1 if most were",
}

#: The same for the other kinds: they never keep a listing from being published.
SEES_BESIDE: dict[str, str] = {
    "accepted": "the new publication; exit 0",
    "not fetched": "the new publication; a remark gives the reason; exit 0",
    "rejected by the loader": "the new publication, the payload in `ops_quarantine`; exit 0",
    "rejected by the gate": "the new publication, the load `rejected` in `ops_loads`; exit 0",
}


@dataclass(frozen=True)
class Row:
    """One line: faults as options of the replay server's `--fault`, and the result of a run over one date."""

    faults: tuple[str, ...]
    site: str
    run: str
    became: Became
    #: Whether the run also warns about a date that was accepted or rejected.
    is_remarked: bool = False
    kind: Kind = "daily"


TABLE = (
    Row(("rate_limit=1:1",), "429 once, with a wait", "waits for the requested time, retries", "accepted"),
    Row(("rate_limit=1@api",), "the API always answers 429", "reads the daily page", "accepted from the page", True),
    Row(("error=503:1",), "503 once", "retries", "accepted"),
    Row(("error=500@api",), "the API always answers 500", "reads the daily page", "accepted from the page", True),
    Row(("error=500",), "every route answers 500", "gives up after bounded attempts", "not fetched"),
    Row(("error=400",), "400: a bad date", "does not retry", "not fetched"),
    Row(("slow=0.3",), "a slow answer", "waits for it", "accepted"),
    Row(("slow=30",), "no answer in time", "gives up after bounded attempts", "not fetched"),
    Row(("drip=0.2",), "an answer byte by byte", "gives up at its deadline", "not fetched"),
    Row(("cut:1",), "a broken connection once", "retries", "accepted"),
    Row(("cut",), "every connection breaks", "gives up, lands no partial payload", "not fetched"),
    Row(("wrong_shape=bare_one",), "a bare `1`", "quarantines the payload", "rejected by the loader"),
    Row(("wrong_shape=status",), "a status wrapper", "quarantines the payload", "rejected by the loader"),
    Row(("wrong_shape=strings",), "printed texts for objects", "quarantines the payload", "rejected by the loader"),
    Row(("wrong_shape=pubmed",), "PubMed rows, same shape", "quarantines the payload", "rejected by the loader"),
    Row(("wrong_shape=html_error",), "an error page, 200", "quarantines the payload", "rejected by the loader"),
    Row(("oversized",), "an endless body", "stops reading at 64 MB", "not fetched"),
    Row(("gzip_bomb",), "a small body that unpacks to 65 MB", "stops reading at 64 MB", "not fetched"),
    Row(("foreign_redirect",), "a redirect to another host", "does not follow it, sends no token", "not fetched"),
    Row(("other_date",), "another date's listing", "compares date and submissions", "rejected by the gate"),
    Row(("error=500@api", "other_date@page"), "no API, another page", "compares dates", "rejected by the gate", True),
    Row(("short_page=3",), "pages with too few papers", "follows the header `Link` to the last", "accepted"),
    Row(("page_cap=5",), "pages capped, without `Link`", "reads pages until one brings nothing new", "accepted"),
    Row(("page_cap=5", "shift:1"), "papers move between pages", "reads the pages again", "accepted"),
    Row(("bad_limit=50",), "400 for `limit=100`", "requests the page size in the answer", "accepted", True),
    Row(("bad_limit=0",), "400 for any `limit`", "requests without a limit", "accepted", True),
    Row(("trending@api",), "the trending list", "compares date and submissions", "rejected by the gate"),
    Row(("error=500@api", "trending@page"), "trending as the page", "quarantines it", "rejected by the loader", True),
    Row(("error=500@api", "no_props@page"), "a page without data", "quarantines it", "rejected by the loader", True),
    Row(("unreachable",), "no answer", "gives up after bounded attempts", "not fetched"),
    Row(("error=500@trending",), "no trending list", "goes on without it", "not fetched", kind="trending"),
    Row(("wrong_shape=status@trending",), "trending of another shape", "quarantines it", "rejected by the loader",
        kind="trending"),
    Row(("bad_limit=50@trending", "no_props@trending"), "400, and a page without its data", "quarantines it",
        "rejected by the loader", kind="trending"),
    Row(("ignores_sort@trending",), "a day's list as the trending list", "compares submissions", "rejected by the gate",
        kind="trending"),
    Row(("error=404@paper",), "404 for a paper", "records that the site has no such paper", "accepted", kind="paper"),
    Row(("no_totals@paper",), "a paper without totals", "quarantines the totals, uses the rest", "accepted",
        kind="paper"),
    Row(("wrong_shape=bare_one@paper",), "another shape of a paper", "quarantines it", "rejected by the loader",
        kind="paper"),
    Row(("error=500@paper",), "no answer about a paper", "goes on without it", "not fetched", kind="paper"),
)  # fmt: skip


def markdown() -> str:
    """The table as the README shows it."""
    lines = ["| fault | the site | the run | the load | a reader sees |", "|---|---|---|---|---|"]
    lines += [
        f"| `{' '.join(row.faults)}` | {row.site} | {row.run} | {row.became} "
        f"| {(SEES if row.kind == 'daily' else SEES_BESIDE)[row.became]} |"
        for row in TABLE
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
