"""The table of faults: what the site does, what a run makes of it, what a reader sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What becomes of the listing date that the fault strikes.
Became = Literal["accepted", "accepted from the page", "not fetched", "refused by the loader", "rejected by the gate"]

SEES: dict[str, str] = {
    "accepted": "the new publication; exit 0",
    "accepted from the page": "the new publication; the run remarks why the page was read; exit 0",
    "not fetched": "the publication without this date's new look; the run names the date; exit 3 if no date came",
    "refused by the loader": "the old publication, the payload in `ops_quarantine`; exit 1 if no date came through",
    "rejected by the gate": "the old publication, the load `rejected` in `ops_loads`; exit 1 if most were",
}


@dataclass(frozen=True)
class Row:
    """One line: faults as the replay server's `--fault` takes them, and what comes of a run over one date."""

    faults: tuple[str, ...]
    site: str
    run: str
    became: Became
    #: Whether the run remarks something about a date that is accepted, or was rejected.
    is_remarked: bool = False


TABLE = (
    Row(("rate_limit=1:1",), "429 once, with a wait", "waits as asked, asks again", "accepted"),
    Row(("rate_limit=1@api",), "the API only answers 429", "reads the daily page", "accepted from the page", True),
    Row(("error=503:1",), "503 once", "asks again", "accepted"),
    Row(("error=500@api",), "the API answers 500 without end", "reads the daily page", "accepted from the page", True),
    Row(("error=500",), "everything answers 500", "gives up after bounded attempts", "not fetched"),
    Row(("error=400",), "400: a bad date", "does not ask again", "not fetched"),
    Row(("slow=0.3",), "a slow answer", "waits for it", "accepted"),
    Row(("slow=30",), "no answer in time", "gives up after bounded attempts", "not fetched"),
    Row(("drip=0.2",), "an answer byte by byte", "gives up at its deadline", "not fetched"),
    Row(("cut:1",), "a broken connection once", "asks again", "accepted"),
    Row(("cut",), "every connection breaks", "gives up, lands nothing half", "not fetched"),
    Row(("wrong_shape=bare_one",), "a bare `1`", "lands it, refuses it whole", "refused by the loader"),
    Row(("wrong_shape=status",), "a status wrapper", "lands it, refuses it whole", "refused by the loader"),
    Row(("wrong_shape=strings",), "printed texts for objects", "lands it, refuses it whole", "refused by the loader"),
    Row(("wrong_shape=pubmed",), "PubMed rows, same shape", "lands it, refuses it whole", "refused by the loader"),
    Row(("wrong_shape=html_error",), "an error page, 200", "lands it, refuses it whole", "refused by the loader"),
    Row(("oversized",), "an endless body", "stops at 64 MB", "not fetched"),
    Row(("gzip_bomb",), "a small body that unpacks to 65 MB", "stops at 64 MB", "not fetched"),
    Row(("foreign_redirect",), "a redirect to another host", "does not follow, sends it no token", "not fetched"),
    Row(("other_date",), "another date's list", "lands it, judges it by its submissions", "rejected by the gate"),
    Row(("error=500@api", "other_date@page"), "no API, another page", "judges its date", "rejected by the gate", True),
    Row(("short_page=3",), "pages with fewer papers than asked", "follows the header `Link` to the last", "accepted"),
    Row(("page_cap=5",), "pages capped, without `Link`", "reads on until nothing new comes", "accepted"),
    Row(("page_cap=5", "shift:1"), "papers move between pages", "reads the pages again", "accepted"),
    Row(("bad_limit=50",), "400 for `limit=100`", "asks for the page size that it names", "accepted", True),
    Row(("bad_limit=0",), "400 for any `limit`", "asks without one", "accepted", True),
    Row(("trending@api",), "the list of all time", "lands it, judges it by its submissions", "rejected by the gate"),
    Row(("error=500@api", "trending@page"), "the trending page", "refuses it whole", "refused by the loader", True),
    Row(("unreachable",), "nobody answers", "gives up after bounded attempts", "not fetched"),
)  # fmt: skip


def markdown() -> str:
    """The table as the README shows it."""
    lines = ["| fault | the site | the run | the date | a reader sees |", "|---|---|---|---|---|"]
    lines += [
        f"| `{' '.join(row.faults)}` | {row.site} | {row.run} | {row.became} | {SEES[row.became]} |" for row in TABLE
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
