"""How public scrapers read a daily page: BeautifulSoup with lxml, then json, then dictionaries of the fields wanted.

Run in the peers' environment: ``python public_scraper.py FOLDER``.
"""

import json
import sys
import time
from pathlib import Path

from bs4 import BeautifulSoup

#: As often as the product's side reads the files through (tests/benchmarks/works.py).
PASSES = 5


def papers_of(page):
    """The papers of one page."""
    soup = BeautifulSoup(page, "lxml")
    props = json.loads(soup.find("div", attrs={"data-target": "DailyPapers"})["data-props"])
    found = []
    for entry in props["dailyPapers"]:
        paper = entry["paper"]
        found.append(
            {
                "id": paper["id"],
                "title": paper["title"],
                "abstract": paper.get("summary", ""),
                "authors": [author["name"] for author in paper["authors"]],
                "published_at": paper["publishedAt"],
                "upvotes": paper["upvotes"],
                "comments": entry.get("numComments", 0),
                "thumbnail": entry.get("thumbnail"),
                "github": paper.get("githubRepo"),
                "keywords": paper.get("ai_keywords", []),
                "organization": (paper.get("organization") or {}).get("fullname"),
            }
        )
    return found


def main(folder):
    """Read every page and print the seconds of that alone."""
    bodies = [path.read_bytes() for path in sorted(Path(folder).iterdir())]
    started = time.perf_counter()
    entries = sum(len(papers_of(body)) for _ in range(PASSES) for body in bodies)
    print(json.dumps({"seconds": (time.perf_counter() - started) / PASSES, "entries": entries}))


if __name__ == "__main__":
    main(sys.argv[1])
