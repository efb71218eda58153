"""Analytics queries: one file each, opened by a comment with its question, its grain and its columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Query:
    """One question in SQL. ``grain`` says what a row is, ``columns`` what the columns mean."""

    name: str
    question: str
    grain: str
    columns: str
    sql: str


def load_queries() -> dict[str, Query]:
    """Every query of this folder by name, sorted."""
    return {path.stem: _read(path) for path in sorted(Path(__file__).parent.glob("*.sql"))}


def _read(path: Path) -> Query:
    text = path.read_text(encoding="utf-8")
    header: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        word, colon, rest = line[2:].strip().partition(":")
        if colon and word in ("question", "grain", "columns"):
            key, header[word] = word, rest.strip()
        elif key:
            header[key] += " " + line[2:].strip()
    return Query(path.stem, header["question"], header["grain"], header["columns"], text)
