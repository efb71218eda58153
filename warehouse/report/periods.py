"""Weeks, months and years: their top papers, what gained most, and the organizations and keywords that moved.

Days are drawn in the browser from the shards of ``papers``; here is the calendar that leads to all of them.
"""

from __future__ import annotations

import itertools
from calendar import Calendar
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import duckdb

from warehouse.database import rows, scalar

#: Rows of the tables of a page.
MAX_TOP = 25
MAX_GAINED = 10
#: Entities with the largest rise and the largest fall.
MAX_RISES = 8
MAX_FALLS = 4
#: Share of a period's papers for which the source must have given a field, for its values to be counted.
MIN_PROVIDED_SHARE = 0.8


@dataclass(frozen=True)
class Period:
    """A week, month or year. ``kind`` is its word in ``rpt_period_papers``, ``end`` its last date."""

    kind: str
    start: date

    @property
    def end(self) -> date:
        """The last date of the period."""
        return self.after.start - timedelta(days=1)

    @property
    def before(self) -> Period:
        """The period just before."""
        return Period(self.kind, _start(self.kind, self.start - timedelta(days=1)))

    @property
    def after(self) -> Period:
        """The period just after."""
        longest = {"week": 7, "month": 31, "year": 366}[self.kind]
        return Period(self.kind, _start(self.kind, self.start + timedelta(days=longest)))

    @property
    def name(self) -> str:
        """``Week 39 of 2026``, ``September 2026``, ``2026``; ISO weeks, whose year is that of their Thursday."""
        if self.kind == "week":
            year, week, _ = self.start.isocalendar()
            return f"Week {week} of {year}"
        return f"{self.start:%B %Y}" if self.kind == "month" else f"{self.start:%Y}"

    @property
    def number(self) -> int:
        """The number of the ISO week that the period starts in."""
        return self.start.isocalendar().week

    @property
    def file(self) -> str:
        """The page's file in the report."""
        if self.kind == "week":
            year, week, _ = self.start.isocalendar()
            return f"weeks/{year}-W{week:02d}.html"
        return f"months/{self.start:%Y-%m}.html" if self.kind == "month" else f"years/{self.start:%Y}.html"


def _start(kind: str, day: date) -> date:
    """The first date of the period that a date is in."""
    if kind == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if kind == "month" else day.replace(month=1, day=1)


@dataclass(frozen=True)
class TopPaper:
    """A paper listed in a period. ``upvotes_gained`` within it is null where it is not known."""

    rank: int
    paper_id: str
    title: str
    organization_id: str | None
    organization: str | None
    first_listed_on: date
    upvotes: int | None
    upvotes_gained: int | None


@dataclass(frozen=True)
class Gained:
    """A paper, listed then or earlier, with what it gained in a period and in the one before (None: not known)."""

    paper_id: str
    title: str
    first_listed_on: date | None
    gained: int
    gained_before: int | None


@dataclass(frozen=True)
class Moved:
    """An organization or a keyword: papers listed in a period and in the one before, and their present upvotes."""

    entity_id: str
    name: str
    papers: int
    papers_before: int
    upvotes: int | None

    @property
    def change(self) -> int:
        """Papers listed more than in the period before."""
        return self.papers - self.papers_before


@dataclass
class PeriodPage:
    """The facts of one page. ``before`` and ``after`` are the nearest periods that have a page, ``above`` the longer
    ones that it is in."""

    period: Period
    papers: int
    days: int
    is_open: bool
    before: Period | None = None
    after: Period | None = None
    above: list[Period] = field(default_factory=list)
    top: list[TopPaper] = field(default_factory=list)
    gained: list[Gained] = field(default_factory=list)
    organizations: list[Moved] = field(default_factory=list)
    keywords: list[Moved] = field(default_factory=list)


_PERIODS = """
    select periods.period, periods.period_start, count(*) as papers, any_value(days.days) as days
    from rpt_period_papers as periods
    inner join (
        select kind.period, date_trunc(kind.period, listing_date)::date as period_start,
            count(distinct listing_date) as days
        from fct_listings cross join (values ('week'), ('month'), ('year')) as kind(period) group by all
    ) as days on periods.period = days.period and periods.period_start = days.period_start
    where periods.period <> 'day' and periods.period_start >= date_trunc(periods.period, $first_day::date)
    group by all order by all"""
_TOP = """
    select periods.period, periods.period_start, periods.rank, periods.paper_id,
        coalesce(papers.display_title, papers.title) as title, papers.organization_id,
        organizations.display_name as organization, periods.first_listed_on, periods.upvotes, periods.upvotes_gained
    from rpt_period_papers as periods
    inner join dim_papers as papers on periods.paper_id = papers.paper_id
    left join dim_organizations as organizations on papers.organization_id = organizations.organization_id
    where periods.period <> 'day' and periods.rank <= $rows
        and periods.period_start >= date_trunc(periods.period, $first_day::date)
    order by periods.period, periods.period_start, periods.rank"""
_GAINED = """
    with gains as (
        select kind.period, date_trunc(kind.period, day)::date as period_start, paper_id, sum(gained) as gained
        from fct_paper_upvotes_daily cross join (values ('week'), ('month'), ('year')) as kind(period)
        where is_observed and day >= $first_before group by all
    ),
    ranked as (
        select *, row_number() over (partition by period, period_start order by gained desc, paper_id) as place
        from gains
        where gained > 0 and period_start >= date_trunc(period, $first_day::date)
    )
    select ranked.period, ranked.period_start, ranked.paper_id, coalesce(papers.display_title, papers.title) as title,
        papers.first_listed_on, ranked.gained, before.gained as gained_before
    from ranked
    inner join dim_papers as papers on ranked.paper_id = papers.paper_id
    left join gains as before on ranked.paper_id = before.paper_id and ranked.period = before.period
        and before.period_start = date_trunc(ranked.period, ranked.period_start - 1)
    where ranked.place <= $rows
    order by ranked.period, ranked.period_start, ranked.place"""


_MOVED = """
    with listed as (
        select period, period_start, {key} as entity_id, count(*) as papers, sum(upvotes)::bigint as upvotes
        from rpt_period_papers as periods inner join {bridge} as bridge on periods.paper_id = bridge.paper_id
        where period <> 'day' and period_start >= $first_before group by all
    ),
    -- Periods in which the source gave the field for nearly all papers: before, it began to, or gave it to some.
    present as (
        select periods.period, periods.period_start
        from rpt_period_papers as periods inner join dim_papers as papers on periods.paper_id = papers.paper_id
        where periods.period <> 'day' and periods.period_start >= $first_before
        group by all having avg(({provided})::integer) >= {share}
    ),
    compared as (
        select period, period_start, entity_id, sum(papers)::bigint as papers,
            sum(papers_before)::bigint as papers_before, sum(upvotes)::bigint as upvotes
        from (
            select period, period_start, entity_id, papers, 0 as papers_before, upvotes from listed
            union all
            select period, date_trunc(period, period_start + longest.days)::date, entity_id, 0, papers, null
            from listed inner join (values ('week', 7), ('month', 31), ('year', 366)) as longest(kind, days)
                on listed.period = longest.kind
        )
        group by all
    ),
    moved as (
        select compared.*, papers - papers_before as change
        from compared
        -- Without papers in one of the periods the change would be the number of papers itself.
        where exists (select 1 from present where present.period = compared.period
                and present.period_start = compared.period_start)
            and exists (select 1 from present where present.period = compared.period
                and present.period_start = date_trunc(compared.period, compared.period_start - 1))
            and period_start >= date_trunc(period, $first_day::date)
    ),
    ranked as (
        select *,
            row_number() over (
                partition by period, period_start order by change desc, papers desc, upvotes desc nulls last, entity_id
            ) as rise,
            row_number() over (partition by period, period_start order by change, papers_before desc, entity_id) as fall
        from moved where change <> 0
    )
    select period, period_start, entity_id, {name} as name, papers, papers_before, ranked.upvotes
    from ranked inner join {dimension} as entity on ranked.entity_id = entity.{key}
    where (change > 0 and rise <= $rises) or (change < 0 and fall <= $falls)
    order by period, period_start, change desc, papers desc, entity_id"""
_ORGANIZATIONS = _MOVED.format(
    key="organization_id",
    bridge="bridge_paper_organizations",
    dimension="dim_organizations",
    name="entity.display_name",
    provided="papers.organization_status <> 'not_provided'",
    share=MIN_PROVIDED_SHARE,
)
_KEYWORDS = _MOVED.format(
    key="keyword",
    bridge="bridge_paper_keywords",
    dimension="dim_keywords",
    name="entity.keyword",
    provided="papers.keywords_status = 'known'",
    share=MIN_PROVIDED_SHARE,
)


def read_periods(connection: duckdb.DuckDBPyConnection, as_of: date | None) -> list[PeriodPage]:
    """The page of each week, month and year with a paper of the report, oldest first.

    ``as_of`` is the date of the last observation: a period that it is in is open. ``report_papers`` must exist.
    """
    first_day: date | None = scalar(connection, "select min(first_listed_on) from report_papers")
    if first_day is None:
        return []
    first: dict[str, Any] = {"first_day": first_day}
    # The first year is compared with the one before; what is older, however much, is not read.
    compared = {**first, "first_before": date(first_day.year - 1, 1, 1)}
    pages: dict[Period, PeriodPage] = {}
    for row in rows(connection, _PERIODS, first):
        period = Period(row["period"], row["period_start"])
        is_open = as_of is None or as_of <= period.end
        pages[period] = PeriodPage(period, row["papers"], row["days"], is_open)
    moved = {**compared, "rises": MAX_RISES, "falls": MAX_FALLS}
    for name, kind, query, values in (
        ("top", TopPaper, _TOP, {**first, "rows": MAX_TOP}),
        ("gained", Gained, _GAINED, {**compared, "rows": MAX_GAINED}),
        ("organizations", Moved, _ORGANIZATIONS, moved),
        ("keywords", Moved, _KEYWORDS, moved),
    ):
        for row in rows(connection, query, values):
            period = Period(row.pop("period"), row.pop("period_start"))
            if period in pages:
                getattr(pages[period], name).append(kind(**row))
    for period, page in pages.items():
        longer = {"week": ("month", "year"), "month": ("year",), "year": ()}[period.kind]
        above = [Period(kind, _start(kind, day)) for kind in longer for day in (period.start, period.end)]
        page.above = [one for one in dict.fromkeys(above) if one in pages]
    by_kind: dict[str, list[PeriodPage]] = defaultdict(list)
    for page in pages.values():
        by_kind[page.period.kind].append(page)
    for neighbours in by_kind.values():
        for earlier, later in itertools.pairwise(neighbours):
            earlier.after, later.before = later.period, earlier.period
    return list(pages.values())


@dataclass(frozen=True)
class CalendarDay:
    """A date of a month; ``papers`` of its listing, 0 without one."""

    day: date
    papers: int


@dataclass(frozen=True)
class CalendarMonth:
    """A month as rows of weeks. A date of another month is None; ``week`` is the page of the row's ISO week."""

    month: Period
    papers: int
    weeks: list[tuple[Period, list[CalendarDay | None]]]


@dataclass(frozen=True)
class CalendarYear:
    """A year with the months that have listings, newest first."""

    year: Period
    papers: int
    months: list[CalendarMonth]


def read_calendar(connection: duckdb.DuckDBPyConnection, pages: Sequence[PeriodPage]) -> list[CalendarYear]:
    """Years, newest first, of the listings that the report has, whose periods are ``pages``.

    ``report_papers`` must exist.
    """
    counts: dict[date, int] = dict(
        connection.execute(
            """select listing_date, count(*) from fct_listings
               where listing_date >= (select min(first_listed_on) from report_papers) group by listing_date"""
        ).fetchall()
    )
    papers = {page.period: page.papers for page in pages}
    years: dict[Period, list[CalendarMonth]] = defaultdict(list)
    for start in sorted({day.replace(day=1) for day in counts}, reverse=True):
        weeks: list[tuple[Period, list[CalendarDay | None]]] = []
        for dates in Calendar().monthdatescalendar(start.year, start.month):
            days = [CalendarDay(day, counts.get(day, 0)) if day.month == start.month else None for day in dates]
            weeks.append((Period("week", dates[0]), days))
        month, year = Period("month", start), Period("year", start.replace(month=1))
        years[year].append(CalendarMonth(month, papers[month], weeks))
    return [CalendarYear(year, papers[year], months) for year, months in years.items()]
