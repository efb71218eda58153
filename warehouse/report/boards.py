"""Leaderboards of organizations, authors and keywords: the last week, week by week, and all time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from warehouse.report.rows import fetch

MAX_WEEK_ROWS = 25
MAX_TRACKS = 15
MAX_ALL_TIME_ROWS = 25
WEEKS = 8


@dataclass(frozen=True)
class Kind:
    """What a board ranks. ``page`` is the kind of page that each has (``entities.py``), ``key`` a column of the table,
    the others are SQL over it and ``entity``."""

    page: str
    table: str
    key: str
    name: str
    detail: str
    entity: str
    prefix: str = ""
    condition: str = ""
    #: Which papers are the base of shares, where not every paper can have such an entity.
    base: str | None = None


ORGANIZATIONS = Kind(
    "organization",
    "rpt_organization_trends",
    "organization_id",
    "entity.display_name",
    "entity.kind",
    "inner join dim_organizations as entity on trends.organization_id = entity.organization_id",
    base="for which the source provided organizations",
)
#: Organizations that are part of none, with everything that is part of them.
FAMILIES = Kind(
    ORGANIZATIONS.page,
    ORGANIZATIONS.table,
    ORGANIZATIONS.key,
    ORGANIZATIONS.name,
    ORGANIZATIONS.detail,
    ORGANIZATIONS.entity + " and entity.parent_organization_id is null",
    "family_",
    base=ORGANIZATIONS.base,
)
AUTHORS = Kind(
    "author",
    "rpt_author_trends",
    "author_id",
    "entity.display_name",
    "entity.account_handle",
    "inner join dim_authors as entity on trends.author_id = entity.author_id",
)
#: A keyword of one paper is left out: it adds nothing to the paper itself.
KEYWORDS = Kind(
    "keyword",
    "rpt_keyword_trends",
    "keyword",
    "trends.keyword",
    "null",
    "",
    condition="and papers_observed + papers_listed > 1",
    base="with keywords",
)


@dataclass(frozen=True)
class WeekRow:
    """A week of an entity. ``gained`` is in upvotes, null if none of its papers was observed."""

    id: str
    name: str
    detail: str | None
    gained: int | None
    gain_change: int | None
    share: float | None
    rank: int | None
    rank_change: int | None
    listed: int
    observed: int


@dataclass(frozen=True)
class Cell:
    """Upvotes gained in a week (None: no observations) and papers first listed in it."""

    gained: int | None
    listed: int


@dataclass(frozen=True)
class Track:
    """The last weeks of an entity, newest first; a cell is None where it had no listed and no observed paper."""

    id: str
    name: str
    cells: list[Cell | None]


@dataclass(frozen=True)
class AllTimeRow:
    """All papers of an entity: their count, present upvotes, and median percentile in their cohorts."""

    id: str
    name: str
    detail: str | None
    papers: int
    upvotes: int | None
    percentile: float | None


@dataclass(frozen=True)
class Base:
    """The base of a week's shares: papers with daily upvotes, and the upvotes that they gained."""

    which: str
    papers: int
    gained: int | None


@dataclass(frozen=True)
class Board:
    """The leaderboards of one kind. ``week`` is the last Monday, None in an empty warehouse; open until it is over.

    ``base`` is None where shares are of all papers.
    """

    page: str
    week: date | None
    is_open: bool
    rows: list[WeekRow]
    weeks: list[date]
    tracks: list[Track]
    max_gained: int
    all_time: list[AllTimeRow]
    base: Base | None = None


_WEEK_ROWS = """
    select trends.{key} as id, {name} as name, {detail} as detail,
        {prefix}upvotes_gained as gained, {prefix}gain_change as gain_change,
        {prefix}share_of_gain as share, {prefix}rank_in_week as rank, {prefix}rank_change as rank_change,
        {prefix}papers_listed as listed, {prefix}papers_observed as observed
    from {table} as trends {entity}
    where trends.week = ? and ({prefix}upvotes_gained <> 0 or {prefix}papers_listed > 0) {condition}
    order by {prefix}upvotes_gained desc nulls last, {prefix}papers_listed desc, trends.{key}
    limit ?"""
_TRACKS = """
    with tracked as (
        select trends.{key}, {name} as name, sum({prefix}upvotes_gained) as gained, sum({prefix}papers_listed) as listed
        from {table} as trends {entity}
        where trends.week in (select unnest(?::date[])) {condition}
        group by all
        order by gained desc nulls last, listed desc, trends.{key} limit ?
    )
    select tracked.{key}, tracked.name, trends.week, trends.{prefix}upvotes_gained, trends.{prefix}papers_listed
    from tracked inner join {table} as trends on tracked.{key} = trends.{key}
    where trends.week in (select unnest(?::date[]))
    order by tracked.gained desc nulls last, tracked.listed desc, tracked.{key}, trends.week"""

_RECORD = """
    select members.entity_id as id, {name} as name, {detail} as detail, count(*) as papers,
        sum(papers.upvotes)::bigint as upvotes, median(paper_trends.cohort_percentile) as percentile
    from ({bridge}) as members
    inner join {dimension} as entity on members.entity_id = entity.{key}
    inner join dim_papers as papers on members.paper_id = papers.paper_id
    left join rpt_paper_trends as paper_trends on members.paper_id = paper_trends.paper_id
    {condition}
    group by 1, 2, 3
    order by upvotes desc nulls last, papers desc, members.entity_id
    limit ?"""
_OWN_PAPERS = "select organization_id as entity_id, paper_id from bridge_paper_organizations"
#: By the relations of today; the weeks use those of their own time.
_FAMILY_PAPERS = """
    with above as (
        select own.organization_id, unnest(list_distinct([own.organization_id, parent.organization_id,
            grandparent.organization_id])) as entity_id
        from dim_organizations as own
        left join dim_organizations as parent on own.parent_organization_id = parent.organization_id
        left join dim_organizations as grandparent on parent.parent_organization_id = grandparent.organization_id
    )
    select distinct above.entity_id, bridge.paper_id
    from bridge_paper_organizations as bridge inner join above on bridge.organization_id = above.organization_id"""
_AUTHOR_PAPERS = """
    select distinct author_id as entity_id, paper_id from bridge_paper_authors
    where author_id in (select author_id from dim_authors order by upvotes desc nulls last, author_id limit 200)"""
_KEYWORD_RECORD = """
    select keyword as id, keyword as name, null as detail, sum(papers_listed)::bigint as papers,
        sum(upvotes_gained)::bigint as upvotes, null as percentile
    from rpt_keyword_trends group by keyword order by papers desc, keyword limit ?"""


def read_board(connection: duckdb.DuckDBPyConnection, kind: Kind) -> Board:
    """The leaderboards of one kind of entity."""
    words = {name: getattr(kind, name) for name in ("table", "key", "name", "detail", "entity", "prefix", "condition")}
    weeks = [
        week
        for (week,) in connection.execute(
            f"select distinct week from {kind.table} order by week desc limit ?", [WEEKS]
        ).fetchall()
    ]
    if not weeks:
        return Board(kind.page, None, False, [], [], [], 0, [])
    rows = fetch(connection, WeekRow, _WEEK_ROWS.format(**words), [weeks[0], MAX_WEEK_ROWS])
    tracks = _tracks(connection.execute(_TRACKS.format(**words), [weeks, MAX_TRACKS, weeks]).fetchall(), weeks)
    max_gained = max((cell.gained or 0 for track in tracks for cell in track.cells if cell), default=0)
    return Board(
        page=kind.page,
        week=weeks[0],
        is_open=_is_open(connection, weeks[0]),
        rows=rows,
        weeks=weeks,
        tracks=tracks,
        max_gained=max_gained,
        all_time=_all_time(connection, kind),
        base=_base(connection, kind, weeks[0]),
    )


def _base(connection: duckdb.DuckDBPyConnection, kind: Kind, week: date) -> Base | None:
    """The base of a week's shares, which is the same in all rows of the week."""
    if kind.base is None:
        return None
    found = connection.execute(
        f"select max(base_papers_observed), max(base_upvotes_gained) from {kind.table} where week = ?", [week]
    ).fetchall()
    papers, gained = found[0]
    return Base(kind.base, papers or 0, gained)


def _is_open(connection: duckdb.DuckDBPyConnection, week: date) -> bool:
    """Whether a week was not over yet at the last observation."""
    found = connection.execute("select max(as_of) < ?::date + 7 from rpt_paper_trends", [week]).fetchall()
    return bool(found[0][0])


def _tracks(found: list[tuple[str, str, date, int | None, int]], weeks: list[date]) -> list[Track]:
    names: dict[str, str] = {}
    cells: dict[str, dict[date, Cell]] = {}
    for key, name, week, gained, listed in found:
        names[key] = name
        cells.setdefault(key, {})[week] = Cell(gained, listed)
    return [Track(key, name, [cells[key].get(week) for week in weeks]) for key, name in names.items()]


def _all_time(connection: duckdb.DuckDBPyConnection, kind: Kind) -> list[AllTimeRow]:
    if kind is KEYWORDS:
        return fetch(connection, AllTimeRow, _KEYWORD_RECORD, [MAX_ALL_TIME_ROWS])
    bridge = _AUTHOR_PAPERS if kind is AUTHORS else _FAMILY_PAPERS if kind is FAMILIES else _OWN_PAPERS
    query = _RECORD.format(
        name=kind.name,
        detail=kind.detail,
        bridge=bridge,
        dimension="dim_authors" if kind is AUTHORS else "dim_organizations",
        key=kind.key,
        condition="where entity.parent_organization_id is null" if kind is FAMILIES else "",
    )
    return fetch(connection, AllTimeRow, query, [MAX_ALL_TIME_ROWS])


@dataclass(frozen=True)
class KeywordGrowth:
    """Papers first listed with a keyword in the last four weeks that had papers with keywords, and in the four before.

    Shares are of all papers with keywords of those weeks, ``recent_papers`` and ``earlier_papers``.
    """

    keyword: str
    recent: int
    earlier: int
    recent_share: float
    earlier_share: float
    recent_papers: int
    earlier_papers: int
    first_week: date


def read_growing_keywords(connection: duckdb.DuckDBPyConnection, max_rows: int = 12) -> list[KeywordGrowth]:
    """Keywords whose share of the listed papers with keywords grew most.

    The source writes keywords late or not at all, so papers and weeks without any are left out, not counted as empty.
    """
    return fetch(
        connection,
        KeywordGrowth,
        """with weeks as (
               select date_trunc('week', first_listed_on)::date as week, count(*) as papers,
                      row_number() over (order by week desc) as age
               from dim_papers where first_listed_on is not null and keywords_status = 'known' group by week
           ),
           sizes as (
               select sum(papers) filter (age <= 4)::bigint as recent,
                      sum(papers) filter (age between 5 and 8)::bigint as earlier
               from weeks
           ),
           courses as (
               select keyword, coalesce(sum(papers_listed) filter (age <= 4), 0)::bigint as recent,
                      coalesce(sum(papers_listed) filter (age between 5 and 8), 0)::bigint as earlier,
                      min(trends.week) as first_week
               from rpt_keyword_trends as trends inner join weeks on trends.week = weeks.week
               where papers_listed > 0
               group by keyword
           )
           select keyword, courses.recent, courses.earlier, courses.recent / sizes.recent as recent_share,
                  courses.earlier / sizes.earlier as earlier_share, sizes.recent as recent_papers,
                  sizes.earlier as earlier_papers, first_week
           from courses cross join sizes
           where courses.recent > 1 and sizes.earlier > 0 and recent_share > earlier_share
           order by recent_share - earlier_share desc, courses.recent desc, keyword
           limit ?""",
        [max_rows],
    )


@dataclass(frozen=True)
class KeywordWeek:
    """Papers first listed in a week (``week`` is its Monday), and those of them that have keywords now."""

    week: date
    listed: int
    with_keywords: int


def read_keyword_coverage(connection: duckdb.DuckDBPyConnection, weeks: int = WEEKS) -> list[KeywordWeek]:
    """The last weeks in which papers were listed, newest first: also those in which no paper has keywords."""
    return fetch(
        connection,
        KeywordWeek,
        """select date_trunc('week', first_listed_on)::date as week, count(*) as listed,
                  count(*) filter (keywords_status = 'known') as with_keywords
           from dim_papers where first_listed_on is not null
           group by week order by week desc limit ?""",
        [weeks],
    )


def read_keyword_weeks(
    connection: duckdb.DuckDBPyConnection, keywords: list[str], weeks: int = 16
) -> list[tuple[str, date, int]]:
    """Papers first listed by keyword and week, over the last calendar weeks."""
    found = connection.execute(
        """select keyword, week, papers_listed from rpt_keyword_trends
           where keyword in (select unnest(?::varchar[]))
             and week > (select max(week) from rpt_keyword_trends where papers_listed > 0) - ?::integer
           order by keyword, week""",
        [keywords, 7 * weeks],
    ).fetchall()
    return [(keyword, week, listed) for keyword, week, listed in found]
