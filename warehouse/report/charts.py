"""Charts of the boards, rendered by Altair to SVG while the report is written, so that no page needs a script.

Importing Altair and starting its renderer takes about 2 s, each chart some hundredths: for a few charts per report, not
for one per paper. Colours are variables of the style sheet, so they follow light and dark.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from markupsafe import Markup

from warehouse.display import plural
from warehouse.report.boards import AllTimeRow
from warehouse.report.first_day import Hour
from warehouse.report.health import ListingDay
from warehouse.report.words import clean

_WIDTH = 420
#: Vega labels every bar and axis for screen readers; one label for the whole chart replaces them.
_ROLES = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_FRAME = re.compile(r'<svg ([^>]*?) width="[^"]*" height="[^"]*"')


def volume_chart(days: Sequence[ListingDay]) -> Markup:
    """Papers per listing date. Days without a list have no bar."""
    alt = _altair()

    values = [{"day": day.listing_date.isoformat(), "papers": day.papers} for day in days]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(size=max(1.5, min(8.0, 0.7 * _WIDTH / _span(days))))
        .encode(
            x=alt.X("day:T", title=None, scale=_utc(alt), axis=alt.Axis(format="%-d %b", tickCount=6)),
            y=alt.Y("papers:Q", title="papers listed", axis=alt.Axis(tickCount=4)),
        )
        .properties(width=_WIDTH, height=150)
    )
    return _render(
        chart,
        f"Papers on each daily list, {len(days)} {plural(len(days), 'list')} up to {days[-1].listing_date}."
        if days
        else "",
    )


def all_time_chart(rows: Sequence[AllTimeRow], what: str) -> Markup:
    """The present upvotes of the first of a board."""
    alt = _altair()

    # Equal names would share a bar, so the label ends with the row number, which the axis does not show.
    values = [
        {"name": f"{clean(row.name, 28)}\t{n:02}", "upvotes": row.upvotes or 0} for n, row in enumerate(rows[:12])
    ]
    labels = alt.Axis(
        minExtent=200,
        labelLimit=0,
        labelExpr="split(datum.label, '\\t')[0]",
        ticks=False,
        domain=False,
        grid=False,
        labelPadding=8,
    )
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(height=13)
        .encode(
            y=alt.Y("name:N", title=None, sort=None, axis=labels),
            x=alt.X("upvotes:Q", title="present upvotes of all papers", axis=alt.Axis(tickCount=4, format="~s")),
        )
        .properties(width=_WIDTH - 200, height=alt.Step(22))
    )
    return _render(chart, f"{what} by the present upvotes of all their papers; the table has the same numbers.")


def keyword_chart(weeks: Sequence[tuple[str, date, int]], keywords: Sequence[str]) -> Markup:
    """Papers first listed per week, one row of bars per keyword."""
    alt = _altair()

    values = [{"keyword": clean(k, 40), "week": week.isoformat(), "papers": listed} for k, week, listed in weeks]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(size=10)
        .encode(
            x=alt.X(
                "week:T",
                title=None,
                scale=_utc(alt),
                axis=alt.Axis(format="%-d %b", values=_mondays([week for _, week, _ in weeks]), grid=False),
            ),
            y=alt.Y("papers:Q", title=None, axis=alt.Axis(tickCount=2, domain=False)),
            row=alt.Row(
                "keyword:N",
                title=None,
                sort=[clean(keyword, 40) for keyword in keywords],
                header=alt.Header(labelOrient="top", labelAnchor="start", labelPadding=2),
            ),
        )
        .properties(width=_WIDTH, height=34)
        .configure_facet(spacing=10)
    )
    return _render(chart, "Papers first listed per week for each growing keyword; the table has the sums.")


def first_day_chart(hours: Sequence[Hour]) -> Markup:
    """Shares of a listing's final papers and upvotes by hour. Hours without an observation have no bar."""
    alt = _altair()

    values = [
        {"hour": hour.hour, "of": name, "share": value}
        for hour in hours
        for name, value in (("papers", hour.papers_share), ("upvotes", hour.upvotes_share))
        if value is not None
    ]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(size=6)
        .encode(
            x=alt.X(
                "hour:Q",
                title="hours since 00:00 UTC of the listing date",
                scale=alt.Scale(domain=[0, 48]),
                axis=alt.Axis(values=list(range(0, 49, 6)), grid=False),
            ),
            y=alt.Y("share:Q", title=None, axis=alt.Axis(format="%", tickCount=4, domain=False)),
            row=alt.Row("of:N", title=None, header=alt.Header(labelOrient="top", labelAnchor="start", labelPadding=2)),
        )
        .properties(width=_WIDTH, height=80)
        .configure_facet(spacing=10)
    )
    return _render(chart, "Share of a listing's final papers and upvotes by hour; the table has the same numbers.")


def warm_up() -> None:
    """Import Altair and start its renderer, which takes 2 s, while dbt builds the models in its own process."""
    with suppress(Exception):  # write_report meets the same error and reports it
        _render(_altair().Chart(_altair().Data(values=[])).mark_bar(), "")


def _altair() -> Any:
    """Altair, imported when the first chart is drawn."""
    import altair

    return altair


def _span(days: Sequence[ListingDay]) -> int:
    return max(((days[-1].listing_date - days[0].listing_date) // timedelta(days=1)) + 1, 1) if days else 1


def _utc(alt: Any) -> Any:
    """Days are UTC days, wherever the report is written."""
    return alt.Scale(type="utc")


def _mondays(weeks: Sequence[date]) -> list[int]:
    """At most six of the weeks, evenly from the last one back, in milliseconds since 1970."""
    first, last = min(weeks), max(weeks)
    step = timedelta(days=7 * (1 + (last - first).days // 7 // 6))
    return [timegm((last - n * step).timetuple()) * 1000 for n in range((last - first) // step + 1)]


def _render(chart: Any, label: str) -> Markup:
    """The chart as an SVG element that scales with the page; ``label`` is its text for screen readers."""
    import vl_convert

    ink, line = "var(--muted)", "var(--line)"
    style = {
        "background": None,
        "font": "system-ui, sans-serif",
        "view": {"stroke": None},
        "bar": {"color": "var(--accent)"},
        "axis": {
            "labelColor": ink,
            "titleColor": ink,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "gridColor": line,
            "domainColor": line,
            "tickColor": line,
        },
        "header": {"labelColor": "var(--ink)", "labelFontSize": 12},
    }
    described = chart.to_dict()
    described["config"] = {**described.get("config", {}), **style}
    svg = _ROLES.sub("", vl_convert.vegalite_to_svg(described))
    frame = Markup('<svg role="img" aria-label="{}"').format(label)
    return Markup(_FRAME.sub(lambda found: f"{frame} {found[1]}", svg, count=1))
