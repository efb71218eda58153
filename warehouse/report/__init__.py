"""The report: a static site written from the published file only, for people who don't write SQL.

Here: what each page shows and how it is written. Not here: any figure of its own. Every number is a column of a public
table or a sum, a median or a share of some, and every formula is told by the contract of the models.
"""

from __future__ import annotations

from typing import Any

from warehouse.publish import read_published
from warehouse.report.site import Report, write_report
from warehouse.settings import Settings

__all__ = ["Report", "digest_text", "risers", "write_report"]

_RISERS = """
    select paper_id, papers.title, trends.gain_24h, trends.velocity, trends.upvotes, trends.first_listed_on,
           papers.hf_url, trends.as_of
    from rpt_paper_trends as trends join dim_papers as papers using (paper_id)
    where trends.upvotes >= ?
    order by trends.gain_24h desc nulls last, trends.velocity desc nulls last, trends.upvotes desc, paper_id
    limit ?"""


def risers(settings: Settings, top: int, minimum_upvotes: int) -> list[dict[str, Any]]:
    """The ``top`` papers by upvotes gained in the last 24 hours observed; unknown gains come last."""
    with read_published(settings) as connection:
        result = connection.execute(_RISERS, [minimum_upvotes, top])
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def digest_text(papers: list[dict[str, Any]]) -> str:
    """A plain text of what rose."""
    if not papers:
        return "No paper meets the filter."
    lines = [f"What rose most on Daily Papers, as of {papers[0]['as_of']} UTC", ""]
    for number, paper in enumerate(papers, start=1):
        lines.append(f"{number}. {paper['title']}")
        lines.append(f"   {paper['upvotes']} upvotes, {_gain(paper)}; {paper['hf_url'] or 'no page known'}")
    return "\n".join(lines)


def _gain(paper: dict[str, Any]) -> str:
    return f"{paper['gain_24h']:+d} in 24 hours" if paper["gain_24h"] is not None else "gain not known yet"
