"""Small pictures of the published file for the orchestrator's pages, as PNG: what rose, usual volume, the gates."""

from __future__ import annotations

from typing import Any

import duckdb

from warehouse.publish import read_published
from warehouse.report.words import clean
from warehouse.settings import Settings

_WIDTH, _HEIGHT = 380, 160

_RISERS = """
    select papers.title, trends.gain_24h
    from rpt_paper_trends as trends join dim_papers as papers using (paper_id)
    where trends.gain_24h > 0
    order by trends.gain_24h desc, paper_id
    limit 10"""
_WEEKDAYS = """
    select isodow(listing_date) as weekday, median(papers) as papers
    from (select listing_date, count(*) as papers from fct_listings group by listing_date)
    group by weekday order by weekday"""
_GATES = """
    select cast(landed_at as date) as day, verdict, count(*) as loads
    from ops_loads where landed_at >= (select max(landed_at) from ops_loads) - interval 60 days
    group by day, verdict order by day, verdict"""


def draw_plots(settings: Settings) -> dict[str, bytes]:
    """Picture by its title. A picture without data is left out. Raises InputError when nothing is published."""
    with read_published(settings) as connection:
        risers, weekdays, gates = (_rows(connection, query) for query in (_RISERS, _WEEKDAYS, _GATES))
    plots = {}
    if risers:
        values = [{"paper": f"{n}. {clean(row['title'], 42)}", "gain": row["gain_24h"]} for n, row in _numbered(risers)]
        plots["risers, upvotes gained in 24 hours"] = _png(_bars(values, "gain:Q", "paper:N", horizontal=True))
    if weekdays:
        names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        values = [{"weekday": names[row["weekday"] - 1], "papers": row["papers"]} for row in weekdays]
        plots["papers on a list by weekday, median"] = _png(_bars(values, "papers:Q", "weekday:O", order=names))
    if gates:
        values = [{**row, "day": str(row["day"])} for row in gates]
        plots["verdicts of gate 1 by day, last 60 days"] = _png(_bars(values, "loads:Q", "day:O", colour="verdict:N"))
    return plots


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _numbered(rows: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(rows, start=1))


def _bars(
    values: list[dict[str, Any]],
    amount: str,
    label: str,
    *,
    horizontal: bool = False,
    order: tuple[str, ...] | None = None,
    colour: str | None = None,
) -> Any:
    import altair

    alt: Any = altair  # its classes are made at run time
    title = amount.partition(":")[0]
    long = alt.Axis(labelLimit=260, title=None, labelAngle=0 if horizontal or order else -45)
    chart = alt.Chart(alt.Data(values=values)).mark_bar()
    lengths: dict[str, Any] = {"x" if horizontal else "y": (alt.X if horizontal else alt.Y)(amount, title=title)}
    names = (alt.Y if horizontal else alt.X)(label, axis=long, sort=list(order) if order else None)
    lengths["y" if horizontal else "x"] = names
    if colour:
        lengths["color"] = alt.Color(colour, title=None)
    size = {"width": _WIDTH, "height": alt.Step(18)} if horizontal else {"width": _WIDTH, "height": _HEIGHT}
    return chart.encode(**lengths).properties(**size)


def _png(chart: Any) -> bytes:
    import vl_convert

    drawn: bytes = vl_convert.vegalite_to_png(chart.to_dict())
    return drawn
