"""Charts of the pages as SVG: bars over time, in rows.

Places across are percent of the width and texts have the size of small print, so a chart fills its page at any width
and stays readable on a phone; a drawing scaled as a whole can't do both. Colours and sizes of text are in the style
sheet. Not here: lines of a paper's upvotes (``curves.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from warehouse.display import plural
from warehouse.report.first_day import Hour
from warehouse.report.health import ListingDay
from warehouse.report.words import clean, count, day, share

#: Height in pixels of a row's label, of the space below a row, and of the labels below all rows.
_LABEL, _GAP, _FOOT = 18, 14, 22
#: Labels of days below a chart: more would touch each other on a phone.
_MAX_LABELS = 3


@dataclass(frozen=True)
class Bar:
    """A bar: its start and width as shares of the chart's width, its value, and the text that a pointer shows."""

    start: float
    width: float
    value: float
    title: str


@dataclass(frozen=True)
class Row:
    """Bars with one scale from 0 to ``highest``, and the texts above them at the left and at the right."""

    bars: Sequence[Bar]
    highest: float
    left: str = ""
    right: str = ""


def volume_chart(days: Sequence[ListingDay]) -> Markup:
    """Papers per listing date. Days without a listing have no bar."""
    if not days:
        return Markup()
    first, last = days[0].listing_date, days[-1].listing_date
    slots = (last - first).days + 1
    highest = max(one.papers for one in days)
    bars = [
        Bar(
            ((one.listing_date - first).days + 0.15) / slots,
            0.7 / slots,
            one.papers,
            f"{day(one.listing_date)}: {_papers(one.papers)}",
        )
        for one in days
    ]
    label = f"Papers of each daily listing, {len(days)} {plural(len(days), 'listing')} up to {day(last)}"
    return _draw([Row(bars, highest, _papers(highest))], _date_labels(first, slots), label, height=110)


def keyword_chart(weeks: Sequence[tuple[str, date, int]], keywords: Sequence[str]) -> Markup:
    """Papers first listed per week, one row of bars per keyword, each with its own scale."""
    first, last = min(week for _, week, _ in weeks), max(week for _, week, _ in weeks)
    slots = (last - first).days // 7 + 1
    highest = {
        wanted: max((listed for keyword, _, listed in weeks if keyword == wanted), default=0) for wanted in keywords
    }
    rows = [
        Row(
            [
                Bar(
                    ((week - first).days // 7 + 0.1) / slots,
                    0.8 / slots,
                    listed,
                    f"{clean(keyword, 80)}, week of {day(week)}: {_papers(listed)}",
                )
                for keyword, week, listed in weeks
                if keyword == wanted
            ],
            highest[wanted],
            clean(wanted, 80),
            f"{_papers(highest[wanted])} at most",
        )
        for wanted in keywords
    ]
    label = "Papers first listed per week for each growing keyword; the table has the sums"
    return _draw(rows, _date_labels(first, slots, 7), label, height=34)


def first_day_chart(hours: Sequence[Hour]) -> Markup:
    """Shares of a listing's final papers and upvotes by hour. Hours without an observation have no bar."""
    slots = 49
    shares = {
        "papers": [(one.hour, one.papers_share) for one in hours],
        "upvotes": [(one.hour, one.upvotes_share) for one in hours],
    }
    rows = [
        Row(
            [
                Bar(
                    (hour + 0.15) / slots,
                    0.7 / slots,
                    value,
                    f"{hour} {plural(hour, 'hour')}: {share(value)} of {name}",
                )
                for hour, value in values
                if value is not None and hour < slots
            ],
            max(1.0, *(value or 0 for _, value in values)),
            f"Share of the final {name}",
            "100 %",
        )
        for name, values in shares.items()
        if values
    ]
    labels = [((hour + 0.5) / slots, f"{hour} h") for hour in range(0, slots, 12)]
    return _draw(
        rows, labels, "Share of a listing's final papers and upvotes by hour; the table has the same numbers", height=80
    )


def _papers(number: int) -> str:
    return f"{count(number)} {plural(number, 'paper')}"


def _date_labels(first: date, slots: int, days: int = 1) -> list[tuple[float, str]]:
    """At most ``_MAX_LABELS`` of so many slots of some days each, evenly, the last one too: place and first day."""
    steps = min(_MAX_LABELS, slots) - 1
    chosen = [(slots - 1) * n // steps for n in range(steps + 1)] if steps else [0]
    return [((slot + 0.5) / slots, day(first + timedelta(days=days * slot))) for slot in chosen]


def _draw(rows: Sequence[Row], labels: Sequence[tuple[float, str]], label: str, *, height: int) -> Markup:
    """Rows of bars of a height in pixels, one below the other, with labels at shares of the width below them."""
    parts: list[Markup] = []
    top = 0.0
    for row in rows:
        base = top + _LABEL + height
        parts.append(Markup('<text x="0" y="{:.0f}">{}</text>').format(top + 13, row.left))
        if row.right:
            parts.append(Markup('<text x="100%" y="{:.0f}" text-anchor="end">{}</text>').format(top + 13, row.right))
        parts.append(Markup('<line class="grid" x1="0" x2="100%" y1="{0:.0f}" y2="{0:.0f}"/>').format(base))
        for bar in row.bars:
            # A value of 0 is a line: it was observed.
            tall = max(1.5, height * bar.value / row.highest) if row.highest else 1.5
            parts.append(
                Markup('<rect x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}"><title>{}</title></rect>').format(
                    100 * bar.start, base - tall, 100 * bar.width, tall, bar.title
                )
            )
        top = base + _GAP
    for place, text in labels:
        anchor = "start" if place < 0.12 else "end" if place > 0.88 else "middle"
        place = {"start": 0.0, "end": 1.0}.get(anchor, place)
        parts.append(
            Markup('<text x="{:.1f}%" y="{:.0f}" text-anchor="{}">{}</text>').format(100 * place, top + 8, anchor, text)
        )
    frame = Markup('<svg class="bars" width="100%" height="{:.0f}" role="img" aria-label="{}">{}</svg>')
    return frame.format(top + _FOOT - _GAP, label, Markup("").join(parts))
