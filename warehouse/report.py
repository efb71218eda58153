"""What rose, for people: a static page and a text, written from the published file only."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from warehouse.digest.selection import Filters, select_risers
from warehouse.publish import read_published
from warehouse.settings import Settings

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;width:100%}th,td{padding:.4rem .6rem;border-bottom:1px solid #d0d7de;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums}a{color:#0a58ca}
@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#30363d}a{color:#6ea8fe}}
"""


def write_report(settings: Settings) -> Path:
    """Write ``report/index.html`` and return its path."""
    with read_published(settings) as connection:
        selection = select_risers(settings, connection, Filters(top=50))
    papers = [vars(riser) for riser in selection.risers]
    as_of = selection.as_of or "never"
    rows = "".join(
        f"<tr><td class=n>{number}</td><td>{_link(paper)}</td><td class=n>{_number(paper['gain_24h'])}</td>"
        f"<td class=n>{_number(paper['velocity'])}</td><td class=n>{_number(paper['upvotes'])}</td>"
        f"<td>{escape(str(paper['first_listed_on'] or ''))}</td></tr>"
        for number, paper in enumerate(papers, start=1)
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Rising now</title><style>{_STYLE}</style></head><body><h1>Rising now</h1>"
        f"<p>Upvotes gained in the 24 hours up to {escape(str(as_of))} UTC, from observed counts only; an empty cell "
        "means that the paper has not been observed for long enough.</p>"
        "<table><thead><tr><th>#</th><th>Paper</th><th>Gain 24 h</th><th>Per hour</th><th>Upvotes</th>"
        f"<th>Listed</th></tr></thead><tbody>{rows}</tbody></table></body></html>"
    )
    folder = settings.home / "report"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(page, encoding="utf-8")
    return folder / "index.html"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


def _link(paper: dict[str, Any]) -> str:
    title = escape(paper["title"])
    return f'<a href="{escape(paper["hf_url"])}">{title}</a>' if paper["hf_url"] else title
