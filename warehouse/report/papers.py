"""The papers of the report: one shard of data for each day of listings, from which the browser draws days and papers.

``days/<date>`` holds the papers first listed on a date with everything that their pages show; ``ids/<start>`` says in
which day's shard a paper is. 20,000 pages of papers would take 150 MB as HTML files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from warehouse.database import scalar
from warehouse.display import CODE_LINK
from warehouse.publication.citations import bibtex, read_cited
from warehouse.publication.risers import upvotes_per_hour
from warehouse.report.shards import shard_name

#: Papers in the report: those of the newest days, in whole days. The cost of a run must not grow with the history; SQL
#: reaches older papers.
MAX_PAPERS = 20_000
#: Observations of a paper, spread evenly, the first and the last among them.
MAX_POINTS = 60
#: Author names of a paper, which can have thousands; characters of its abstract; related papers; shared terms of each.
MAX_AUTHORS = 60
MAX_ABSTRACT_CHARACTERS = 4_000
MAX_RELATED = 5
MAX_SHARED_TERMS = 3
#: A keyword with fewer papers has no page.
MIN_KEYWORD_PAPERS = 5
#: Upvotes per hour since submission are shown up to this many hours after it; the first hour counts as whole.
MAX_RATE_HOURS = 72
#: Name of the shard of papers that no daily listing has.
UNLISTED = "unlisted"
#: First characters of an id that name the shard of ``ids``: of an arXiv id, its month.
ID_START_LENGTH = 4

_CHOSEN = f"""
    create or replace temp table report_papers as
    with days as (
        select first_listed_on, sum(count(*)) over (order by first_listed_on desc) as papers
        from dim_papers where first_listed_on is not null group by first_listed_on
    ),
    chosen as (
        select * from dim_papers
        where first_listed_on >= (
            -- The newest day is whole even where it alone has more.
            select min(first_listed_on) from days
            where papers <= $max_papers or first_listed_on = (select max(first_listed_on) from days)
        )
        union all
        from (from dim_papers where first_listed_on is null order by paper_id limit $max_papers)
    )
    select
        chosen.paper_id,
        chosen.first_listed_on,
        coalesce(cast(chosen.first_listed_on as varchar), $unlisted) as shard,
        chosen.upvote_observation_count > 1 as has_gain,
        -- Of a paper observed once, soon after its submission: later the rate says little.
        case
            when chosen.upvote_observation_count = 1
                and chosen.last_observed_at - chosen.submitted_at between to_hours(0) and to_hours($max_rate_hours)
                then round({upvotes_per_hour("chosen", "chosen.last_observed_at")}, 2)
        end as per_hour
    from chosen"""

# One JSON object a paper. Moments are seconds since 1970, UTC.
_PAPERS = f"""
    with chosen as (from report_papers),
    authors as (
        select
            bridge.paper_id,
            list(
                {{
                    name: authors.display_name,
                    listed: case
                        when bridge.name_as_listed <> authors.display_name then bridge.name_as_listed
                    end,
                    -- An author of one paper has no page.
                    id: case when authors.paper_count > 1 then bridge.author_id end
                }} order by bridge.position
            ) as authors
        from bridge_paper_authors as bridge
        inner join chosen on bridge.paper_id = chosen.paper_id
        inner join dim_authors as authors on bridge.author_id = authors.author_id
        where bridge.position <= {MAX_AUTHORS}
        group by bridge.paper_id
    ),
    observed as (
        select observations.paper_id, epoch(observed_at)::bigint as moment, upvotes, github_stars as stars,
            row_number() over one_paper - 1 as place, count(*) over (partition by observations.paper_id) as points
        from fct_upvote_observations as observations
        inner join chosen on observations.paper_id = chosen.paper_id
        where upvotes is not null
        window one_paper as (partition by observations.paper_id order by observed_at)
    ),
    -- One point from each of so many parts of equal length.
    points as (
        select paper_id, list([moment, upvotes, stars] order by moment) as points
        from observed
        where points <= {MAX_POINTS} or place = 0
            or place * {MAX_POINTS - 1} // (points - 1) > (place - 1) * {MAX_POINTS - 1} // (points - 1)
        group by paper_id
    ),
    keywords as (
        select
            bridge.paper_id,
            -- A keyword of few papers has no page.
            list(
                {{name: bridge.keyword, has_page: keywords.paper_count >= {MIN_KEYWORD_PAPERS}}} order by bridge.keyword
            ) as keywords
        from bridge_paper_keywords as bridge
        inner join chosen on bridge.paper_id = chosen.paper_id
        inner join dim_keywords as keywords on bridge.keyword = keywords.keyword
        group by bridge.paper_id
    ),
    listings as (
        select listings.paper_id, list(cast(listing_date as varchar) order by listing_date) as dates
        from fct_listings as listings
        inner join chosen on listings.paper_id = chosen.paper_id
        group by listings.paper_id
    )
    select
        chosen.shard,
        papers.paper_id,
        cast(to_json({{
            id: papers.paper_id,
            title: coalesce(papers.display_title, papers.title),
            abstract: left(papers.abstract, {MAX_ABSTRACT_CHARACTERS}),
            listed: listings.dates,
            submitted: epoch(papers.submitted_at)::bigint,
            upvotes: papers.upvotes,
            per_hour: chosen.per_hour,
            comments: papers.comments,
            stars: papers.github_stars,
            code: case
                when regexp_full_match(trim(papers.code_url), $code_link, 'i')
                    then 'https://' || lower(regexp_extract(trim(papers.code_url), $code_link, 1, 'i'))
                        || regexp_extract(trim(papers.code_url), $code_link, 2, 'i')
            end,
            organization: case
                when organizations.organization_id is not null
                    then {{id: organizations.organization_id, name: organizations.display_name}}
            end,
            parent: case
                when parents.organization_id is not null
                    then {{id: parents.organization_id, name: parents.display_name}}
            end,
            authors: authors.authors,
            author_count: papers.author_count,
            keywords: keywords.keywords,
            points: points.points,
            related: related.papers,
            trend: {{
                observations: trends.observation_count, rank: trends.upvote_rank,
                gain_observed: trends.gain_observed, gain_24h: trends.gain_24h,
                gain_24h_missing_reason: trends.gain_24h_missing_reason, gain_7d: trends.gain_7d,
                gain_7d_missing_reason: trends.gain_7d_missing_reason, velocity: round(trends.velocity, 3),
                velocity_missing_reason: trends.velocity_missing_reason, velocity_rank: trends.velocity_rank,
                expected_upvotes: round(trends.expected_upvotes, 2), attention_rate: round(trends.attention_rate, 3),
                attention_rate_missing_reason: trends.attention_rate_missing_reason,
                cohort_percentile: round(trends.cohort_percentile, 6), cohort_size: trends.cohort_size,
                half_life_hours: round(trends.half_life_hours, 2),
                half_life_resolution_hours: round(trends.half_life_resolution_hours, 2),
                half_life_missing_reason: trends.half_life_missing_reason, peak_day: trends.peak_day,
                peak_day_gain: trends.peak_day_gain, peak_day_missing_reason: trends.peak_day_missing_reason,
                is_breakout: trends.is_breakout, is_breakout_missing_reason: trends.is_breakout_missing_reason,
                breakout_started: epoch(trends.breakout_started_at)::bigint
            }}
        }}) as varchar) as data
    from chosen
    inner join dim_papers as papers on chosen.paper_id = papers.paper_id
    left join rpt_paper_trends as trends on chosen.paper_id = trends.paper_id
    left join dim_organizations as organizations on papers.organization_id = organizations.organization_id
    left join dim_organizations as parents on organizations.parent_organization_id = parents.organization_id
    left join authors on chosen.paper_id = authors.paper_id
    left join points on chosen.paper_id = points.paper_id
    left join listings on chosen.paper_id = listings.paper_id
    left join report_related as related on chosen.paper_id = related.paper_id
    left join keywords on chosen.paper_id = keywords.paper_id
    order by chosen.shard, papers.upvotes desc nulls last, papers.paper_id"""
_RELATED = f"""
    create or replace temp table report_related as
    select related.paper_id,
        list(
            {{
                id: related.related_paper_id,
                -- Its title is in that shard; in this one it would cost 4 MB for 20,000 papers.
                shard: others.shard,
                terms: string_split(related.shared_terms, ', ')[:{MAX_SHARED_TERMS}]
            }} order by related.rank
        ) as papers
    from related_papers as related
    inner join report_papers as others on related.related_paper_id = others.paper_id
    where related.rank <= {MAX_RELATED} and related.paper_id in (select paper_id from report_papers)
    group by related.paper_id"""

#: In a file that another engine than DuckDB built, which has no related papers.
_NO_RELATED = "create or replace temp table report_related as select '' as paper_id, [''] as papers where false"

# A listing without any gain is ranked by upvotes per hour, where that is known of some paper.
_DAYS = """
    with listed as (
        select
            listings.listing_date,
            listings.paper_id,
            chosen.shard,
            chosen.per_hour,
            periods.rank,
            not bool_or(chosen.has_gain) over one_day and count(chosen.per_hour) over one_day > 0 as is_by_rate
        from fct_listings as listings
        inner join report_papers as chosen on listings.paper_id = chosen.paper_id
        inner join rpt_period_papers as periods
            on listings.listing_date = periods.period_start
                and listings.paper_id = periods.paper_id and periods.period = 'day'
        where listings.listing_date >= (select min(first_listed_on) from report_papers)
        window one_day as (partition by listings.listing_date)
    )
    select
        cast(listing_date as varchar) as day,
        any_value(is_by_rate) as is_by_rate,
        list(
            {id: paper_id, shard: shard}
            order by case when is_by_rate then per_hour end desc nulls last, rank
        ) as papers
    from listed
    group by listing_date
    order by listing_date"""


def choose_papers(connection: duckdb.DuckDBPyConnection) -> int:
    """Choose the papers of the report, into the temporary table ``report_papers``; returns how many are left out."""
    connection.execute(_CHOSEN, {"max_papers": MAX_PAPERS, "unlisted": UNLISTED, "max_rate_hours": MAX_RATE_HOURS})
    return int(scalar(connection, "select (select count(*) from dim_papers) - (select count(*) from report_papers)"))


def day_shards(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """Date or ``unlisted`` → JSON: the ``papers`` first listed on it, and the ``listing`` of the date, or null.

    Of a listing ``order`` has the ids of all papers, first the highest rank, ``is_by_rate`` is whether they are ranked
    by upvotes per hour instead of upvotes, ``elsewhere`` has the shards of those that were first listed earlier, and
    ``before`` and ``after`` are the dates of the listings around it.
    """
    try:
        connection.execute(_RELATED)
    except duckdb.CatalogException:
        connection.execute(_NO_RELATED)
    papers: dict[str, list[str]] = {}
    citations = _citations(connection)
    for shard, paper_id, data in connection.execute(_PAPERS, {"code_link": CODE_LINK.pattern}).fetchall():
        # One JSON object, to which the citation is added as text: reading all of them back would take seconds.
        papers.setdefault(shard, []).append(f'{data[:-1]},"bibtex":{json.dumps(citations[paper_id])}}}')
    days = connection.execute(_DAYS).fetchall()
    dates = [day for day, *_ in days]
    for place, (day, is_by_rate, listed) in enumerate(days):
        facts = {
            "before": dates[place - 1] if place else None,
            "after": dates[place + 1] if place + 1 < len(dates) else None,
            "is_by_rate": is_by_rate,
            "order": [paper["id"] for paper in listed],
            "elsewhere": {paper["id"]: paper["shard"] for paper in listed if paper["shard"] != day},
        }
        yield day, _day(facts, papers.pop(day, []))
    for shard, texts in papers.items():
        yield shard, _day({}, texts)


def _day(listing: dict[str, Any], papers: list[str]) -> str:
    return f'{{"papers":[{",".join(papers)}],"listing":{json.dumps(listing or None)}}}'


def id_shards(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """Start of a paper's id → JSON: each id that starts so and the name of the day's shard that has the paper."""
    starts: dict[str, dict[str, str]] = {}
    for paper_id, shard in connection.execute("select paper_id, shard from report_papers order by all").fetchall():
        starts.setdefault(shard_name(paper_id[:ID_START_LENGTH]), {})[paper_id] = shard
    for name, ids in starts.items():
        yield name, json.dumps(ids)


def _citations(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    ids = [paper_id for (paper_id,) in connection.execute("select paper_id from report_papers").fetchall()]
    return {paper.paper_id: bibtex([paper]) for paper in read_cited(connection, ids)}
