"""The compact data: papers in one script file, for the search and for papers without a page of their own.

A page opened from the file system may not fetch JSON, so the data is a script that assigns one constant.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

import duckdb

from warehouse.display import code_link
from warehouse.report.words import clean, whole_percent
from warehouse.report.words import title as as_line

#: Points of a paper's curve.
MAX_POINTS = 24
#: Papers in the file, latest listings first. A browser reads all of it at once (9 MB), and the cost of writing it must
#: not grow with the history; SQL reaches older papers.
MAX_PAPERS = 20_000
_EPOCH = datetime(2020, 1, 1)


def write_compact(connection: duckdb.DuckDBPyConnection, with_page: Collection[str]) -> str:
    """The script: ``PAPERS`` with names once each, and one short array per paper, newest lists first.

    A paper's array is its id, title, listing date in days since 2020 (or null), upvotes, authors and organization
    (indexes into the lists of names), 1 if it has a page of its own, its observed gain, its percentile (0 to 100)
    and cohort size, its code address (without its host if that is github.com), and its curve as hours since 2020 and
    upvotes, each as the difference from the one before.
    """
    connection.execute(
        """create or replace temp table compact_papers as
           select paper_id from dim_papers
           order by first_listed_on desc nulls last, upvotes desc nulls last, paper_id limit ?""",
        [MAX_PAPERS],
    )
    names, place = _numbered(
        connection,
        """select author_id, display_name from dim_authors where author_id in (
               select author_id from bridge_paper_authors where paper_id in (select paper_id from compact_papers))
           order by paper_count desc, author_id""",
    )
    organizations, organization_place = _numbered(
        connection,
        """select organization_id, display_name from dim_organizations where organization_id in (
               select organization_id from dim_papers where paper_id in (select paper_id from compact_papers))
           order by organization_id""",
    )
    authors_of: dict[str, list[int]] = {
        paper_id: [place[author_id] for author_id in author_ids]
        for paper_id, author_ids in connection.execute(
            """select paper_id, list(author_id order by position) from bridge_paper_authors
               where paper_id in (select paper_id from compact_papers) group by paper_id"""
        ).fetchall()
    }
    curves = _curves(connection, with_page)
    rows = connection.execute(
        """select papers.paper_id, papers.title, papers.first_listed_on, papers.upvotes, papers.organization_id,
                  trends.gain_observed, trends.cohort_percentile, trends.cohort_size,
                  coalesce(papers.code_url, 'https://' || papers.repository_id) as code_url
           from dim_papers as papers left join rpt_paper_trends as trends on papers.paper_id = trends.paper_id
           where papers.paper_id in (select paper_id from compact_papers)
           order by papers.first_listed_on desc nulls last, papers.upvotes desc nulls last, papers.paper_id"""
    ).fetchall()
    papers = [
        [
            paper_id,
            as_line(title),
            (listed_on - _EPOCH.date()).days if listed_on else None,
            upvotes,
            authors_of.get(paper_id, []),
            organization_place.get(organization_id, -1),
            int(paper_id in with_page),
            gain,
            None if percentile is None else whole_percent(percentile),
            cohort_size,
            (code_link(code_url) or "").removeprefix("https://github.com") or 0,
            curves.get(paper_id, 0),
        ]
        for paper_id, title, listed_on, upvotes, organization_id, gain, percentile, cohort_size, code_url in rows
    ]
    return as_script("PAPERS", {"authors": names, "organizations": organizations, "papers": papers})


def _numbered(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[list[str], dict[str, int]]:
    """From rows of id and name: the names, and the index of each id in them."""
    rows = connection.execute(query).fetchall()
    return [clean(name, 120) for _, name in rows], {row[0]: n for n, row in enumerate(rows)}


def as_script(name: str, value: Any) -> str:
    """A script that assigns one frozen constant. Nothing in it can end a script element or start a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for letter in "<\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return f"window.{name}={text};\n"


def _curves(connection: duckdb.DuckDBPyConnection, with_page: Collection[str]) -> dict[str, list[int]]:
    """Per paper without a page its curve: at most ``MAX_POINTS`` of its observations, spread evenly, the first and the
    last among them."""
    rows = connection.execute(
        """with points as (
               select paper_id, upvotes, (epoch_us(observed_at) - epoch_us($epoch)) // 3600000000 as hour,
                      row_number() over (partition by paper_id order by observed_at) - 1 as place,
                      count(*) over (partition by paper_id) as points
               from fct_upvote_observations
               where upvotes is not null
                 and paper_id in (select paper_id from compact_papers)
                 and paper_id not in (select unnest($with_page))
                 and paper_id in (select paper_id from rpt_paper_trends where observation_count > 1)
           ),
           -- One point from each of $max_points parts of equal length.
           thinned as (
               select *, lag(hour, 1, 0) over one_paper as hour_before,
                      lag(upvotes, 1, 0) over one_paper as upvotes_before
               from points
               where points <= $max_points or place = 0
                  or place * ($max_points - 1) // (points - 1) > (place - 1) * ($max_points - 1) // (points - 1)
               window one_paper as (partition by paper_id order by place)
           )
           select paper_id, flatten(list([hour - hour_before, upvotes - upvotes_before] order by place))
           from thinned group by paper_id""",
        {"epoch": _EPOCH, "with_page": list(with_page), "max_points": MAX_POINTS},
    ).fetchall()
    return dict(rows)
